//! Rows to values, for both sides: inside a unit of work and on a reader's snapshot.

use std::collections::BTreeMap;

use sekisho_policy::Policy;
use sekisho_store::{ReadTx, Row, StoreError, Value, WriteTx};

use crate::plan::PlannedStep;
use crate::{ApprovalError, Capacity, Case, CaseId, CaseState, MarkView, StepState, day};

/// Whatever can be asked.
pub(crate) trait Ask {
    fn ask(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError>;

    /// Time that never goes back: not before the last entry of the ledger, whatever the clock says.
    fn now(&mut self, clock_ms: i64) -> Result<Now, StoreError>;
}

impl Ask for WriteTx {
    fn ask(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.query(sql, params)
    }

    fn now(&mut self, _clock_ms: i64) -> Result<Now, StoreError> {
        Ok(Now::at(self.now_ms()))
    }
}

impl Ask for &ReadTx {
    fn ask(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.query(sql, params)
    }

    fn now(&mut self, clock_ms: i64) -> Result<Now, StoreError> {
        let last = self.query("SELECT time_ms FROM events ORDER BY seq DESC LIMIT 1", &[])?;
        let last_ms = last.first().map_or(Ok(clock_ms), |row| row.get_i64("time_ms"))?;
        Ok(Now::at(clock_ms.max(last_ms)))
    }
}

/// The present, in ledger time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    pub(crate) ms: i64,
    pub(crate) today: jiff::civil::Date,
}

impl Now {
    pub(crate) fn at(ms: i64) -> Self {
        Self { ms, today: day::day_of(ms) }
    }
}

/// The columns of [`case`], without the content, of a table with the alias `c`.
pub(crate) const SUMMARY: &str =
    "c.id, c.seq, c.number, c.fiscal_year, c.kind, c.title, c.digest, c.link, c.route, c.drafter, c.drafter_name, c.unit,
     c.amount, c.class_rank, c.due, c.state, c.round, c.created_ms, c.updated_ms, c.reason";

/// A case from its row; the content too, if the row has it.
pub(crate) fn case(row: &Row, with_content: bool) -> Result<Case, StoreError> {
    let content = if with_content { row.get_json("content")? } else { serde_json::Value::Null };
    Ok(Case {
        id: parsed(row, "id")?,
        number: row.get_string("number")?,
        fiscal_year: i16::try_from(row.get_i64("fiscal_year")?).unwrap_or(0),
        kind: row.get_string("kind")?,
        title: row.get_string("title")?,
        content,
        digest: row.get_string("digest")?,
        link: row.get_string("link")?,
        route: parsed(row, "route")?,
        drafter: parsed(row, "drafter")?,
        drafter_name: row.get_string("drafter_name")?,
        unit: parsed(row, "unit")?,
        amount: row.get_opt_i64("amount")?,
        class_rank: row.get_opt_i64("class_rank")?.and_then(|rank| u8::try_from(rank).ok()),
        due: row.get_opt_text("due")?.and_then(|due| due.parse().ok()),
        state: CaseState::from_id(row.get_text("state")?).ok_or_else(|| damaged(row, "state"))?,
        round: u32::try_from(row.get_i64("round")?).unwrap_or(1),
        created_ms: row.get_i64("created_ms")?,
        updated_ms: row.get_i64("updated_ms")?,
        reason: row.get_string("reason")?,
        seq: row.get_u64("seq")?,
    })
}

/// One case with its content.
pub(crate) fn case_by_id(ask: &mut impl Ask, id: &CaseId) -> Result<Case, ApprovalError> {
    let rows = ask.ask(
        &format!("SELECT {SUMMARY}, c.content FROM approval_cases c WHERE c.id = ?1"),
        &[Value::from(id.as_str())],
    )?;
    match rows.first() {
        Some(row) => Ok(case(row, true)?),
        None => Err(ApprovalError::NotFound { what: id.to_string() }),
    }
}

/// A step of the present round.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) position: u32,
    pub(crate) stage: u32,
    pub(crate) plan: PlannedStep,
    pub(crate) state: StepState,
    pub(crate) opened_ms: Option<i64>,
    pub(crate) due_ms: Option<i64>,
    pub(crate) raised_to: Option<String>,
    pub(crate) raised_ms: Option<i64>,
}

impl Step {
    pub(crate) fn is_overdue(&self, now: Now) -> bool {
        self.due_ms.is_some_and(|due| due < now.ms)
    }

    pub(crate) fn needed(&self) -> usize {
        usize::from(self.plan.quorum)
    }
}

pub(crate) fn step(row: &Row) -> Result<Step, StoreError> {
    Ok(Step {
        position: small(row.get_i64("position")?),
        stage: small(row.get_i64("stage")?),
        plan: serde_json::from_value(row.get_json("plan")?).map_err(|_| damaged(row, "plan"))?,
        state: StepState::from_id(row.get_text("step_state")?),
        opened_ms: row.get_opt_i64("opened_ms")?,
        due_ms: row.get_opt_i64("due_ms")?,
        raised_to: row.get_opt_text("raised_to")?.map(str::to_owned),
        raised_ms: row.get_opt_i64("raised_ms")?,
    })
}

