//! Two pages for a tablet at the door and in the hand: who is inside a controlled area (入退室), and inspecting things one
//! by one by the number on their label (現物確認). They read and save rows of registers in the name of the signed-in
//! person, with that person's rights, and know no rules of their own.

use askama::Template;
use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use jiff::civil::{Date, DateTime};
use serde::Deserialize;

use sekisho_register::{Action, Definition, Field, FieldType, Found, Input, Lang, Lookup, Value, Values};
use sekisho_registers::{
    Caller, Draft, Filter, FilterOp, ListQuery, Registers, RegistersError, RowId, RowView, Saved,
};

use crate::guard::{Signed, percent};
use crate::login::framed;
use crate::page::{Page, go, show_with};
use crate::problem::Problem;
use crate::registers::{caller, lang, row_id};
use crate::state::{Site, blocking};

pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/entry", get(entry).post(enter))
        .route("/entry/self", post(enter_self))
        .route("/entry/{row}/leave", post(leave))
        .route("/inspect", get(inspect))
        .route("/inspect/{register}/{row}", post(confirm))
}

const ENTRIES: &str = "area-entries";

/// Rows that one screen holds.
const INSIDE: u32 = 200;
const SUGGESTIONS: u32 = 1000;

/// An input of the tablet's forms.
struct Asked {
    id: String,
    label: String,
    required: bool,
    value: String,
    options: Vec<(String, String, bool)>,
    /// `text`, `choice`, `bool` or `long`.
    kind: &'static str,
    list: &'static str,
    error: String,
    example: &'static str,
}

/// Field id and what was typed.
type Pairs = Vec<(String, String)>;

fn typed<'a>(pairs: &'a [(String, String)], name: &str) -> &'a str {
    pairs.iter().rev().find(|(id, _)| id == name).map_or("", |(_, value)| value.as_str())
}

/// Why a field can't be saved; the empty field is about the row.
type Errors = Vec<(String, String)>;

#[derive(Template)]
#[template(path = "tablet/entry.html")]
struct EntryTemplate {
    p: Page,
    inside: Vec<Inside>,
    forgotten: usize,
    people: i64,
    areas: Vec<(String, String, bool)>,
    boxes: Vec<Asked>,
    staff: Vec<String>,
    errors: Errors,
    me: String,
    may_add: bool,
}

