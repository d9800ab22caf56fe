//! What a store does, whatever database is under it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;

use super::{Bed, NOTES, Notes, ORIGIN, START_MS, Sessions, note, problems, tamper};
use crate::{ErrorKind, EventFilter, OpenOptions, Retry, Store, StoreError, Value};

macro_rules! cases {
    ($($name:ident),+ $(,)?) => {
        /// Every case with its name, for the run on PostgreSQL.
        pub(super) const CASES: &[(&str, fn(&Bed))] = &[$((stringify!($name), $name)),+];

        mod on_sqlite {
            use super::super::Bed;
            use crate::Database;
            $(
                #[test]
                fn $name() {
                    super::$name(&Bed::new(Database::Sqlite));
                }
            )+
        }
    };
}

cases! {
    events_are_numbered_projected_and_listed,
    a_failed_unit_leaves_no_trace_and_its_neighbours_stay,
    every_receipt_verifies_across_tile_borders_and_after_reopening,
    time_never_goes_back,
    the_database_itself_refuses_to_change_an_event,
    a_disposed_payload_is_gone_and_its_proof_stays,
    tables_of_others_are_refused,
    jobs_are_leased_retried_and_picked_up_again,
    rebuild_replaces_what_differs_from_the_replay,
    a_new_version_of_a_projection_is_replayed_at_the_start,
    values_survive_the_round_trip,
    many_threads_share_one_ledger,
    a_second_opener_is_refused,
    tiles_are_made_again_from_the_rows,
    a_panic_or_a_nested_unit_hurts_only_itself,
    a_backup_is_restored_and_verified,
    health_tells_sizes_and_jobs,
    a_reader_sees_one_snapshot,
}

