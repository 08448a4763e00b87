// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A long time on a virtual clock: what is kept is right, as large as was calculated, and survives what disks and kills do to it.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use super::*;
use crate::fleet::health::Sample;
use crate::fleet::{MunicipalityId, health::Failure};
use crate::health::history::{Figures, block::MINUTES, byte};

const SLOW: u32 = 2000;
/// Some hour; a day begins with it.
const START: i64 = 20_000 * 24;

/// What a site was found like in an hour, always the same: around its own time, later by day, with a failure now and then and an
/// outage once in a while. None where nobody looked in that hour.
fn seen(site: u32, hour: i64) -> Option<[u8; MINUTES]> {
    let mut state = (u64::from(site) << 32 ^ hour.unsigned_abs()).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) % below
    };
    for _ in 0..4 {
        next(2);
    }
    if next(900) == 0 {
        return None;
    }
    let own = 110 + u8::try_from(site % 40).unwrap() + if (8..18).contains(&hour.rem_euclid(24)) { 4 } else { 0 };
    let outage = (next(2000) == 0).then(|| usize::try_from(next(60)).unwrap());
    Some(std::array::from_fn(|minute| {
        let noise = u8::try_from(next(6) + next(6) + next(6)).unwrap();
        match next(1000) {
            0 => Failure::TimedOut as u8,
            1 => byte::MISSING,
            2 => 190 + noise,
            _ if outage.is_some_and(|from| (from..from + 25).contains(&minute)) => Failure::Fatal as u8,
            _ => own + noise,
        }
    }))
}

fn block(sites: std::ops::Range<u32>, hour: i64) -> Block {
    Block::of_rows(sites.filter_map(|site| Some((site, seen(site, hour)?))).collect())
}

/// The figures of a site as its samples say.
fn as_seen(site: u32, hours: std::ops::Range<i64>) -> Option<Figures> {
    let rows: Vec<[u8; MINUTES]> = hours.filter_map(|hour| seen(site, hour)).collect();
    (!rows.is_empty()).then(|| Figures::of(rows.into_iter().flatten(), SLOW))
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).unwrap().len()
}

/// The time when an hour begins, in milliseconds.
fn at(hour: i64) -> u64 {
    u64::try_from(hour * 3_600_000).unwrap()
}

/// How large the file is with so many sites in so many municipalities, as calculated: 64 bytes for a site and hour of samples; for
/// what an hour or a day came down to 5 bytes and 7, the pages they lie on, and what they are found by.
fn calculated(sites: u64, municipalities: u64) -> u64 {
    let (hours, days) = (35 * 24, 400);
    sites * (64 * 49 * 107 / 100 + 5 * hours + 7 * days) + municipalities * (hours + days) * 170
}

/// A year and more of a municipality's life. Size, expiry, and every figure against the samples.
#[tokio::test]
async fn a_year_is_as_large_as_calculated_and_as_it_was_seen() {
    let (sites, days) = if std::env::var_os("FLOTTA_TEST_FULL").is_some() { (300, 460) } else { (100, 430) };
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("history.db");
    let history = History::open(&path).await.unwrap();
    let of = MunicipalityId::generate();
    let mut held = Held::default();
    let mut steady = 0;
    for hour in START..START + days * 24 {
        held.take(vec![((of, hour), block(0..sites, hour).bytes())], hour + 1);
        // Four hours at once, which is what a disk that was full for a while gives, and four times as quick.
        if hour % 4 == 3 {
            keep(&history, &mut held, at(hour + 1) + 1, SLOW).await;
        }
        if hour == START + 405 * 24 {
            steady = size(&path);
        }
    }
    let end = START + days * 24;
    let calculated = calculated(u64::from(sites), 1);
    let (now, ratio) = (size(&path), size(&path) as f64 / calculated as f64);
    println!("{sites} sites, {days} days: {now} bytes, {ratio:.2} of the calculated {calculated}");
    assert!((0.5..=1.1).contains(&ratio), "{now} bytes are {ratio} of the calculated {calculated}");
    assert!(now <= steady + steady / 50, "it grew from {steady} to {now} bytes after the oldest had expired");

    let raw = history.of(of, 0, i64::MAX).await.unwrap();
    assert_eq!((raw.first().unwrap().0, raw.len()), (end - RAW_HOURS, 48));
    let hourly = history.sheets(of, Span::Hour, 0, i64::MAX).await.unwrap();
    assert_eq!((hourly.first().unwrap().0, hourly.len()), (end - HOURLY_DAYS * 24, 35 * 24));
    let daily = history.sheets(of, Span::Day, 0, i64::MAX).await.unwrap();
    assert_eq!((daily.first().unwrap().0, daily.len()), (end / 24 - DAILY_DAYS, 400));
    for (span, all) in [(1, &hourly), (24, &daily)] {
        for (at, bytes) in all {
            let sheet = Sheet::read(bytes).unwrap();
            for site in [0, 7, sites - 1] {
                assert_eq!(sheet.row(site), as_seen(site, at * span..(at + 1) * span), "site {site}, {span} hours from {at}");
            }
        }
    }
    // Totals are those of all sites.
    let counts: Counts = hourly.iter().map(|(_, bytes)| Sheet::read(bytes).unwrap().counts()).sum();
    let total = history.total(of, Span::Hour, 0, i64::MAX).await.unwrap();
    assert_eq!(total.counts, (counts.served, counts.failed, counts.missed));
}

