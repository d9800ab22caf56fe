//! The same suite on a PostgreSQL server of its own, and what only a server can do: end a connection, or itself.

#[path = "../../testing/private_postgres.rs"]
mod private_postgres;

use std::time::Duration;

use postgres::{Client, NoTls};
use serde_json::json;

use super::{Bed, note, problems, suite};
use crate::{Database, Store, StoreError};
use private_postgres::Server;

impl Server {
    fn bed(&mut self) -> Bed {
        Bed::new(Database::Postgres(self.database()))
    }
}

/// Empties a database for a restore.
pub(super) fn empty(database: &Database) {
    let Database::Postgres(url) = database else { return };
    let mut client = Client::connect(url, NoTls).unwrap();
    client.batch_execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public").unwrap();
}

#[test]
fn the_suite_passes_on_postgresql() {
    let Some(mut server) = Server::start() else { return };
    for (name, case) in suite::CASES {
        eprintln!("on PostgreSQL: {name}");
        case(&server.bed());
    }
    eprintln!("on PostgreSQL: a_lost_connection_is_reported_and_reopened");
    a_lost_connection_is_reported_and_reopened(&server.bed());
    eprintln!("on PostgreSQL: a_lost_server_is_reported");
    a_lost_server_is_reported(server);
}

fn terminate_all(bed: &Bed) {
    let Database::Postgres(url) = &bed.database else { return };
    let mut client = Client::connect(url, NoTls).unwrap();
    client
        .execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
            &[],
        )
        .unwrap();
}

fn a_lost_connection_is_reported_and_reopened(bed: &Bed) {
    let store = bed.open();
    let mut kept = vec![];
    for round in 0..5 {
        kept.push((note(&store, &format!("r{round}"), "x"), format!("r{round}")));
        terminate_all(bed);
        // The first unit may notice the loss; from then on the store is connected again.
        let mut failed = 0;
        for attempt in 0..10 {
            let id = format!("r{round}-{attempt}");
            let unit = id.clone();
            match store.write(move |tx| tx.emit("note.written", "a", &unit, json!({}))) {
                Ok(seq) => {
                    kept.push((seq, id));
                    break;
                }
                Err(error) => {
                    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
                    failed += 1;
                    std::thread::sleep(Duration::from_millis(50));
                }
            }
        }
        assert!(failed < 10, "the store did not reconnect");
    }
    // Lost in the middle of a unit: not acknowledged, not kept.
    let Database::Postgres(url) = bed.database.clone() else { return };
    let cut = store.write(move |tx| -> Result<u64, StoreError> {
        tx.emit("note.written", "a", "cut", json!({}))?;
        let mut admin = Client::connect(&url, NoTls).unwrap();
        admin
            .execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
                &[],
            )
            .unwrap();
        tx.emit("note.written", "a", "cut2", json!({}))
    });
    assert!(matches!(cut, Err(StoreError::Unavailable { .. })), "{cut:?}");
    assert!(!store.health().ok());
    kept.push((note(&store, "end", "x"), "end".to_owned()));
    for (seq, id) in &kept {
        assert_eq!(store.event(*seq).unwrap().unwrap().subject, *id);
    }
    assert!(store.read(|tx| tx.query("SELECT id FROM notes WHERE id LIKE 'cut%'", &[])).unwrap().is_empty());
    assert_eq!(problems(&store), Vec::<String>::new());
}

fn a_lost_server_is_reported(mut server: Server) {
    let bed = server.bed();
    let store = bed.open();
    note(&store, "a", "x");
    drop(server);
    let refused = store.write(|tx| tx.emit("note.written", "a", "b", json!({})));
    assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
    let read = store.events(0, 1, &crate::EventFilter::default());
    assert!(matches!(read, Err(StoreError::Unavailable { .. })), "{read:?}");
    assert!(!store.health().ok());
    drop(store);
    assert!(matches!(Store::open(bed.options()).err(), Some(StoreError::Unavailable { .. })));
}
