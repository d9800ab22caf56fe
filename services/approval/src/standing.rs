//! Who may decide a step now, and as what. Everything is asked afresh of the present accounts, roles and absences, so a
//! step goes to whoever holds the role today, not to whoever held it when the case was drafted.
//!
//! Never: the drafter, not through a deputy either; an auditor; the same person twice in one round.

use std::collections::BTreeMap;
use std::rc::Rc;

use sekisho_policy::{Permission, Policy, RoleId, Scope, StepAction, Text, UnitId};
use sekisho_store::{StoreError, Value};

use crate::rows::{Ask, Mark, Now, Step, asked};
use crate::{Capacity, Case};

/// An active account, as far as deciding is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Officer {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) login: String,
    pub(crate) unit: String,
    pub(crate) roles: Vec<String>,
}

/// Somebody who may decide, and as what.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(crate) officer: Rc<Officer>,
    pub(crate) capacity: Capacity,
    /// The holders in whose place it is, who then re-read it.
    pub(crate) in_place_of: Vec<String>,
}

/// The accounts and absences of now, each looked up once.
pub(crate) struct Office<'a> {
    policy: &'a Policy,
    pub(crate) now: Now,
    people: BTreeMap<String, Option<Rc<Officer>>>,
    by_role: BTreeMap<String, Vec<Rc<Officer>>>,
    by_unit: BTreeMap<String, Vec<Rc<Officer>>>,
    /// Who is absent today, with the deputy.
    absent: BTreeMap<String, Option<String>>,
}

impl<'a> Office<'a> {
    pub(crate) fn open(ask: &mut impl Ask, policy: &'a Policy, now: Now) -> Result<Self, StoreError> {
        let today = now.today.to_string();
        let rows = ask.ask(
            "SELECT person, deputy FROM approval_absences WHERE from_day <= ?1 AND to_day >= ?1 ORDER BY seq",
            &[Value::from(today)],
        )?;
        let mut absent = BTreeMap::new();
        for row in &rows {
            // The latest entry for a day counts.
            absent.insert(row.get_string("person")?, row.get_opt_text("deputy")?.map(str::to_owned));
        }
        Ok(Self {
            policy,
            now,
            people: BTreeMap::new(),
            by_role: BTreeMap::new(),
            by_unit: BTreeMap::new(),
            absent,
        })
    }

    /// An active account.
    pub(crate) fn officer(
        &mut self,
        ask: &mut impl Ask,
        id: &str,
    ) -> Result<Option<Rc<Officer>>, StoreError> {
        if let Some(known) = self.people.get(id) {
            return Ok(known.clone());
        }
        let found = officers(ask, "p.id = ?1", id)?.into_iter().next();
        self.people.insert(id.to_owned(), found.clone());
        Ok(found)
    }

    fn with_role(&mut self, ask: &mut impl Ask, role: &RoleId) -> Result<Vec<Rc<Officer>>, StoreError> {
        if let Some(known) = self.by_role.get(role.as_str()) {
            return Ok(known.clone());
        }
        let found =
            officers(ask, "p.id IN (SELECT person FROM person_roles WHERE role = ?1)", role.as_str())?;
        self.by_role.insert(role.to_string(), found.clone());
        Ok(found)
    }

    pub(crate) fn in_unit(&mut self, ask: &mut impl Ask, unit: &str) -> Result<Vec<Rc<Officer>>, StoreError> {
        if let Some(known) = self.by_unit.get(unit) {
            return Ok(known.clone());
        }
        let found = officers(ask, "p.unit = ?1", unit)?;
        self.by_unit.insert(unit.to_owned(), found.clone());
        Ok(found)
    }

    pub(crate) fn is_absent(&self, id: &str) -> bool {
        self.absent.contains_key(id)
    }

    pub(crate) fn allows(&self, officer: &Officer, permission: Permission) -> bool {
        officer
            .roles
            .iter()
            .any(|role| role.parse::<RoleId>().is_ok_and(|role| self.policy.role_allows(&role, permission)))
    }

    /// Who stands in for an absent person today: the deputy, or the deputy's deputy if that one is absent too.
    fn substitute(&mut self, ask: &mut impl Ask, id: &str) -> Result<Option<Rc<Officer>>, StoreError> {
        let mut seen = vec![id.to_owned()];
        let mut next = self.absent.get(id).cloned().flatten();
        while let Some(deputy) = next {
            // A circle can't be entered (`set_absence` refuses it); were it there all the same, nobody stands in.
            if seen.contains(&deputy) {
                return Ok(None);
            }
            if !self.is_absent(&deputy) {
                return self.officer(ask, &deputy);
            }
            next = self.absent.get(&deputy).cloned().flatten();
            seen.push(deputy);
        }
        Ok(None)
    }

