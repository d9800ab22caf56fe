//! Signing in with a first factor that a service outside has checked (外部の認証基盤). This room does not talk to that
//! service; it knows who is marked for which way, keeps the locks and the second factor, and begins the session.
//!
//! Somebody marked `directory` or `oidc` has no way past that service: neither an old password nor a passkey alone
//! signs them in, because only the service outside knows whether the account is still open.

use sekisho_policy::Permission;
use sekisho_store::WriteTx;
use serde_json::{Value as Json, json};

use crate::error::{IdentityError, Result};
use crate::factors::passkeys_of;
use crate::keys::{Bearer, stored_form};
use crate::lockout::refuse_if_locked;
use crate::login::{LoginStep, NewSession, Visit, has_second_factor, passkey_by_id, used_passkey};
use crate::passkey::{Ceremony, Claim, State};
use crate::person::{Actor, Person, PersonId, canonical_login};
use crate::rows::{Query, person_by_id, person_by_login};
use crate::sessions::Method;
use crate::{Identity, Rules, SignIn};

/// A first factor that a service outside has checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FirstFactor {
    /// The password, proved by the city's directory.
    Directory,
    /// An account of an OpenID Connect provider.
    Oidc {
        /// The issuer.
        issuer: String,
        /// The account's identifier there (`sub`), never given to anybody else. The first one is kept; another one is
        /// refused from then on.
        subject: String,
    },
}

impl FirstFactor {
    const fn way(&self) -> SignIn {
        match self {
            Self::Directory => SignIn::Directory,
            Self::Oidc { .. } => SignIn::Oidc,
        }
    }
}

impl Identity {
    /// How a person signs in; `Local` unless somebody decided otherwise.
    ///
    /// # Errors
    /// When the store fails.
    pub fn sign_in_of(&self, id: &PersonId) -> Result<SignIn> {
        self.read(|tx| sign_in_of(tx, id))
    }

    /// Changes how a person signs in. Their sessions and half-finished log-ins end; second factors stay.
    ///
    /// # Errors
    /// `NotPermitted`, `NotFound`, or `Invalid` for the last administrator who signs in here: with the service outside
    /// down, somebody has to be able to mend things.
    pub fn set_sign_in(&self, actor: &Actor, id: &PersonId, way: SignIn) -> Result<()> {
        let (actor, id) = (actor.clone(), id.clone());
        self.write(move |tx, rules| {
            let person = person_by_id(tx, &id)?.ok_or(IdentityError::NotFound)?;
            rules.authorise(tx, &actor, &person.roles)?;
            rules.set_sign_in(tx, &actor, &person, way)
        })
    }

    /// Whether a visit is looked at: its zone is declared and its address is not locked.
    ///
    /// # Errors
    /// `WrongZone` or `Locked`.
    pub fn check_visit(&self, visit: &Visit) -> Result<()> {
        self.rules.check_zone(&visit.zone)?;
        let remote = self.rules.remote_counter(&visit.remote)?;
        let now = self.now_ms();
        self.read(|tx| refuse_if_locked(tx, &[&remote], now))
    }

    /// The active person with this log-in name whose password the directory proves, if it is one. The work that a
    /// password of our own would cost is done here too, so that the time does not tell who is marked how.
    ///
    /// # Errors
    /// `WrongZone`, or `Locked` for the account or the address.
    pub fn directory_person(&self, login: &str, password: &str, visit: &Visit) -> Result<Option<Person>> {
        let login = canonical_login(login);
        let account = self.rules.account_counter(&login)?;
        let remote = self.rules.remote_counter(&visit.remote)?;
        self.rules.check_zone(&visit.zone)?;
        let now = self.now_ms();
        let person = self.read(|tx| {
            refuse_if_locked(tx, &[&account, &remote], now)?;
            match person_by_login(tx, &login)?.filter(|person| person.active) {
                Some(person) if sign_in_of(tx, &person.id)? == SignIn::Directory => Ok(Some(person)),
                _ => Ok(None),
            }
        })?;
        if person.is_some() {
            // The answer is always no; only the time counts.
            let _ = self.rules.passwords.verify(password, None)?;
        }
        Ok(person)
    }

