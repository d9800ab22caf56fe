//! The tables that worklists and pages read: rebuilt from the `approval.*` events at any time, written nowhere else.
//!
//! Once the payload of any event of a case is disposed of, the whole case leaves the tables; the events' proofs stay.

use serde_json::Value as Json;

use sekisho_store::{DISPOSED, Event, Projection, Sql, StoreError, TableDef, Value};

use crate::day;
use crate::plan::{PlannedStep, place};

/// Projects `approval.*` events.
pub(crate) struct Cases;

static TABLES: [TableDef; 8] = [
    TableDef::new(
        "approval_cases",
        "CREATE TABLE approval_cases (
            id TEXT NOT NULL PRIMARY KEY, seq BIGINT NOT NULL, number TEXT NOT NULL, fiscal_year BIGINT NOT NULL,
            kind TEXT NOT NULL, title TEXT NOT NULL, content TEXT NOT NULL, digest TEXT NOT NULL, link TEXT NOT NULL,
            route TEXT NOT NULL, drafter TEXT NOT NULL, drafter_name TEXT NOT NULL, unit TEXT NOT NULL,
            amount BIGINT, class_rank BIGINT, due TEXT, effect BIGINT NOT NULL, state TEXT NOT NULL,
            round BIGINT NOT NULL, created_ms BIGINT NOT NULL, updated_ms BIGINT NOT NULL, reason TEXT NOT NULL,
            search TEXT NOT NULL);
          CREATE INDEX approval_cases_state ON approval_cases (state, created_ms);
          CREATE INDEX approval_cases_created ON approval_cases (created_ms);
          CREATE INDEX approval_cases_drafter ON approval_cases (drafter, state);
          CREATE INDEX approval_cases_unit ON approval_cases (unit, created_ms)",
        "id",
    ),
    TableDef::new(
        "approval_steps",
        "CREATE TABLE approval_steps (
            case_id TEXT NOT NULL, round BIGINT NOT NULL, position BIGINT NOT NULL, stage BIGINT NOT NULL,
            plan TEXT NOT NULL, state TEXT NOT NULL, opened_ms BIGINT, due_ms BIGINT, raised_to TEXT, raised_ms BIGINT,
            PRIMARY KEY (case_id, round, position));
          CREATE INDEX approval_steps_state ON approval_steps (state, due_ms)",
        "case_id, round, position",
    ),
    // Who is asked, for open steps only, so that a worklist looks at little.
    TableDef::new(
        "approval_asked",
        "CREATE TABLE approval_asked (
            case_id TEXT NOT NULL, position BIGINT NOT NULL, role TEXT NOT NULL, place TEXT NOT NULL,
            PRIMARY KEY (case_id, position, role, place));
          CREATE INDEX approval_asked_role ON approval_asked (role, place)",
        "case_id, position, role, place",
    ),
    TableDef::new(
        "approval_marks",
        "CREATE TABLE approval_marks (
            seq BIGINT NOT NULL PRIMARY KEY, case_id TEXT NOT NULL, round BIGINT NOT NULL, position BIGINT NOT NULL,
            person TEXT NOT NULL, person_name TEXT NOT NULL, capacity TEXT NOT NULL, in_place_of TEXT NOT NULL,
            decision TEXT NOT NULL, digest TEXT NOT NULL, comment TEXT NOT NULL, at_ms BIGINT NOT NULL,
            voided BIGINT NOT NULL);
          CREATE INDEX approval_marks_case ON approval_marks (case_id, seq);
          CREATE INDEX approval_marks_person ON approval_marks (person, at_ms)",
        "seq",
    ),
    TableDef::new(
        "approval_rereads",
        "CREATE TABLE approval_rereads (
            mark BIGINT NOT NULL, person TEXT NOT NULL, case_id TEXT NOT NULL, since_ms BIGINT NOT NULL, done_ms BIGINT,
            PRIMARY KEY (mark, person));
          CREATE INDEX approval_rereads_person ON approval_rereads (person, done_ms);
          CREATE INDEX approval_rereads_case ON approval_rereads (case_id)",
        "mark, person",
    ),
    TableDef::new(
        "approval_absences",
        "CREATE TABLE approval_absences (
            seq BIGINT NOT NULL PRIMARY KEY, person TEXT NOT NULL, from_day TEXT NOT NULL, to_day TEXT NOT NULL,
            deputy TEXT);
          CREATE INDEX approval_absences_to ON approval_absences (to_day);
          CREATE INDEX approval_absences_person ON approval_absences (person)",
        "seq",
    ),
    TableDef::new(
        "approval_numbers",
        "CREATE TABLE approval_numbers (series TEXT NOT NULL PRIMARY KEY, last BIGINT NOT NULL)",
        "series",
    ),
    TableDef::new(
        "approval_events",
        "CREATE TABLE approval_events (seq BIGINT NOT NULL PRIMARY KEY, case_id TEXT NOT NULL);
          CREATE INDEX approval_events_case ON approval_events (case_id)",
        "seq",
    ),
];

