//! Personal access tokens for the REST interface. A token can do at most what its owner's roles permit at the moment
//! of use, in one zone, until it ends; it never counts as a step-up.

use sekisho_policy::{Permission, ZoneId};
use sekisho_store::{Row, WriteTx};
use serde::Serialize;
use serde_json::json;

use crate::error::{IdentityError, Result};
use crate::keys::{Bearer, random, stored_form};
use crate::person::{Actor, Person, PersonId, printable};
use crate::rows::{Query, damaged, person_by_id, person_id};
use crate::sessions::{SEEN_EVERY_MS, SessionInfo};
use crate::{Identity, Rules, base32};

/// What every token begins with, so that secret scanners recognise one.
pub const TOKEN_PREFIX: &str = "sk_pat_";

const DAY_MS: i64 = 86_400_000;
const MAX_LIFETIME_MS: i64 = 366 * DAY_MS;
const MAX_PER_PERSON: usize = 50;

/// A token to be made.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// What it is for, in the owner's words.
    pub name: String,
    /// What it may do; each must be permitted to the owner.
    pub scope: Vec<Permission>,
    /// For how long, in milliseconds; at most 366 days.
    pub lifetime_ms: i64,
}

/// A token that was just made.
#[derive(Debug, Clone)]
pub struct CreatedToken {
    /// The token itself; it is shown once and kept nowhere.
    pub token: String,
    /// What the list shows.
    pub view: TokenView,
}

/// A token in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenView {
    /// The identifier, `t_…`; not the secret.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub scope: Vec<Permission>,
    /// In which zone.
    pub zone: ZoneId,
    /// When it was made, in milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// When it ends.
    pub expires_ms: i64,
    /// When it was last used, to the minute.
    pub last_used_ms: Option<i64>,
    /// Whether it was revoked.
    pub revoked: bool,
}

/// A valid token, as of now.
#[derive(Debug, Clone)]
pub struct TokenInfo {
    /// The identifier.
    pub token_id: String,
    /// The owner.
    pub person: Person,
    /// What both the scope and the owner's roles permit.
    pub permissions: Vec<Permission>,
    /// In which zone.
    pub zone: ZoneId,
}

impl Identity {
    /// Makes a token for the session's person and zone. Needs a fresh step-up.
    ///
    /// # Errors
    /// `StepUpNeeded`, `NotPermitted` when the scope goes beyond one's own permissions, or `Invalid`.
    pub fn create_token(&self, info: &SessionInfo, new: NewToken) -> Result<CreatedToken> {
        let info = info.clone();
        self.write(move |tx, rules| {
            let now = tx.now_ms();
            rules.stepped_up(tx, &info, now)?;
            let person = person_by_id(tx, &info.person.id)?.ok_or(IdentityError::NotAuthenticated)?;
            let scope = rules.checked_scope(&person, new.scope)?;
            let name = checked_name(&new.name)?;
            if !(1..=MAX_LIFETIME_MS).contains(&new.lifetime_ms) {
                return Err(IdentityError::invalid("有効期間は366日以内にしてください。", "A token lives at most 366 days."));
            }
            let alive = tx.query(
                "SELECT id FROM identity_tokens WHERE person = ?1 AND revoked_ms IS NULL AND expires_ms > ?2",
                &[person.id.as_str().into(), now.into()],
            )?;
            if alive.len() >= MAX_PER_PERSON {
                return Err(IdentityError::invalid(
                    "トークンが多すぎます。不要なトークンを失効させてください。",
                    "You have too many tokens. Revoke those that you don't need.",
                ));
            }
            let bearer = Bearer::new(TOKEN_PREFIX)?;
            let view = TokenView {
                id: format!("t_{}", base32::encode(&random::<10>()?).to_ascii_lowercase()),
                name,
                scope,
                zone: info.zone.clone(),
                created_ms: now,
                expires_ms: now.saturating_add(new.lifetime_ms),
                last_used_ms: None,
                revoked: false,
            };
            let scope_json = serde_json::to_string(&view.scope).map_err(|error| damaged(&error))?;
            tx.execute(
                "INSERT INTO identity_tokens (id, token, person, name, scope, zone, created_ms, expires_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                &[
                    view.id.as_str().into(),
                    bearer.stored.into(),
                    person.id.as_str().into(),
                    view.name.as_str().into(),
                    scope_json.into(),
                    view.zone.as_str().into(),
                    view.created_ms.into(),
                    view.expires_ms.into(),
                ],
            )?;
            let body = json!({ "token": view.id, "name": view.name, "scope": view.scope, "zone": view.zone, "expires_ms": view.expires_ms });
            tx.emit("token.created", person.id.as_str(), person.id.as_str(), body)?;
            Ok(CreatedToken { token: bearer.value, view })
        })
    }

    /// All tokens of a person, newest first, with those that ended.
    ///
    /// # Errors
    /// When the store fails.
    pub fn tokens(&self, id: &PersonId) -> Result<Vec<TokenView>> {
        self.read(|tx| {
            tx.rows(
                "SELECT id, name, scope, zone, created_ms, expires_ms, last_used_ms, revoked_ms FROM identity_tokens \
                 WHERE person = ?1 ORDER BY created_ms DESC, id",
                &[id.as_str().into()],
            )?
            .iter()
            .map(view)
            .collect()
        })
    }

    /// Revokes a token: one's own, or anybody's with the permission to manage that person.
    ///
    /// # Errors
    /// `NotFound` (also when it was revoked before) or `NotPermitted`.
    pub fn revoke_token(&self, actor: &Actor, token_id: &str) -> Result<()> {
        let (actor, token_id) = (actor.clone(), token_id.to_owned());
        self.write(move |tx, rules| {
            let rows = tx.query(
                "SELECT person FROM identity_tokens WHERE id = ?1 AND revoked_ms IS NULL",
                &[token_id.as_str().into()],
            )?;
            let owner = person_id(rows.first().ok_or(IdentityError::NotFound)?.get_text("person")?)?;
            if actor != Actor::Person(owner.clone()) {
                let person = person_by_id(tx, &owner)?.ok_or(IdentityError::NotFound)?;
                rules.authorise(tx, &actor, &person.roles)?;
            }
            tx.execute(
                "UPDATE identity_tokens SET revoked_ms = ?2 WHERE id = ?1",
                &[token_id.as_str().into(), tx.now_ms().into()],
            )?;
            tx.emit("token.revoked", &actor.to_string(), owner.as_str(), json!({ "token": token_id }))?;
            Ok(())
        })
    }

    /// The owner and permissions behind a token, in the zone of the listener that received it.
    ///
    /// # Errors
    /// `NotAuthenticated` when it is unknown, revoked, over, or its owner is inactive; `WrongZone`.
    pub fn authenticate_token(&self, token: &str, zone: &ZoneId) -> Result<TokenInfo> {
        if !token.starts_with(TOKEN_PREFIX) {
            return Err(IdentityError::NotAuthenticated);
        }
        let now = self.now_ms();
        let (info, last_used) =
            self.read(|tx| self.rules.live_token(tx, token, now))?.ok_or(IdentityError::NotAuthenticated)?;
        if info.zone != *zone {
            return Err(IdentityError::WrongZone);
        }
        if last_used.is_none_or(|last| now.saturating_sub(last) >= SEEN_EVERY_MS) {
            let id = info.token_id.clone();
            self.write(move |tx, _| {
                tx.execute(
                    "UPDATE identity_tokens SET last_used_ms = ?2 WHERE id = ?1",
                    &[id.into(), now.into()],
                )?;
                Ok(())
            })?;
        }
        Ok(info)
    }
}

