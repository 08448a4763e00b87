// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Writes what follows from the watcher's turns, in their order, however long the store takes. What is lost with the process is
//! decided again by the next one.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::json;
use tokio::{
    sync::{broadcast, mpsc},
    task::JoinHandle,
};
use tracing::warn;

use super::Target;
use crate::{
    clock::Clock,
    error::Result,
    fleet::{
        finding::{About, Found},
        outside::{Look, Remark},
    },
    health::outside::judge::remarks,
    store::{
        self, Store,
        checks::Remembered,
        incidents::{self, Change},
    },
};

/// So long is waited after the store failed.
const AGAIN: Duration = Duration::from_secs(2);
/// So long may the last writes take.
const LAST: Duration = Duration::from_secs(5);

/// What is to be written together.
#[derive(Default)]
struct Batch {
    remember: Vec<Remembered>,
    changes: Vec<Change>,
    /// A check that was looked at from outside, what was seen, and when.
    look: Option<(Arc<Target>, Option<Look>, Timestamp)>,
}

pub(super) struct Writer {
    sender: mpsc::UnboundedSender<Batch>,
    task: JoinHandle<()>,
}

impl Writer {
    pub(super) fn start(store: Store, clock: Arc<dyn Clock>, changed: broadcast::Sender<()>) -> Self {
        let (sender, mut receiver) = mpsc::unbounded_channel::<Batch>();
        let task = tokio::spawn(async move {
            while let Some(batch) = receiver.recv().await {
                while let Err(error) = write(&store, &*clock, &batch).await {
                    warn!(%error, "what the watcher found could not be written, trying again");
                    tokio::time::sleep(AGAIN).await;
                }
                // Nobody may listen.
                drop(changed.send(()));
            }
        });
        Self { sender, task }
    }

    pub(super) fn write(&self, remember: Vec<Remembered>, changes: Vec<Change>) {
        // The task ends only when this sender does.
        drop(self.sender.send(Batch { remember, changes, look: None }));
    }

    /// Notes what was seen of a check from outside; nothing where nothing could be.
    pub(super) fn look(&self, check: Arc<Target>, look: Option<Look>, at: Timestamp) {
        drop(self.sender.send(Batch { look: Some((check, look, at)), ..Batch::default() }));
    }

    /// Waits until everything is written, for a while.
    pub(super) async fn stop(self) {
        drop(self.sender);
        if tokio::time::timeout(LAST, self.task).await.is_err() {
            warn!("what the watcher found last could not be written in time");
        }
    }
}

async fn write(store: &Store, clock: &dyn Clock, batch: &Batch) -> Result<()> {
    let Batch { remember, changes, look } = batch;
    if let Some((check, look, at)) = look {
        store::outside::put(store, check.number, look.as_ref(), *at).await?;
        if let Some(look) = look {
            let mut remarks = remarks(look, check.expects.is_none(), *at);
            if let (Some(instance), Some(blog), true) = (check.instance, check.blog, remarks.contains(&Remark::NoIndex))
                && store::facts::hides(store, instance, blog).await?
            {
                // The site says so itself, which is a finding already.
                remarks.retain(|remark| *remark != Remark::NoIndex);
            }
            let found: Vec<Found> = remarks.iter().map(|remark| found(check, look, remark)).collect();
            let about = About::Check(check.number);
            store::findings::sync(store, check.municipality, &about, &Remark::KINDS, &found, clock.now()).await?;
        }
        return Ok(());
    }
    // First what follows from it: a state whose incident is not written is found ill again, an incident whose state is not has one.
    incidents::write(store, changes, clock.now()).await?;
    store::checks::remember(store, remember).await
}

fn found(check: &Target, look: &Look, remark: &Remark) -> Found {
    let mut evidence = json!({"address": check.subject().url()});
    match remark {
        Remark::CertificateEnds { within_days } => evidence["days_left"] = json!(within_days),
        Remark::CertificateBad { trust } => evidence["error"] = json!(trust),
        Remark::IssuerChanged { from, to } => evidence["message"] = json!(format!("{from} → {to}")),
        Remark::NameGone { state } => evidence["error"] = json!(state),
        Remark::NameElsewhere => {
            evidence["message"] = json!(look.names.addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        }
        Remark::NoIndex => evidence["source"] = json!(look.noindex.join(", ")),
        Remark::WayWrong { end } => evidence["error"] = json!(end),
        Remark::PlainServed => {}
    }
    if let (Remark::CertificateEnds { .. } | Remark::CertificateBad { .. }, Some(certificate)) = (remark, &look.certificate) {
        evidence["not_after"] = json!(certificate.ends);
    }
    Found { kind: remark.kind(), blog: check.blog, subject: check.address().to_string(), evidence }
}