impl Projection for Cases {
    fn name(&self) -> &str {
        "approvals"
    }

    fn tables(&self) -> &[TableDef] {
        &TABLES
    }

    fn apply(&self, tx: &mut dyn Sql, event: &Event) -> Result<(), StoreError> {
        match (event.kind.as_str(), &event.body) {
            (DISPOSED, _) => disposed(tx, event),
            ("approval.numbered", _) => numbered(tx, event),
            ("approval.absence-set", Some(body)) => absent(tx, event, body),
            ("approval.absence-cleared", Some(body)) => {
                tx.execute("DELETE FROM approval_absences WHERE seq = ?1", &[integer(body, "absence")])?;
                Ok(())
            }
            ("approval.absence-set" | "approval.absence-cleared", None) => Ok(()),
            ("approval.drafted", Some(body)) => {
                drafted(tx, event, body)?;
                remember(tx, event)
            }
            (kind, body) if kind.starts_with("approval.") => of_case(tx, event, kind, body.as_ref()),
            _ => Ok(()),
        }
    }
}

fn of_case(tx: &mut dyn Sql, event: &Event, kind: &str, body: Option<&Json>) -> Result<(), StoreError> {
    let found = tx.query("SELECT round FROM approval_cases WHERE id = ?1", &[subject(event)])?;
    let Some(row) = found.first() else { return Ok(()) };
    let round = row.get_i64("round")?;
    let Some(body) = body else { return erase(tx, &event.subject) };
    match kind {
        "approval.agreed" | "approval.decided" => marked(tx, event, body, round)?,
        "approval.rejected" | "approval.returned" => {
            if body.get("position").is_some_and(Json::is_i64) {
                mark(tx, event, body, round, kind)?;
            }
            ended(tx, event, body, kind)?;
        }
        "approval.withdrawn" => ended(tx, event, body, kind)?,
        "approval.revised" => revised(tx, event, body)?,
        "approval.voided" => {
            tx.execute(
                "UPDATE approval_marks SET voided = 1 WHERE case_id = ?1 AND round <= ?2",
                &[subject(event), integer(body, "round")],
            )?;
        }
        "approval.escalated" => raised(tx, event, body, round)?,
        "approval.read-later" => {
            tx.execute(
                "UPDATE approval_rereads SET done_ms = ?3 WHERE case_id = ?1 AND person = ?2 AND done_ms IS NULL",
                &[subject(event), Value::from(&event.actor), Value::from(event.time_ms)],
            )?;
        }
        _ => {}
    }
    remember(tx, event)
}

