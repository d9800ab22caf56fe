//! The suite on a PostgreSQL server of its own.

#[path = "../../../store/testing/private_postgres.rs"]
mod private_postgres;

use sekisho_store::Database;

use super::bed::Bed;
pub(super) use private_postgres::Server;

impl Server {
    pub(super) fn bed(&mut self) -> Bed {
        Bed::on(Database::Postgres(self.database()))
    }
}

#[test]
fn the_suite_passes_on_postgresql() {
    let Some(mut server) = Server::start() else { return };
    for (name, case) in super::CASES {
        eprintln!("on PostgreSQL: {name}");
        case(&server.bed());
    }
}
