//! The store as others see it: opened once per data directory, shared by cloning.

use std::fs::{File, OpenOptions as FileOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::{self, JoinHandle, ThreadId};

use sekisho_ledger::{Frontier, Hash, NodeReader, Receipt, SigningKey, VerifierKey};

use crate::blob::BlobStore;
use crate::clock::{Clock, SystemClock};
use crate::db::{self, Database, Db};
use crate::event::{Event, EventFilter, GENESIS, SYSTEM};
use crate::projection::{Module, Owners, Projection};
use crate::read::{ReadTx, Readers};
use crate::tiles::Publisher;
use crate::value::Value;
use crate::write::{Chain, WriteTx};
use crate::writer::{Acknowledge, Command, Ran, Unit, Writer};
use crate::{StoreError, chain, files, keys, rebuild, schema, tiles};

/// How to open a store.
#[derive(Clone)]
pub struct OpenOptions {
    /// The data directory; created if it is missing.
    pub data: PathBuf,
    /// Where the rows are.
    pub database: Database,
    /// The ledger's origin line and key name, e.g. `imari.example/sekisho`.
    pub origin: String,
    /// Tables made from events.
    pub projections: Vec<Arc<dyn Projection>>,
    /// Other tables.
    pub modules: Vec<Arc<dyn Module>>,
    /// The source of time.
    pub clock: Arc<dyn Clock>,
    /// Flush to the disk before acknowledging. Turn it off in tests only.
    pub fsync: bool,
}

impl OpenOptions {
    /// SQLite in `data`, the machine's clock, durable writes, no projections or modules.
    pub fn new(data: impl Into<PathBuf>, origin: impl Into<String>) -> Self {
        Self {
            data: data.into(),
            database: Database::Sqlite,
            origin: origin.into(),
            projections: Vec::new(),
            modules: Vec::new(),
            clock: Arc::new(SystemClock),
            fsync: true,
        }
    }

    /// Uses another database.
    #[must_use]
    pub fn database(mut self, database: Database) -> Self {
        self.database = database;
        self
    }

    /// Adds a projection; they are applied in the order in which they were added.
    #[must_use]
    pub fn projection(mut self, projection: Arc<dyn Projection>) -> Self {
        self.projections.push(projection);
        self
    }

    /// Adds a module.
    #[must_use]
    pub fn module(mut self, module: Arc<dyn Module>) -> Self {
        self.modules.push(module);
        self
    }

    /// Uses another clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Turns flushing on or off.
    #[must_use]
    pub fn fsync(mut self, fsync: bool) -> Self {
        self.fsync = fsync;
        self
    }
}

/// The last signed checkpoint.
#[derive(Clone)]
pub(crate) struct Published {
    pub(crate) size: u64,
    pub(crate) root: Hash,
    pub(crate) note: String,
    pub(crate) time_ms: i64,
}

/// What the writer and the readers share.
pub(crate) struct Shared {
    pub(crate) options: OpenOptions,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) readers: Readers,
    pub(crate) verifier: VerifierKey,
    published: RwLock<Option<Published>>,
    fault: Mutex<Option<String>>,
    tiles_fault: Mutex<Option<String>>,
    batches: AtomicU64,
}

impl Shared {
    pub(crate) fn origin(&self) -> &str {
        &self.options.origin
    }
    pub(crate) fn data(&self) -> &Path {
        &self.options.data
    }
    pub(crate) fn database(&self) -> &Database {
        &self.options.database
    }
    pub(crate) fn fsync(&self) -> bool {
        self.options.fsync
    }
    pub(crate) fn published(&self) -> Option<Published> {
        self.published.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
    pub(crate) fn publish(&self, published: Published) {
        *self.published.write().unwrap_or_else(PoisonError::into_inner) = Some(published);
    }
    pub(crate) fn note_fault(&self, error: &StoreError) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
    }
    pub(crate) fn note_tiles(&self, fault: Option<String>) {
        *self.tiles_fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }
    pub(crate) fn note_success(&self) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.batches.fetch_add(1, Ordering::Relaxed);
    }
    pub(crate) fn faults(&self) -> (Option<String>, Option<String>, u64) {
        let copy = |m: &Mutex<Option<String>>| m.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (copy(&self.fault), copy(&self.tiles_fault), self.batches.load(Ordering::Relaxed))
    }
}

