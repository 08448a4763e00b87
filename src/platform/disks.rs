// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Whether there is room: on the engine's disk, where every instance's data are, and on that of the control plane's home.

use std::time::Duration;

use tracing::debug;

use crate::instances::Tools;

/// The disk of the engine's data.
pub const ENGINE: &str = "engine-disk";
/// The disk of the control plane's home.
pub const HOME: &str = "home-disk";
/// Asking takes at most so long; a disk that hangs is told by what hangs with it.
const ASK: Duration = Duration::from_secs(5);

/// Disks on which less is free than must stay free (`network.reserved_disk_mib`); one that was among them stays until there is a
/// quarter more, so that it is not told again with each file that comes and goes. What cannot be measured is taken to have room.
pub async fn without_room(tools: &Tools, before: &[&'static str]) -> Vec<&'static str> {
    let home = tools.settings.home.clone();
    let own = tokio::task::spawn_blocking(move || rustix::fs::statvfs(&home).map(|found| found.f_bavail.saturating_mul(found.f_frsize)));
    let (engine, own) = tokio::join!(tools.engine.free_disk_bytes(), tokio::time::timeout(ASK, own));
    let engine = engine.inspect_err(|error| debug!(%error, "the engine's disk cannot be measured")).ok();
    let own = own.ok().and_then(Result::ok).and_then(Result::ok);
    judge(engine, own, tools.settings.reserved_disk_mib << 20, before)
}

fn judge(engine: Option<u64>, home: Option<u64>, least: u64, before: &[&'static str]) -> Vec<&'static str> {
    let lacks = |disk, free: Option<u64>| {
        let enough = if before.contains(&disk) { least.saturating_add(least / 4) } else { least };
        free.is_some_and(|free| free < enough)
    };
    let mut found = Vec::new();
    if lacks(ENGINE, engine) {
        found.push(ENGINE);
    }
    // The home needs less: only what the control plane writes itself. One disk under both is told once.
    let same = engine.zip(home).is_some_and(|(engine, home)| engine.abs_diff(home) <= engine / 100);
    if !same && lacks_home(home, least, before.contains(&HOME)) {
        found.push(HOME);
    }
    found
}

fn lacks_home(free: Option<u64>, least: u64, before: bool) -> bool {
    let least = least / 8;
    free.is_some_and(|free| free < if before { least.saturating_add(least / 4) } else { least })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    #[test]
    fn too_little_is_told_until_there_is_clearly_enough() {
        assert!(judge(Some(2 * GIB), Some(200 * GIB), 2 * GIB, &[]).is_empty());
        assert_eq!(judge(Some(2 * GIB - 1), Some(200 * GIB), 2 * GIB, &[]), [ENGINE]);
        assert_eq!(judge(Some(2 * GIB), Some(200 * GIB), 2 * GIB, &[ENGINE]), [ENGINE]);
        assert!(judge(Some(3 * GIB), Some(200 * GIB), 2 * GIB, &[ENGINE]).is_empty());
        assert!(judge(None, None, 2 * GIB, &[ENGINE, HOME]).is_empty());
    }

    #[test]
    fn the_home_has_a_measure_of_its_own_and_one_disk_is_told_once() {
        assert_eq!(judge(Some(99 * GIB), Some(GIB / 5), 2 * GIB, &[]), [HOME]);
        assert!(judge(Some(99 * GIB), Some(GIB), 2 * GIB, &[]).is_empty());
        assert_eq!(judge(Some(GIB / 5), Some(GIB / 5), 2 * GIB, &[]), [ENGINE]);
    }
}
