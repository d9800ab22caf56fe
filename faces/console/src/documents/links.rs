//! The editor of links: what carries each clause out (clauses of the standards, procedures, registers, controls).

use askama::Template;
use axum::extract::{Form, Path, Query, State};
use axum::response::Response;
use serde::Deserialize;

use sekisho_documents::{Action, ClauseId, DocumentsError, Target, Tier};

use super::text::{LinkView, link_view};
use super::{caller, document_id};
use crate::guard::Signed;
use crate::login::framed;
use crate::page::{Page, go, show};
use crate::problem::Problem;
use crate::state::{Site, blocking};

#[derive(Template)]
#[template(path = "documents/links.html")]
struct LinksTemplate {
    p: Page,
    id: String,
    title: String,
    clauses: Vec<ClauseLine>,
    chosen: String,
    /// Value and words of everything that a clause can be linked with, by group.
    targets: Vec<(&'static str, Vec<(String, String)>)>,
}

struct ClauseLine {
    id: String,
    name: String,
    links: Vec<(&'static str, LinkView)>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct LinksQuery {
    clause: String,
    done: String,
}

pub(super) async fn edit(
    State(site): State<Site>,
    signed: Signed,
    Path(id): Path<String>,
    Query(query): Query<LinksQuery>,
) -> Response {
    framed(signed.page.clone(), async move {
        let (id, caller, registers) = (document_id(&id)?, caller(&signed), crate::registers::caller(&signed));
        let notice = match query.done.as_str() {
            "linked" => signed.page.l("関連付けました。", "Linked."),
            "unlinked" => signed.page.l("関連付けを外しました。", "The link was taken away."),
            _ => "",
        }
        .to_owned();
        let p = signed.page.with_notice(notice);
        let template = blocking(move || -> Result<_, Problem> {
            let document = site.documents.document(&caller, &id)?;
            if !site.documents.may(&caller, Action::Link, &document) {
                return Err(Problem::not_permitted());
            }
            let reading = site.documents.read(&caller, &id, None)?;
            let mut links = site.documents.links(&caller, &id)?;
            let mut targets = Vec::new();
            let all = site.documents.documents(&caller)?;
            for (tier, kind, label) in [
                (Tier::Standard, "standard", p.l("対策基準", "Standards")),
                (Tier::Procedure, "procedure", p.l("実施手順", "Procedures")),
            ] {
                let mut options = Vec::new();
                for other in all.iter().filter(|other| other.tier == tier && other.id != id) {
                    options.push((format!("{kind}:{}:", other.id), other.title.clone()));
                    // A procedure is followed as a whole; of the standards a clause is named.
                    if tier == Tier::Standard && other.latest().is_some() {
                        let text = site.documents.read(&caller, &other.id, None)?;
                        let headed = text.content.walk().filter(|clause| !clause.heading.is_empty());
                        options.extend(headed.map(|clause| {
                            let name = format!("{} {}", other.title, clause.title());
                            (format!("{kind}:{}:{}", other.id, clause.id), name)
                        }));
                    }
                }
                targets.push((label, options));
            }
            let lang = crate::registers::lang(&p);
            let visible = site.registers.visible(&registers)?;
            let options = visible
                .iter()
                .map(|definition| {
                    (format!("register:{}:", definition.id), definition.label.get(lang).to_owned())
                })
                .collect();
            targets.push((p.l("台帳", "Registers"), options));
            targets.retain(|(_, options): &(_, Vec<_>)| !options.is_empty());
            let clauses = reading
                .content
                .walk()
                .filter(|clause| !clause.heading.is_empty() || clause.level <= 2)
                .map(|clause| {
                    let (own, rest): (Vec<_>, Vec<_>) =
                        links.drain(..).partition(|link| link.clause == clause.id);
                    links = rest;
                    let own =
                        own.iter().map(|link| (kind_of(&link.target), link_view(link, &site, &p))).collect();
                    ClauseLine { id: clause.id.to_string(), name: clause.title(), links: own }
                })
                .collect();
            Ok(LinksTemplate {
                title: document.title,
                chosen: query.clause,
                id: id.to_string(),
                clauses,
                targets,
                p,
            })
        })
        .await??;
        Ok(show(&template))
    })
    .await
}

const fn kind_of(target: &Target) -> &'static str {
    match target {
        Target::Standard { .. } => "standard",
        Target::Procedure { .. } => "procedure",
        Target::Register { .. } => "register",
        Target::Control { .. } => "control",
    }
}

#[derive(Deserialize)]
pub(super) struct LinkForm {
    csrf: String,
    clause: String,
    /// `KIND:ID:CLAUSE`
    #[serde(default)]
    target: String,
    #[serde(default)]
    control: String,
    #[serde(default)]
    note: String,
}

impl LinkForm {
    fn clause(&self) -> Result<ClauseId, Problem> {
        self.clause
            .parse()
            .map_err(|_| Problem::new(422, "clause", "項目を選んでください。", "choose a clause"))
    }

    fn target(&self) -> Result<Target, Problem> {
        let control = self.control.trim();
        if !control.is_empty() {
            return Ok(Target::Control { id: control.to_owned() });
        }
        read_target(&self.target)
            .ok_or_else(|| Problem::new(422, "target", "関連付ける先を選んでください。", "choose a target"))
    }
}

fn read_target(text: &str) -> Option<Target> {
    let (kind, rest) = text.split_once(':')?;
    let (id, clause) = rest.split_once(':')?;
    let clause = if clause.is_empty() { None } else { Some(clause.parse().ok()?) };
    Some(match kind {
        "standard" => Target::Standard { document: id.parse().ok()?, clause },
        "procedure" => Target::Procedure { document: id.parse().ok()?, clause },
        "register" => Target::Register { id: id.to_owned() },
        "control" => Target::Control { id: id.to_owned() },
        _ => return None,
    })
}

pub(super) async fn add(
    State(site): State<Site>,
    signed: Signed,
    Path(id): Path<String>,
    Form(form): Form<LinkForm>,
) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, &form.csrf)?;
        let (id, caller, clause, target) =
            (document_id(&id)?, caller(&signed), form.clause()?, form.target()?);
        if let Target::Register { id } = &target {
            site.registers.definition(id)?;
        }
        let to = format!("/documents/{id}/links?done=linked&clause={clause}");
        blocking(move || site.documents.link(&caller, &id, clause, &target, &form.note)).await??;
        Ok(go(&to))
    })
    .await
}

pub(super) async fn remove(
    State(site): State<Site>,
    signed: Signed,
    Path(id): Path<String>,
    Form(form): Form<LinkForm>,
) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, &form.csrf)?;
        let (id, caller, clause, target) =
            (document_id(&id)?, caller(&signed), form.clause()?, form.target()?);
        let to = format!("/documents/{id}/links?done=unlinked&clause={clause}");
        blocking(move || -> Result<_, DocumentsError> {
            site.documents.unlink(&caller, &id, clause, &target)
        })
        .await??;
        Ok(go(&to))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_read_from_the_form_or_refused() {
        let check = |text: &str, kind: Option<&str>| {
            assert_eq!(read_target(text).as_ref().map(kind_of), kind, "{text}");
        };
        check("register:usb-loans:", Some("register"));
        check("control:AC-1:", Some("control"));
        check("standard:d_0123456789abcdef0123:c7", Some("standard"));
        check("procedure:d_0123456789abcdef0123:", Some("procedure"));
        check("standard:d_01:c7", None);
        check("standard:d_0123456789abcdef0123:7", None);
        check("elsewhere:x:", None);
        check("", None);
    }
}
