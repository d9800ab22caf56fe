//! The form of one row: blank, filled, and filled again with what was wrong. Somebody else's change in the meantime is
//! shown beside one's own; nothing is overwritten.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::multipart::Field;
use axum::extract::{Multipart, Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use sekisho_checkpoint::clean_file_name;
use sekisho_register::{Action, Definition, FieldId, Value, Values};
use sekisho_registers::{Caller, Draft, Override, RegistersError, RowView, Saved};

use super::fields::{Errors, Suggestions, Typed, Widget, read, suggestions, widgets};
use super::{caller, lang, row_id};
use crate::guard::Signed;
use crate::login::framed;
use crate::page::{Page, go, show_with};
use crate::problem::Problem;
use crate::state::{Site, blocking};
use crate::upload::stream_to_blob;

/// Bytes of all texts of a form together.
const TEXT_BYTES: usize = 4 << 20;

/// The form's own inputs. No field of a register has a hyphen in its name, and several are called `reason`.
const REASON: &str = "change-reason";
const VERSION: &str = "base-version";

#[derive(Template)]
#[template(path = "registers/form.html")]
struct FormTemplate {
    p: Page,
    id: String,
    label: String,
    /// The row's name; empty for a new one.
    name: String,
    action: String,
    back: String,
    version: u32,
    widgets: Vec<Widget>,
    lists: Vec<Suggestions>,
    errors: Vec<(String, String)>,
    reason: String,
    conflict: Vec<Difference>,
    /// Fields in which an individual number was suspected, with the label and what was typed as the reason.
    suspects: Vec<(String, String, String)>,
    routed: bool,
}

/// One field of which somebody else's value differs from what was typed.
struct Difference {
    label: String,
    theirs: String,
    mine: String,
}

/// A form as it came in.
#[derive(Default)]
pub(super) struct Received {
    pub(super) typed: Typed,
    pub(super) files: BTreeMap<String, Value>,
}

impl Received {
    fn one(&self, name: &str) -> &str {
        self.typed.get(name).and_then(|all| all.last()).map_or("", String::as_str)
    }

    fn overrides(&self, definition: &Definition) -> Vec<Override> {
        definition
            .input_fields()
            .filter_map(|field| {
                let reason = self.one(&format!("{}-override", field.id)).trim();
                (!reason.is_empty()).then(|| Override { field: field.id.clone(), reason: reason.to_owned() })
            })
            .collect()
    }
}

/// What the form page shows besides the row.
#[derive(Default)]
struct Wrong {
    errors: Errors,
    conflict: Option<Box<RowView>>,
    suspect: Option<(FieldId, String)>,
}

/// Where a form leads: a new row, or a row at a version.
#[derive(Clone)]
enum Target {
    New,
    Row(RowView),
}

pub(super) async fn blank(
    State(site): State<Site>,
    signed: Signed,
    Path(register): Path<String>,
) -> Response {
    framed(signed.page.clone(), async move {
        let (registers, caller) = (site.registers.clone(), caller(&signed));
        let at = register.clone();
        let asking = caller.clone();
        let values = blocking(move || -> Result<_, RegistersError> {
            registers.may(&asking, &at, Action::Add, None)?;
            registers.blank(&asking, &at)
        })
        .await??;
        page(&site, signed.page, &caller, register, Target::New, values, None, Wrong::default()).await
    })
    .await
}

pub(super) async fn edit(
    State(site): State<Site>,
    signed: Signed,
    Path((register, row)): Path<(String, String)>,
) -> Response {
    framed(signed.page.clone(), async move {
        let caller = caller(&signed);
        let view = load(&site, &caller, &register, &row, Action::Change).await?;
        let values = view.values.clone();
        page(&site, signed.page, &caller, register, Target::Row(view), values, None, Wrong::default()).await
    })
    .await
}

async fn load(
    site: &Site,
    caller: &Caller,
    register: &str,
    row: &str,
    action: Action,
) -> Result<RowView, Problem> {
    let (registers, caller, register, row) =
        (site.registers.clone(), caller.clone(), register.to_owned(), row_id(row)?);
    Ok(blocking(move || -> Result<_, RegistersError> {
        registers.may(&caller, &register, action, Some(&row))?;
        registers.row(&caller, &register, &row, None)
    })
    .await??)
}

pub(super) async fn create(
    State(site): State<Site>,
    signed: Signed,
    Path(register): Path<String>,
    form: Multipart,
) -> Response {
    framed(signed.page.clone(), async move {
        let received = receive(&site, &signed, form).await?;
        save(&site, signed, register, Target::New, received).await
    })
    .await
}

pub(super) async fn change(
    State(site): State<Site>,
    signed: Signed,
    Path((register, row)): Path<(String, String)>,
    form: Multipart,
) -> Response {
    framed(signed.page.clone(), async move {
        let received = receive(&site, &signed, form).await?;
        let view = load(&site, &caller(&signed), &register, &row, Action::Change).await?;
        save(&site, signed, register, Target::Row(view), received).await
    })
    .await
}

/// Reads a form; its first field has to be the page's token, so that nothing of a forged form is kept.
pub(super) async fn receive(site: &Site, signed: &Signed, mut form: Multipart) -> Result<Received, Problem> {
    let broken = || {
        Problem::bad_request(
            "フォームを読み取れませんでした。もう一度送ってください。",
            "the form can't be read; send it again",
        )
    };
    let mut received = Received::default();
    let (mut checked, mut bytes) = (false, 0_usize);
    while let Some(field) = form.next_field().await.map_err(|_| broken())? {
        let name = field.name().unwrap_or_default().to_owned();
        if !checked && name != "csrf" {
            return Err(broken());
        }
        match field.file_name().map(ToOwned::to_owned) {
            Some(file) if !file.is_empty() => {
                let stored = store_file(site, field, file).await?;
                received.files.insert(name, stored);
            }
            Some(_) => {}
            None => {
                let text = field.text().await.map_err(|_| broken())?;
                bytes = bytes.saturating_add(text.len());
                if bytes > TEXT_BYTES {
                    return Err(Problem::new(413, "too-large", "入力が長すぎます。", "the form is too long"));
                }
                if name == "csrf" {
                    signed.check_csrf(site, &text)?;
                    checked = true;
                } else {
                    received.typed.entry(name).or_default().push(text.replace("\r\n", "\n"));
                }
            }
        }
    }
    if checked { Ok(received) } else { Err(broken()) }
}

/// Keeps an attachment; nothing refers to it until a row is saved.
async fn store_file(site: &Site, field: Field<'_>, name: String) -> Result<Value, Problem> {
    let too_large =
        Problem::new(413, "too-large", "添付ファイルが大きすぎます。", "the attachment is too large");
    let blob = stream_to_blob(site, field, site.policy().limits.upload_bytes, too_large).await?;
    Ok(Value::File { blob: blob.id, name: clean_file_name(&name), bytes: blob.bytes })
}

async fn save(
    site: &Site,
    signed: Signed,
    register: String,
    target: Target,
    received: Received,
) -> Result<Response, Problem> {
    let (registers, asking, lang) = (site.registers.clone(), caller(&signed), lang(&signed.page));
    let (at, aim) = (register.clone(), target.clone());
    let caller = asking.clone();
    let (outcome, received) = blocking(move || {
        let outcome = (|| -> Result<Result<Saved, Wrong>, RegistersError> {
            let definition = registers.definition(&at)?;
            let (before, hidden, row, shown) = match &aim {
                Target::New => (Values::new(), Vec::new(), None, 0),
                Target::Row(view) => {
                    let shown = received.one(VERSION).parse().unwrap_or(0);
                    (view.values.clone(), view.hidden.clone(), Some(view.id.clone()), shown)
                }
            };
            let (values, errors) = registers.with_lookup(|lookup| {
                read(definition, &received.typed, &received.files, &before, &hidden, lookup, lang)
            })?;
            if !errors.is_empty() {
                return Ok(Err(Wrong { errors, ..Wrong::default() }));
            }
            let draft = Draft {
                row,
                base_version: shown,
                values,
                reason: received.one(REASON).trim().to_owned(),
                overrides: received.overrides(definition),
            };
            match registers.save(&asking, &at, draft) {
                Ok(saved) => Ok(Ok(saved)),
                Err(RegistersError::Refused(rows)) => {
                    let mut errors = Errors::new();
                    for violation in rows.into_iter().flat_map(|row| row.violations).filter(|one| one.refuse)
                    {
                        let field = violation.field.map(|id| id.to_string()).unwrap_or_default();
                        errors.entry(field).or_insert_with(|| violation.message.get(lang).to_owned());
                    }
                    Ok(Err(Wrong { errors, ..Wrong::default() }))
                }
                Err(RegistersError::Conflict { theirs }) => {
                    Ok(Err(Wrong { conflict: Some(theirs), ..Wrong::default() }))
                }
                Err(RegistersError::IndividualNumber { field, label, why, .. }) => {
                    let mut errors = Errors::new();
                    errors.insert(
                        field.to_string(),
                        match lang {
                            sekisho_register::Lang::Ja => format!(
                                "「{}」に個人番号と思われる数字があります（{}）。消してください。",
                                label.ja, why.ja
                            ),
                            sekisho_register::Lang::En => format!(
                                "{} seems to hold an individual number ({}); remove it",
                                label.en, why.en
                            ),
                        },
                    );
                    Ok(Err(Wrong {
                        errors,
                        suspect: Some((field, label.get(lang).to_owned())),
                        ..Wrong::default()
                    }))
                }
                Err(error) => Err(error),
            }
        })();
        (outcome, received)
    })
    .await?;
    match outcome? {
        Ok(Saved::Done { row, .. }) => Ok(go(&format!("/registers/{register}/rows/{row}?done=saved"))),
        Ok(Saved::Waiting { case }) => Ok(go(&format!("/cases/{case}?done=drafted"))),
        Err(wrong) => {
            let values = match &target {
                Target::New => Values::new(),
                Target::Row(view) => view.values.clone(),
            };
            page(site, signed.page, &caller, register, target, values, Some(received), wrong).await
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "the parts of one page, each named once at its callers")]
async fn page(
    site: &Site,
    p: Page,
    caller: &Caller,
    register: String,
    target: Target,
    values: Values,
    received: Option<Received>,
    wrong: Wrong,
) -> Result<Response, Problem> {
    let (registers, caller, policy, lang) =
        (site.registers.clone(), caller.clone(), site.policy().clone(), lang(&p));
    let status = if received.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let template = blocking(move || -> Result<_, RegistersError> {
        let definition = registers.definition(&register)?;
        let lists = suggestions(&registers, &caller, definition)?;
        let hidden = match &target {
            Target::New => Vec::new(),
            Target::Row(view) => view.hidden.clone(),
        };
        let typed = received.as_ref().map(|received| &received.typed);
        let (widgets, conflict) = registers.with_lookup(|lookup| {
            let widgets = widgets(definition, &policy, &values, &hidden, typed, &wrong.errors, lookup, lang);
            let theirs = wrong.conflict.as_ref();
            let differences = theirs.map(|theirs| {
                let field = |id: &str| definition.field(id);
                widgets
                    .iter()
                    .filter_map(|widget| {
                        let field = field(&widget.id)?;
                        let theirs = field.show(theirs.values.get(&widget.id), lang, lookup);
                        let mine = match widget.kind {
                            "choice" | "choices" | "bool" => {
                                let chosen = widget.options.iter().filter(|option| option.chosen);
                                chosen.map(|option| option.label.clone()).collect::<Vec<_>>().join("、")
                            }
                            _ => widget.value.clone(),
                        };
                        (theirs != mine).then(|| Difference { label: widget.label.clone(), theirs, mine })
                    })
                    .collect()
            });
            (widgets, differences.unwrap_or_default())
        })?;
        let errors = wrong.errors.iter().map(|(field, message)| (field.clone(), message.clone())).collect();
        let (name, action, back, version) = match &target {
            Target::New => {
                (String::new(), format!("/registers/{register}"), format!("/registers/{register}"), 0)
            }
            Target::Row(view) => {
                let at = format!("/registers/{register}/rows/{}", view.id);
                let name = if view.title.is_empty() { view.key.clone() } else { view.title.clone() };
                // After a conflict the next attempt builds on what the person has now seen.
                let version = wrong.conflict.as_ref().map_or(view.version, |theirs| theirs.version);
                (name, at.clone(), at, version)
            }
        };
        let suspects = wrong
            .suspect
            .map(|(field, label)| {
                let reason = received.as_ref().map_or("", |all| all.one(&format!("{field}-override")));
                (field.to_string(), label, reason.to_owned())
            })
            .into_iter()
            .collect();
        Ok(FormTemplate {
            label: definition.label.get(lang).to_owned(),
            routed: definition.route.is_some(),
            reason: received.as_ref().map_or(String::new(), |all| all.one(REASON).to_owned()),
            id: register,
            name,
            action,
            back,
            version,
            widgets,
            lists,
            errors,
            conflict,
            suspects,
            p,
        })
    })
    .await??;
    Ok(show_with(status, &template))
}
