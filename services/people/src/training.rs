//! Training (研修): who has to take which course until when, taking it on the screen, and who has not. A course's slides and
//! questions are events of their own; each person's attendance is a row of the register `training-records`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::json;

use sekisho_identity::Principal;
use sekisho_policy::Permission;
use sekisho_register::era::FiscalYear;
use sekisho_register::{Value, Values};
use sekisho_registers::{Caller, RowId, RowView};
use sekisho_store::WriteTx;

use crate::content::Content;
use crate::error::PeopleError;
use crate::plan::Member;
use crate::transfer::Newcomer;
use crate::{People, Result};

const COURSES: &str = "courses";
const PLANS: &str = "training-plans";
const RECORDS: &str = "training-records";

/// Days in which a newcomer takes the courses for newcomers.
const NEWCOMER_DAYS: i64 = 60;

/// Days in which a failed course is taken again.
const RETRY_DAYS: i64 = 30;

/// Posts of the audience "executive" (部長級以上).
const EXECUTIVE_ROLES: [&str; 4] = ["department-head", "ciso", "vice-ciso", "chief-officer"];

/// A course that a person has to take.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// The row of the register `training-records`.
    pub record: RowId,
    /// The course.
    pub course: RowId,
    /// Its name.
    pub name: String,
    /// The last day.
    pub due: Option<Date>,
    /// Whether that day is over.
    pub overdue: bool,
    /// `assigned`, `failed` or `absent`.
    pub state: String,
    /// Whether it can be taken on the screen.
    pub on_screen: bool,
}

/// How a taken course ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Points out of 100; `None` for a course without questions.
    pub score: Option<i64>,
    /// The points needed.
    pub pass_score: Option<i64>,
    /// Whether it is passed.
    pub passed: bool,
}

/// Attendance of one unit in one fiscal year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Completion {
    /// The unit.
    pub unit: String,
    /// How many records.
    pub assigned: u64,
    /// How many attended or passed.
    pub done: u64,
    /// How many are excused.
    pub exempt: u64,
    /// How many are late.
    pub overdue: u64,
}

impl People {
    /// Sets the slides and questions of a course from their text (see [`Content`]).
    ///
    /// # Errors
    /// `Content` with the line that does not fit; `NotPermitted`; `NotFound`.
    pub fn set_content(&self, principal: &Principal, course: &RowId, text: &str) -> Result<Content> {
        let content = Content::parse(text)?;
        let caller = Caller::from(principal);
        self.registers.may(&caller, COURSES, sekisho_register::Action::Change, Some(course))?;
        let (people, course, actor) = (self.clone(), course.clone(), principal.person.id.to_string());
        let questions = i64::try_from(content.questions.len()).unwrap_or(i64::MAX);
        let body = json!({ "content": content });
        self.store.write(move |tx| {
            let row = people.registers.row_in(tx, COURSES, &course)?.ok_or(PeopleError::NotFound)?;
            tx.emit("training.content-set", &actor, course.as_str(), body)?;
            let mut values = row.values;
            values.set("questions", questions);
            values.set("revised_on", people.today(tx.now_ms()));
            if questions > 0 && values.get("pass_score").is_null() {
                values.set("pass_score", 80_i64);
            }
            people.registers.put_trusted(tx, &actor, COURSES, Some(&course), values, "教材の改訂")?;
            Ok::<_, PeopleError>(())
        })?;
        Ok(content)
    }

    /// The slides and questions of a course; empty if none were set.
    ///
    /// # Errors
    /// When the store fails.
    pub fn content(&self, course: &RowId) -> Result<Content> {
        let rows = self.store.read(|tx| {
            tx.query("SELECT content FROM training_content WHERE course = ?1", &[course.as_str().into()])
        })?;
        match rows.first() {
            Some(row) => Ok(serde_json::from_value(row.get_json("content")?).unwrap_or_default()),
            None => Ok(Content::default()),
        }
    }