    /// The service outside accepted the first factor; what is left is the second one.
    ///
    /// # Errors
    /// `Refused` when the person is not marked for this way or another account of the provider was kept, `Locked`, or
    /// `Invalid` when there is no second factor yet.
    pub fn external_accepted(&self, id: &PersonId, first: &FirstFactor, visit: &Visit) -> Result<LoginStep> {
        let (id, first, visit) = (id.clone(), first.clone(), visit.clone());
        self.attempt(move |tx, rules| {
            let person = match rules.external(tx, &id, &first, &visit)? {
                Ok(person) => person,
                Err(error) => return Ok(Err(error)),
            };
            let code = has_second_factor(tx, &id)?;
            let passkey = rules.passkey_in(tx, &id, &visit)?;
            if !code && !passkey {
                return Ok(Err(IdentityError::invalid(
                    "この領域で使用できる認証アプリ又はパスキーが登録されていません。情報システム担当に登録用リンクの発行を依頼してください。",
                    "No authenticator app or passkey is registered for this zone. Ask the information systems section for a registration link.",
                )));
            }
            let pending = Bearer::new("")?;
            let expires_ms = tx.now_ms().saturating_add(rules.config.pending_ms);
            tx.execute("DELETE FROM identity_pending WHERE expires_ms <= ?1", &[tx.now_ms().into()])?;
            tx.execute(
                "INSERT INTO identity_pending (token, person, zone, attempts, expires_ms, first_factor) VALUES (?1, ?2, ?3, 0, ?4, ?5)",
                &[
                    pending.stored.into(),
                    person.id.as_str().into(),
                    visit.zone.as_str().into(),
                    expires_ms.into(),
                    first.way().as_str().into(),
                ],
            )?;
            Ok(Ok(LoginStep::NeedSecondFactor { pending: pending.value, expires_ms, code, passkey }))
        })
    }

    /// The provider proved several factors, and the caller found in the declaration that this is enough in this zone.
    ///
    /// # Errors
    /// As [`Identity::external_accepted`], save that no second factor is needed.
    pub fn external_suffices(&self, id: &PersonId, first: &FirstFactor, visit: &Visit) -> Result<NewSession> {
        let (id, first, visit) = (id.clone(), first.clone(), visit.clone());
        self.attempt(move |tx, rules| match rules.external(tx, &id, &first, &visit)? {
            Ok(_) if first == FirstFactor::Directory => Ok(Err(IdentityError::NotPermitted)),
            Ok(person) => {
                rules.account_counter(&person.login)?.clear(tx)?;
                rules.begin_session(tx, &person, &visit, Method::Oidc).map(Ok)
            }
            Err(error) => Ok(Err(error)),
        })
    }

    /// The service outside refused the first factor, or its answer was not accepted; counted as a failure. `factor`
    /// says what it was, for instance `directory-password`, and never holds what was typed.
    ///
    /// # Errors
    /// When the store fails.
    pub fn external_refused(&self, id: Option<&PersonId>, factor: &str, visit: &Visit) -> Result<()> {
        let (id, factor, visit) = (id.cloned(), factor.to_owned(), visit.clone());
        self.write(move |tx, rules| {
            let person = match &id {
                Some(id) => person_by_id(tx, id)?,
                None => None,
            };
            let account = person.as_ref().map(|person| rules.account_counter(&person.login)).transpose()?;
            let remote = rules.remote_counter(&visit.remote)?;
            rules.failed(tx, person.as_ref(), account.as_ref(), &remote, &visit, &factor)
        })
    }

