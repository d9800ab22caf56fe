//! Enrolment links (登録用リンク): the one way to set first factors, and the way back when they are lost. A link works
//! once; completing it replaces every earlier factor and ends every session and token of the person.

use sekisho_policy::{Permission, UnitId, ZoneId};
use sekisho_store::WriteTx;
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::error::{IdentityError, Result};
use crate::external::sign_in_of;
use crate::factors::{new_recovery_codes, store_passkey, store_password, store_totp};
use crate::keys::{Bearer, stored_form};
use crate::passkey::{Ceremony, State};
use crate::password::check_rules;
use crate::person::{Actor, NewPerson, Person, PersonId};
use crate::rows::{Query, damaged, person_by_id, person_id};
use crate::totp::{self, CodeCheck, TotpSetup};
use crate::{Identity, Rules, SignIn};

/// A link's secret part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkToken {
    /// To be put into the link's address.
    pub token: String,
    /// When it ends, in milliseconds since 1970 UTC.
    pub expires_ms: i64,
}

/// What a link is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkView {
    /// Whose factors it sets; `None` when the first administrator has not been named yet.
    pub person: Option<Person>,
    /// When it ends.
    pub expires_ms: i64,
}

/// The first administrator.
#[derive(Debug, Clone)]
pub struct FirstAdministrator {
    /// The log-in name.
    pub login: String,
    /// 氏名
    pub name: String,
    /// フリガナ; may be empty.
    pub kana: String,
    /// 所属
    pub unit: UnitId,
}

/// An enrolment that was completed.
#[derive(Debug, Clone)]
pub struct Enrolled {
    /// Who.
    pub person: Person,
    /// Ten codes, each of which replaces the authenticator app once; shown once. Empty after enrolment by passkey:
    /// a code is a second factor to a password, which such a person does not have.
    pub recovery_codes: Vec<String>,
}

struct Link {
    token: String,
    person: Option<Person>,
    sealed: Option<Vec<u8>>,
    expires_ms: i64,
}

impl Identity {
    /// The first administrator's link, until somebody has completed an enrolment. A new call voids the earlier link.
    ///
    /// # Errors
    /// When the store fails, or the policy has no role that permits `administer`.
    pub fn bootstrap(&self) -> Result<Option<LinkToken>> {
        self.write(|tx, rules| {
            let enrolled = tx.query(
                "SELECT person FROM identity_passwords UNION ALL SELECT person FROM identity_passkeys LIMIT 1",
                &[],
            )?;
            if !enrolled.is_empty() {
                return Ok(None);
            }
            let role = rules.administrator_role()?;
            // A first administrator who was named but never finished keeps the name and gets the new link.
            let named = tx.query(
                "SELECT id FROM people WHERE active = 1 AND id IN (SELECT person FROM person_roles WHERE role = ?1) ORDER BY created_ms, id LIMIT 1",
                &[role.as_str().into()],
            )?;
            let named = named.first().map(|row| person_id(row.get_text("id")?)).transpose()?;
            tx.execute("DELETE FROM identity_links WHERE person IS NULL", &[])?;
            rules.new_link(tx, &Actor::System, named.as_ref(), rules.config.first_link_ms).map(Some)
        })
    }

    /// A link for a person, 72 hours by default; voids the person's earlier link.
    ///
    /// # Errors
    /// `NotPermitted`, `NotFound`, or `Invalid` for an inactive person.
    pub fn issue_link(&self, actor: &Actor, id: &PersonId) -> Result<LinkToken> {
        let (actor, id) = (actor.clone(), id.clone());
        self.write(move |tx, rules| {
            let person = person_by_id(tx, &id)?.ok_or(IdentityError::NotFound)?;
            rules.authorise(tx, &actor, &person.roles)?;
            if !person.active {
                return Err(IdentityError::invalid(
                    "利用停止中の利用者にはリンクを発行できません。先に利用を再開してください。",
                    "A deactivated account can't get a link. Reactivate it first.",
                ));
            }
            rules.new_link(tx, &actor, Some(&id), rules.config.link_ms)
        })
    }

    /// What a link is for; changes nothing.
    ///
    /// # Errors
    /// `LinkRefused`.
    pub fn open_link(&self, token: &str) -> Result<LinkView> {
        let now = self.now_ms();
        self.read(|tx| find(tx, token, now))
            .map(|link| LinkView { person: link.person, expires_ms: link.expires_ms })
    }

