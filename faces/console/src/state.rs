//! What every handler shares.

use std::sync::Arc;
use std::time::Instant;

use sekisho_approval::Approval;
use sekisho_checkpoint::Checkpoint;
use sekisho_directory::Directory;
use sekisho_documents::Documents;
use sekisho_identity::Identity;
use sekisho_people::People;
use sekisho_policy::{Policy, Zone, ZoneId};
use sekisho_registers::Registers;
use sekisho_store::Store;
use sekisho_worker::Sandbox;

use crate::Counters;

/// What the faces need to start.
pub struct AppConfig {
    /// The store.
    pub store: Store,
    /// The people.
    pub identity: Identity,
    /// Sign-in by services outside; [`Directory::local`] when there is none.
    pub directory: Directory,
    /// The transfers.
    pub checkpoint: Checkpoint,
    /// The approvals.
    pub approval: Approval,
    /// The registers.
    pub registers: Registers,
    /// People and the fiscal year.
    pub people: People,
    /// The documents of the policy.
    pub documents: Documents,
    /// The sandbox, for its state on the health page.
    pub sandbox: Sandbox,
    /// The counters that the checkpoint's observer feeds.
    pub counters: Arc<Counters>,
    /// Whether the listeners speak TLS; cookies are `Secure` then.
    pub secure: bool,
}

/// The application. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<AppInner>);

/// The fields of [`App`].
pub struct AppInner {
    pub(crate) store: Store,
    pub(crate) identity: Identity,
    pub(crate) directory: Directory,
    pub(crate) checkpoint: Checkpoint,
    pub(crate) approval: Approval,
    pub(crate) registers: Registers,
    pub(crate) people: People,
    pub(crate) documents: Documents,
    pub(crate) sandbox: Sandbox,
    pub(crate) counters: Arc<Counters>,
    pub(crate) secure: bool,
    pub(crate) started: Instant,
}

impl App {
    /// Puts the services together.
    #[must_use]
    pub fn new(config: AppConfig) -> Self {
        Self(Arc::new(AppInner {
            store: config.store,
            identity: config.identity,
            directory: config.directory,
            checkpoint: config.checkpoint,
            approval: config.approval,
            registers: config.registers,
            people: config.people,
            documents: config.documents,
            sandbox: config.sandbox,
            counters: config.counters,
            secure: config.secure,
            started: Instant::now(),
        }))
    }

    pub(crate) fn site(&self, zone: ZoneId) -> Site {
        Site { app: self.clone(), zone: Arc::new(zone) }
    }
}

impl std::ops::Deref for App {
    type Target = AppInner;
    fn deref(&self) -> &AppInner {
        &self.0
    }
}

/// The application as one zone's listener sees it; the state of every handler.
#[derive(Clone)]
pub(crate) struct Site {
    pub(crate) app: App,
    pub(crate) zone: Arc<ZoneId>,
}

impl Site {
    pub(crate) fn policy(&self) -> &Arc<Policy> {
        self.app.checkpoint.policy()
    }

    /// The declaration of this listener's zone.
    pub(crate) fn zone(&self) -> Option<&Zone> {
        self.policy().zone(&self.zone)
    }

    /// The name of the session cookie; cookies know no ports, so each zone has its own.
    pub(crate) fn cookie_name(&self) -> String {
        format!("sekisho_{}", self.zone)
    }
}

impl std::ops::Deref for Site {
    type Target = App;
    fn deref(&self) -> &App {
        &self.app
    }
}

/// Runs a blocking call of a service on the blocking pool.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, crate::problem::Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|_| crate::problem::Problem::internal())
}
