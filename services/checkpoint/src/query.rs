//! Lists and single transfers, each as far as the person who looks may see.

use sekisho_identity::Principal;
use sekisho_policy::{Permission, UnitId, ZoneId};
use sekisho_store::{ReadTx, Row, StoreError, Value};

use crate::model::{ApprovalView, FileView, TransferRow, TransferView};
use crate::{Capacity, Checkpoint, CheckpointError, FileState, TransferId, TransferState};

/// The columns of a row, for every list.
pub(crate) const COLUMNS: &str = "id, created_ms, updated_ms, from_zone, to_zone, approving_zone, conduit, applicant, applicant_name, unit, recipient, purpose, state, digest, route, step, release_seq, policy_digest, reason, total_bytes, names";

/// Units that are looked up one by one in a list; beyond that, together.
const MOST_BRANCHES: usize = 40;

/// What to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TransferQuery {
    /// Words that must all occur in the id, purpose, applicant or file names.
    pub text: String,
    /// Only this state.
    pub state: Option<TransferState>,
    /// Only transfers to this zone.
    pub to: Option<ZoneId>,
    /// Only one's own and those addressed to oneself.
    pub mine: bool,
    /// Only transfers with a file that crossed, or is to cross, by an exception.
    pub exceptions: bool,
    /// Submitted at or after, milliseconds since the epoch.
    pub since_ms: Option<i64>,
    /// Submitted before.
    pub until_ms: Option<i64>,
    /// Lines to skip.
    pub offset: u32,
    /// Lines to give; 0 means 50, 1,000 at most.
    pub limit: u32,
}

/// Lines, and whether more follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The lines, newest first.
    pub rows: Vec<TransferRow>,
    /// Whether more follow after these.
    pub more: bool,
}

impl Checkpoint {
    /// Lists transfers that touch the person's zone.
    ///
    /// # Errors
    /// The store.
    pub fn list(&self, principal: &Principal, query: &TransferQuery) -> Result<Page, CheckpointError> {
        let limit = if query.limit == 0 { 50 } else { query.limit.min(1_000) };
        let mut filter = Filter::default();
        let zone = filter.bind(principal.zone.as_str());
        filter.and(format!("(from_zone = {zone} OR to_zone = {zone})"));
        let mine = self.restrict(&mut filter, principal, query.mine);
        for word in query.text.to_lowercase().split_whitespace().take(8) {
            let escaped = word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            let word = filter.bind(format!("%{escaped}%"));
            filter.and(format!("search LIKE {word} ESCAPE '\\'"));
        }
        if let Some(state) = query.state {
            let state = filter.bind(state.id());
            // Most lines share one state: where a person sees few of them, its index must not be chosen.
            let column = if mine.is_empty() { "state" } else { "COALESCE(state, '')" };
            filter.and(format!("{column} = {state}"));
        }
        if query.exceptions {
            filter.and(
                "EXISTS (SELECT 1 FROM transfer_files x WHERE x.transfer = id AND x.exceptions <> '[]')"
                    .to_owned(),
            );
        }
        if let Some(to) = &query.to {
            let to = filter.bind(to.as_str());
            filter.and(format!("to_zone = {to}"));
        }
        if let Some(since) = query.since_ms {
            let since = filter.bind(since);
            filter.and(format!("created_ms >= {since}"));
        }
        if let Some(until) = query.until_ms {
            let until = filter.bind(until);
            filter.and(format!("created_ms < {until}"));
        }
        let wanted = limit.saturating_add(1);
        let reach = u64::from(query.offset).saturating_add(u64::from(wanted));
        let sql = format!(
            "SELECT {COLUMNS} FROM transfers WHERE {} ORDER BY created_ms DESC, id LIMIT {wanted} OFFSET {}",
            filter.newest_of(&mine, reach),
            query.offset
        );
        let rows = self.store.read(|tx| tx.query(&sql, &filter.params))?;
        let more = rows.len() > usize::try_from(limit).unwrap_or(usize::MAX);
        let rows = rows.iter().take(usize::try_from(limit).unwrap_or(usize::MAX)).map(row_view);
        Ok(Page { rows: rows.collect::<Result<_, _>>()?, more })
    }

    /// What waits for this person's decision in this zone, oldest first.
    ///
    /// # Errors
    /// The store.
    pub fn to_decide(&self, principal: &Principal) -> Result<Vec<(TransferRow, Capacity)>, CheckpointError> {
        let me = principal.person.id.to_string();
        let found = self.store.read(|tx| -> Result<_, StoreError> {
            let mut found = Vec::new();
            for row in crate::approval::rows_for_decision(tx, principal.zone.as_str())? {
                let Some(capacity) = self.may_decide(principal, &row)? else { continue };
                if !has_decided(tx, row.get_text("id")?, &me)? {
                    found.push((row_view(&row)?, capacity));
                }
            }
            Ok(found)
        })?;
        Ok(found)
    }

