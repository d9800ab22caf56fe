//! What falls due: the reminders of the definitions against today, for the worklist of a person and for whole registers.

use jiff::ToSpan;
use jiff::civil::Date;
use sekisho_register::{Action, Definition, Env, Recipient, Reminder, SqlValue};

use crate::caller::{Authority, Caller, is_unit_manager};
use crate::list::Select;
use crate::tables::Table;
use crate::{Due, Registers, Result, RuleFinding, rows};

/// Most entries of one reminder.
const MOST: u32 = 500;

/// Whose duties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DueFor {
    /// Those of which the caller is reminded: named in the row, manager of the row's unit, or holder of the role.
    Me,
    /// Those of every row that the caller may see.
    Seen,
}

impl Registers {
    /// What the caller is to do by a day, the most urgent first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn due(&self, caller: &Caller, today: Date) -> Result<Vec<Due>> {
        self.due_for(caller, today, DueFor::Me)
    }

    /// What is due and overdue, the most urgent first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn due_for(&self, caller: &Caller, today: Date, whose: DueFor) -> Result<Vec<Due>> {
        let env = Env { today, ..self.env() };
        let mut all = Vec::new();
        for definition in self.inner.loaded.iter().filter(|definition| !definition.reminders.is_empty()) {
            self.inner.store.read(|tx| -> Result<()> {
                let names = self.inner.names(tx);
                let authority = self.inner.authority(caller, definition, &names);
                if !authority.may(Action::See) {
                    return Ok(());
                }
                for reminder in &definition.reminders {
                    let mut select = Select::reached(definition, &authority, Action::See, None)?;
                    if whose == DueFor::Me {
                        let me = names.staff_of(&caller.login);
                        let Some(addressed) =
                            addressed(self, caller, definition, reminder, me.as_deref(), &mut select)
                        else {
                            continue;
                        };
                        if !addressed.is_empty() {
                            select.and(addressed);
                        }
                    }
                    let Some((select, _)) = open(definition, reminder, &authority, &env, select)? else {
                        continue;
                    };
                    let sql = format!(
                        "SELECT {} FROM {} ORDER BY {}, _row LIMIT {MOST}",
                        rows::columns(definition, Table::Living),
                        select.source(),
                        reminder.date
                    );
                    for row in tx.query(&sql, &select.params())? {
                        let current = rows::read(definition, &row)?;
                        let Some(date) = current.values.date(&reminder.date) else { continue };
                        let person = match &reminder.to {
                            Recipient::RowPerson(field) => {
                                current.values.get(field.as_str()).as_text().map(str::to_owned)
                            }
                            _ => None,
                        };
                        let unit = definition.unit_field.as_ref().and_then(|field| {
                            current.values.get(field.as_str()).as_text().map(str::to_owned)
                        });
                        let view = names.entitle(definition, rows::view(definition, &authority, current));
                        all.push(Due {
                            register: definition.id.clone(),
                            reminder: reminder.id.clone(),
                            row: view.id,
                            key: view.key,
                            title: view.title,
                            what: reminder.text.clone(),
                            date,
                            overdue: date < today,
                            person,
                            unit,
                        });
                    }
                }
                names.finish()?;
                Ok(())
            })?;
        }
        all.sort_by(|a, b| (a.date, &a.register, &a.row).cmp(&(b.date, &b.register, &b.row)));
        Ok(all)
    }

    /// Rows that break rules which only warn, as far as the caller may see them; at most 500 of each rule.
    ///
    /// # Errors
    /// [`crate::RegistersError::NotPermitted`], or when the store fails.
    pub fn findings(&self, caller: &Caller, register: &str) -> Result<Vec<RuleFinding>> {
        let definition = self.inner.definition(register)?;
        let env = self.env();
        self.inner.store.read(|tx| {
            let names = self.inner.names(tx);
            let authority = self.inner.authority(caller, definition, &names);
            let mut found: Vec<RuleFinding> = Vec::new();
            for rule in &definition.rules {
                let mut select = Select::reached(definition, &authority, Action::See, None)?;
                // A rule about a secret field is for those who may see it.
                if select.broken(&rule.when, &env, &authority).is_err() {
                    continue;
                }
                let sql = format!(
                    "SELECT {} FROM {} ORDER BY {}, _row LIMIT {MOST}",
                    rows::columns(definition, Table::Living),
                    select.source(),
                    definition.key
                );
                for row in tx.query(&sql, &select.params())? {
                    let current = rows::read(definition, &row)?;
                    let unit = definition
                        .unit_field
                        .as_ref()
                        .and_then(|field| current.values.get(field.as_str()).as_text().map(str::to_owned));
                    let view = names.entitle(definition, rows::view(definition, &authority, current));
                    found.push(RuleFinding {
                        rule: rule.id.clone(),
                        message: rule.text.clone(),
                        field: rule.field.clone(),
                        row: view.id,
                        key: view.key,
                        title: view.title,
                        unit,
                    });
                }
            }
            names.finish()?;
            Ok(found)
        })
    }
}

/// Narrows a query to the open rows of a reminder that are due; also gives the condition that one is overdue. `None`
/// when the caller may not see what it is about.
pub(crate) fn open<'a>(
    definition: &Definition,
    reminder: &Reminder,
    authority: &Authority<'_>,
    env: &Env,
    mut select: Select<'a>,
) -> Result<Option<(Select<'a>, String)>> {
    let hidden = definition
        .stored_fields()
        .find(|field| field.columns().iter().any(|column| column.name == reminder.date))
        .is_none_or(|field| !authority.sees(field));
    if hidden {
        return Ok(None);
    }
    if let Some(condition) = &reminder.open_when
        && select.condition(condition, env, authority).is_err()
    {
        return Ok(None);
    }
    let days = reminder.days_before.iter().copied().max().unwrap_or(0);
    let horizon = env.today.saturating_add(i64::from(days).days());
    // A time of day begins with its date; the day after is the first that is too late.
    let first_after = horizon.tomorrow().unwrap_or(horizon);
    let mark = select.param(SqlValue::Text(first_after.to_string()));
    let column = &reminder.date;
    select.and(format!("{column} < {mark}"));
    // Not a parameter: a query that doesn't count the overdue ones would have one too many.
    Ok(Some((select, format!("{column} < '{}'", env.today))))
}

/// A condition that the reminder goes to the caller; `None` if it never does.
fn addressed(
    registers: &Registers,
    caller: &Caller,
    definition: &Definition,
    reminder: &Reminder,
    me: Option<&str>,
    select: &mut Select<'_>,
) -> Option<String> {
    match &reminder.to {
        Recipient::RowPerson(field) => {
            let mark = select.param(SqlValue::Text(me?.to_owned()));
            Some(format!("{field} = {mark}"))
        }
        Recipient::Role(role) => caller.roles.iter().any(|held| held.as_str() == role).then(String::new),
        Recipient::UnitManager => {
            if !is_unit_manager(&registers.inner.policy, caller) {
                return None;
            }
            let field = definition.unit_field.as_ref()?;
            let marks: Vec<String> =
                caller.units.iter().map(|unit| select.param(SqlValue::Text(unit.to_string()))).collect();
            (!marks.is_empty()).then(|| format!("{field} IN ({})", marks.join(", ")))
        }
    }
}