/// The columns of [`step`], of a table with the alias `s`.
pub(crate) const STEP: &str =
    "s.position, s.stage, s.plan, s.state AS step_state, s.opened_ms, s.due_ms, s.raised_to, s.raised_ms";

/// The steps of a case's present round, in order.
pub(crate) fn steps_of(ask: &mut impl Ask, case: &Case) -> Result<Vec<Step>, StoreError> {
    let rows = ask.ask(
        &format!(
            "SELECT {STEP} FROM approval_steps s WHERE s.case_id = ?1 AND s.round = ?2 ORDER BY s.position"
        ),
        &[Value::from(case.id.as_str()), Value::from(case.round)],
    )?;
    rows.iter().map(step).collect()
}

/// A mark, with the holders in whose place it was given.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    pub(crate) view: MarkView,
    pub(crate) in_place_of: Vec<String>,
}

/// Every mark of a case, in order.
pub(crate) fn marks_of(ask: &mut impl Ask, id: &CaseId) -> Result<Vec<Mark>, StoreError> {
    let rows = ask.ask(
        &format!("SELECT {MARK} FROM approval_marks WHERE case_id = ?1 ORDER BY seq"),
        &[Value::from(id.as_str())],
    )?;
    rows.iter().map(mark).collect()
}

/// The valid marks of several cases, by case.
pub(crate) fn valid_marks(
    ask: &mut impl Ask,
    cases: &[&CaseId],
) -> Result<BTreeMap<String, Vec<Mark>>, StoreError> {
    let mut found: BTreeMap<String, Vec<Mark>> = BTreeMap::new();
    for some in cases.chunks(200) {
        let places = (1..=some.len()).map(|n| format!("?{n}")).collect::<Vec<_>>().join(", ");
        let params: Vec<Value> = some.iter().map(|id| Value::from(id.as_str())).collect();
        let rows = ask.ask(
            &format!("SELECT case_id, {MARK} FROM approval_marks WHERE voided = 0 AND case_id IN ({places}) ORDER BY seq"),
            &params,
        )?;
        for row in &rows {
            found.entry(row.get_string("case_id")?).or_default().push(mark(row)?);
        }
    }
    Ok(found)
}

const MARK: &str = "seq, round, position, person, person_name, capacity, in_place_of, decision, digest, comment, at_ms, voided";

fn mark(row: &Row) -> Result<Mark, StoreError> {
    Ok(Mark {
        view: MarkView {
            seq: row.get_u64("seq")?,
            round: small(row.get_i64("round")?),
            position: small(row.get_i64("position")?),
            person: parsed(row, "person")?,
            person_name: row.get_string("person_name")?,
            capacity: Capacity::from_id(row.get_text("capacity")?),
            decision: row.get_string("decision")?,
            digest: row.get_string("digest")?,
            comment: row.get_string("comment")?,
            at_ms: row.get_i64("at_ms")?,
            voided: row.get_bool("voided")?,
        },
        in_place_of: row
            .get_text("in_place_of")?
            .split(',')
            .filter(|id| !id.is_empty())
            .map(str::to_owned)
            .collect(),
    })
}

/// Where a step is asked, in words: the unit and the role, in both languages.
pub(crate) fn asked(
    policy: &Policy,
    plan: &PlannedStep,
    unit: &sekisho_policy::UnitId,
) -> sekisho_policy::Text {
    use sekisho_policy::{Scope, Text};
    let role = policy.role(&plan.role).map_or_else(
        || Text { ja: plan.role.to_string(), en: plan.role.to_string() },
        |role| role.label.clone(),
    );
    let place = match (&plan.unit, plan.scope) {
        (Some(fixed), _) => policy.unit(fixed),
        (None, Scope::SameUnit | Scope::Ancestor) => policy.unit(unit),
        (None, Scope::Any) => None,
    };
    let Some(place) = place else { return role };
    match (plan.unit.is_none(), plan.scope) {
        (true, Scope::Ancestor) => Text {
            ja: format!("{}又はその上位の{}", place.name.ja, role.ja),
            en: format!("{} of {} or above", role.en, place.name.en),
        },
        _ => Text {
            ja: format!("{}の{}", place.name.ja, role.ja),
            en: format!("{} of {}", role.en, place.name.en),
        },
    }
}

fn parsed<T: std::str::FromStr>(row: &Row, column: &str) -> Result<T, StoreError> {
    row.get_text(column)?.parse().map_err(|_| damaged(row, column))
}

fn damaged(row: &Row, column: &str) -> StoreError {
    let id = row.get_text("id").or_else(|_| row.get_text("case_id")).unwrap_or("?");
    StoreError::Damaged {
        place: format!("approval `{id}`, column `{column}`"),
        what: "its value can't be read; run `sekisho ledger rebuild`".to_owned(),
    }
}

fn small(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