struct Inside {
    row: String,
    version: u32,
    name: String,
    organisation: String,
    area: String,
    since: String,
    escort: String,
    badge: String,
    /// Entered on an earlier day: somebody forgot to write that they left.
    forgotten: bool,
    outsider: bool,
    may_change: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct EntryQuery {
    done: String,
}

async fn entry(State(site): State<Site>, signed: Signed, Query(query): Query<EntryQuery>) -> Response {
    framed(signed.page.clone(), async move {
        let notice = match query.done.as_str() {
            "in" => signed.page.l("入室を記録しました。", "The entry was recorded."),
            "out" => signed.page.l("退室を記録しました。", "The leaving was recorded."),
            "waiting" => signed.page.l("決裁に回しました。", "It waits for approval."),
            _ => "",
        }
        .to_owned();
        let p = signed.page.clone().with_notice(notice);
        entry_page(&site, caller(&signed), p, Vec::new(), Vec::new()).await
    })
    .await
}

/// The inputs for somebody from outside, in the order in which the door asks for them.
const VISITOR: [&str; 9] = [
    "entry_kind",
    "visitor_label",
    "visitor_organisation",
    "entry_purpose",
    "identification",
    "escort",
    "badge",
    "items_in",
    "items_permitted_by",
];

async fn entry_page(
    site: &Site,
    caller: Caller,
    p: Page,
    pairs: Pairs,
    errors: Errors,
) -> Result<Response, Problem> {
    let registers = site.registers.clone();
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let name = p.person_name().to_owned();
    let (today, template_p) = (today(site), p);
    let template = blocking(move || -> Result<_, RegistersError> {
        let p = template_p;
        let definition = registers.definition(ENTRIES)?;
        let query = ListQuery { view: Some("inside".to_owned()), limit: INSIDE, ..ListQuery::of(ENTRIES) };
        let rows = registers.list(&caller, &query)?.rows;
        let areas = areas(&registers, &caller, typed(&pairs, "area"));
        let staff = staff(&registers, &caller);
        let lang = lang(&p);
        let blank = registers.blank(&caller, ENTRIES)?;
        let may_change: Vec<bool> = rows
            .iter()
            .map(|row| registers.may(&caller, ENTRIES, Action::Change, Some(&row.id)).is_ok())
            .collect();
        let (inside, boxes) = registers.with_lookup(|lookup| {
            let inside: Vec<Inside> = rows
                .iter()
                .zip(may_change)
                .map(|(row, may_change)| inside(definition, row, today, may_change, lookup, lang))
                .collect();
            let boxes: Vec<Asked> = VISITOR
                .iter()
                .filter_map(|id| definition.field(id))
                .map(|field| draw(field, blank.get(field.id.as_str()), Some(&pairs), &errors, lookup, lang))
                .collect();
            (inside, boxes)
        })?;
        Ok(EntryTemplate {
            forgotten: inside.iter().filter(|one| one.forgotten).count(),
            people: rows
                .iter()
                .filter_map(|row| row.values.get("head_count").as_int())
                .fold(0, i64::saturating_add),
            may_add: registers.may(&caller, ENTRIES, Action::Add, None).is_ok(),
            me: name,
            inside,
            areas,
            boxes,
            staff,
            errors,
            p,
        })
    })
    .await??;
    Ok(show_with(status, &template))
}

fn inside(
    definition: &Definition,
    row: &RowView,
    today: Date,
    may_change: bool,
    lookup: &dyn Lookup,
    lang: Lang,
) -> Inside {
    let shown = |id: &str| {
        definition.field(id).map(|field| field.show(row.values.get(id), lang, lookup)).unwrap_or_default()
    };
    let kind = row.values.get("entry_kind").as_text().unwrap_or_default();
    let entered = match row.values.get("entered_at") {
        Value::Time(time) => Some(time.date()),
        _ => None,
    };
    Inside {
        row: row.id.to_string(),
        version: row.version,
        name: shown("visitor_label"),
        organisation: shown("visitor_organisation"),
        area: shown("area"),
        since: shown("entered_at"),
        escort: shown("escort"),
        badge: shown("badge"),
        forgotten: entered.is_some_and(|day| day < today),
        outsider: matches!(kind, "visitor" | "contractor"),
        may_change,
    }
}

/// The areas that the person may record, as id, name and whether it is the chosen one.
fn areas(registers: &Registers, caller: &Caller, chosen: &str) -> Vec<(String, String, bool)> {
    let query = ListQuery { limit: SUGGESTIONS, ..ListQuery::of("controlled-areas") };
    let Ok(found) = registers.list(caller, &query) else { return Vec::new() };
    found
        .rows
        .into_iter()
        .map(|row| {
            let id = row.id.to_string();
            let name = if row.title.is_empty() { row.key } else { row.title };
            let chosen = id == chosen;
            (id, name, chosen)
        })
        .collect()
}

/// "number name" of the staff that one may see; who may see none types the number.
fn staff(registers: &Registers, caller: &Caller) -> Vec<String> {
    let query = ListQuery { limit: SUGGESTIONS, ..ListQuery::of("staff") };
    let Ok(found) = registers.list(caller, &query) else { return Vec::new() };
    if found.total > u64::from(SUGGESTIONS) {
        return Vec::new();
    }
    let here = found.rows.iter().filter(|row| row.values.get("left_on").is_null());
    here.map(|row| format!("{} {}", row.key, row.title).trim().to_owned()).collect()
}

/// A field as an input. What was typed goes before what is stored.
fn draw(
    field: &Field,
    value: &Value,
    pairs: Option<&Pairs>,
    errors: &Errors,
    lookup: &dyn Lookup,
    lang: Lang,
) -> Asked {
    let id = field.id.to_string();
    let typed = pairs.filter(|pairs| !pairs.is_empty()).map(|pairs| typed(pairs, &id).to_owned());
    let stored = match value {
        Value::Bool(flag) => if *flag { "1" } else { "0" }.to_owned(),
        Value::Text(text) if matches!(field.kind, FieldType::Choice) => text.clone(),
        Value::Text(id) if matches!(field.kind, FieldType::Person) => lookup.show_person(id),
        value => field.show(value, lang, lookup),
    };
    let shown = typed.unwrap_or(stored);
    let words = |ja: &str, en: &str| if lang == Lang::Ja { ja.to_owned() } else { en.to_owned() };
    let options: Vec<(String, String)> = match &field.kind {
        FieldType::Bool => {
            vec![("1".to_owned(), words("はい", "Yes")), ("0".to_owned(), words("いいえ", "No"))]
        }
        _ => field.choices.iter().map(|one| (one.id.clone(), one.label.get(lang).to_owned())).collect(),
    };
    Asked {
        kind: match field.kind {
            FieldType::Bool | FieldType::Choice => "choice",
            FieldType::LongText => "long",
            _ => "text",
        },
        list: if matches!(field.kind, FieldType::Person) { "staff" } else { "" },
        example: match (&field.kind, lang) {
            (FieldType::Date, Lang::Ja) => "例 令和8年4月1日、R8.4.1",
            (FieldType::Date, Lang::En) => "for example 2026-04-01",
            (FieldType::Person, Lang::Ja) => "職員番号又は氏名",
            (FieldType::Person, Lang::En) => "staff number or name",
            _ => "",
        },
        label: field.label.get(lang).to_owned(),
        required: field.required,
        options: options
            .into_iter()
            .map(|(option, label)| {
                let chosen = option == shown;
                (option, label, chosen)
            })
            .collect(),
        error: errors.iter().find(|(of, _)| *of == id).map(|(_, text)| text.clone()).unwrap_or_default(),
        value: shown,
        id,
    }
}

/// Reads what was typed into a field; a suggestion is "number name", and the number alone decides.
fn read(field: &Field, text: &str, lookup: &dyn Lookup, lang: Lang) -> Result<Value, String> {
    let refused = match field.read(&Input::Text(text), lookup) {
        Ok(value) => return Ok(value),
        Err(refused) => refused,
    };
    if let Some((number, _)) = text.trim().split_once(' ')
        && matches!(field.kind, FieldType::Person)
        && let Found::One(id) = lookup.person(number)
    {
        return Ok(Value::Text(id));
    }
    Err(refused.get(lang).to_owned())
}

/// Somebody enters whom the person at the door lets in.
async fn enter(State(site): State<Site>, signed: Signed, Form(pairs): Form<Pairs>) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, typed(&pairs, "csrf"))?;
        let (registers, asking, lang, now) =
            (site.registers.clone(), caller(&signed), lang(&signed.page), now(&site));
        let (me, form) = (asking.clone(), pairs.clone());
        let outcome = blocking(move || {
            let definition = registers.definition(ENTRIES)?;
            let mut values = registers.blank(&me, ENTRIES)?;
            let errors = registers.with_lookup(|lookup| {
                let mut errors = Errors::new();
                for field in VISITOR.iter().chain(&["area"]).filter_map(|id| definition.field(id)) {
                    match read(field, typed(&form, field.id.as_str()), lookup, lang) {
                        Ok(value) => {
                            values.set(field.id.as_str(), value);
                        }
                        Err(message) => errors.push((field.id.to_string(), message)),
                    }
                }
                if let Found::One(staff) = lookup.person(&me.login) {
                    // Who writes the entry down is who looked at the identification.
                    if !values.get("identification").is_null() {
                        values.set("identified_by", Value::Text(staff.clone()));
                    }
                    if typed(&form, "items_permitted_by").trim().is_empty()
                        && !values.get("items_in").is_null()
                    {
                        values.set("items_permitted_by", Value::Text(staff));
                    }
                }
                // A colleague without permission is a member of staff by name.
                if let Some("staff" | "other-staff") = values.get("entry_kind").as_text()
                    && let Found::One(person) = lookup.person(typed(&form, "visitor_label"))
                {
                    values.set("staff_person", Value::Text(person));
                }
                errors
            })?;
            values.set("entered_at", Value::Time(now));
            set_unit_of_area(&registers, &me, &mut values);
            if errors.is_empty() {
                save(&registers, &me, ENTRIES, None, values, lang)
            } else {
                Ok(Err(errors))
            }
        })
        .await??;
        answer(&site, signed, asking, outcome, "in", pairs).await
    })
    .await
}