    /// One transfer with its files and decisions.
    ///
    /// # Errors
    /// `NotFound` when it does not exist or the person may not see it; the second is written to the ledger.
    pub fn transfer(&self, principal: &Principal, id: &TransferId) -> Result<TransferView, CheckpointError> {
        let me = principal.person.id.to_string();
        let found = self.store.read(|tx| -> Result<_, StoreError> {
            let rows = tx.query(
                &format!("SELECT {COLUMNS} FROM transfers WHERE id = ?1"),
                &[Value::from(id.as_str())],
            )?;
            let Some(row) = rows.first() else { return Ok(None) };
            let files = tx.query(
                "SELECT * FROM transfer_files WHERE transfer = ?1 ORDER BY position",
                &[Value::from(id.as_str())],
            )?;
            let decisions = tx.query(
                "SELECT * FROM transfer_decisions WHERE transfer = ?1 ORDER BY seq",
                &[Value::from(id.as_str())],
            )?;
            let decided = decisions.iter().any(|d| d.get_text("person").is_ok_and(|person| person == me));
            let capacity = if decided { None } else { self.may_decide(principal, row)? };
            let visible = decided || capacity.is_some() || self.may_see(principal, row)?;
            Ok(Some((view(row, &files, &decisions)?, capacity, visible)))
        })?;
        let Some((mut view, capacity, visible)) = found else {
            return Err(CheckpointError::NotFound { what: id.to_string() });
        };
        if !visible {
            return Err(self.note_foreign(principal, id.as_str()));
        }
        view.capacity = capacity;
        view.may_decide = capacity.is_some();
        view.may_withdraw = view.row.applicant == me
            && matches!(
                view.row.state,
                TransferState::Received | TransferState::Disarming | TransferState::Awaiting
            );
        view.may_receive = view.row.state == TransferState::Receivable
            && view.row.to == principal.zone
            && (view.row.applicant == me || view.row.recipient == me)
            && principal.may(Permission::ReceiveTransfer);
        Ok(view)
    }

    fn may_see(&self, principal: &Principal, row: &Row) -> Result<bool, StoreError> {
        let zone = principal.zone.as_str();
        if row.get_text("from_zone")? != zone && row.get_text("to_zone")? != zone {
            return Ok(false);
        }
        let me = principal.person.id.as_ref();
        if row.get_text("applicant")? == me || row.get_text("recipient")? == me {
            return Ok(true);
        }
        if principal.may(Permission::ViewAll) || principal.may(Permission::Audit) {
            return Ok(true);
        }
        let unit = row.get_text("unit")?;
        Ok(principal.may(Permission::ViewOwnUnit) && self.units_below(&principal.person.unit).contains(&unit))
    }

    /// The conditions of which a line has to fulfil at least one; none when the person may see every line.
    fn restrict(&self, filter: &mut Filter, principal: &Principal, mine: bool) -> Vec<String> {
        let all = principal.may(Permission::ViewAll) || principal.may(Permission::Audit);
        if all && !mine {
            return Vec::new();
        }
        let me = filter.bind(principal.person.id.to_string());
        let mut either = vec![format!("applicant = {me}"), format!("recipient = {me}")];
        if !mine && principal.may(Permission::ViewOwnUnit) {
            let units = self.units_below(&principal.person.unit);
            let units: Vec<String> = units.into_iter().map(|unit| filter.bind(unit)).collect();
            if units.len() > MOST_BRANCHES {
                either.push(format!("unit IN ({})", units.join(", ")));
            } else {
                either.extend(units.into_iter().map(|unit| format!("unit = {unit}")));
            }
        }
        either
    }

    fn units_below(&self, unit: &UnitId) -> Vec<&str> {
        let below = self.policy.units.iter().filter(|candidate| self.policy.is_within(&candidate.id, unit));
        let mut units: Vec<&str> = below.map(|candidate| candidate.id.as_str()).collect();
        if units.is_empty() {
            // A person whose unit a policy revision removed still sees nothing but their own.
            units.push("");
        }
        units
    }
}

/// A WHERE clause under construction.
#[derive(Default)]
struct Filter {
    sql: String,
    params: Vec<Value>,
}

impl Filter {
    /// Adds a value and gives its placeholder.
    fn bind(&mut self, value: impl Into<Value>) -> String {
        self.params.push(value.into());
        format!("?{}", self.params.len())
    }

    fn and(&mut self, condition: String) {
        if !self.sql.is_empty() {
            self.sql.push_str(" AND ");
        }
        self.sql.push_str(&condition);
    }

    /// The condition together with at least one of `either`. An OR over several columns would make the database sort
    /// everything that a person may see; each column by itself gives its newest `reach` lines from its index.
    fn newest_of(&self, either: &[String], reach: u64) -> String {
        if either.is_empty() {
            return self.sql.clone();
        }
        let branches = either.iter().enumerate().map(|(number, one)| {
            format!(
                "SELECT id FROM (SELECT id FROM transfers WHERE {one} AND {} ORDER BY created_ms DESC, id LIMIT {reach}) AS b{number}",
                self.sql
            )
        });
        format!("id IN ({})", branches.collect::<Vec<_>>().join(" UNION "))
    }
}