    /// Starts proving a passkey as the second factor after a first one from outside.
    ///
    /// # Errors
    /// `Refused` when the first step is unknown or too old, or `NoPasskeysHere`.
    pub fn begin_second_passkey(&self, pending: &str, visit: &Visit) -> Result<Ceremony> {
        let (pending, visit) = (stored_form(pending), visit.clone());
        self.write(move |tx, rules| {
            let waiting =
                rules.pending(tx, &pending, &visit.zone)?.filter(|waiting| waiting.first != SignIn::Local);
            let Some(waiting) = waiting else { return Err(IdentityError::Refused) };
            let site = rules.sites.get(&visit.zone)?;
            let passkeys = passkeys_of(tx, &waiting.person.id, &site.rp_id)?;
            if passkeys.is_empty() {
                return Err(IdentityError::Refused);
            }
            let (options, state) = site.begin_confirmation(&passkeys)?;
            rules.keep_ceremony(tx, "second", &pending, &visit.zone, options, &state)
        })
    }

    /// Ends proving a passkey as the second factor; `response` is the browser's `credential.toJSON()`.
    ///
    /// # Errors
    /// `Refused` for anything wrong, `Locked` for the address.
    pub fn finish_second_passkey(
        &self,
        pending: &str,
        ceremony: &str,
        response: &Json,
        visit: &Visit,
    ) -> Result<NewSession> {
        let (pending, ceremony) = (stored_form(pending), ceremony.to_owned());
        let (response, visit) = (response.clone(), visit.clone());
        self.attempt(move |tx, rules| {
            let remote = rules.remote_counter(&visit.remote)?;
            {
                let now = tx.now_ms();
                refuse_if_locked(tx, &[&remote], now)
            }?;
            let Some(waiting) = rules.pending(tx, &pending, &visit.zone)? else {
                return Ok(Err(IdentityError::Refused));
            };
            let site = rules.sites.get(&visit.zone)?;
            let Some(State::Confirm(state)) =
                rules.take_ceremony(tx, &ceremony, "second", &pending, &visit.zone)?
            else {
                return Ok(Err(IdentityError::Refused));
            };
            let proved = Claim::parse(&response)
                .and_then(|claim| Ok((site.finish_confirmation(&state, &claim)?, claim)))
                .ok();
            if let Some((result, claim)) = proved
                && let Some((owner, mut passkey)) = passkey_by_id(tx, &claim.credential_id, &site.rp_id)?
                && owner == waiting.person.id
            {
                used_passkey(tx, &claim.credential_id, &mut passkey, &result)?;
                tx.execute("DELETE FROM identity_pending WHERE token = ?1", &[pending.into()])?;
                rules.account_counter(&waiting.person.login)?.clear(tx)?;
                let method = match waiting.first {
                    SignIn::Oidc => Method::OidcPasskey,
                    SignIn::Directory | SignIn::Local => Method::DirectoryPasskey,
                };
                return rules.begin_session(tx, &waiting.person, &visit, method).map(Ok);
            }
            rules.failed(tx, Some(&waiting.person), None, &remote, &visit, "passkey")?;
            Ok(Err(IdentityError::Refused))
        })
    }
}

impl Rules {
    pub(crate) fn set_sign_in(
        &self,
        tx: &mut WriteTx,
        actor: &Actor,
        person: &Person,
        way: SignIn,
    ) -> Result<()> {
        let before = sign_in_of(tx, &person.id)?;
        if before == way {
            return Ok(());
        }
        let body = json!({ "from": before, "to": way });
        tx.emit("person.sign-in-changed", &actor.to_string(), person.id.as_str(), body)?;
        if before == SignIn::Local {
            self.local_administrator_remains(tx, person)?;
        }
        tx.execute("DELETE FROM identity_subjects WHERE person = ?1", &[person.id.as_str().into()])?;
        tx.execute("DELETE FROM identity_pending WHERE person = ?1", &[person.id.as_str().into()])?;
        self.end_sessions(tx, actor, &person.id, None, "account").map(|_| ())
    }

