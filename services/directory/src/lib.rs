//! Sign-in against the city's directory (LDAP, Active Directory) and at an OpenID provider (外部の認証基盤).
//!
//! The personnel list decides who exists: nobody is created here, and an account that is known outside and not inside
//! is nobody. What comes from outside is the first factor only; the second one stays with `services/identity`, unless
//! the declaration accepts a provider's evidence in a zone. Accounts marked `local` never depend on this room: with
//! every outside service down they sign in as before.
//!
//! Secrets come from files that the declaration names. None of them, and no password, is ever written to the log, the
//! ledger or an error.

mod error;
mod ldap;
mod oidc;
mod schema;
mod trust;

use std::collections::BTreeMap;
use std::sync::Arc;

use sekisho_identity::{FirstFactor, Identity, IdentityError, LoginStep, Visit};
use sekisho_policy::{Policy, Text, ZoneId};
use sekisho_store::{Module, Store};
use serde_json::json;

pub use error::{DirectoryError, Result};
pub use ldap::Entry;
pub use oidc::{FLOW_MS, OidcDone, OidcReturn, OidcStart, OidcStep, RETURN_PATH};

use ldap::{Ldap, Turn, Unreachable, Verdict};
use oidc::provider::Provider;

/// The room's handle; cheap to clone. Its calls block.
#[derive(Clone)]
pub struct Directory {
    identity: Identity,
    store: Store,
    parts: Arc<Parts>,
}

/// The services outside that the declaration names.
#[derive(Default)]
struct Parts {
    ldap: Option<Ldap>,
    provider: Option<Provider>,
    origins: BTreeMap<ZoneId, String>,
}

impl Directory {
    /// Reads the settings, the secrets and the authorities. Nothing is connected yet: a directory that is down when
    /// the server starts must not keep local accounts out.
    ///
    /// `origins` says how a browser reaches each zone (`https://name:port`); the provider sends it back there.
    ///
    /// # Errors
    /// `Setting` when a file is absent, open to others or damaged.
    pub fn open(
        store: Store,
        identity: Identity,
        policy: &Policy,
        origins: BTreeMap<ZoneId, String>,
    ) -> Result<Self> {
        let settings = &policy.sign_in;
        let ldap = settings.directory.as_ref().map(Ldap::open).transpose()?;
        let provider = match &settings.oidc {
            None => None,
            Some(oidc) => {
                oidc::web::allowed(&oidc.issuer)
                    .map_err(|what| DirectoryError::Setting { setting: "sign-in.oidc.issuer", what })?;
                let secret = oidc
                    .secret_file
                    .as_deref()
                    .map(|path| trust::secret("sign-in.oidc.secret_file", path))
                    .transpose()?;
                let network = oidc::web::Network::open(oidc)?;
                Some(Provider::new(oidc, secret, Arc::new(network)))
            }
        };
        Ok(Self { identity, store, parts: Arc::new(Parts { ldap, provider, origins }) })
    }

    /// Local accounts only.
    #[must_use]
    pub fn local(store: Store, identity: Identity) -> Self {
        Self { identity, store, parts: Arc::default() }
    }

    /// The table of sign-ins under way; pass it to `OpenOptions::module`.
    #[must_use]
    pub fn module() -> Arc<dyn Module> {
        Arc::new(schema::Flows)
    }

    /// Whether passwords are proved by a directory for those who are marked so.
    #[must_use]
    pub fn has_directory(&self) -> bool {
        self.parts.ldap.is_some()
    }

    /// The name of the OpenID provider for its button, when there is one.
    #[must_use]
    pub fn provider_label(&self) -> Option<&Text> {
        self.parts.provider.as_ref().map(|provider| &provider.settings.label)
    }

    /// First step with a log-in name and a password, for every account: the directory is asked for those who are
    /// marked for it, identity for all others.
    ///
    /// An unknown name takes the same way as a known one: the directory is asked for it as well, and when no server
    /// answers, everybody who is not let in reads the same sentence.
    ///
    /// # Errors
    /// Identity's `Refused` and `Locked`, or `Unreachable`.
    pub fn begin_password(&self, login: &str, password: &str, visit: &Visit) -> Result<LoginStep> {
        let Some(ldap) = &self.parts.ldap else {
            return Ok(self.identity.begin_password(login, password, visit)?);
        };
        let Some(person) = self.identity.directory_person(login, password, visit)? else {
            let outcome = self.identity.begin_password(login, password, visit);
            if let Err(IdentityError::Refused) = outcome {
                self.ask(ldap, |ldap| ldap.look_up(login))?;
            }
            return Ok(outcome?);
        };
        match self.ask(ldap, |ldap| ldap.check(&person.login, password))? {
            Verdict::Right => {
                Ok(self.identity.external_accepted(&person.id, &FirstFactor::Directory, visit)?)
            }
            Verdict::Wrong(word) => {
                self.identity.external_refused(Some(&person.id), &format!("directory-{word}"), visit)?;
                Err(IdentityError::Refused.into())
            }
        }
    }

    /// What the directory says about a log-in name, for whoever sets it up; `None` when there is no such entry.
    ///
    /// # Errors
    /// `NotOffered` without a directory, or `Unreachable`.
    pub fn look_up(&self, login: &str) -> Result<Option<Entry>> {
        let ldap = self.parts.ldap.as_ref().ok_or(DirectoryError::NotOffered)?;
        self.ask(ldap, |ldap| ldap.look_up(login))
    }

    /// Asks the directory and records when it goes down and when it is back.
    fn ask<T>(
        &self,
        ldap: &Ldap,
        question: impl FnOnce(&Ldap) -> std::result::Result<T, Unreachable>,
    ) -> Result<T> {
        let (answer, turn) = ldap.ask(self.now_ms(), question);
        let kind = match turn {
            Turn::None => None,
            Turn::Down => Some("directory.unreachable"),
            Turn::Up => Some("directory.reachable"),
        };
        if let Some(kind) = kind {
            self.store.write(move |tx| tx.emit(kind, "system", "directory", json!({})).map(|_| ()))?;
        }
        answer.map_err(|Unreachable(what)| {
            note("directory", &what);
            DirectoryError::Unreachable
        })
    }

    fn now_ms(&self) -> i64 {
        self.store.clock().now_ms()
    }
}

/// One structured line on standard error for the operator.
fn note(event: &str, what: &str) {
    eprintln!("{}", json!({ "level": "error", "event": event, "detail": what }));
}

#[cfg(test)]
mod tests;