/// The signed-in person enters.
async fn enter_self(State(site): State<Site>, signed: Signed, Form(pairs): Form<Pairs>) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, typed(&pairs, "csrf"))?;
        let (registers, asking, lang, now) =
            (site.registers.clone(), caller(&signed), lang(&signed.page), now(&site));
        let (me, name, area) =
            (asking.clone(), signed.session.person.name.clone(), typed(&pairs, "area").to_owned());
        let outcome = blocking(move || {
            let mut values = registers.blank(&me, ENTRIES)?;
            let person = registers.with_lookup(|lookup| lookup.person(&me.login))?;
            if let Found::One(person) = person {
                values.set("staff_person", Value::Text(person));
            }
            for (field, value) in
                [("entry_kind", "staff"), ("entry_purpose", "operation"), ("identification", "staff-card")]
            {
                values.set(field, Value::Text(value.to_owned()));
            }
            values.set("visitor_label", Value::Text(name));
            values.set("area", if area.is_empty() { Value::Null } else { Value::Text(area) });
            values.set("entered_at", Value::Time(now));
            set_unit_of_area(&registers, &me, &mut values);
            save(&registers, &me, ENTRIES, None, values, lang)
        })
        .await??;
        answer(&site, signed, asking, outcome, "in", Pairs::new()).await
    })
    .await
}

