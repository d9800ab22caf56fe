//! A full disk loses nothing that was acknowledged, and the store works again once there is room.

use serde_json::json;

use super::{Bed, note, problems};
use crate::{Database, Store, StoreError};

fn limit(store: &Store, pages: &'static str) {
    store.upkeep(move |writer| writer.tx.db.script(&format!("PRAGMA max_page_count={pages}"))).unwrap();
}

#[test]
fn a_full_database_refuses_and_recovers() {
    let bed = Bed::new(Database::Sqlite);
    let store = bed.open();
    note(&store, "before", "x");
    limit(&store, "80");
    let mut kept = vec![];
    let mut refused = 0;
    for n in 0..40 {
        let id = format!("f{n}");
        let unit = id.clone();
        match store
            .write(move |tx| tx.emit("note.written", "a", &unit, json!({ "text": "y".repeat(20_000) })))
        {
            Ok(seq) => kept.push((id, seq)),
            Err(error) => {
                assert!(matches!(error, StoreError::Full { .. }), "{error}");
                refused += 1;
            }
        }
    }
    assert!(!kept.is_empty() && refused > 0, "{} kept, {refused} refused", kept.len());
    assert!(!store.health().ok(), "the fault is shown");
    let check = |store: &Store| {
        for (id, seq) in &kept {
            assert_eq!(store.event(*seq).unwrap().unwrap().subject, *id);
        }
        assert_eq!(problems(store), Vec::<String>::new());
    };
    check(&store);
    limit(&store, "1000000");
    let next = note(&store, "after", "x");
    assert_eq!(next as usize, kept.len() + 2, "refused units left no gap");
    assert!(store.health().ok());
    check(&store);
    drop(store);
    check(&bed.open());
}

#[test]
fn a_full_batch_tells_every_caller() {
    let bed = Bed::new(Database::Sqlite);
    let store = bed.open();
    limit(&store, "80");
    let pending: Vec<_> = (0..60)
        .map(|n| {
            store.submit(move |tx| {
                tx.emit("note.written", "a", &format!("{n}"), json!({ "text": "z".repeat(20_000) }))
            })
        })
        .collect();
    let results: Vec<Result<u64, StoreError>> = pending.into_iter().map(|p| p.wait()).collect();
    let kept: Vec<u64> = results.iter().filter_map(|r| r.as_ref().ok().copied()).collect();
    assert!(results.iter().any(|r| matches!(r, Err(StoreError::Full { .. }))));
    assert_eq!(
        store.verify().unwrap().events as usize,
        kept.len() + 1,
        "what was acknowledged is what is there"
    );
    assert_eq!(problems(&store), Vec::<String>::new());
}

#[test]
fn tiles_that_cannot_be_written_are_reported_and_caught_up() {
    let bed = Bed::new(Database::Sqlite);
    let store = bed.open();
    note(&store, "a", "x");
    // A file in the place of the directory: as unwritable for root as a full disk.
    let tile = bed.data().join("ledger/tile");
    std::fs::rename(&tile, bed.data().join("kept")).unwrap();
    std::fs::write(&tile, "in the way").unwrap();
    let seq = note(&store, "b", "the rows are durable, so the unit counts");
    assert!(store.health().faults[0].contains("lag behind"), "{:?}", store.health().faults);
    store.receipt(seq).unwrap();
    std::fs::remove_file(&tile).unwrap();
    std::fs::rename(bed.data().join("kept"), &tile).unwrap();
    note(&store, "c", "x");
    assert!(store.health().ok());
    assert_eq!(problems(&store), Vec::<String>::new());
}
