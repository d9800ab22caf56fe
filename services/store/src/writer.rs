//! The one writer. A thread owns the connection that writes; callers hand it closures. It runs what has piled up as
//! one transaction (each closure in a savepoint of its own), signs one checkpoint, commits, writes the tiles, and
//! only then tells the callers. A caller that was told "done" finds its unit after any crash.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};

use sekisho_ledger::{Checkpoint, Hash, SigningKey};

use crate::db::{self, Db};
use crate::store::{Published, Shared};
use crate::tiles::Publisher;
use crate::value::Value;
use crate::write::{Chain, WriteTx};
use crate::{StoreError, chain};

/// Most units in one transaction.
const BATCH: usize = 1024;

/// Tells the caller how its unit ended, once that is certain.
pub(crate) type Acknowledge = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// What running a unit gives: whether its changes are to be kept, and how to tell its caller.
pub(crate) struct Ran {
    pub(crate) keep: bool,
    pub(crate) acknowledge: Acknowledge,
}

/// A caller's closure with the way back to the caller.
pub(crate) trait Unit: Send {
    /// Carries the closure out.
    fn run(self: Box<Self>, tx: &mut WriteTx) -> Ran;
    /// Tells the caller that the closure was not run.
    fn refuse(self: Box<Self>) -> Acknowledge;
}

pub(crate) type Upkeep = Box<dyn FnOnce(&mut Writer) + Send>;

pub(crate) enum Command {
    /// A unit of work.
    Unit(Box<dyn Unit>),
    /// Something that needs the writer for itself (rebuild).
    Upkeep(Upkeep),
    /// The store is being closed.
    Stop,
}

pub(crate) struct Writer {
    pub(crate) tx: WriteTx,
    /// What the last commit left behind.
    committed: Chain,
    publisher: Option<Publisher>,
    pub(crate) shared: Arc<Shared>,
    signer: SigningKey,
    batch: i64,
    /// The connection is gone; it is opened anew before the next batch.
    lost: bool,
}

impl Writer {
    pub(crate) fn new(
        tx: WriteTx,
        batch: i64,
        publisher: Option<Publisher>,
        shared: Arc<Shared>,
        signer: SigningKey,
    ) -> Self {
        let committed = tx.chain.clone();
        Self { tx, committed, publisher, shared, signer, batch, lost: false }
    }

    /// Serves commands until the store is closed.
    pub(crate) fn serve(mut self, commands: &Receiver<Command>) {
        while let Ok(first) = commands.recv() {
            let mut next = Some(first);
            let mut units = Vec::new();
            let mut after = None;
            loop {
                match next.take() {
                    Some(Command::Unit(unit)) => units.push(unit),
                    Some(other) => {
                        after = Some(other);
                        break;
                    }
                    None => {}
                }
                if units.len() >= BATCH {
                    break;
                }
                match commands.try_recv() {
                    Ok(command) => next = Some(command),
                    Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
                }
            }
            if !units.is_empty() {
                self.run_batch(units);
            }
            match after {
                Some(Command::Upkeep(job)) => match self.connected() {
                    Ok(()) => job(&mut self),
                    Err(error) => self.shared.note_fault(&error),
                },
                Some(Command::Stop) => return,
                Some(Command::Unit(_)) | None => {}
            }
        }
    }

    /// Runs units as one transaction and tells their callers.
    pub(crate) fn run_batch(&mut self, units: Vec<Box<dyn Unit>>) {
        let mut waiting = Vec::with_capacity(units.len());
        match self.try_batch(units, &mut waiting) {
            Ok(()) => waiting.into_iter().for_each(|tell| tell(Ok(()))),
            Err(error) => {
                self.tx.db.rollback();
                self.tx.chain = self.committed.clone();
                self.tx.fresh.clear();
                self.tx.broken = None;
                if matches!(error, StoreError::Unavailable { .. }) {
                    self.lost = true;
                }
                self.shared.note_fault(&error);
                waiting.into_iter().for_each(|tell| tell(Err(error.share())));
            }
        }
    }

    fn try_batch(
        &mut self,
        units: Vec<Box<dyn Unit>>,
        waiting: &mut Vec<Acknowledge>,
    ) -> Result<(), StoreError> {
        let mut units = units.into_iter();
        if let Err(error) = self.connected().and_then(|()| self.tx.db.begin_write()) {
            waiting.extend(units.map(|unit| unit.refuse()));
            return Err(error);
        }
        for unit in units.by_ref() {
            if let Err(error) = self.run_unit(unit, waiting) {
                waiting.extend(units.map(|unit| unit.refuse()));
                return Err(error);
            }
        }
        self.commit()
    }

    /// Runs one unit in a savepoint. An error here ends the batch; the unit's own error does not.
    fn run_unit(&mut self, unit: Box<dyn Unit>, waiting: &mut Vec<Acknowledge>) -> Result<(), StoreError> {
        let (before, entries) = (self.tx.chain.clone(), self.tx.fresh.len());
        if let Err(error) = self.tx.db.script("SAVEPOINT unit") {
            waiting.push(unit.refuse());
            return Err(error);
        }
        // A panic in a unit is that unit's fault: its reply channel closes, everyone else goes on.
        let ran = catch_unwind(AssertUnwindSafe(|| unit.run(&mut self.tx)));
        let (keep, acknowledge) = match ran {
            Ok(ran) => (ran.keep, Some(ran.acknowledge)),
            Err(_) => (false, None),
        };
        if let Some(error) = self.tx.broken.take()
            && !self.tx.db.in_transaction()
        {
            waiting.extend(acknowledge);
            return Err(error);
        } else if keep && let Err(error) = self.tx.db.script("RELEASE SAVEPOINT unit") {
            if error.breaks_batch() || !self.tx.db.in_transaction() {
                waiting.extend(acknowledge);
                return Err(error);
            }
            // The unit swallowed an error of a statement, after which PostgreSQL keeps nothing of it.
            if let Some(tell) = acknowledge {
                tell(Err(error));
            }
            return self.undo(before, entries);
        }
        if keep {
            waiting.extend(acknowledge);
            return Ok(());
        }
        self.undo(before, entries)?;
        if let Some(tell) = acknowledge {
            tell(Ok(()));
        }
        Ok(())
    }

