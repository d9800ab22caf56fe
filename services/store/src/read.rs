//! Reading: a few connections beside the writer's, each unit of reading on one snapshot.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::StoreError;
use crate::db::{self, Database, Db};
use crate::dialect::{self, Effect};
use crate::event::{self, Event, EventFilter};
use crate::value::{Row, Value};

/// Idle connections that are kept.
const IDLE: usize = 8;

/// One consistent view of the database; sees nothing that is committed after it began.
pub struct ReadTx {
    pub(crate) db: RefCell<Box<dyn Db>>,
}

impl ReadTx {
    /// Runs a query in portable SQL.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] for anything but a query, otherwise what the database reports.
    pub fn query(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        if dialect::effect(sql) != Effect::Read {
            return Err(StoreError::misuse("a read may only run SELECT: use `write` to change something"));
        }
        self.db
            .try_borrow_mut()
            .map_err(|_| StoreError::misuse("a query was started inside another one"))?
            .query(sql, params)
    }

    /// One event.
    ///
    /// # Errors
    /// What the database reports.
    pub fn event(&self, seq: u64) -> Result<Option<Event>, StoreError> {
        let sql = format!("SELECT {} FROM events WHERE seq = ?1", event::COLUMNS);
        self.query(&sql, &[Value::try_from(seq)?])?.first().map(Event::from_row).transpose()
    }

    /// At most `limit` events after `after_seq`, in their order.
    ///
    /// # Errors
    /// What the database reports.
    pub fn events(&self, after_seq: u64, limit: u32, filter: &EventFilter) -> Result<Vec<Event>, StoreError> {
        let (sql, params) = filter.statement(after_seq, limit)?;
        self.query(&sql, &params)?.iter().map(Event::from_row).collect()
    }
}

pub(crate) struct Readers {
    database: Database,
    data: PathBuf,
    idle: Mutex<Vec<Box<dyn Db>>>,
}

impl Readers {
    pub(crate) fn new(database: Database, data: PathBuf) -> Self {
        Self { database, data, idle: Mutex::new(Vec::new()) }
    }

    /// Runs `job` on a snapshot.
    pub(crate) fn snapshot<T, E: From<StoreError>>(
        &self,
        job: impl FnOnce(&ReadTx) -> Result<T, E>,
    ) -> Result<T, E> {
        let tx = ReadTx { db: RefCell::new(self.begin()?) };
        let result = job(&tx);
        let mut db = tx.db.into_inner();
        // A connection whose transaction can't be ended is not used again.
        if db.script("ROLLBACK").is_ok() {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < IDLE {
                idle.push(db);
            }
        }
        result
    }

    fn begin(&self) -> Result<Box<dyn Db>, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(mut db) = idle
            && db.begin_read().is_ok()
        {
            return Ok(db);
        }
        // The idle ones may all have lost their server; they are dropped one by one as they are tried.
        let mut db = db::open_reader(&self.database, &self.data)?;
        db.begin_read()?;
        Ok(db)
    }
}
