//! The same suite against a PostgreSQL server that the test starts for itself: its own directory, loopback only, its own
//! port, ended with the test. Without PostgreSQL's programs the test says so and passes, unless
//! `SEKISHO_REQUIRE_POSTGRES=1` makes it mandatory.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use postgres::{Client, NoTls};
use serde_json::json;
use tempfile::TempDir;

use super::{Bed, note, problems, suite};
use crate::{Database, Store, StoreError};

struct Cluster {
    server: Child,
    port: u16,
    databases: u32,
    _dir: TempDir,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // SIGINT is PostgreSQL's fast shutdown; the process itself is ours, so a kill is the fallback.
        let pid = self.server.id().to_string();
        let _ = Command::new("kill").args(["-INT", &pid]).status();
        for _ in 0..50 {
            if matches!(self.server.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn programs() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|e| Some(e.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    found.sort();
    found.pop()
}

impl Cluster {
    fn start() -> Option<Self> {
        let Some(bin) = programs() else {
            assert!(
                std::env::var_os("SEKISHO_REQUIRE_POSTGRES").is_none_or(|v| v != "1"),
                "SEKISHO_REQUIRE_POSTGRES=1, but no initdb under /usr/lib/postgresql"
            );
            eprintln!("skipped: no PostgreSQL programs under /usr/lib/postgresql");
            return None;
        };
        let dir = tempfile::tempdir().unwrap();
        let root =
            std::fs::metadata("/proc/self").is_ok_and(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0);
        if root {
            assert!(Command::new("chown").arg("postgres").arg(dir.path()).status().unwrap().success());
        }
        let run = |program: &Path| {
            // The server refuses to run as root.
            let mut command = if root { Command::new("setpriv") } else { Command::new(program) };
            if root {
                command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]).arg(program);
            }
            command.current_dir(dir.path());
            command
        };
        let cluster = dir.path().join("cluster");
        let made = run(&bin.join("initdb"))
            .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N", "-D"])
            .arg(&cluster)
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(made.success());
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let server = run(&bin.join("postgres"))
            .arg("-D")
            .arg(&cluster)
            .args(["-p", &port.to_string(), "-h", "127.0.0.1", "-k"])
            .arg(dir.path())
            .args([
                "-c",
                "fsync=off",
                "-c",
                "full_page_writes=off",
                "-c",
                "max_connections=60",
                "-c",
                "shared_buffers=32MB",
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let this = Self { server, port, databases: 0, _dir: dir };
        let deadline = Instant::now() + Duration::from_secs(30);
        while Client::connect(&this.url("postgres"), NoTls).is_err() {
            assert!(Instant::now() < deadline, "the server did not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(this)
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    fn bed(&mut self) -> Bed {
        self.databases += 1;
        let name = format!("bed{}", self.databases);
        let mut admin = Client::connect(&self.url("postgres"), NoTls).unwrap();
        admin.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        Bed::new(Database::Postgres(self.url(&name)))
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
    let Some(mut cluster) = Cluster::start() else { return };
    for (name, case) in suite::CASES {
        eprintln!("on PostgreSQL: {name}");
        case(&cluster.bed());
    }
    eprintln!("on PostgreSQL: a_lost_connection_is_reported_and_reopened");
    a_lost_connection_is_reported_and_reopened(&cluster.bed());
    eprintln!("on PostgreSQL: a_lost_server_is_reported");
    a_lost_server_is_reported(cluster);
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

fn a_lost_server_is_reported(mut cluster: Cluster) {
    let bed = cluster.bed();
    let store = bed.open();
    note(&store, "a", "x");
    drop(cluster);
    let refused = store.write(|tx| tx.emit("note.written", "a", "b", json!({})));
    assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
    let read = store.events(0, 1, &crate::EventFilter::default());
    assert!(matches!(read, Err(StoreError::Unavailable { .. })), "{read:?}");
    assert!(!store.health().ok());
    drop(store);
    assert!(matches!(Store::open(bed.options()).err(), Some(StoreError::Unavailable { .. })));
}