fn drafted(tx: &mut dyn Sql, event: &Event, body: &Json) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO approval_cases (id, seq, number, fiscal_year, kind, title, content, digest, link, route, drafter,
            drafter_name, unit, amount, class_rank, due, effect, state, round, created_ms, updated_ms, reason, search)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, CAST(?14 AS BIGINT), CAST(?15 AS BIGINT),
            CAST(?16 AS TEXT), ?17, 'open', 1, ?18, ?18, '', ?19)",
        &[
            subject(event),
            number(event.seq),
            text(body, "number"),
            integer(body, "fiscal_year"),
            text(body, "kind"),
            text(body, "title"),
            content(body),
            text(body, "digest"),
            text(body, "link"),
            text(body, "route"),
            text(body, "drafter"),
            text(body, "drafter_name"),
            text(body, "unit"),
            integer(body, "amount"),
            integer(body, "class_rank"),
            text_or_null(body, "due"),
            Value::from(body.get("effect").and_then(Json::as_bool).unwrap_or(false)),
            Value::from(event.time_ms),
            search(body),
        ],
    )?;
    planned(tx, event, body, 1)
}

/// What a search looks in, in lower case.
fn search(body: &Json) -> Value {
    let part = |key: &str| body.get(key).and_then(Json::as_str).unwrap_or_default().to_lowercase();
    Value::from(format!("{}\n{}\n{}", part("number"), part("title"), part("drafter_name")))
}

/// Writes the steps of a round and opens its first stage.
fn planned(tx: &mut dyn Sql, event: &Event, body: &Json, round: i64) -> Result<(), StoreError> {
    for (position, step) in body.get("steps").and_then(Json::as_array).into_iter().flatten().enumerate() {
        let stage = step.get("stage").and_then(Json::as_i64).unwrap_or(0);
        tx.execute(
            "INSERT INTO approval_steps (case_id, round, position, stage, plan, state, opened_ms, due_ms, raised_to, raised_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, 'waiting', NULL, NULL, NULL, NULL)",
            &[
                subject(event),
                Value::from(round),
                Value::from(i64::try_from(position).unwrap_or(i64::MAX)),
                Value::from(stage),
                Value::from(step.to_string()),
            ],
        )?;
    }
    open(tx, event, round, 0)
}

fn open(tx: &mut dyn Sql, event: &Event, round: i64, stage: i64) -> Result<(), StoreError> {
    let cases = tx.query("SELECT unit, due FROM approval_cases WHERE id = ?1", &[subject(event)])?;
    let Some(row) = cases.first() else { return Ok(()) };
    let unit = row.get_text("unit")?;
    let case_due = row.get_opt_text("due")?.and_then(|due| due.parse().ok()).map(day::end_of);
    let steps = tx.query(
        "SELECT position, plan FROM approval_steps WHERE case_id = ?1 AND round = ?2 AND stage = ?3",
        &[subject(event), Value::from(round), Value::from(stage)],
    )?;
    for row in &steps {
        let Ok(step) = serde_json::from_value::<PlannedStep>(row.get_json("plan")?) else { continue };
        let position = row.get_i64("position")?;
        let own = step.due_days.map(|days| day::end_after(event.time_ms, i64::from(days)));
        let due = own.into_iter().chain(case_due).min();
        tx.execute(
            "UPDATE approval_steps SET state = 'open', opened_ms = ?4, due_ms = CAST(?5 AS BIGINT)
             WHERE case_id = ?1 AND round = ?2 AND position = ?3",
            &[
                subject(event),
                Value::from(round),
                Value::from(position),
                Value::from(event.time_ms),
                Value::from(due),
            ],
        )?;
        for role in std::iter::once(&step.role).chain(&step.deputies) {
            asked(tx, event, position, role.as_str(), place(&step, unit))?;
        }
    }
    Ok(())
}

fn asked(tx: &mut dyn Sql, event: &Event, position: i64, role: &str, place: &str) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO approval_asked (case_id, position, role, place) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (case_id, position, role, place) DO NOTHING",
        &[subject(event), Value::from(position), Value::from(role), Value::from(place)],
    )?;
    Ok(())
}