/// The whole fleet: some hours of it always; with FLOTTA_TEST_FULL all that is ever kept.
#[tokio::test]
async fn the_whole_fleet_is_as_large_as_calculated() {
    let full = std::env::var_os("FLOTTA_TEST_FULL").is_some();
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("history.db");
    let history = History::open(&path).await.unwrap();
    let all: Vec<(MunicipalityId, std::ops::Range<u32>)> =
        (0..290).map(|at| (MunicipalityId::generate(), at * 300..(at + 1) * 300)).collect();
    let (hours, days) = if full { (HOURLY_DAYS * 24, DAILY_DAYS) } else { (2, 0) };
    let mut sheets = 0;
    for (of, sites) in &all {
        for hour in START..START + hours {
            let block = block(sites.clone(), hour);
            let sheet = folded(Span::Hour, hour, &Sheet::of(std::slice::from_ref(&block), SLOW)).unwrap();
            sheets += sheet.figures.len();
            if hour >= START + hours - RAW_HOURS - 1 {
                history.put(&[((*of, hour), block.bytes())]).await.unwrap();
            }
            history.fold(*of, &[sheet], &[hour]).await.unwrap();
        }
        for day in START / 24 - days..START / 24 {
            // Six hours stand for a day: its figures spread as widely.
            let blocks: Vec<Block> = (0..6).map(|hour| block(sites.clone(), day * 24 + hour * 4)).collect();
            history.fold(*of, &[folded(Span::Day, day, &Sheet::of(&blocks, SLOW)).unwrap()], &[]).await.unwrap();
        }
    }
    let site_hours = 87_000 * usize::try_from(hours).unwrap();
    let (each, now) = (sheets as f64 / site_hours as f64, size(&path));
    println!("87,000 sites, {hours} hours, {days} days: {now} bytes in the file, {each:.2} for a site and hour before pages");
    assert!(each <= 5.0, "{each} bytes for a site and hour");
    if full {
        assert!(now <= calculated(87_000, 290), "{now} bytes instead of {}", calculated(87_000, 290));
        let begun = std::time::Instant::now();
        assert!(history.look_over().await.unwrap());
        println!("looked over in {:.1} s", begun.elapsed().as_secs_f64());
    }
}

