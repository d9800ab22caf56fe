//! Whatever is altered behind the store's back is found and named.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::{Bed, note, problems, tamper};
use crate::{Database, Store, StoreError};

fn filled() -> (Bed, Store) {
    let bed = Bed::new(Database::Sqlite);
    let store = bed.open();
    for range in [0..258, 258..300] {
        store
            .write(move |tx| -> Result<(), StoreError> {
                for n in range {
                    tx.emit("note.written", "sato", &format!("n{n:03}"), json!({ "text": "x" }))?;
                }
                Ok(())
            })
            .unwrap();
    }
    (bed, store)
}

/// Alters a filled store and checks that the audit names the place, while it runs and from a fresh inspection.
fn check_rows(sql: &'static str, expect: &[&str]) {
    let (bed, store) = filled();
    tamper(&store, sql);
    for found in [problems(&store), {
        drop(store);
        problems(&Store::inspect(bed.options()).unwrap())
    }] {
        for wanted in expect {
            assert!(found.iter().any(|p| p.contains(wanted)), "{sql}: `{wanted}` is not in {found:#?}");
        }
    }
}

#[test]
fn an_altered_row_is_named() {
    check_rows(
        "UPDATE events SET payload = CAST(replace(CAST(payload AS TEXT), 'sato', 'kato') AS BLOB) WHERE seq = 17",
        &["events seq 17: payload does not match its commitment"],
    );
    check_rows(
        "UPDATE events SET actor = 'mallory' WHERE seq = 18",
        &["events seq 18: its columns differ from its payload"],
    );
    check_rows(
        "UPDATE events SET time_ms = time_ms + 1 WHERE seq = 300",
        &["events seq 300: its columns differ from its entry"],
    );
    check_rows(
        "UPDATE events SET entry = (SELECT entry FROM events WHERE seq = 3) WHERE seq = 4",
        &["events seq 4: its leaf is not the hash", "events seq 4: its columns differ from its entry"],
    );
    check_rows(
        "UPDATE events SET salt = zeroblob(32) WHERE seq = 5",
        &["events seq 5: payload does not match"],
    );
}

#[test]
fn a_consistent_forgery_still_meets_the_signature() {
    let (_bed, store) = filled();
    store
        .upkeep(|writer| {
            for t in ["events_freeze", "events_keep"] {
                writer.tx.db.script(&format!("DROP TRIGGER {t}"))?;
            }
            let payload = br#"{"actor":"sato","subject":"n008","body":{"text":"forged"}}"#;
            let commitment = sekisho_ledger::commit(&[7; 32], payload);
            let entry = sekisho_ledger::Entry {
                seq: 9,
                time_ms: super::START_MS,
                kind: "note.written".to_owned(),
                commitment,
            }
            .encode();
            let leaf = sekisho_ledger::leaf_hash(&entry);
            writer.tx.db.execute(
                "UPDATE events SET payload = ?1, salt = ?2, entry = ?3, leaf = ?4 WHERE seq = 9",
                &[payload.to_vec().into(), [7u8; 32].into(), entry.into(), leaf.0.into()],
            )
        })
        .unwrap();
    let found = problems(&store);
    for wanted in [
        "events seq 9: its entry differs from ledger/tile/entries/000",
        "ledger/tile/0/000: the tile differs from the rows",
        "table checkpoint: the rows do not have the root signed at size 301",
        "projection notes table notes id n008",
    ] {
        assert!(found.iter().any(|p| p.contains(wanted)), "{wanted}: {found:#?}");
    }
    assert!(matches!(store.receipt(9), Err(StoreError::Damaged { .. })));
}

#[test]
fn missing_and_extra_rows_are_named() {
    check_rows("DELETE FROM events WHERE seq = 20", &["events seq 20: the row is missing"]);
    check_rows(
        "DELETE FROM events WHERE seq >= 299",
        &[
            "table checkpoint: it signs 301 events, the table ends at 299",
            "ledger/checkpoint: it signs 301 events",
        ],
    );
    check_rows(
        "INSERT INTO events SELECT 301, time_ms, kind, actor, subject, payload, salt, entry, leaf FROM events WHERE seq = 300",
        &["events seq 301: no signed checkpoint counts this row"],
    );
}

#[test]
fn a_store_that_was_set_back_does_not_start() {
    let (bed, store) = filled();
    drop(store);
    let database = bed.data().join("sekisho.sqlite");
    let old = fs::read(&database).unwrap();
    let store = bed.open();
    note(&store, "later", "x");
    drop(store);
    fs::write(&database, old).unwrap();
    let refused = Store::open(bed.options()).err().unwrap();
    assert!(
        matches!(&refused, StoreError::Contradiction { what, .. } if what.contains("set back")),
        "{refused}"
    );
    let found = problems(&Store::inspect(bed.options()).unwrap());
    assert!(found.iter().any(|p| p.starts_with("ledger/checkpoint: it signs 302 events")), "{found:?}");

    // A lost database is not taken for a new one.
    fs::remove_file(&database).unwrap();
    let refused = Store::open(bed.options()).err().unwrap();
    assert!(matches!(&refused, StoreError::Contradiction { .. }), "{refused}");
}

