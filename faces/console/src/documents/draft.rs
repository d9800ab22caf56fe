//! A draft (改正案) on its way: its text, its 新旧対照表 with the version before, the bodies' consents to it, 起案.

use askama::Template;
use axum::extract::{Form, Path, Query, State};
use axum::response::Response;
use serde::Deserialize;

use sekisho_documents::{Action, Adoption, DocumentsError, Tier};
use sekisho_policy::{BodyId, Permission};

use super::text::{RowView, TextView, rows, text_view};
use super::versions::{DoneQuery, consents};
use super::{caller, document_id, draft_id, read_day};
use crate::format;
use crate::guard::Signed;
use crate::login::framed;
use crate::page::{Page, go, show};
use crate::problem::Problem;
use crate::state::{Site, blocking};

#[derive(Template)]
#[template(path = "documents/draft.html")]
struct DraftTemplate {
    p: Page,
    id: String,
    draft: String,
    state: String,
    state_word: &'static str,
    case: String,
    facts: Vec<(&'static str, String)>,
    reason: String,
    text: TextView,
    rows: Vec<RowView>,
    first: bool,
    public: bool,
    consents: Vec<(String, String, String, String)>,
    may_change: bool,
    may_consent: bool,
    may_adopt: bool,
}

/// The state of a draft for people.
pub(super) fn state_word(state: &str, p: &Page) -> &'static str {
    match state {
        "draft" => p.l("起案前", "not proposed yet"),
        "proposed" => p.l("決裁中", "being decided"),
        "enacted" => p.l("決裁済", "decided"),
        "discarded" => p.l("破棄", "thrown away"),
        _ => p.l("不明", "unknown"),
    }
}

pub(super) async fn show_draft(
    State(site): State<Site>,
    signed: Signed,
    Path((id, draft)): Path<(String, String)>,
    Query(query): Query<DoneQuery>,
) -> Response {
    framed(signed.page.clone(), async move {
        let (id, draft, caller) = (document_id(&id)?, draft_id(&draft)?, caller(&signed));
        let administers = signed.session.permissions.contains(&Permission::Administer);
        let notice = match query.done.as_str() {
            "drafted" => signed.page.l(
                "案を保存しました。内容を確かめてから起案してください。",
                "The draft was saved. Check it, then propose it.",
            ),
            "consent" => signed.page.l("同意を記録しました。", "The consent was recorded."),
            _ => "",
        }
        .to_owned();
        let p = signed.page.with_notice(notice);
        let template = blocking(move || -> Result<_, Problem> {
            let document = site.documents.document(&caller, &id)?;
            let reading = site.documents.read_draft(&caller, &draft)?;
            if reading.draft.document != id {
                return Err(Problem::not_found());
            }
            let comparison = site.documents.compare_draft(&caller, &draft)?;
            let given = if document.tier == Tier::Public {
                site.documents.consents_to_draft(&caller, &draft)?
            } else {
                Vec::new()
            };
            let view = reading.draft;
            let open = view.state == "draft";
            let may = |action| site.documents.may(&caller, action, &document);
            let author = super::read::who(&site, &view.author, &p);
            let facts = vec![
                (p.l("施行", "in force from"), p.day(view.effective_from)),
                (p.l("作成者", "written by"), author),
                (p.l("最終更新", "last changed"), format::moment(view.changed_ms, p.lang)),
                (p.l("内容の識別値", "digest"), view.digest.clone()),
            ];
            Ok(DraftTemplate {
                state_word: state_word(&view.state, &p),
                case: view.case.clone().unwrap_or_default(),
                text: text_view(&reading.content, &[], &site, &p),
                rows: rows(comparison, false),
                first: view.base == 0,
                public: document.tier == Tier::Public,
                consents: consents(&given, &p),
                may_change: open && may(Action::Draft),
                may_consent: matches!(view.state.as_str(), "draft" | "proposed") && may(Action::Consent),
                may_adopt: open && administers && document.versions.is_empty() && may(Action::Draft),
                reason: view.reason,
                state: view.state,
                draft: draft.to_string(),
                id: id.to_string(),
                facts,
                p,
            })
        })
        .await??;
        Ok(show(&template))
    })
    .await
}

#[derive(Deserialize)]
pub(super) struct StepForm {
    csrf: String,
    #[serde(default)]
    decided_on: String,
    #[serde(default)]
    published_on: String,
}

pub(super) async fn propose(
    State(site): State<Site>,
    signed: Signed,
    Path((_, draft)): Path<(String, String)>,
    Form(form): Form<StepForm>,
) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, &form.csrf)?;
        let (principal, draft) = (signed.principal(), draft_id(&draft)?);
        let case = blocking(move || site.documents.propose(&principal, &draft)).await??;
        Ok(go(&format!("/cases/{case}?done=drafted")))
    })
    .await
}

pub(super) async fn discard(
    State(site): State<Site>,
    signed: Signed,
    Path((id, draft)): Path<(String, String)>,
    Form(form): Form<StepForm>,
) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, &form.csrf)?;
        let (id, draft, caller) = (document_id(&id)?, draft_id(&draft)?, caller(&signed));
        let to = format!("/documents/{id}/versions?done=discarded");
        blocking(move || site.documents.discard_draft(&caller, &draft)).await??;
        Ok(go(&to))
    })
    .await
}

/// Takes over a text that was decided before it came into the system.
pub(super) async fn adopt(
    State(site): State<Site>,
    signed: Signed,
    Path((id, draft)): Path<(String, String)>,
    Form(form): Form<StepForm>,
) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, &form.csrf)?;
        let (id, draft, caller) = (document_id(&id)?, draft_id(&draft)?, caller(&signed));
        let day = |text: &str| if text.trim().is_empty() { Ok(None) } else { read_day(text).map(Some) };
        let adoption =
            Adoption { decided_on: day(&form.decided_on)?, published_on: day(&form.published_on)? };
        let to = format!("/documents/{id}/versions?done=adopted");
        blocking(move || site.documents.adopt(&caller, &draft, adoption)).await??;
        Ok(go(&to))
    })
    .await
}

#[derive(Deserialize)]
pub(super) struct ConsentForm {
    pub(super) csrf: String,
    body: String,
    pub(super) on: String,
    #[serde(default)]
    pub(super) note: String,
    #[serde(default)]
    pub(super) version: u32,
}

impl ConsentForm {
    pub(super) fn body(&self) -> Result<BodyId, Problem> {
        self.body
            .parse()
            .map_err(|_| Problem::new(422, "body", "執行機関等を選んでください。", "choose a body"))
    }
}

pub(super) async fn consent(
    State(site): State<Site>,
    signed: Signed,
    Path((id, draft)): Path<(String, String)>,
    Form(form): Form<ConsentForm>,
) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, &form.csrf)?;
        let (id, draft, caller) = (document_id(&id)?, draft_id(&draft)?, caller(&signed));
        let (body, on) = (form.body()?, read_day(&form.on)?);
        let to = format!("/documents/{id}/drafts/{draft}?done=consent");
        blocking(move || -> Result<_, DocumentsError> {
            site.documents.consent_to_draft(&caller, &draft, &body, on, &form.note)
        })
        .await??;
        Ok(go(&to))
    })
    .await
}
