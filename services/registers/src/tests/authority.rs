//! Generated from the definitions: every register × role × action × relation of the row to the caller, against a second
//! reading of the table of access.

use std::collections::BTreeSet;

use sekisho_register::{Action, Definition, Scope, Value, Values};
use serde_json::json;

use super::bed::{Bed, City, policy};
use crate::caller::Authority;
use crate::{Caller, ListQuery, RegistersError};

/// Where the row's unit lies, seen from a caller in 健康福祉部.
const RELATIONS: [(&str, &str); 4] =
    [("own", "kenko-fukushi"), ("below", "fukushi"), ("other", "zeimu"), ("above-nothing", "somu")];

/// What the table says, read without the code under test.
fn expected(definition: &Definition, roles: &[&str], action: Action, relation: &str, is_mine: bool) -> bool {
    let secret = definition.tier.starts_with("c3");
    definition.access.iter().any(|entry| {
        let everyone = entry.role == "*";
        let held = everyone || roles.contains(&entry.role.as_str());
        let reaches = match entry.scope {
            Scope::All => true,
            Scope::OwnUnit => definition.unit_field.is_some() && relation == "own",
            Scope::Below => definition.unit_field.is_some() && (relation == "own" || relation == "below"),
            Scope::Own => is_mine && entry.own_field.is_some(),
        };
        let allowed = !secret || !everyone || entry.scope == Scope::Own;
        held && allowed && reaches && entry.actions.contains(&action)
    })
}

pub(super) fn every_role_reaches_exactly_what_the_table_says(bed: &Bed) {
    let city = bed.built_in();
    let policy = policy();
    let staff = format!("r_{}", "s".repeat(26));
    let other = format!("r_{}", "t".repeat(26));
    plant(&city, &staff, &other);
    let mut compared = 0u32;
    let roles: Vec<String> =
        policy.roles.iter().map(|role| role.id.to_string()).chain(["none".to_owned()]).collect();
    for definition in city.registers.catalogue().iter() {
        for role in &roles {
            let mut caller = city.caller("bucho");
            caller.login = "planted".to_owned();
            caller.roles = role.parse().ok().filter(|_| role != "none").into_iter().collect();
            let held: Vec<&str> = caller.roles.iter().map(|role| role.as_str()).collect();
            let authority = Authority::new(&caller, definition, &policy, Some(staff.clone()));
            for action in Action::ALL.iter().copied() {
                for (relation, unit) in RELATIONS {
                    for mine in [false, true] {
                        let values = values(definition, unit, if mine { &staff } else { &other });
                        let found = authority.reach(action).holds(definition, &values);
                        let expect = expected(definition, &held, action, relation, mine);
                        assert_eq!(found, expect, "{} {role} {action} {relation} mine={mine}", definition.id);
                        compared += 1;
                    }
                }
            }
            // The list in SQL agrees with the rule in Rust.
            let visible: BTreeSet<String> = match city
                .registers
                .list(&caller, &ListQuery { limit: 100, ..ListQuery::of(definition.id.as_str()) })
            {
                Ok(page) => page.rows.into_iter().map(|row| row.id.to_string()).collect(),
                Err(RegistersError::NotPermitted(_)) => BTreeSet::new(),
                Err(error) => panic!("{} {role}: {error}", definition.id),
            };
            for (number, (relation, mine)) in planted().enumerate() {
                let row = row_id(number);
                let expect = expected(definition, &held, Action::See, relation, mine);
                assert_eq!(
                    visible.contains(&row),
                    expect,
                    "{} {role} list {relation} mine={mine}",
                    definition.id
                );
            }
        }
    }
    assert!(compared > 10_000, "{compared}");
}

fn planted() -> impl Iterator<Item = (&'static str, bool)> {
    RELATIONS.into_iter().flat_map(|(relation, _)| [(relation, false), (relation, true)])
}

fn row_id(number: usize) -> String {
    let letter = ["a", "b", "c", "d", "e", "f", "g", "h"][number];
    format!("r_{}", letter.repeat(26))
}

/// A row that has only a unit and persons.
fn values(definition: &Definition, unit: &str, person: &str) -> Values {
    let mut values = Values::new();
    for entry in &definition.access {
        if let Some(field) = entry.own_field.as_ref().or(definition.own_field.as_ref()) {
            values.set(field.as_str(), person);
        }
    }
    if let Some(field) = &definition.own_field {
        values.set(field.as_str(), person);
    }
    if let Some(field) = &definition.unit_field {
        values.set(field.as_str(), unit);
    }
    values
}

/// Puts rows into every register that no form would accept but every list has to judge.
fn plant(city: &City, staff: &str, other: &str) {
    let mut events = Vec::new();
    for definition in city.registers.catalogue().iter() {
        for (number, (relation, mine)) in planted().enumerate() {
            let unit = RELATIONS.iter().find(|(name, _)| *name == relation).unwrap().1;
            let values = values(definition, unit, if mine { staff } else { other });
            let body = json!({
                "register": definition.id.as_str(), "row": row_id(number), "version": 1,
                "definition": definition.digest, "values": values.to_json(definition),
            });
            events.push((format!("{}/{}", definition.id, row_id(number)), body));
        }
    }
    let login = city.registers.definition("staff").unwrap();
    let me = Values::from_iter([
        ("login".to_owned(), Value::from("planted")),
        (login.key.to_string(), Value::from("999999")),
    ]);
    events.push((
        format!("staff/{staff}"),
        json!({ "version": 1, "definition": login.digest, "values": me.to_json(login) }),
    ));
    city.store
        .write(move |tx| -> Result<(), RegistersError> {
            for (subject, body) in events {
                tx.emit("register.row-added", "test", &subject, body)?;
            }
            Ok(())
        })
        .unwrap();
    let _ = Caller::system("test");
}
