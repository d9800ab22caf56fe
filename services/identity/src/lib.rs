//! Who a person is, and how they prove it (利用者・役割・認証). Accounts by unit and role, passwords with a time-based
//! code, passkeys, sessions bound to a zone, and tokens for the API.
//!
//! People are events in the ledger, projected into tables; secrets live in plain tables, hashed or encrypted, and are
//! never part of an event. There is no session without two factors or a user-verified passkey. This room decides who
//! somebody is and what their roles permit; what they then do with a file is the checkpoint's matter.
//!
//! All calls block (they wait for the store), all time comes from the store's clock, all randomness from the
//! operating system.

mod accounts;
mod base32;
mod config;
mod error;
mod external;
mod factors;
mod import;
mod keys;
mod links;
mod lockout;
mod login;
mod passkey;
mod password;
mod people;
mod person;
mod rows;
mod schema;
mod sessions;
mod tokens;
mod totp;

use std::sync::Arc;

use sekisho_policy::{Permission, Policy, RoleId};
use sekisho_store::{Module, Projection, ReadTx, Store, WriteTx};

pub use accounts::AccountChange;
pub use config::{Config, Hashing, LockRule, ZoneSite};
pub use error::{Bilingual, IdentityError, Result};
pub use external::FirstFactor;
pub use factors::{Factors, PasskeyView};
pub use import::{ImportMode, ImportReport, ImportedRow, RefusedRow};
pub use links::{Enrolled, FirstAdministrator, LinkToken, LinkView};
pub use login::{LoginStep, NewSession, Visit};
pub use passkey::Ceremony;
pub use password::{MIN_CHARACTERS, check_rules as check_password_rules};
pub use person::{
    Actor, NewPerson, PeoplePage, PeopleQuery, Person, PersonChange, PersonId, PersonIdError, UnitScope,
};
pub use sekisho_policy::SignInWay as SignIn;
pub use sessions::{Method, Principal, SessionId, SessionInfo, SessionView, Way};
pub use tokens::{CreatedToken, NewToken, TOKEN_PREFIX, TokenInfo, TokenView};
pub use totp::TotpSetup;

/// The room's handle; cheap to clone.
#[derive(Clone)]
pub struct Identity {
    store: Store,
    rules: Arc<Rules>,
}

/// Everything but the store; units of work hold this on the writer thread.
pub(crate) struct Rules {
    policy: Arc<Policy>,
    config: Config,
    keys: keys::Keys,
    passwords: password::Passwords,
    sites: passkey::Sites,
}

impl Identity {
    /// Opens the key file (or creates it) and checks the configuration.
    ///
    /// # Errors
    /// When the key file is missing its protection or damaged, or a zone's address can't be used.
    pub fn new(store: Store, policy: Arc<Policy>, config: Config) -> Result<Self> {
        if let Some(site) = config.zones.iter().find(|site| policy.zone(&site.zone).is_none()) {
            return Err(IdentityError::Config(format!("zone `{}` is not declared in the policy", site.zone)));
        }
        let rules = Rules {
            keys: keys::Keys::open(&config.key_path)?,
            passwords: password::Passwords::new(config.hashing)?,
            sites: passkey::Sites::new(&config)?,
            policy,
            config,
        };
        Ok(Self { store, rules: Arc::new(rules) })
    }

    /// The tables `people` and `person_roles`; pass it to `OpenOptions::projection`.
    #[must_use]
    pub fn projection() -> Arc<dyn Projection> {
        Arc::new(schema::People)
    }

    /// The tables for secrets, sessions and tokens; pass it to `OpenOptions::module`.
    #[must_use]
    pub fn module() -> Arc<dyn Module> {
        Arc::new(schema::Secrets)
    }

    /// What the roles permit together, sorted, without repetition.
    #[must_use]
    pub fn permissions_of(&self, roles: &[RoleId]) -> Vec<Permission> {
        self.rules.permissions(roles)
    }

    fn now_ms(&self) -> i64 {
        self.store.clock().now_ms()
    }

    fn read<T>(&self, work: impl FnOnce(&mut &ReadTx) -> Result<T>) -> Result<T> {
        self.store.read(|mut tx| work(&mut tx))
    }

    fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut WriteTx, &Rules) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let rules = Arc::clone(&self.rules);
        self.store.write(move |tx| work(tx, &rules))
    }

    /// A unit of work that commits what it recorded about a failure (counts, events) although it answers with an error.
    fn attempt<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut WriteTx, &Rules) -> Result<Result<T>> + Send + 'static,
    ) -> Result<T> {
        self.write(work)?
    }
}

impl Rules {
    fn permissions(&self, roles: &[RoleId]) -> Vec<Permission> {
        let mut all: Vec<Permission> = roles
            .iter()
            .filter_map(|role| self.policy.role(role))
            .flat_map(|role| role.permissions.iter().copied())
            .collect();
        all.sort();
        all.dedup();
        all
    }

    fn holds(&self, roles: &[RoleId], permission: Permission) -> bool {
        roles.iter().any(|role| self.policy.role_allows(role, permission))
    }
}

#[cfg(test)]
mod tests;
