//! Writing rows by hand: who may, what is refused, what waits for approval. A row that was shown in version 3 is changed
//! in version 3 or not at all; the second writer gets the row as it is now.

use sekisho_register::{Action, Definition, Value as Field, Values};
use sekisho_store::WriteTx;
use serde_json::json;

use crate::caller::{Authority, Caller, refused};
use crate::guard::{self, Found};
use crate::rows::{self, Current};
use crate::unit::{self, Done, Origin, Unit};
use crate::{Draft, Inner, Override, Registers, RegistersError, Result, RowId, Saved, approve};

/// Most rows of one call.
const MOST: usize = 2_000;

/// Fewest characters of a reason for an override.
const REASON: usize = 5;

/// One change of one row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Op {
    Save { row: Option<RowId>, base_version: u32, values: Values, overrides: Vec<Override> },
    Remove { row: RowId, base_version: u32 },
}

impl Registers {
    /// Saves a row. `Waiting` when the register's route wants an approval first.
    ///
    /// # Errors
    /// [`RegistersError::Conflict`] with the row as it is now, [`RegistersError::Refused`],
    /// [`RegistersError::IndividualNumber`], [`RegistersError::NotPermitted`], or when the store fails.
    pub fn save(&self, caller: &Caller, register: &str, draft: Draft) -> Result<Saved> {
        let saved = self.save_many(caller, register, vec![draft])?;
        saved.into_iter().next().ok_or_else(|| RegistersError::NotFound("the saved row".to_owned()))
    }

    /// Saves several rows in one unit of work (rows that were pasted from Excel): all or none.
    ///
    /// # Errors
    /// As [`Registers::save`]; refused rows are all named with their places.
    pub fn save_many(&self, caller: &Caller, register: &str, drafts: Vec<Draft>) -> Result<Vec<Saved>> {
        if drafts.len() > MOST {
            return Err(RegistersError::invalid(
                format!("一度に登録できるのは{MOST}行までです。ファイルの取込みを使ってください。"),
                format!("no more than {MOST} rows can be saved at once; import a file instead"),
            ));
        }
        let reason = drafts.first().map(|draft| draft.reason.clone()).unwrap_or_default();
        let ops = drafts
            .into_iter()
            .map(|draft| Op::Save {
                row: draft.row,
                base_version: draft.base_version,
                values: draft.values,
                overrides: draft.overrides,
            })
            .collect();
        self.write(caller, register, ops, &reason)
    }

    /// Removes a row; its history stays.
    ///
    /// # Errors
    /// [`RegistersError::Referred`] names what refers to it; otherwise as [`Registers::save`].
    pub fn remove(
        &self,
        caller: &Caller,
        register: &str,
        row: &RowId,
        base_version: u32,
        reason: &str,
    ) -> Result<Saved> {
        let ops = vec![Op::Remove { row: row.clone(), base_version }];
        let saved = self.write(caller, register, ops, reason)?;
        saved.into_iter().next().ok_or_else(|| RegistersError::NotFound("the removed row".to_owned()))
    }

    /// Saves a row for another service inside its unit of work: checked like any other, but without authority, route and
    /// base version. `values` is the row whole.
    ///
    /// # Errors
    /// As [`Registers::save`].
    pub fn put_trusted(
        &self,
        tx: &mut WriteTx,
        actor: &str,
        register: &str,
        row: Option<&RowId>,
        values: Values,
        reason: &str,
    ) -> Result<RowId> {
        let inner = &*self.inner;
        let definition = inner.definition(register)?;
        let origin = trusted(actor, reason);
        unit::run(inner, tx, origin, 1, |unit| {
            let old = match row {
                Some(row) => rows::living(unit.ask, definition, row)?
                    .map(Some)
                    .ok_or_else(|| RegistersError::NotFound(format!("row {row}")))?,
                None => None,
            };
            let before = old.as_ref().map(|old| &old.values);
            if let Some(found) = guard::texts(definition, before, &values).into_iter().next() {
                return Err(individual_number(0, found));
            }
            let values = unit.complete(0, definition, old.as_ref(), values, true)?;
            let done = match &old {
                Some(old) => unit.change(definition, old, &values)?,
                None => unit.add(definition, &values)?,
            };
            Ok(done.row)
        })
    }

