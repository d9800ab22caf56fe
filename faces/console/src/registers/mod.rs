//! The registers (台帳) as pages: menu, list, row with its history, form, several rows at once, exchange with Excel, print,
//! rights in words, search. Everything a page shows or takes follows from the register's definition; what may be seen and
//! done is asked of `services/registers` each time. No page needs a script.

mod definition;
mod exchange;
mod fields;
mod form;
mod grid;
mod list;
mod menu;
mod print;
mod row;
mod search;

use axum::Router;
use axum::routing::{get, post};

use sekisho_register::Lang as RegisterLang;
use sekisho_registers::{Caller, RegistersError, RowId};

use crate::guard::Signed;
use crate::page::Page;
use crate::problem::Problem;
use crate::state::Site;

pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/registers", get(menu::show_menu))
        .route("/search", get(search::find))
        .route("/registers/{register}", get(list::list).post(form::create))
        .route("/registers/{register}/new", get(form::blank))
        .route("/registers/{register}/grid", get(grid::blank).post(grid::submit))
        .route("/registers/{register}/views", post(list::save_view))
        .route("/registers/{register}/views/remove", post(list::remove_view))
        .route("/registers/{register}/export/{format}", get(exchange::export))
        .route("/registers/{register}/import", get(exchange::ask).post(exchange::try_out))
        .route("/registers/{register}/import/apply", post(exchange::apply))
        .route("/registers/{register}/print", get(print::list))
        .route("/registers/{register}/labels", get(print::labels))
        .route("/registers/{register}/definition", get(definition::show_definition))
        .route("/registers/{register}/rows/{row}", get(row::show_row).post(form::change))
        .route("/registers/{register}/rows/{row}/edit", get(form::edit))
        .route("/registers/{register}/rows/{row}/remove", get(row::ask_removal).post(row::remove))
        .route("/registers/{register}/rows/{row}/print", get(print::row))
        .route("/registers/{register}/rows/{row}/files/{field}", get(row::file))
}

/// Who asks, for the service.
pub(crate) fn caller(signed: &Signed) -> Caller {
    Caller::from(&signed.principal())
}

/// The language in the words of the definitions.
pub(crate) fn lang(page: &Page) -> RegisterLang {
    if page.lang == sekisho_policy::Lang::Ja { RegisterLang::Ja } else { RegisterLang::En }
}

/// A row's identifier from an address.
pub(crate) fn row_id(text: &str) -> Result<RowId, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

impl From<RegistersError> for Problem {
    fn from(error: RegistersError) -> Self {
        if error.status() >= 500 {
            crate::page::tracing_line("registers", &error.to_string());
        }
        Self::new(
            error.status(),
            "register",
            error.message(RegisterLang::Ja),
            error.message(RegisterLang::En),
        )
    }
}
