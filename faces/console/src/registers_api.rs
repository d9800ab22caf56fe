//! REST for the registers: every register by the same generic routes, values as the canonical JSON of the definition. The
//! service decides as it does for the pages. A token that was made for less than all that its owner may (for sending files
//! only) is not one for the registers: they have no permission of their own that it could name.

use std::collections::BTreeSet;

use axum::Json;
use axum::body::Bytes;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{FromRequestParts, Multipart, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Map, Value as AnyJson, json};

use sekisho_policy::Permission;
use sekisho_register::{Action, Definition, Field, FieldType, Value, Values, Violation};
use sekisho_registers::{
    Caller, Draft, ExportFormat, Filter, FilterOp, ImportOptions, ListQuery, Override, RegistersError, RowId,
    RowView, Saved, VersionKind,
};

use crate::api::{Bearer, Refusal};
use crate::problem::Problem;
use crate::state::{Site, blocking};

/// Rows of an answer when nothing is asked for, and at most.
const ROWS: u32 = 50;
const MOST: u32 = 1000;

/// A program that may use the registers.
pub(crate) struct Clerk(Caller);

impl FromRequestParts<Site> for Clerk {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Refusal> {
        let Bearer(principal) = Bearer::from_request_parts(parts, site).await?;
        let held = &principal.person.roles;
        let whole: BTreeSet<Permission> = site
            .policy()
            .roles
            .iter()
            .filter(|role| held.contains(&role.id))
            .flat_map(|role| role.permissions.iter().copied())
            .collect();
        if whole.iter().all(|permission| principal.may(*permission)) {
            return Ok(Self(Caller::from(&principal)));
        }
        Err(Problem::new(
            403,
            "token-narrowed",
            "このトークンは範囲を限って作られているため、台帳には使えません。全ての権限を選んだトークンを作成してください。",
            "the token was made for a part of its owner's permissions and can't be used for registers; make one with all of them",
        )
        .into())
    }
}

/// An error of a write with what a program needs to go on: the row as it is now, or each field's reason.
pub(crate) enum WriteRefusal {
    Plain(Refusal),
    Answer(StatusCode, AnyJson),
}

impl<E: Into<Problem>> From<E> for WriteRefusal {
    fn from(error: E) -> Self {
        Self::Plain(Refusal::from(error))
    }
}

impl IntoResponse for WriteRefusal {
    fn into_response(self) -> Response {
        match self {
            Self::Plain(refusal) => refusal.into_response(),
            Self::Answer(status, body) => {
                (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
            }
        }
    }
}

fn refused(definition: &Definition, error: RegistersError) -> WriteRefusal {
    let described = |code: &str, error: &RegistersError| {
        json!({
            "code": code,
            "message_ja": error.message(sekisho_register::Lang::Ja),
            "message_en": error.message(sekisho_register::Lang::En),
        })
    };
    match &error {
        RegistersError::Conflict { theirs } => WriteRefusal::Answer(
            StatusCode::CONFLICT,
            json!({ "error": described("conflict", &error), "theirs": row_json(definition, theirs) }),
        ),
        RegistersError::Refused(rows) => {
            let violations: Vec<AnyJson> =
                rows.iter().flat_map(|row| &row.violations).filter(|one| one.refuse).map(violation).collect();
            WriteRefusal::Answer(
                StatusCode::UNPROCESSABLE_ENTITY,
                json!({ "error": described("refused", &error), "violations": violations }),
            )
        }
        _ => error.into(),
    }
}

fn violation(one: &Violation) -> AnyJson {
    json!({
        "field": one.field.as_ref().map(ToString::to_string), "rule": one.rule,
        "message_ja": one.message.ja, "message_en": one.message.en,
    })
}

fn unreadable(violations: &[Violation]) -> WriteRefusal {
    WriteRefusal::Answer(
        StatusCode::UNPROCESSABLE_ENTITY,
        json!({
            "error": {
                "code": "refused",
                "message_ja": "値を読み取れない項目があります。",
                "message_en": "some fields can't be read",
            },
            "violations": violations.iter().map(violation).collect::<Vec<_>>(),
        }),
    )
}

fn answer(status: StatusCode, value: &AnyJson) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], Json(value)).into_response()
}

