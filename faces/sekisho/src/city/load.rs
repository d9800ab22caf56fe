//! Rows of text into the registers. A row names others by their keys; what it names must be saved before it. Where two
//! registers name each other the later reference is filled in by a second version of the row.

use std::collections::{BTreeMap, BTreeSet};

use sekisho_policy::Lang;
use sekisho_register::{Definition, Input, Lookup, Values};
use sekisho_registers::{Caller, Draft, Registers, RegistersError, RowId, Saved as Kept};

use super::town::{Row, Town};
use crate::failure::Failure;
use crate::place;

/// Rows of one unit of work.
const STRETCH: usize = 1_500;

/// Each register after those that its rows must name.
const ORDER: [&str; 44] = [
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
    let others: Vec<String> =
        town.tables.keys().filter(|id| !ORDER.contains(&id.as_str())).cloned().collect();
    for register in ORDER.iter().map(|id| (*id).to_owned()).chain(others) {
        let Some(definition) = registers.catalogue().get(&register) else { continue };
        let rows = town.tables.remove(&register).unwrap_or_default();
        saved.rows.insert(register.clone(), rows.len());
        // Rows that name rows of their own register come second.
        let (named, plain): (Vec<Row>, Vec<Row>) = rows
            .into_iter()
            .partition(|row| self_references(definition).any(|field| row.contains_key(field)));
        for (own, part) in [(false, plain), (true, named)] {
            for stretch in part.chunks(STRETCH) {
                let mut drafts = Vec::new();
                let mut waiting = Vec::new();
                for row in stretch {
                    let (values, later) = read(registers, definition, row, &there, own)?;
                    waiting.push((values.clone(), later));
                    drafts.push(Draft { values, reason: "見本の市".to_owned(), ..Draft::default() });
                }
                let done = write(registers, definition, drafts, stretch, lang)?;
                for ((row, (values, later)), id) in stretch.iter().zip(waiting).zip(done) {
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

/// The values, and the references that wait for their register.
fn read(
    registers: &Registers,
    definition: &Definition,
    row: &Row,
    there: &BTreeSet<String>,
    own: bool,
) -> Result<(Values, Vec<(String, String)>), Failure> {
    registers.with_lookup(|lookup| {
        let (mut values, mut later) = (Values::new(), Vec::new());
        for (id, text) in row {
            let Some(field) = definition.field(id) else {
                return Err(Failure::refused(format!("{}: no field `{id}`", definition.id)));
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
                Failure::refused(format!("{} {key} {id} `{text}`: {}", definition.id, why.en))
            })?;
            values.set(id, value);
        }
        Ok((values, later))
    })?
}

fn unknown(lookup: &dyn Lookup, register: &str, text: &str) -> bool {
    let keys = text.split(['、', ',']).map(str::trim).filter(|key| !key.is_empty());
    keys.into_iter().any(|key| !matches!(lookup.row(register, key), sekisho_register::Found::One(_)))
}

fn write(
    registers: &Registers,
    definition: &Definition,
    drafts: Vec<Draft>,
    rows: &[Row],
    lang: Lang,
) -> Result<Vec<RowId>, Failure> {
    if drafts.is_empty() {
        return Ok(Vec::new());
    }
    let caller = Caller::system("sekisho city generate");
    let saved = registers.save_many(&caller, definition.id.as_str(), drafts).map_err(|error| {
        let place = match &error {
            RegistersError::Refused(refused) => refused.first().map(|first| first.index),
            RegistersError::IndividualNumber { index, .. } => Some(*index),
            _ => None,
        };
        let row = place.and_then(|index| rows.get(index)).map(|row| format!("{row:?}")).unwrap_or_default();
        let said = place::register_failure(&error, lang).message;
        Failure::refused(format!("{}: {said} {row}", definition.id))
    })?;
    saved
        .into_iter()
        .map(|one| match one {
            Kept::Done { row, .. } => Ok(row),
            Kept::Waiting { .. } => Err(Failure::refused(format!("{}: waits for approval", definition.id))),
        })
        .collect()
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
                reason: "見本の市".to_owned(),
                ..Draft::default()
            });
        }
        Ok::<(), Failure>(())
    })??;
    for (register, drafts) in by_register {
        let Some(definition) = registers.catalogue().get(&register) else { continue };
        for stretch in drafts.chunks(STRETCH) {
            write(registers, definition, stretch.to_vec(), &[], lang)?;
        }
    }
    Ok(())
}
