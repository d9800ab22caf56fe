//! One's own factors (認証要素): list, add, replace, remove. Every change needs a fresh step-up, is an event, and ends
//! the person's other sessions where a factor is taken away or replaced.

use sekisho_store::{Row, WriteTx};
use serde::Serialize;
use serde_json::{Value as Json, json};
use webauthn_rs::prelude::Passkey;

use crate::error::{IdentityError, Result};
use crate::external::sign_in_of;
use crate::keys::random;
use crate::links::wrong_code;
use crate::login::password_of;
use crate::passkey::{Ceremony, State, stored_id};
use crate::password::check_rules;
use crate::person::{Actor, PersonId, printable};
use crate::rows::{Query, damaged};
use crate::sessions::SessionInfo;
use crate::totp::{self, CodeCheck, TotpSetup};
use crate::{Identity, Rules, SignIn, base32};

const RECOVERY_CODES: usize = 10;
const MAX_PASSKEYS: usize = 20;

/// What a person can prove themselves with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Factors {
    /// Whether there is a password.
    pub password: bool,
    /// Whether there is an authenticator app.
    pub totp: bool,
    /// How many recovery codes are unused.
    pub recovery_codes_left: u32,
    /// The passkeys, oldest first.
    pub passkeys: Vec<PasskeyView>,
}

/// A passkey in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PasskeyView {
    /// The credential's identifier.
    pub id: String,
    /// The owner's name for it.
    pub label: String,
    /// When it was registered, in milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// When it was last used.
    pub last_used_ms: Option<i64>,
}

impl Identity {
    /// What a person can prove themselves with.
    ///
    /// # Errors
    /// When the store fails.
    pub fn factors(&self, id: &PersonId) -> Result<Factors> {
        self.read(|tx| {
            let person = [id.as_str().into()];
            let count = |rows: Vec<Row>| u32::try_from(rows.len()).unwrap_or(u32::MAX);
            Ok(Factors {
                password: password_of(tx, id)?.is_some(),
                totp: !tx.rows("SELECT person FROM identity_totp WHERE person = ?1", &person)?.is_empty(),
                recovery_codes_left: count(
                    tx.rows("SELECT code FROM identity_recovery WHERE person = ?1 AND used_ms IS NULL", &person)?,
                ),
                passkeys: tx
                    .rows(
                        "SELECT id, label, created_ms, last_used_ms FROM identity_passkeys WHERE person = ?1 ORDER BY created_ms, id",
                        &person,
                    )?
                    .iter()
                    .map(view)
                    .collect::<Result<_>>()?,
            })
        })
    }

    /// Starts registering a further passkey.
    ///
    /// # Errors
    /// `StepUpNeeded`, `NoPasskeysHere`, or `Invalid` when there are too many.
    pub fn add_passkey_begin(&self, info: &SessionInfo) -> Result<Ceremony> {
        let info = info.clone();
        self.write(move |tx, rules| {
            let now = tx.now_ms();
            rules.stepped_up(tx, &info, now)?;
            let site = rules.sites.get(&info.zone)?;
            let known = passkeys_of(tx, &info.person.id, &site.rp_id)?;
            if known.len() >= MAX_PASSKEYS {
                return Err(IdentityError::invalid(
                    "パスキーが多すぎます。使わないパスキーを削除してください。",
                    "You have too many passkeys. Remove those that you don't use.",
                ));
            }
            let known = known.iter().map(|passkey| passkey.cred_id().clone()).collect();
            let (options, state) = site.begin_registration(&info.person, known)?;
            rules.keep_ceremony(tx, "add-passkey", info.id.as_str(), &info.zone, options, &state)
        })
    }

