//! Rows of text into the registers. A row names others by their keys; what it names must be saved before it. Where two
//! registers name each other the later reference is filled in by a second version of the row.

use std::collections::{BTreeMap, BTreeSet};

use sekisho_policy::Lang;
use sekisho_register::{Definition, Input, Lookup, Values};
use sekisho_registers::{Caller, Draft, Registers, RegistersError, RowId, Saved as Kept};

use super::town::{Row, Town};
use crate::failure::Failure;
use crate::place;

/// Why the rows are there, for the ledger.
const REASON: &str = "見本の市";

/// Most refusals that are named.
const NAMED: usize = 50;

/// Rows of one unit of work.
const STRETCH: usize = 1_500;

/// Each register after those that its rows must name.
const ORDER: [&str; 45] = [
    "staff",
    "controlled-areas",
    "facilities",
    "selection-criteria",
    "committee-meetings",
    "improvement-plans",
    "courses",
    "training-plans",
    "training-records",
    "consents",
    "phishing-drills",
    "regulations",
    "disposals",
    "information",
    "networks",
    "lines",
    "systems",
    "offices",
    "procurements",
    "contracts",
    "contract-clauses",
    "subcontracts",
    "contract-inspections",
    "contractors-staff",
    "exceptions",
    "file-exceptions",
    "external-services",
    "social-media",
    "software",
    "system-documents",
    "media",
    "terminals",
    "carry-outs",
    "usb-loans",
    "contacts",
    "accounts",
    "account-reviews",
    "privileged-accounts",
    "changes",
    "failures",
    "vulnerabilities",
    "work-records",
    "specific-communications",
    "deliveries",
    "area-entries",
];

/// What was saved.
pub(super) struct Saved {
    /// Rows by register.
    pub(super) rows: BTreeMap<String, usize>,
    /// Courses on the screen: name and row.
    pub(super) courses: Vec<(String, RowId)>,
}

/// A saved row that names rows which were not there yet.
struct Open {
    register: String,
    row: RowId,
    values: Values,
    later: Vec<(String, String)>,
}

pub(super) fn save(registers: &Registers, town: &mut Town, lang: Lang) -> Result<Saved, Failure> {
    let mut saved = Saved { rows: BTreeMap::new(), courses: Vec::new() };
    let mut open: Vec<Open> = Vec::new();
    let mut there: BTreeSet<String> = BTreeSet::new();
    let mut wrong: Vec<String> = Vec::new();
    let caller = Caller::system("sekisho city generate");
    let others: Vec<String> =
        town.tables.keys().filter(|id| !ORDER.contains(&id.as_str())).cloned().collect();
    for register in ORDER.iter().map(|id| (*id).to_owned()).chain(others) {
        let Some(definition) = registers.catalogue().get(&register) else { continue };
        let rows = town.tables.remove(&register).unwrap_or_default();
        saved.rows.insert(register.clone(), rows.len());
        let blank =
            registers.blank(&caller, &register).map_err(|error| place::register_failure(&error, lang))?;
        // Rows that name rows of their own register come second.
        let (named, plain): (Vec<Row>, Vec<Row>) = rows
            .into_iter()
            .partition(|row| self_references(definition).any(|field| row.contains_key(field)));
        for (own, part) in [(false, plain), (true, named)] {
            for stretch in part.chunks(STRETCH) {
                let mut ready = Vec::new();
                for row in stretch {
                    match read(registers, definition, row, &blank, &there, own)? {
                        Ok((values, later)) => ready.push((row, values, later)),
                        Err(why) => wrong.push(why),
                    }
                }
                let done = write(registers, definition, &mut ready, &mut wrong, lang)?;
                for ((row, values, later), id) in ready.into_iter().zip(done) {
                    if register == "courses" && row.get("form").is_some_and(|form| form == "screen") {
                        saved.courses.push((row.get("name").cloned().unwrap_or_default(), id.clone()));
                    }
                    if !later.is_empty() {
                        open.push(Open { register: register.clone(), row: id, values, later });
                    }
                }
            }
        }
        there.insert(register);
    }
    if !wrong.is_empty() {
        wrong.truncate(NAMED);
        return Err(Failure::refused(wrong.join("\n")));
    }
    close(registers, open, lang)?;
    Ok(saved)
}

fn self_references(definition: &Definition) -> impl Iterator<Item = &str> {
    definition
        .fields
        .iter()
        .filter(|field| field.refers_to().is_some_and(|register| *register == definition.id))
        .map(|field| field.id.as_str())
}

/// A row that was read, its values, and the references that wait for their register.
type Ready<'a> = (&'a Row, Values, Vec<(String, String)>);

