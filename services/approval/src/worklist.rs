//! What a person sees: the worklist (今日すること), one case, lists of cases. Nobody sees a case that does not concern them.

use std::collections::{BTreeMap, BTreeSet};

use sekisho_identity::Principal;
use sekisho_policy::{Permission, Policy, UnitId};
use sekisho_store::{ReadTx, Row, StoreError, Value};

use crate::plan::UPWARDS;
use crate::projection::RAISED;
use crate::rows::{
    Ask, Mark, Now, STEP, SUMMARY, Step, asked, case, case_by_id, marks_of, step, steps_of, valid_marks,
};
use crate::standing::{Office, Officer};
use crate::{
    Approval, ApprovalError, Case, CaseId, CasePage, CaseQuery, CaseState, CaseView, Counts, StepState,
    StepView, Task, TaskKind, day,
};

/// A worklist shows so many entries of each kind at most; the oldest come first.
const MAX_TASKS: u32 = 1000;

impl Approval {
    /// What waits for this person, the most urgent first: to decide, to re-read, returned, own drafts that wait.
    ///
    /// # Errors
    /// When the store fails.
    pub fn worklist(&self, principal: &Principal) -> Result<Vec<Task>, ApprovalError> {
        let clock = self.store.clock().now_ms();
        self.store.read(|tx| {
            let mut ask = tx;
            let now = ask.now(clock)?;
            let mut office = Office::open(&mut ask, &self.policy, now)?;
            let Some(me) = office.officer(&mut ask, principal.person.id.as_str())? else {
                return Ok(Vec::new());
            };
            let mut tasks = self.to_decide(tx, &mut office, &me)?;
            tasks.extend(to_reread(tx, &me)?);
            tasks.extend(self.own(tx, &mut office, &me)?);
            tasks.sort_by(|a, b| {
                let late =
                    |task: &Task| (task.kind, !task.overdue, task.due.unwrap_or(jiff::civil::Date::MAX));
                late(a).cmp(&late(b)).then(a.since_ms.cmp(&b.since_ms)).then(a.case.cmp(&b.case))
            });
            Ok(tasks)
        })
    }

    /// How many entries of each kind the worklist has.
    ///
    /// # Errors
    /// When the store fails.
    pub fn counts(&self, principal: &Principal) -> Result<Counts, ApprovalError> {
        let mut counts = Counts::default();
        for task in self.worklist(principal)? {
            let count = match task.kind {
                TaskKind::Decide => &mut counts.decide,
                TaskKind::Reread => &mut counts.reread,
                TaskKind::Returned => &mut counts.returned,
                TaskKind::Waiting => &mut counts.waiting,
            };
            *count = count.saturating_add(1);
            if task.kind == TaskKind::Decide && task.overdue {
                counts.overdue = counts.overdue.saturating_add(1);
            }
        }
        Ok(counts)
    }

    /// One case with its steps and marks.
    ///
    /// # Errors
    /// `NotFound` also when it is not this person's to see.
    pub fn case(&self, principal: &Principal, id: &CaseId) -> Result<CaseView, ApprovalError> {
        let clock = self.store.clock().now_ms();
        self.store.read(|tx| {
            let mut ask = tx;
            let now = ask.now(clock)?;
            let case = case_by_id(&mut ask, id)?;
            if !self.may_see(&mut ask, principal, &case, now)? {
                return Err(ApprovalError::NotFound { what: id.to_string() });
            }
            self.view(tx, principal, case, now)
        })
    }

    /// Cases that this person may see, newest first, without their content.
    ///
    /// # Errors
    /// When the store fails.
    pub fn cases(&self, principal: &Principal, query: &CaseQuery) -> Result<CasePage, ApprovalError> {
        let clock = self.store.clock().now_ms();
        self.store.read(|tx| {
            let mut ask = tx;
            let now = ask.now(clock)?;
            let mut office = Office::open(&mut ask, &self.policy, now)?;
            let Some(me) = office.officer(&mut ask, principal.person.id.as_str())? else {
                return Ok(CasePage { cases: Vec::new(), total: 0 });
            };
            let mut filter = Filter::default();
            self.visible(&mut ask, principal, &mut office, &me, &mut filter)?;
            filter.narrow(query);
            let counted =
                tx.query(&format!("SELECT COUNT(*) AS total FROM approval_cases c WHERE {}", filter.sql), &filter.params)?;
            let limit = if query.limit == 0 { 100 } else { query.limit.min(1000) };
            let rows = tx.query(
                &format!(
                    "SELECT {SUMMARY} FROM approval_cases c WHERE {} ORDER BY c.created_ms DESC, c.id LIMIT {limit} OFFSET {}",
                    filter.sql, query.offset
                ),
                &filter.params,
            )?;
            Ok(CasePage {
                cases: rows.iter().map(|row| case(row, false)).collect::<Result<_, _>>()?,
                total: counted.first().map_or(Ok(0), |row| row.get_u64("total"))?,
            })
        })
    }