fn events_are_numbered_projected_and_listed(bed: &Bed) {
    let store = bed.open();
    assert_eq!(note(&store, "a", "伊万里"), 1);
    assert_eq!(note(&store, "b", "二"), 2);
    let bad = store.write(|tx| tx.emit("Note Written", "sato", "x", json!({})));
    assert_eq!(bad.unwrap_err().kind(), ErrorKind::Request);
    let nul = store.write(|tx| tx.emit("note.written", "sa\0to", "x", json!({})));
    assert!(matches!(nul, Err(StoreError::Invalid { .. })));

    let all = store.events(0, 10, &EventFilter::default()).unwrap();
    assert_eq!(all.iter().map(|e| e.seq).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(all[0].body, Some(json!({ "text": "伊万里" })));
    assert_eq!((all[0].actor.as_str(), all[0].time_ms), ("sato", START_MS));
    assert_eq!(store.event(0).unwrap().unwrap().kind, "ledger.genesis");
    assert_eq!(store.event(9).unwrap(), None);
    let filter = |kind: Option<&str>, subject: Option<&str>| EventFilter {
        kind_prefix: kind.map(str::to_owned),
        subject: subject.map(str::to_owned),
    };
    let count = |f: EventFilter| store.events(0, 10, &f).unwrap().len();
    assert_eq!(count(filter(Some("note."), None)), 2);
    assert_eq!(count(filter(Some("notes."), None)), 0);
    assert_eq!(count(filter(None, Some("b"))), 1);
    assert_eq!(count(filter(Some("note.w"), Some("b"))), 1);
    assert_eq!(store.events(1, 1, &EventFilter::default()).unwrap()[0].seq, 2);

    let rows =
        store.read(|tx| tx.query("SELECT text, seq FROM notes WHERE id = ?1", &[Value::from("a")])).unwrap();
    assert_eq!((rows[0].get_text("text").unwrap(), rows[0].get_i64("seq").unwrap()), ("伊万里", 1));
    assert!(matches!(rows[0].get_text("txet"), Err(StoreError::NotFound { .. })));
    assert!(store.verify().unwrap().ok());
}

fn a_failed_unit_leaves_no_trace_and_its_neighbours_stay(bed: &Bed) {
    let store = bed.open();
    let ok1 = store.submit(|tx| tx.emit("note.written", "a", "1", json!({ "text": "x" })));
    let failed = store.submit(|tx| -> Result<(), StoreError> {
        tx.emit("note.written", "a", "2", json!({ "text": "x" }))?;
        tx.execute("INSERT INTO sessions (id) VALUES (?1)", &[Value::from("s")])?;
        tx.emit("note.refused", "a", "2", json!({}))?;
        Ok(())
    });
    // A swallowed SQL error must not smuggle half a unit in on either database.
    let duplicate = store.submit(|tx| -> Result<(), StoreError> {
        tx.execute("INSERT INTO sessions (id) VALUES ('d')", &[])?;
        let again = tx.execute("INSERT INTO sessions (id) VALUES ('d')", &[]);
        assert!(matches!(again, Err(StoreError::Conflict { .. })));
        Err(again.unwrap_err())
    });
    let ok2 = store.submit(|tx| tx.emit("note.written", "a", "3", json!({ "text": "x" })));
    assert_eq!(ok1.wait().unwrap(), 1);
    assert!(matches!(failed.wait(), Err(StoreError::Invalid { .. })));
    assert!(matches!(duplicate.wait(), Err(StoreError::Conflict { .. })));
    assert_eq!(ok2.wait().unwrap(), 2);
    let rows = store.read(|tx| tx.query("SELECT id FROM notes ORDER BY id", &[])).unwrap();
    assert_eq!(rows.iter().map(|r| r.get_text("id").unwrap()).collect::<Vec<_>>(), ["1", "3"]);
    assert!(store.read(|tx| tx.query("SELECT id FROM sessions", &[])).unwrap().is_empty());
    assert_eq!(problems(&store), Vec::<String>::new());
}

fn every_receipt_verifies_across_tile_borders_and_after_reopening(bed: &Bed) {
    let store = bed.open();
    let check = |store: &Store, seqs: &[u64]| {
        for seq in seqs {
            let receipt = store.receipt(*seq).unwrap();
            let decoded = crate::Receipt::decode(&receipt.encode()).unwrap();
            assert_eq!(decoded.verify(&store.verifier_key()).unwrap().entry.seq, *seq);
        }
    };
    for last in [1u64, 2, 200, 255, 256, 257, 511, 512, 513] {
        let have = store.events(0, 1000, &EventFilter::default()).unwrap().len() as u64;
        let more = last - have;
        store
            .write(move |tx| -> Result<(), StoreError> {
                for n in 0..more {
                    tx.emit("note.written", "a", &format!("{n}"), json!({ "text": "x" }))?;
                }
                Ok(())
            })
            .unwrap();
        check(&store, &[0, last / 2, last]);
    }
    assert!(matches!(store.receipt(514), Err(StoreError::NotFound { .. })));
    assert_eq!(problems(&store), Vec::<String>::new());
    let note = store.checkpoint().unwrap();
    drop(store);
    let store = bed.open();
    assert_eq!(store.checkpoint().unwrap(), note);
    check(&store, &(0..=513).step_by(37).collect::<Vec<_>>());
    // Tiles are a copy: without them the rows still prove everything.
    std::fs::remove_dir_all(bed.data().join("ledger/tile")).unwrap();
    check(&store, &[0, 300, 513]);
}

fn time_never_goes_back(bed: &Bed) {
    let store = bed.open();
    note(&store, "a", "x");
    bed.clock.set(START_MS - 5_000);
    let seq = note(&store, "b", "x");
    assert_eq!(store.event(seq).unwrap().unwrap().time_ms, START_MS);
    drop(store);
    let store = bed.open();
    let seq = note(&store, "c", "x");
    assert_eq!(store.event(seq).unwrap().unwrap().time_ms, START_MS);
    assert_eq!(problems(&store), Vec::<String>::new());
}

fn the_database_itself_refuses_to_change_an_event(bed: &Bed) {
    let store = bed.open();
    note(&store, "a", "x");
    let mut statements = vec![
        "DELETE FROM events WHERE seq = 1",
        "UPDATE events SET actor = 'mallory' WHERE seq = 1",
        "UPDATE events SET payload = salt WHERE seq = 1",
        "UPDATE events SET payload = NULL, salt = NULL, actor = 'mallory' WHERE seq = 1",
    ];
    statements.push(if bed.is_sqlite() {
        "INSERT OR REPLACE INTO events SELECT * FROM events"
    } else {
        "TRUNCATE events"
    });
    for sql in statements {
        let result = store.upkeep(move |writer| writer.alone(|db| db.script(sql)));
        assert!(matches!(result, Err(StoreError::Conflict { .. })), "{sql}: {result:?}");
    }
    assert_eq!(problems(&store), Vec::<String>::new());
}

fn a_disposed_payload_is_gone_and_its_proof_stays(bed: &Bed) {
    let store = bed.open();
    let (a, b) = (note(&store, "a", "secret words"), note(&store, "b", "kept"));
    store.write(move |tx| tx.dispose_payload(a, "保存期間の満了")).unwrap();
    let event = store.event(a).unwrap().unwrap();
    assert_eq!((event.body, event.actor.as_str(), event.subject.as_str()), (None, "sato", "a"));
    let why = store.event(b + 1).unwrap().unwrap();
    assert_eq!(why.kind, "ledger.payload-disposed");
    assert_eq!(why.body.unwrap()["reason"], "保存期間の満了");
    assert!(matches!(store.receipt(a), Err(StoreError::NotFound { .. })));
    assert!(store.receipt(b).is_ok());
    assert!(matches!(store.write(move |tx| tx.dispose_payload(a, "again")), Err(StoreError::Invalid { .. })));
    assert!(matches!(store.write(move |tx| tx.dispose_payload(b + 1, "x")), Err(StoreError::Invalid { .. })));
    assert!(matches!(store.write(|tx| tx.dispose_payload(99, "x")), Err(StoreError::NotFound { .. })));
    let report = store.verify().unwrap();
    assert_eq!((report.problems, report.disposed), (vec![], 1));
    assert!(store.rebuild().unwrap().tables.iter().all(|t| !t.changed));
    // Someone who empties a payload by hand leaves no entry that explains it.
    tamper(&store, "UPDATE events SET payload = NULL, salt = NULL WHERE seq = 2");
    let found = problems(&store);
    assert!(
        found.iter().any(|p| p.starts_with("events seq 2: its payload is gone and no entry")),
        "{found:?}"
    );
}

fn tables_of_others_are_refused(bed: &Bed) {
    let store = bed.open();
    let check = |sql: &'static str, what: &str| {
        let error = store.write(move |tx| tx.execute(sql, &[])).unwrap_err();
        assert!(
            matches!(&error, StoreError::Misuse { .. }) && error.to_string().contains(what),
            "{sql}: {error}"
        );
    };
    check("DELETE FROM notes", "is a projection");
    check("INSERT INTO NOTES (id) VALUES ('x')", "is a projection");
    check("UPDATE events SET actor = 'x'", "by the store alone");
    check("DELETE FROM jobs", "by the store alone");
    check("DROP TABLE sessions", "starts with `DROP`");
    check("COMMIT", "starts with `COMMIT`");
    check("WITH x AS (SELECT 1) DELETE FROM sessions", "starts with `WITH");
    let trespass = store.write(|tx| tx.emit("note.trespass", "a", "b", json!({})));
    assert!(trespass.unwrap_err().to_string().contains("not its own"));
    let read = store.read(|tx| tx.query("DELETE FROM sessions", &[]));
    assert!(matches!(read, Err(StoreError::Misuse { .. })));
    let twice = bed.options().projection(Arc::new(Notes { version: 1 }));
    drop(store);
    assert!(matches!(Store::open(twice), Err(StoreError::Misuse { .. })));
}