fn row_json(definition: &Definition, row: &RowView) -> AnyJson {
    json!({
        "id": row.id, "key": row.key, "title": row.title, "version": row.version,
        "values": row.values.to_json(definition), "hidden": row.hidden,
        "changed_ms": row.changed_ms, "changed_by": row.changed_by,
    })
}

fn row_id(text: &str) -> Result<RowId, Problem> {
    text.parse().map_err(|_| {
        Problem::new(
            404,
            "not-found",
            "見つからないか、閲覧する権限がありません。",
            "it does not exist or is not yours to see",
        )
    })
}

fn bad(name: &str) -> Problem {
    Problem::new(
        400,
        "bad-parameter",
        format!("パラメーター「{name}」の値が正しくありません。"),
        format!("the parameter `{name}` is unknown or has a value that it can't have"),
    )
}

fn day(text: &str, name: &str) -> Result<Option<Date>, Problem> {
    match text {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| bad(name)),
    }
}

/// Reads the query of a list; unlike the page's form, what makes no sense is an error. `limit` and `page` are only known
/// where `paged`, `format` only where not.
fn list_query(register: &str, pairs: &[(String, String)], paged: bool) -> Result<(ListQuery, u32), Problem> {
    let mut query = ListQuery { limit: ROWS, ..ListQuery::of(register) };
    let mut page = 0_u32;
    for (name, value) in pairs {
        match name.as_str() {
            "q" => query.text = value.chars().take(200).collect(),
            "view" => query.view = Some(value.clone()),
            "f" => query.filters.push(filter(value).ok_or_else(|| bad("f"))?),
            "sort" => match value.strip_prefix('-') {
                Some(column) => (query.sort, query.descending) = (Some(column.to_owned()), true),
                None => query.sort = Some(value.clone()),
            },
            "as_of" => query.as_of = day(value, "as_of")?,
            "limit" if paged => {
                query.limit = value
                    .parse()
                    .ok()
                    .filter(|limit| (1..=MOST).contains(limit))
                    .ok_or_else(|| bad("limit"))?;
            }
            "page" if paged => {
                page = value.parse().ok().filter(|page| *page <= 1_000_000).ok_or_else(|| bad("page"))?;
            }
            "format" if !paged => {}
            other => return Err(bad(other)),
        }
    }
    query.offset = page.saturating_mul(query.limit);
    Ok((query, page))
}

fn filter(text: &str) -> Option<Filter> {
    let (field, rest) = text.split_once(':')?;
    let (op, value) = rest.split_once(':').unwrap_or((rest, ""));
    Some(Filter { field: field.to_owned(), op: FilterOp::from_id(op)?, value: value.to_owned() })
}

/// The registers that the token's owner may see.
pub(crate) async fn registers(State(site): State<Site>, Clerk(caller): Clerk) -> Result<Response, Refusal> {
    let registers = site.registers.clone();
    let list = blocking(move || -> Result<_, RegistersError> {
        let list: Vec<AnyJson> = registers
            .visible(&caller)?
            .into_iter()
            .map(|definition| {
                json!({
                    "id": definition.id, "label": definition.label, "group": definition.group.as_str(),
                    "clauses": definition.clauses, "digest": definition.digest,
                })
            })
            .collect();
        Ok(list)
    })
    .await??;
    Ok(answer(StatusCode::OK, &json!({ "registers": list })))
}

