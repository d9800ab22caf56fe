//! A suite on a PostgreSQL server of its own. Suites of services take this file in with `#[path]`; beside it they have `CASES` and
//! a `city::City` that opens on a database. Without PostgreSQL's programs the test says so and passes, unless
//! `SEKISHO_REQUIRE_POSTGRES=1`.

#[path = "private_postgres.rs"]
mod private_postgres;

use sekisho_store::Database;

use super::{CASES, city::City};
use private_postgres::Server;

#[test]
fn the_suite_passes_on_postgresql() {
    let Some(mut server) = Server::start() else { return };
    for (name, case) in CASES {
        eprintln!("on PostgreSQL: {name}");
        case(&City::new(Database::Postgres(server.database())));
    }
}