/// The store. Cloning gives another handle on the same one; every call blocks its thread.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    blobs: BlobStore,
    writer: Option<WriterHandle>,
    /// Keeps the data directory for us alone.
    _lock: Option<File>,
}

struct WriterHandle {
    commands: Sender<Command>,
    thread: Option<JoinHandle<()>>,
    id: ThreadId,
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(writer) = &mut self.writer {
            let _ = writer.commands.send(Command::Stop);
            // The last handle may be dropped on the writer's own thread, which can't wait for itself.
            if let Some(thread) = writer.thread.take()
                && thread.thread().id() != thread::current().id()
            {
                let _ = thread.join();
            }
        }
    }
}

impl Store {
    /// Opens the store for writing: locks it, migrates, brings the ledger's files up to the rows.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if another process has it; [`StoreError::Contradiction`] or [`StoreError::Damaged`]
    /// with the place if rows, files and signed checkpoint don't agree (then [`Store::inspect`] still opens it).
    pub fn open(options: OpenOptions) -> Result<Self, StoreError> {
        files::make_dir(&options.data)?;
        let lock = lock(&options.data)?;
        // Whatever an interrupted upload or replay left there belongs to nobody now.
        let scratch = options.data.join("tmp");
        if scratch.exists() {
            std::fs::remove_dir_all(&scratch).map_err(|e| StoreError::io("emptied", &scratch, e))?;
        }
        let owners = Arc::new(Owners::new(&options.projections)?);
        let mut db = db::open_writer(&options.database, &options.data, options.fsync)?;

        db.begin_write()?;
        schema::create_core(db.as_mut())?;
        let fresh_database = db.first("SELECT seq FROM events LIMIT 1", &[])?.is_none();
        // A signed ledger on disk without a row in the database is a lost database, not a new one.
        let may_create =
            fresh_database && files::read_optional(&tiles::checkpoint_path(&options.data))?.is_none();
        if fresh_database && !may_create {
            return Err(StoreError::contradiction(
                "table events",
                "it is empty, but ledger/checkpoint signs events: the database is not the one of this directory",
            ));
        }
        let signer = keys::ledger_key(&options.data, &options.origin, may_create)?;
        let blobs = BlobStore::in_dir(&options.data, options.fsync, may_create)?;
        if options.fsync {
            files::sync_dir(&options.data)?;
        }
        let verifier = signer.verifier();
        for module in &options.modules {
            schema::migrate(db.as_mut(), module.as_ref())?;
        }
        let stale = schema::shape(db.as_mut(), &options.projections)?;

        let shared = Arc::new(Shared {
            clock: Arc::clone(&options.clock),
            readers: Readers::new(options.database.clone(), options.data.clone()),
            verifier: verifier.clone(),
            published: RwLock::new(None),
            fault: Mutex::new(None),
            tiles_fault: Mutex::new(None),
            batches: AtomicU64::new(0),
            options,
        });
        let options = &shared.options;
        let state = chain::load(db.as_mut(), &verifier, &options.origin)?;
        let new_ledger = state.is_none();
        let (chain, batch, publisher) = match state {
            None => (Chain { frontier: Frontier::new(), last_ms: 0 }, 0, None),
            Some(state) => {
                let publisher = Self::recover(options, db.as_mut(), &state, &verifier)?;
                shared.publish(state.published());
                (state.chain, state.batch, Some(publisher))
            }
        };
        let projections: Arc<[Arc<dyn Projection>]> = options.projections.clone().into();
        if stale && !new_ledger {
            rebuild::replay_in_place(db.as_mut(), &projections, &owners)?;
        }
        db.commit()?;

        let tx = WriteTx {
            db,
            clock: Arc::clone(&options.clock),
            projections,
            owners,
            chain,
            fresh: Vec::new(),
            broken: None,
        };
        let store = Self::start(shared, blobs, lock, tx, batch, publisher, signer)?;
        if new_ledger {
            let body =
                serde_json::json!({ "origin": store.inner.shared.origin(), "key": verifier.to_string() });
            store.write(move |tx| tx.emit(GENESIS, SYSTEM, "ledger", body))?;
        }
        Ok(store)
    }

