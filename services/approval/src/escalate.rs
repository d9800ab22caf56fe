//! Due dates: what is overdue, or can't be decided by anybody, goes to the unit above; whoever is asked is reminded once
//! a day. Run by a timer; it may run as often as one likes, and a clock that was set back changes nothing.

use sekisho_policy::Text;
use sekisho_store::{Module, SYSTEM, Value, WriteTx};
use serde_json::json;

use crate::mail::Notice;
use crate::rows::{Ask, Now, case_by_id, marks_of, steps_of};
use crate::standing::Office;
use crate::{Approval, ApprovalError, CaseId, CaseState, StepState, day};

/// Days before the last one on which a reminder goes out as well.
const REMIND_DAYS_BEFORE: i64 = 1;

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EscalationReport {
    /// Steps that went to the unit above.
    pub raised: u32,
    /// Reminders put into the queue of mails.
    pub reminded: u32,
    /// Cases that nobody can decide, with what to do.
    pub blocked: Vec<(CaseId, Text)>,
}

/// Remembers which reminders went out, so that none goes out twice on a day.
pub(crate) struct Reminders;

impl Module for Reminders {
    fn name(&self) -> &str {
        "approval"
    }

    fn migrations(&self) -> &[&str] {
        &["CREATE TABLE approval_reminders (case_id TEXT NOT NULL, position BIGINT NOT NULL, person TEXT NOT NULL,
              day TEXT NOT NULL, PRIMARY KEY (case_id, position, person, day));
           CREATE INDEX approval_reminders_day ON approval_reminders (day)"]
    }
}

impl Approval {
    /// Raises what is overdue or stuck, and puts reminders into the queue.
    ///
    /// # Errors
    /// When the store fails; what was raised before stays raised.
    pub fn escalate(&self) -> Result<EscalationReport, ApprovalError> {
        let mut report = EscalationReport::default();
        for id in self.open_cases()? {
            let this = self.clone();
            let (raised, reminded, blocked) = self.store.write(move |tx| this.escalate_one(tx, &id))?;
            report.raised = report.raised.saturating_add(raised);
            report.reminded = report.reminded.saturating_add(reminded);
            report.blocked.extend(blocked);
        }
        Ok(report)
    }

    /// The cases with an open step that is nearly due, overdue or stuck; looked for on a reader, so that a run with
    /// nothing to do writes nothing.
    fn open_cases(&self) -> Result<Vec<CaseId>, ApprovalError> {
        let clock = self.store.clock().now_ms();
        self.store.read(|tx| {
            let mut ask = tx;
            let now = ask.now(clock)?;
            let soon = day::end_after(now.ms, REMIND_DAYS_BEFORE);
            let rows =
                tx.query("SELECT id FROM approval_cases WHERE state = 'open' ORDER BY created_ms, id", &[])?;
            let mut office = Office::open(&mut ask, &self.policy, now)?;
            let mut found = Vec::new();
            for row in &rows {
                let Ok(id) = row.get_text("id")?.parse::<CaseId>() else { continue };
                let case = case_by_id(&mut ask, &id)?;
                let marks = marks_of(&mut ask, &id)?;
                for step in steps_of(&mut ask, &case)?.iter().filter(|step| step.state == StepState::Open) {
                    if step.due_ms.is_some_and(|due| due <= soon)
                        || office.blocked(&mut ask, &case, step, &marks)?.is_some()
                    {
                        found.push(id);
                        break;
                    }
                }
            }
            Ok(found)
        })
    }

    #[expect(
        clippy::type_complexity,
        reason = "raised, reminded and blocked, taken apart by the only caller"
    )]
    fn escalate_one(
        &self,
        tx: &mut WriteTx,
        id: &CaseId,
    ) -> Result<(u32, u32, Vec<(CaseId, Text)>), ApprovalError> {
        let now = Now::at(tx.now_ms());
        let (mut raised, mut reminded, mut stuck) = (0u32, 0u32, Vec::new());
        let case = case_by_id(tx, id)?;
        if case.state != CaseState::Open {
            return Ok((raised, reminded, stuck));
        }
        let marks = marks_of(tx, id)?;
        let mut office = Office::open(tx, &self.policy, now)?;
        for step in steps_of(tx, &case)?.iter().filter(|step| step.state == StepState::Open) {
            let blocked = office.blocked(tx, &case, step, &marks)?;
            // A step that was raised has as many days again before it goes up once more.
            let again =
                step.raised_ms.map(|at| day::end_after(at, i64::from(step.plan.due_days.unwrap_or(1))));
            let late = step.is_overdue(now) && again.is_none_or(|due| due < now.ms);
            if (blocked.is_some() || late)
                && let Some(above) = office.above(&case, step)
            {
                let reason = if blocked.is_some() { "nobody" } else { "overdue" };
                let body = json!({ "position": step.position, "to": above, "reason": reason });
                tx.emit("approval.escalated", SYSTEM, id.as_str(), body)?;
                raised = raised.saturating_add(1);
                for officer in office.in_unit(tx, above.as_str())? {
                    if office.allows(&officer, sekisho_policy::Permission::ApproveTransfer) {
                        self.notify(tx, &officer.id, id, Notice::Raised)?;
                    }
                }
            } else if let Some(why) = blocked {
                stuck.push((id.clone(), why));
                if self.remind_once(tx, id, step.position, case.drafter.as_str(), now)? {
                    self.notify(tx, case.drafter.as_str(), id, Notice::Stuck)?;
                    reminded = reminded.saturating_add(1);
                }
            }
            let soon = day::end_after(now.ms, REMIND_DAYS_BEFORE);
            if step.due_ms.is_some_and(|due| due <= soon) {
                for standing in office.able(tx, &case, step, &marks)? {
                    if self.remind_once(tx, id, step.position, &standing.officer.id, now)? {
                        self.notify(tx, &standing.officer.id, id, Notice::Reminder)?;
                        reminded = reminded.saturating_add(1);
                    }
                }
            }
        }
        Ok((raised, reminded, stuck))
    }

    /// Whether this reminder has not gone out today; notes that it has. Without mail there is nothing to remember.
    fn remind_once(
        &self,
        tx: &mut WriteTx,
        id: &CaseId,
        position: u32,
        person: &str,
        now: Now,
    ) -> Result<bool, ApprovalError> {
        if self.mail.is_none() {
            return Ok(false);
        }
        let today = now.today.to_string();
        tx.execute("DELETE FROM approval_reminders WHERE day < ?1", &[Value::from(&today)])?;
        let added = tx.execute(
            "INSERT INTO approval_reminders (case_id, position, person, day) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (case_id, position, person, day) DO NOTHING",
            &[id.as_str().into(), position.into(), person.into(), today.into()],
        )?;
        Ok(added == 1)
    }
}
