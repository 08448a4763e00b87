// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What the engine does not tell: the host's routes and free disk.

use std::{
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

use super::failure::error;
use crate::error::{OutsideKind, Result};

/// Destinations of the kernel's route table (`/proc/net/route`) in CIDR form, without the default route.
pub(super) fn routes(table: &str) -> Vec<String> {
    table
        .lines()
        .skip(1)
        .filter_map(|line| {
            let columns: Vec<&str> = line.split_ascii_whitespace().collect();
            // The kernel prints both as host-endian words of the network-order bytes.
            let word = |at: usize| columns.get(at).and_then(|t| u32::from_str_radix(t, 16).ok());
            let destination = Ipv4Addr::from(word(1)?.to_ne_bytes());
            let length = u32::from_be_bytes(word(7)?.to_ne_bytes()).leading_ones();
            (length > 0).then(|| format!("{destination}/{length}"))
        })
        .collect()
}

/// The route table of this host; empty where the kernel shows none.
pub(super) fn route_table() -> String {
    std::fs::read_to_string("/proc/net/route").unwrap_or_default()
}

/// Free bytes for ordinary users on the file system that holds this path, or its nearest parent that exists.
pub(super) fn free_bytes(path: &Path) -> Result<u64> {
    let mut place: PathBuf = path.to_owned();
    loop {
        match rustix::fs::statvfs(&place) {
            Ok(found) => return Ok(found.f_bavail.saturating_mul(found.f_frsize)),
            Err(rustix::io::Errno::NOENT) if place.pop() => {}
            Err(cause) => return Err(error(OutsideKind::Failed, format!("free disk at {}: {cause}", path.display()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_read_in_the_kernels_byte_order() {
        let table = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
                     eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
                     docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n\
                     br0\t0000C90A\t00000000\t0001\t0\t0\t0\t00F0FFFF\t0\t0\t0\n";
        if cfg!(target_endian = "little") {
            assert_eq!(routes(table), ["172.17.0.0/16", "10.201.0.0/20"]);
        }
        assert!(routes("").is_empty());
    }

    #[test]
    fn a_folder_to_come_lies_on_its_parents_disk() {
        let here = free_bytes(Path::new("/tmp")).unwrap();
        assert!(here > 0);
        assert!(free_bytes(Path::new("/tmp/is/not/there/yet")).unwrap() > 0);
    }
}
