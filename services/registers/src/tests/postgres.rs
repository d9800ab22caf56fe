//! The suite against a PostgreSQL server that the test starts for itself: its own directory, loopback only, its own port,
//! ended with the test. Without PostgreSQL's programs the test says so and passes, unless `SEKISHO_REQUIRE_POSTGRES=1`.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sekisho_store::Database;
use tempfile::TempDir;

use super::bed::Bed;

pub(super) struct Cluster {
    server: Child,
    port: u16,
    bin: PathBuf,
    databases: u32,
    dir: TempDir,
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
    pub(super) fn start() -> Option<Self> {
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
            .args(["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "shared_buffers=128MB"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut this = Self { server, port, bin, databases: 0, dir };
        let deadline = Instant::now() + Duration::from_secs(30);
        while !this.sql("SELECT 1") {
            assert!(Instant::now() < deadline, "the server did not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(this)
    }

    fn sql(&mut self, sql: &str) -> bool {
        Command::new(self.bin.join("psql"))
            .args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "postgres", "-c", sql])
            .current_dir(self.dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    pub(super) fn bed(&mut self) -> Bed {
        self.databases += 1;
        let name = format!("bed{}", self.databases);
        assert!(self.sql(&format!("CREATE DATABASE {name}")));
        Bed::on(Database::Postgres(format!("postgres://postgres@127.0.0.1:{}/{name}", self.port)))
    }
}

#[test]
fn the_suite_passes_on_postgresql() {
    let Some(mut cluster) = Cluster::start() else { return };
    for (name, case) in super::CASES {
        eprintln!("on PostgreSQL: {name}");
        case(&cluster.bed());
    }
}