    /// Gives everybody in the audience of a plan (研修計画) a record. People who have one of the same course and fiscal
    /// year are left as they are. Returns how many were given one.
    ///
    /// # Errors
    /// `NotPermitted`, `NotFound`, or `Refused` when the plan lacks what is needed.
    pub fn assign_plan(&self, principal: &Principal, plan: &RowId) -> Result<u64> {
        self.require_office(principal)?;
        let (people, plan, actor) = (self.clone(), plan.clone(), principal.person.id.to_string());
        self.store.write(move |tx| {
            let row = people.registers.row_in(tx, PLANS, &plan)?.ok_or(PeopleError::NotFound)?;
            let values = &row.values;
            let course: RowId = match values.get("course").as_text().map(str::parse) {
                Some(Ok(course)) => course,
                _ => {
                    return Err(PeopleError::Refused {
                        ja: "研修計画に科目がありません。科目を選んでから割り当ててください。".to_owned(),
                        en: "the plan names no course; choose one first".to_owned(),
                    });
                }
            };
            let today = people.today(tx.now_ms());
            let due = values.get("ends_on").as_date().unwrap_or(today);
            let year =
                values.get("fiscal_year").as_int().unwrap_or_else(|| i64::from(FiscalYear::of(today).year()));
            let audience: BTreeSet<String> = values.get("audience").as_list().iter().cloned().collect();
            let have = people.have_record(tx, &course, year)?;
            let mut count = 0_u64;
            for member in people.members_in(tx)? {
                let here = member.values.get("left_on").as_date().is_none_or(|left| left >= today);
                if here && is_in_audience(&audience, &member.values, today) && !have.contains(&member.row) {
                    people.assign(
                        tx,
                        &member,
                        &course,
                        Some(&plan),
                        year,
                        due,
                        &actor,
                        "研修計画による割当て",
                    )?;
                    count = count.saturating_add(1);
                }
            }
            tx.emit(
                "training.assigned",
                &actor,
                plan.as_str(),
                json!({ "course": course.as_str(), "people": count }),
            )?;
            Ok(count)
        })
    }

    /// What the person has yet to take.
    ///
    /// # Errors
    /// When the store fails.
    pub fn trainings_of(&self, principal: &Principal) -> Result<Vec<Assignment>> {
        let Some(me) = self.staff_row_of(&principal.person.login)? else { return Ok(Vec::new()) };
        let today = self.today(self.store.clock().now_ms());
        let courses: BTreeMap<String, RowView> = self
            .registers
            .all_rows(&Caller::system("people"), COURSES)?
            .into_iter()
            .map(|row| (row.id.to_string(), row))
            .collect();
        let mut open = Vec::new();
        for record in self.rows_of_person(RECORDS, &me)? {
            let state = record.values.get("state").as_text().unwrap_or_default().to_owned();
            if !matches!(state.as_str(), "assigned" | "failed" | "absent") {
                continue;
            }
            let course = record.values.get("course").as_text().unwrap_or_default();
            let Some(course) = courses.get(course) else { continue };
            let due = record
                .values
                .get("retry_due_on")
                .as_date()
                .filter(|_| state != "assigned")
                .or_else(|| record.values.get("due_on").as_date());
            open.push(Assignment {
                record: record.id,
                name: course.values.get("name").as_text().unwrap_or_default().to_owned(),
                on_screen: course.values.get("form").as_text() == Some("screen"),
                course: course.id.clone(),
                overdue: due.is_some_and(|due| due < today),
                due,
                state,
            });
        }
        open.sort_by_key(|assignment| assignment.due);
        Ok(open)
    }

