// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Rollouts over municipalities of which one has an overlay.

use std::{sync::Arc, time::Duration};

use flotta::{
    error::Error,
    fleet::{
        Instance, Municipality, Operation, OperationState, Overlay, Scope,
        rollout::{Blame, MemberState, RolloutState},
    },
    releases::{
        self,
        overlay::{change, derived},
        upload::Upload,
    },
    rollouts::{
        overlay,
        request::{self, Request},
    },
    store::{self, derived as with},
    workflow::interrupt::{Interrupt, Never, Point},
};

use super::{Rig, request as everybody, slug};
use crate::support::{simulated::Kills, store::Kind};

/// A tar with these files.
pub fn tar(files: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(text.len() as u64);
        builder.append_data(&mut header, path, text.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap()
}

fn plugin(version: &str, more: &str) -> String {
    format!("<?php\n/* Plugin Name: Events\nVersion: {version}\n{more} */")
}

impl Rig {
    async fn municipality(&self, at: usize) -> Municipality {
        store::municipalities::by_slug(&self.fleet.app.tools.store, &Scope::Fleet, &slug(at).parse().unwrap()).await.unwrap()
    }

    async fn only(&self, at: usize) -> Instance {
        let of = self.municipality(at).await.id;
        store::instances::of(&self.fleet.app.tools.store, &Scope::Fleet, of).await.unwrap().remove(0)
    }

    /// Adds to the overlay of a municipality.
    async fn add(&self, at: usize, files: &[(&str, &str)], replace: bool) -> Result<Overlay, Error> {
        let tools = &self.fleet.app.tools;
        let mut upload = Upload::begin(tools).await?;
        upload.add(&tar(files)).await?;
        upload.end().await?;
        change::add(tools, &Scope::Fleet, &self.municipality(at).await, upload, replace, "maja").await
    }

    /// What an instance runs: the release without an overlay, and the overlay's number.
    async fn runs(&self, at: usize) -> (String, Option<u32>) {
        let store = &self.fleet.app.tools.store;
        let (instance, overlaid) = (self.only(at).await, with::overlaid(store).await.unwrap());
        let plain = store::releases::get(store, overlaid.plain(instance.release)).await.unwrap();
        (plain.name, overlaid.version(instance.release))
    }

    /// Rehearses the present overlay of a municipality, to the end.
    async fn rehearsed(&self, at: usize) -> Operation {
        let begun = overlay::rehearse(&self.fleet.app.tools, &[self.only(at).await], "maja").await.unwrap().remove(0);
        self.fleet.drive_with(begun.id, Arc::new(Never)).await
    }

    async fn apply(&self, at: usize, despite: bool) -> Result<OperationState, Error> {
        let started = overlay::apply(&self.fleet.app.tools, &self.only(at).await, despite, "maja", None).await?;
        Ok(self.fleet.drive_with(started.operation.id, Arc::new(Never)).await.state)
    }

    fn images(&self, what: &str) -> u64 {
        self.fleet.world.effects().iter().filter(|(effect, _)| effect.starts_with(what)).map(|(_, n)| n).sum()
    }
}

/// A request for everybody, rehearsed.
fn rehearsed(release: &str) -> Request {
    let mut asked = everybody(release, "none");
    (asked.knobs.rehearse, asked.knobs.migration) = (None, None);
    asked
}

fn code(error: Error) -> String {
    match error {
        Error::Conflict(e) => e.code,
        Error::Invalid(all) => all.into_iter().next().map(|e| e.code).unwrap_or_default(),
        other => other.to_string(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overlay_is_rehearsed_applied_and_goes_along_with_every_release() {
    let rig = Rig::start(Kind::Sqlite, 3).await.unwrap();
    let tools = &rig.fleet.app.tools;
    let files = [("plugins/events/events.php", plugin("1.0", "")), ("mu-plugins/head.php", "<?php".to_owned())];
    let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (*p, t.as_str())).collect();
    let first = rig.add(1, &files, false).await.unwrap();
    assert_eq!(rig.add(1, &files, false).await.unwrap(), first, "the same once more changes nothing");
    assert_eq!(code(rig.apply(1, false).await.unwrap_err()), "not-rehearsed");
    let ended = rig.rehearsed(1).await;
    assert_eq!(ended.state, OperationState::Done, "{}", ended.error);
    assert_eq!(rig.images("image built"), 1);
    assert!(overlay::standing(tools, &rig.only(1).await).await.unwrap().found.is_some());
    assert_eq!(rig.apply(1, false).await.unwrap(), OperationState::Done);
    assert_eq!(rig.runs(1).await, ("6.8-1".to_owned(), Some(1)));
    assert_eq!(code(rig.apply(1, false).await.unwrap_err()), "overlay-applied");
    assert_eq!(rig.images("image built"), 1, "once for the pair");

    // A plan tells who has it already by both: the release and the overlay on top.
    let plan = request::prepare(tools, &everybody("6.8-1", "none")).await.unwrap().plan;
    assert_eq!((plan.members.len(), plan.left_out.len()), (0, 3));

    // The next release: each gets what it is for them, rehearsed like any other.
    rig.release("6.9", &[]).await;
    let rollout = rig.begin(&rehearsed("6.9")).await;
    assert_eq!(rig.run(rollout.id).await, RolloutState::Completed, "{}", rig.told(rollout.id).await);
    for at in 0..3 {
        assert_eq!(rig.runs(at).await, ("6.9".to_owned(), (at == 1).then_some(1)), "{}", rig.told(rollout.id).await);
    }
    assert_eq!(rig.images("image built"), 2);
    rig.all_well().await;

    // Without a rehearsal the update itself builds; and an overlay that is taken away is gone with the next update.
    rig.release("7.0", &[]).await;
    let rollout = rig.begin(&everybody("7.0", "none")).await;
    assert_eq!(rig.run(rollout.id).await, RolloutState::Completed, "{}", rig.told(rollout.id).await);
    assert_eq!(rig.runs(1).await, ("7.0".to_owned(), Some(1)));
    let all = change::Remove { all: true, ..change::Remove::default() };
    let empty = change::remove(tools, &Scope::Fleet, &rig.municipality(1).await, &all, "maja").await.unwrap();
    assert!(empty.is_empty() && empty.version == 2);
    let plan = request::prepare(tools, &everybody("7.0", "none")).await.unwrap().plan;
    assert_eq!(plan.members.len(), 1, "who runs an overlay that is no more does not have the plain release");
    assert_eq!(rig.apply(1, true).await.unwrap(), OperationState::Done);
    assert_eq!(rig.runs(1).await, ("7.0".to_owned(), None));

    // Back to the first version, which is there still.
    let again = change::restore(tools, &Scope::Fleet, &rig.municipality(1).await, 1, "maja").await.unwrap();
    assert_eq!((again.version, &again.digest, &again.holds), (3, &first.digest, &first.holds));
    let twice = change::restore(tools, &Scope::Fleet, &rig.municipality(1).await, 1, "maja").await.unwrap_err();
    assert_eq!(code(twice), "same-version");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overlay_that_does_not_go_with_a_release_is_its_municipalitys_own_fault() {
    let rig = Rig::start(Kind::Sqlite, 3).await.unwrap();
    let text = plugin("1.0", "Requires PHP: 99");
    let refused = rig.add(1, &[("plugins/events/events.php", &text)], false).await.unwrap_err();
    assert_eq!(code(refused), "needs-newer-php");
    let text = plugin("1.0", "");
    rig.add(1, &[("plugins/events/events.php", &text)], false).await.unwrap();

    // The next release brings that plugin itself.
    let next = rig.release("6.9", &[]).await;
    let there = [("var/www/html/wp-content/plugins/events/events.php".to_owned(), plugin("0.9", "").into_bytes())];
    rig.fleet.world.put_image_files("flotta/wordpress:6.9", there.into());
    let tools = &rig.fleet.app.tools;
    let seen = releases::inventory::read(tools, &next.image_id).await.unwrap();
    store::releases::set_inventory(&tools.store, next.id, &seen).await.unwrap();
    let rollout = rig.begin(&rehearsed("6.9")).await;
    assert_eq!(rig.run(rollout.id).await, RolloutState::Completed, "{}", rig.told(rollout.id).await);
    let (_, members) = rig.whole(rollout.id).await;
    let own = members.iter().find(|m| m.slug.as_str() == slug(1)).unwrap();
    assert_eq!((own.state, own.blame), (MemberState::Unchanged, Some(Blame::Instance)), "{}", rig.told(rollout.id).await);
    assert!(own.reason.contains("brings `events`"), "{}", own.reason);
    for at in [0, 2] {
        assert_eq!(rig.runs(at).await, ("6.9".to_owned(), None));
    }
    assert_eq!(rig.images("image built"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_killed_while_building_leaves_nothing_that_counts() {
    let rig = Rig::start(Kind::Sqlite, 1).await.unwrap();
    let tools = &rig.fleet.app.tools;
    let text = plugin("1.0", "");
    rig.add(0, &[("plugins/events/events.php", &text)], false).await.unwrap();
    let begun = overlay::rehearse(tools, &[rig.only(0).await], "maja").await.unwrap().remove(0);
    let kills = Kills::at([Point::AfterIntent, Point::AfterEffect].map(|point| ("image".to_owned(), point)));
    let ended = rig.fleet.drive_with(begun.id, Arc::clone(&kills) as Arc<dyn Interrupt>).await;
    assert!(ended.state == OperationState::Done && kills.spent(), "{}", ended.error);
    assert_eq!(rig.images("image built"), 1, "{:?}", rig.fleet.world.effects());

    // Two who need it at once make one.
    let text = plugin("1.1", "");
    rig.add(0, &[("plugins/events/events.php", &text)], false).await.unwrap();
    let instance = rig.only(0).await;
    let wanted = derived::effective(tools, &instance, instance.release).await.unwrap();
    assert!(!derived::is_made(tools, &wanted).await.unwrap());
    let (one, two) = tokio::join!(derived::made(tools, wanted.id), derived::made(tools, wanted.id));
    assert_eq!(one.unwrap().image_id, two.unwrap().image_id);
    assert_eq!(rig.images("image built"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nothing_needs_is_removed_and_the_last_three_of_each_stay() {
    let rig = Rig::start(Kind::Sqlite, 1).await.unwrap();
    let tools = &rig.fleet.app.tools;
    for version in ["1", "2", "3", "4", "5"] {
        let text = plugin(version, "");
        rig.add(0, &[("plugins/events/events.php", &text)], false).await.unwrap();
        assert_eq!(rig.rehearsed(0).await.state, OperationState::Done);
        assert_eq!(rig.apply(0, false).await.unwrap(), OperationState::Done);
    }
    let names = async || with::all(&tools.store, None).await.unwrap().into_iter().map(|r| r.name).collect::<Vec<_>>();
    releases::prune(tools).await.unwrap();
    assert_eq!(names().await.len(), 5, "young ones are left alone");
    rig.fleet.clock.advance(Duration::from_secs(2 * 3600));
    releases::prune(tools).await.unwrap();
    assert_eq!(names().await, ["6.8-1+k000.3", "6.8-1+k000.4", "6.8-1+k000.5"]);
    assert_eq!(std::fs::read_dir(tools.settings.home.join("overlays")).unwrap().count(), 5, "every version can be restored");
    // The plain release is needed by those that were made of it.
    let refused = releases::delete(tools, "6.8-1", "6.8-1").await.unwrap_err();
    assert!(refused.to_string().contains("with an overlay"), "{refused}");
}
