//! The documents of the three tiers with what stands to be done, and the coverage list (対応表) of the 基本方針.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;

use sekisho_documents::{Action, Caller, Document, DocumentsError, Gap, Tier};
use sekisho_policy::Lang;

use super::text::{LinkView, link_view};
use super::{caller, document_id, kind_word, today};
use crate::guard::Signed;
use crate::login::framed;
use crate::page::{Page, show};
use crate::state::{Site, blocking};

#[derive(Template)]
#[template(path = "documents/index.html")]
struct IndexTemplate {
    p: Page,
    tiers: Vec<TierView>,
    findings: Vec<(String, String)>,
    may_draft: bool,
}

struct TierView {
    label: &'static str,
    help: &'static str,
    documents: Vec<DocumentView>,
}

struct DocumentView {
    id: String,
    title: String,
    owner: String,
    in_force: String,
    coming: String,
    drafts: usize,
    /// Clauses that nothing carries out, and all that ought to be; for the public tier.
    coverage: Option<(usize, usize)>,
}

pub(super) async fn list(State(site): State<Site>, signed: Signed) -> Response {
    framed(signed.page.clone(), async move {
        let (caller, p, day) = (caller(&signed), signed.page.clone(), today(&site));
        let unit = signed.session.person.unit.to_string();
        let template = blocking(move || -> Result<_, DocumentsError> {
            let all = site.documents.documents(&caller)?;
            let mut tiers = Vec::new();
            for tier in Tier::ALL {
                let mut documents = Vec::new();
                for document in all.iter().filter(|document| document.tier == tier) {
                    documents.push(view(&site, &caller, document, day, &p)?);
                }
                tiers.push(TierView { label: tier.label(p.lang), help: help(tier, &p), documents });
            }
            Ok(IndexTemplate {
                findings: findings(&site, &caller, &p)?,
                may_draft: Tier::ALL.into_iter().any(|tier| may_create(&site, &caller, tier, &unit)),
                tiers,
                p,
            })
        })
        .await??;
        Ok(show(&template))
    })
    .await
}

/// May the caller create a document of this tier for this unit?
pub(super) fn may_create(site: &Site, caller: &Caller, tier: Tier, unit: &str) -> bool {
    let Ok(id) = "d_00000000000000000000".parse() else { return false };
    let document = Document {
        id,
        tier,
        title: String::new(),
        owner: unit.to_owned(),
        units: vec![unit.to_owned()],
        versions: Vec::new(),
    };
    site.documents.may(caller, Action::Draft, &document)
}

fn help(tier: Tier, p: &Page) -> &'static str {
    match tier {
        Tier::Public => p.l(
            "市民に公表する方針です。施行中の版は、サインインせずに公開ページで読めます。",
            "Published to citizens: the version in force is on the public page.",
        ),
        Tier::Standard => p.l(
            "基本方針9に基づく遵守事項と判断基準です。非公開のため、閲覧は記録されます。",
            "What must be done and how it is judged (clause 9). Non-public: each reading is recorded.",
        ),
        Tier::Procedure => p.l(
            "基本方針10に基づく具体的な手順です。従う課の職員だけが読め、閲覧は記録されます。",
            "The steps in detail (clause 10). Read by the units that follow them; each reading is recorded.",
        ),
    }
}

fn view(
    site: &Site,
    caller: &Caller,
    document: &Document,
    day: jiff::civil::Date,
    p: &Page,
) -> Result<DocumentView, DocumentsError> {
    let in_force = document.in_force_on(day);
    let coming = document.latest().filter(|latest| latest.effective_from > day);
    let words = |version: &sekisho_documents::Version| match p.lang {
        Lang::Ja => format!("第{}版（{}施行）", version.number, p.day(version.effective_from)),
        Lang::En => format!("version {} (from {})", version.number, p.day(version.effective_from)),
    };
    let open = site.documents.drafts(caller, &document.id)?;
    let coverage = match document.tier {
        Tier::Public if document.latest().is_some() => {
            let rows = site.documents.coverage(caller, &document.id)?;
            let required = rows.iter().filter(|row| row.required).count();
            Some((rows.iter().filter(|row| !row.gaps.is_empty()).count(), required))
        }
        _ => None,
    };
    Ok(DocumentView {
        id: document.id.to_string(),
        title: document.title.clone(),
        owner: p.unit_named(site, &document.owner),
        in_force: in_force.map(words).unwrap_or_default(),
        coming: coming.map(words).unwrap_or_default(),
        drafts: open.iter().filter(|draft| matches!(draft.state.as_str(), "draft" | "proposed")).count(),
        coverage,
    })
}

