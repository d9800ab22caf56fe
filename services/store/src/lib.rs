//! The store: what happened (an append-only event log with a Merkle ledger over it), what follows from it
//! (projections), what belongs to it (encrypted blobs) and what is to be done (a job queue), on SQLite or PostgreSQL.
//!
//! One thread writes; a unit of work is acknowledged only when it is durable. The ledger is the truth: projections
//! can be replayed from it at any time, and rows, tiles, blobs and the signed checkpoint can be checked against each
//! other. This room must never decide what is recorded, never print a secret or a payload, and never repair
//! something that contradicts the signed ledger.
//!
//! All calls block. From asynchronous code call them on a thread for blocking work.

mod backup;
mod blob;
mod chain;
mod clock;
mod db;
mod dialect;
mod error;
mod event;
mod files;
mod health;
mod jobs;
mod keys;
mod projection;
mod read;
mod rebuild;
mod schema;
mod store;
#[cfg(test)]
mod tests;
mod tiles;
mod value;
mod verify;
mod write;
mod writer;

pub use backup::{BackupReport, RestoreReport};
pub use blob::{BlobReader, BlobRef, BlobStore, BlobWriter, RotationReport};
pub use clock::{Clock, ManualClock, SystemClock};
pub use db::Database;
pub use error::{ErrorKind, StoreError};
pub use event::{DISPOSED, Event, EventFilter, GENESIS, SYSTEM};
pub use health::Health;
pub use jobs::{Job, JobId, Retry};
pub use projection::{BlobColumn, Module, Projection, TableDef};
pub use read::ReadTx;
pub use rebuild::{RebuildReport, TableReport};
pub use sekisho_ledger::{Receipt, VerifierKey};
pub use store::{OpenOptions, Pending, Store};
pub use value::{Row, Sql, Value};
pub use verify::{Problem, VerifyReport};
pub use write::WriteTx;