    /// Takes the person's answers: question by question the indexes of the chosen answers.
    ///
    /// # Errors
    /// `NotFound` when the record is not the person's own or is done already.
    pub fn answer(&self, principal: &Principal, record: &RowId, chosen: Vec<Vec<usize>>) -> Result<Outcome> {
        let me = self.staff_row_of(&principal.person.login)?.ok_or(PeopleError::NotFound)?;
        let course = {
            let caller = Caller::system("people");
            let rows = self.rows_of_person(RECORDS, &me)?;
            let record = rows.into_iter().find(|row| row.id == *record).ok_or(PeopleError::NotFound)?;
            let course: RowId = record
                .values
                .get("course")
                .as_text()
                .and_then(|id| id.parse().ok())
                .ok_or(PeopleError::NotFound)?;
            self.registers.row(&caller, COURSES, &course, None)?
        };
        let content = self.content(&course.id)?;
        let score = content.score(&chosen);
        let pass_score = course.values.get("pass_score").as_int();
        let passed = score.is_none_or(|score| score >= pass_score.unwrap_or(0));
        let (people, record, actor) = (self.clone(), record.clone(), principal.person.id.to_string());
        let outcome = Outcome { score, pass_score, passed };
        let answered = outcome.clone();
        let minutes = course.values.get("minutes").clone();
        self.store.write(move |tx| {
            let now = people.registers.row_in(tx, RECORDS, &record)?.ok_or(PeopleError::NotFound)?;
            let open = matches!(now.values.get("state").as_text(), Some("assigned" | "failed" | "absent"));
            if !open || now.values.get("person").as_text() != Some(me.as_str()) {
                return Err(PeopleError::NotFound);
            }
            tx.emit(
                "training.answered",
                &actor,
                record.as_str(),
                json!({ "course": course.id.as_str(), "chosen": chosen, "score": answered.score, "passed": answered.passed }),
            )?;
            let mut values = now.values;
            let state = match (answered.passed, answered.score) {
                (true, Some(_)) => "passed",
                (true, None) => "attended",
                (false, _) => "failed",
            };
            values.set("state", state);
            values.set("attended_on", people.today(tx.now_ms()));
            values.set("minutes", minutes);
            values.set("pass_score", answered.pass_score.map_or(Value::Null, Value::Int));
            values.set("score", answered.score.map_or(Value::Null, Value::Int));
            if !answered.passed && values.get("retry_due_on").is_null() {
                let today = people.today(tx.now_ms());
                values.set("retry_due_on", today.checked_add(RETRY_DAYS.days()).unwrap_or(today));
            }
            if answered.passed && values.get("handles_individual_numbers").as_bool() == Some(true) {
                let today = people.today(tx.now_ms());
                values.set("next_due_on", today.checked_add(1.year()).unwrap_or(today));
            }
            people.registers.put_trusted(tx, &actor, RECORDS, Some(&record), values, "画面での受講")?;
            Ok(())
        })?;
        Ok(outcome)
    }

    /// Attendance by unit in a fiscal year, for the yearly report to the committee.
    ///
    /// # Errors
    /// `NotPermitted` for who may not see every record.
    pub fn completion(&self, principal: &Principal, year: i16) -> Result<Vec<Completion>> {
        let caller = Caller::from(principal);
        self.registers.may(&caller, RECORDS, sekisho_register::Action::See, None)?;
        let today = self.today(self.store.clock().now_ms());
        let mut units: BTreeMap<String, Completion> = BTreeMap::new();
        for row in self.registers.all_rows(&caller, RECORDS)? {
            if row.values.get("fiscal_year").as_int() != Some(i64::from(year)) {
                continue;
            }
            let unit = row.values.get("unit").as_text().unwrap_or_default().to_owned();
            let entry =
                units.entry(unit.clone()).or_insert_with(|| Completion { unit, ..Completion::default() });
            entry.assigned = entry.assigned.saturating_add(1);
            match row.values.get("state").as_text() {
                Some("attended" | "passed") => entry.done = entry.done.saturating_add(1),
                Some("exempt") => entry.exempt = entry.exempt.saturating_add(1),
                _ if row.values.get("due_on").as_date().is_some_and(|due| due < today) => {
                    entry.overdue = entry.overdue.saturating_add(1);
                }
                _ => {}
            }
        }
        // In the order of the declaration, as every list of units.
        let mut ordered: Vec<Completion> = Vec::new();
        for unit in &self.policy.units {
            ordered.extend(units.remove(unit.id.as_str()));
        }
        ordered.extend(units.into_values());
        Ok(ordered)
    }