/// A register's definition, with the schema of its rows' values.
pub(crate) async fn definition(
    State(site): State<Site>,
    Clerk(caller): Clerk,
    Path(register): Path<String>,
) -> Result<Response, Refusal> {
    let registers = site.registers.clone();
    let body = blocking(move || -> Result<_, RegistersError> {
        registers.may(&caller, &register, Action::See, None)?;
        let definition = registers.definition(&register)?;
        let fields: Vec<AnyJson> = definition
            .fields
            .iter()
            .map(|field| {
                json!({
                    "id": field.id, "type": field.kind.as_str(), "label": field.label, "help": field.help,
                    "required": field.required, "unique": field.unique, "personal": field.personal,
                    "computed": field.derive.is_some(),
                    "refers_to": field.refers_to().map(ToString::to_string),
                    "choices": field.choices.iter().map(|one| json!({ "id": one.id, "label": one.label })).collect::<Vec<_>>(),
                })
            })
            .collect();
        let rules: Vec<AnyJson> = definition
            .rules
            .iter()
            .map(|rule| {
                json!({
                    "id": rule.id, "when": rule.when.text(), "label": rule.text,
                    "severity": rule.severity.as_str(),
                    "field": rule.field.as_ref().map(ToString::to_string),
                })
            })
            .collect();
        let views: Vec<AnyJson> =
            definition.views.iter().map(|view| json!({ "id": view.id, "label": view.label })).collect();
        Ok(json!({
            "id": definition.id, "label": definition.label, "help": definition.help,
            "group": definition.group.as_str(), "clauses": definition.clauses, "key": definition.key,
            "title": definition.title, "route": definition.route, "digest": definition.digest,
            "fields": fields, "rules": rules, "views": views, "values_schema": values_schema(definition),
        }))
    })
    .await??;
    Ok(answer(StatusCode::OK, &body))
}

/// The schema of a register's values (JSON Schema 2020-12, as OpenAPI 3.1 uses it).
pub(crate) fn values_schema(definition: &Definition) -> AnyJson {
    let mut properties = Map::new();
    for field in definition.stored_fields() {
        properties.insert(field.id.to_string(), field_schema(field));
    }
    json!({
        "type": "object", "title": definition.label.ja, "description": definition.help.en,
        "properties": properties, "additionalProperties": false,
        "required": definition
            .input_fields()
            .filter(|field| field.required && !matches!(field.kind, FieldType::NumberCode))
            .map(|field| field.id.to_string())
            .collect::<Vec<_>>(),
    })
}

fn field_schema(field: &Field) -> AnyJson {
    let mut schema = match &field.kind {
        FieldType::Integer | FieldType::Yen | FieldType::FiscalYear => json!({ "type": ["integer", "null"] }),
        FieldType::Number => json!({ "type": ["string", "null"], "pattern": "^-?[0-9]+(\\.[0-9]{1,3})?$" }),
        FieldType::Bool => json!({ "type": ["boolean", "null"] }),
        FieldType::Date => json!({ "type": ["string", "null"], "format": "date" }),
        FieldType::Time => {
            json!({ "type": ["string", "null"], "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$" })
        }
        FieldType::Period => json!({
            "type": ["object", "null"], "required": ["from"],
            "properties": {
                "from": { "type": "string", "format": "date" },
                "to": { "type": ["string", "null"], "format": "date" },
            },
        }),
        FieldType::File => json!({
            "type": ["object", "null"], "required": ["blob", "name", "bytes"],
            "properties": {
                "blob": { "type": "string" }, "name": { "type": "string" }, "bytes": { "type": "integer" },
            },
        }),
        FieldType::Choice => {
            let mut ids: Vec<AnyJson> = field.choices.iter().map(|one| json!(one.id)).collect();
            ids.push(AnyJson::Null);
            json!({ "type": ["string", "null"], "enum": ids })
        }
        FieldType::Choices => {
            let ids: Vec<&str> = field.choices.iter().map(|one| one.id.as_str()).collect();
            json!({ "type": ["array", "null"], "items": { "type": "string", "enum": ids } })
        }
        kind if kind.is_list() => json!({ "type": ["array", "null"], "items": { "type": "string" } }),
        _ => match field.max_chars {
            Some(most) => json!({ "type": ["string", "null"], "maxLength": most }),
            None => json!({ "type": ["string", "null"] }),
        },
    };
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("title".to_owned(), json!(field.label.ja));
        schema.insert("description".to_owned(), json!(field.label.en));
        if field.derive.is_some() {
            schema.insert("readOnly".to_owned(), json!(true));
        }
    }
    schema
}

/// The checked-in description with a schema for each register that the caller may see.
pub(crate) async fn described(
    site: &Site,
    Clerk(caller): Clerk,
    mut description: AnyJson,
) -> Result<AnyJson, Problem> {
    let registers = site.registers.clone();
    let schemas = blocking(move || -> Result<_, RegistersError> {
        let visible = registers.visible(&caller)?;
        Ok(visible
            .into_iter()
            .map(|definition| (format!("Register.{}", definition.id), values_schema(definition)))
            .collect::<Vec<_>>())
    })
    .await??;
    if let Some(all) = description.pointer_mut("/components/schemas").and_then(AnyJson::as_object_mut) {
        all.extend(schemas);
    }
    Ok(description)
}

