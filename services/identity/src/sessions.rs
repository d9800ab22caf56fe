//! Sessions (セッション), each bound to one zone. The browser holds 256 random bits, the database their hash. A session
//! ends when idle, at its absolute end, at a log-out, or when somebody ends it; roles are read anew at every request.

use std::fmt;

use sekisho_policy::{Permission, RoleId, ZoneId};
use sekisho_store::WriteTx;
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::error::{IdentityError, Result};
use crate::factors::passkeys_of;
use crate::keys::{Bearer, same, stored_form};
use crate::lockout::refuse_if_locked;
use crate::login::{NewSession, Spent, Visit, passkey_by_id, used_passkey};
use crate::passkey::{Ceremony, Claim, State};
use crate::person::{Actor, Person, PersonId};
use crate::rows::{Query, damaged, person_by_id, person_id};
use crate::tokens::TokenInfo;
use crate::{Identity, Rules};

/// The time of last use is written at most this often.
pub(crate) const SEEN_EVERY_MS: i64 = 60_000;

/// How a session was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Password and authenticator code.
    PasswordTotp,
    /// Password and recovery code.
    PasswordRecovery,
    /// User-verified passkey.
    Passkey,
    /// Password of the directory and authenticator code.
    DirectoryTotp,
    /// Password of the directory and recovery code.
    DirectoryRecovery,
    /// Password of the directory and passkey.
    DirectoryPasskey,
    /// OpenID Connect provider and authenticator code.
    OidcTotp,
    /// OpenID Connect provider and recovery code.
    OidcRecovery,
    /// OpenID Connect provider and passkey.
    OidcPasskey,
    /// OpenID Connect provider, whose evidence of several factors is accepted.
    Oidc,
}

impl Method {
    const ALL: [Self; 10] = [
        Self::PasswordTotp,
        Self::PasswordRecovery,
        Self::Passkey,
        Self::DirectoryTotp,
        Self::DirectoryRecovery,
        Self::DirectoryPasskey,
        Self::OidcTotp,
        Self::OidcRecovery,
        Self::OidcPasskey,
        Self::Oidc,
    ];

    /// The word in events and tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PasswordTotp => "password-totp",
            Self::PasswordRecovery => "password-recovery",
            Self::Passkey => "passkey",
            Self::DirectoryTotp => "directory-totp",
            Self::DirectoryRecovery => "directory-recovery",
            Self::DirectoryPasskey => "directory-passkey",
            Self::OidcTotp => "oidc-totp",
            Self::OidcRecovery => "oidc-recovery",
            Self::OidcPasskey => "oidc-passkey",
            Self::Oidc => "oidc",
        }
    }

    /// Whether a second factor that may step up was proved to this system itself.
    const fn proved_here(self) -> bool {
        !matches!(self, Self::PasswordRecovery | Self::DirectoryRecovery | Self::OidcRecovery | Self::Oidc)
    }
}

/// Names a session without giving it away.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct SessionId(String);

impl SessionId {
    /// A session named in a form; whether it exists is seen when it is used.
    #[must_use]
    pub fn from_form(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A valid session, as of now.
#[derive(Debug, Clone)]
pub struct SessionInfo {
    /// Which session.
    pub id: SessionId,
    /// Whose.
    pub person: Person,
    /// Their roles.
    pub roles: Vec<RoleId>,
    /// What the roles permit.
    pub permissions: Vec<Permission>,
    /// In which zone.
    pub zone: ZoneId,
    /// How it was begun.
    pub method: Method,
    /// When it was begun, in milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// Its absolute end.
    pub expires_ms: i64,
    /// Until when a fresh second factor counts; `None` when there was none or it is over.
    pub step_up_until_ms: Option<i64>,
    /// The token that every changing request must carry.
    pub csrf: String,
}

/// A session in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SessionView {
    /// Which session.
    pub id: SessionId,
    /// In which zone.
    pub zone: ZoneId,
    /// How it was begun.
    pub method: Method,
    /// From which address.
    pub remote: String,
    /// When it was begun.
    pub created_ms: i64,
    /// When it was last used, to the minute.
    pub last_seen_ms: i64,
    /// Its absolute end.
    pub expires_ms: i64,
}

/// The way in which a caller proved who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// A browser session.
    Session(SessionId),
    /// A personal access token, by its identifier.
    Token(String),
}

