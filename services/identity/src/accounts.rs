//! Accounts that change together with something else: the April transfer moves registers, roles and accounts in one
//! unit of work. The permission is the approval of that unit of work; the rules on single accounts (units and roles
//! that exist, separation of duties, a last administrator who remains) hold here as everywhere.

use sekisho_store::WriteTx;
use serde_json::json;

use crate::Identity;
use crate::error::{IdentityError, Result};
use crate::person::{Actor, NewPerson, Person, PersonChange, PersonId};
use crate::rows::{person_by_id, person_by_login};

/// One account's part of a change that somebody approved as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountChange {
    /// A new account without factors; a link lets the person set them.
    Create(NewPerson),
    /// Name, kana, unit or roles; the person's sessions end, so that no old role lives on in one.
    Update {
        /// Whose account.
        id: PersonId,
        /// What changes.
        change: PersonChange,
    },
    /// The account's use ends, with its sessions, tokens and links.
    Deactivate(PersonId),
    /// An account of somebody who came back, with the factors it had.
    Reactivate(PersonId),
}

impl Identity {
    /// Applies changes inside the caller's unit of work; `actor` is who decided them. What would change nothing leaves
    /// no event. Returns the people after the change, in the order given.
    ///
    /// # Errors
    /// `Invalid` or `NotFound` when one of them can't be applied; the caller's whole unit of work is then to be refused.
    pub fn apply_accounts(
        &self,
        tx: &mut WriteTx,
        actor: &Actor,
        changes: Vec<AccountChange>,
    ) -> Result<Vec<Person>> {
        let rules = &self.rules;
        let mut people = Vec::with_capacity(changes.len());
        for change in changes {
            people.push(match change {
                AccountChange::Create(new) => rules.create(tx, actor, new)?,
                AccountChange::Update { id, change } => {
                    let before = person_by_id(tx, &id)?.ok_or(IdentityError::NotFound)?;
                    let after = rules.update(tx, actor, &before, change)?;
                    if after.unit != before.unit || after.roles != before.roles {
                        rules.end_sessions(tx, actor, &id, None, "account")?;
                    }
                    after
                }
                AccountChange::Deactivate(id) => {
                    let before = person_by_id(tx, &id)?.ok_or(IdentityError::NotFound)?;
                    rules.deactivate(tx, actor, before)?
                }
                AccountChange::Reactivate(id) => {
                    let before = person_by_id(tx, &id)?.ok_or(IdentityError::NotFound)?;
                    if !before.active {
                        tx.emit("person.reactivated", &actor.to_string(), id.as_str(), json!({}))?;
                    }
                    Person { active: true, ..before }
                }
            });
        }
        Ok(people)
    }

    /// The account of a log-in name, inside a unit of work.
    ///
    /// # Errors
    /// When the store fails.
    pub fn account_of_login(&self, tx: &mut WriteTx, login: &str) -> Result<Option<Person>> {
        person_by_login(tx, &crate::person::canonical_login(login))
    }
}
