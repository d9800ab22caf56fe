//! `kill -9` at any moment: what was acknowledged is there afterwards, and everything agrees. The test binary starts
//! itself as the victim.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;

use super::{Bed, problems};
use crate::{Database, OpenOptions, Store, StoreError};

const VICTIM: &str = "SEKISHO_STORE_VICTIM";

#[test]
fn the_victim_of_the_crash_test() {
    let Some(dir) = std::env::var_os(VICTIM).map(PathBuf::from) else { return };
    let mut options = OpenOptions::new(dir, super::ORIGIN);
    options.projections = vec![std::sync::Arc::new(super::Notes { version: 1 })];
    options.modules = vec![std::sync::Arc::new(super::Sessions)];
    let store = Store::open(options).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let store = store.clone();
            scope.spawn(move || {
                for n in 0u64.. {
                    let id = format!("{}-{thread}-{n}", std::process::id());
                    let unit = id.clone();
                    let blob = store.blobs().put_bytes(id.as_bytes()).unwrap().id;
                    let seq = store
                        .write(move |tx| -> Result<u64, StoreError> {
                            tx.enqueue("q", json!(unit), 0)?;
                            tx.emit(
                                "note.written",
                                "a",
                                &unit,
                                json!({ "text": "x".repeat(300), "blob": blob }),
                            )
                        })
                        .unwrap();
                    let mut out = std::io::stdout().lock();
                    writeln!(out, "ACK {seq} {id}").unwrap();
                    out.flush().unwrap();
                }
            });
        }
    });
}

#[test]
fn what_was_acknowledged_survives_kill_nine() {
    let bed = Bed::new(Database::Sqlite);
    let mut acknowledged: Vec<(u64, String)> = vec![];
    for round in 0..10u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "tests::crash::the_victim_of_the_crash_test", "--nocapture"])
            .env(VICTIM, bed.data())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let reader = std::thread::spawn(move || {
            lines
                .map_while(Result::ok)
                .filter_map(|line| {
                    let (_, ack) = line.split_once("ACK ")?;
                    let (seq, id) = ack.split_once(' ')?;
                    Some((seq.parse::<u64>().ok()?, id.to_owned()))
                })
                .collect::<Vec<_>>()
        });
        // A different moment each round, from "hardly open" to "in full swing".
        std::thread::sleep(Duration::from_millis(20 + round * 37));
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged.extend(reader.join().unwrap());

        let mut options = bed.options();
        options.clock = std::sync::Arc::new(crate::SystemClock);
        let store = Store::open(options).unwrap();
        assert_eq!(problems(&store), Vec::<String>::new(), "round {round}");
        let jobs = store.health().jobs_ready.unwrap();
        let events = store.verify().unwrap().events;
        assert_eq!(jobs, events - 1, "an event and its job live or die together");
        for (seq, id) in &acknowledged {
            assert_eq!(&store.event(*seq).unwrap().unwrap().subject, id, "round {round}");
        }
    }
    assert!(acknowledged.len() > 10, "only {} acknowledged", acknowledged.len());
}
