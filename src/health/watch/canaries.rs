// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Whether anything outside can be seen at all: Flotta's own resolver, and its way out to addresses that always answer.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};

use super::{
    Came,
    beside::{AGAIN, PLATFORM_EVERY, Shared},
};
use crate::{
    drivers::outside::Unasked,
    fleet::{
        health::Failure,
        incident::{Cause, CauseKind},
        outside::Subject,
    },
    instances::Tools,
};

/// A canary answers in this time.
const ANSWER: Duration = Duration::from_secs(4);

/// What one canary says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    /// There is a way: something answered, though not what was hoped for.
    Reached,
    /// Its name was not found.
    Nameless,
    /// Nothing came back.
    Nothing,
}

/// The two things that can be ill, as causes.
pub(super) fn causes() -> [Cause; 2] {
    [CauseKind::Resolver, CauseKind::Egress].map(|kind| Cause { kind, of: kind.to_string() })
}

/// Which of the two are ill. `resolves` is whether the resolver answers at all.
fn judge(resolves: bool, canaries: &[Says]) -> [bool; 2] {
    let none = !canaries.is_empty() && !canaries.contains(&Says::Reached);
    let nameless = none && canaries.iter().all(|says| *says == Says::Nameless);
    let resolver = !resolves || nameless;
    // By a resolver that is gone nothing can be reached either way.
    [resolver, none && !resolver]
}

/// Tells how both are: every ten seconds where there are canaries, otherwise while there is doubt.
pub(super) async fn watch(tools: Tools, shared: Arc<Shared>, sender: mpsc::UnboundedSender<Came>) {
    let mut next = 0;
    let canaries = tools.settings.outside.canaries.clone();
    loop {
        if canaries.is_empty() && !shared.is_in_doubt() {
            shared.doubted.notified().await;
        }
        // Doubts that come meanwhile are another look's.
        shared.settle_doubt();
        let mut ill = look(&tools, &canaries, next).await;
        if ill.contains(&true) {
            sleep(AGAIN).await;
            let again = look(&tools, &canaries, next).await;
            ill = [ill[0] && again[0], ill[1] && again[1]];
        }
        next = next.wrapping_add(1);
        if ill.contains(&true) {
            shared.doubt();
        }
        let seen = causes().into_iter().zip(ill).map(|(cause, ill)| (cause.kind, cause.of, ill)).collect();
        if sender.send(Came::Platform(seen)).is_err() {
            return;
        }
        tokio::select! {
            () = sleep(PLATFORM_EVERY) => {}
            () = shared.doubted.notified() => sleep(AGAIN).await,
        }
    }
}

/// One canary is asked, by turns; all of them only where it does not answer.
async fn look(tools: &Tools, canaries: &[Subject], turn: usize) -> [bool; 2] {
    let one = |canary: Subject| async move {
        match timeout(ANSWER, tools.outside.ask(&canary, tools.clock.now())).await {
            Ok(Ok(_)) => Says::Reached,
            Ok(Err(Unasked::Blind | Unasked::Failed(Failure::Name))) => Says::Nameless,
            // Somebody shook hands, though perhaps not the right one.
            Ok(Err(Unasked::Failed(Failure::CertificateExpired | Failure::CertificateWrong | Failure::Broken))) => Says::Reached,
            Ok(Err(Unasked::Failed(_))) | Err(_) => Says::Nothing,
        }
    };
    if let Some(first) = canaries.get(turn.checked_rem(canaries.len()).unwrap_or_default())
        && one(first.clone()).await == Says::Reached
    {
        return [false, false];
    }
    let resolves = async { timeout(ANSWER, tools.outside.resolves()).await.unwrap_or(false) };
    let (resolves, all) = tokio::join!(resolves, join_all(canaries.iter().cloned().map(one)));
    judge(resolves, &all)
}

#[cfg(test)]
mod tests {
    use super::{Says::*, *};

    #[test]
    fn a_resolver_that_is_gone_is_told_from_a_way_that_is() {
        assert_eq!(judge(true, &[]), [false, false]);
        assert_eq!(judge(false, &[]), [true, false]);
        assert_eq!(judge(true, &[Nothing, Reached]), [false, false]);
        assert_eq!(judge(true, &[Nothing, Nothing]), [false, true]);
        assert_eq!(judge(true, &[Nothing, Nameless]), [false, true]);
        assert_eq!(judge(true, &[Nameless, Nameless]), [true, false]);
        assert_eq!(judge(false, &[Nothing, Nothing]), [true, false]);
    }
}
