//! Signing in. Password and second factor are two requests joined by a short-lived value; a passkey is one dialogue.
//! An outsider learns nothing but yes and no: unknown accounts take the same path, the same time and the same locks.

use sekisho_policy::ZoneId;
use sekisho_store::WriteTx;
use serde_json::{Value as Json, json};
use webauthn_rs::prelude::Passkey;

use crate::config::LockRule;
use crate::error::{IdentityError, Result};
use crate::external::{named, sign_in_of};
use crate::keys::{Bearer, stored_form};
use crate::lockout::{Counter, refuse_if_locked, remote_key};
use crate::passkey::{Ceremony, Claim, State};
use crate::person::{Person, PersonId, canonical_login};
use crate::rows::{Query, damaged, person_by_id, person_by_login, person_id};
use crate::sessions::{Method, SessionInfo};
use crate::totp::{self, CodeCheck};
use crate::{Identity, Rules, SignIn};

/// Most second-factor attempts for one password.
const MAX_ATTEMPTS: i64 = 5;

/// Where a request comes from.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The zone of the listener.
    pub zone: ZoneId,
    /// The peer's address.
    pub remote: String,
    /// The session cookie that the browser sent, if any; that session ends when the log-in succeeds.
    pub previous_cookie: Option<String>,
}

/// What comes after a right password.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginStep {
    /// A code of the authenticator app or a recovery code; after a first factor from outside also a passkey.
    NeedSecondFactor {
        /// To be handed back with the code.
        pending: String,
        /// Until when, in milliseconds since 1970 UTC.
        expires_ms: i64,
        /// Whether a code of the authenticator app or a recovery code is accepted.
        code: bool,
        /// Whether a passkey is accepted, see [`Identity::begin_second_passkey`].
        passkey: bool,
    },
}

/// A session that has just begun.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// The cookie's value; set it with `HttpOnly`, `SameSite=Strict`, `Path=/` (and `Secure` over HTTPS).
    pub cookie: String,
    /// The session.
    pub info: SessionInfo,
}

impl Identity {
    /// First step with a password. Success only leads to the second factor.
    ///
    /// # Errors
    /// `Refused` for anything wrong, `Locked` after repeated failures.
    pub fn begin_password(&self, login: &str, password: &str, visit: &Visit) -> Result<LoginStep> {
        let login = canonical_login(login);
        let account = self.rules.account_counter(&login)?;
        let remote = self.rules.remote_counter(&visit.remote)?;
        self.rules.check_zone(&visit.zone)?;
        let now = self.now_ms();
        let known = self.read(|tx| {
            refuse_if_locked(tx, &[&account, &remote], now)?;
            let Some(person) = person_by_login(tx, &login)? else { return Ok(None) };
            let phc = password_of(tx, &person.id)?;
            // Somebody marked for a service outside has no password here, whatever was set earlier.
            let second = has_second_factor(tx, &person.id)? && sign_in_of(tx, &person.id)? == SignIn::Local;
            Ok(Some((person, phc, second)))
        })?;
        let usable = known.as_ref().filter(|(person, _, second)| person.active && *second);
        let stored = usable.and_then(|(_, phc, _)| phc.as_deref());
        let right = self.rules.passwords.verify(password, stored)?;
        let renewed = match stored {
            Some(phc) if right && self.rules.passwords.is_outdated(phc) => {
                Some(self.rules.passwords.hash(password)?)
            }
            _ => None,
        };
        let person = known.map(|(person, _, _)| person);
        let visit = visit.clone();
        self.attempt(move |tx, rules| {
            // Attempts that ran side by side must not slip past a lock that one of them caused.
            { let now = tx.now_ms(); refuse_if_locked(tx, &[&account, &remote], now) }?;
            let Some(person) = person.as_ref().filter(|_| right) else {
                rules.failed(tx, person.as_ref(), Some(&account), &remote, &visit, "password")?;
                return Ok(Err(IdentityError::Refused));
            };
            if let Some(phc) = renewed {
                tx.execute("UPDATE identity_passwords SET phc = ?2 WHERE person = ?1", &[person.id.as_str().into(), phc.into()])?;
            }
            let pending = Bearer::new("")?;
            let expires_ms = tx.now_ms().saturating_add(rules.config.pending_ms);
            tx.execute("DELETE FROM identity_pending WHERE expires_ms <= ?1", &[tx.now_ms().into()])?;
            tx.execute(
                "INSERT INTO identity_pending (token, person, zone, attempts, expires_ms) VALUES (?1, ?2, ?3, 0, ?4)",
                &[pending.stored.into(), person.id.as_str().into(), visit.zone.as_str().into(), expires_ms.into()],
            )?;
            Ok(Ok(LoginStep::NeedSecondFactor { pending: pending.value, expires_ms, code: true, passkey: false }))
        })
    }

