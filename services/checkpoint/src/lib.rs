//! The checkpoint between zones (関所): a transfer is requested, disarmed, verified, approved where the conduit asks
//! for it, released in the target zone only, and every step is an event in the ledger (clause 6(3)イ of the policy).
//!
//! The room decides nothing about formats (that is `engines/disarm`) and nothing about who a person is (that is
//! `services/identity`). It never hands out the bytes of an original, never parses a document in this process, and
//! never changes a state except by an event. Data comes from the faces as streams into the blob store and leaves as
//! streams from it.

mod approval;
mod denial;
mod error;
mod export;
mod model;
mod name;
mod permits;
mod process;
mod projection;
mod query;
mod receive;
mod retention;
pub mod scanner;
mod submit;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use sekisho_identity::{Identity, Principal};
use sekisho_policy::{Policy, ZoneId, ZoneKind};
use sekisho_store::{Projection, Store};
use sekisho_worker::Sandbox;

pub use approval::Decision;
pub use error::CheckpointError;
pub use export::ExportFormat;
pub use model::{
    ApprovalView, Capacity, FileId, FileState, FileView, FindingView, IdError, RemovedView, TransferId,
    TransferRow, TransferState, TransferView,
};
pub use name::clean_file_name;
pub use query::{Page, TransferQuery};
pub use receive::{Download, Preview};
pub use retention::DisposalReport;
pub use submit::{NewTransfer, UploadedFile};

/// Called when a step of a transfer has become durable; serves the metrics, and the tests that cut the power there.
pub type Observer = Arc<dyn Fn(&str) + Send + Sync>;

/// The service. Cheap to clone; blocking, to be called from threads that may block.
#[derive(Clone)]
pub struct Checkpoint {
    store: Store,
    policy: Arc<Policy>,
    identity: Identity,
    sandbox: Sandbox,
    observer: Observer,
    /// Whether the registers lie in the same store, so that permitted exceptions can be looked up.
    exceptions: bool,
    scanner: Option<scanner::Scanner>,
}

impl Checkpoint {
    /// Puts the service on its store (opened with [`Checkpoint::projection`]), people and sandbox.
    #[must_use]
    pub fn new(store: Store, policy: Arc<Policy>, identity: Identity, sandbox: Sandbox) -> Self {
        Self {
            store,
            policy,
            identity,
            sandbox,
            observer: Arc::new(|_| {}),
            exceptions: false,
            scanner: None,
        }
    }

    /// The same, telling `observer` each durable step by the name of its event.
    #[must_use]
    pub fn with_observer(mut self, observer: Observer) -> Self {
        self.observer = observer;
        self
    }

    /// The same, honouring the exceptions of the register `file-exceptions`, which must be in the same store.
    #[must_use]
    pub fn with_exceptions(mut self) -> Self {
        self.exceptions = true;
        self
    }

    /// The same, with a virus scanner that sees every original and every result; unreachable, it holds the file.
    #[must_use]
    pub fn with_scanner(mut self, scanner: Option<scanner::Scanner>) -> Self {
        self.scanner = scanner;
        self
    }

    /// The tables of transfers, files, approvals and downloads.
    #[must_use]
    pub fn projection() -> Arc<dyn Projection> {
        Arc::new(projection::Transfers)
    }

    /// The declaration that is carried out.
    #[must_use]
    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// The store underneath, for faces that stream uploads into its blobs.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    fn observe(&self, step: &str) {
        (self.observer)(step);
    }

    /// The zone in which a transfer is examined by its approver: the more protected of the two, since what has not
    /// been approved must not be shown in the less protected one.
    fn approving_zone(&self, from: &ZoneId, to: &ZoneId) -> ZoneId {
        let rank = |id: &ZoneId| match self.policy.zone(id).map(|zone| zone.kind) {
            Some(ZoneKind::MyNumber) => 2,
            Some(ZoneKind::Lgwan) => 1,
            _ => 0,
        };
        if rank(from) >= rank(to) { from.clone() } else { to.clone() }
    }
}

/// The actor of an event, as the ledger writes it.
fn actor(principal: &Principal) -> String {
    principal.person.id.to_string()
}