/// A process that writes and folds is killed at any moment, again and again.
#[tokio::test]
async fn a_kill_at_any_moment_loses_only_what_was_not_written() {
    const HOURS: i64 = 26;
    let own = |n: u128| -> MunicipalityId { uuid::Uuid::from_u128(n).to_string().parse().unwrap() };
    let write = async |path: &Path| {
        let history = History::open(path).await.unwrap();
        loop {
            for hour in START..START + HOURS {
                let all = (1..=4_u32).map(|n| ((own(n.into()), hour), block(n * 50..n * 50 + 40, hour).bytes())).collect();
                let mut held = Held::default();
                held.take(all, hour + 1);
                keep(&history, &mut held, at(hour + 1) + 1, SLOW).await;
            }
        }
    };
    if let Some(path) = std::env::var_os("FLOTTA_TEST_WRITE_HISTORY") {
        return write(Path::new(&path)).await;
    }
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("history.db");
    for wait in [90, 35, 150, 61, 240, 20, 333, 110] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "health::watch::keeper::tests::a_kill_at_any_moment_loses_only_what_was_not_written"])
            .env("FLOTTA_TEST_WRITE_HISTORY", &path)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        tokio::time::sleep(Duration::from_millis(wait)).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let history = History::open(&path).await.unwrap();
    assert!(history.look_over().await.unwrap());
    fold(&history, START + HOURS, SLOW).await.unwrap();
    let mut found = 0;
    for n in 1..=4_u32 {
        let of = own(n.into());
        let raw: Vec<(i64, Block)> =
            history.of(of, 0, i64::MAX).await.unwrap().into_iter().map(|(hour, bytes)| (hour, Block::read(&bytes).unwrap())).collect();
        let sheets = history.sheets(of, Span::Hour, 0, i64::MAX).await.unwrap();
        assert_eq!(sheets.iter().map(|(hour, _)| *hour).collect::<Vec<_>>(), raw.iter().map(|(hour, _)| *hour).collect::<Vec<_>>());
        for ((hour, block), (_, sheet)) in raw.iter().zip(&sheets) {
            assert_eq!(Sheet::read(sheet).unwrap(), Sheet::of(std::slice::from_ref(block), SLOW), "hour {hour}");
        }
        found += raw.len();
    }
    assert!(found > 0, "it never came to write anything");
}

/// A disk without room: nobody stops, what was seen meanwhile is held, and written when there is room.
#[tokio::test]
async fn a_full_disk_loses_nothing_that_is_not_old() {
    let home = tempfile::tempdir().unwrap();
    let small = home.path().join("small");
    std::fs::create_dir(&small).unwrap();
    let mounted = |args: &[&str]| Command::new(args[0]).args(&args[1..]).arg(&small).status().is_ok_and(|status| status.success());
    if !mounted(&["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs"]) {
        eprintln!("skipped: a small disk can be made by root only");
        return;
    }
    struct Mounted<'a>(&'a Path);
    impl Drop for Mounted<'_> {
        fn drop(&mut self) {
            drop(Command::new("umount").arg("-l").arg(self.0).status());
        }
    }
    let _mounted = Mounted(&small);
    let history = History::open(&small.join("history.db")).await.unwrap();
    let of = MunicipalityId::generate();
    let mut held = Held::default();
    let step = async |held: &mut Held, hour: i64| {
        held.take(vec![((of, hour), block(0..300, hour).bytes())], hour + 1);
        keep(&history, held, at(hour + 1) + 1, SLOW).await;
        held.failed
    };
    step(&mut held, START).await;
    let filler = small.join("filler");
    drop(std::fs::write(&filler, vec![1; 400 * 1024]));
    let full: Vec<bool> = [step(&mut held, START + 1).await, step(&mut held, START + 2).await].into();
    assert_eq!(full, [true, true]);
    // What was written before can be read all the while.
    assert_eq!(history.of(of, 0, i64::MAX).await.unwrap().len(), 1);
    std::fs::remove_file(&filler).unwrap();
    assert!(!step(&mut held, START + 3).await);
    let hours = history.of(of, 0, i64::MAX).await.unwrap();
    assert_eq!(hours.iter().map(|(hour, _)| *hour).collect::<Vec<_>>(), (START..START + 4).collect::<Vec<_>>());
    assert!(hours.iter().all(|(hour, bytes)| Block::read(bytes).unwrap() == block(0..300, *hour)));
    assert!(!small.join("history.db.broken").exists());
    assert!(history.look_over().await.unwrap());
    assert_eq!(history.sheets(of, Span::Hour, 0, i64::MAX).await.unwrap().len(), 4);
}

#[test]
fn what_cannot_be_written_is_not_held_for_ever() {
    let of = MunicipalityId::generate();
    let mut held = Held::default();
    for hour in 0..20 {
        let mut block = Block::default();
        block.put(1, 0, Sample::Served(80));
        held.take(vec![((of, hour), block.bytes())], hour);
    }
    assert_eq!(held.hours.keys().map(|(_, hour)| *hour).collect::<Vec<_>>(), (13..20).collect::<Vec<_>>());
}