fn jobs_are_leased_retried_and_picked_up_again(bed: &Bed) {
    let store = bed.open();
    let lease = |store: &Store| store.write(|tx| tx.lease("disarm", "w1", 10_000)).unwrap();
    let id = store.write(|tx| tx.enqueue("disarm", json!({ "transfer": "t1" }), START_MS + 50)).unwrap();
    let failed: Result<(), StoreError> = store.write(|tx| {
        tx.enqueue("disarm", json!({}), 0)?;
        Err(StoreError::Invalid { what: "no".to_owned() })
    });
    assert!(failed.is_err());
    assert_eq!(lease(&store), None, "not due yet");
    bed.clock.advance(50);
    let first = lease(&store).unwrap();
    assert_eq!((first.id, first.attempts, &first.payload["transfer"]), (id, 1, &json!("t1")));
    assert_eq!(lease(&store), None, "taken");
    assert_eq!(store.write(|tx| tx.lease("other", "w", 1)).unwrap(), None);

    // The worker dies; the lease runs out; another one takes over, and the dead one's answer is refused.
    bed.clock.advance(10_001);
    let second = lease(&store).unwrap();
    assert_eq!((second.id, second.attempts), (id, 2));
    let stale = first.token;
    assert!(
        matches!(store.write(move |tx| tx.complete(id, &stale)), Err(StoreError::LeaseLost { job }) if job == id)
    );

    let token = second.token.clone();
    store.write(move |tx| tx.extend(id, &token, 60_000)).unwrap();
    bed.clock.advance(30_000);
    assert_eq!(lease(&store), None, "still held");
    let token = second.token;
    let retry = store.write(move |tx| tx.retry(id, &token, "out of memory", 3)).unwrap();
    let Retry::Again { at_ms } = retry else { panic!("{retry:?}") };
    assert_eq!(at_ms, START_MS + 50 + 10_001 + 30_000 + 2_000);
    bed.clock.set(at_ms);
    let third = lease(&store).unwrap();
    let token = third.token;
    assert_eq!(store.write(move |tx| tx.retry(id, &token, "again", 3)).unwrap(), Retry::Dead);
    bed.clock.advance(1_000_000);
    assert_eq!(lease(&store), None, "dead jobs stay dead");
    assert_eq!(store.health().jobs_dead, Some(1));

    let id = store.write(|tx| tx.enqueue("disarm", json!(1), 0)).unwrap();
    let job = lease(&store).unwrap();
    assert_eq!(job.id, id);
    let token = job.token.clone();
    store.write(move |tx| tx.complete(id, &token)).unwrap();
    let token = job.token;
    assert!(matches!(store.write(move |tx| tx.complete(id, &token)), Err(StoreError::LeaseLost { .. })));
    // Jobs survive a restart.
    store.write(|tx| tx.enqueue("disarm", json!(2), 0)).unwrap();
    drop(store);
    assert_eq!(lease(&bed.open()).unwrap().payload, json!(2));
}

