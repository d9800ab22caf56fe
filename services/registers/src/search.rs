//! One search over every register that somebody may see, and the numbers of the home page.

use std::sync::PoisonError;

use sekisho_register::{Action, SqlValue};
use sekisho_store::{ReadTx, Value};

use crate::caller::Caller;
use crate::due::open;
use crate::list::Select;
use crate::projection::{ADDED, ADOPTED, CHANGED, REMOVED};
use crate::tables::Table;
use crate::{Hit, RegisterCount, Registers, Result, rows, words};

/// Most hits of one register.
const HITS: u32 = 20;

/// Most numbers that are remembered; a home page needs one entry a person.
const REMEMBERED: usize = 2_000;

/// Numbers as they were at a place in the ledger.
pub(crate) struct Remembered {
    place: (i64, jiff::civil::Date),
    counts: Vec<RegisterCount>,
}

impl Registers {
    /// Rows of all registers in which every word is found, as far as the caller may see them; at most 20 of each
    /// register, those changed last first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn search(&self, caller: &Caller, text: &str) -> Result<Vec<Hit>> {
        let words = words::words(text);
        if words.is_empty() {
            return Ok(Vec::new());
        }
        let mut hits = Vec::new();
        for definition in self.visible(caller)? {
            self.inner.store.read(|tx| -> Result<()> {
                let names = self.inner.names(tx);
                let authority = self.inner.authority(caller, definition, &names);
                let mut select = Select::reached(definition, &authority, Action::See, None)?;
                for word in &words {
                    let mark = select.param(SqlValue::Text(words::pattern(word)));
                    select.and(format!("_search LIKE {mark} ESCAPE '\\'"));
                }
                let sql = format!(
                    "SELECT {} FROM {} ORDER BY _changed_ms DESC, _row LIMIT {HITS}",
                    rows::columns(definition, Table::Living),
                    select.source()
                );
                for row in tx.query(&sql, &select.params())? {
                    let view = rows::view(definition, &authority, rows::read(definition, &row)?);
                    let view = names.entitle(definition, view);
                    hits.push(Hit {
                        register: definition.id.clone(),
                        label: definition.label.clone(),
                        row: view.id,
                        key: view.key,
                        title: view.title,
                        changed_ms: view.changed_ms,
                    });
                }
                Ok(())
            })?;
        }
        Ok(hits)
    }

    /// Rows, due and overdue of every register that the caller may see. Asked again without a change in any register,
    /// it answers from memory.
    ///
    /// # Errors
    /// When the store fails.
    pub fn counts(&self, caller: &Caller) -> Result<Vec<RegisterCount>> {
        let env = self.env();
        let who = format!("{}\n{:?}\n{:?}\n{}", caller.login, caller.roles, caller.units, caller.is_system());
        let visible = self.visible(caller)?;
        self.inner.store.read(|tx| {
            let place = (last_change(tx)?, env.today);
            {
                let known = self.inner.counts.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(found) = known.get(&who).filter(|found| found.place == place) {
                    return Ok(found.counts.clone());
                }
            }
            let names = self.inner.names(tx);
            let mut counts = Vec::new();
            for definition in visible {
                let authority = self.inner.authority(caller, definition, &names);
                let select = || Select::reached(definition, &authority, Action::See, None);
                let mut count = RegisterCount {
                    register: definition.id.clone(),
                    rows: select()?.count(tx)?,
                    due: 0,
                    overdue: 0,
                };
                for reminder in &definition.reminders {
                    let sum = open(definition, reminder, &authority, &env, select()?)?;
                    let Some((select, overdue)) = sum else { continue };
                    let sql = format!(
                        "SELECT COUNT(*) AS n, COALESCE(SUM(CASE WHEN {overdue} THEN 1 ELSE 0 END), 0) AS o FROM {}",
                        select.source()
                    );
                    if let Some(row) = tx.query(&sql, &select.params())?.first() {
                        let (all, over) = (row.get_u64("n")?, row.get_u64("o")?);
                        count.due = count.due.saturating_add(all.saturating_sub(over));
                        count.overdue = count.overdue.saturating_add(over);
                    }
                }
                counts.push(count);
            }
            names.finish()?;
            let mut known = self.inner.counts.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= REMEMBERED {
                known.clear();
            }
            known.insert(who.clone(), Remembered { place, counts: counts.clone() });
            Ok(counts)
        })
    }
}

/// The last ledger entry that changed a register, in this snapshot.
fn last_change(tx: &ReadTx) -> Result<i64> {
    let mut last = 0;
    for kind in [ADDED, CHANGED, REMOVED, ADOPTED, sekisho_store::DISPOSED] {
        let rows = tx.query("SELECT MAX(seq) AS s FROM events WHERE kind = ?1", &[Value::from(kind)])?;
        if let Some(row) = rows.first() {
            last = last.max(row.get_opt_i64("s")?.unwrap_or(0));
        }
    }
    Ok(last)
}
