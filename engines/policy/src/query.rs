//! Questions to a checked declaration.

use std::net::IpAddr;

use crate::id::{BodyId, ClassId, ConduitId, RoleId, RouteId, UnitId, ZoneId};
use crate::model::{
    Body, Class, Conduit, Permission, Policy, Role, Route, Scope, Step, StepAction, Unit, Zone,
};

/// Who applied.
#[derive(Debug, Clone, Copy)]
pub struct Applicant<'a> {
    /// The person's identifier in the accounts.
    pub person: &'a str,
    /// The unit for which the person applied.
    pub unit: &'a UnitId,
}

/// Who would decide.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The person's identifier in the accounts.
    pub person: &'a str,
    /// The unit in which the person holds the roles.
    pub unit: &'a UnitId,
    /// The roles held there.
    pub roles: &'a [RoleId],
}

/// Whether a person may decide a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Eligibility {
    /// Yes, as the holder of the role.
    Holder,
    /// Yes, in the holder's place (代行).
    Deputy,
    /// No: it is the person's own transfer (兼務の禁止). This outranks every role.
    OwnRequest,
    /// No: the person holds a fitting role, in a unit out of the step's scope.
    OtherUnit,
    /// No: the person holds neither the role nor a deputy's.
    NoRole,
}

impl Eligibility {
    /// Whether the person may decide.
    #[must_use]
    pub const fn is_eligible(self) -> bool {
        matches!(self, Self::Holder | Self::Deputy)
    }
}

impl Route {
    /// Whether the steps depend on an amount of money, so that a case must name one.
    #[must_use]
    pub fn asks_for_amount(&self) -> bool {
        self.steps.iter().any(|step| step.amount_from.is_some() || step.amount_below.is_some())
    }
}

impl Policy {
    /// The zone with this identifier.
    #[must_use]
    pub fn zone(&self, id: &ZoneId) -> Option<&Zone> {
        self.zones.iter().find(|zone| zone.id == *id)
    }

    /// The zone to which an address belongs; zones do not overlap.
    #[must_use]
    pub fn zone_of_address(&self, address: IpAddr) -> Option<&Zone> {
        self.zones.iter().find(|zone| zone.networks.iter().any(|network| network.contains(address)))
    }

    /// The conduit with this identifier.
    #[must_use]
    pub fn conduit(&self, id: &ConduitId) -> Option<&Conduit> {
        self.conduits.iter().find(|conduit| conduit.id == *id)
    }

    /// The first declared conduit from one zone to another; `None` means that nothing may cross.
    #[must_use]
    pub fn find_conduit(&self, from: &ZoneId, to: &ZoneId) -> Option<&Conduit> {
        self.conduits.iter().find(|conduit| conduit.from == *from && conduit.to == *to)
    }

