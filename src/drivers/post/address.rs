// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Where a hook may lead. What a municipality's own people enter must not reach into the operators' networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::error::FieldError;

/// Whether an address is one that anybody on the internet reaches.
#[must_use]
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => public_v4(ip),
        IpAddr::V6(ip) => public_v6(ip),
    }
}

fn public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let protocol = a == 192 && b == 0 && c == 0;
    let benchmark = a == 198 && (18..20).contains(&b);
    !(a == 0
        || a >= 224
        || ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || shared
        || protocol
        || benchmark)
}

fn public_v6(ip: Ipv6Addr) -> bool {
    if let Some(inner) = ip.to_ipv4_mapped() {
        return public_v4(inner);
    }
    let parts = ip.segments();
    // Only global unicast; of it neither what leads to IPv4 by another way, nor what is for documentation.
    let global = parts[0] & 0xe000 == 0x2000;
    let translated = parts[0] == 0x2002 || (parts[0] == 0x2001 && parts[1] < 0x0200);
    let documentation = (parts[0] == 0x2001 && parts[1] == 0x0db8) || (parts[0] & 0xfff0 == 0x3ff0);
    global && !translated && !documentation
}

/// Reads a hook's address. `of_fleet` where the operators entered it; `local` where hooks may lead to this host and into private
/// ranges.
///
/// # Errors
/// Names `address`.
pub fn hook(text: &str, of_fleet: bool, local: bool) -> Result<Url, FieldError> {
    let wrong = |code: &str, message: &str, fix: &str| FieldError::new("address", code, message, fix);
    let fix = "write the whole address, such as https://hooks.example.org/flotta";
    let url = Url::parse(text.trim()).map_err(|_| wrong("invalid-address", "this is no address", fix))?;
    let host = url.host().ok_or_else(|| wrong("invalid-address", "the address has no host", fix))?;
    let ip = match host {
        Host::Ipv4(ip) => Some(IpAddr::V4(ip)),
        Host::Ipv6(ip) => Some(IpAddr::V6(ip)),
        Host::Domain(_) => None,
    };
    let loops = ip.map_or_else(|| url.host_str() == Some("localhost"), |ip| ip.is_loopback());
    if url.scheme() != "https" && !(url.scheme() == "http" && loops && local) {
        return Err(wrong("not-https", "the address does not begin with https://", "use https, so that nobody reads along"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("password-in-address", "there is a name or a password before the host", "leave it out; what is sent is signed"));
    }
    let private = ip.map_or(loops, |ip| !is_public(ip));
    if private && !of_fleet && !local {
        return Err(wrong("private-address", "the address leads into a private network", "use one that the internet reaches"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_the_internet_is_told_from_it() {
        for ip in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "192.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "2001:db8::1",
            "2001::1",
        ] {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["1.1.1.1", "193.180.0.1", "2001:6b0::1", "2a00:1450::1", "::ffff:1.1.1.1"] {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
    }

    #[test]
    fn hooks_are_https_and_lead_outside() {
        let code = |text: &str, of_fleet, local| hook(text, of_fleet, local).map(|_| ()).map_err(|e| e.code);
        assert_eq!(code("https://hooks.slack.com/services/x", false, false), Ok(()));
        for (text, of_fleet, local, expected) in [
            ("hooks.slack.com", true, true, "invalid-address"),
            ("http://hooks.slack.com/", true, true, "not-https"),
            ("ftp://hooks.slack.com/", true, true, "not-https"),
            ("http://127.0.0.1:9/", true, false, "not-https"),
            ("https://a:b@example.org/", true, true, "password-in-address"),
            ("https://127.0.0.1/", false, false, "private-address"),
            ("https://localhost/", false, false, "private-address"),
            ("https://[fd00::1]/", false, false, "private-address"),
            ("https://2130706433/", false, false, "private-address"),
            ("https://0x7f.1/", false, false, "private-address"),
        ] {
            assert_eq!(code(text, of_fleet, local), Err(expected.to_owned()), "{text}");
        }
        assert_eq!(code("https://10.0.0.9/", true, false), Ok(()));
        assert_eq!(code("http://127.0.0.1:9/", false, true), Ok(()));
    }
}