fn rebuild_replaces_what_differs_from_the_replay(bed: &Bed) {
    let store = bed.open();
    for n in 0..30 {
        note(&store, &format!("n{n:02}"), "x");
    }
    store.write(|tx| tx.execute("INSERT INTO sessions (id) VALUES ('kept')", &[])).unwrap();
    let calm = store.rebuild().unwrap();
    assert_eq!((calm.events, calm.tables.len(), calm.tables[0].rows), (31, 1, 30));
    assert!(!calm.tables[0].changed && calm.tables[0].before == calm.tables[0].after);

    tamper(&store, "UPDATE notes SET author = 'mallory' WHERE id = 'n07'");
    tamper(&store, "DELETE FROM notes WHERE id = 'n08'");
    let found = problems(&store);
    assert!(
        found.iter().any(|p| p.starts_with("projection notes table notes id n07: the row is not")),
        "{found:?}"
    );
    assert!(
        found.iter().any(|p| p.starts_with("projection notes table notes id n08: the events give")),
        "{found:?}"
    );
    let repaired = store.rebuild().unwrap();
    assert!(repaired.tables[0].changed && repaired.tables[0].after == calm.tables[0].after);
    assert_eq!(problems(&store), Vec::<String>::new());
    assert_eq!(store.read(|tx| tx.query("SELECT id FROM sessions", &[])).unwrap().len(), 1);
    note(&store, "after", "x");
    assert_eq!(problems(&store), Vec::<String>::new());
}