    /// Names the first administrator, who gets the policy's first role that permits `administer`.
    ///
    /// # Errors
    /// `LinkRefused` when the link is not the first administrator's or somebody was named, or `Invalid`.
    pub fn name_first_administrator(&self, token: &str, who: FirstAdministrator) -> Result<LinkView> {
        let token = token.to_owned();
        self.write(move |tx, rules| {
            let now = tx.now_ms();
            let link = find(tx, &token, now)?;
            if link.person.is_some() {
                return Err(IdentityError::LinkRefused);
            }
            let FirstAdministrator { login, name, kana, unit } = who;
            let new = NewPerson { login, name, kana, unit, roles: vec![rules.administrator_role()?] };
            let person = rules.create(tx, &Actor::System, new)?;
            tx.execute(
                "UPDATE identity_links SET person = ?2 WHERE token = ?1",
                &[link.token.into(), person.id.as_str().into()],
            )?;
            Ok(LinkView { person: Some(person), expires_ms: link.expires_ms })
        })
    }

    /// The authenticator secret of this link; the same at every call while the link lives.
    ///
    /// # Errors
    /// `LinkRefused`.
    pub fn link_totp(&self, token: &str) -> Result<TotpSetup> {
        let token = token.to_owned();
        self.write(move |tx, rules| {
            let now = tx.now_ms();
            let link = find(tx, &token, now)?;
            let person = link.person.ok_or(IdentityError::LinkRefused)?;
            let secret = match link.sealed {
                Some(sealed) => rules.keys.open_sealed(person.id.as_str(), &sealed)?.to_vec(),
                None => {
                    let secret = totp::new_secret()?.to_vec();
                    let sealed = rules.keys.seal(person.id.as_str(), &secret)?;
                    tx.execute(
                        "UPDATE identity_links SET sealed = ?2 WHERE token = ?1",
                        &[link.token.into(), sealed.into()],
                    )?;
                    secret
                }
            };
            totp::setup(&secret, &rules.config.issuer, &person.login)
        })
    }

    /// Sets password and authenticator app, and ends the link. For somebody whose password a service outside keeps,
    /// `password` is not looked at.
    ///
    /// # Errors
    /// `LinkRefused`, or `Invalid` when the password is too weak or the code does not fit.
    pub fn link_finish_totp(&self, token: &str, password: &str, code: &str) -> Result<Enrolled> {
        let view = self.open_link(token)?;
        let person = view.person.ok_or(IdentityError::LinkRefused)?;
        // The password of somebody marked for a service outside is kept there, and none is set here.
        let phc = match self.sign_in_of(&person.id)? {
            SignIn::Local => {
                check_rules(password, &person.login)?;
                Some(self.rules.passwords.hash(password)?)
            }
            SignIn::Directory | SignIn::Oidc => None,
        };
        let (token, code) = (token.to_owned(), code.to_owned());
        self.write(move |tx, rules| {
            let now = tx.now_ms();
            let link = find(tx, &token, now)?;
            let (Some(person), Some(sealed)) = (link.person, link.sealed) else {
                return Err(IdentityError::LinkRefused);
            };
            let secret = rules.keys.open_sealed(person.id.as_str(), &sealed)?;
            let CodeCheck::Fits { step } = totp::check(&secret, &code, tx.now_ms(), 0)? else {
                return Err(wrong_code());
            };
            rules.reset(tx, &person)?;
            // The marking may have changed since the password was looked at; then the page is asked for anew.
            if (sign_in_of(tx, &person.id)? == SignIn::Local) != phc.is_some() {
                return Err(IdentityError::LinkRefused);
            }
            if let Some(phc) = &phc {
                store_password(tx, &person.id, phc)?;
            }
            store_totp(tx, &person.id, &sealed, step)?;
            let recovery_codes = new_recovery_codes(tx, rules, &person.id)?;
            enrolled(tx, &person, if phc.is_some() { "password-totp" } else { "totp" })?;
            Ok(Enrolled { person, recovery_codes })
        })
    }

    /// Starts registering a passkey through a link.
    ///
    /// # Errors
    /// `LinkRefused` or `NoPasskeysHere`.
    pub fn link_begin_passkey(&self, token: &str, zone: &ZoneId) -> Result<Ceremony> {
        let (token, zone) = (token.to_owned(), zone.clone());
        self.write(move |tx, rules| {
            let now = tx.now_ms();
            let link = find(tx, &token, now)?;
            let person = link.person.ok_or(IdentityError::LinkRefused)?;
            let (options, state) = rules.sites.get(&zone)?.begin_registration(&person, Vec::new())?;
            // The answer may not say in which zone it began, so the kept half does.
            let kept = serde_json::to_string(&(&zone, &state)).map_err(|error| damaged(&error))?;
            let id = rules.keep_state(tx, "link", &link.token, "", kept)?;
            Ok(Ceremony { id, options })
        })
    }

