//! Approvals (決裁): 起案, 合議, 決裁, 専決, 代決 and 後閲 on the routes of the policy.
//!
//! A case comes from another service (a change of a register, a contract, a revision of the policy) with its content; it
//! walks the steps of its route; the last decision carries it out through the [`Effect`] of its kind, in the same unit of
//! work. Every decision names the digest of what was shown, and a revision makes earlier decisions void.
//!
//! What must never happen here: a drafter who decides, also through a deputy; one person who counts twice; a decision
//! without a fresh second factor; a mail that carries content. Time is the ledger's, which never goes back.

mod absence;
mod day;
mod decide;
mod digest;
mod draft;
mod effect;
mod error;
mod escalate;
mod mail;
mod model;
mod number;
mod plan;
mod projection;
mod rows;
mod standing;
mod worklist;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use sekisho_identity::Identity;
use sekisho_policy::Policy;
use sekisho_store::{Module, Projection, Store};

pub use decide::BulkResult;
pub use digest::{canonical, digest_of};
pub use effect::{Effect, EffectError};
pub use error::ApprovalError;
pub use escalate::EscalationReport;
pub use mail::{Addresses, MailConfig, MailReport};
pub use model::*;

/// Approvals over one store. Cheap to clone; every call blocks (from async code use a blocking task).
#[derive(Clone)]
pub struct Approval {
    store: Store,
    policy: Arc<Policy>,
    identity: Identity,
    mail: Option<Arc<MailConfig>>,
    addresses: Arc<dyn Addresses>,
    effects: Arc<RwLock<BTreeMap<String, Arc<dyn Effect>>>>,
}

impl Approval {
    /// Approvals over a store that was opened with [`Approval::projection`] and [`Approval::module`]. Without `mail`,
    /// notices are shown in pages only.
    #[must_use]
    pub fn new(store: Store, policy: Arc<Policy>, identity: Identity, mail: Option<MailConfig>) -> Self {
        let mail = mail.map(Arc::new);
        let addresses: Arc<dyn Addresses> = Arc::new(mail::Logins { mail: mail.clone() });
        Self { store, policy, identity, mail, addresses, effects: Arc::default() }
    }

    /// Takes mail addresses from elsewhere than the log-in names, for instance from the 職員 register.
    #[must_use]
    pub fn with_addresses(mut self, addresses: Arc<dyn Addresses>) -> Self {
        self.addresses = addresses;
        self
    }

    /// The projection that the store needs.
    #[must_use]
    pub fn projection() -> Arc<dyn Projection> {
        Arc::new(projection::Cases)
    }

    /// The module that the store needs.
    #[must_use]
    pub fn module() -> Arc<dyn Module> {
        Arc::new(escalate::Reminders)
    }

    /// Carries out approvals of the effect's kind from now on; replaces an earlier one of the same kind.
    pub fn register(&self, effect: Arc<dyn Effect>) {
        self.effects.write().unwrap_or_else(PoisonError::into_inner).insert(effect.kind().to_owned(), effect);
    }

    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    fn effect(&self, kind: &str) -> Option<Arc<dyn Effect>> {
        self.effects.read().unwrap_or_else(PoisonError::into_inner).get(kind).cloned()
    }
}