    fn view(
        &self,
        tx: &ReadTx,
        principal: &Principal,
        case: Case,
        now: Now,
    ) -> Result<CaseView, ApprovalError> {
        let mut ask = tx;
        let me = principal.person.id.as_str();
        let mut office = Office::open(&mut ask, &self.policy, now)?;
        let (steps, marks) = (steps_of(&mut ask, &case)?, marks_of(&mut ask, &case.id)?);
        let (mut capacity, mut action, mut blocked, mut views) = (None, None, Vec::new(), Vec::new());
        for step in &steps {
            let open = step.state == StepState::Open && case.state == CaseState::Open;
            let able = if open { office.able(&mut ask, &case, step, &marks)? } else { Vec::new() };
            if open && let Some(why) = office.blocked(&mut ask, &case, step, &marks)? {
                blocked.push(why);
            }
            if capacity.is_none()
                && let Some(mine) = able.iter().find(|standing| standing.officer.id == me)
            {
                capacity = Some(mine.capacity);
                action = Some(step.plan.action);
            }
            views.push(StepView {
                position: step.position,
                stage: step.stage,
                action: step.plan.action,
                delegated: step.plan.delegated,
                role: step.plan.role.clone(),
                asked: asked(&self.policy, &step.plan, &case.unit),
                quorum: step.plan.quorum,
                state: step.state,
                opened_ms: step.opened_ms,
                due: step.due_ms.map(day::day_of),
                overdue: open && step.is_overdue(now),
                raised_to: step.raised_to.as_ref().and_then(|unit| unit.parse().ok()),
                able: able.iter().map(|standing| standing.officer.name.clone()).collect(),
            });
        }
        let rereads = tx.query(
            "SELECT mark FROM approval_rereads WHERE case_id = ?1 AND person = ?2 AND done_ms IS NULL LIMIT 1",
            &[case.id.as_str().into(), me.into()],
        )?;
        let changeable = matches!(case.state, CaseState::Open | CaseState::Returned);
        Ok(CaseView {
            capacity,
            action,
            to_reread: !rereads.is_empty(),
            is_mine: case.drafter.as_str() == me && changeable,
            blocked,
            steps: views,
            marks: marks.into_iter().map(|mark| mark.view).collect(),
            case,
        })
    }

    fn to_decide(&self, tx: &ReadTx, office: &mut Office<'_>, me: &Officer) -> Result<Vec<Task>, StoreError> {
        let mut ask = tx;
        let mut filter = Filter::default();
        self.asked_of(&mut ask, office, me, &mut filter)?;
        let rows = tx.query(
            &format!(
                "SELECT DISTINCT {SUMMARY}, {STEP} FROM approval_asked a
                 JOIN approval_cases c ON c.id = a.case_id
                 JOIN approval_steps s ON s.case_id = c.id AND s.round = c.round AND s.position = a.position
                 WHERE c.state = 'open' AND s.state = 'open' AND ({})
                 ORDER BY c.created_ms, c.id, s.position LIMIT {MAX_TASKS}",
                filter.sql
            ),
            &filter.params,
        )?;
        let found = rows
            .iter()
            .map(|row| Ok((case(row, false)?, step(row)?)))
            .collect::<Result<Vec<(Case, Step)>, StoreError>>()?;
        let ids: Vec<&CaseId> = found.iter().map(|(case, _)| &case.id).collect();
        let marks = valid_marks(&mut ask, &ids)?;
        let mut tasks = Vec::new();
        let mut seen: BTreeSet<&CaseId> = BTreeSet::new();
        for (case, step) in &found {
            let able = office.able(&mut ask, case, step, marks_for(&marks, case))?;
            let Some(mine) = able.iter().find(|standing| standing.officer.id == me.id) else { continue };
            if !seen.insert(&case.id) {
                continue;
            }
            let mut task = task(TaskKind::Decide, case, step.opened_ms.unwrap_or(case.created_ms));
            task.action = Some(step.plan.action);
            task.capacity = Some(mine.capacity);
            task.due = step.due_ms.map(day::day_of);
            task.overdue = step.is_overdue(office.now);
            tasks.push(task);
        }
        Ok(tasks)
    }

