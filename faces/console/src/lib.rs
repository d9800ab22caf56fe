//! The web face: one listener a zone, plain forms that work without scripts, and the same rules by REST.
//!
//! The room holds no rules: whatever a page allows or refuses was decided by a service. A listener belongs to one zone;
//! a session of another zone is nobody here. Pages are Japanese first and English, rendered on the server under a
//! content-security policy without inline code. Every blocking call runs on the blocking pool.

mod account;
mod admin;
mod api;
mod approvals;
mod assets;
mod cases;
mod documents;
mod enrol;
mod files;
mod format;
mod guard;
mod home;
mod login;
mod monitor;
mod page;
mod people;
mod problem;
mod provider;
mod registers;
mod registers_api;
mod state;
mod tablet;
mod transfers;
mod upload;

#[cfg(test)]
mod tests;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};

use sekisho_policy::ZoneId;

pub use monitor::Counters;
pub use state::{App, AppConfig};

/// The pages and the REST interface of one zone.
pub fn zone_router(app: &App, zone: &ZoneId) -> Router {
    let site = app.site(zone.clone());
    Router::new()
        .merge(home::routes())
        .merge(cases::routes())
        .merge(people::routes())
        .merge(transfers::routes())
        .merge(upload::routes())
        .merge(approvals::routes())
        .merge(files::routes())
        .merge(login::routes())
        .merge(enrol::routes())
        .merge(account::routes())
        .merge(admin::routes())
        .merge(registers::routes())
        .merge(documents::routes())
        .merge(tablet::routes())
        .merge(api::routes())
        .merge(assets::routes())
        .fallback(problem::not_found)
        // Uploads stream and are limited by the policy while they come; every other body is small.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn(guard::small_bodies))
        .layer(from_fn_with_state(site.clone(), guard::same_origin))
        .layer(from_fn_with_state(site.clone(), guard::security_headers))
        .with_state(site)
}

/// Health and metrics, for the administration listener only.
pub fn admin_router(app: &App) -> Router {
    monitor::routes().with_state(app.clone())
}