    /// Opens the store for reading and verifying only, even if its parts contradict each other and even while
    /// another process writes to it. Nothing is repaired.
    ///
    /// # Errors
    /// A missing key or an unreachable database.
    pub fn inspect(options: OpenOptions) -> Result<Self, StoreError> {
        Owners::new(&options.projections)?;
        let signer = keys::ledger_key(&options.data, &options.origin, false)?;
        let blobs = BlobStore::in_dir(&options.data, options.fsync, false)?;
        let shared = Arc::new(Shared {
            clock: Arc::clone(&options.clock),
            readers: Readers::new(options.database.clone(), options.data.clone()),
            verifier: signer.verifier(),
            published: RwLock::new(None),
            fault: Mutex::new(None),
            tiles_fault: Mutex::new(None),
            batches: AtomicU64::new(0),
            options,
        });
        shared.readers.snapshot(|_| Ok::<(), StoreError>(()))?;
        Ok(Self { inner: Arc::new(Inner { shared, blobs, writer: None, _lock: None }) })
    }

    fn recover(
        options: &OpenOptions,
        db: &mut dyn Db,
        state: &chain::State,
        verifier: &VerifierKey,
    ) -> Result<Publisher, StoreError> {
        let size = state.chain.frontier.size();
        let signed = chain::signed_file(&options.data, verifier, &options.origin)?;
        if let Some(signed) = &signed
            && signed.size > size
        {
            return Err(StoreError::contradiction(
                "table events",
                format!(
                    "it has {size} rows, but ledger/checkpoint signs {}: the database was set back",
                    signed.size
                ),
            ));
        }
        let signed = signed.map(|c| (c.size, c.root));
        let publisher =
            Publisher::open(&options.data, options.fsync, db, (size, state.root), signed, state.flushed)?;
        if signed.map(|(s, _)| s) != Some(size) {
            publisher.sign(&state.note)?;
        }
        Ok(publisher)
    }