fn mark(tx: &mut dyn Sql, event: &Event, body: &Json, round: i64, kind: &str) -> Result<(), StoreError> {
    let decision = kind.strip_prefix("approval.").unwrap_or(kind);
    let holders: Vec<&str> = body
        .get("in_place_of")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .filter_map(Json::as_str)
        .collect();
    tx.execute(
        "INSERT INTO approval_marks (seq, case_id, round, position, person, person_name, capacity, in_place_of, decision,
            digest, comment, at_ms, voided)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 0)",
        &[
            number(event.seq),
            subject(event),
            Value::from(round),
            integer(body, "position"),
            Value::from(&event.actor),
            text(body, "person_name"),
            text(body, "capacity"),
            Value::from(holders.join(",")),
            Value::from(decision),
            text(body, "digest"),
            text(body, "comment"),
            Value::from(event.time_ms),
        ],
    )?;
    for holder in holders {
        tx.execute(
            "INSERT INTO approval_rereads (mark, person, case_id, since_ms, done_ms) VALUES (?1, ?2, ?3, ?4, NULL)",
            &[number(event.seq), Value::from(holder), subject(event), Value::from(event.time_ms)],
        )?;
    }
    Ok(())
}

fn marked(tx: &mut dyn Sql, event: &Event, body: &Json, round: i64) -> Result<(), StoreError> {
    mark(tx, event, body, round, &event.kind)?;
    let flag = |key: &str| body.get(key).and_then(Json::as_bool).unwrap_or(false);
    if flag("step_done") {
        tx.execute(
            "UPDATE approval_steps SET state = 'done' WHERE case_id = ?1 AND round = ?2 AND position = ?3",
            &[subject(event), Value::from(round), integer(body, "position")],
        )?;
        tx.execute(
            "DELETE FROM approval_asked WHERE case_id = ?1 AND position = ?2",
            &[subject(event), integer(body, "position")],
        )?;
    }
    if let Some(stage) = body.get("next_stage").and_then(Json::as_i64) {
        open(tx, event, round, stage)?;
    }
    let state = if flag("final") { "approved" } else { "open" };
    tx.execute(
        "UPDATE approval_cases SET state = ?2, updated_ms = ?3 WHERE id = ?1",
        &[subject(event), Value::from(state), Value::from(event.time_ms)],
    )?;
    Ok(())
}

fn close_steps(tx: &mut dyn Sql, event: &Event) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE approval_steps SET state = 'closed' WHERE case_id = ?1 AND state IN ('open', 'waiting')",
        &[subject(event)],
    )?;
    tx.execute("DELETE FROM approval_asked WHERE case_id = ?1", &[subject(event)])?;
    Ok(())
}

fn ended(tx: &mut dyn Sql, event: &Event, body: &Json, kind: &str) -> Result<(), StoreError> {
    close_steps(tx, event)?;
    let state = kind.strip_prefix("approval.").unwrap_or(kind);
    tx.execute(
        "UPDATE approval_cases SET state = ?2, updated_ms = ?3, reason = ?4 WHERE id = ?1",
        &[subject(event), Value::from(state), Value::from(event.time_ms), text(body, "comment")],
    )?;
    Ok(())
}

fn revised(tx: &mut dyn Sql, event: &Event, body: &Json) -> Result<(), StoreError> {
    close_steps(tx, event)?;
    let round = body.get("round").and_then(Json::as_i64).unwrap_or(1);
    tx.execute(
        "UPDATE approval_cases SET title = ?2, content = ?3, digest = ?4, amount = CAST(?5 AS BIGINT),
            class_rank = CAST(?6 AS BIGINT), due = CAST(?7 AS TEXT), round = ?8, state = 'open', updated_ms = ?9,
            reason = '', search = ?10, effect = ?11 WHERE id = ?1",
        &[
            subject(event),
            text(body, "title"),
            content(body),
            text(body, "digest"),
            integer(body, "amount"),
            integer(body, "class_rank"),
            text_or_null(body, "due"),
            Value::from(round),
            Value::from(event.time_ms),
            search(body),
            Value::from(body.get("effect").and_then(Json::as_bool).unwrap_or(false)),
        ],
    )?;
    planned(tx, event, body, round)
}

