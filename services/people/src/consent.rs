//! Consent to the policy (遵守の同意, 基本方針5). Everybody to whom the policy applies consents to each version of it; who has
//! not done so by the day set is on the list of their 情報セキュリティ管理者. The register `consents` holds one row a person and
//! version; this room asks for them and takes them.

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::json;

use sekisho_identity::Principal;
use sekisho_register::era::FiscalYear;
use sekisho_register::{Value, Values};
use sekisho_registers::{Caller, RowId, RowView};
use sekisho_store::WriteTx;

use crate::error::PeopleError;
use crate::plan::Member;
use crate::transfer::{Newcomer, STAFF};
use crate::{People, Result};

/// The register.
const CONSENTS: &str = "consents";

/// Days that people have.
const DAYS: i64 = 30;

/// Why people are asked (機会).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// 採用時
    Joining,
    /// 年度当初
    April,
    /// ポリシーの改正
    Revision,
}

impl Occasion {
    const fn id(self) -> &'static str {
        match self {
            Self::Joining => "joining",
            Self::April => "april",
            Self::Revision => "revision",
        }
    }
}

/// What one person is asked to consent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The row.
    pub row: RowId,
    /// The version of the policy.
    pub version: String,
    /// The last day.
    pub due: Option<Date>,
    /// Whether that day is over.
    pub overdue: bool,
}

impl People {
    /// Asks everybody in office who was not asked for this version yet. Returns how many were asked.
    ///
    /// # Errors
    /// `NotPermitted`, or a failure of the store.
    pub fn ask_everybody(&self, principal: &Principal, occasion: Occasion) -> Result<u64> {
        self.require_office(principal)?;
        let people = self.clone();
        let actor = principal.person.id.to_string();
        self.store.write(move |tx| {
            let today = people.today(tx.now_ms());
            let asked = people.asked(tx)?;
            let mut count = 0_u64;
            for member in people.members_in(tx)? {
                let here = member.values.get("left_on").as_date().is_none_or(|left| left >= today);
                if here && !asked.contains(&member.row) {
                    people.ask(tx, &member, today, occasion, &actor, "同意の依頼")?;
                    count = count.saturating_add(1);
                }
            }
            tx.emit(
                "consent.requested",
                &actor,
                "consents",
                json!({ "policy_version": people.policy.version, "occasion": occasion.id(), "people": count }),
            )?;
            Ok(count)
        })
    }

    /// What the person has yet to consent to.
    ///
    /// # Errors
    /// When the store fails.
    pub fn consents_asked_of(&self, principal: &Principal) -> Result<Vec<Request>> {
        let Some(me) = self.staff_row_of(&principal.person.login)? else { return Ok(Vec::new()) };
        let today = self.today(self.store.clock().now_ms());
        let rows = self.rows_of_person(CONSENTS, &me)?;
        Ok(rows
            .into_iter()
            .filter(|row| row.values.get("state").as_text() == Some("requested"))
            .map(|row| {
                let due = row.values.get("due_on").as_date();
                Request {
                    version: row.values.get("policy_version").as_text().unwrap_or_default().to_owned(),
                    overdue: due.is_some_and(|due| due < today),
                    due,
                    row: row.id,
                }
            })
            .collect())
    }

    /// Takes the person's own consent.
    ///
    /// # Errors
    /// `NotFound` when nothing is asked of this person under that row.
    pub fn consent(&self, principal: &Principal, row: &RowId) -> Result<()> {
        let me = self.staff_row_of(&principal.person.login)?.ok_or(PeopleError::NotFound)?;
        let (people, row, actor) = (self.clone(), row.clone(), principal.person.id.to_string());
        self.store.write(move |tx| {
            let now = people.registers.row_in(tx, CONSENTS, &row)?.ok_or(PeopleError::NotFound)?;
            let mine = now.values.get("person").as_text() == Some(me.as_str());
            if !mine || now.values.get("state").as_text() != Some("requested") {
                return Err(PeopleError::NotFound);
            }
            let mut values = now.values;
            values.set("state", "consented");
            values.set("means", "screen");
            values.set("consented_on", people.today(tx.now_ms()));
            people.registers.put_trusted(tx, &actor, CONSENTS, Some(&row), values, "本人の同意")?;
            Ok(())
        })
    }

    pub(crate) fn request_consents(
        &self,
        tx: &mut WriteTx,
        effective: Date,
        newcomers: &[Newcomer],
        actor: &str,
        reason: &str,
    ) -> Result<()> {
        let asked = self.asked(tx)?;
        for newcomer in newcomers {
            let member =
                Member { row: newcomer.row.to_string(), version: 0, values: newcomer.values.clone() };
            if !asked.contains(&member.row) {
                self.ask(tx, &member, effective, Occasion::Joining, actor, reason)?;
            }
        }
        Ok(())
    }

    fn ask(
        &self,
        tx: &mut WriteTx,
        member: &Member,
        day: Date,
        occasion: Occasion,
        actor: &str,
        reason: &str,
    ) -> Result<()> {
        let mut values = Values::new();
        values.set("person", member.row.as_str());
        values.set("unit", member.values.get("unit").clone());
        values.set("employment", member.values.get("employment").clone());
        values.set("fiscal_year", i64::from(FiscalYear::of(day).year()));
        values.set("policy_version", self.policy.version.as_str());
        values.set("occasion", occasion.id());
        values.set("requested_on", day);
        values.set("due_on", day.checked_add(DAYS.days()).unwrap_or(day));
        values.set("state", "requested");
        self.registers.put_trusted(tx, actor, CONSENTS, None, values, reason)?;
        Ok(())
    }

    /// Rows of staff who were asked for the present version.
    fn asked(&self, tx: &mut WriteTx) -> Result<BTreeSet<String>> {
        let rows = self.registers.rows_in(tx, CONSENTS)?;
        Ok(rows
            .into_iter()
            .filter(|row| row.values.get("policy_version").as_text() == Some(self.policy.version.as_str()))
            .filter_map(|row| row.values.get("person").as_text().map(ToOwned::to_owned))
            .collect())
    }

    pub(crate) fn members_in(&self, tx: &mut WriteTx) -> Result<Vec<Member>> {
        let rows = self.registers.rows_in(tx, STAFF)?;
        Ok(rows
            .into_iter()
            .map(|row| Member { row: row.id.to_string(), version: row.version, values: row.values })
            .collect())
    }

    /// The staff register's row of an account.
    pub(crate) fn staff_row_of(&self, login: &str) -> Result<Option<RowId>> {
        Ok(self.registers.staff_row(login)?)
    }

    /// Rows of a register whose field `person` is this member of staff.
    pub(crate) fn rows_of_person(&self, register: &str, staff: &RowId) -> Result<Vec<RowView>> {
        Ok(self.registers.rows_where(
            &Caller::system("people"),
            register,
            "person",
            &Value::Text(staff.to_string()),
        )?)
    }
}