    /// Second step with a code of the authenticator app.
    ///
    /// # Errors
    /// `Refused` for anything wrong (also a code that was used before), `Locked` after repeated failures.
    pub fn finish_totp(&self, pending: &str, code: &str, visit: &Visit) -> Result<NewSession> {
        let code = code.to_owned();
        self.finish_second(pending, visit, Second::Totp, move |tx, rules, id| {
            Ok(rules.spend_totp(tx, id, &code)? == Spent::Right)
        })
    }

    /// Second step with a recovery code, each of which works once.
    ///
    /// # Errors
    /// `Refused` for anything wrong, `Locked` after repeated failures.
    pub fn finish_recovery(&self, pending: &str, code: &str, visit: &Visit) -> Result<NewSession> {
        let code = code.to_owned();
        self.finish_second(pending, visit, Second::Recovery, move |tx, rules, id| {
            rules.spend_recovery(tx, id, &code)
        })
    }

    fn finish_second(
        &self,
        pending: &str,
        visit: &Visit,
        second: Second,
        check: impl FnOnce(&mut WriteTx, &Rules, &PersonId) -> Result<bool> + Send + 'static,
    ) -> Result<NewSession> {
        let (pending, visit) = (stored_form(pending), visit.clone());
        self.attempt(move |tx, rules| {
            let remote = rules.remote_counter(&visit.remote)?;
            {
                let now = tx.now_ms();
                refuse_if_locked(tx, &[&remote], now)
            }?;
            let Some(Waiting { person, attempts, first }) = rules.pending(tx, &pending, &visit.zone)? else {
                return Ok(Err(IdentityError::Refused));
            };
            let account = rules.account_counter(&person.login)?;
            {
                let now = tx.now_ms();
                refuse_if_locked(tx, &[&account], now)
            }?;
            if check(tx, rules, &person.id)? {
                tx.execute("DELETE FROM identity_pending WHERE token = ?1", &[pending.into()])?;
                account.clear(tx)?;
                return rules.begin_session(tx, &person, &visit, second.after(first)).map(Ok);
            }
            rules.failed(tx, Some(&person), Some(&account), &remote, &visit, second.as_str())?;
            if attempts.saturating_add(1) >= MAX_ATTEMPTS {
                tx.execute("DELETE FROM identity_pending WHERE token = ?1", &[pending.into()])?;
            } else {
                tx.execute(
                    "UPDATE identity_pending SET attempts = attempts + 1 WHERE token = ?1",
                    &[pending.into()],
                )?;
            }
            Ok(Err(IdentityError::Refused))
        })
    }

    /// Starts a log-in with a passkey.
    ///
    /// # Errors
    /// `NoPasskeysHere`, or `Locked` for the address.
    pub fn begin_passkey(&self, visit: &Visit) -> Result<Ceremony> {
        let visit = visit.clone();
        self.write(move |tx, rules| {
            {
                let now = tx.now_ms();
                refuse_if_locked(tx, &[&rules.remote_counter(&visit.remote)?], now)
            }?;
            let (options, state) = rules.sites.get(&visit.zone)?.begin_discovery()?;
            rules.keep_ceremony(tx, "login", "", &visit.zone, options, &state)
        })
    }