    /// One's own drafts: returned, or waiting for others.
    fn own(&self, tx: &ReadTx, office: &mut Office<'_>, me: &Officer) -> Result<Vec<Task>, StoreError> {
        let mut ask = tx;
        let rows = tx.query(
            &format!(
                "SELECT {SUMMARY} FROM approval_cases c WHERE c.drafter = ?1 AND c.state IN ('open', 'returned')
                 ORDER BY c.created_ms LIMIT {MAX_TASKS}"
            ),
            &[Value::from(&me.id)],
        )?;
        let cases = rows.iter().map(|row| case(row, false)).collect::<Result<Vec<_>, _>>()?;
        let ids: Vec<&CaseId> = cases.iter().map(|case| &case.id).collect();
        let marks = valid_marks(&mut ask, &ids)?;
        let mut tasks = Vec::new();
        for case in &cases {
            if case.state == CaseState::Returned {
                let mut task = task(TaskKind::Returned, case, case.updated_ms);
                task.note.clone_from(&case.reason);
                task.due = case.due;
                task.overdue = case.due.is_some_and(|due| due < office.now.today);
                tasks.push(task);
                continue;
            }
            let marks = marks_for(&marks, case);
            let mut entry = task(TaskKind::Waiting, case, case.updated_ms);
            let mut names: Vec<String> = Vec::new();
            for step in steps_of(&mut ask, case)?.iter().filter(|step| step.state == StepState::Open) {
                for standing in office.able(&mut ask, case, step, marks)? {
                    if !names.contains(&standing.officer.name) {
                        names.push(standing.officer.name.clone());
                    }
                }
                entry.overdue |= step.is_overdue(office.now);
                entry.due = entry.due.into_iter().chain(step.due_ms.map(day::day_of)).min();
                if entry.blocked.is_none() {
                    entry.blocked = office.blocked(&mut ask, case, step, marks)?;
                }
            }
            entry.note = names.join("、");
            tasks.push(entry);
        }
        Ok(tasks)
    }

    /// Whether a person may see a case: its drafter, whoever decides, decided or re-reads, and by permission.
    pub(crate) fn may_see(
        &self,
        ask: &mut impl Ask,
        principal: &Principal,
        case: &Case,
        now: Now,
    ) -> Result<bool, StoreError> {
        let mut office = Office::open(ask, &self.policy, now)?;
        let Some(me) = office.officer(ask, principal.person.id.as_str())? else { return Ok(false) };
        let mut filter = Filter::default();
        self.visible(ask, principal, &mut office, &me, &mut filter)?;
        filter.push(" AND c.id = ?", [case.id.as_str().into()]);
        let found =
            ask.ask(&format!("SELECT c.id FROM approval_cases c WHERE {}", filter.sql), &filter.params)?;
        Ok(!found.is_empty())
    }

    fn visible(
        &self,
        ask: &mut impl Ask,
        principal: &Principal,
        office: &mut Office<'_>,
        me: &Officer,
        filter: &mut Filter,
    ) -> Result<(), StoreError> {
        let sees_all = [Permission::ViewAll, Permission::Audit]
            .into_iter()
            .any(|permission| principal.may(permission) && office.allows(me, permission));
        if sees_all {
            filter.push("1 = 1", []);
            return Ok(());
        }
        filter.push("(c.drafter = ?", [Value::from(&me.id)]);
        for table in ["approval_marks", "approval_rereads"] {
            filter.push(
                &format!(" OR c.id IN (SELECT case_id FROM {table} WHERE person = ?)"),
                [Value::from(&me.id)],
            );
        }
        if principal.may(Permission::ViewOwnUnit) && office.allows(me, Permission::ViewOwnUnit) {
            filter.push(" OR c.unit IN (", []);
            filter.units(&self.policy, &me.unit);
            filter.push(")", []);
        }
        filter.push(" OR EXISTS (SELECT 1 FROM approval_asked a WHERE a.case_id = c.id AND (", []);
        self.asked_of(ask, office, me, filter)?;
        filter.push(")))", []);
        Ok(())
    }

