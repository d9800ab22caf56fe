//! Administration: people, zones and conduits, the ledger, health. Who may look and who may change was declared in
//! the policy; auditors look and change nothing. Changes to people need a fresh second factor.

mod health;
mod import;
mod ledger;
mod people;
mod person;
mod zones;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use sekisho_identity::Actor;
use sekisho_policy::Permission;

use crate::guard::{Signed, percent};
use crate::page::{Page, go, show};
use crate::problem::Problem;
use crate::state::{Site, blocking};

pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/admin", get(menu))
        .merge(people::routes())
        .merge(person::routes())
        .merge(import::routes())
        .merge(zones::routes())
        .merge(ledger::routes())
        .merge(health::routes())
}

#[derive(Template)]
#[template(path = "admin.html")]
struct MenuTemplate {
    p: Page,
    people: bool,
    look: bool,
}

async fn menu(State(_): State<Site>, signed: Signed) -> Response {
    let (people, look) = (may(&signed, PEOPLE), may(&signed, LOOK));
    if !people && !look {
        return Problem::not_permitted().page(signed.page);
    }
    show(&MenuTemplate { p: signed.page, people, look })
}

/// Who administers accounts.
const PEOPLE: &[Permission] = &[Permission::ManagePeople, Permission::Administer];

/// Who looks at zones, ledger and health.
const LOOK: &[Permission] = &[Permission::Administer, Permission::Audit];

fn may(signed: &Signed, any_of: &[Permission]) -> bool {
    any_of.iter().any(|permission| signed.session.permissions.contains(permission))
}

fn require(signed: &Signed, any_of: &[Permission]) -> Result<(), Problem> {
    if may(signed, any_of) { Ok(()) } else { Err(Problem::not_permitted()) }
}

/// Whether the second factor was shown recently enough for a change.
fn fresh(site: &Site, signed: &Signed) -> bool {
    signed.session.step_up_until_ms.is_some_and(|until| until > site.store.clock().now_ms())
}

/// The person at the screen as the one who changes something.
fn actor(signed: &Signed) -> Actor {
    Actor::Person(signed.session.person.id.clone())
}

/// What has to hold before people are changed: the permission, the form's token, a fresh second factor. `back` is where
/// the person goes after showing that factor.
async fn before_change(site: &Site, signed: &Signed, csrf: &str, back: &str) -> Result<(), Box<Response>> {
    let refuse = |problem: Problem| Box::new(problem.page(signed.page.clone()));
    require(signed, PEOPLE).map_err(refuse)?;
    signed.check_csrf(site, csrf).map_err(refuse)?;
    let (identity, session) = (site.identity.clone(), signed.session.clone());
    match blocking(move || identity.require_step_up(&session)).await.map_err(refuse)? {
        Ok(()) => Ok(()),
        Err(sekisho_identity::IdentityError::StepUpNeeded) => {
            Err(Box::new(go(&format!("/step-up?next={}", percent(back)))))
        }
        Err(error) => Err(refuse(error.into())),
    }
}

/// What a redirect says was done, as a code.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Done {
    done: String,
}

/// A form with nothing but its token.
#[derive(Debug, Deserialize)]
struct Token {
    csrf: String,
}

/// The only value or the last one of a repeated field of a form.
fn field(body: &[(String, String)], name: &str) -> String {
    body.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default()
}

/// Every value of a repeated field.
fn fields(body: &[(String, String)], name: &str) -> Vec<String> {
    body.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect()
}
