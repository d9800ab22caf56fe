//! A unit of work: what a caller's closure may do inside the writer's transaction. Events get their place, time,
//! salt and leaf here; projections are applied at once, so that nobody ever reads an event without its effect.

use std::sync::Arc;

use sekisho_ledger::{Entry, Frontier, Hash, commit, leaf_hash};

use crate::clock::Clock;
use crate::db::Db;
use crate::event::{self, DISPOSED, Event, SYSTEM};
use crate::projection::{Author, Guarded, Owners, Projection};
use crate::value::{Row, Sql, Value};
use crate::{StoreError, files};

/// The writer's side of a unit of work. Everything done through it is kept together or not at all.
pub struct WriteTx {
    pub(crate) db: Box<dyn Db>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) projections: Arc<[Arc<dyn Projection>]>,
    pub(crate) owners: Arc<Owners>,
    pub(crate) chain: Chain,
    /// Entries of this batch, not yet committed.
    pub(crate) fresh: Vec<(Vec<u8>, Hash)>,
    /// The first error that makes the whole transaction worthless, even if the unit's closure swallowed it.
    pub(crate) broken: Option<StoreError>,
}

/// Where the ledger ends.
#[derive(Clone)]
pub(crate) struct Chain {
    pub(crate) frontier: Frontier,
    pub(crate) last_ms: i64,
}

impl WriteTx {
    /// Appends an event and applies it to every projection. Returns its place in the ledger.
    ///
    /// # Errors
    /// A kind outside `[a-z0-9._-]{1,64}`, U+0000 in a text, or what a projection or the database reports.
    pub fn emit(
        &mut self,
        kind: &str,
        actor: &str,
        subject: &str,
        body: serde_json::Value,
    ) -> Result<u64, StoreError> {
        event::check_kind(kind)?;
        event::check_text("actor", actor)?;
        event::check_text("subject", subject)?;
        let payload = event::encode(actor, subject, &body)?;
        let salt = files::random::<32>()?;
        let seq = self.chain.frontier.size();
        let time_ms = self.now_ms();
        let entry =
            Entry { seq, time_ms, kind: kind.to_owned(), commitment: commit(&salt, &payload) }.encode();
        let leaf = leaf_hash(&entry);
        let inserted = self.db.execute(
            "INSERT INTO events (seq, time_ms, kind, actor, subject, payload, salt, entry, leaf) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            &[
                Value::try_from(seq)?,
                Value::Int(time_ms),
                Value::from(kind),
                Value::from(actor),
                Value::from(subject),
                Value::Blob(payload),
                Value::from(salt),
                Value::Blob(entry.clone()),
                Value::from(leaf.0),
            ],
        );
        self.watch(inserted)?;
        self.chain.frontier.push(leaf);
        self.chain.last_ms = time_ms;
        self.fresh.push((entry, leaf));
        let event = Event {
            seq,
            time_ms,
            kind: kind.to_owned(),
            actor: actor.to_owned(),
            subject: subject.to_owned(),
            body: Some(body),
        };
        let applied = apply(self.db.as_mut(), &self.projections, &self.owners, &event);
        self.watch(applied)?;
        Ok(seq)
    }

    /// Empties the payload of an event whose retention has ended. The leaf and every proof stay; an event
    /// `ledger.payload-disposed` says who and what it was about, and why it went.
    ///
    /// # Errors
    /// No such event, its payload is gone already, or it is one that explains a disposal.
    pub fn dispose_payload(&mut self, seq: u64, reason: &str) -> Result<(), StoreError> {
        let found = self.db.first(
            "SELECT kind, actor, subject, payload FROM events WHERE seq = ?1",
            &[Value::try_from(seq)?],
        );
        let row = self.watch(found)?.ok_or_else(|| StoreError::NotFound { what: format!("event {seq}") })?;
        if row.get_opt_blob("payload")?.is_none() {
            return Err(StoreError::invalid(format!("the payload of event {seq} was disposed of before")));
        }
        if matches!(row.get_text("kind")?, DISPOSED | event::GENESIS) {
            return Err(StoreError::invalid(format!(
                "event {seq} belongs to the ledger itself and has to stay"
            )));
        }
        let body = serde_json::json!({
            "seq": seq,
            "actor": row.get_text("actor")?,
            "subject": row.get_text("subject")?,
            "reason": reason,
        });
        let emptied = self.db.execute(
            "UPDATE events SET payload = NULL, salt = NULL WHERE seq = ?1",
            &[Value::try_from(seq)?],
        );
        self.watch(emptied)?;
        self.emit(DISPOSED, SYSTEM, &format!("event:{seq}"), body)?;
        Ok(())
    }

    /// Reads; sees what this unit has written so far.
    ///
    /// # Errors
    /// What the database reports.
    pub fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.owners.check(Author::Unit, sql)?;
        let result = self.db.query(sql, params);
        self.watch(result)
    }

    /// Changes a module's table. Tables of projections and of the store are refused.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] for a foreign table, otherwise what the database reports.
    pub fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, StoreError> {
        self.owners.check(Author::Unit, sql)?;
        self.run(sql, params)
    }

    /// The time that an event emitted now would carry: the clock's, but never before that of the last event.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms().max(self.chain.last_ms)
    }

    /// A statement of the store itself.
    pub(crate) fn run(&mut self, sql: &str, params: &[Value]) -> Result<u64, StoreError> {
        let result = self.db.execute(sql, params);
        self.watch(result)
    }

    /// Remembers an error after which the transaction can't be committed.
    fn watch<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &result
            && error.breaks_batch()
            && self.broken.is_none()
        {
            self.broken = Some(error.share());
        }
        result
    }
}

impl Sql for WriteTx {
    fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        WriteTx::query(self, sql, params)
    }

    fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, StoreError> {
        WriteTx::execute(self, sql, params)
    }
}

/// Applies an event to every projection, in their order.
pub(crate) fn apply(
    db: &mut dyn Db,
    projections: &[Arc<dyn Projection>],
    owners: &Owners,
    event: &Event,
) -> Result<(), StoreError> {
    for (number, projection) in projections.iter().enumerate() {
        let mut guarded = Guarded { db, owners, author: Author::Projection(number) };
        projection.apply(&mut guarded, event)?;
    }
    Ok(())
}
