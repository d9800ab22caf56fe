//! The way that a case will take: the steps of its route that apply, written into the draft, so that a later revision of
//! the policy doesn't change the way of a case under people's hands.

use sekisho_policy::{Policy, RoleId, Route, Scope, Separation, StepAction, UnitId};
use serde::{Deserialize, Serialize};

/// A step as it stands in the event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PlannedStep {
    pub(crate) stage: u32,
    pub(crate) role: RoleId,
    pub(crate) scope: Scope,
    pub(crate) unit: Option<UnitId>,
    pub(crate) action: StepAction,
    pub(crate) delegated: bool,
    pub(crate) deputies: Vec<RoleId>,
    pub(crate) quorum: u8,
    pub(crate) due_days: Option<u16>,
    /// Nobody of the drafting unit takes part.
    pub(crate) apart: bool,
}

/// The steps of a case; neighbours with the same parallel name share a stage.
pub(crate) fn plan(
    policy: &Policy,
    route: &Route,
    unit: &UnitId,
    amount: Option<i64>,
    class_rank: Option<u8>,
) -> Vec<PlannedStep> {
    let apart = route.separate_from.contains(&Separation::DrafterUnit);
    let mut stage = 0u32;
    let mut before: Option<Option<&str>> = None;
    let mut steps = Vec::new();
    for (_, step) in policy.steps_of(route, unit, amount, class_rank) {
        let name = step.parallel.as_deref();
        if before.is_some_and(|before| name.is_none() || before != name) {
            stage = stage.saturating_add(1);
        }
        before = Some(name);
        steps.push(PlannedStep {
            stage,
            role: step.role.clone(),
            scope: step.scope,
            unit: step.unit.clone(),
            action: step.action,
            delegated: step.delegated,
            deputies: step.deputies.clone(),
            quorum: step.quorum.max(1),
            due_days: step.due_days,
            apart,
        });
    }
    steps
}

/// Stands in the column `place` for "the drafter's unit or one above it"; no unit has this name.
pub(crate) const UPWARDS: &str = "^";

/// Where open steps are looked for: the one unit in which the decider sits, [`UPWARDS`], or empty for anywhere.
pub(crate) fn place<'a>(step: &'a PlannedStep, unit: &'a str) -> &'a str {
    match (&step.unit, step.scope) {
        (Some(fixed), _) => fixed.as_str(),
        (None, Scope::SameUnit) => unit,
        (None, Scope::Ancestor) => UPWARDS,
        (None, Scope::Any) => "",
    }
}