/// What the law still asks for (地方自治法244条の6): publication without delay, the bodies' consent.
fn findings(site: &Site, caller: &Caller, p: &Page) -> Result<Vec<(String, String)>, DocumentsError> {
    let mut out = Vec::new();
    for standing in site.documents.standing(caller)? {
        let link = format!("/documents/{}/versions", standing.document);
        let (title, number) = (&standing.title, standing.version.number);
        if !standing.published {
            let days = standing.days.unwrap_or_default();
            out.push((
                match p.lang {
                    Lang::Ja if standing.days.is_some() => {
                        format!(
                            "「{title}」第{number}版は、決裁から{days}日を過ぎても公表の記録がありません。"
                        )
                    }
                    Lang::Ja => format!("「{title}」第{number}版の公表の記録がありません。"),
                    Lang::En => format!("version {number} of {title} has no record of publication"),
                },
                link.clone(),
            ));
        }
        if !standing.missing.is_empty() {
            let missing = standing.missing.join(p.l("、", ", "));
            out.push((
                match p.lang {
                    Lang::Ja => format!("「{title}」第{number}版への同意が記録されていません: {missing}"),
                    Lang::En => format!("consents to version {number} of {title} are missing: {missing}"),
                },
                link,
            ));
        }
    }
    Ok(out)
}

#[derive(Template)]
#[template(path = "documents/coverage.html")]
struct CoverageTemplate {
    p: Page,
    id: String,
    title: String,
    version: String,
    lines: Vec<Line>,
    open: usize,
    may_link: bool,
}

struct Line {
    clause: String,
    name: String,
    required: bool,
    links: Vec<LinkView>,
    gaps: Vec<&'static str>,
}

pub(super) async fn coverage(State(site): State<Site>, signed: Signed, Path(id): Path<String>) -> Response {
    framed(signed.page.clone(), async move {
        let (id, caller, p) = (document_id(&id)?, caller(&signed), signed.page);
        let template = blocking(move || -> Result<_, DocumentsError> {
            let document = site.documents.document(&caller, &id)?;
            let rows = site.documents.coverage(&caller, &id)?;
            let version = document.latest().map(|version| {
                format!("{} {} {}", p.l("版", "version"), version.number, kind_word(version.kind, &p))
            });
            let lines: Vec<Line> = rows
                .into_iter()
                .map(|row| Line {
                    clause: row.clause.to_string(),
                    name: format!("{} {}", row.number, row.heading).trim().to_owned(),
                    required: row.required,
                    links: row.links.iter().map(|link| link_view(link, &site, &p)).collect(),
                    gaps: row.gaps.iter().map(|gap| gap_sentence(*gap, &p)).collect(),
                })
                .collect();
            Ok(CoverageTemplate {
                may_link: site.documents.may(&caller, Action::Link, &document),
                open: lines.iter().filter(|line| !line.gaps.is_empty()).count(),
                title: document.title,
                version: version.unwrap_or_default(),
                id: id.to_string(),
                lines,
                p,
            })
        })
        .await??;
        Ok(show(&template))
    })
    .await
}

fn gap_sentence(gap: Gap, p: &Page) -> &'static str {
    match gap {
        Gap::Standard => p.l("対策基準がありません", "no clause of the standards"),
        Gap::Procedure => p.l("実施手順がありません", "no procedure"),
        Gap::Record => p.l("台帳も統制もありません", "neither register nor control"),
        Gap::Stale => p.l("関連付けの先がなくなっています", "a link leads nowhere"),
    }
}