#[test]
fn an_altered_tile_or_checkpoint_is_named_and_not_overwritten() {
    let check = |path: &str, change: fn(&Path), expect: &str| {
        let (bed, store) = filled();
        let file = bed.data().join("ledger").join(path);
        change(&file);
        let after = fs::read(&file).ok();
        let found = problems(&store);
        assert!(found.iter().any(|p| p.starts_with(expect)), "{path}: {found:#?}");
        drop(store);
        let reopened = Store::open(bed.options());
        // The start looks at what it needs to go on; all else is left to `verify`.
        let needed = ["tile/0/000", "tile/0/001.p/45", "tile/entries/001.p/45", "checkpoint"];
        assert_eq!(reopened.is_err(), after.is_some() && needed.contains(&path), "{path}");
        drop(reopened);
        if after.is_some() {
            assert_eq!(fs::read(&file).ok(), after, "{path} was repaired in silence");
        }
    };
    let flip: fn(&Path) = |p| {
        let mut bytes = fs::read(p).unwrap();
        bytes[40] ^= 1;
        fs::write(p, bytes).unwrap();
    };
    check("tile/0/000", flip, "ledger/tile/0/000: the tile differs");
    check("tile/entries/000", flip, "ledger/tile/entries/000: the tile differs");
    check("tile/0/001.p/45", flip, "ledger/tile/0/001.p/45: the tile differs");
    check("tile/0/001.p/3", flip, "ledger/tile/0/001.p/3: the tile differs");
    check("tile/entries/001.p/45", flip, "ledger/tile/entries/001.p/45: the tile differs");
    check("tile/1/000.p/1", |p| fs::remove_file(p).unwrap(), "ledger/tile/1/000.p/1: the tile is missing");
    check("checkpoint", flip, "ledger/checkpoint: ");
    check("checkpoint", |p| fs::remove_file(p).unwrap(), "ledger/checkpoint: the file is missing");
    check(
        "tile/0/002.p/9",
        |p| fs::create_dir_all(p.parent().unwrap()).and_then(|()| fs::write(p, [0; 288])).unwrap(),
        "ledger/tile/0/002.p/9: the tile holds more than was signed",
    );
    check("notes.txt", |p| fs::write(p, "x").unwrap(), "ledger/notes.txt: the file does not belong here");
}

#[test]
fn a_foreign_or_missing_key_is_refused() {
    let (bed, store) = filled();
    drop(store);
    let key = bed.data().join("keys/ledger.key");
    use std::os::unix::fs::PermissionsExt;
    for file in ["ledger.key", "blob.key"] {
        let mode = fs::metadata(bed.data().join("keys").join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let own = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    let refused = Store::open(bed.options()).err().unwrap();
    assert!(
        matches!(&refused, StoreError::Contradiction { place, .. } if place.ends_with("ledger.key")),
        "{refused}"
    );
    let other = sekisho_ledger::SigningKey::from_seed(super::ORIGIN, &[1; 32]).unwrap();
    fs::write(&key, other.to_text().as_bytes()).unwrap();
    assert!(matches!(Store::open(bed.options()).err(), Some(StoreError::Contradiction { .. })));
    fs::write(&key, own).unwrap();
    bed.open();
    let mut elsewhere = bed.options();
    elsewhere.origin = "other.example/log".to_owned();
    assert!(Store::open(elsewhere).is_err());
}

#[test]
fn an_altered_or_missing_blob_is_named() {
    let bed = Bed::new(Database::Sqlite);
    let store = bed.open();
    let blob = store.blobs().put_bytes(&vec![7u8; 200_000]).unwrap();
    let id = blob.id.clone();
    store.write(move |tx| tx.emit("note.written", "a", "n1", json!({ "text": "t", "blob": id }))).unwrap();
    assert_eq!(store.verify().unwrap().blobs, 1);
    let file = store.blobs().all_files().unwrap().remove(0);
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    let mut bytes = fs::read(&file).unwrap();
    bytes[100_000] ^= 1;
    fs::write(&file, &bytes).unwrap();
    assert_eq!(problems(&store), [format!("blob {name}: a part of it was changed, moved or cut off")]);
    fs::remove_file(&file).unwrap();
    assert_eq!(
        problems(&store),
        [format!("notes id column blob_id: blob {} is missing", blob.id).replace("id column", "n1 column")]
    );
}