fn a_new_version_of_a_projection_is_replayed_at_the_start(bed: &Bed) {
    let store = bed.open();
    note(&store, "a", "x");
    drop(store);
    let mut options = bed.options();
    options.projections = vec![Arc::new(Notes { version: 2 })];
    let store = Store::open(options).unwrap();
    let rows = store.read(|tx| tx.query("SELECT text FROM notes", &[])).unwrap();
    assert_eq!(rows[0].get_text("text").unwrap(), "x!");
    assert_eq!(problems(&store), Vec::<String>::new());
}

fn values_survive_the_round_trip(bed: &Bed) {
    let store = bed.open();
    store
        .write(|tx| -> Result<(), StoreError> {
            for (id, n, raw) in [
                ("a", Some(i64::MAX), Some(vec![0u8, 255, 39])),
                ("B", Some(-1), None),
                ("あ?1'", None, Some(vec![])),
                ("a%", Some(i64::MIN), Some(vec![1])),
            ] {
                tx.execute(
                    "INSERT INTO sessions (id, n, raw) VALUES (?1, ?2, ?3)",
                    &[Value::from(id), Value::from(n), Value::from(raw)],
                )?;
            }
            assert_eq!(tx.query("SELECT n FROM sessions WHERE id = ?1", &[Value::from("あ?1'")])?.len(), 1);
            let back =
                tx.query("UPDATE sessions SET n = 7 WHERE id = ?1 RETURNING n", &[Value::from("B")])?;
            assert_eq!(back[0].get_i64("n")?, 7);
            Ok(())
        })
        .unwrap();
    let rows = store.read(|tx| tx.query("SELECT id, n, raw FROM sessions ORDER BY id", &[])).unwrap();
    let ids: Vec<&str> = rows.iter().map(|r| r.get_text("id").unwrap()).collect();
    assert_eq!(ids, ["B", "a", "a%", "あ?1'"], "text sorts by bytes");
    assert_eq!(rows[1].get_i64("n").unwrap(), i64::MAX);
    assert_eq!(rows[2].get_i64("n").unwrap(), i64::MIN);
    assert_eq!(rows[3].get_opt_i64("n").unwrap(), None);
    assert_eq!(rows[1].get_blob("raw").unwrap(), [0, 255, 39]);
    assert_eq!((rows[3].get_blob("raw").unwrap(), rows[0].get_opt_blob("raw").unwrap()), (&[][..], None));
    assert!(
        rows[0].get_i64("id").is_err() && rows[3].get_i64("n").is_err() && rows[0].get_bool("n").is_err()
    );
    let one = |sql: &'static str| store.read(move |tx| tx.query(sql, &[])).unwrap()[0].get_i64("v").unwrap();
    assert_eq!(one("SELECT SUM(n) AS v FROM sessions WHERE n > 0 AND n < 100"), 7);
    assert_eq!(one("SELECT COUNT(*) AS v FROM sessions WHERE id LIKE 'b%'"), 0, "LIKE minds the case");
    assert_eq!(one("SELECT COUNT(*) AS v FROM sessions"), 4);
    let wrong =
        store.read(|tx| tx.query("SELECT * FROM nowhere WHERE secret = ?1", &[Value::from("hunter2")]));
    let text = wrong.unwrap_err().to_string();
    assert!(text.contains("nowhere") && !text.contains("hunter2"), "{text}");
}

fn many_threads_share_one_ledger(bed: &Bed) {
    let store = bed.open();
    let sum = Arc::new(AtomicU64::new(0));
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (store, sum) = (store.clone(), Arc::clone(&sum));
            scope.spawn(move || {
                for n in 0..25 {
                    sum.fetch_add(note(&store, &format!("{thread}-{n}"), "x"), Ordering::SeqCst);
                }
            });
        }
    });
    assert_eq!(sum.load(Ordering::SeqCst), (1..=200).sum::<u64>());
    assert_eq!(store.verify().unwrap().events, 201);
    assert_eq!(problems(&store), Vec::<String>::new());
}