    /// Removes a row for another service inside its unit of work.
    ///
    /// # Errors
    /// As [`Registers::remove`].
    pub fn remove_trusted(
        &self,
        tx: &mut WriteTx,
        actor: &str,
        register: &str,
        row: &RowId,
        reason: &str,
    ) -> Result<()> {
        let inner = &*self.inner;
        let definition = inner.definition(register)?;
        unit::run(inner, tx, trusted(actor, reason), 1, |unit| {
            let old = rows::living(unit.ask, definition, row)?
                .ok_or_else(|| RegistersError::NotFound(format!("row {row}")))?;
            unit.remove(definition, &old).map(|_| ())
        })
    }

    fn write(&self, caller: &Caller, register: &str, ops: Vec<Op>, reason: &str) -> Result<Vec<Saved>> {
        let definition = self.inner.definition(register)?;
        self.search_individual_numbers(caller, definition, &ops)?;
        let (this, caller) = (std::sync::Arc::clone(&self.inner), caller.clone());
        let (register, reason) = (register.to_owned(), reason.to_owned());
        self.inner.store.write(move |tx| {
            let definition = this.definition(&register)?;
            let origin =
                Origin { actor: caller.actor(), via: caller.way.clone(), reason: reason.clone(), case: None };
            let routed = definition.route.is_some() && !caller.is_system();
            let (waiting, done) = unit::run(&this, tx, origin, ops.len(), |unit| {
                let authority = this.authority(&caller, definition, unit.names);
                if routed {
                    let checked = check(unit, definition, &authority, &ops)?;
                    if checked.iter().any(|one| one.routed) {
                        return Ok((Some(checked), Vec::new()));
                    }
                }
                apply(unit, definition, Some(&authority), ops.clone()).map(|done| (None, done))
            })?;
            if let Some(checked) = waiting {
                let case = approve::draft(&this, tx, definition, &caller, &ops, &checked, &reason)?;
                return Ok(ops.iter().map(|_| Saved::Waiting { case: case.clone() }).collect());
            }
            let saved = |done: Done| Saved::Done { row: done.row, version: done.version, seq: done.seq };
            Ok(done.into_iter().map(saved).collect())
        })
    }

    /// Searches what is to be written before the unit of work begins: attachments take time.
    fn search_individual_numbers(&self, caller: &Caller, definition: &Definition, ops: &[Op]) -> Result<()> {
        for (index, op) in ops.iter().enumerate() {
            let Op::Save { row, values, overrides, .. } = op else { continue };
            let old = match row {
                Some(row) => self.inner.store.read(|tx| rows::living(tx, definition, row))?,
                None => None,
            };
            let before = old.as_ref().map(|old| &old.values);
            let mut found = guard::texts(definition, before, values);
            let sandbox = self.inner.sandbox.as_ref();
            found.extend(guard::files(definition, before, values, &self.inner.store, sandbox)?);
            found.retain(|one| !overrides.iter().any(|o| o.field == one.field && is_reasoned(o)));
            let Some(first) = found.into_iter().next() else { continue };
            self.record_refusal(caller, definition, row.as_ref(), &first)?;
            return Err(individual_number(index, first));
        }
        Ok(())
    }

    /// The ledger learns that a number was kept out, where and by whom; not the number.
    fn record_refusal(
        &self,
        caller: &Caller,
        definition: &Definition,
        row: Option<&RowId>,
        found: &Found,
    ) -> Result<()> {
        let subject = format!("{}/{}", definition.id, row.map_or("new", RowId::as_str));
        let body = json!({
            "register": definition.id.as_str(), "field": found.field.as_str(), "evidence": found.why.en,
            "via": caller.way,
        });
        let actor = caller.actor();
        self.inner.store.write(move |tx| {
            tx.emit("register.individual-number-refused", &actor, &subject, body)
                .map_err(RegistersError::from)
        })?;
        Ok(())
    }
}