impl Rules {
    fn checked_scope(&self, person: &Person, mut scope: Vec<Permission>) -> Result<Vec<Permission>> {
        scope.sort();
        scope.dedup();
        if scope.is_empty() {
            return Err(IdentityError::invalid(
                "権限を1つ以上選択してください。",
                "Choose at least one permission.",
            ));
        }
        let own = self.permissions(&person.roles);
        if scope.iter().all(|permission| own.contains(permission)) {
            Ok(scope)
        } else {
            Err(IdentityError::NotPermitted)
        }
    }

    fn live_token(
        &self,
        query: &mut impl Query,
        token: &str,
        now: i64,
    ) -> Result<Option<(TokenInfo, Option<i64>)>> {
        let rows = query.rows(
            "SELECT id, person, name, scope, zone, created_ms, expires_ms, last_used_ms, revoked_ms FROM identity_tokens WHERE token = ?1",
            &[stored_form(token).into()],
        )?;
        let Some(row) = rows.first() else { return Ok(None) };
        let view = view(row)?;
        if view.revoked || view.expires_ms <= now {
            return Ok(None);
        }
        let person =
            person_by_id(query, &person_id(row.get_text("person")?)?)?.filter(|person| person.active);
        let Some(person) = person else { return Ok(None) };
        let own = self.permissions(&person.roles);
        let permissions = view.scope.into_iter().filter(|permission| own.contains(permission)).collect();
        Ok(Some((TokenInfo { token_id: view.id, person, permissions, zone: view.zone }, view.last_used_ms)))
    }

    /// Revokes every token of a person.
    pub(crate) fn revoke_tokens_of(&self, tx: &mut WriteTx, actor: &Actor, id: &PersonId) -> Result<()> {
        let revoked = tx.execute(
            "UPDATE identity_tokens SET revoked_ms = ?2 WHERE person = ?1 AND revoked_ms IS NULL AND expires_ms > ?2",
            &[id.as_str().into(), tx.now_ms().into()],
        )?;
        if revoked > 0 {
            tx.emit("token.revoked", &actor.to_string(), id.as_str(), json!({ "count": revoked }))?;
        }
        Ok(())
    }
}

fn checked_name(name: &str) -> Result<String> {
    let name = name.trim().to_owned();
    if (1..=100).contains(&name.chars().count()) && printable(&name) {
        Ok(name)
    } else {
        Err(IdentityError::invalid(
            "名前は1文字以上100文字以内で入力してください。",
            "A name has 1 to 100 characters and no control characters.",
        ))
    }
}

fn view(row: &Row) -> Result<TokenView> {
    Ok(TokenView {
        id: row.get_text("id")?.to_owned(),
        name: row.get_text("name")?.to_owned(),
        scope: serde_json::from_str(row.get_text("scope")?).map_err(|error| damaged(&error))?,
        zone: ZoneId::new(row.get_text("zone")?).map_err(|error| damaged(&error))?,
        created_ms: row.get_i64("created_ms")?,
        expires_ms: row.get_i64("expires_ms")?,
        last_used_ms: row.get_opt_i64("last_used_ms")?,
        revoked: row.get_opt_i64("revoked_ms")?.is_some(),
    })
}