/// The unit that answers for the area answers for its entries.
fn set_unit_of_area(registers: &Registers, caller: &Caller, values: &mut Values) {
    let area = values.get("area").as_text().and_then(|id| id.parse::<RowId>().ok());
    if let Some(area) = area
        && let Ok(found) = registers.row(caller, "controlled-areas", &area, None)
        && let Value::Text(unit) = found.values.get("unit")
    {
        values.set("unit", Value::Text(unit.clone()));
    }
}

/// Somebody leaves: now, or when it was if they forgot to say so.
async fn leave(
    State(site): State<Site>,
    signed: Signed,
    Path(row): Path<String>,
    Form(pairs): Form<Pairs>,
) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, typed(&pairs, "csrf"))?;
        let (registers, asking, lang, now, row) =
            (site.registers.clone(), caller(&signed), lang(&signed.page), now(&site), row_id(&row)?);
        let me = asking.clone();
        let outcome = blocking(move || {
            let definition = registers.definition(ENTRIES)?;
            let view = registers.row(&me, ENTRIES, &row, None)?;
            let shown = typed(&pairs, "version").parse().unwrap_or(0);
            let mut values = view.values;
            let mut left = Value::Time(now);
            let at = typed(&pairs, "left_at").trim();
            if !at.is_empty()
                && let Some(field) = definition.field("left_at")
            {
                match registers.with_lookup(|lookup| read(field, at, lookup, lang))? {
                    Ok(value) => left = value,
                    Err(message) => return Ok(Err(vec![(String::new(), message)])),
                }
            }
            values.set("left_at", left);
            for field in ["items_checked", "badge_returned"] {
                if typed(&pairs, field) == "1" {
                    values.set(field, Value::Bool(true));
                }
            }
            save(&registers, &me, ENTRIES, Some((row, shown)), values, lang)
        })
        .await??;
        answer(&site, signed, asking, outcome, "out", Pairs::new()).await
    })
    .await
}

async fn answer(
    site: &Site,
    signed: Signed,
    caller: Caller,
    outcome: Result<Saved, Errors>,
    done: &str,
    pairs: Pairs,
) -> Result<Response, Problem> {
    match outcome {
        Ok(Saved::Done { .. }) => Ok(go(&format!("/entry?done={done}"))),
        Ok(Saved::Waiting { .. }) => Ok(go("/entry?done=waiting")),
        Err(errors) => entry_page(site, caller, signed.page, pairs, errors).await,
    }
}

