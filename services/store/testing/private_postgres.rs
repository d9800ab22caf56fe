//! A PostgreSQL server that a test starts for itself: its own directory, loopback only, its own port, ended with the test.
//! Without PostgreSQL's programs there is none, which fails only with `SEKISHO_REQUIRE_POSTGRES=1`. Tests take this file
//! in with `#[path]`.

use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The server, ended when it is dropped.
pub(crate) struct Server {
    child: Child,
    programs: PathBuf,
    port: u16,
    databases: u32,
    folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGINT is a fast shutdown; the process is our own child, so a kill is the last resort.
        let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        for _ in 0..50 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program run as the user `postgres` where we are root, which the server refuses to be.
fn as_postgres(program: &Path, folder: &Path) -> Command {
    let root = std::fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0);
    let mut command = if root {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    if root {
        assert!(Command::new("chown").arg("postgres").arg(folder).status().unwrap().success());
    }
    command.current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

impl Server {
    /// `None` where PostgreSQL is not installed.
    pub(crate) fn start() -> Option<Self> {
        let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
            .filter(|programs| programs.join("initdb").exists())
            .collect();
        found.sort();
        let Some(programs) = found.pop() else {
            let required = std::env::var_os("SEKISHO_REQUIRE_POSTGRES").is_some_and(|value| value == "1");
            assert!(!required, "SEKISHO_REQUIRE_POSTGRES=1, but no initdb under /usr/lib/postgresql");
            eprintln!("skipped: no PostgreSQL programs under /usr/lib/postgresql");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("cluster");
        let made = as_postgres(&programs.join("initdb"), folder.path())
            .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N", "-D"])
            .arg(&data)
            .status()
            .unwrap();
        assert!(made.success());
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let child = as_postgres(&programs.join("postgres"), folder.path())
            .arg("-D")
            .arg(&data)
            .args([
                "-p",
                &port.to_string(),
                "-h",
                "127.0.0.1",
                "-c",
                "fsync=off",
                "-c",
                "full_page_writes=off",
                "-c",
                "max_connections=60",
                "-k",
            ])
            .arg(folder.path())
            .spawn()
            .unwrap();
        let server = Self { child, programs, port, databases: 0, folder };
        for _ in 0..300 {
            if server.run("psql", &["-c", "SELECT 1", "postgres"]) {
                return Some(server);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("PostgreSQL did not start");
    }

    /// The address of a database.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// The address of a new, empty database.
    pub(crate) fn database(&mut self) -> String {
        self.databases += 1;
        let name = format!("bed{}", self.databases);
        assert!(self.run("createdb", &[&name]));
        self.url(&name)
    }

    fn run(&self, program: &str, args: &[&str]) -> bool {
        as_postgres(&self.programs.join(program), self.folder.path())
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "postgres"])
            .args(args)
            .status()
            .is_ok_and(|status| status.success())
    }
}