    /// Ends a log-in with a passkey; `response` is the browser's `credential.toJSON()`.
    ///
    /// # Errors
    /// `Refused` for anything wrong, `Locked` for the address. An account's lock does not stop its passkey, which
    /// can't be guessed; otherwise anybody could shut anybody out.
    pub fn finish_passkey(&self, ceremony: &str, response: &Json, visit: &Visit) -> Result<NewSession> {
        let (ceremony, response, visit) = (ceremony.to_owned(), response.clone(), visit.clone());
        self.attempt(move |tx, rules| {
            let remote = rules.remote_counter(&visit.remote)?;
            {
                let now = tx.now_ms();
                refuse_if_locked(tx, &[&remote], now)
            }?;
            let Some(State::Discover(state)) =
                rules.take_ceremony(tx, &ceremony, "login", "", &visit.zone)?
            else {
                return Ok(Err(IdentityError::Refused));
            };
            let site = rules.sites.get(&visit.zone)?;
            let claim = Claim::parse(&response).ok();
            let stored = match &claim {
                Some(claim) => passkey_by_id(tx, &claim.credential_id, &site.rp_id)?,
                None => None,
            };
            let owner = match &stored {
                Some((id, _)) => person_by_id(tx, id)?,
                None => None,
            };
            if let (Some(claim), Some((id, mut passkey)), Some(person)) = (claim, stored, &owner) {
                // Which person it is must be told by the authenticator and agree with what was registered. Whether
                // an account outside is still open is not known to a passkey.
                let agrees = person.active
                    && claim.person.as_ref() == Some(&id)
                    && sign_in_of(tx, &id)? == SignIn::Local;
                if let Some(result) = agrees
                    .then(|| site.finish_discovery(state, &claim, &passkey))
                    .and_then(std::result::Result::ok)
                {
                    used_passkey(tx, &claim.credential_id, &mut passkey, &result)?;
                    return rules.begin_session(tx, person, &visit, Method::Passkey).map(Ok);
                }
            }
            rules.failed(tx, owner.as_ref(), None, &remote, &visit, "passkey")?;
            Ok(Err(IdentityError::Refused))
        })
    }
}

/// A log-in whose first factor was right.
pub(crate) struct Waiting {
    pub(crate) person: Person,
    attempts: i64,
    /// Who checked the first factor.
    pub(crate) first: SignIn,
}

/// A second factor that is typed.
#[derive(Debug, Clone, Copy)]
enum Second {
    Totp,
    Recovery,
}

impl Second {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Recovery => "recovery",
        }
    }

    const fn after(self, first: SignIn) -> Method {
        match (first, self) {
            (SignIn::Local, Self::Totp) => Method::PasswordTotp,
            (SignIn::Local, Self::Recovery) => Method::PasswordRecovery,
            (SignIn::Directory, Self::Totp) => Method::DirectoryTotp,
            (SignIn::Directory, Self::Recovery) => Method::DirectoryRecovery,
            (SignIn::Oidc, Self::Totp) => Method::OidcTotp,
            (SignIn::Oidc, Self::Recovery) => Method::OidcRecovery,
        }
    }
}

/// What became of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spent {
    Right,
    Used,
    Wrong,
}

impl Rules {
    pub(crate) fn check_zone(&self, zone: &ZoneId) -> Result<()> {
        self.policy.zone(zone).map(|_| ()).ok_or(IdentityError::WrongZone)
    }

    pub(crate) fn account_counter(&self, login: &str) -> Result<Counter> {
        let session = &self.policy.session;
        let first_ms = i64::from(session.lockout_minutes).saturating_mul(60_000);
        let max_ms = self.config.account_lock_max_ms.max(first_ms);
        let rule = LockRule { free: session.lockout_attempts, first_ms, max_ms, forget_ms: max_ms };
        Ok(Counter { scope: "account", key: self.keys.fingerprint("login", login)?, rule })
    }

    pub(crate) fn remote_counter(&self, remote: &str) -> Result<Counter> {
        let key = self.keys.fingerprint("remote", &remote_key(remote))?;
        Ok(Counter { scope: "remote", key, rule: self.config.remote_lock })
    }