    /// Ends registering a further passkey.
    ///
    /// # Errors
    /// `StepUpNeeded`, or `Passkey` when the answer is wrong.
    pub fn add_passkey_finish(
        &self,
        info: &SessionInfo,
        ceremony: &str,
        response: &Json,
        label: &str,
    ) -> Result<PasskeyView> {
        let (info, ceremony) = (info.clone(), ceremony.to_owned());
        let (response, label) = (response.clone(), label.to_owned());
        self.attempt(move |tx, rules| {
            let now = tx.now_ms();
            rules.stepped_up(tx, &info, now)?;
            let site = rules.sites.get(&info.zone)?;
            let Some(State::Register(state)) =
                rules.take_ceremony(tx, &ceremony, "add-passkey", info.id.as_str(), &info.zone)?
            else {
                return Ok(Err(IdentityError::Passkey(
                    "the dialogue is unknown, used or too old".to_owned(),
                )));
            };
            match site.finish_registration(&state, &response) {
                Err(error) => Ok(Err(error)),
                Ok(passkey) => {
                    let view = store_passkey(tx, &info.person.id, &site.rp_id, &label, &passkey)?;
                    changed(tx, &info, "factor.added", "passkey")?;
                    Ok(Ok(view))
                }
            }
        })
    }

    /// Removes a passkey, unless the person could then no longer sign in.
    ///
    /// # Errors
    /// `StepUpNeeded`, `NotFound` or `Invalid`.
    pub fn remove_passkey(&self, info: &SessionInfo, passkey: &str) -> Result<()> {
        let (info, passkey) = (info.clone(), passkey.to_owned());
        self.write(move |tx, rules| {
            let now = tx.now_ms();
            rules.stepped_up(tx, &info, now)?;
            let id = info.person.id.as_str();
            let removed =
                tx.execute("DELETE FROM identity_passkeys WHERE person = ?1 AND id = ?2", &[id.into(), passkey.into()])?;
            if removed == 0 {
                return Err(IdentityError::NotFound);
            }
            let left = tx.query(
                "SELECT person FROM identity_passkeys WHERE person = ?1 UNION ALL SELECT person FROM identity_totp WHERE person = ?1",
                &[id.into()],
            )?;
            if left.is_empty() {
                return Err(IdentityError::invalid(
                    "最後の認証手段は削除できません。先に別の認証手段を登録してください。",
                    "This is your last way to sign in. Register another one first.",
                ));
            }
            rules.other_sessions_end(tx, &info)?;
            changed(tx, &info, "factor.removed", "passkey")
        })
    }

    /// Changes the password; all other sessions end.
    ///
    /// # Errors
    /// `StepUpNeeded`, `Refused` when the current password is wrong, or `Invalid` when the new one is too weak.
    pub fn change_password(&self, info: &SessionInfo, current: &str, new: &str) -> Result<()> {
        let now = self.now_ms();
        let stored = self.read(|tx| {
            self.rules.stepped_up(tx, info, now)?;
            if sign_in_of(tx, &info.person.id)? != SignIn::Local {
                return Err(IdentityError::invalid(
                    "パスワードは庁内ディレクトリ又は認証基盤で管理されています。そちらで変更してください。",
                    "Your password is kept by the directory or the sign-in service. Change it there.",
                ));
            }
            password_of(tx, &info.person.id)
        })?;
        check_rules(new, &info.person.login)?;
        if !self.rules.passwords.verify(current, stored.as_deref())? {
            return Err(IdentityError::Refused);
        }
        let phc = self.rules.passwords.hash(new)?;
        let info = info.clone();
        self.write(move |tx, rules| {
            let now = tx.now_ms();
            rules.stepped_up(tx, &info, now)?;
            store_password(tx, &info.person.id, &phc)?;
            rules.other_sessions_end(tx, &info)?;
            changed(tx, &info, "factor.changed", "password")
        })
    }

    /// Starts setting password and authenticator app anew (a new phone, or a person who had only a passkey).
    ///
    /// # Errors
    /// `StepUpNeeded`.
    pub fn renew_totp_begin(&self, info: &SessionInfo) -> Result<(String, TotpSetup)> {
        let info = info.clone();
        self.write(move |tx, rules| {
            let now = tx.now_ms();
            rules.stepped_up(tx, &info, now)?;
            let secret = totp::new_secret()?;
            let sealed = hex::encode(rules.keys.seal(info.person.id.as_str(), &secret)?);
            let id = rules.keep_state(tx, "renew-totp", info.id.as_str(), info.zone.as_str(), sealed)?;
            Ok((id, totp::setup(&secret, &rules.config.issuer, &info.person.login)?))
        })
    }

