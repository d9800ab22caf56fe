//! Versions of a document with their dates, drafts, the record of publication (公表) and the bodies' consents
//! (地方自治法244条の6).

use askama::Template;
use axum::extract::{Form, Path, Query, State};
use axum::response::Response;
use serde::Deserialize;

use sekisho_documents::{Action, BodyConsent, DocumentsError, Tier};

use super::draft::{ConsentForm, state_word};
use super::{caller, document_id, kind_word, read_day};
use crate::format;
use crate::guard::Signed;
use crate::login::framed;
use crate::page::{Page, go, show};
use crate::state::{Site, blocking};

#[derive(Template)]
#[template(path = "documents/versions.html")]
struct VersionsTemplate {
    p: Page,
    id: String,
    title: String,
    public: bool,
    lines: Vec<Line>,
    drafts: Vec<DraftLine>,
    may_draft: bool,
    may_publish: bool,
    may_consent: bool,
}

struct Line {
    number: u32,
    kind: &'static str,
    decided: String,
    effective: String,
    published: String,
    place: String,
    case: String,
    digest: String,
    /// Days from the decision to the publication, or until today.
    days: Option<i64>,
    consents: Vec<(String, String, String, String)>,
    missing: usize,
}

pub(super) struct DraftLine {
    id: String,
    title: String,
    state: &'static str,
    effective: String,
    changed: String,
    author: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct DoneQuery {
    pub(super) done: String,
}

pub(super) async fn list(
    State(site): State<Site>,
    signed: Signed,
    Path(id): Path<String>,
    Query(query): Query<DoneQuery>,
) -> Response {
    framed(signed.page.clone(), async move {
        let (id, caller) = (document_id(&id)?, caller(&signed));
        let notice = match query.done.as_str() {
            "published" => signed.page.l("公表を記録しました。", "The publication was recorded."),
            "consent" => signed.page.l("同意を記録しました。", "The consent was recorded."),
            "discarded" => signed.page.l("案を破棄しました。", "The draft was thrown away."),
            "adopted" => signed.page.l("現行の文書として引き継ぎました。", "The text was taken over."),
            _ => "",
        }
        .to_owned();
        let p = signed.page.with_notice(notice);
        let template = blocking(move || -> Result<_, DocumentsError> {
            let document = site.documents.document(&caller, &id)?;
            let may = |action| site.documents.may(&caller, action, &document);
            let standing = site.documents.standing(&caller)?;
            let lines = document
                .versions
                .iter()
                .rev()
                .map(|version| {
                    let own = standing
                        .iter()
                        .find(|one| one.document == id && one.version.number == version.number);
                    Line {
                        number: version.number,
                        kind: kind_word(version.kind, &p),
                        decided: version.decided_on.map(|day| p.day(day)).unwrap_or_default(),
                        effective: p.day(version.effective_from),
                        published: version.published_on.map(|day| p.day(day)).unwrap_or_default(),
                        place: version.published_at.clone().unwrap_or_default(),
                        case: version.case.clone().unwrap_or_default(),
                        digest: version.digest.clone(),
                        days: own.and_then(|own| own.days),
                        missing: own.map_or(0, |own| own.missing.len()),
                        consents: own.map(|own| consents(&own.consents, &p)).unwrap_or_default(),
                    }
                })
                .collect();
            let drafts = site
                .documents
                .drafts(&caller, &id)?
                .into_iter()
                .filter(|draft| matches!(draft.state.as_str(), "draft" | "proposed"))
                .map(|draft| DraftLine {
                    id: draft.id.to_string(),
                    title: draft.title,
                    state: state_word(&draft.state, &p),
                    effective: p.day(draft.effective_from),
                    changed: format::moment(draft.changed_ms, p.lang),
                    author: super::read::who(&site, &draft.author, &p),
                })
                .collect();
            Ok(VersionsTemplate {
                public: document.tier == Tier::Public,
                may_draft: may(Action::Draft),
                may_publish: may(Action::Publish),
                may_consent: document.tier == Tier::Public && may(Action::Consent),
                title: document.title.clone(),
                id: id.to_string(),
                lines,
                drafts,
                p,
            })
        })
        .await??;
        Ok(show(&template))
    })
    .await
}

/// Body, name, day (empty while it is missing) and remark.
pub(super) fn consents(all: &[BodyConsent], p: &Page) -> Vec<(String, String, String, String)> {
    all.iter()
        .map(|one| {
            let day = one.on.map(|day| p.day(day)).unwrap_or_default();
            (one.body.clone(), one.name.clone(), day, one.note.clone())
        })
        .collect()
}

#[derive(Deserialize)]
pub(super) struct PublishForm {
    csrf: String,
    version: u32,
    on: String,
    at: String,
}

pub(super) async fn publish(
    State(site): State<Site>,
    signed: Signed,
    Path(id): Path<String>,
    Form(form): Form<PublishForm>,
) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, &form.csrf)?;
        let (id, caller, on) = (document_id(&id)?, caller(&signed), read_day(&form.on)?);
        let to = format!("/documents/{id}/versions?done=published");
        blocking(move || site.documents.publish(&caller, &id, form.version, on, &form.at)).await??;
        Ok(go(&to))
    })
    .await
}

pub(super) async fn consent(
    State(site): State<Site>,
    signed: Signed,
    Path(id): Path<String>,
    Form(form): Form<ConsentForm>,
) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, &form.csrf)?;
        let (id, caller) = (document_id(&id)?, caller(&signed));
        let (body, on) = (form.body()?, read_day(&form.on)?);
        let to = format!("/documents/{id}/versions?done=consent");
        blocking(move || {
            site.documents.consent_to_version(&caller, &id, form.version, &body, on, &form.note)
        })
        .await??;
        Ok(go(&to))
    })
    .await
}
