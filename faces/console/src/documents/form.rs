//! Writing a version: the text is edited as text or comes as a file, is shown again as clauses with everything that was
//! not clear, and is stored as a draft only then. Nothing is kept on the server between the steps.

use askama::Template;
use axum::extract::{Form, Multipart, Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use sekisho_documents::{
    Caller, DocumentsError, Ids, NewDocument, NewDraft, ParsedDocument, Tier, import_text, render,
};
use sekisho_policy::UnitId;

use super::index::may_create;
use super::text::{TextView, text_view};
use super::{caller, document_id, draft_id, read_day};
use crate::guard::Signed;
use crate::login::framed;
use crate::page::{Page, go, show, show_with};
use crate::problem::Problem;
use crate::state::{Site, blocking};

/// Bytes of a file of a document; the texts of a form together.
const FILE_BYTES: usize = 32 << 20;
const TEXT_BYTES: usize = 4 << 20;

/// What was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Typed {
    /// The document to be revised; empty for a new one.
    document: String,
    /// The draft to be replaced; empty for a new one.
    draft: String,
    tier: String,
    title: String,
    owner: String,
    units: Vec<String>,
    effective_from: String,
    reason: String,
    text: String,
    step: String,
}

impl Typed {
    fn take(&mut self, name: &str, value: String) {
        let field = match name {
            "document" => &mut self.document,
            "draft" => &mut self.draft,
            "tier" => &mut self.tier,
            "title" => &mut self.title,
            "owner" => &mut self.owner,
            "effective_from" => &mut self.effective_from,
            "reason" => &mut self.reason,
            "text" => &mut self.text,
            "step" => &mut self.step,
            "units" => {
                self.units.push(value);
                return;
            }
            _ => return,
        };
        *field = value;
    }

    /// Where the form leads back to.
    fn back(&self) -> String {
        match (self.document.as_str(), self.draft.as_str()) {
            ("", _) => "/documents".to_owned(),
            (document, "") => format!("/documents/{document}/versions"),
            (document, draft) => format!("/documents/{document}/drafts/{draft}"),
        }
    }
}

#[derive(Template)]
#[template(path = "documents/form.html")]
struct FormTemplate {
    p: Page,
    typed: Typed,
    /// The title of the document that is revised; empty for a new one.
    of: String,
    tiers: Vec<(&'static str, &'static str)>,
    units: Vec<(String, String)>,
    error: String,
    back: String,
}

impl FormTemplate {
    fn binds(&self, unit: &str) -> bool {
        self.typed.units.iter().any(|one| one == unit)
    }
}