    /// Records a failure. What was typed as a log-in name is never kept: people type passwords there.
    pub(crate) fn failed(
        &self,
        tx: &mut WriteTx,
        person: Option<&Person>,
        account: Option<&Counter>,
        remote: &Counter,
        visit: &Visit,
        factor: &str,
    ) -> Result<()> {
        let subject = person.map_or("unknown", |person| person.id.as_str());
        let body = json!({ "zone": visit.zone, "remote": visit.remote, "factor": factor });
        tx.emit("login.failed", subject, subject, body)?;
        if let Some(account) = account {
            account.fail(tx, subject, &visit.remote)?;
        }
        remote.fail(tx, subject, &visit.remote)?;
        // Counts that are long over are dropped, or guesses of names would fill the table.
        let rule = self.config.account_lock_max_ms.max(self.config.remote_lock.forget_ms);
        let long_ago = tx.now_ms().saturating_sub(rule.saturating_mul(2));
        tx.execute(
            "DELETE FROM identity_locks WHERE last_failure_ms < ?1 AND locked_until_ms < ?1",
            &[long_ago.into()],
        )?;
        Ok(())
    }

    pub(crate) fn pending(&self, tx: &mut WriteTx, token: &str, zone: &ZoneId) -> Result<Option<Waiting>> {
        let rows = tx.query(
            "SELECT person, attempts, first_factor FROM identity_pending WHERE token = ?1 AND zone = ?2 AND expires_ms > ?3",
            &[token.into(), zone.as_str().into(), tx.now_ms().into()],
        )?;
        let Some(row) = rows.first() else { return Ok(None) };
        let person = person_by_id(tx, &person_id(row.get_text("person")?)?)?;
        let attempts = row.get_i64("attempts")?;
        let first = named(row.get_text("first_factor")?)?;
        Ok(person.filter(|person| person.active).map(|person| Waiting { person, attempts, first }))
    }

    /// Accepts a code of the authenticator app once.
    pub(crate) fn spend_totp(&self, tx: &mut WriteTx, id: &PersonId, code: &str) -> Result<Spent> {
        let rows =
            tx.query("SELECT sealed, last_step FROM identity_totp WHERE person = ?1", &[id.as_str().into()])?;
        let Some(row) = rows.first() else { return Ok(Spent::Wrong) };
        let secret = self.keys.open_sealed(id.as_str(), row.get_blob("sealed")?)?;
        match totp::check(&secret, code, tx.now_ms(), row.get_i64("last_step")?)? {
            CodeCheck::Fits { step } => {
                tx.execute(
                    "UPDATE identity_totp SET last_step = ?2 WHERE person = ?1",
                    &[id.as_str().into(), step.into()],
                )?;
                Ok(Spent::Right)
            }
            CodeCheck::Used => Ok(Spent::Used),
            CodeCheck::Wrong => Ok(Spent::Wrong),
        }
    }

    /// Accepts a recovery code once.
    pub(crate) fn spend_recovery(&self, tx: &mut WriteTx, id: &PersonId, code: &str) -> Result<bool> {
        let code = self.recovery_form(id, code)?;
        let spent = tx.execute(
            "UPDATE identity_recovery SET used_ms = ?3 WHERE person = ?1 AND code = ?2 AND used_ms IS NULL",
            &[id.as_str().into(), code.into(), tx.now_ms().into()],
        )?;
        Ok(spent == 1)
    }

    /// What the database keeps of a recovery code: a keyed fingerprint bound to the person.
    pub(crate) fn recovery_form(&self, id: &PersonId, code: &str) -> Result<String> {
        use unicode_normalization::UnicodeNormalization as _;
        let plain: String =
            code.nfkc().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        self.keys.fingerprint("recovery", &format!("{id}/{plain}"))
    }

    /// Keeps the server's half of a passkey dialogue.
    pub(crate) fn keep_ceremony(
        &self,
        tx: &mut WriteTx,
        purpose: &str,
        owner: &str,
        zone: &ZoneId,
        options: Json,
        state: &State,
    ) -> Result<Ceremony> {
        let state = serde_json::to_string(state).map_err(|error| damaged(&error))?;
        let id = self.keep_state(tx, purpose, owner, zone.as_str(), state)?;
        Ok(Ceremony { id, options })
    }