    pub(crate) fn require_office(&self, principal: &Principal) -> Result<()> {
        let office = ["general-affairs", "chief-officer", "ciso", "vice-ciso"];
        let holds = principal.person.roles.iter().any(|role| office.contains(&role.as_str()));
        if holds || principal.may(Permission::Administer) { Ok(()) } else { Err(PeopleError::NotPermitted) }
    }

    fn have_record(&self, tx: &mut WriteTx, course: &RowId, year: i64) -> Result<BTreeSet<String>> {
        let rows = self.registers.rows_in(tx, RECORDS)?;
        Ok(rows
            .into_iter()
            .filter(|row| {
                row.values.get("course").as_text() == Some(course.as_str())
                    && row.values.get("fiscal_year").as_int() == Some(year)
            })
            .filter_map(|row| row.values.get("person").as_text().map(ToOwned::to_owned))
            .collect())
    }

    #[expect(clippy::too_many_arguments, reason = "the columns of one record, each named once")]
    fn assign(
        &self,
        tx: &mut WriteTx,
        member: &Member,
        course: &RowId,
        plan: Option<&RowId>,
        year: i64,
        due: Date,
        actor: &str,
        reason: &str,
    ) -> Result<()> {
        let mut values = Values::new();
        values.set("person", member.row.as_str());
        values.set("unit", member.values.get("unit").clone());
        values.set("fiscal_year", year);
        values.set("plan", plan.map_or(Value::Null, |plan| Value::Text(plan.to_string())));
        values.set("course", course.as_str());
        let handles = member.values.get("handles_individual_numbers").as_bool().unwrap_or(false);
        values.set("handles_individual_numbers", handles);
        values.set("assigned_on", self.today(tx.now_ms()));
        values.set("due_on", due);
        values.set("state", "assigned");
        self.registers.put_trusted(tx, actor, RECORDS, None, values, reason)?;
        Ok(())
    }
}

/// Courses for newcomers (採用時研修) for who just joined.
pub(crate) fn assign_newcomers(
    people: &People,
    tx: &mut WriteTx,
    effective: Date,
    newcomers: &[Newcomer],
    actor: &str,
    reason: &str,
) -> Result<()> {
    if newcomers.is_empty() {
        return Ok(());
    }
    let year = i64::from(FiscalYear::of(effective).year());
    let due = effective.checked_add(NEWCOMER_DAYS.days()).unwrap_or(effective);
    for course in people.registers.rows_in(tx, COURSES)? {
        let open = course.values.get("state").as_text() == Some("open");
        if !open || course.values.get("kind").as_text() != Some("new-hire") {
            continue;
        }
        let have = people.have_record(tx, &course.id, year)?;
        let audience: BTreeSet<String> = course.values.get("audience").as_list().iter().cloned().collect();
        for newcomer in newcomers.iter().filter(|one| !have.contains(one.row.as_str())) {
            if !is_in_audience(&audience, &newcomer.values, effective) {
                continue;
            }
            let member =
                Member { row: newcomer.row.to_string(), version: 0, values: newcomer.values.clone() };
            people.assign(tx, &member, &course.id, None, year, due, actor, reason)?;
        }
    }
    Ok(())
}

/// Whether somebody belongs to one of the groups (対象).
fn is_in_audience(audience: &BTreeSet<String>, values: &Values, today: Date) -> bool {
    let roles = values.get("roles").as_list();
    let holds = |wanted: &[&str]| roles.iter().any(|role| wanted.contains(&role.as_str()));
    let employment = values.get("employment").as_text().unwrap_or_default();
    audience.iter().any(|group| match group.as_str() {
        "all" => true,
        "regular" => matches!(employment, "regular" | "special" | "reappointed"),
        "fixed-term" => employment == "fixed-term",
        "new-hire" => values
            .get("joined_on")
            .as_date()
            .is_some_and(|joined| FiscalYear::of(joined) == FiscalYear::of(today)),
        "executive" => holds(&EXECUTIVE_ROLES),
        "section-manager" => holds(&["section-manager"]),
        "system" => holds(&["administrator", "system-manager"]),
        "individual-number" => values.get("handles_individual_numbers").as_bool() == Some(true),
        "contractor" => matches!(employment, "contractor" | "dispatched"),
        _ => false,
    })
}