    fn start(
        shared: Arc<Shared>,
        blobs: BlobStore,
        lock: File,
        tx: WriteTx,
        batch: i64,
        publisher: Option<Publisher>,
        signer: SigningKey,
    ) -> Result<Self, StoreError> {
        let (commands, inbox) = mpsc::channel();
        let writer = Writer::new(tx, batch, publisher, Arc::clone(&shared), signer);
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer.serve(&inbox))
            .map_err(|e| StoreError::Unavailable { reason: format!("the writer's thread: {e}") })?;
        let id = thread.thread().id();
        let writer = Some(WriterHandle { commands, thread: Some(thread), id });
        Ok(Self { inner: Arc::new(Inner { shared, blobs, writer, _lock: Some(lock) }) })
    }

    /// Runs one unit of work and waits until it is durable. An `Err` from the closure undoes this unit only.
    ///
    /// # Errors
    /// The closure's own, or why the unit could not be kept. [`StoreError::Misuse`] inside another unit.
    pub fn write<T, E>(&self, f: impl FnOnce(&mut WriteTx) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.submit(f).wait()
    }

    /// Hands a unit of work to the writer without waiting for it.
    pub fn submit<T, E>(&self, f: impl FnOnce(&mut WriteTx) -> Result<T, E> + Send + 'static) -> Pending<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let Some(writer) = &self.inner.writer else { return Pending(Err(StoreError::ReadOnly)) };
        if thread::current().id() == writer.id {
            return Pending(Err(StoreError::misuse("a unit of work was started inside another one")));
        }
        let (reply, answer) = mpsc::channel();
        match writer.commands.send(Command::Unit(Box::new(Call { f, reply }))) {
            Ok(()) => Pending(Ok(answer)),
            Err(_) => Pending(Err(StoreError::Stopped { what: "the writer has stopped" })),
        }
    }

    /// Runs a unit of reading on one snapshot.
    ///
    /// # Errors
    /// The closure's own, or what the database reports.
    pub fn read<T, E: From<StoreError>>(&self, f: impl FnOnce(&ReadTx) -> Result<T, E>) -> Result<T, E> {
        self.inner.shared.readers.snapshot(f)
    }

    /// One event.
    ///
    /// # Errors
    /// What the database reports.
    pub fn event(&self, seq: u64) -> Result<Option<Event>, StoreError> {
        self.read(|tx| tx.event(seq))
    }

    /// At most `limit` events after `after_seq`. Seq 0 is the store's own first event, so 0 lists all others.
    ///
    /// # Errors
    /// What the database reports.
    pub fn events(&self, after_seq: u64, limit: u32, filter: &EventFilter) -> Result<Vec<Event>, StoreError> {
        self.read(|tx| tx.events(after_seq, limit, filter))
    }

    /// The signed checkpoint, a C2SP note.
    ///
    /// # Errors
    /// What the database reports.
    pub fn checkpoint(&self) -> Result<String, StoreError> {
        Ok(self.end()?.note)
    }

    /// The key that checks checkpoints and receipts.
    #[must_use]
    pub fn verifier_key(&self) -> VerifierKey {
        self.inner.shared.verifier.clone()
    }

    /// What an outsider needs to check one event without us.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such event or its payload was disposed of; [`StoreError::Damaged`] if
    /// the ledger's parts don't fit together.
    pub fn receipt(&self, seq: u64) -> Result<Receipt, StoreError> {
        let row = self.read(|tx| {
            tx.query("SELECT payload, salt, entry FROM events WHERE seq = ?1", &[Value::try_from(seq)?])
        })?;
        let row =
            row.into_iter().next().ok_or_else(|| StoreError::NotFound { what: format!("event {seq}") })?;
        let (Some(payload), Some(salt)) = (row.get_opt_blob("payload")?, row.get_opt_blob("salt")?) else {
            return Err(StoreError::NotFound {
                what: format!("the payload of event {seq} (it was disposed of)"),
            });
        };
        let end = self.end()?;
        let damaged = |what: String| StoreError::damaged(format!("events seq {seq}"), what);
        let from_tiles = {
            let reader = tiles::reader(self.data(), end.size);
            sekisho_ledger::inclusion_proof(&reader, seq, end.size)
        };
        let proof = match from_tiles {
            Ok(proof) => proof,
            // Tiles lag behind the rows after a full disk; the rows know everything that the tiles do.
            Err(_) => sekisho_ledger::inclusion_proof(&RowReader(&self.inner.shared.readers), seq, end.size)
                .map_err(|e| damaged(e.to_string()))?,
        };
        let receipt = Receipt {
            entry: row.get_blob("entry")?.to_vec(),
            salt: salt.try_into().map_err(|_| damaged("its salt is not 32 bytes".to_owned()))?,
            payload: payload.to_vec(),
            index: seq,
            proof,
            checkpoint: end.note,
        };
        receipt.verify(&self.inner.shared.verifier).map_err(|e| damaged(e.to_string()))?;
        Ok(receipt)
    }

    fn end(&self) -> Result<Published, StoreError> {
        if let Some(published) = self.inner.shared.published() {
            return Ok(published);
        }
        let shared = &self.inner.shared;
        self.read(|tx| {
            let state = chain::load(tx.db.borrow_mut().as_mut(), &shared.verifier, shared.origin())?;
            state
                .map(|s| s.published())
                .ok_or_else(|| StoreError::NotFound { what: "the checkpoint".to_owned() })
        })
    }

    /// The encrypted files.
    #[must_use]
    pub fn blobs(&self) -> &BlobStore {
        &self.inner.blobs
    }

    /// The clock that the store was opened with.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.inner.shared.clock)
    }

    /// The data directory.
    #[must_use]
    pub fn data(&self) -> &Path {
        self.inner.shared.data()
    }

    pub(crate) fn writable(&self) -> bool {
        self.inner.writer.is_some()
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.inner.shared
    }

    /// Runs `job` on the writer's thread, alone.
    pub(crate) fn upkeep<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Writer) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let writer = self.inner.writer.as_ref().ok_or(StoreError::ReadOnly)?;
        if thread::current().id() == writer.id {
            return Err(StoreError::misuse("upkeep was started inside a unit of work"));
        }
        let (reply, answer) = mpsc::channel();
        let command = Command::Upkeep(Box::new(move |writer| {
            let _ = reply.send(job(writer));
        }));
        let stopped = || StoreError::Stopped { what: "the writer has stopped or lost its database" };
        writer.commands.send(command).map_err(|_| stopped())?;
        answer.recv().map_err(|_| stopped())?
    }
}