    /// After a change of `before`, who signed in here: an administrator remains who does not need a service outside.
    pub(crate) fn local_administrator_remains(&self, tx: &mut WriteTx, before: &Person) -> Result<()> {
        if !(before.active && self.holds(&before.roles, Permission::Administer)) {
            return Ok(());
        }
        for role in self.policy.roles.iter().filter(|role| role.permissions.contains(&Permission::Administer))
        {
            let rows = tx.rows(
                "SELECT id FROM people WHERE active = 1 AND id IN (SELECT person FROM person_roles WHERE role = ?1) \
                 AND id NOT IN (SELECT person FROM person_sign_in WHERE way <> 'local') LIMIT 1",
                &[role.id.as_str().into()],
            )?;
            if !rows.is_empty() {
                return Ok(());
            }
        }
        Err(IdentityError::invalid(
            "関所のパスワード又はパスキーでサインインする管理者が1人もいなくなるため、変更できません。",
            "No administrator would be left who signs in here without a service outside.",
        ))
    }

    /// The person behind a first factor from outside, if the marking and the locks let them on.
    fn external(
        &self,
        tx: &mut WriteTx,
        id: &PersonId,
        first: &FirstFactor,
        visit: &Visit,
    ) -> Result<Result<Person>> {
        self.check_zone(&visit.zone)?;
        let Some(person) = person_by_id(tx, id)? else { return Ok(Err(IdentityError::Refused)) };
        let account = self.account_counter(&person.login)?;
        let remote = self.remote_counter(&visit.remote)?;
        {
            let now = tx.now_ms();
            refuse_if_locked(tx, &[&account, &remote], now)
        }?;
        let word = match first {
            _ if !person.active => Some("inactive"),
            _ if sign_in_of(tx, id)? != first.way() => Some("marking"),
            FirstFactor::Oidc { issuer, subject } if !kept_subject(tx, id, issuer, subject)? => {
                Some("subject")
            }
            _ => None,
        };
        let Some(word) = word else { return Ok(Ok(person)) };
        let factor = format!("{}-{word}", first.way().as_str());
        self.failed(tx, Some(&person), Some(&account), &remote, visit, &factor)?;
        Ok(Err(IdentityError::Refused))
    }

    fn passkey_in(&self, tx: &mut WriteTx, id: &PersonId, visit: &Visit) -> Result<bool> {
        match self.sites.get(&visit.zone) {
            Ok(site) => Ok(!passkeys_of(tx, id, &site.rp_id)?.is_empty()),
            Err(_) => Ok(false),
        }
    }
}

/// Whether the provider's account is the one that was kept; the first one is.
fn kept_subject(tx: &mut WriteTx, id: &PersonId, issuer: &str, subject: &str) -> Result<bool> {
    let rows =
        tx.query("SELECT issuer, subject FROM identity_subjects WHERE person = ?1", &[id.as_str().into()])?;
    if let Some(row) = rows.first() {
        return Ok(row.get_text("issuer")? == issuer && row.get_text("subject")? == subject);
    }
    // One account of the provider is one person here.
    let taken = tx.query(
        "SELECT person FROM identity_subjects WHERE issuer = ?1 AND subject = ?2",
        &[issuer.into(), subject.into()],
    )?;
    if !taken.is_empty() {
        return Ok(false);
    }
    tx.execute(
        "INSERT INTO identity_subjects (person, issuer, subject) VALUES (?1, ?2, ?3)",
        &[id.as_str().into(), issuer.into(), subject.into()],
    )?;
    Ok(true)
}

pub(crate) fn sign_in_of(query: &mut impl Query, id: &PersonId) -> Result<SignIn> {
    let rows = query.rows("SELECT way FROM person_sign_in WHERE person = ?1", &[id.as_str().into()])?;
    let Some(row) = rows.first() else { return Ok(SignIn::Local) };
    named(row.get_text("way")?)
}

pub(crate) fn named(word: &str) -> Result<SignIn> {
    SignIn::ALL
        .into_iter()
        .find(|way| way.as_str() == word)
        .ok_or_else(|| IdentityError::Damaged(format!("unknown way of signing in `{word}`")))
}
