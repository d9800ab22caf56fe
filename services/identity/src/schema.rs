//! Tables. People and their roles are projected from events and can be rebuilt; secrets, sessions and tokens are
//! plain tables that no event ever carries, so the ledger can be shown to an auditor whole.

use sekisho_store::{Event, Module, Projection, Sql, StoreError, TableDef};
use serde_json::Value as Json;

use crate::person::search_key;

/// Projects `person.*` events.
pub(crate) struct People;

static TABLES: [TableDef; 4] = [
    TableDef::new(
        "people",
        "CREATE TABLE people (id TEXT NOT NULL PRIMARY KEY, login TEXT NOT NULL UNIQUE, name TEXT NOT NULL, kana TEXT NOT NULL, \
              unit TEXT NOT NULL, active BIGINT NOT NULL, created_ms BIGINT NOT NULL, search TEXT NOT NULL)",
        "id",
    ),
    TableDef::new(
        "person_roles",
        "CREATE TABLE person_roles (person TEXT NOT NULL, role TEXT NOT NULL, PRIMARY KEY (person, role))",
        "person, role",
    ),
    TableDef::new(
        "person_sign_in",
        "CREATE TABLE person_sign_in (person TEXT NOT NULL PRIMARY KEY, way TEXT NOT NULL)",
        "person",
    ),
    TableDef::new(
        "person_changes",
        "CREATE TABLE person_changes (seq BIGINT NOT NULL PRIMARY KEY, person TEXT NOT NULL)",
        "seq",
    ),
];

impl Projection for People {
    fn name(&self) -> &str {
        "identity-people"
    }

    fn tables(&self) -> &[TableDef] {
        &TABLES
    }

    fn apply(&self, tx: &mut dyn Sql, event: &Event) -> Result<(), StoreError> {
        match event.kind.as_str() {
            "person.created" | "person.updated" => {
                let seq = i64::try_from(event.seq).unwrap_or(i64::MAX);
                tx.execute(
                    "INSERT INTO person_changes (seq, person) VALUES (?1, ?2)",
                    &[seq.into(), event.subject.as_str().into()],
                )?;
                match &event.body {
                    // A disposed payload takes the whole person out, as it did when it was disposed of.
                    None => erase(tx, &event.subject),
                    Some(body) if event.kind == "person.created" => created(tx, event, body),
                    Some(body) => updated(tx, &event.subject, body),
                }
            }
            "person.sign-in-changed" => sign_in(tx, &event.subject, event.body.as_ref()),
            "person.deactivated" => set_active(tx, &event.subject, false),
            "person.reactivated" => set_active(tx, &event.subject, true),
            "ledger.payload-disposed" => {
                let Some(seq) = event.subject.strip_prefix("event:").and_then(|seq| seq.parse::<i64>().ok())
                else {
                    return Ok(());
                };
                let rows = tx.query("SELECT person FROM person_changes WHERE seq = ?1", &[seq.into()])?;
                rows.first().map_or(Ok(()), |row| erase(tx, row.get_text("person")?))
            }
            _ => Ok(()),
        }
    }
}

fn created(tx: &mut dyn Sql, event: &Event, body: &Json) -> Result<(), StoreError> {
    let (login, name, kana) = (text(body, "login"), text(body, "name"), text(body, "kana"));
    tx.execute(
        "INSERT INTO people (id, login, name, kana, unit, active, created_ms, search) VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7)",
        &[
            event.subject.as_str().into(),
            login.into(),
            name.into(),
            kana.into(),
            text(body, "unit").into(),
            event.time_ms.into(),
            search_key(&[login, name, kana]).into(),
        ],
    )?;
    set_roles(tx, &event.subject, body)
}

fn updated(tx: &mut dyn Sql, person: &str, body: &Json) -> Result<(), StoreError> {
    let rows = tx.query("SELECT login, name, kana, unit FROM people WHERE id = ?1", &[person.into()])?;
    let Some(row) = rows.first() else { return Ok(()) };
    let now = |field: &str| -> Result<String, StoreError> {
        match body.get(field).and_then(Json::as_str) {
            Some(new) => Ok(new.to_owned()),
            None => Ok(row.get_text(field)?.to_owned()),
        }
    };
    let (name, kana, unit) = (now("name")?, now("kana")?, now("unit")?);
    let search = search_key(&[row.get_text("login")?, &name, &kana]);
    tx.execute(
        "UPDATE people SET name = ?2, kana = ?3, unit = ?4, search = ?5 WHERE id = ?1",
        &[person.into(), name.into(), kana.into(), unit.into(), search.into()],
    )?;
    if body.get("roles").is_some() { set_roles(tx, person, body) } else { Ok(()) }
}

fn set_roles(tx: &mut dyn Sql, person: &str, body: &Json) -> Result<(), StoreError> {
    tx.execute("DELETE FROM person_roles WHERE person = ?1", &[person.into()])?;
    for role in body.get("roles").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str) {
        tx.execute("INSERT INTO person_roles (person, role) VALUES (?1, ?2)", &[person.into(), role.into()])?;
    }
    Ok(())
}

