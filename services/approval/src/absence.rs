//! Absence (不在) and the deputy whom the absent person names (代決者).

use jiff::civil::Date;
use sekisho_identity::{PersonId, Principal};
use sekisho_policy::Permission;
use sekisho_store::{Row, StoreError, Value, WriteTx};
use serde_json::json;

use crate::rows::{Ask, Now};
use crate::standing::Office;
use crate::{Absence, Approval, ApprovalError};

/// The longest absence that one entry may state, in days.
const MAX_DAYS: i32 = 400;

impl Approval {
    /// Notes that one is absent from one day to another, both included, and who decides in the meantime. Where entries
    /// overlap the latest counts.
    ///
    /// # Errors
    /// `Invalid` for days in the past or in the wrong order, or a deputy who may not decide; `DeputyLoop`.
    pub fn set_absence(
        &self,
        principal: &Principal,
        from: Date,
        to: Date,
        deputy: Option<PersonId>,
    ) -> Result<u64, ApprovalError> {
        let person = principal.person.id.clone();
        self.set_absence_for(principal, &person, from, to, deputy)
    }

    /// The same for somebody else, for instance in a sudden illness; needs `manage-people`.
    ///
    /// # Errors
    /// As [`Approval::set_absence`], and `NotPermitted`.
    pub fn set_absence_for(
        &self,
        principal: &Principal,
        person: &PersonId,
        from: Date,
        to: Date,
        deputy: Option<PersonId>,
    ) -> Result<u64, ApprovalError> {
        let actor = principal.person.id.clone();
        self.may_manage(&actor, person)?;
        let (this, person) = (self.clone(), person.clone());
        self.store.write(move |tx| this.absent_in(tx, &actor, &person, from, to, deputy.as_ref()))
    }

    /// Takes an absence back, one's own or, with `manage-people`, somebody else's.
    ///
    /// # Errors
    /// `NotFound` or `NotPermitted`.
    pub fn clear_absence(&self, principal: &Principal, absence: u64) -> Result<(), ApprovalError> {
        let actor = principal.person.id.clone();
        let found = self.store.read(|tx| absences(&mut &*tx, "seq = ?1", &[Value::try_from(absence)?]))?;
        let entry =
            found.first().ok_or_else(|| ApprovalError::NotFound { what: format!("absence {absence}") })?;
        self.may_manage(&actor, &entry.person)?;
        let person = entry.person.clone();
        self.store.write(move |tx| {
            let body = json!({ "absence": absence });
            tx.emit("approval.absence-cleared", actor.as_str(), person.as_str(), body)?;
            Ok(())
        })
    }

    /// Somebody's absences that are not over, the earliest first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn absences(&self, person: &PersonId) -> Result<Vec<Absence>, ApprovalError> {
        let clock = self.store.clock().now_ms();
        self.store.read(|tx| {
            let mut ask = tx;
            let today = ask.now(clock)?.today.to_string();
            Ok(absences(&mut ask, "person = ?1 AND to_day >= ?2", &[person.as_str().into(), today.into()])?)
        })
    }

    fn may_manage(&self, actor: &PersonId, person: &PersonId) -> Result<(), ApprovalError> {
        if actor == person {
            return Ok(());
        }
        let may = self.identity.can(actor, Permission::ManagePeople, None).map_err(|error| {
            let message = error.message();
            ApprovalError::not_permitted(message.ja, message.en)
        })?;
        if may {
            return Ok(());
        }
        Err(ApprovalError::not_permitted(
            "ほかの職員の不在を登録できるのは、人事担当など職員を管理する役割を持つ職員です。",
            "only people who manage accounts note somebody else's absence",
        ))
    }

    fn absent_in(
        &self,
        tx: &mut WriteTx,
        actor: &PersonId,
        person: &PersonId,
        from: Date,
        to: Date,
        deputy: Option<&PersonId>,
    ) -> Result<u64, ApprovalError> {
        let now = Now::at(tx.now_ms());
        let days = from.until(to).map_or(i32::MAX, |span| span.get_days());
        if to < from || to < now.today || days > MAX_DAYS {
            return Err(ApprovalError::invalid(
                format!(
                    "不在の期間を確かめてください（終わりは初めの日以後かつ本日以後、{MAX_DAYS}日以内）。"
                ),
                format!(
                    "check the days: the last is not before the first nor over, and at most {MAX_DAYS} days lie between"
                ),
            ));
        }
        let mut office = Office::open(tx, &self.policy, now)?;
        let absent = office
            .officer(tx, person.as_str())?
            .ok_or_else(|| inactive("不在とする職員", "whoever is absent"))?;
        if let Some(deputy) = deputy {
            if deputy == person {
                return Err(ApprovalError::DeputyLoop {
                    chain: vec![absent.name.clone(), absent.name.clone()],
                });
            }
            let officer =
                office.officer(tx, deputy.as_str())?.ok_or_else(|| inactive("代決者", "the deputy"))?;
            let decides = |officer| office.allows(officer, Permission::ApproveTransfer);
            if office.allows(&officer, Permission::Audit) || decides(&absent) && !decides(&officer) {
                return Err(ApprovalError::invalid(
                    format!(
                        "{}さんは承認の権限を持たないか監査の役割を持つため、代決者にできません。",
                        officer.name
                    ),
                    format!("{} may not approve, or audits, and so can't be a deputy", officer.name),
                ));
            }
            circle(tx, &mut office, person, (from, to), deputy)?;
        }
        let body = json!({ "from": from, "to": to, "deputy": deputy });
        Ok(tx.emit("approval.absence-set", actor.as_str(), person.as_str(), body)?)
    }
}