fn has_decided(tx: &ReadTx, id: &str, person: &str) -> Result<bool, StoreError> {
    let rows = tx.query(
        "SELECT seq FROM transfer_decisions WHERE transfer = ?1 AND person = ?2 LIMIT 1",
        &[Value::from(id), Value::from(person)],
    )?;
    Ok(!rows.is_empty())
}

fn damaged(column: &str, value: &str) -> StoreError {
    StoreError::Damaged {
        place: format!("transfers.{column}"),
        what: format!("`{value}` is not a value of this column"),
    }
}

fn parsed<T: std::str::FromStr>(row: &Row, column: &str) -> Result<T, StoreError> {
    let text = row.get_text(column)?;
    text.parse().map_err(|_| damaged(column, text))
}

pub(crate) fn row_view(row: &Row) -> Result<TransferRow, StoreError> {
    let state = row.get_text("state")?;
    let names = row.get_json("names")?;
    let names =
        names.as_array().map(|list| list.iter().filter_map(|n| n.as_str()).map(ToOwned::to_owned).collect());
    Ok(TransferRow {
        id: parsed(row, "id")?,
        created_ms: row.get_i64("created_ms")?,
        updated_ms: row.get_i64("updated_ms")?,
        from: parsed(row, "from_zone")?,
        to: parsed(row, "to_zone")?,
        conduit: parsed(row, "conduit")?,
        applicant: row.get_text("applicant")?.to_owned(),
        applicant_name: row.get_text("applicant_name")?.to_owned(),
        unit: parsed(row, "unit")?,
        recipient: row.get_text("recipient")?.to_owned(),
        purpose: row.get_text("purpose")?.to_owned(),
        state: TransferState::from_id(state).ok_or_else(|| damaged("state", state))?,
        file_names: names.unwrap_or_default(),
        total_bytes: row.get_i64("total_bytes")?,
        release_seq: row.get_opt_i64("release_seq")?.and_then(|seq| u64::try_from(seq).ok()),
    })
}

fn view(row: &Row, files: &[Row], decisions: &[Row]) -> Result<TransferView, StoreError> {
    Ok(TransferView {
        digest: row.get_text("digest")?.to_owned(),
        step: u32::try_from(row.get_i64("step")?).unwrap_or(0),
        reason: row.get_text("reason")?.to_owned(),
        policy_digest: row.get_text("policy_digest")?.to_owned(),
        files: files.iter().map(file_view).collect::<Result<_, _>>()?,
        approvals: decisions.iter().map(decision_view).collect::<Result<_, _>>()?,
        row: row_view(row)?,
        may_decide: false,
        capacity: None,
        may_withdraw: false,
        may_receive: false,
    })
}

fn file_view(row: &Row) -> Result<FileView, StoreError> {
    let state = row.get_text("state")?;
    let owned = |column: &str| row.get_text(column).map(ToOwned::to_owned);
    let json = |column: &str| row.get_text(column).map(ToOwned::to_owned);
    let refusal = match row.get_opt_text("refusal")? {
        Some(text) => serde_json::from_str(text).map_err(|_| damaged("refusal", text))?,
        None => None,
    };
    let (removed, findings, exceptions) = (json("removed")?, json("findings")?, json("exceptions")?);
    Ok(FileView {
        id: parsed(row, "id")?,
        name: owned("name")?,
        given_name: row.get_opt_text("given_name")?.map(ToOwned::to_owned),
        original_sha256: owned("original_sha256")?,
        original_bytes: row.get_i64("original_bytes")?,
        declared: owned("declared")?,
        detected: owned("detected")?,
        state: FileState::from_id(state).ok_or_else(|| damaged("state", state))?,
        method: owned("method")?,
        output_sha256: owned("output_sha256")?,
        output_bytes: row.get_i64("output_bytes")?,
        output_format: owned("output_format")?,
        output_name: owned("output_name")?,
        removed: serde_json::from_str(&removed).map_err(|_| damaged("removed", &removed))?,
        refusal,
        exceptions: serde_json::from_str(&exceptions).map_err(|_| damaged("exceptions", &exceptions))?,
        findings: serde_json::from_str(&findings).map_err(|_| damaged("findings", &findings))?,
        original_disposed_ms: row.get_opt_i64("original_disposed_ms")?,
        output_disposed_ms: row.get_opt_i64("output_disposed_ms")?,
    })
}

fn decision_view(row: &Row) -> Result<ApprovalView, StoreError> {
    Ok(ApprovalView {
        step: u32::try_from(row.get_i64("step")?).unwrap_or(0),
        person: row.get_text("person")?.to_owned(),
        person_name: row.get_text("person_name")?.to_owned(),
        capacity: if row.get_text("capacity")? == "deputy" { Capacity::Deputy } else { Capacity::Holder },
        decision: row.get_text("decision")?.to_owned(),
        comment: row.get_text("comment")?.to_owned(),
        at_ms: row.get_i64("at_ms")?,
        seq: u64::try_from(row.get_i64("seq")?).unwrap_or(0),
    })
}
