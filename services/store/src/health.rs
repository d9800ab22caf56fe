//! How the store is doing, for the administrator's page and the metrics. Never fails: what can't be found out is
//! `None`, and the reason is in `faults`.

use serde::Serialize;

use crate::db::{self, Database};
use crate::store::Store;

/// A look at the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    /// "sqlite" or "postgres".
    pub backend: &'static str,
    /// The ledger's origin.
    pub origin: String,
    /// False if the store was opened for inspection.
    pub writable: bool,
    /// Events under the last signed checkpoint.
    pub events: Option<u64>,
    /// When it was signed, milliseconds since the epoch.
    pub checkpoint_ms: Option<i64>,
    /// Size of the database in bytes.
    pub database_bytes: Option<u64>,
    /// Free bytes on the data directory's file system.
    pub disk_free_bytes: Option<u64>,
    /// Its size.
    pub disk_total_bytes: Option<u64>,
    /// Transactions since the start.
    pub batches: u64,
    /// Jobs that wait.
    pub jobs_ready: Option<u64>,
    /// Jobs at work.
    pub jobs_leased: Option<u64>,
    /// Jobs that were given up.
    pub jobs_dead: Option<u64>,
    /// What is wrong at the moment; empty when all is well.
    pub faults: Vec<String>,
}

impl Health {
    /// Is nothing wrong?
    #[must_use]
    pub fn ok(&self) -> bool {
        self.faults.is_empty()
    }
}

impl Store {
    /// A look at the store, cheap enough for every few seconds.
    #[must_use]
    pub fn health(&self) -> Health {
        let shared = self.shared();
        let (write_fault, tiles_fault, batches) = shared.faults();
        let mut faults: Vec<String> = write_fault.into_iter().collect();
        faults.extend(tiles_fault.map(|f| format!("the ledger's files lag behind the rows: {f}")));
        let published = shared.published();
        let mut health = Health {
            backend: shared.database().name(),
            origin: shared.origin().to_owned(),
            writable: self.writable(),
            events: published.as_ref().map(|p| p.size),
            checkpoint_ms: published.as_ref().map(|p| p.time_ms),
            database_bytes: None,
            disk_free_bytes: None,
            disk_total_bytes: None,
            batches,
            jobs_ready: None,
            jobs_leased: None,
            jobs_dead: None,
            faults,
        };
        match rustix::fs::statvfs(shared.data()) {
            Ok(disk) => {
                health.disk_free_bytes = Some(disk.f_bavail.saturating_mul(disk.f_frsize));
                health.disk_total_bytes = Some(disk.f_blocks.saturating_mul(disk.f_frsize));
            }
            Err(e) => health.faults.push(format!("the data directory can't be looked at: {e}")),
        }
        if let Err(e) = self.count(&mut health) {
            health.faults.push(e.to_string());
        }
        health
    }

    fn count(&self, health: &mut Health) -> Result<(), crate::StoreError> {
        let data = self.data().to_owned();
        let database = self.shared().database().clone();
        self.read(|tx| {
            let (mut ready, mut leased, mut dead) = (0, 0, 0);
            for row in tx.query("SELECT state, COUNT(*) AS n FROM jobs GROUP BY state", &[])? {
                let n = row.get_u64("n")?;
                match row.get_text("state")? {
                    "ready" => ready = n,
                    "leased" => leased = n,
                    _ => dead = n,
                }
            }
            (health.jobs_ready, health.jobs_leased, health.jobs_dead) =
                (Some(ready), Some(leased), Some(dead));
            health.database_bytes = match database {
                Database::Sqlite => ["", "-wal"]
                    .iter()
                    .map(|suffix| {
                        let mut path = db::sqlite_path(&data).into_os_string();
                        path.push(suffix);
                        std::fs::metadata(path).map(|m| m.len()).ok()
                    })
                    .fold(None, |sum: Option<u64>, part| match (sum, part) {
                        (None, part) => part,
                        (sum, None) => sum,
                        (Some(a), Some(b)) => Some(a.saturating_add(b)),
                    }),
                Database::Postgres(_) => tx
                    .query("SELECT pg_database_size(current_database()) AS n", &[])?
                    .first()
                    .and_then(|row| row.get_u64("n").ok()),
            };
            Ok(())
        })
    }
}