    /// The condition on `approval_asked a` (and `c.unit`) that finds what this person may be asked, in any capacity.
    fn asked_of(
        &self,
        ask: &mut impl Ask,
        office: &mut Office<'_>,
        me: &Officer,
        filter: &mut Filter,
    ) -> Result<(), StoreError> {
        filter.push("(a.role = ? AND a.place = ?)", [RAISED.into(), Value::from(&me.unit)]);
        let mut offices: BTreeMap<(String, String), ()> = BTreeMap::new();
        for role in &me.roles {
            offices.insert((role.clone(), me.unit.clone()), ());
        }
        for absent in office.stands_in_for(ask, &me.id)? {
            for role in &absent.roles {
                offices.insert((role.clone(), absent.unit.clone()), ());
            }
        }
        for (role, unit) in offices.keys() {
            filter.push(
                " OR (a.role = ? AND (a.place IN ('', ?) OR a.place = ? AND c.unit IN (",
                [Value::from(role), Value::from(unit), UPWARDS.into()],
            );
            filter.units(&self.policy, unit);
            filter.push(")))", []);
        }
        Ok(())
    }
}

/// A condition with its parameters, built up together.
#[derive(Default)]
struct Filter {
    sql: String,
    params: Vec<Value>,
}

impl Filter {
    /// Each `?` takes the next value.
    fn push<const N: usize>(&mut self, condition: &str, values: [Value; N]) {
        let mut values = values.into_iter();
        for (index, part) in condition.split('?').enumerate() {
            if index > 0 {
                self.params.push(values.next().unwrap_or(Value::Null));
                self.sql.push_str(&format!("?{}", self.params.len()));
            }
            self.sql.push_str(part);
        }
    }

    /// The unit and those below it, as a list.
    fn units(&mut self, policy: &Policy, unit: &str) {
        let Ok(own) = unit.parse::<UnitId>() else {
            self.push("?", [unit.into()]);
            return;
        };
        self.push("?", [own.as_str().into()]);
        for below in policy.units.iter().filter(|below| below.id != own && policy.is_within(&below.id, &own))
        {
            self.push(", ?", [below.id.as_str().into()]);
        }
    }

    fn narrow(&mut self, query: &CaseQuery) {
        let text = query.text.trim().to_lowercase();
        if !text.is_empty() {
            let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            self.push(" AND c.search LIKE ? ESCAPE '\\'", [format!("%{escaped}%").into()]);
        }
        if let Some(state) = query.state {
            self.push(" AND c.state = ?", [state.id().into()]);
        }
        if let Some(kind) = &query.kind {
            self.push(" AND c.kind = ?", [kind.into()]);
        }
        if let Some(unit) = &query.unit {
            self.push(" AND c.unit = ?", [unit.as_str().into()]);
        }
        if let Some(drafter) = &query.drafter {
            self.push(" AND c.drafter = ?", [drafter.as_str().into()]);
        }
    }
}

fn to_reread(tx: &ReadTx, me: &Officer) -> Result<Vec<Task>, StoreError> {
    let rows = tx.query(
        &format!(
            "SELECT {SUMMARY}, r.since_ms FROM approval_rereads r JOIN approval_cases c ON c.id = r.case_id
             WHERE r.person = ?1 AND r.done_ms IS NULL ORDER BY r.since_ms, c.id LIMIT {MAX_TASKS}"
        ),
        &[Value::from(&me.id)],
    )?;
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut tasks = Vec::new();
    let entry = |row: &Row| {
        Ok::<Task, StoreError>(task(TaskKind::Reread, &case(row, false)?, row.get_i64("since_ms")?))
    };
    for row in &rows {
        let task = entry(row)?;
        if seen.insert(task.case.to_string()) {
            tasks.push(task);
        }
    }
    Ok(tasks)
}

fn marks_for<'m>(marks: &'m BTreeMap<String, Vec<Mark>>, case: &Case) -> &'m [Mark] {
    marks.get(case.id.as_str()).map_or(&[], Vec::as_slice)
}

fn task(kind: TaskKind, case: &Case, since_ms: i64) -> Task {
    Task {
        kind,
        case: case.id.clone(),
        number: case.number.clone(),
        title: case.title.clone(),
        case_kind: case.kind.clone(),
        link: case.link.clone(),
        digest: case.digest.clone(),
        drafter_name: case.drafter_name.clone(),
        unit: case.unit.clone(),
        action: None,
        capacity: None,
        since_ms,
        due: None,
        overdue: false,
        note: String::new(),
        blocked: None,
    }
}
