//! People and the fiscal year (組織体制・遵守義務・人的セキュリティ: 基本方針5、6(1)、6(5)): the personnel list and the April transfer,
//! offices and their gaps, consent to the policy, training.
//!
//! Rows live in the registers `staff`, `offices`, `consents`, `courses`, `training-plans` and `training-records`; accounts live in
//! `services/identity`. This room moves them together, in one unit of work, after one approval. It never decides who
//! may approve, and it never gives a role that the plan of a transfer does not show.

mod consent;
mod content;
mod error;
mod list;
mod offices;
mod plan;
mod posts;
mod schema;
mod training;
mod transfer;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;

use sekisho_approval::Approval;
use sekisho_identity::Identity;
use sekisho_policy::Policy;
use sekisho_registers::Registers;
use sekisho_store::{Projection, Store};

pub use consent::{Occasion, Request};
pub use content::{Answer, Content, ContentError, Question, Slide};
pub use error::PeopleError;
pub use offices::{Gap, GapKind};
pub use plan::{Account, FieldChange, Join, Leave, LeaveReason, Move, Plan, RefusedLine, Source, Vacancy};
pub use training::{Assignment, Completion, Outcome};
pub use transfer::{KIND as TRANSFER_KIND, ListFile, TransferState};

/// The result of most calls.
pub type Result<T, E = PeopleError> = std::result::Result<T, E>;

/// The room's handle; cheap to clone.
#[derive(Clone)]
pub struct People {
    store: Store,
    policy: Arc<Policy>,
    identity: Identity,
    registers: Registers,
    approval: Approval,
    posts: Arc<posts::Posts>,
}

impl People {
    /// Puts the room together and takes its kind of case over from the approvals.
    ///
    /// # Errors
    /// When the city's table of posts (`people/posts.toml` of the data folder) can't be read.
    pub fn new(
        store: Store,
        policy: Arc<Policy>,
        identity: Identity,
        registers: Registers,
        approval: Approval,
        data: &Path,
    ) -> Result<Self> {
        let posts = Arc::new(posts::Posts::load(data)?);
        let people = Self { store, policy, identity, registers, approval, posts };
        people.approval.register(transfer::effect(people.clone()));
        Ok(people)
    }

    /// The table of what courses show and ask; pass it to `OpenOptions::projection`.
    #[must_use]
    pub fn projection() -> Arc<dyn Projection> {
        Arc::new(schema::Training)
    }

    /// The day in Japan.
    fn today(&self, now_ms: i64) -> Date {
        sekisho_registers::local(now_ms).date()
    }
}