    /// Sets a passkey as the person's only factor, and ends the link.
    ///
    /// # Errors
    /// `LinkRefused`, or `Passkey` when the answer is wrong.
    pub fn link_finish_passkey(
        &self,
        token: &str,
        ceremony: &str,
        response: &Json,
        label: &str,
    ) -> Result<Enrolled> {
        let (token, ceremony) = (token.to_owned(), ceremony.to_owned());
        let (response, label) = (response.clone(), label.to_owned());
        self.attempt(move |tx, rules| {
            let now = tx.now_ms();
            let link = find(tx, &token, now)?;
            let person = link.person.ok_or(IdentityError::LinkRefused)?;
            let Some(kept) = rules.take_state(tx, &ceremony, "link", &link.token, "")? else {
                return Ok(Err(IdentityError::Passkey(
                    "the dialogue is unknown, used or too old".to_owned(),
                )));
            };
            let (zone, state): (ZoneId, State) =
                serde_json::from_str(&kept).map_err(|error| damaged(&error))?;
            let (State::Register(state), site) = (state, rules.sites.get(&zone)?) else {
                return Err(IdentityError::LinkRefused);
            };
            let passkey = match site.finish_registration(&state, &response) {
                Ok(passkey) => passkey,
                Err(error) => return Ok(Err(error)),
            };
            rules.reset(tx, &person)?;
            store_passkey(tx, &person.id, &site.rp_id, &label, &passkey)?;
            enrolled(tx, &person, "passkey")?;
            Ok(Ok(Enrolled { person, recovery_codes: Vec::new() }))
        })
    }
}

impl Rules {
    fn administrator_role(&self) -> Result<sekisho_policy::RoleId> {
        self.policy
            .roles
            .iter()
            .find(|role| role.permissions.contains(&Permission::Administer))
            .map(|role| role.id.clone())
            .ok_or_else(|| IdentityError::Config("no role of the policy permits `administer`".to_owned()))
    }

    fn new_link(
        &self,
        tx: &mut WriteTx,
        actor: &Actor,
        person: Option<&PersonId>,
        lifetime_ms: i64,
    ) -> Result<LinkToken> {
        let bearer = Bearer::new("")?;
        let now = tx.now_ms();
        let expires_ms = now.saturating_add(lifetime_ms);
        tx.execute("DELETE FROM identity_links WHERE expires_ms <= ?1", &[now.into()])?;
        if let Some(person) = person {
            tx.execute("DELETE FROM identity_links WHERE person = ?1", &[person.as_str().into()])?;
        }
        tx.execute(
            "INSERT INTO identity_links (token, person, issued_ms, expires_ms) VALUES (?1, ?2, ?3, ?4)",
            &[
                bearer.stored.into(),
                person.map(|id| id.as_str().to_owned()).into(),
                now.into(),
                expires_ms.into(),
            ],
        )?;
        let subject = person.map_or("first-administrator", PersonId::as_str);
        tx.emit("person.link-issued", &actor.to_string(), subject, json!({ "expires_ms": expires_ms }))?;
        Ok(LinkToken { token: bearer.value, expires_ms })
    }

    /// Takes every factor, session, token and link of a person away, before new factors are set.
    fn reset(&self, tx: &mut WriteTx, person: &Person) -> Result<()> {
        self.end_access(tx, &Actor::from(&person.id), &person.id)?;
        for table in ["identity_passwords", "identity_totp", "identity_recovery", "identity_passkeys"] {
            tx.execute(&format!("DELETE FROM {table} WHERE person = ?1"), &[person.id.as_str().into()])?;
        }
        self.account_counter(&person.login)?.clear(tx)
    }
}

pub(crate) fn wrong_code() -> IdentityError {
    IdentityError::invalid(
        "認証コードが一致しません。端末の時刻を確認し、表示中のコードを入力してください。",
        "The code does not fit. Check the clock of your device and enter the code that is shown now.",
    )
}

fn enrolled(tx: &mut WriteTx, person: &Person, factors: &str) -> Result<()> {
    tx.emit("person.enrolled", person.id.as_str(), person.id.as_str(), json!({ "factors": factors }))?;
    Ok(())
}

fn find(query: &mut impl Query, token: &str, now: i64) -> Result<Link> {
    let rows = query.rows(
        "SELECT token, person, sealed, expires_ms FROM identity_links WHERE token = ?1 AND expires_ms > ?2",
        &[stored_form(token).into(), now.into()],
    )?;
    let row = rows.first().ok_or(IdentityError::LinkRefused)?;
    let person = match row.get_opt_text("person")? {
        None => None,
        Some(id) => {
            let person = person_by_id(query, &person_id(id)?)?.filter(|person| person.active);
            Some(person.ok_or(IdentityError::LinkRefused)?)
        }
    };
    Ok(Link {
        token: row.get_text("token")?.to_owned(),
        person,
        sealed: row.get_opt_blob("sealed")?.map(<[u8]>::to_vec),
        expires_ms: row.get_i64("expires_ms")?,
    })
}
