// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Which addresses may be asked. Pure.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::fleet::settings::Range;

/// Whether it is an address that anybody on the Internet may reach. The special ranges are IANA's
/// (<https://www.iana.org/assignments/iana-ipv4-special-registry>, `iana-ipv6-special-registry`).
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(a == 0
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast()
        // Between a provider and its customers.
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        // Bench tests.
        || (a == 198 && (18..20).contains(&b))
        // Reserved, and everybody.
        || a >= 240)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let parts = address.segments();
    // Only what is assigned as global unicast, less documentation, and what carries an IPv4 address inside.
    let embedded = match parts {
        // 6to4
        [0x2002, high, low, ..] => Some(v4(high, low)),
        // NAT64
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        _ => None,
    };
    match embedded {
        Some(inner) => is_public_v4(inner),
        None => {
            parts[0] & 0xe000 == 0x2000
                && !(parts[0] == 0x2001 && parts[1] < 0x200)
                && !(parts[0] == 0x2001 && parts[1] == 0xdb8)
                && !(parts[0] == 0x3fff && parts[1] < 0x1000)
        }
    }
}

fn v4(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))
}

/// Whether an address may be asked: a public one, or one in these ranges.
#[must_use]
pub fn may_ask(address: IpAddr, allowed: &[Range]) -> bool {
    is_public(address) || allowed.iter().any(|range| range.holds(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_private_in_any_disguise_is_refused() {
        for private in [
            "127.0.0.1",
            "10.0.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "198.18.0.1",
            "240.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::7f00:1",
            "2002:7f00:1::",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "2001:db8::1",
            "2001::1",
            "100::1",
            "5f00::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
            assert!(!may_ask(private.parse().unwrap(), &[]), "{private}");
        }
        for public in ["1.1.1.1", "193.0.6.139", "172.32.0.1", "100.128.0.1", "2a00:801::1", "2606:4700::1111", "64:ff9b::101:101"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn ranges_are_allowed_by_name() {
        let allowed: Vec<Range> = ["10.1.0.0/16", "fd00::/8"].map(|text| text.parse().unwrap()).into();
        for (address, may) in [("10.1.2.3", true), ("10.2.0.1", false), ("::ffff:10.1.2.3", true), ("fd12::1", true), ("fe80::1", false)] {
            assert_eq!(may_ask(address.parse().unwrap(), &allowed), may, "{address}");
        }
        for bad in ["10.1.0.0", "10.1.0.0/33", "x/8", "fd00::/129", "/8"] {
            assert!(bad.parse::<Range>().is_err(), "{bad}");
        }
        let all: Range = "0.0.0.0/0".parse().unwrap();
        assert!(all.holds("192.168.1.1".parse().unwrap()) && !all.holds("::1".parse().unwrap()));
    }
}