    /// The people whose absence lets `id` stand in for them today.
    pub(crate) fn stands_in_for(
        &mut self,
        ask: &mut impl Ask,
        id: &str,
    ) -> Result<Vec<Rc<Officer>>, StoreError> {
        let absent: Vec<String> = self.absent.keys().cloned().collect();
        let mut found = Vec::new();
        for person in absent {
            if self.substitute(ask, &person)?.is_some_and(|deputy| deputy.id == id)
                && let Some(holder) = self.officer(ask, &person)?
            {
                found.push(holder);
            }
        }
        Ok(found)
    }

    fn in_scope(&self, step: &Step, unit: &UnitId, officer: &Officer) -> bool {
        match (&step.plan.unit, step.plan.scope) {
            (Some(fixed), _) => fixed.as_str() == officer.unit,
            (None, Scope::SameUnit) => unit.as_str() == officer.unit,
            (None, Scope::Ancestor) => {
                officer.unit.parse::<UnitId>().is_ok_and(|own| self.policy.is_within(unit, &own))
            }
            (None, Scope::Any) => true,
        }
    }

    fn bearers(
        &mut self,
        ask: &mut impl Ask,
        step: &Step,
        case: &Case,
        role: &RoleId,
    ) -> Result<Vec<Rc<Officer>>, StoreError> {
        let all = self.with_role(ask, role)?;
        Ok(all.into_iter().filter(|officer| self.in_scope(step, &case.unit, officer)).collect())
    }

    /// Everybody who may decide an open step now, each once, with the strongest capacity.
    pub(crate) fn able(
        &mut self,
        ask: &mut impl Ask,
        case: &Case,
        step: &Step,
        marks: &[Mark],
    ) -> Result<Vec<Standing>, StoreError> {
        let drafter = case.drafter.as_str();
        let holders = self.bearers(ask, step, case, &step.plan.role)?;
        let others: Vec<Rc<Officer>> = holders
            .iter()
            .filter(|holder| holder.id != drafter && !self.is_apart(step, case, holder))
            .cloned()
            .collect();
        let ids: Vec<String> = others.iter().map(|holder| holder.id.clone()).collect();
        let mut found: Vec<Standing> = Vec::new();
        for holder in &others {
            found.push(Standing {
                officer: Rc::clone(holder),
                capacity: Capacity::Holder,
                in_place_of: Vec::new(),
            });
        }
        for holder in
            others.iter().filter(|holder| self.absent.contains_key(&holder.id)).cloned().collect::<Vec<_>>()
        {
            if let Some(deputy) = self.substitute(ask, &holder.id)? {
                found.push(Standing {
                    officer: deputy,
                    capacity: Capacity::Substitute,
                    in_place_of: vec![holder.id.clone()],
                });
            }
        }
        // Where the only holder is the drafter, a deputy would decide for the drafter: the step goes up instead.
        let vacant = holders.is_empty();
        let away = !others.is_empty() && others.iter().all(|holder| self.is_absent(&holder.id));
        if vacant || away || (!others.is_empty() && step.is_overdue(self.now)) {
            for role in step.plan.deputies.clone() {
                for officer in self.bearers(ask, step, case, &role)? {
                    found.push(Standing { officer, capacity: Capacity::Deputy, in_place_of: ids.clone() });
                }
            }
        }
        if let Some(unit) = &step.raised_to {
            for officer in self.in_unit(ask, unit)? {
                if self.allows(&officer, Permission::ApproveTransfer) {
                    found.push(Standing { officer, capacity: Capacity::Superior, in_place_of: ids.clone() });
                }
            }
        }
        self.admitted(case, step, marks, found)
    }

