// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The process killed at a chosen line of a rollout's history.

use std::time::{Duration, Instant};

use flotta::{
    fleet::{
        Instance, Operation, OperationKind, Rollout, RolloutId, Scope,
        rollout::{RolloutEvent, RolloutMember},
    },
    store,
};
use serde_json::Value;
use tokio::task::JoinHandle;

use super::{PATIENCE, Process};

impl Process {
    /// Registers an image of the engine's.
    pub async fn register_as(&self, image: &str, name: &str) {
        self.post("releases", &serde_json::json!({"image": image, "name": name})).await;
    }

    /// Asks its API for something that it may be killed over; none where nobody answers.
    pub fn ask(&self, path: &str, body: &Value) -> JoinHandle<Option<Value>> {
        let request = self.http.post(format!("{}/api/v1/{path}", self.url)).bearer_auth(&self.token).json(body);
        tokio::spawn(async move {
            let answer = request.send().await.ok()?;
            let (status, text) = (answer.status(), answer.text().await.ok()?);
            assert!(status.is_success(), "{status} {text}");
            serde_json::from_str(&text).ok()
        })
    }

    /// Asks for a rollout.
    pub async fn roll_out(&self, wish: &Value) -> RolloutId {
        self.post("rollouts", wish).await["id"].as_str().expect("an id").parse().unwrap()
    }

    /// A rollout and its members.
    pub async fn rollout(&self, id: RolloutId) -> (Rollout, Vec<RolloutMember>) {
        store::rollouts::whole(&self.store, id).await.unwrap()
    }

    /// Its history.
    pub async fn lines(&self, id: RolloutId) -> Vec<RolloutEvent> {
        store::rollouts::events_after(&self.store, &Scope::Fleet, id, 0).await.unwrap()
    }

    /// Its history as text, with the end of the process's log.
    pub async fn history(&self, id: RolloutId) -> String {
        let lines = self.lines(id).await;
        let lines: String =
            lines.iter().map(|e| format!("  {} {} {} {} {} {} {}\n", e.seq, e.at, e.kind, e.word, e.slug, e.message, e.evidence)).collect();
        format!("{lines}{}", self.log())
    }

    /// The rollouts of the fleet.
    pub async fn rollouts(&self) -> Vec<Rollout> {
        let all = store::PageRequest { page: 1, per_page: 500 };
        store::rollouts::list(&self.store, &Scope::Fleet, None, all).await.unwrap().items
    }

    /// The operation of that kind on this municipality that has not ended, once there is one.
    pub async fn live(&self, slug: &str, kind: OperationKind) -> Operation {
        let over = Instant::now() + PATIENCE;
        loop {
            let mut all = self.operations().await.into_iter();
            if let Some(found) = all.find(|o| o.slug.as_str() == slug && o.kind == kind && !o.state.is_final()) {
                return found;
            }
            assert!(Instant::now() < over, "nobody begins {kind} of {slug}\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// The instance of that municipality.
    pub async fn instance_of(&self, slug: &str) -> Instance {
        let all = store::instances::all(&self.store, &Scope::Fleet).await.unwrap();
        all.into_iter().find(|i| i.slug.as_str() == slug).expect("it was onboarded")
    }

    /// Waits until a rollout stands there.
    pub async fn stands(&self, id: RolloutId, what: &str, is: impl Fn(&Rollout, &[RolloutMember]) -> bool) {
        let over = Instant::now() + PATIENCE;
        loop {
            let (rollout, members) = self.rollout(id).await;
            if is(&rollout, &members) {
                return;
            }
            assert!(Instant::now() < over, "not {what}: {}\n{}", rollout.state, self.history(id).await);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// From now on, whoever is about to write such a line of any rollout's history hangs.
    pub async fn hold_line(&mut self, such: &str) {
        self.hold_on("rollout_event", such).await;
    }

    /// Kills the process once it hangs over a line that is held.
    pub async fn kill_hanging(&mut self) {
        let over = Instant::now() + PATIENCE;
        while !self.hangs().await {
            assert!(Instant::now() < over, "it never came to the line\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        self.kill();
    }

    /// Whether it hangs now.
    pub async fn is_hanging(&mut self) -> bool {
        self.hangs().await
    }
}