/// The values, and the references that wait for their register; or why the row can't be read.
#[expect(clippy::type_complexity, reason = "two outcomes of one row, taken apart at the one call")]
fn read(
    registers: &Registers,
    definition: &Definition,
    row: &Row,
    blank: &Values,
    there: &BTreeSet<String>,
    own: bool,
) -> Result<Result<(Values, Vec<(String, String)>), String>, Failure> {
    let read = registers.with_lookup(|lookup| {
        let (mut values, mut later) = (Values::new(), Vec::new());
        // What must be there and is the same nearly everywhere has a default.
        for field in definition.input_fields().filter(|field| field.required && field.default.is_some()) {
            values.set(field.id.as_str(), blank.get(field.id.as_str()).clone());
        }
        for (id, text) in row {
            let Some(field) = definition.field(id) else {
                return Err(format!("{}: no field `{id}`", definition.id));
            };
            if !field.is_stored() || field.derive.is_some() {
                continue;
            }
            if let Some(register) = field.refers_to() {
                let here = there.contains(register.as_str()) || (own && *register == definition.id);
                // A row may name one that is saved in the same stretch; it is found by the second look.
                if !here || unknown(lookup, register.as_str(), text) {
                    later.push((id.clone(), text.clone()));
                    continue;
                }
            }
            let value = field.read(&Input::Text(text), lookup).map_err(|why| {
                let key = row.get(definition.key.as_str()).cloned().unwrap_or_default();
                format!("{} {key} {id} `{text}`: {}", definition.id, why.en)
            })?;
            values.set(id, value);
        }
        Ok((values, later))
    });
    Ok(read?)
}

fn unknown(lookup: &dyn Lookup, register: &str, text: &str) -> bool {
    let keys = text.split(['、', ',']).map(str::trim).filter(|key| !key.is_empty());
    keys.into_iter().any(|key| !matches!(lookup.row(register, key), sekisho_register::Found::One(_)))
}

/// Saves the rows that nothing refuses; the others leave `ready` and are named in `wrong`.
fn write(
    registers: &Registers,
    definition: &Definition,
    ready: &mut Vec<Ready<'_>>,
    wrong: &mut Vec<String>,
    lang: Lang,
) -> Result<Vec<RowId>, Failure> {
    loop {
        if ready.is_empty() {
            return Ok(Vec::new());
        }
        let drafts = ready
            .iter()
            .map(|(_, values, _)| Draft {
                values: values.clone(),
                reason: REASON.to_owned(),
                ..Draft::default()
            })
            .collect();
        let error = match save_many(registers, definition, drafts) {
            Ok(rows) => return Ok(rows),
            Err(error) => error,
        };
        let bad: BTreeSet<usize> = match &error {
            RegistersError::Refused(refused) => refused.iter().map(|one| one.index).collect(),
            RegistersError::IndividualNumber { index, .. } => BTreeSet::from([*index]),
            _ => return Err(place::register_failure(&error, lang)),
        };
        let mut said = place::register_failure(&error, lang).message;
        for index in &bad {
            if let Some((row, _, _)) = ready.get(*index) {
                said.push_str(&format!("\n  {row:?}"));
            }
        }
        wrong.push(format!("{}: {said}", definition.id));
        if bad.is_empty() {
            return Ok(Vec::new());
        }
        let mut index = 0_usize;
        ready.retain(|_| {
            let keep = !bad.contains(&index);
            index = index.saturating_add(1);
            keep
        });
    }
}

fn save_many(
    registers: &Registers,
    definition: &Definition,
    drafts: Vec<Draft>,
) -> Result<Vec<RowId>, RegistersError> {
    let caller = Caller::system("sekisho city generate");
    let saved = registers.save_many(&caller, definition.id.as_str(), drafts)?;
    Ok(saved
        .into_iter()
        .filter_map(|one| match one {
            Kept::Done { row, .. } => Some(row),
            // The installation's own changes never wait.
            Kept::Waiting { .. } => None,
        })
        .collect())
}

/// Fills in what was named too early.
fn close(registers: &Registers, open: Vec<Open>, lang: Lang) -> Result<(), Failure> {
    let mut by_register: BTreeMap<String, Vec<Draft>> = BTreeMap::new();
    registers.with_lookup(|lookup| {
        for Open { register, row, mut values, later } in open {
            let Some(definition) = registers.catalogue().get(&register) else { continue };
            for (id, text) in later {
                let Some(field) = definition.field(&id) else { continue };
                let value = field
                    .read(&Input::Text(&text), lookup)
                    .map_err(|why| Failure::refused(format!("{register} {id} `{text}`: {}", why.en)))?;
                values.set(&id, value);
            }
            by_register.entry(register).or_default().push(Draft {
                row: Some(row),
                base_version: 1,
                values,
                reason: REASON.to_owned(),
                ..Draft::default()
            });
        }
        Ok::<(), Failure>(())
    })??;
    for (register, drafts) in by_register {
        let Some(definition) = registers.catalogue().get(&register) else { continue };
        for stretch in drafts.chunks(STRETCH) {
            save_many(registers, definition, stretch.to_vec())
                .map_err(|error| place::register_failure(&error, lang))?;
        }
    }
    Ok(())
}
