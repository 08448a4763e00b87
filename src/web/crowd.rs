// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! How often one address may ask for what is open to anybody. Kept in memory, so that it costs the store nothing and holds while
//! the store is busy.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::Mutex,
    time::{Duration, Instant},
};

use crate::error::{Error, Result};

/// So many answers at once: a whole office stands behind one address.
const BURST: f64 = 300.0;
/// So many more each second.
const REFILL: f64 = 20.0;
/// Not more addresses are remembered.
const MOST: usize = 20_000;

/// Who asked how much lately.
#[derive(Debug, Default)]
pub struct Crowd(Mutex<HashMap<IpAddr, Bucket>>);

#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Bucket {
    fn at(self, now: Instant) -> f64 {
        (self.left + now.saturating_duration_since(self.at).as_secs_f64() * REFILL).min(BURST)
    }
}

impl Crowd {
    /// Counts one request.
    ///
    /// # Errors
    /// `Throttled` where there were too many.
    pub fn admit(&self, address: Option<IpAddr>, now: Instant) -> Result<()> {
        let address = network(address.unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED)));
        let mut all = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if all.len() >= MOST && !all.contains_key(&address) {
            // Whoever has not asked for a while is as good as new.
            all.retain(|_, bucket| bucket.at(now) < BURST);
            if all.len() >= MOST {
                return Err(Error::Throttled { retry_after_seconds: 5 });
            }
        }
        let bucket = all.entry(address).or_insert(Bucket { left: BURST, at: now });
        let left = bucket.at(now);
        if left < 1.0 {
            return Err(Error::Throttled { retry_after_seconds: Duration::from_secs_f64(1.0 / REFILL).as_secs().max(1) });
        }
        *bucket = Bucket { left: left - 1.0, at: now };
        Ok(())
    }
}

/// Whoever has an IPv6 address has some 2^64 of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => {
            let [a, b, c, d, ..] = six.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        four @ IpAddr::V4(_) => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_cannot_ask_for_ever_and_others_can() {
        let (crowd, now) = (Crowd::default(), Instant::now());
        let ask = |text: &str, at: Instant| crowd.admit(Some(text.parse().unwrap()), at).is_ok();
        assert_eq!((0..400).filter(|_| ask("192.0.2.1", now)).count(), 300);
        assert!(ask("192.0.2.2", now));
        assert_eq!((0..100).filter(|_| ask("192.0.2.1", now + Duration::from_secs(2))).count(), 40);
        // All addresses of one network are one.
        assert_eq!((0..400).filter(|i| ask(&format!("2001:db8::{i:x}"), now)).count(), 300);
        assert!(ask("2001:db8:0:1::1", now));
    }

    #[test]
    fn what_is_remembered_has_an_end() {
        let (crowd, now) = (Crowd::default(), Instant::now());
        let of = |i: u32| Some(IpAddr::from(i.to_be_bytes()));
        for i in 0..20_000 {
            crowd.admit(of(i), now).unwrap();
        }
        assert!(crowd.admit(of(20_000), now).is_err() && crowd.admit(of(7), now).is_ok());
        assert!(crowd.admit(of(20_000), now + Duration::from_secs(1)).is_ok());
    }
}