    /// Takes out who may not, and counts everybody once.
    fn admitted(
        &self,
        case: &Case,
        step: &Step,
        marks: &[Mark],
        found: Vec<Standing>,
    ) -> Result<Vec<Standing>, StoreError> {
        let valid = || marks.iter().filter(|mark| mark.view.round == case.round && !mark.view.voided);
        let mut out: Vec<Standing> = Vec::new();
        for standing in found {
            let officer = &standing.officer;
            let counted = valid().any(|mark| mark.view.person.as_str() == officer.id);
            let stood_for = valid().any(|mark| {
                mark.view.position == step.position
                    && mark.view.capacity == Capacity::Substitute
                    && (mark.in_place_of.contains(&officer.id)
                        || standing.capacity == Capacity::Substitute
                            && mark.in_place_of.iter().any(|holder| standing.in_place_of.contains(holder)))
            });
            let holder_done = standing.capacity == Capacity::Substitute
                && valid().any(|mark| {
                    standing.in_place_of.iter().any(|holder| holder == mark.view.person.as_str())
                });
            let may = standing.capacity == Capacity::Holder
                || step.plan.action == StepAction::Agree
                || self.allows(officer, Permission::ApproveTransfer);
            let refused = officer.id == case.drafter.as_str()
                || counted
                || stood_for
                || holder_done
                || !may
                || self.is_apart(step, case, officer)
                || self.allows(officer, Permission::Audit)
                || out.iter().any(|earlier| earlier.officer.id == officer.id);
            if !refused {
                out.push(standing);
            }
        }
        Ok(out)
    }

    fn is_apart(&self, step: &Step, case: &Case, officer: &Officer) -> bool {
        step.plan.apart && officer.unit == case.unit.as_str()
    }

    /// Why too few people can decide an open step, and what to do; `None` when enough can.
    pub(crate) fn blocked(
        &mut self,
        ask: &mut impl Ask,
        case: &Case,
        step: &Step,
        marks: &[Mark],
    ) -> Result<Option<Text>, StoreError> {
        let able = self.able(ask, case, step, marks)?.len();
        let given = given(case, step, marks);
        if able.saturating_add(given) >= step.needed() {
            return Ok(None);
        }
        let asked = asked(self.policy, &step.plan, &case.unit);
        let missing = step.needed().saturating_sub(given).saturating_sub(able);
        Ok(Some(Text {
            ja: format!(
                "この段階を決裁できる職員がいません（{}、あと{missing}名必要）。役割を持つ職員を任命するか、不在の職員に代決者を指定してください。起案者本人、監査の役割を持つ職員及びすでに決裁した職員は数えません。起案者は取り下げることもできます。",
                asked.ja
            ),
            en: format!(
                "nobody can decide this step ({}, {missing} more needed); give the role to somebody, or name a deputy for whoever is absent (the drafter, auditors and people who have already decided do not count); the drafter may also withdraw the case",
                asked.en
            ),
        }))
    }

    /// The unit above from which the step could be decided: `None` at the top, and for steps that any unit may decide.
    pub(crate) fn above(&self, case: &Case, step: &Step) -> Option<UnitId> {
        let below = match (&step.raised_to, &step.plan.unit, step.plan.scope) {
            (Some(unit), _, _) => unit.parse().ok()?,
            (None, Some(fixed), _) => fixed.clone(),
            (None, None, Scope::SameUnit | Scope::Ancestor) => case.unit.clone(),
            (None, None, Scope::Any) => return None,
        };
        self.policy.unit(&below)?.parent.clone()
    }
}

/// How many have agreed to the step in this round.
pub(crate) fn given(case: &Case, step: &Step, marks: &[Mark]) -> usize {
    marks
        .iter()
        .filter(|mark| {
            mark.view.round == case.round
                && !mark.view.voided
                && mark.view.position == step.position
                && matches!(mark.view.decision.as_str(), "agreed" | "decided")
        })
        .count()
}

fn officers(ask: &mut impl Ask, condition: &str, key: &str) -> Result<Vec<Rc<Officer>>, StoreError> {
    let rows = ask.ask(
        &format!(
            "SELECT p.id, p.name, p.login, p.unit, r.role FROM people p LEFT JOIN person_roles r ON r.person = p.id
             WHERE p.active = 1 AND {condition} ORDER BY p.login, r.role"
        ),
        &[Value::from(key)],
    )?;
    let mut found: Vec<Officer> = Vec::new();
    for row in &rows {
        let role = row.get_opt_text("role")?;
        let id = row.get_text("id")?;
        match found.last_mut() {
            Some(last) if last.id == id => last.roles.extend(role.map(str::to_owned)),
            _ => found.push(Officer {
                id: id.to_owned(),
                name: row.get_string("name")?,
                login: row.get_string("login")?,
                unit: row.get_string("unit")?,
                roles: role.map(str::to_owned).into_iter().collect(),
            }),
        }
    }
    Ok(found.into_iter().map(Rc::new).collect())
}