/// Follows the deputies through the days that the absences have in common; refuses if they come back to the first.
fn circle(
    tx: &mut WriteTx,
    office: &mut Office<'_>,
    person: &PersonId,
    days: (Date, Date),
    deputy: &PersonId,
) -> Result<(), ApprovalError> {
    // Each open path with the days that all its absences share. Paths are short: people name one deputy a period.
    let mut open = vec![(vec![person.clone(), deputy.clone()], days)];
    while let Some((path, (from, to))) = open.pop() {
        let Some(last) = path.last() else { continue };
        let found = absences(
            tx,
            "person = ?1 AND from_day <= ?3 AND to_day >= ?2 AND deputy IS NOT NULL",
            &[last.as_str().into(), from.to_string().into(), to.to_string().into()],
        )?;
        for absence in found {
            let Some(next) = absence.deputy else { continue };
            let mut longer = path.clone();
            longer.push(next.clone());
            if next == *person {
                let mut chain = Vec::new();
                for id in &longer {
                    let officer = office.officer(tx, id.as_str())?;
                    chain.push(officer.map_or_else(|| id.to_string(), |officer| officer.name.clone()));
                }
                return Err(ApprovalError::DeputyLoop { chain });
            }
            if !path.contains(&next) {
                open.push((longer, (from.max(absence.from), to.min(absence.to))));
            }
        }
    }
    Ok(())
}

fn absences(ask: &mut impl Ask, condition: &str, params: &[Value]) -> Result<Vec<Absence>, StoreError> {
    let rows = ask.ask(
        &format!(
            "SELECT seq, person, from_day, to_day, deputy FROM approval_absences WHERE {condition} ORDER BY from_day, seq"
        ),
        params,
    )?;
    rows.iter().map(absence).collect()
}

fn absence(row: &Row) -> Result<Absence, StoreError> {
    let seq = row.get_u64("seq")?;
    let damaged = |column: &str| StoreError::Damaged {
        place: format!("absence {seq}, column `{column}`"),
        what: "its value can't be read; run `sekisho ledger rebuild`".to_owned(),
    };
    Ok(Absence {
        seq,
        person: row.get_text("person")?.parse().map_err(|_| damaged("person"))?,
        from: row.get_text("from_day")?.parse().map_err(|_| damaged("from_day"))?,
        to: row.get_text("to_day")?.parse().map_err(|_| damaged("to_day"))?,
        deputy: row
            .get_opt_text("deputy")?
            .map(|id| id.parse().map_err(|_| damaged("deputy")))
            .transpose()?,
    })
}

fn inactive(ja: &str, en: &str) -> ApprovalError {
    ApprovalError::invalid(
        format!("{ja}のアカウントが見つからないか、使用できません。"),
        format!("the account of {en} does not exist or is not active"),
    )
}