/// Saves a row; what the register refuses comes back as sentences by field.
fn save(
    registers: &Registers,
    caller: &Caller,
    register: &str,
    row: Option<(RowId, u32)>,
    values: Values,
    lang: Lang,
) -> Result<Result<Saved, Errors>, RegistersError> {
    let (row, base_version) = row.map_or((None, 0), |(row, version)| (Some(row), version));
    let draft = Draft { row, base_version, values, ..Draft::default() };
    match registers.save(caller, register, draft) {
        Ok(saved) => Ok(Ok(saved)),
        Err(RegistersError::Refused(rows)) => Ok(Err(rows
            .into_iter()
            .flat_map(|row| row.violations)
            .filter(|one| one.refuse)
            .map(|one| {
                let field = one.field.map(|field| field.to_string()).unwrap_or_default();
                (field, one.message.get(lang).to_owned())
            })
            .collect())),
        Err(error @ (RegistersError::Conflict { .. } | RegistersError::IndividualNumber { .. })) => {
            Ok(Err(vec![(String::new(), error.message(lang))]))
        }
        Err(error) => Err(error),
    }
}

fn now(site: &Site) -> DateTime {
    let now = sekisho_registers::local(site.store.clock().now_ms());
    now.with().second(0).subsec_nanosecond(0).build().unwrap_or(now)
}

fn today(site: &Site) -> Date {
    now(site).date()
}

/// What is inspected: the register, what is looked for besides the key, the day that is stamped, the fields that the
/// inspector confirms on the spot.
struct Kind {
    register: &'static str,
    numbers: &'static [&'static str],
    stamp: &'static str,
    /// The next inspection and how many months until then.
    next: Option<(&'static str, i32)>,
    /// Who inspected.
    by: &'static str,
    fields: &'static [&'static str],
    /// Rows that nobody looks for any more.
    gone: &'static [&'static str],
}

const KINDS: [Kind; 2] = [
    Kind {
        register: "media",
        numbers: &["serial"],
        stamp: "inventory_on",
        next: Some(("inventory_due_on", 6)),
        by: "",
        fields: &["place", "locked", "labelled", "status", "note"],
        gone: &["disposed"],
    },
    Kind {
        register: "terminals",
        numbers: &["asset_tag", "serial", "host_name"],
        stamp: "evidence_on",
        next: None,
        by: "evidence_by",
        fields: &["last_seen_on", "place", "disk_encrypted", "wire_lock", "status", "note"],
        gone: &["disposed", "returned"],
    },
];

fn kind(register: &str) -> Result<&'static Kind, Problem> {
    KINDS.iter().find(|kind| kind.register == register).ok_or_else(Problem::not_found)
}

#[derive(Template)]
#[template(path = "tablet/inspect.html")]
struct InspectTemplate {
    p: Page,
    tabs: Vec<(String, String, bool)>,
    register: String,
    code: String,
    found: Option<Inspected>,
    missing: bool,
    errors: Errors,
    staff: Vec<String>,
    /// Rows to be looked for that were not yet seen in this half year.
    open: u64,
    rest: Vec<(String, String)>,
}

