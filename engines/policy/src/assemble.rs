//! From records without a finding to the typed declaration.
//!
//! Every function gives `None` when a value that the definition requires is absent or of another kind. After a clean
//! check that can't happen; if it ever does, `Policy::parse` refuses the files and says so.

use serde::de::DeserializeOwned;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as WordError, StrDeserializer};

use crate::cidr::Network;
use crate::color::Color;
use crate::model::{
    Body, Class, Classification, Conduit, DirectoryKind, DirectorySettings, Limits, Municipality,
    OidcSettings, Policy, Retention, Role, Route, Scheme, SchemeMark, Session, SignInSettings,
    SpecificCommunication, Step, StepAction, Text, Unit, Zone,
};
use crate::read::{Field, Record, Value};

/// Builds the declaration; `None` when a record lacks what the definition requires.
pub(crate) fn assemble(root: &Record, digest: String) -> Option<Policy> {
    let policy = root.one("policy")?;
    Some(Policy {
        version: policy.text("version")?.to_owned(),
        effective_from: policy.day("effective_from")?,
        municipality: municipality(root.one("municipality")?)?,
        bodies: all(root, "body", |r| Some(Body { id: word(r, "id")?, name: text(r, "name")? }))?,
        units: all(root, "unit", unit)?,
        zones: all(root, "zone", zone)?,
        conduits: all(root, "conduit", conduit)?,
        classification: Classification {
            edition: word(root.one("classification")?, "edition")?,
            classes: all(root, "class", class)?,
            schemes: all(root, "scheme", scheme)?,
        },
        roles: all(root, "role", role)?,
        routes: all(root, "route", route)?,
        retention: retention(root.one("retention")?)?,
        limits: limits(root.one("limits")?)?,
        session: session(root.one("session")?)?,
        sign_in: optional(root, "sign-in", |r, key| sign_in(r.one(key)?))?.unwrap_or_default(),
        digest,
    })
}

fn municipality(r: &Record) -> Option<Municipality> {
    Some(Municipality {
        name: text(r, "name")?,
        code: r.text("code")?.to_owned(),
        origin: r.text("origin")?.to_owned(),
        model: word(r, "model")?,
    })
}

fn unit(r: &Record) -> Option<Unit> {
    Some(Unit {
        id: word(r, "id")?,
        name: text(r, "name")?,
        kind: word(r, "kind")?,
        body: word(r, "body")?,
        parent: optional(r, "parent", word)?,
        document_mark: r.text("document_mark").map(str::to_owned),
    })
}

fn zone(r: &Record) -> Option<Zone> {
    Some(Zone {
        id: word(r, "id")?,
        kind: word(r, "kind")?,
        label: text(r, "label")?,
        color: Color::parse(r.text("color")?)?,
        networks: networks(r.list("networks"))?,
        port: optional(r, "port", number)?,
    })
}

fn conduit(r: &Record) -> Option<Conduit> {
    Some(Conduit {
        id: word(r, "id")?,
        label: text(r, "label")?,
        from: word(r, "from")?,
        to: word(r, "to")?,
        formats: strings(r.list("formats"))?,
        methods: words(r.list("methods"))?,
        exceptions: words(r.list("exceptions"))?,
        approval: optional(r, "approval", word)?,
        search_individual_numbers: r.flag("search_individual_numbers")?,
        max_bytes: number(r, "max_bytes")?,
        purpose_required: r.flag("purpose_required")?,
        max_confidentiality: optional(r, "max_confidentiality", word)?,
        reason: match r.field("reason_ja") {
            Some(_) => Some(text(r, "reason")?),
            None => None,
        },
        specific_communication: optional(r, "specific_communication", |r, key| specific(r.one(key)?))?,
    })
}

fn specific(r: &Record) -> Option<SpecificCommunication> {
    let port = |field: &Field| match field.value {
        Value::Integer(n) => u16::try_from(n).ok(),
        _ => None,
    };
    Some(SpecificCommunication {
        addresses: networks(r.list("addresses"))?,
        mac_addresses: strings(r.list("mac_addresses"))?,
        ports: r.list("ports").iter().map(port).collect::<Option<_>>()?,
        expires: r.day("expires")?,
    })
}

fn class(r: &Record) -> Option<Class> {
    Some(Class {
        id: word(r, "id")?,
        axis: word(r, "axis")?,
        mark: r.text("mark")?.to_owned(),
        rank: number(r, "rank")?,
        label: text(r, "label")?,
        criterion: text(r, "criterion")?,
        handling: all(r, "handling", |h| {
            Some(Text { ja: h.text("ja")?.to_owned(), en: h.text("en")?.to_owned() })
        })?,
    })
}

fn scheme(r: &Record) -> Option<Scheme> {
    let mark = |m: &Record| {
        Some(SchemeMark { axis: word(m, "axis")?, from: m.text("from")?.to_owned(), to: word(m, "to")? })
    };
    Some(Scheme { id: word(r, "id")?, label: text(r, "label")?, marks: all(r, "mark", mark)? })
}

fn role(r: &Record) -> Option<Role> {
    Some(Role { id: word(r, "id")?, label: text(r, "label")?, permissions: words(r.list("permissions"))? })
}

fn route(r: &Record) -> Option<Route> {
    Some(Route {
        id: word(r, "id")?,
        label: text(r, "label")?,
        drafters: words(r.list("drafters"))?,
        separate_from: words(r.list("separate_from"))?,
        steps: all(r, "step", step)?,
    })
}