/// A unit of work that was handed to the writer.
pub struct Pending<T, E>(Result<Receiver<Result<T, E>>, StoreError>);

impl<T, E: From<StoreError>> Pending<T, E> {
    /// Waits until the unit is durable or refused.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn wait(self) -> Result<T, E> {
        let answer = self.0.map_err(E::from)?;
        match answer.recv() {
            Ok(result) => result,
            Err(_) => Err(E::from(StoreError::Stopped { what: "it panicked, or the store was closed" })),
        }
    }
}

/// A closure with its reply channel.
struct Call<F, T, E> {
    f: F,
    reply: Sender<Result<T, E>>,
}

impl<F, T, E> Unit for Call<F, T, E>
where
    F: FnOnce(&mut WriteTx) -> Result<T, E> + Send,
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    fn run(self: Box<Self>, tx: &mut WriteTx) -> Ran {
        let Self { f, reply } = *self;
        let result = f(tx);
        let keep = result.is_ok();
        // A caller that has gone away doesn't want the answer.
        let acknowledge: Acknowledge = Box::new(move |outcome| {
            let _ = reply.send(match (result, outcome) {
                (Ok(_), Err(error)) => Err(E::from(error)),
                (own, _) => own,
            });
        });
        Ran { keep, acknowledge }
    }

    fn refuse(self: Box<Self>) -> Acknowledge {
        let reply = self.reply;
        Box::new(move |outcome| {
            if let Err(error) = outcome {
                let _ = reply.send(Err(E::from(error)));
            }
        })
    }
}

/// The tree computed from the rows' leaves.
struct RowReader<'a>(&'a Readers);

impl NodeReader for RowReader<'_> {
    fn node(&self, level: u8, index: u64) -> Result<Hash, sekisho_ledger::LedgerError> {
        let failed = |reason: String| sekisho_ledger::LedgerError::Reader { level, index, reason };
        let missing = sekisho_ledger::LedgerError::NodeMissing { level, index };
        let count = 1u64.checked_shl(u32::from(level)).ok_or_else(|| missing.clone())?;
        let from = index.checked_mul(count).ok_or_else(|| missing.clone())?;
        let to = from.checked_add(count).ok_or_else(|| missing.clone())?;
        let mut frontier = Frontier::new();
        self.0
            .snapshot(|tx| {
                let params = [Value::try_from(from)?, Value::try_from(to)?];
                tx.db.borrow_mut().each(
                    "SELECT seq, leaf FROM events WHERE seq >= ?1 AND seq < ?2 ORDER BY seq",
                    &params,
                    &mut |row| {
                        frontier.push(tiles::leaf_of(row.get_u64("seq")?, row.get_blob("leaf")?)?);
                        Ok(())
                    },
                )
            })
            .map_err(|e: StoreError| failed(e.to_string()))?;
        if frontier.size() == count { Ok(frontier.root()) } else { Err(missing) }
    }
}

fn lock(data: &Path) -> Result<File, StoreError> {
    let path = data.join("lock");
    let file = FileOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|e| StoreError::io("opened", &path, e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked { place: data.display().to_string() }),
        Err(TryLockError::Error(e)) => Err(StoreError::io("locked", &path, e)),
    }
}