    /// Ends setting password and authenticator app anew; all other sessions and the earlier recovery codes end. A
    /// person who has a password keeps it when `password` is `None`. A wrong code needs a new start.
    ///
    /// # Errors
    /// `StepUpNeeded`, or `Invalid` when the code does not fit or the password is too weak or missing.
    pub fn renew_totp_finish(
        &self,
        info: &SessionInfo,
        id: &str,
        password: Option<&str>,
        code: &str,
    ) -> Result<Vec<String>> {
        let phc = match password {
            None => None,
            Some(password) => {
                check_rules(password, &info.person.login)?;
                Some(self.rules.passwords.hash(password)?)
            }
        };
        let (info, id, code) = (info.clone(), id.to_owned(), code.to_owned());
        self.attempt(move |tx, rules| {
            let now = tx.now_ms();
            rules.stepped_up(tx, &info, now)?;
            let person = &info.person.id;
            let Some(sealed) =
                rules.take_state(tx, &id, "renew-totp", info.id.as_str(), info.zone.as_str())?
            else {
                return Ok(Err(wrong_code()));
            };
            let sealed = hex::decode(sealed).map_err(|error| damaged(&error))?;
            let secret = rules.keys.open_sealed(person.as_str(), &sealed)?;
            let CodeCheck::Fits { step } = totp::check(&secret, &code, tx.now_ms(), 0)? else {
                return Ok(Err(wrong_code()));
            };
            match &phc {
                Some(phc) => store_password(tx, person, phc)?,
                None if password_of(tx, person)?.is_none() && sign_in_of(tx, person)? == SignIn::Local => {
                    return Ok(Err(IdentityError::invalid(
                        "パスワードを設定してください。",
                        "Set a password as well.",
                    )));
                }
                None => {}
            }
            store_totp(tx, person, &sealed, step)?;
            let codes = new_recovery_codes(tx, rules, person)?;
            rules.other_sessions_end(tx, &info)?;
            changed(tx, &info, "factor.changed", "totp")?;
            Ok(Ok(codes))
        })
    }

    /// Makes ten new recovery codes; the earlier ones end.
    ///
    /// # Errors
    /// `StepUpNeeded`, or `Invalid` when there is no password that a code could complete.
    pub fn renew_recovery_codes(&self, info: &SessionInfo) -> Result<Vec<String>> {
        let info = info.clone();
        self.write(move |tx, rules| {
            let now = tx.now_ms();
            rules.stepped_up(tx, &info, now)?;
            if password_of(tx, &info.person.id)?.is_none()
                && sign_in_of(tx, &info.person.id)? == SignIn::Local
            {
                return Err(IdentityError::invalid(
                    "回復コードは、パスワードと組み合わせて使用します。先にパスワードと認証アプリを登録してください。",
                    "A recovery code completes a password. Set a password and an authenticator app first.",
                ));
            }
            let codes = new_recovery_codes(tx, rules, &info.person.id)?;
            changed(tx, &info, "factor.changed", "recovery")?;
            Ok(codes)
        })
    }
}

impl Rules {
    fn other_sessions_end(&self, tx: &mut WriteTx, info: &SessionInfo) -> Result<()> {
        let person = &info.person.id;
        self.end_sessions(tx, &Actor::from(person), person, Some(info.id.as_str()), "factors").map(|_| ())
    }
}

fn changed(tx: &mut WriteTx, info: &SessionInfo, kind: &str, factor: &str) -> Result<()> {
    let id = info.person.id.as_str();
    tx.emit(kind, id, id, json!({ "factor": factor, "zone": info.zone }))?;
    Ok(())
}

