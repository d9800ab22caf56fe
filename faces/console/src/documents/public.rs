//! The page for everybody (clauses 9 and 10): the 基本方針 in force today, and nothing else that this room knows.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use sekisho_documents::{Caller, DocumentsError, Tier};

use super::text::{TextView, text_view};
use super::{kind_word, today};
use crate::login::framed;
use crate::page::{Open, Page, show};
use crate::state::{Site, blocking};

#[derive(Template)]
#[template(path = "documents/public.html")]
struct PublicTemplate {
    p: Page,
    policies: Vec<Policy>,
}

struct Policy {
    text: TextView,
    facts: Vec<(&'static str, String)>,
}

pub(super) async fn policy(State(site): State<Site>, Open(p): Open) -> Response {
    framed(p.clone(), async move {
        let day = today(&site);
        let template = blocking(move || -> Result<_, DocumentsError> {
            let caller = Caller::System { reason: "public page".to_owned() };
            let mut policies = Vec::new();
            for document in site.documents.documents(&caller)? {
                let Some(version) = document.in_force_on(day).filter(|_| document.tier == Tier::Public)
                else {
                    continue;
                };
                let reading = site.documents.read(&caller, &document.id, Some(version.number))?;
                let mut facts = Vec::new();
                if let Some(decided) = version.decided_on {
                    facts.push((kind_word(version.kind, &p), p.day(decided)));
                }
                facts.push((p.l("施行", "in force from"), p.day(version.effective_from)));
                if let Some(published) = version.published_on {
                    facts.push((p.l("公表", "published"), p.day(published)));
                }
                // Links lead into the city's own registers and documents: they are no part of the public text.
                policies.push(Policy { text: text_view(&reading.content, &[], &site, &p), facts });
            }
            Ok(PublicTemplate { p, policies })
        })
        .await??;
        Ok(show(&template))
    })
    .await
}
