// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A sample as one byte: 0 is missing, 1 to 31 is how it failed, 32 to 255 how long it took, in steps of five per cent. Pure.
//!
//! The longest time that is told apart is 1.05²²³ ms, 53 seconds; no check waits as long.

use crate::fleet::health::{Failure, Sample};

/// The byte of what nobody looked at.
pub const MISSING: u8 = 0;
/// The byte of the shortest time.
pub(super) const QUICKEST: u8 = 32;
/// Each step is so many times the one before.
const STEP: f64 = 1.05;

/// The byte of a sample.
#[must_use]
pub fn of(sample: Sample) -> u8 {
    match sample {
        Sample::Missed => MISSING,
        Sample::Failed(failure) => failure as u8,
        Sample::Served(milliseconds) => {
            let steps = f64::from(milliseconds.max(1)).log(STEP).round().min(f64::from(u8::MAX - QUICKEST));
            QUICKEST + steps as u8
        }
    }
}

/// The sample of a byte; what a later version wrote and nobody knows here counts as missing.
#[must_use]
pub fn sample(byte: u8) -> Sample {
    match byte {
        QUICKEST.. => Sample::Served(milliseconds(byte)),
        _ => Failure::of_number(byte).map_or(Sample::Missed, Sample::Failed),
    }
}

/// The time that a byte from [`of`] stands for, in milliseconds; 0 where it stands for none.
#[must_use]
pub fn milliseconds(byte: u8) -> u32 {
    match byte.checked_sub(QUICKEST) {
        Some(steps) => STEP.powi(i32::from(steps)).round() as u32,
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn failures_are_themselves() {
        for failure in Failure::ALL {
            assert_eq!(sample(of(Sample::Failed(failure))), Sample::Failed(failure));
        }
        assert_eq!(sample(of(Sample::Missed)), Sample::Missed);
        assert_eq!(sample(31), Sample::Missed);
        assert_eq!((of(Sample::Served(0)), of(Sample::Served(1)), of(Sample::Served(u32::MAX))), (32, 32, 255));
        assert_eq!(milliseconds(255), 53_115);
    }

    proptest! {
        #[test]
        fn times_come_back_within_three_per_cent(milliseconds in 20_u32..53_000) {
            let Sample::Served(read) = sample(of(Sample::Served(milliseconds))) else { panic!("served") };
            let off = (f64::from(read) - f64::from(milliseconds)).abs() / f64::from(milliseconds);
            prop_assert!(off <= 0.03 + 0.5 / f64::from(milliseconds), "{milliseconds} came back as {read}");
        }

        #[test]
        fn every_byte_is_stable(byte: u8) {
            let read = sample(byte);
            prop_assert_eq!(sample(of(read)), read);
        }
    }
}
