//! How the installation is doing, for people.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use super::{LOOK, require};
use crate::format::{moment, size};
use crate::guard::Signed;
use crate::monitor::Look;
use crate::page::{Page, show};
use crate::state::{Site, blocking};

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/admin/health", get(page))
}

#[derive(Template)]
#[template(path = "admin_health.html")]
struct HealthTemplate {
    p: Page,
    look: Look,
    checkpoint: String,
    disk: String,
    database: String,
    memory: String,
    uptime: String,
    steps: Vec<(String, u64)>,
}

async fn page(State(site): State<Site>, signed: Signed) -> Response {
    if let Err(problem) = require(&signed, LOOK) {
        return problem.page(signed.page);
    }
    let app = site.app.clone();
    let look = match blocking(move || Look::take(&app)).await {
        Ok(look) => look,
        Err(problem) => return problem.page(signed.page),
    };
    let page = signed.page;
    let bytes =
        |value: Option<u64>| value.map_or_else(|| "—".to_owned(), |b| size(b.try_into().unwrap_or(i64::MAX)));
    show(&HealthTemplate {
        checkpoint: look.ledger.checkpoint_ms.map_or_else(|| "—".to_owned(), |ms| moment(ms, page.lang)),
        disk: format!("{} / {}", bytes(look.store.disk_free_bytes), bytes(look.store.disk_total_bytes)),
        database: bytes(look.store.database_bytes),
        memory: bytes(look.rss_bytes),
        uptime: duration(&page, look.uptime_seconds),
        steps: site
            .counters
            .steps()
            .into_iter()
            .map(|(kind, count)| {
                (super::ledger::kind_label(&kind, page.lang).map_or(kind, ToOwned::to_owned), count)
            })
            .collect(),
        look,
        p: page,
    })
}

/// A number, or a dash where it isn't known.
fn count(number: &Option<u64>) -> String {
    number.map_or_else(|| "—".to_owned(), |n| n.to_string())
}

fn duration(page: &Page, seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match page.lang {
        sekisho_policy::Lang::Ja => format!("{days}日{hours}時間{minutes}分"),
        sekisho_policy::Lang::En => format!("{days} d {hours} h {minutes} min"),
    }
}