/// What other rooms need to know about a caller.
#[derive(Debug, Clone)]
pub struct Principal {
    /// Who.
    pub person: Person,
    /// In which zone.
    pub zone: ZoneId,
    /// What they may do; for a token, what both its scope and the person's roles permit.
    pub permissions: Vec<Permission>,
    /// How they proved who they are.
    pub way: Way,
    /// See [`SessionInfo::step_up_until_ms`]; a token never steps up.
    pub step_up_until_ms: Option<i64>,
}

impl Principal {
    /// Whether the caller may do something at all.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission)
    }
}

impl From<&SessionInfo> for Principal {
    fn from(info: &SessionInfo) -> Self {
        Self {
            person: info.person.clone(),
            zone: info.zone.clone(),
            permissions: info.permissions.clone(),
            way: Way::Session(info.id.clone()),
            step_up_until_ms: info.step_up_until_ms,
        }
    }
}

impl From<&TokenInfo> for Principal {
    fn from(info: &TokenInfo) -> Self {
        Self {
            person: info.person.clone(),
            zone: info.zone.clone(),
            permissions: info.permissions.clone(),
            way: Way::Token(info.token_id.clone()),
            step_up_until_ms: None,
        }
    }
}

impl Identity {
    /// The session behind a cookie, in the zone of the listener that received it.
    ///
    /// # Errors
    /// `NotAuthenticated` when there is none or it ended, `WrongZone` when it belongs to another zone.
    pub fn authenticate(&self, cookie: &str, zone: &ZoneId) -> Result<SessionInfo> {
        let id = stored_form(cookie);
        let now = self.now_ms();
        let (info, last_seen) =
            self.read(|tx| self.rules.live_session(tx, &id, now))?.ok_or(IdentityError::NotAuthenticated)?;
        if info.zone != *zone {
            return Err(IdentityError::WrongZone);
        }
        let csrf = self.rules.keys.csrf(cookie)?;
        if now.saturating_sub(last_seen) >= SEEN_EVERY_MS {
            self.write(move |tx, _| {
                tx.execute(
                    "UPDATE identity_sessions SET last_seen_ms = ?2 WHERE id = ?1 AND last_seen_ms < ?2",
                    &[id.into(), now.into()],
                )?;
                Ok(())
            })?;
        }
        Ok(SessionInfo { csrf, ..info })
    }

    /// Whether a changing request carries the session's CSRF token.
    ///
    /// # Errors
    /// `CsrfRefused` when it does not.
    pub fn check_csrf(&self, info: &SessionInfo, presented: &str) -> Result<()> {
        if same(&info.csrf, presented) { Ok(()) } else { Err(IdentityError::CsrfRefused) }
    }

    /// Whether the session proved a second factor recently; read from the database, not from `info`.
    ///
    /// # Errors
    /// `StepUpNeeded`, or `NotAuthenticated` when the session ended meanwhile.
    pub fn require_step_up(&self, info: &SessionInfo) -> Result<()> {
        let now = self.now_ms();
        self.read(|tx| self.rules.stepped_up(tx, info, now))
    }

    /// Proves the authenticator app again.
    ///
    /// # Errors
    /// `Refused`, `CodeUsed` (wait for the next code) or `Locked`.
    pub fn step_up_totp(&self, info: &SessionInfo, code: &str, visit: &Visit) -> Result<i64> {
        let (info, code, visit) = (info.clone(), code.to_owned(), visit.clone());
        self.attempt(move |tx, rules| {
            rules.require_live(tx, &info)?;
            let account = rules.account_counter(&info.person.login)?;
            let remote = rules.remote_counter(&visit.remote)?;
            {
                let now = tx.now_ms();
                refuse_if_locked(tx, &[&account, &remote], now)
            }?;
            match rules.spend_totp(tx, &info.person.id, &code)? {
                Spent::Right => rules.stepped_up_now(tx, &info, "totp").map(Ok),
                Spent::Used => Ok(Err(IdentityError::CodeUsed)),
                Spent::Wrong => {
                    rules.failed(tx, Some(&info.person), Some(&account), &remote, &visit, "step-up-totp")?;
                    Ok(Err(IdentityError::Refused))
                }
            }
        })
    }