fn step(s: &Record) -> Option<Step> {
    Some(Step {
        role: word(s, "role")?,
        scope: word(s, "scope")?,
        unit: optional(s, "unit", word)?,
        action: optional(s, "action", word)?.unwrap_or(StepAction::Decide),
        delegated: s.flag("delegated").unwrap_or(false),
        deputies: words(s.list("deputies"))?,
        quorum: optional(s, "quorum", number)?.unwrap_or(1),
        parallel: s.text("parallel").map(str::to_owned),
        due_days: optional(s, "due_days", number)?,
        amount_from: s.integer("amount_from"),
        amount_below: s.integer("amount_below"),
        class_from: optional(s, "class_from", word)?,
    })
}

fn retention(r: &Record) -> Option<Retention> {
    Some(Retention {
        originals_days: number(r, "originals_days")?,
        results_days: number(r, "results_days")?,
        history_years: number(r, "history_years")?,
    })
}

fn limits(r: &Record) -> Option<Limits> {
    Some(Limits {
        upload_bytes: number(r, "upload_bytes")?,
        files_per_transfer: number(r, "files_per_transfer")?,
        nesting_depth: number(r, "nesting_depth")?,
        archive_members: number(r, "archive_members")?,
        expanded_bytes: number(r, "expanded_bytes")?,
        image_pixels: number(r, "image_pixels")?,
    })
}

fn session(r: &Record) -> Option<Session> {
    Some(Session {
        idle_minutes: number(r, "idle_minutes")?,
        absolute_minutes: number(r, "absolute_minutes")?,
        step_up_minutes: number(r, "step_up_minutes")?,
        lockout_attempts: number(r, "lockout_attempts")?,
        lockout_minutes: number(r, "lockout_minutes")?,
    })
}

fn sign_in(r: &Record) -> Option<SignInSettings> {
    Some(SignInSettings {
        new_accounts: optional(r, "new_accounts", word)?.unwrap_or_default(),
        directory: optional(r, "directory", |r, key| directory(r.one(key)?))?,
        oidc: optional(r, "oidc", |r, key| oidc(r.one(key)?))?,
    })
}

fn directory(r: &Record) -> Option<DirectorySettings> {
    let kind = word(r, "kind")?;
    let usual = match kind {
        DirectoryKind::ActiveDirectory => "sAMAccountName",
        DirectoryKind::Openldap => "uid",
    };
    Some(DirectorySettings {
        kind,
        servers: strings(r.list("servers"))?,
        start_tls: r.flag("start_tls").unwrap_or(false),
        ca_file: string(r, "ca_file"),
        base: string(r, "base"),
        bind_dn: string(r, "bind_dn"),
        password_file: string(r, "password_file"),
        user_dn: string(r, "user_dn"),
        login_attribute: string(r, "login_attribute").unwrap_or_else(|| usual.to_owned()),
        filter: string(r, "filter"),
        timeout_seconds: optional(r, "timeout_seconds", number)?.unwrap_or(5),
    })
}

fn oidc(r: &Record) -> Option<OidcSettings> {
    let scopes = strings(r.list("scopes"))?;
    Some(OidcSettings {
        issuer: r.text("issuer")?.to_owned(),
        client_id: r.text("client_id")?.to_owned(),
        secret_file: string(r, "secret_file"),
        ca_file: string(r, "ca_file"),
        label: text(r, "label")?,
        login_claim: string(r, "login_claim").unwrap_or_else(|| "preferred_username".to_owned()),
        scopes: if scopes.is_empty() { vec!["openid".to_owned(), "profile".to_owned()] } else { scopes },
        mfa_acr: strings(r.list("mfa_acr"))?,
        mfa_amr: strings(r.list("mfa_amr"))?,
        mfa_zones: words(r.list("mfa_zones"))?,
    })
}

fn string(r: &Record, key: &str) -> Option<String> {
    r.text(key).map(str::to_owned)
}

fn all<T>(r: &Record, key: &str, one: impl Fn(&Record) -> Option<T>) -> Option<Vec<T>> {
    r.many(key).iter().map(one).collect()
}

/// `Some(None)` when the key is absent; `None` when it is there and can't be read.
fn optional<T>(r: &Record, key: &str, one: impl Fn(&Record, &str) -> Option<T>) -> Option<Option<T>> {
    match r.field(key) {
        None => Some(None),
        Some(_) => one(r, key).map(Some),
    }
}

/// The pair of keys `NAME_ja` and `NAME_en`.
fn text(r: &Record, name: &str) -> Option<Text> {
    Some(Text {
        ja: r.text(&format!("{name}_ja"))?.to_owned(),
        en: r.text(&format!("{name}_en"))?.to_owned(),
    })
}

fn number<T: TryFrom<i64>>(r: &Record, key: &str) -> Option<T> {
    T::try_from(r.integer(key)?).ok()
}

/// An identifier or a word of a closed list, by the same names as in serde.
fn word<T: DeserializeOwned>(r: &Record, key: &str) -> Option<T> {
    parse_word(r.text(key)?)
}

pub(crate) fn parse_word<T: DeserializeOwned>(text: &str) -> Option<T> {
    let deserializer: StrDeserializer<'_, WordError> = text.into_deserializer();
    T::deserialize(deserializer).ok()
}

fn words<T: DeserializeOwned>(list: &[Field]) -> Option<Vec<T>> {
    list.iter().map(|field| parse_word(field.text()?)).collect()
}

fn strings(list: &[Field]) -> Option<Vec<String>> {
    list.iter().map(|field| field.text().map(str::to_owned)).collect()
}

fn networks(list: &[Field]) -> Option<Vec<Network>> {
    list.iter().map(|field| field.text()?.parse().ok()).collect()
}