#[derive(Template)]
#[template(path = "documents/preview.html")]
struct PreviewTemplate {
    p: Page,
    typed: Typed,
    text: TextView,
    notes: Vec<(usize, &'static str, String)>,
    count: usize,
    effective: String,
    back: String,
}

pub(super) async fn blank(State(site): State<Site>, signed: Signed) -> Response {
    framed(signed.page.clone(), async move {
        let unit = signed.session.person.unit.to_string();
        let typed = Typed { owner: unit, ..Typed::default() };
        form(&site, &signed, typed, String::new(), StatusCode::OK).await
    })
    .await
}

/// The text of the newest version, to be changed.
pub(super) async fn revision(State(site): State<Site>, signed: Signed, Path(id): Path<String>) -> Response {
    framed(signed.page.clone(), async move {
        let (id, caller, at) = (document_id(&id)?, caller(&signed), site.clone());
        let typed = blocking(move || -> Result<_, DocumentsError> {
            let document = at.documents.document(&caller, &id)?;
            let text = match document.latest() {
                Some(_) => render::text(&at.documents.read(&caller, &id, None)?.content),
                None => String::new(),
            };
            Ok(Typed { document: id.to_string(), title: document.title, text, ..Typed::default() })
        })
        .await??;
        form(&site, &signed, typed, String::new(), StatusCode::OK).await
    })
    .await
}

/// The text of a draft, to be changed.
pub(super) async fn edit(
    State(site): State<Site>,
    signed: Signed,
    Path((id, draft)): Path<(String, String)>,
) -> Response {
    framed(signed.page.clone(), async move {
        let (id, draft, caller, at) = (document_id(&id)?, draft_id(&draft)?, caller(&signed), site.clone());
        let p = signed.page.clone();
        let typed = blocking(move || -> Result<_, DocumentsError> {
            let reading = at.documents.read_draft(&caller, &draft)?;
            Ok(Typed {
                document: id.to_string(),
                draft: draft.to_string(),
                title: reading.content.title.clone(),
                effective_from: p.day(reading.draft.effective_from),
                reason: reading.draft.reason.clone(),
                text: render::text(&reading.content),
                ..Typed::default()
            })
        })
        .await??;
        form(&site, &signed, typed, String::new(), StatusCode::OK).await
    })
    .await
}

async fn form(
    site: &Site,
    signed: &Signed,
    typed: Typed,
    error: String,
    status: StatusCode,
) -> Result<Response, Problem> {
    let (caller, p, site) = (caller(signed), signed.page.clone(), site.clone());
    let template = blocking(move || -> Result<_, Problem> {
        let of = if typed.document.is_empty() {
            String::new()
        } else {
            let document = site.documents.document(&caller, &document_id(&typed.document)?)?;
            if !site.documents.may(&caller, sekisho_documents::Action::Draft, &document) {
                return Err(Problem::not_permitted());
            }
            document.title
        };
        let tiers: Vec<_> = Tier::ALL
            .into_iter()
            .filter(|tier| may_create(&site, &caller, *tier, &typed.owner))
            .map(|tier| (tier.id(), tier.label(p.lang)))
            .collect();
        if of.is_empty() && tiers.is_empty() {
            return Err(Problem::not_permitted());
        }
        let units = site
            .policy()
            .units
            .iter()
            .map(|unit| (unit.id.to_string(), unit.name.get(p.lang).to_owned()))
            .collect();
        Ok(FormTemplate { back: typed.back(), of, tiers, units, typed, error, p })
    })
    .await??;
    Ok(show_with(status, &template))
}

/// Reads what was typed or sent into clauses and shows them. Stores nothing.
pub(super) async fn preview(State(site): State<Site>, signed: Signed, body: Multipart) -> Response {
    framed(signed.page.clone(), async move {
        let (typed, file) = receive(&site, &signed, body).await?;
        let (caller, at, asked) = (caller(&signed), site.clone(), typed.clone());
        let parsed = blocking(move || -> Result<_, Problem> {
            require(&at, &caller, &asked)?;
            Ok(match file {
                Some((name, bytes)) => at.documents.parse_file(&name, &bytes)?,
                None => import_text(&asked.text),
            })
        })
        .await?;
        let parsed = match parsed {
            Ok(parsed) => parsed,
            Err(problem) if problem.status == 422 || problem.status == 503 => {
                let error = problem.message(signed.page.lang).to_owned();
                return form(&site, &signed, typed, error, problem.status_code()).await;
            }
            Err(problem) => return Err(problem),
        };
        show_preview(&site, &signed, typed, parsed).await
    })
    .await
}

async fn show_preview(
    site: &Site,
    signed: &Signed,
    mut typed: Typed,
    mut parsed: ParsedDocument,
) -> Result<Response, Problem> {
    let p = signed.page.clone();
    if !typed.title.trim().is_empty() {
        typed.title.trim().clone_into(&mut parsed.content.title);
    }
    if typed.tier.is_empty()
        && let Some(tier) = Tier::from_title(&parsed.content.title)
    {
        tier.id().clone_into(&mut typed.tier);
    }
    let wrong = match (read_day(&typed.effective_from), parsed.content.walk().count()) {
        (_, 0) => Some(
            p.l(
                "項目が1つもありません。本文を入力するか、ファイルを選んでください。",
                "There is no clause. Type the text or choose a file.",
            )
            .to_owned(),
        ),
        (Err(problem), _) if typed.effective_from.trim().is_empty() => {
            let _ = problem;
            Some(p.l("施行日を入力してください。", "Say when it comes into effect.").to_owned())
        }
        (Err(problem), _) => Some(problem.message(p.lang).to_owned()),
        (Ok(_), _) => None,
    };
    if let Some(error) = wrong {
        if !parsed.content.clauses.is_empty() {
            typed.text = render::text(&parsed.content);
        }
        return form(site, signed, typed, error, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    parsed.content.title.clone_into(&mut typed.title);
    typed.text = render::text(&parsed.content);
    let effective = read_day(&typed.effective_from).map(|day| p.day(day)).unwrap_or_default();
    Ok(show(&PreviewTemplate {
        notes: parsed
            .notes
            .iter()
            .map(|note| (note.line, note.what.sentence(p.lang), note.excerpt.clone()))
            .collect(),
        count: parsed.content.walk().count(),
        text: text_view(&parsed.content, &[], site, &p),
        back: typed.back(),
        effective,
        typed,
        p,
    }))
}

/// Stores what the preview showed.
pub(super) async fn store(
    State(site): State<Site>,
    signed: Signed,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Response {
    framed(signed.page.clone(), async move {
        let csrf = pairs.iter().find(|(name, _)| name == "csrf").map_or("", |(_, value)| value.as_str());
        signed.check_csrf(&site, csrf)?;
        let mut typed = Typed::default();
        for (name, value) in pairs {
            typed.take(&name, value.replace("\r\n", "\n"));
        }
        if typed.step == "edit" {
            return form(&site, &signed, typed, String::new(), StatusCode::OK).await;
        }
        let (caller, at, asked) = (caller(&signed), site.clone(), typed.clone());
        match blocking(move || keep(&at, &caller, &asked)).await? {
            Ok((document, draft)) => Ok(go(&format!("/documents/{document}/drafts/{draft}?done=drafted"))),
            Err(problem) if problem.status == 422 => {
                let error = problem.message(signed.page.lang).to_owned();
                form(&site, &signed, typed, error, StatusCode::UNPROCESSABLE_ENTITY).await
            }
            Err(problem) => Err(problem),
        }
    })
    .await
}

fn keep(site: &Site, caller: &Caller, typed: &Typed) -> Result<(String, String), Problem> {
    let mut content = import_text(&typed.text).content;
    typed.title.trim().clone_into(&mut content.title);
    let new = NewDraft {
        effective_from: read_day(&typed.effective_from)?,
        reason: typed.reason.trim().to_owned(),
        ids: Ids::Match,
        content,
    };
    if !typed.draft.is_empty() {
        let draft = draft_id(&typed.draft)?;
        site.documents.revise_draft(caller, &draft, new)?;
        return Ok((document_id(&typed.document)?.to_string(), draft.to_string()));
    }
    let document = if typed.document.is_empty() {
        let unit = |text: &str| {
            text.parse::<UnitId>()
                .map_err(|_| Problem::new(422, "unit", "主管課を選んでください。", "choose a unit"))
        };
        site.documents.create(
            caller,
            NewDocument {
                tier: tier_of(typed)?,
                title: new.content.title.clone(),
                owner: unit(&typed.owner)?,
                units: typed.units.iter().map(|text| unit(text)).collect::<Result<_, _>>()?,
            },
        )?
    } else {
        document_id(&typed.document)?
    };
    let draft = site.documents.draft_version(caller, &document, new)?;
    Ok((document.to_string(), draft.to_string()))
}

fn tier_of(typed: &Typed) -> Result<Tier, Problem> {
    Tier::from_id(&typed.tier).ok_or_else(|| {
        Problem::new(422, "tier", "文書の種別を選んでください。", "choose which kind of document it is")
    })
}

/// Who may not draft has no file read for them.
fn require(site: &Site, caller: &Caller, typed: &Typed) -> Result<(), Problem> {
    let permitted = if typed.document.is_empty() {
        match Tier::from_id(&typed.tier) {
            Some(tier) => may_create(site, caller, tier, &typed.owner),
            None => Tier::ALL.into_iter().any(|tier| may_create(site, caller, tier, &typed.owner)),
        }
    } else {
        let document = site.documents.document(caller, &document_id(&typed.document)?)?;
        site.documents.may(caller, sekisho_documents::Action::Draft, &document)
    };
    if permitted { Ok(()) } else { Err(Problem::not_permitted()) }
}

/// A file by its name.
type Sent = Option<(String, Vec<u8>)>;

/// Reads the form; its first field has to be the page's token, so that nothing of a forged form is read.
async fn receive(site: &Site, signed: &Signed, mut body: Multipart) -> Result<(Typed, Sent), Problem> {
    let broken = || {
        Problem::bad_request(
            "フォームを読み取れませんでした。もう一度送ってください。",
            "the form can't be read; send it again",
        )
    };
    let large = || {
        Problem::new(
            413,
            "too-large",
            "文書のファイルは32MBまで、本文は4MBまでです。",
            "a file may have 32 MiB, a text 4 MiB",
        )
    };
    let (mut typed, mut file, mut checked, mut bytes) = (Typed::default(), None, false, 0_usize);
    while let Some(mut field) = body.next_field().await.map_err(|_| broken())? {
        let name = field.name().unwrap_or_default().to_owned();
        if !checked && name != "csrf" {
            return Err(broken());
        }
        let sent = field.file_name().map(ToOwned::to_owned);
        let most = if sent.is_some() { FILE_BYTES } else { TEXT_BYTES.saturating_sub(bytes) };
        let mut value = Vec::new();
        while let Some(piece) = field.chunk().await.map_err(|_| broken())? {
            if value.len().saturating_add(piece.len()) > most {
                return Err(large());
            }
            value.extend_from_slice(&piece);
        }
        if let Some(sent) = sent {
            if !sent.is_empty() && !value.is_empty() {
                file = Some((sent, value));
            }
            continue;
        }
        bytes = bytes.saturating_add(value.len());
        let value = String::from_utf8(value).map_err(|_| broken())?;
        if name == "csrf" {
            signed.check_csrf(site, &value)?;
            checked = true;
        } else {
            typed.take(&name, value.replace("\r\n", "\n"));
        }
    }
    if checked { Ok((typed, file)) } else { Err(broken()) }
}