    /// Every conduit from one zone to another, in the order of the files; there may be one for each purpose.
    pub fn conduits_between<'a>(
        &'a self,
        from: &ZoneId,
        to: &ZoneId,
    ) -> impl Iterator<Item = &'a Conduit> + use<'a> {
        let (from, to) = (from.clone(), to.clone());
        self.conduits.iter().filter(move |conduit| conduit.from == from && conduit.to == to)
    }

    /// The body with this identifier.
    #[must_use]
    pub fn body(&self, id: &BodyId) -> Option<&Body> {
        self.bodies.iter().find(|body| body.id == *id)
    }

    /// The unit with this identifier.
    #[must_use]
    pub fn unit(&self, id: &UnitId) -> Option<&Unit> {
        self.units.iter().find(|unit| unit.id == *id)
    }

    /// The unit itself, then the units above it up to the top; empty when the unit is not declared.
    #[must_use]
    pub fn ancestors(&self, id: &UnitId) -> Vec<&Unit> {
        // INVARIANT: the tree has no cycle; `Policy::parse` refuses one.
        std::iter::successors(self.unit(id), |unit| self.unit(unit.parent.as_ref()?)).collect()
    }

    /// Whether a unit is the other or lies below it.
    #[must_use]
    pub fn is_within(&self, unit: &UnitId, ancestor: &UnitId) -> bool {
        self.ancestors(unit).iter().any(|above| above.id == *ancestor)
    }

    /// The role with this identifier.
    #[must_use]
    pub fn role(&self, id: &RoleId) -> Option<&Role> {
        self.roles.iter().find(|role| role.id == *id)
    }

    /// Whether a role grants a permission; a role that is not declared grants none.
    #[must_use]
    pub fn role_allows(&self, role: &RoleId, permission: Permission) -> bool {
        self.role(role).is_some_and(|role| role.permissions.contains(&permission))
    }

    /// The route with this identifier.
    #[must_use]
    pub fn route(&self, id: &RouteId) -> Option<&Route> {
        self.routes.iter().find(|route| route.id == *id)
    }

    /// The steps of a route that a case passes, in order, each with its number on the route.
    ///
    /// `unit` is the drafter's, `amount` in yen, `class_rank` the rank of the class of 機密性. Without an amount a step
    /// with a bound on amounts does not apply (see [`Route::asks_for_amount`]); an unknown class counts as the strictest.
    /// A 合議 of the drafter's own unit is left out: its own line approves already, and one person counts once.
    #[must_use]
    pub fn steps_of<'a>(
        &self,
        route: &'a Route,
        unit: &UnitId,
        amount: Option<i64>,
        class_rank: Option<u8>,
    ) -> Vec<(usize, &'a Step)> {
        let applies = |step: &Step| {
            let bounded = step.amount_from.is_some() || step.amount_below.is_some();
            let amount_fits = match amount {
                None => !bounded,
                Some(yen) => {
                    step.amount_from.is_none_or(|from| yen >= from)
                        && step.amount_below.is_none_or(|below| yen < below)
                }
            };
            let rank = step.class_from.as_ref().and_then(|id| self.class(id)).map(|class| class.rank);
            let class_fits = match (rank, class_rank) {
                (Some(from), Some(rank)) => rank >= from,
                _ => true,
            };
            let own = step.action == StepAction::Agree && step.unit.as_ref() == Some(unit);
            amount_fits && class_fits && !own
        };
        route.steps.iter().enumerate().filter(|(_, step)| applies(step)).collect()
    }

    /// The class with this identifier.
    #[must_use]
    pub fn class(&self, id: &ClassId) -> Option<&Class> {
        self.classification.classes.iter().find(|class| class.id == *id)
    }

    /// Whether a class of 機密性 may cross the conduit: not above its bound. A class of another axis never may.
    #[must_use]
    pub fn may_carry(&self, conduit: &Conduit, class: &ClassId) -> bool {
        let Some(class) = self.class(class) else { return false };
        match &conduit.max_confidentiality {
            None => class.axis == crate::model::Axis::Confidentiality,
            Some(bound) => {
                self.class(bound).is_some_and(|bound| bound.axis == class.axis && class.rank <= bound.rank)
            }
        }
    }

    /// Whether a person may decide a step of somebody's transfer. Nobody decides on their own, whatever their role.
    #[must_use]
    pub fn eligibility(
        &self,
        step: &Step,
        applicant: &Applicant<'_>,
        candidate: &Candidate<'_>,
    ) -> Eligibility {
        if applicant.person == candidate.person {
            return Eligibility::OwnRequest;
        }
        let held = if candidate.roles.contains(&step.role) {
            Eligibility::Holder
        } else if step.deputies.iter().any(|deputy| candidate.roles.contains(deputy)) {
            Eligibility::Deputy
        } else {
            return Eligibility::NoRole;
        };
        let in_scope = match (&step.unit, step.scope) {
            (Some(unit), _) => unit == candidate.unit,
            (None, Scope::SameUnit) => applicant.unit == candidate.unit,
            (None, Scope::Ancestor) => self.is_within(applicant.unit, candidate.unit),
            (None, Scope::Any) => true,
        };
        if in_scope { held } else { Eligibility::OtherUnit }
    }

    /// SHA-256 in lower-case hexadecimal over the files in the order of their names:
    /// `sekisho-policy/v1\0`, then for each file u64be length of the name ‖ name ‖ u64be length of the text ‖ text.
    /// The name is the part of the path after the last `/`, so that the digest does not depend on the directory.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }
}