struct Inspected {
    row: String,
    version: u32,
    key: String,
    name: String,
    facts: Vec<(String, String)>,
    boxes: Vec<Asked>,
    seen: String,
    may_change: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct InspectQuery {
    register: String,
    code: String,
    done: String,
}

async fn inspect(State(site): State<Site>, signed: Signed, Query(query): Query<InspectQuery>) -> Response {
    framed(signed.page.clone(), async move {
        let register = if query.register.is_empty() { "media" } else { query.register.as_str() };
        let kind = kind(register)?;
        let notice = match query.done.as_str() {
            "confirmed" => signed
                .page
                .l("確認を記録しました。次の番号を読み取ってください。", "Recorded. Scan the next number."),
            "waiting" => signed.page.l(
                "変更は決裁に回しました。次の番号を読み取ってください。",
                "The change waits for approval. Scan the next number.",
            ),
            _ => "",
        }
        .to_owned();
        let p = signed.page.clone().with_notice(notice);
        inspect_page(&site, caller(&signed), p, kind, query.code.trim().to_owned(), None, Vec::new()).await
    })
    .await
}

/// A label's QR code is the address of its row; its last part says which.
fn row_of_label(code: &str, register: &str) -> Option<RowId> {
    let (_, rest) = code.split_once("/registers/")?;
    let (of, row) = rest.split_once("/rows/")?;
    if of != register {
        return None;
    }
    row.split(['/', '?', '#']).next()?.parse().ok()
}

fn find(
    registers: &Registers,
    caller: &Caller,
    kind: &Kind,
    code: &str,
) -> Result<Option<RowView>, RegistersError> {
    if let Some(row) = row_of_label(code, kind.register) {
        return match registers.row(caller, kind.register, &row, None) {
            Ok(view) => Ok(Some(view)),
            Err(RegistersError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        };
    }
    let definition = registers.definition(kind.register)?;
    for field in std::iter::once(definition.key.as_str()).chain(kind.numbers.iter().copied()) {
        let filter = Filter { field: field.to_owned(), op: FilterOp::Is, value: code.to_owned() };
        let query = ListQuery { filters: vec![filter], limit: 2, ..ListQuery::of(kind.register) };
        let found = registers.list(caller, &query)?;
        // A number that two things share names neither of them.
        if let [only] = found.rows.as_slice() {
            return Ok(Some(only.clone()));
        }
    }
    Ok(None)
}

async fn inspect_page(
    site: &Site,
    caller: Caller,
    p: Page,
    kind: &'static Kind,
    code: String,
    typed: Option<Pairs>,
    errors: Errors,
) -> Result<Response, Problem> {
    let (registers, today) = (site.registers.clone(), today(site));
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let template = blocking(move || -> Result<_, RegistersError> {
        let lang = lang(&p);
        let definition = registers.definition(kind.register)?;
        let row = if code.is_empty() { None } else { find(&registers, &caller, kind, &code)? };
        let missing = !code.is_empty() && row.is_none();
        let found = match row {
            Some(row) => {
                let may_change = registers.may(&caller, kind.register, Action::Change, Some(&row.id)).is_ok();
                Some(registers.with_lookup(|lookup| {
                    inspected(definition, kind, row, today, may_change, typed.as_ref(), &errors, lookup, lang)
                })?)
            }
            None => None,
        };
        let half_year = today.checked_sub(jiff::Span::new().months(6)).unwrap_or(today);
        let mut filters: Vec<Filter> = kind
            .gone
            .iter()
            .map(|gone| Filter { field: "status".to_owned(), op: FilterOp::IsNot, value: (*gone).to_owned() })
            .collect();
        let all = ListQuery { filters: filters.clone(), ..ListQuery::of(kind.register) };
        filters.push(Filter {
            field: kind.stamp.to_owned(),
            op: FilterOp::AtLeast,
            value: half_year.to_string(),
        });
        let seen = ListQuery { filters, ..ListQuery::of(kind.register) };
        let (total, seen) = (registers.count(&caller, &all)?, registers.count(&caller, &seen)?);
        let oldest = ListQuery { sort: Some(kind.stamp.to_owned()), limit: 20, ..all };
        let rest = registers.list(&caller, &oldest)?;
        let rest = rest
            .rows
            .into_iter()
            .filter(|row| row.values.date(kind.stamp).is_none_or(|day| day < half_year))
            .map(|row| (row.key, row.title))
            .collect();
        let mut tabs = Vec::new();
        for one in &KINDS {
            if registers.may(&caller, one.register, Action::See, None).is_ok() {
                let label = registers.definition(one.register)?.label.get(lang).to_owned();
                tabs.push((one.register.to_owned(), label, one.register == kind.register));
            }
        }
        Ok(InspectTemplate {
            register: kind.register.to_owned(),
            staff: Vec::new(),
            open: total.saturating_sub(seen),
            tabs,
            code,
            found,
            missing,
            errors,
            rest,
            p,
        })
    })
    .await??;
    Ok(show_with(status, &template))
}

#[expect(clippy::too_many_arguments, reason = "the parts of one row on the page")]
fn inspected(
    definition: &Definition,
    kind: &Kind,
    row: RowView,
    today: Date,
    may_change: bool,
    typed: Option<&Pairs>,
    errors: &Errors,
    lookup: &dyn Lookup,
    lang: Lang,
) -> Inspected {
    let facts = definition
        .list_fields()
        .into_iter()
        .filter(|field| field.is_stored() && !kind.fields.contains(&field.id.as_str()))
        .filter(|field| !row.hidden.contains(&field.id))
        .map(|field| {
            let value = row.values.get(field.id.as_str());
            (field.label.get(lang).to_owned(), field.show(value, lang, lookup))
        })
        .collect();
    let fields = kind.fields.iter().filter_map(|id| definition.field(id));
    let boxes = fields
        .filter(|field| !row.hidden.contains(&field.id))
        .map(|field| {
            // Who has the thing in their hands has seen it today.
            let seen = Value::Date(today);
            let value =
                if field.id.as_str() == "last_seen_on" { &seen } else { row.values.get(field.id.as_str()) };
            draw(field, value, typed, errors, lookup, lang)
        })
        .collect();
    let shown =
        definition.field(kind.stamp).map(|field| field.show(row.values.get(kind.stamp), lang, lookup));
    Inspected {
        row: row.id.to_string(),
        version: row.version,
        key: row.key,
        name: row.title,
        seen: shown.unwrap_or_default(),
        facts,
        boxes,
        may_change,
    }
}

async fn confirm(
    State(site): State<Site>,
    signed: Signed,
    Path((register, row)): Path<(String, String)>,
    Form(pairs): Form<Pairs>,
) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, typed(&pairs, "csrf"))?;
        let (kind, row, asking, lang, day) =
            (kind(&register)?, row_id(&row)?, caller(&signed), lang(&signed.page), today(&site));
        let (registers, me, form) = (site.registers.clone(), asking.clone(), pairs.clone());
        let outcome = blocking(move || {
            let definition = registers.definition(kind.register)?;
            let view = registers.row(&me, kind.register, &row, None)?;
            let mut values = view.values;
            let errors = registers.with_lookup(|lookup| {
                let mut errors = Errors::new();
                for field in kind.fields.iter().filter_map(|id| definition.field(id)) {
                    let id = field.id.as_str();
                    if view.hidden.contains(&field.id) || !form.iter().any(|(name, _)| name == id) {
                        continue;
                    }
                    match read(field, &typed(&form, id).replace("\r\n", "\n"), lookup, lang) {
                        Ok(value) => {
                            values.set(id, value);
                        }
                        Err(message) => errors.push((id.to_owned(), message)),
                    }
                }
                if !kind.by.is_empty()
                    && let Found::One(person) = lookup.person(&me.login)
                {
                    values.set(kind.by, Value::Text(person));
                }
                errors
            })?;
            values.set(kind.stamp, Value::Date(day));
            if let Some((field, months)) = kind.next
                && let Ok(due) = day.checked_add(jiff::Span::new().months(months))
            {
                values.set(field, Value::Date(due));
            }
            if !errors.is_empty() {
                return Ok(Err(errors));
            }
            let shown = typed(&form, "version").parse().unwrap_or(0);
            save(&registers, &me, kind.register, Some((row, shown)), values, lang)
        })
        .await??;
        let back = |done: &str| go(&format!("/inspect?register={}&done={done}", percent(kind.register)));
        Ok(match outcome {
            Ok(Saved::Done { .. }) => back("confirmed"),
            Ok(Saved::Waiting { .. }) => back("waiting"),
            Err(errors) => {
                let code = typed(&pairs, "code").to_owned();
                inspect_page(&site, asking, signed.page, kind, code, Some(pairs), errors).await?
            }
        })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scanned_label_names_its_row_and_no_row_of_another_register() {
        let row = "r_aaaaaaaaaaaaaaaaaaaaaaaaaa";
        let check = |code: &str, found: bool| {
            assert_eq!(row_of_label(code, "media").is_some(), found, "{code}");
        };
        check(&format!("/registers/media/rows/{row}"), true);
        check(&format!("https://sekisho.example/registers/media/rows/{row}?x=1"), true);
        check(&format!("/registers/terminals/rows/{row}"), false);
        check("/registers/media/rows/..", false);
        check("MED-0001", false);
        check("", false);
    }
}