/// A page of rows.
pub(crate) async fn rows(
    State(site): State<Site>,
    Clerk(caller): Clerk,
    Path(register): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Refusal> {
    let (query, page) = list_query(&register, &pairs, true)?;
    let registers = site.registers.clone();
    let body = blocking(move || -> Result<_, RegistersError> {
        let found = registers.list(&caller, &query)?;
        let definition = registers.definition(&register)?;
        let end = u64::from(query.offset).saturating_add(u64::try_from(found.rows.len()).unwrap_or_default());
        let rows: Vec<AnyJson> = found.rows.iter().map(|row| row_json(definition, row)).collect();
        let next = (end < found.total && !rows.is_empty()).then(|| page.saturating_add(1));
        Ok(json!({ "rows": rows, "total": found.total, "page": page, "next_page": next }))
    })
    .await??;
    Ok(answer(StatusCode::OK, &body))
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RowQuery {
    as_of: String,
}

/// One row, now or as of a day.
pub(crate) async fn row(
    State(site): State<Site>,
    Clerk(caller): Clerk,
    Path((register, row)): Path<(String, String)>,
    query: Result<Query<RowQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(query) = query.map_err(|_| bad("as_of"))?;
    let (row, as_of) = (row_id(&row)?, day(&query.as_of, "as_of")?);
    let registers = site.registers.clone();
    let body = blocking(move || -> Result<_, RegistersError> {
        let view = registers.row(&caller, &register, &row, as_of)?;
        Ok(row_json(registers.definition(&register)?, &view))
    })
    .await??;
    Ok(answer(StatusCode::OK, &body))
}

/// Every version of a row, oldest first.
pub(crate) async fn history(
    State(site): State<Site>,
    Clerk(caller): Clerk,
    Path((register, row)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let (row, registers) = (row_id(&row)?, site.registers.clone());
    let versions = blocking(move || -> Result<_, RegistersError> {
        let definition = registers.definition(&register)?;
        let versions = registers.history(&caller, &register, &row)?;
        let plain = |field: &sekisho_register::FieldId, value: &Value| match definition.field(field.as_str())
        {
            Some(field) => field.to_json(value),
            None => AnyJson::Null,
        };
        Ok(versions
            .into_iter()
            .map(|version| {
                let changes = version.changes.map(|changes| {
                    changes
                        .iter()
                        .map(|one| {
                            json!({
                                "field": one.field, "old": plain(&one.field, &one.old),
                                "new": plain(&one.field, &one.new),
                            })
                        })
                        .collect::<Vec<_>>()
                });
                json!({
                    "version": version.version,
                    "kind": match version.kind {
                        VersionKind::Added => "added",
                        VersionKind::Changed => "changed",
                        VersionKind::Removed => "removed",
                    },
                    "time_ms": version.time_ms, "actor": version.actor, "changes": changes,
                    "case": version.case.map(|case| case.to_string()), "reason": version.reason,
                    "via": version.via, "seq": version.seq,
                })
            })
            .collect::<Vec<_>>())
    })
    .await??;
    Ok(answer(StatusCode::OK, &json!({ "versions": versions })))
}

/// A row to be written, whole: a field that is missing has no value afterwards.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRow {
    values: AnyJson,
    /// The version that was read; only for a change.
    #[serde(default)]
    version: u32,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    overrides: Vec<Override>,
}

fn read_row(body: &Bytes) -> Result<NewRow, Problem> {
    serde_json::from_slice(body).map_err(|error| {
        Problem::bad_request(
            "本文が正しいJSONではありません。",
            format!("the body is not the JSON that was expected: {error}"),
        )
    })
}

fn saved_answer(register: &str, saved: &Saved, created: bool) -> Result<Response, Problem> {
    let (status, body) = match saved {
        Saved::Done { row, version, seq } => (
            if created { StatusCode::CREATED } else { StatusCode::OK },
            json!({ "row": row, "version": version, "seq": seq, "case": null }),
        ),
        Saved::Waiting { case } => (
            StatusCode::ACCEPTED,
            json!({ "row": null, "version": null, "seq": null, "case": case.to_string() }),
        ),
    };
    let mut response = answer(status, &body);
    if let (Saved::Done { row, .. }, true) = (saved, created) {
        let place = HeaderValue::from_str(&format!("/api/v1/registers/{register}/rows/{row}"));
        response.headers_mut().insert(header::LOCATION, place.map_err(|_| Problem::internal())?);
    }
    Ok(response)
}

/// Attachments are sent by the page, where they are searched as they come in: a program may keep what the row has or take
/// it away, never name content that it may not have.
fn foreign_file(definition: &Definition, values: &Values, before: Option<&Values>) -> Option<Problem> {
    let field = definition.fields.iter().find(|field| {
        let value = values.get(field.id.as_str());
        matches!(field.kind, FieldType::File)
            && !value.is_null()
            && before.is_none_or(|before| before.get(field.id.as_str()) != value)
    })?;
    Some(Problem::new(
        422,
        "file",
        format!("「{}」の添付ファイルは画面から登録してください。", field.label.ja),
        format!("attach the file of {} on the page", field.label.en),
    ))
}

/// Adds a row.
pub(crate) async fn add(
    State(site): State<Site>,
    Clerk(caller): Clerk,
    Path(register): Path<String>,
    body: Bytes,
) -> Result<Response, WriteRefusal> {
    let new = read_row(&body)?;
    let (registers, at) = (site.registers.clone(), register.clone());
    let saved = blocking(move || -> Result<_, WriteRefusal> {
        registers.may(&caller, &at, Action::Add, None)?;
        let definition = registers.definition(&at)?;
        let values = Values::from_json(definition, &new.values).map_err(|all| unreadable(&all))?;
        if let Some(problem) = foreign_file(definition, &values, None) {
            return Err(problem.into());
        }
        let draft =
            Draft { row: None, base_version: 0, values, reason: new.reason, overrides: new.overrides };
        registers.save(&caller, &at, draft).map_err(|error| refused(definition, error))
    })
    .await??;
    Ok(saved_answer(&register, &saved, true)?)
}

/// Replaces a row's values.
pub(crate) async fn change(
    State(site): State<Site>,
    Clerk(caller): Clerk,
    Path((register, row)): Path<(String, String)>,
    body: Bytes,
) -> Result<Response, WriteRefusal> {
    let (row, new) = (row_id(&row)?, read_row(&body)?);
    let (registers, at) = (site.registers.clone(), register.clone());
    let saved = blocking(move || -> Result<_, WriteRefusal> {
        registers.may(&caller, &at, Action::Change, Some(&row))?;
        let definition = registers.definition(&at)?;
        let before = registers.row(&caller, &at, &row, None)?.values;
        let values = Values::from_json(definition, &new.values).map_err(|all| unreadable(&all))?;
        if let Some(problem) = foreign_file(definition, &values, Some(&before)) {
            return Err(problem.into());
        }
        let draft = Draft {
            row: Some(row),
            base_version: new.version,
            values,
            reason: new.reason,
            overrides: new.overrides,
        };
        registers.save(&caller, &at, draft).map_err(|error| refused(definition, error))
    })
    .await??;
    Ok(saved_answer(&register, &saved, false)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RemoveQuery {
    version: u32,
    #[serde(default)]
    reason: String,
}

/// Removes a row; its history stays.
pub(crate) async fn remove(
    State(site): State<Site>,
    Clerk(caller): Clerk,
    Path((register, row)): Path<(String, String)>,
    query: Result<Query<RemoveQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, WriteRefusal> {
    let Query(query) = query.map_err(|_| bad("version"))?;
    let (row, registers, at) = (row_id(&row)?, site.registers.clone(), register.clone());
    let saved = blocking(move || -> Result<_, WriteRefusal> {
        let definition = registers.definition(&at)?;
        registers
            .remove(&caller, &at, &row, query.version, query.reason.trim())
            .map_err(|error| refused(definition, error))
    })
    .await??;
    Ok(saved_answer(&register, &saved, false)?)
}

/// The rows as a file in the register's own layout.
pub(crate) async fn export(
    State(site): State<Site>,
    Clerk(caller): Clerk,
    Path(register): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Refusal> {
    let (query, _) = list_query(&register, &pairs, false)?;
    let format = pairs.iter().find(|(name, _)| name == "format").map_or("xlsx", |(_, value)| value.as_str());
    let (format, kind) = match format {
        "xlsx" => (ExportFormat::Xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        "csv" => (ExportFormat::CsvUtf8, "text/csv; charset=utf-8"),
        "csv-cp932" => (ExportFormat::CsvCp932, "text/csv; charset=shift_jis"),
        _ => return Err(bad("format").into()),
    };
    let registers = site.registers.clone();
    let file = blocking(move || registers.export(&caller, format, &query)).await??;
    let name = crate::guard::percent(&file.name);
    Ok((
        [
            (header::CONTENT_TYPE, kind.to_owned()),
            (header::CONTENT_DISPOSITION, format!("attachment; filename*=UTF-8''{name}")),
            (header::CACHE_CONTROL, "no-store".to_owned()),
        ],
        file.bytes,
    )
        .into_response())
}

/// A dry run, or the import of exactly what a dry run showed.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ImportQuery {
    dry_run: String,
    digest: String,
    remove_missing: String,
}

fn flag(text: &str, name: &str) -> Result<bool, Problem> {
    match text {
        "" | "0" | "false" => Ok(false),
        "1" | "true" => Ok(true),
        _ => Err(bad(name)),
    }
}

/// Imports a workbook or CSV.
pub(crate) async fn import(
    State(site): State<Site>,
    Clerk(caller): Clerk,
    Path(register): Path<String>,
    query: Result<Query<ImportQuery>, axum::extract::rejection::QueryRejection>,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, Refusal> {
    let Query(query) = query.map_err(|_| bad("dry_run"))?;
    let (dry, remove_missing) =
        (flag(&query.dry_run, "dry_run")?, flag(&query.remove_missing, "remove_missing")?);
    if dry != query.digest.is_empty() {
        return Err(Problem::new(
            400,
            "bad-parameter",
            "先に dry_run=1 で確認し、その digest を付けて取り込んでください。",
            "run it with `dry_run=1` first, then import with the `digest` of its report",
        )
        .into());
    }
    let form = form.map_err(|_| {
        Problem::new(
            415,
            "multipart-needed",
            "multipart/form-data で送信してください。",
            "send multipart/form-data with `file`",
        )
    })?;
    {
        // Who may not import has no file read for them.
        let (registers, caller, register) = (site.registers.clone(), caller.clone(), register.clone());
        blocking(move || registers.may(&caller, &register, Action::Import, None)).await??;
    }
    let (name, bytes) = file_of(&site, form).await?;
    let registers = site.registers.clone();
    let report = blocking(move || {
        if dry {
            registers.dry_run(&caller, &register, &name, &bytes)
        } else {
            let options = ImportOptions { remove_missing };
            registers.import(&caller, &register, &name, &bytes, &query.digest, options)
        }
    })
    .await??;
    Ok(answer(StatusCode::OK, &json!(report)))
}

async fn file_of(site: &Site, mut form: Multipart) -> Result<(String, Vec<u8>), Problem> {
    let broken = || Problem::bad_request("送信データを読み取れません。", "the body can't be read");
    let limit = usize::try_from(site.policy().limits.upload_bytes).unwrap_or(usize::MAX);
    while let Some(mut field) = form.next_field().await.map_err(|_| broken())? {
        if field.name() != Some("file") {
            continue;
        }
        let name = field.file_name().unwrap_or("file").to_owned();
        let mut bytes = Vec::new();
        while let Some(piece) = field.chunk().await.map_err(|_| broken())? {
            if bytes.len().saturating_add(piece.len()) > limit {
                return Err(Problem::new(
                    413,
                    "too-large",
                    "ファイルが大きすぎます。",
                    "the file is too large",
                ));
            }
            bytes.extend_from_slice(&piece);
        }
        return Ok((name, bytes));
    }
    Err(Problem::new(422, "no-file", "ファイル（file）がありません。", "there is no `file`"))
}
