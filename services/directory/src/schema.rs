//! The table of sign-ins that are under way at the OpenID provider. Nothing of it is history: a row lives for minutes
//! and is deleted when its answer arrives.

use sekisho_store::Module;

/// Owns `directory_flows`.
pub(crate) struct Flows;

const MIGRATIONS: [&str; 1] = ["
CREATE TABLE directory_flows (state TEXT NOT NULL PRIMARY KEY, browser TEXT NOT NULL, zone TEXT NOT NULL, nonce TEXT NOT NULL,
  verifier TEXT NOT NULL, next TEXT NOT NULL, expires_ms BIGINT NOT NULL);
"];

impl Module for Flows {
    fn name(&self) -> &str {
        "directory"
    }

    fn migrations(&self) -> &[&str] {
        &MIGRATIONS
    }
}