    /// Starts proving a passkey again.
    ///
    /// # Errors
    /// `NoPasskeysHere`, or `NotFound` when the person has no passkey for this zone's address.
    pub fn step_up_begin_passkey(&self, info: &SessionInfo) -> Result<Ceremony> {
        let info = info.clone();
        self.write(move |tx, rules| {
            rules.require_live(tx, &info)?;
            let site = rules.sites.get(&info.zone)?;
            let passkeys = passkeys_of(tx, &info.person.id, &site.rp_id)?;
            if passkeys.is_empty() {
                return Err(IdentityError::NotFound);
            }
            let (options, state) = site.begin_confirmation(&passkeys)?;
            rules.keep_ceremony(tx, "step-up", info.id.as_str(), &info.zone, options, &state)
        })
    }

    /// Ends proving a passkey again; returns until when it counts.
    ///
    /// # Errors
    /// `Passkey` when the answer is wrong.
    pub fn step_up_finish_passkey(&self, info: &SessionInfo, ceremony: &str, response: &Json) -> Result<i64> {
        let (info, ceremony, response) = (info.clone(), ceremony.to_owned(), response.clone());
        self.attempt(move |tx, rules| {
            rules.require_live(tx, &info)?;
            let site = rules.sites.get(&info.zone)?;
            let Some(State::Confirm(state)) =
                rules.take_ceremony(tx, &ceremony, "step-up", info.id.as_str(), &info.zone)?
            else {
                return Ok(Err(IdentityError::Passkey(
                    "the dialogue is unknown, used or too old".to_owned(),
                )));
            };
            let verified = Claim::parse(&response)
                .and_then(|claim| Ok((site.finish_confirmation(&state, &claim)?, claim)));
            let (result, claim) = match verified {
                Ok(verified) => verified,
                Err(error) => return Ok(Err(error)),
            };
            match passkey_by_id(tx, &claim.credential_id, &site.rp_id)? {
                Some((owner, mut passkey)) if owner == info.person.id => {
                    used_passkey(tx, &claim.credential_id, &mut passkey, &result)?;
                    rules.stepped_up_now(tx, &info, "passkey").map(Ok)
                }
                _ => Ok(Err(IdentityError::Passkey("the passkey was removed".to_owned()))),
            }
        })
    }

    /// Ends the session of a cookie; nothing happens when there is none.
    ///
    /// # Errors
    /// When the store fails.
    pub fn logout(&self, cookie: &str) -> Result<()> {
        let id = stored_form(cookie);
        self.write(move |tx, rules| rules.end_session(tx, &id, None, "logout").map(|_| ()))
    }

    /// The living sessions of a person, newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn sessions(&self, id: &PersonId) -> Result<Vec<SessionView>> {
        let now = self.now_ms();
        let idle_after = now.saturating_sub(self.rules.idle_ms());
        self.read(|tx| {
            tx.rows(
                "SELECT id, zone, method, remote, created_ms, last_seen_ms, expires_ms FROM identity_sessions \
                 WHERE person = ?1 AND expires_ms > ?2 AND last_seen_ms > ?3 ORDER BY created_ms DESC, id",
                &[id.as_str().into(), now.into(), idle_after.into()],
            )?
            .iter()
            .map(|row| {
                Ok(SessionView {
                    id: SessionId(row.get_text("id")?.to_owned()),
                    zone: ZoneId::new(row.get_text("zone")?).map_err(|error| damaged(&error))?,
                    method: method(row.get_text("method")?)?,
                    remote: row.get_text("remote")?.to_owned(),
                    created_ms: row.get_i64("created_ms")?,
                    last_seen_ms: row.get_i64("last_seen_ms")?,
                    expires_ms: row.get_i64("expires_ms")?,
                })
            })
            .collect()
        })
    }

    /// Ends one of one's own sessions.
    ///
    /// # Errors
    /// `NotFound` when it is not one's own or ended already.
    pub fn revoke_session(&self, info: &SessionInfo, which: &SessionId) -> Result<()> {
        let (owner, which) = (info.person.id.clone(), which.clone());
        self.write(move |tx, rules| {
            let ended = rules.end_session(tx, which.as_str(), Some(&owner), "revoked")?;
            if ended { Ok(()) } else { Err(IdentityError::NotFound) }
        })
    }

    /// Ends all of one's own sessions, or all others; returns how many.
    ///
    /// # Errors
    /// When the store fails.
    pub fn revoke_own_sessions(&self, info: &SessionInfo, keep_current: bool) -> Result<u64> {
        let (owner, current) = (info.person.id.clone(), keep_current.then(|| info.id.clone()));
        self.write(move |tx, rules| {
            rules.end_sessions(
                tx,
                &Actor::from(&owner),
                &owner,
                current.as_ref().map(SessionId::as_str),
                "revoked",
            )
        })
    }

    /// Ends all sessions of somebody; returns how many.
    ///
    /// # Errors
    /// `NotPermitted` or `NotFound`.
    pub fn revoke_sessions_of(&self, actor: &Actor, id: &PersonId) -> Result<u64> {
        let (actor, id) = (actor.clone(), id.clone());
        self.write(move |tx, rules| {
            let person = person_by_id(tx, &id)?.ok_or(IdentityError::NotFound)?;
            rules.authorise(tx, &actor, &person.roles)?;
            rules.end_sessions(tx, &actor, &id, None, "revoked")
        })
    }
}