    fn undo(&mut self, before: Chain, entries: usize) -> Result<(), StoreError> {
        self.tx.chain = before;
        self.tx.fresh.truncate(entries);
        self.tx.db.script("ROLLBACK TO SAVEPOINT unit")?;
        self.tx.db.script("RELEASE SAVEPOINT unit")
    }

    /// Signs, commits and publishes the open transaction.
    fn commit(&mut self) -> Result<(), StoreError> {
        let batch = self.batch.saturating_add(1);
        let mut published = None;
        if self.tx.fresh.is_empty() {
            self.tx.db.execute("UPDATE checkpoint SET batch = ?1 WHERE id = 1", &[Value::Int(batch)])?;
        } else {
            let frontier = &self.tx.chain.frontier;
            let (size, root) = (frontier.size(), frontier.root());
            // Without a publisher the files lag, and the next start has to look at all of them.
            let flushed = self.publisher.as_ref().map_or(0, Publisher::flushed);
            let note = Checkpoint::new(self.shared.origin(), size, root).sign(&self.signer);
            chain::save(
                self.tx.db.as_mut(),
                &self.tx.chain,
                &note,
                self.shared.clock.now_ms(),
                batch,
                flushed,
            )?;
            published = Some(Published { size, root, note, time_ms: self.shared.clock.now_ms() });
        }
        if let Err(error) = self.tx.db.commit()
            && (!matches!(error, StoreError::Unavailable { .. }) || !self.was_committed(batch))
        {
            return Err(error);
        }
        self.batch = batch;
        self.committed = self.tx.chain.clone();
        self.tx.broken = None;
        let fresh = std::mem::take(&mut self.tx.fresh);
        if let Some(published) = published {
            // The rows are durable: from here on the units are done, whatever the tiles say.
            if let Err(error) = self.publish(fresh, &published) {
                self.publisher = None;
                self.shared.note_tiles(Some(error.to_string()));
            } else {
                self.shared.note_tiles(None);
            }
            self.shared.publish(published);
        }
        self.shared.note_success();
        Ok(())
    }

    /// The connection broke during COMMIT: a new one tells whether the commit took place.
    fn was_committed(&mut self, batch: i64) -> bool {
        self.lost = true;
        let Ok(mut db) = db::open_writer(self.shared.database(), self.shared.data(), self.shared.fsync())
        else {
            return false;
        };
        let found = db.first("SELECT batch FROM checkpoint WHERE id = 1", &[]);
        let done = matches!(found, Ok(Some(row)) if row.get_i64("batch").is_ok_and(|b| b == batch));
        self.tx.db = db;
        self.lost = false;
        done
    }

    fn publish(&mut self, fresh: Vec<(Vec<u8>, Hash)>, now: &Published) -> Result<(), StoreError> {
        let appended = fresh.len() as u64;
        let publisher = match &mut self.publisher {
            Some(publisher) if publisher.size().saturating_add(appended) == now.size => {
                publisher.append(fresh)?;
                publisher
            }
            // An earlier attempt failed (no room, say): catch up from the rows.
            other => {
                let signed =
                    chain::signed_file(self.shared.data(), &self.signer.verifier(), self.shared.origin())?
                        .map(|c| (c.size, c.root));
                let at = (now.size, now.root);
                let fsync = self.shared.fsync();
                other.insert(Publisher::open(self.shared.data(), fsync, self.tx.db.as_mut(), at, signed, 0)?)
            }
        };
        publisher.sign(&now.note)
    }

    /// Makes sure that there is a living connection which sees the ledger as this thread remembers it.
    fn connected(&mut self) -> Result<(), StoreError> {
        if !self.lost {
            return Ok(());
        }
        self.tx.db = db::open_writer(self.shared.database(), self.shared.data(), self.shared.fsync())
            .map_err(|e| match e {
                // The server may hold the old session's lock for a moment.
                StoreError::Locked { place } => {
                    StoreError::Unavailable { reason: format!("{place} is still locked") }
                }
                other => other,
            })?;
        let state = chain::load(self.tx.db.as_mut(), &self.signer.verifier(), self.shared.origin())?
            .ok_or_else(|| StoreError::contradiction("table checkpoint", "it is empty after a reconnect"))?;
        if state.chain.frontier.size() < self.committed.frontier.size() {
            return Err(StoreError::contradiction(
                "table checkpoint",
                format!(
                    "it counts {} events after a reconnect, {} were acknowledged",
                    state.chain.frontier.size(),
                    self.committed.frontier.size()
                ),
            ));
        }
        if state.chain.frontier.size() > self.committed.frontier.size() {
            self.publisher = None;
            self.shared.publish(state.published());
        }
        self.batch = state.batch;
        self.committed = state.chain.clone();
        self.tx.chain = state.chain;
        self.lost = false;
        Ok(())
    }

    /// Runs something of the store itself in a transaction of its own.
    pub(crate) fn alone<T>(
        &mut self,
        job: impl FnOnce(&mut dyn Db) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.tx.db.begin_write()?;
        let result = job(self.tx.db.as_mut()).and_then(|value| self.tx.db.commit().map(|()| value));
        if result.is_err() {
            self.tx.db.rollback();
        }
        result
    }
}