    /// Keeps something until the answer arrives; the returned value fetches it once.
    pub(crate) fn keep_state(
        &self,
        tx: &mut WriteTx,
        purpose: &str,
        owner: &str,
        zone: &str,
        state: String,
    ) -> Result<String> {
        let token = Bearer::new("")?;
        let now = tx.now_ms();
        tx.execute("DELETE FROM identity_ceremonies WHERE expires_ms <= ?1", &[now.into()])?;
        tx.execute(
            "INSERT INTO identity_ceremonies (token, purpose, owner, zone, state, expires_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            &[
                token.stored.into(),
                purpose.into(),
                owner.into(),
                zone.into(),
                state.into(),
                now.saturating_add(self.config.pending_ms).into(),
            ],
        )?;
        Ok(token.value)
    }

    /// Fetches the server's half of a dialogue; a dialogue is good for one answer, right or wrong.
    pub(crate) fn take_ceremony(
        &self,
        tx: &mut WriteTx,
        token: &str,
        purpose: &str,
        owner: &str,
        zone: &ZoneId,
    ) -> Result<Option<State>> {
        self.take_state(tx, token, purpose, owner, zone.as_str())?
            .map(|state| serde_json::from_str(&state).map_err(|error| damaged(&error)))
            .transpose()
    }

    pub(crate) fn take_state(
        &self,
        tx: &mut WriteTx,
        token: &str,
        purpose: &str,
        owner: &str,
        zone: &str,
    ) -> Result<Option<String>> {
        let rows = tx.query(
            "DELETE FROM identity_ceremonies WHERE token = ?1 AND purpose = ?2 AND owner = ?3 AND zone = ?4 RETURNING state, expires_ms",
            &[stored_form(token).into(), purpose.into(), owner.into(), zone.into()],
        )?;
        let Some(row) = rows.first() else { return Ok(None) };
        let alive = row.get_i64("expires_ms")? > tx.now_ms();
        Ok(if alive { Some(row.get_text("state")?.to_owned()) } else { None })
    }
}

pub(crate) fn password_of(query: &mut impl Query, id: &PersonId) -> Result<Option<String>> {
    let rows = query.rows("SELECT phc FROM identity_passwords WHERE person = ?1", &[id.as_str().into()])?;
    Ok(rows.first().map(|row| row.get_text("phc").map(str::to_owned)).transpose()?)
}

pub(crate) fn has_second_factor(query: &mut impl Query, id: &PersonId) -> Result<bool> {
    Ok(!query.rows("SELECT person FROM identity_totp WHERE person = ?1", &[id.as_str().into()])?.is_empty())
}

pub(crate) fn passkey_by_id(
    query: &mut impl Query,
    credential: &str,
    rp_id: &str,
) -> Result<Option<(PersonId, Passkey)>> {
    let rows = query.rows(
        "SELECT person, data FROM identity_passkeys WHERE id = ?1 AND rp_id = ?2",
        &[credential.into(), rp_id.into()],
    )?;
    let Some(row) = rows.first() else { return Ok(None) };
    let passkey = serde_json::from_str(row.get_text("data")?).map_err(|error| damaged(&error))?;
    Ok(Some((person_id(row.get_text("person")?)?, passkey)))
}

/// Remembers the authenticator's counter and the time of use.
pub(crate) fn used_passkey(
    tx: &mut WriteTx,
    credential: &str,
    passkey: &mut Passkey,
    result: &webauthn_rs::prelude::AuthenticationResult,
) -> Result<()> {
    passkey.update_credential(result);
    let data = serde_json::to_string(passkey).map_err(|error| damaged(&error))?;
    tx.execute(
        "UPDATE identity_passkeys SET data = ?2, last_used_ms = ?3 WHERE id = ?1",
        &[credential.into(), data.into(), tx.now_ms().into()],
    )?;
    Ok(())
}