fn a_second_opener_is_refused(bed: &Bed) {
    let store = bed.open();
    assert!(matches!(Store::open(bed.options()), Err(StoreError::Locked { .. })));
    if !bed.is_sqlite() {
        // The database knows as well, whatever directory is used.
        let mut other = bed.options();
        other.data = bed.dir.path().join("elsewhere");
        assert!(matches!(Store::open(other), Err(StoreError::Locked { .. })));
    }
    note(&store, "a", "x");
    let inspected = Store::inspect(bed.options()).unwrap();
    assert!(inspected.verify().unwrap().ok() && inspected.receipt(1).is_ok());
    let written = inspected.write(|tx| tx.emit("note.written", "a", "b", json!({})));
    assert!(matches!(written, Err(StoreError::ReadOnly)));
    drop(store);
    bed.open();
}

fn tiles_are_made_again_from_the_rows(bed: &Bed) {
    let store = bed.open();
    let fill = |store: &Store, count: u64| {
        store
            .write(move |tx| -> Result<(), StoreError> {
                (0..count)
                    .try_for_each(|n| tx.emit("note.written", "a", &n.to_string(), json!({})).map(|_| ()))
            })
            .unwrap();
    };
    fill(&store, 300);
    let checkpoint = std::fs::read(bed.data().join("ledger/checkpoint")).unwrap();
    fill(&store, 300);
    drop(store);
    // As after a crash between the commit and the files: an old checkpoint, the newest tiles missing.
    std::fs::write(bed.data().join("ledger/checkpoint"), checkpoint).unwrap();
    std::fs::remove_file(bed.data().join("ledger/tile/0/001")).unwrap();
    std::fs::remove_file(bed.data().join("ledger/tile/entries/001")).unwrap();
    let store = bed.open();
    assert_eq!(problems(&store), Vec::<String>::new());
    drop(store);
    // As after a power cut: the last partial tiles are empty or cut short.
    std::fs::write(bed.data().join("ledger/tile/0/002.p/89"), []).unwrap();
    let bundle = bed.data().join("ledger/tile/entries/002.p/89");
    let bytes = std::fs::read(&bundle).unwrap();
    std::fs::write(&bundle, bytes.get(..100).unwrap()).unwrap();
    let store = bed.open();
    assert_eq!(problems(&store), Vec::<String>::new());
    assert_eq!(std::fs::read(&bundle).unwrap(), bytes);
    drop(store);
    std::fs::remove_dir_all(bed.data().join("ledger")).unwrap();
    let store = bed.open();
    assert_eq!(problems(&store), Vec::<String>::new());
    fill(&store, 500);
    assert_eq!(problems(&store), Vec::<String>::new());
}

fn a_panic_or_a_nested_unit_hurts_only_itself(bed: &Bed) {
    let store = bed.open();
    let panicked: Result<(), StoreError> = store.write(|tx| {
        tx.emit("note.written", "a", "p", json!({}))?;
        panic!("a fault of a unit (this message belongs to a test)");
    });
    assert!(matches!(panicked, Err(StoreError::Stopped { .. })));
    let inner = store.clone();
    let nested = store.write(move |_| inner.write(|tx| tx.emit("note.written", "a", "b", json!({}))));
    assert!(matches!(nested, Err(StoreError::Misuse { .. })));
    assert_eq!(note(&store, "a", "x"), 1);
    assert_eq!(problems(&store), Vec::<String>::new());
}

