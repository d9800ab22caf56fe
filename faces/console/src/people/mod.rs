//! People and the fiscal year as pages: the April transfer, offices and their gaps, consent, training. What a plan does,
//! who is asked and what counts as done was decided by `services/people`.

mod consent;
mod offices;
mod plan;
mod training;
mod transfer;

use askama::Template;
use axum::Router;
use axum::response::Response;
use axum::routing::{get, post};

use sekisho_people::PeopleError;
use sekisho_policy::Lang;

use crate::guard::Signed;
use crate::page::{Page, show};
use crate::problem::Problem;
use crate::state::Site;

pub(crate) use plan::PlanView;

pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/people", get(hub))
        .route("/people/transfers", get(transfer::ask).post(transfer::try_out))
        .route("/people/transfers/propose", post(transfer::propose))
        .route("/people/transfers/{case}", get(transfer::show_transfer))
        .route("/people/offices", get(offices::show_offices))
        .route("/people/consents", get(consent::overview).post(consent::ask_everybody))
        .route("/consent", get(consent::own).post(consent::give))
        .route("/training", get(training::own))
        .route("/training/completion", get(training::completion))
        .route("/training/completion.csv", get(training::completion_csv))
        .route("/training/courses/{row}", get(training::edit).post(training::save))
        .route("/training/plans/{row}/assign", get(training::ask_assign).post(training::assign))
        .route("/training/{record}", get(training::take).post(training::answer))
}

#[derive(Template)]
#[template(path = "people/hub.html")]
struct HubTemplate {
    p: Page,
}

async fn hub(signed: Signed) -> Response {
    show(&HubTemplate { p: signed.page })
}

impl From<PeopleError> for Problem {
    fn from(error: PeopleError) -> Self {
        if error.status() >= 500 {
            crate::page::tracing_line("people", &error.to_string());
        }
        Self::new(error.status(), "people", error.message(Lang::Ja), error.message(Lang::En))
    }
}