impl Rules {
    pub(crate) fn idle_ms(&self) -> i64 {
        minutes(self.policy.session.idle_minutes)
    }

    /// Begins a session under a fresh value; the browser's earlier session ends, so that a planted cookie gains nothing.
    pub(crate) fn begin_session(
        &self,
        tx: &mut WriteTx,
        person: &Person,
        visit: &Visit,
        method: Method,
    ) -> Result<NewSession> {
        let now = tx.now_ms();
        if let Some(previous) = &visit.previous_cookie {
            self.end_session(tx, &stored_form(previous), None, "replaced")?;
        }
        tx.execute(
            "DELETE FROM identity_sessions WHERE expires_ms <= ?1 OR last_seen_ms <= ?2",
            &[now.into(), now.saturating_sub(self.idle_ms()).into()],
        )?;
        let cookie = Bearer::new("")?;
        let expires_ms = now.saturating_add(minutes(self.policy.session.absolute_minutes));
        let step_up_until_ms = (self.config.login_counts_as_step_up && method.proved_here())
            .then(|| now.saturating_add(minutes(self.policy.session.step_up_minutes)));
        tx.execute(
            "INSERT INTO identity_sessions (id, person, zone, method, remote, created_ms, last_seen_ms, expires_ms, step_up_until_ms) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8)",
            &[
                cookie.stored.as_str().into(),
                person.id.as_str().into(),
                visit.zone.as_str().into(),
                method.as_str().into(),
                visit.remote.as_str().into(),
                now.into(),
                expires_ms.into(),
                step_up_until_ms.into(),
            ],
        )?;
        let id = person.id.as_str();
        let body = json!({ "zone": visit.zone, "remote": visit.remote, "method": method, "session": short(&cookie.stored) });
        tx.emit("login.succeeded", id, id, body)?;
        Ok(NewSession {
            info: SessionInfo {
                id: SessionId(cookie.stored),
                roles: person.roles.clone(),
                permissions: self.permissions(&person.roles),
                person: person.clone(),
                zone: visit.zone.clone(),
                method,
                created_ms: now,
                expires_ms,
                step_up_until_ms,
                csrf: self.keys.csrf(&cookie.value)?,
            },
            cookie: cookie.value,
        })
    }