/// A change that was checked but not made.
pub(crate) struct Checked {
    pub(crate) old: Option<Current>,
    /// `None` for a removal.
    pub(crate) values: Option<Values>,
    pub(crate) routed: bool,
}

/// Checks changes without making them.
fn check(
    unit: &mut Unit<'_>,
    definition: &Definition,
    authority: &Authority<'_>,
    ops: &[Op],
) -> Result<Vec<Checked>> {
    let mut checked = Vec::new();
    let mut refused_rows = Vec::new();
    for (index, op) in ops.iter().enumerate() {
        let (old, values) = match op {
            Op::Save { row, base_version, values, overrides } => {
                let old = load(unit, definition, authority, row.as_ref(), *base_version)?;
                let values = carry(definition, authority, old.as_ref(), values.clone())?;
                permit(definition, authority, old.as_ref(), &values, overrides)?;
                let values = unit.complete(index, definition, old.as_ref(), values, false);
                (old, unit::gather(values, &mut refused_rows)?)
            }
            Op::Remove { row, base_version } => {
                let old = load(unit, definition, authority, Some(row), *base_version)?;
                if let Some(old) = &old
                    && !authority.reach(Action::Remove).holds(definition, &old.values)
                {
                    return Err(refused(definition, Action::Remove));
                }
                (old, None)
            }
        };
        let routed = definition.route.is_some()
            && definition.route_when.as_ref().is_none_or(|condition| {
                let holds = |values: &Values| condition.eval(values, &unit.env) == Some(true);
                values.as_ref().is_some_and(&holds) || old.as_ref().is_some_and(|old| holds(&old.values))
            });
        checked.push(Checked { old, values, routed });
    }
    if refused_rows.is_empty() { Ok(checked) } else { Err(RegistersError::Refused(refused_rows)) }
}

/// Checks and makes changes. Without an authority they were approved, or are the installation's own.
pub(crate) fn apply(
    unit: &mut Unit<'_>,
    definition: &Definition,
    authority: Option<&Authority<'_>>,
    ops: Vec<Op>,
) -> Result<Vec<Done>> {
    let mut done = Vec::new();
    let mut refused_rows = Vec::new();
    for (index, op) in ops.into_iter().enumerate() {
        match op {
            Op::Save { row, base_version, values, overrides } => {
                let (old, values) = match authority {
                    Some(authority) => {
                        let old = load(unit, definition, authority, row.as_ref(), base_version)?;
                        let values = carry(definition, authority, old.as_ref(), values)?;
                        permit(definition, authority, old.as_ref(), &values, &overrides)?;
                        (old, values)
                    }
                    None => match row {
                        Some(row) => (Some(unit.current(definition, &row, base_version)?), values),
                        None => (None, values),
                    },
                };
                let completed = unit.complete(index, definition, old.as_ref(), values, true);
                let Some(values) = unit::gather(completed, &mut refused_rows)? else { continue };
                let one = match &old {
                    Some(old) => unit.change(definition, old, &values)?,
                    None => unit.add(definition, &values)?,
                };
                for given in &overrides {
                    let body = json!({
                        "register": definition.id.as_str(), "row": one.row.as_str(), "version": one.version,
                        "field": given.field.as_str(), "reason": given.reason,
                    });
                    let subject = format!("{}/{}", definition.id, one.row);
                    unit.event("register.override", &subject, body)?;
                }
                done.push(one);
            }
            Op::Remove { row, base_version } => {
                let old = match authority {
                    Some(authority) => load(unit, definition, authority, Some(&row), base_version)?
                        .ok_or_else(|| RegistersError::NotFound(format!("row {row}")))?,
                    None => unit.current(definition, &row, base_version)?,
                };
                if let Some(authority) = authority
                    && !authority.reach(Action::Remove).holds(definition, &old.values)
                {
                    return Err(refused(definition, Action::Remove));
                }
                done.push(unit.remove(definition, &old)?);
            }
        }
    }
    if refused_rows.is_empty() { Ok(done) } else { Err(RegistersError::Refused(refused_rows)) }
}

