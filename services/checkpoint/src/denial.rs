//! Attempts that the policy does not allow: refused, explained and written to the ledger.

use serde_json::json;

use sekisho_identity::Principal;
use sekisho_policy::ZoneId;
use sekisho_store::WriteTx;

use crate::{Checkpoint, CheckpointError, actor};

impl Checkpoint {
    /// Records an attempt to cross where no conduit is declared and gives the error that says so.
    pub(crate) fn deny(&self, principal: &Principal, to: &ZoneId, names: Vec<String>) -> CheckpointError {
        let (who, from, to) = (actor(principal), principal.zone.clone(), to.clone());
        let body = json!({ "from": from, "to": to, "names": names, "reason": "no-conduit" });
        let subject = format!("zone:{to}");
        let outcome = self.store.write(move |tx: &mut WriteTx| {
            tx.emit("transfer.denied", &who, &subject, body).map_err(CheckpointError::from)
        });
        match outcome {
            Ok(seq) => {
                self.observe("transfer.denied");
                CheckpointError::NoConduit { from: from.to_string(), to: to.to_string(), seq }
            }
            Err(error) => error,
        }
    }

    /// Records that somebody asked for what is not theirs; the answer to them stays "not found".
    pub(crate) fn note_foreign(&self, principal: &Principal, what: &str) -> CheckpointError {
        let (who, subject) = (actor(principal), what.to_owned());
        let body = json!({ "zone": principal.zone, "reason": "not-theirs" });
        let noted: Result<u64, CheckpointError> =
            self.store.write(move |tx: &mut WriteTx| Ok(tx.emit("access.denied", &who, &subject, body)?));
        match noted {
            Ok(_) => CheckpointError::NotFound { what: what.to_owned() },
            Err(error) => error,
        }
    }

    /// Records a request that was refused before any service saw it, such as a form with a forged token.
    ///
    /// # Errors
    /// The store.
    pub fn note_refused(&self, principal: &Principal, reason: &'static str) -> Result<u64, CheckpointError> {
        let (who, subject) = (actor(principal), format!("zone:{}", principal.zone));
        let body = json!({ "zone": principal.zone, "reason": reason });
        self.store.write(move |tx: &mut WriteTx| Ok(tx.emit("access.denied", &who, &subject, body)?))
    }
}
