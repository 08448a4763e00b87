// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Whether there is room on the disks of the engine's data, where every instance's are, and of the control plane's home.

use tracing::debug;

use crate::instances::Tools;

/// The disk on which the least is free, by the name that its incident has.
pub const NAME: &str = "disk";

/// Whether less is free than must stay free (`network.reserved_disk_mib`). Where it was so `before`, it stays so until there is a
/// quarter more, so that it is not told again with each file that comes and goes. Where it cannot be measured, it is as it
/// was.
pub async fn is_full(tools: &Tools, before: bool) -> bool {
    let free = tools.engine.free_disk_bytes().await.inspect_err(|error| debug!(%error, "the disk cannot be measured")).ok();
    lacks(free, tools.settings.reserved_disk_mib << 20, before)
}

fn lacks(free: Option<u64>, least: u64, before: bool) -> bool {
    let enough = if before { least.saturating_add(least / 4) } else { least };
    free.map_or(before, |free| free < enough)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    #[test]
    fn too_little_is_told_until_there_is_clearly_enough() {
        assert!(!lacks(Some(2 * GIB), 2 * GIB, false));
        assert!(lacks(Some(2 * GIB - 1), 2 * GIB, false));
        assert!(lacks(Some(2 * GIB), 2 * GIB, true));
        assert!(!lacks(Some(3 * GIB), 2 * GIB, true));
        assert!(lacks(None, 2 * GIB, true));
        assert!(!lacks(None, 2 * GIB, false));
    }
}