fn set_active(tx: &mut dyn Sql, person: &str, active: bool) -> Result<(), StoreError> {
    tx.execute("UPDATE people SET active = ?2 WHERE id = ?1", &[person.into(), i64::from(active).into()])?;
    Ok(())
}

/// The way is no personal data; without its payload the event says nothing, and the person signs in as before it.
fn sign_in(tx: &mut dyn Sql, person: &str, body: Option<&Json>) -> Result<(), StoreError> {
    let Some(body) = body else { return Ok(()) };
    tx.execute(
        "INSERT INTO person_sign_in (person, way) VALUES (?1, ?2) ON CONFLICT (person) DO UPDATE SET way = excluded.way",
        &[person.into(), text(body, "to").into()],
    )?;
    Ok(())
}

fn erase(tx: &mut dyn Sql, person: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM person_sign_in WHERE person = ?1", &[person.into()])?;
    tx.execute("DELETE FROM person_roles WHERE person = ?1", &[person.into()])?;
    tx.execute("DELETE FROM people WHERE id = ?1", &[person.into()])?;
    Ok(())
}

fn text<'a>(body: &'a Json, field: &str) -> &'a str {
    body.get(field).and_then(Json::as_str).unwrap_or_default()
}

/// Owns the tables for secrets, sessions and tokens.
pub(crate) struct Secrets;

const MIGRATIONS: [&str; 2] = ["
CREATE TABLE identity_passwords (person TEXT NOT NULL PRIMARY KEY, phc TEXT NOT NULL, changed_ms BIGINT NOT NULL);
CREATE TABLE identity_totp (person TEXT NOT NULL PRIMARY KEY, sealed BLOB NOT NULL, last_step BIGINT NOT NULL, created_ms BIGINT NOT NULL);
CREATE TABLE identity_recovery (person TEXT NOT NULL, code TEXT NOT NULL, used_ms BIGINT, PRIMARY KEY (person, code));
CREATE TABLE identity_passkeys (id TEXT NOT NULL PRIMARY KEY, person TEXT NOT NULL, rp_id TEXT NOT NULL, label TEXT NOT NULL,
  data TEXT NOT NULL, created_ms BIGINT NOT NULL, last_used_ms BIGINT);
CREATE INDEX identity_passkeys_person ON identity_passkeys (person);
CREATE TABLE identity_links (token TEXT NOT NULL PRIMARY KEY, person TEXT, sealed BLOB, issued_ms BIGINT NOT NULL, expires_ms BIGINT NOT NULL);
CREATE TABLE identity_pending (token TEXT NOT NULL PRIMARY KEY, person TEXT NOT NULL, zone TEXT NOT NULL, attempts BIGINT NOT NULL, expires_ms BIGINT NOT NULL);
CREATE TABLE identity_ceremonies (token TEXT NOT NULL PRIMARY KEY, purpose TEXT NOT NULL, owner TEXT NOT NULL, zone TEXT NOT NULL,
  state TEXT NOT NULL, expires_ms BIGINT NOT NULL);
CREATE TABLE identity_locks (scope TEXT NOT NULL, key TEXT NOT NULL, failures BIGINT NOT NULL, last_failure_ms BIGINT NOT NULL,
  locked_until_ms BIGINT NOT NULL, PRIMARY KEY (scope, key));
CREATE TABLE identity_sessions (id TEXT NOT NULL PRIMARY KEY, person TEXT NOT NULL, zone TEXT NOT NULL, method TEXT NOT NULL,
  remote TEXT NOT NULL, created_ms BIGINT NOT NULL, last_seen_ms BIGINT NOT NULL, expires_ms BIGINT NOT NULL, step_up_until_ms BIGINT);
CREATE INDEX identity_sessions_person ON identity_sessions (person);
CREATE TABLE identity_tokens (id TEXT NOT NULL PRIMARY KEY, token TEXT NOT NULL UNIQUE, person TEXT NOT NULL, name TEXT NOT NULL,
  scope TEXT NOT NULL, zone TEXT NOT NULL, created_ms BIGINT NOT NULL, expires_ms BIGINT NOT NULL, last_used_ms BIGINT, revoked_ms BIGINT);
CREATE INDEX identity_tokens_person ON identity_tokens (person);
", "
ALTER TABLE identity_pending ADD COLUMN first_factor TEXT NOT NULL DEFAULT 'local';
CREATE TABLE identity_subjects (person TEXT NOT NULL PRIMARY KEY, issuer TEXT NOT NULL, subject TEXT NOT NULL);
"];

impl Module for Secrets {
    fn name(&self) -> &str {
        "identity"
    }

    fn migrations(&self) -> &[&str] {
        &MIGRATIONS
    }
}