pub(crate) fn passkeys_of(query: &mut impl Query, id: &PersonId, rp_id: &str) -> Result<Vec<Passkey>> {
    query
        .rows(
            "SELECT data FROM identity_passkeys WHERE person = ?1 AND rp_id = ?2 ORDER BY created_ms, id",
            &[id.as_str().into(), rp_id.into()],
        )?
        .iter()
        .map(|row| serde_json::from_str(row.get_text("data")?).map_err(|error| damaged(&error)))
        .collect()
}

pub(crate) fn store_password(tx: &mut WriteTx, id: &PersonId, phc: &str) -> Result<()> {
    tx.execute("DELETE FROM identity_passwords WHERE person = ?1", &[id.as_str().into()])?;
    tx.execute(
        "INSERT INTO identity_passwords (person, phc, changed_ms) VALUES (?1, ?2, ?3)",
        &[id.as_str().into(), phc.into(), tx.now_ms().into()],
    )?;
    Ok(())
}

/// `step` is the step of the code that proved the secret; it can't be used again to sign in.
pub(crate) fn store_totp(tx: &mut WriteTx, id: &PersonId, sealed: &[u8], step: i64) -> Result<()> {
    tx.execute("DELETE FROM identity_totp WHERE person = ?1", &[id.as_str().into()])?;
    tx.execute(
        "INSERT INTO identity_totp (person, sealed, last_step, created_ms) VALUES (?1, ?2, ?3, ?4)",
        &[id.as_str().into(), sealed.into(), step.into(), tx.now_ms().into()],
    )?;
    Ok(())
}

pub(crate) fn store_passkey(
    tx: &mut WriteTx,
    id: &PersonId,
    rp_id: &str,
    label: &str,
    passkey: &Passkey,
) -> Result<PasskeyView> {
    let label = match label.trim() {
        "" => "パスキー".to_owned(),
        text => text.chars().take(60).collect(),
    };
    if !printable(&label) {
        return Err(IdentityError::invalid(
            "パスキーの名前に制御文字は使用できません。",
            "The name of a passkey can't contain control characters.",
        ));
    }
    let view = PasskeyView { id: stored_id(passkey), label, created_ms: tx.now_ms(), last_used_ms: None };
    // WebAuthn Level 3 §7.1 step 27: a credential belongs to one account.
    if !tx.query("SELECT id FROM identity_passkeys WHERE id = ?1", &[view.id.as_str().into()])?.is_empty() {
        return Err(IdentityError::Passkey("the credential is registered already".to_owned()));
    }
    let data = serde_json::to_string(passkey).map_err(|error| damaged(&error))?;
    tx.execute(
        "INSERT INTO identity_passkeys (id, person, rp_id, label, data, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        &[
            view.id.as_str().into(),
            id.as_str().into(),
            rp_id.into(),
            view.label.as_str().into(),
            data.into(),
            view.created_ms.into(),
        ],
    )?;
    Ok(view)
}

/// Ten codes of 50 random bits, `xxxxx-xxxxx`; guesses are bounded by the account's lock.
pub(crate) fn new_recovery_codes(tx: &mut WriteTx, rules: &Rules, id: &PersonId) -> Result<Vec<String>> {
    tx.execute("DELETE FROM identity_recovery WHERE person = ?1", &[id.as_str().into()])?;
    let mut codes = Vec::with_capacity(RECOVERY_CODES);
    while codes.len() < RECOVERY_CODES {
        let letters: String = base32::encode(&random::<7>()?).to_ascii_lowercase().chars().take(10).collect();
        let code = [letters.get(..5), letters.get(5..)].map(Option::unwrap_or_default).join("-");
        tx.execute(
            "INSERT INTO identity_recovery (person, code) VALUES (?1, ?2)",
            &[id.as_str().into(), rules.recovery_form(id, &code)?.into()],
        )?;
        codes.push(code);
    }
    Ok(codes)
}

fn view(row: &Row) -> Result<PasskeyView> {
    Ok(PasskeyView {
        id: row.get_text("id")?.to_owned(),
        label: row.get_text("label")?.to_owned(),
        created_ms: row.get_i64("created_ms")?,
        last_used_ms: row.get_opt_i64("last_used_ms")?,
    })
}