fn a_backup_is_restored_and_verified(bed: &Bed) {
    let store = bed.open();
    let blob = store.blobs().put_bytes("議事録".as_bytes()).unwrap();
    let id = blob.id.clone();
    store.write(move |tx| tx.emit("note.written", "a", "n", json!({ "text": "t", "blob": id }))).unwrap();
    for n in 0..300 {
        note(&store, &format!("n{n}"), "x");
    }
    store
        .write(|tx| tx.execute("INSERT INTO sessions (id, raw) VALUES ('s', ?1)", &[Value::from(vec![9u8])]))
        .unwrap();
    store.write(move |tx| tx.dispose_payload(5, "満了")).unwrap();
    let backup = bed.dir.path().join("backup");
    let report = store.backup(&backup).unwrap();
    assert_eq!((report.events, report.blobs), (303, 1));
    assert!(matches!(store.backup(&backup), Err(StoreError::Invalid { .. })));
    note(&store, "later", "not in the backup");

    let mut target = OpenOptions::new(bed.dir.path().join("restored"), ORIGIN)
        .clock(bed.clock.clone())
        .projection(Arc::new(Notes { version: 1 }))
        .module(Arc::new(Sessions))
        .fsync(false);
    let done = Store::restore(&backup, &target).unwrap();
    assert_eq!((done.verified.events, done.verified.blobs, done.verified.disposed), (303, 1, 1));
    assert!(matches!(Store::restore(&backup, &target), Err(StoreError::Invalid { .. })));
    let restored = Store::open(target.clone()).unwrap();
    assert_eq!(restored.verifier_key().to_string(), store.verifier_key().to_string());
    assert_eq!(restored.blobs().read(&blob.id, 100).unwrap(), "議事録".as_bytes());
    assert_eq!(
        restored.read(|tx| tx.query("SELECT raw FROM sessions", &[])).unwrap()[0].get_blob("raw").unwrap(),
        [9]
    );
    assert_eq!(note(&restored, "next", "x"), 303);
    assert_eq!(problems(&restored), Vec::<String>::new());

    // Any change to the backup is refused by name.
    let path = backup.join("ledger/tile/0/000");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[7] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    target.data = bed.dir.path().join("restored2");
    let refused = Store::restore(&backup, &target).unwrap_err();
    assert!(
        matches!(&refused, StoreError::Damaged { place, .. } if place == "ledger/tile/0/000"),
        "{refused}"
    );
    bytes[7] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    std::fs::write(backup.join("extra"), "x").unwrap();
    assert!(matches!(Store::restore(&backup, &target), Err(StoreError::Damaged { .. })));
    std::fs::remove_file(backup.join("extra")).unwrap();
    assert!(!target.data.exists());

    // A backup moves between databases.
    if !bed.is_sqlite() {
        drop(store);
        super::postgres::empty(&bed.database);
        let mut options = bed.options();
        options.data = bed.dir.path().join("moved");
        Store::restore(&backup, &options).unwrap();
        let moved = Store::open(options.clone()).unwrap();
        assert_eq!(note(&moved, "next", "x"), 303);
        assert_eq!(problems(&moved), Vec::<String>::new());
        options.data = bed.dir.path().join("moved2");
        assert!(Store::restore(&backup, &options).is_err(), "the database is in use");
    }
}

fn health_tells_sizes_and_jobs(bed: &Bed) {
    let store = bed.open();
    note(&store, "a", "x");
    store.write(|tx| tx.enqueue("q", json!(1), 0)).unwrap();
    let health = store.health();
    assert!(health.ok(), "{:?}", health.faults);
    assert_eq!(health.backend, if bed.is_sqlite() { "sqlite" } else { "postgres" });
    assert_eq!((health.events, health.checkpoint_ms, health.jobs_ready), (Some(2), Some(START_MS), Some(1)));
    assert!(health.disk_free_bytes.unwrap() > 0 && health.database_bytes.unwrap() > 0);
    assert!(serde_json::to_string(&health).unwrap().contains("\"jobs_dead\":0"));
}

fn a_reader_sees_one_snapshot(bed: &Bed) {
    let store = bed.open();
    note(&store, "a", "x");
    let writer = store.clone();
    let counts = store
        .read(|tx| -> Result<_, StoreError> {
            let count = || tx.query("SELECT COUNT(*) AS n FROM notes", &[])?[0].get_i64("n");
            let before = count()?;
            note(&writer, "b", "x");
            Ok((before, count()?))
        })
        .unwrap();
    assert_eq!(counts, (1, 1));
    let rows = store.read(|tx| tx.query(&format!("SELECT * FROM {}", NOTES[0].name), &[])).unwrap();
    assert_eq!(rows.len(), 2);
}
