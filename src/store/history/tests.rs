// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

use std::io::{Seek, SeekFrom, Write};

use super::*;

fn sheet(span: Span, at: i64, served: u64) -> Folded {
    Folded { span, at, figures: vec![1, 2, 3], counts: (served, 1, 2) }
}

#[tokio::test]
async fn hours_are_written_again_folded_and_forgotten() {
    let home = tempfile::tempdir().unwrap();
    let history = History::open(&home.path().join("history.db")).await.unwrap();
    let (ale, bor) = (MunicipalityId::generate(), MunicipalityId::generate());
    history.put(&[((ale, 10), vec![1]), ((ale, 11), vec![2]), ((bor, 11), vec![3])]).await.unwrap();
    history.put(&[((ale, 11), vec![4])]).await.unwrap();
    assert_eq!(history.of(ale, 10, 11).await.unwrap(), [(10, vec![1]), (11, vec![4])]);
    assert_eq!(history.all_of(11).await.unwrap().len(), 2);
    assert_eq!(history.unfolded(11).await.unwrap(), [(ale, 10)]);
    // What is not folded is kept.
    history.forget(11, 0, 0).await.unwrap();
    assert_eq!(history.of(ale, 0, 100).await.unwrap().len(), 2);
    assert_eq!(history.unfolded_days(24).await.unwrap().len(), 2);
    assert_eq!(history.unfolded_days(23).await.unwrap(), []);
    for served in [7, 8] {
        history.fold(ale, &[sheet(Span::Hour, 10, served), sheet(Span::Day, 0, 9)], &[10]).await.unwrap();
    }
    assert_eq!(history.unfolded_days(24).await.unwrap(), [(bor, 0)]);
    assert_eq!(history.total(ale, Span::Hour, 0, 20).await.unwrap(), Total { counts: (8, 1, 2), last: Some(10) });
    assert_eq!(history.sheets(ale, Span::Day, 0, 0).await.unwrap(), [(0, vec![1, 2, 3])]);
    history.forget(11, 11, 0).await.unwrap();
    assert_eq!(history.of(ale, 0, 100).await.unwrap(), [(11, vec![4])]);
    assert_eq!(history.sheets(ale, Span::Hour, 0, 20).await.unwrap(), []);
    assert_eq!(history.total(ale, Span::Day, 0, 0).await.unwrap().counts, (9, 1, 2));
    // A late sample asks for folding again.
    history.fold(ale, &[], &[11]).await.unwrap();
    assert_eq!(history.unfolded(12).await.unwrap(), [(bor, 11)]);
    history.put(&[((ale, 11), vec![5])]).await.unwrap();
    assert_eq!(history.unfolded(12).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_file_from_before_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("history.db");
    let of = MunicipalityId::generate();
    let old = crate::store::connection::sqlite_pool(&path.to_string_lossy(), 1).await.unwrap();
    let mut connection = old.get().await.unwrap();
    diesel_async::SimpleAsyncConnection::batch_execute(
        &mut *connection,
        &format!(
            "CREATE TABLE hour (municipality_id TEXT NOT NULL, hour BIGINT NOT NULL, samples BLOB NOT NULL, PRIMARY KEY (municipality_id, hour)) WITHOUT ROWID;
             INSERT INTO hour VALUES ('{}', 5, x'07')",
            of.text()
        ),
    )
    .await
    .unwrap();
    drop(connection);
    drop(old);
    let history = History::open(&path).await.unwrap();
    assert_eq!(history.unfolded(6).await.unwrap(), [(of, 5)]);
    assert!(history.look_over().await.unwrap());
    drop(history);
    assert_eq!(History::open(&path).await.unwrap().of(of, 5, 5).await.unwrap(), [(5, vec![7])]);
}

#[tokio::test]
async fn a_broken_file_is_put_aside_and_stops_nobody() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("history.db");
    let of = MunicipalityId::generate();
    std::fs::write(&path, b"SQLite format 3\0 and then something else entirely").unwrap();
    let history = History::open(&path).await.unwrap();
    history.put(&[((of, 1), vec![1])]).await.unwrap();
    assert_eq!(history.of(of, 1, 1).await.unwrap(), [(1, vec![1])]);
    assert!(home.path().join("history.db.broken").exists());
}

/// Pages in the middle are torn while the file is closed: found by looking it over, or by whoever reads there first.
#[rstest::rstest]
#[case(true)]
#[case(false)]
#[tokio::test]
async fn a_torn_page_is_found_and_the_file_put_aside(#[case] looks_over: bool) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("history.db");
    let of = MunicipalityId::generate();
    let history = History::open(&path).await.unwrap();
    let hours: Vec<Hour> = (0..2000).map(|hour| ((of, hour), vec![9; 700])).collect();
    history.put(&hours).await.unwrap();
    drop(history);
    let mut file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    let length = file.metadata().unwrap().len();
    file.seek(SeekFrom::Start(length / 2 / 4096 * 4096)).unwrap();
    file.write_all(&[0xAA; 40 * 4096]).unwrap();
    drop(file);

    let history = History::open(&path).await.unwrap();
    if looks_over {
        assert!(!history.look_over().await.unwrap());
    } else {
        assert!(history.of(of, 0, 3000).await.is_err());
    }
    assert!(home.path().join("history.db.broken").exists());
    // It goes on at once, with a new one.
    history.put(&[((of, 3000), vec![1])]).await.unwrap();
    assert_eq!(history.of(of, 0, 3000).await.unwrap(), [(3000, vec![1])]);
    assert!(history.look_over().await.unwrap());
    drop(history);
    assert_eq!(History::open(&path).await.unwrap().of(of, 0, 3000).await.unwrap().len(), 1);
}
