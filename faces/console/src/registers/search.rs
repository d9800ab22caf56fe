//! A search over every register that one may see.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::{caller, lang};
use crate::format;
use crate::guard::Signed;
use crate::login::framed;
use crate::page::{Page, show};
use crate::state::{Site, blocking};

#[derive(Template)]
#[template(path = "registers/search.html")]
struct SearchTemplate {
    p: Page,
    q: String,
    hits: Vec<HitView>,
}

struct HitView {
    register: String,
    title: String,
    key: String,
    link: String,
    when: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct SearchQuery {
    q: String,
}

pub(super) async fn find(
    State(site): State<Site>,
    signed: Signed,
    Query(query): Query<SearchQuery>,
) -> Response {
    framed(signed.page.clone(), async move {
        let (registers, caller) = (site.registers.clone(), caller(&signed));
        let text = query.q.trim().to_owned();
        let asked = text.clone();
        let found =
            blocking(
                move || {
                    if asked.is_empty() { Ok(Vec::new()) } else { registers.search(&caller, &asked) }
                },
            )
            .await??;
        let p = signed.page;
        let hits = found
            .into_iter()
            .map(|hit| HitView {
                register: hit.label.get(lang(&p)).to_owned(),
                link: format!("/registers/{}/rows/{}", hit.register, hit.row),
                when: format::moment(hit.changed_ms, p.lang),
                title: hit.title,
                key: hit.key,
            })
            .collect();
        Ok(show(&SearchTemplate { p, q: text, hits }))
    })
    .await
}