fn raised(tx: &mut dyn Sql, event: &Event, body: &Json, round: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE approval_steps SET raised_to = ?4, raised_ms = ?5
         WHERE case_id = ?1 AND round = ?2 AND position = ?3 AND state = 'open'",
        &[
            subject(event),
            Value::from(round),
            integer(body, "position"),
            text(body, "to"),
            Value::from(event.time_ms),
        ],
    )?;
    let position = body.get("position").and_then(Json::as_i64).unwrap_or(0);
    asked(tx, event, position, RAISED, body.get("to").and_then(Json::as_str).unwrap_or_default())
}

/// Stands in the column `role` of `approval_asked` for "whoever may decide in the unit above"; no role has this name.
pub(crate) const RAISED: &str = "*";

/// The subject is `UNIT/YEAR/COUNT`, which stays when a payload is disposed of: no number is ever given twice.
fn numbered(tx: &mut dyn Sql, event: &Event) -> Result<(), StoreError> {
    let Some((series, count)) = event.subject.rsplit_once('/') else { return Ok(()) };
    tx.execute(
        "INSERT INTO approval_numbers (series, last) VALUES (?1, ?2)
         ON CONFLICT (series) DO UPDATE SET last = excluded.last",
        &[Value::from(series), Value::from(count.parse::<i64>().unwrap_or(0))],
    )?;
    Ok(())
}

fn absent(tx: &mut dyn Sql, event: &Event, body: &Json) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO approval_absences (seq, person, from_day, to_day, deputy) VALUES (?1, ?2, ?3, ?4, CAST(?5 AS TEXT))",
        &[
            number(event.seq),
            subject(event),
            text(body, "from"),
            text(body, "to"),
            text_or_null(body, "deputy"),
        ],
    )?;
    Ok(())
}

fn remember(tx: &mut dyn Sql, event: &Event) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO approval_events (seq, case_id) VALUES (?1, ?2)",
        &[number(event.seq), subject(event)],
    )?;
    Ok(())
}

fn disposed(tx: &mut dyn Sql, event: &Event) -> Result<(), StoreError> {
    let Some(seq) = event.subject.strip_prefix("event:").and_then(|seq| seq.parse::<i64>().ok()) else {
        return Ok(());
    };
    tx.execute("DELETE FROM approval_absences WHERE seq = ?1", &[Value::from(seq)])?;
    let rows = tx.query("SELECT case_id FROM approval_events WHERE seq = ?1", &[Value::from(seq)])?;
    match rows.first() {
        Some(row) => erase(tx, row.get_text("case_id")?),
        None => Ok(()),
    }
}

fn erase(tx: &mut dyn Sql, case: &str) -> Result<(), StoreError> {
    for table in ["approval_steps", "approval_asked", "approval_marks", "approval_rereads", "approval_events"]
    {
        tx.execute(&format!("DELETE FROM {table} WHERE case_id = ?1"), &[Value::from(case)])?;
    }
    tx.execute("DELETE FROM approval_cases WHERE id = ?1", &[Value::from(case)])?;
    Ok(())
}

fn subject(event: &Event) -> Value {
    Value::from(event.subject.as_str())
}

fn number(seq: u64) -> Value {
    Value::from(i64::try_from(seq).unwrap_or(i64::MAX))
}

fn text(body: &Json, key: &str) -> Value {
    Value::from(body.get(key).and_then(Json::as_str).unwrap_or_default())
}

fn text_or_null(body: &Json, key: &str) -> Value {
    Value::from(body.get(key).and_then(Json::as_str).map(str::to_owned))
}

fn integer(body: &Json, key: &str) -> Value {
    Value::from(body.get(key).and_then(Json::as_i64))
}

fn content(body: &Json) -> Value {
    Value::from(body.get("content").unwrap_or(&Json::Null).to_string())
}