/// The row as it is, if the caller may see it and saw this version.
fn load(
    unit: &Unit<'_>,
    definition: &Definition,
    authority: &Authority<'_>,
    row: Option<&RowId>,
    base_version: u32,
) -> Result<Option<Current>> {
    let Some(row) = row else { return Ok(None) };
    let current = match unit.current(definition, row, base_version) {
        Err(RegistersError::Conflict { .. }) => {
            let now = rows::living(unit.ask, definition, row)?
                .ok_or_else(|| RegistersError::NotFound(format!("row {row}")))?;
            if !authority.reach(Action::See).holds(definition, &now.values) {
                return Err(RegistersError::NotFound(format!("row {row}")));
            }
            return Err(RegistersError::Conflict {
                theirs: Box::new(rows::view(definition, authority, now)),
            });
        }
        other => other?,
    };
    if !authority.reach(Action::See).holds(definition, &current.values) {
        return Err(RegistersError::NotFound(format!("row {row}")));
    }
    Ok(Some(current))
}

/// What the caller may not see stays as it is.
fn carry(
    definition: &Definition,
    authority: &Authority<'_>,
    old: Option<&Current>,
    mut values: Values,
) -> Result<Values> {
    for field in definition.input_fields().filter(|field| !authority.sees(field)) {
        let id = field.id.as_str();
        if !values.get(id).is_null() {
            return Err(RegistersError::not_permitted(
                format!("「{}」を登録する権限がありません。", field.label.ja),
                format!("your roles don't allow to write `{}`", field.label.en),
            ));
        }
        values.set(id, old.map_or(Field::Null, |old| old.values.get(id).clone()));
    }
    Ok(values)
}

/// May the caller write this over that?
fn permit(
    definition: &Definition,
    authority: &Authority<'_>,
    old: Option<&Current>,
    new: &Values,
    overrides: &[Override],
) -> Result<()> {
    let action = if old.is_some() { Action::Change } else { Action::Add };
    let reach = authority.reach(action);
    let within = old.is_none_or(|old| reach.holds(definition, &old.values)) && reach.holds(definition, new);
    if !within {
        return Err(refused(definition, action));
    }
    if overrides.is_empty() {
        return Ok(());
    }
    if authority.caller().is_system() || !authority.reach(Action::ApproveOverride).holds(definition, new) {
        return Err(refused(definition, Action::ApproveOverride));
    }
    if let Some(bare) = overrides.iter().find(|given| !is_reasoned(given)) {
        return Err(RegistersError::invalid(
            format!("「{}」が個人番号でない理由を{REASON}文字以上で書いてください。", bare.field),
            format!("say in at least {REASON} characters why `{}` is no individual number", bare.field),
        ));
    }
    Ok(())
}

fn is_reasoned(given: &Override) -> bool {
    given.reason.trim().chars().count() >= REASON
}

fn individual_number(index: usize, found: Found) -> RegistersError {
    RegistersError::IndividualNumber {
        index,
        field: found.field,
        label: Box::new(found.label),
        why: Box::new(found.why),
    }
}

fn trusted(actor: &str, reason: &str) -> Origin {
    Origin { actor: actor.to_owned(), via: "service".to_owned(), reason: reason.to_owned(), case: None }
}

impl Inner {
    /// Makes changes that a case approved.
    pub(crate) fn apply_approved(
        &self,
        tx: &mut WriteTx,
        definition: &Definition,
        origin: Origin,
        ops: Vec<Op>,
    ) -> Result<Vec<Done>> {
        unit::run(self, tx, origin, ops.len(), |unit| apply(unit, definition, None, ops))
    }
}