    /// A session that is neither idle nor over and whose person is active, with the time it was last seen. Its CSRF
    /// token is empty: that needs the cookie.
    fn live_session(&self, query: &mut impl Query, id: &str, now: i64) -> Result<Option<(SessionInfo, i64)>> {
        let rows = query.rows(
            "SELECT person, zone, method, created_ms, last_seen_ms, expires_ms, step_up_until_ms FROM identity_sessions WHERE id = ?1",
            &[id.into()],
        )?;
        let Some(row) = rows.first() else { return Ok(None) };
        let (last_seen, expires_ms) = (row.get_i64("last_seen_ms")?, row.get_i64("expires_ms")?);
        if expires_ms <= now || now.saturating_sub(last_seen) >= self.idle_ms() {
            return Ok(None);
        }
        let person =
            person_by_id(query, &person_id(row.get_text("person")?)?)?.filter(|person| person.active);
        let Some(person) = person else { return Ok(None) };
        let info = SessionInfo {
            id: SessionId(id.to_owned()),
            roles: person.roles.clone(),
            permissions: self.permissions(&person.roles),
            person,
            zone: ZoneId::new(row.get_text("zone")?).map_err(|error| damaged(&error))?,
            method: method(row.get_text("method")?)?,
            created_ms: row.get_i64("created_ms")?,
            expires_ms,
            step_up_until_ms: row.get_opt_i64("step_up_until_ms")?.filter(|until| *until > now),
            csrf: String::new(),
        };
        Ok(Some((info, last_seen)))
    }

    pub(crate) fn require_live(&self, tx: &mut WriteTx, info: &SessionInfo) -> Result<()> {
        let now = tx.now_ms();
        self.live_session(tx, info.id.as_str(), now)?.map(|_| ()).ok_or(IdentityError::NotAuthenticated)
    }

    pub(crate) fn stepped_up(&self, query: &mut impl Query, info: &SessionInfo, now: i64) -> Result<()> {
        let (fresh, _) =
            self.live_session(query, info.id.as_str(), now)?.ok_or(IdentityError::NotAuthenticated)?;
        fresh.step_up_until_ms.map(|_| ()).ok_or(IdentityError::StepUpNeeded)
    }

    fn stepped_up_now(&self, tx: &mut WriteTx, info: &SessionInfo, factor: &str) -> Result<i64> {
        let until = tx.now_ms().saturating_add(minutes(self.policy.session.step_up_minutes));
        tx.execute(
            "UPDATE identity_sessions SET step_up_until_ms = ?2 WHERE id = ?1",
            &[info.id.as_str().into(), until.into()],
        )?;
        self.account_counter(&info.person.login)?.clear(tx)?;
        let id = info.person.id.as_str();
        let body = json!({ "zone": info.zone, "factor": factor, "until_ms": until, "session": short(info.id.as_str()) });
        tx.emit("session.stepped-up", id, id, body)?;
        Ok(until)
    }

    /// Ends one session, if it exists and belongs to `owner` (when given).
    fn end_session(&self, tx: &mut WriteTx, id: &str, owner: Option<&PersonId>, why: &str) -> Result<bool> {
        let rows = tx.query("SELECT person FROM identity_sessions WHERE id = ?1", &[id.into()])?;
        let Some(row) = rows.first() else { return Ok(false) };
        let person = row.get_text("person")?;
        if owner.is_some_and(|owner| owner.as_str() != person) {
            return Ok(false);
        }
        tx.execute("DELETE FROM identity_sessions WHERE id = ?1", &[id.into()])?;
        tx.emit("session.ended", person, person, json!({ "session": short(id), "why": why }))?;
        Ok(true)
    }

    /// Ends the sessions of a person, except one; returns how many.
    pub(crate) fn end_sessions(
        &self,
        tx: &mut WriteTx,
        actor: &Actor,
        id: &PersonId,
        except: Option<&str>,
        why: &str,
    ) -> Result<u64> {
        let ended = tx.execute(
            "DELETE FROM identity_sessions WHERE person = ?1 AND id <> ?2",
            &[id.as_str().into(), except.unwrap_or_default().into()],
        )?;
        if ended > 0 {
            tx.emit("session.ended", &actor.to_string(), id.as_str(), json!({ "count": ended, "why": why }))?;
        }
        Ok(ended)
    }
}

fn method(text: &str) -> Result<Method> {
    Method::ALL
        .into_iter()
        .find(|method| method.as_str() == text)
        .ok_or_else(|| IdentityError::Damaged(format!("unknown log-in method `{text}`")))
}

/// Enough of a session's name to join events by.
fn short(id: &str) -> &str {
    id.get(..16).unwrap_or(id)
}

fn minutes(count: u32) -> i64 {
    i64::from(count).saturating_mul(60_000)
}
