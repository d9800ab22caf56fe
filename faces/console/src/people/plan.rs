//! The plan of a transfer in words, for the preview and for the case that is decided on.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use sekisho_people::{Account, LeaveReason, Plan};
use sekisho_register::{Definition, Lookup, Value};
use sekisho_registers::RegistersError;

use crate::page::Page;
use crate::registers::lang;
use crate::state::Site;

/// A plan for people.
pub(crate) struct PlanView {
    pub(crate) effective: String,
    pub(crate) source: String,
    pub(crate) sha256: String,
    pub(crate) complete: bool,
    pub(crate) joins: Vec<JoinLine>,
    /// 異動: the unit changes.
    pub(crate) moves: Vec<MoveLine>,
    /// Everything else that changes.
    pub(crate) changes: Vec<MoveLine>,
    pub(crate) leaves: Vec<LeaveLine>,
    pub(crate) vacancies: Vec<VacancyLine>,
    pub(crate) refused: Vec<(String, String)>,
    pub(crate) unchanged: u64,
}

pub(crate) struct JoinLine {
    pub(crate) number: String,
    pub(crate) name: String,
    pub(crate) unit: String,
    pub(crate) post: String,
    pub(crate) login: String,
    pub(crate) roles: String,
    pub(crate) returns: bool,
}

pub(crate) struct MoveLine {
    pub(crate) number: String,
    pub(crate) name: String,
    pub(crate) link: String,
    pub(crate) fields: Vec<(String, String, String)>,
    pub(crate) lost: String,
    pub(crate) gained: String,
}

pub(crate) struct LeaveLine {
    pub(crate) number: String,
    pub(crate) name: String,
    pub(crate) link: String,
    pub(crate) unit: String,
    pub(crate) left_on: String,
    pub(crate) why: String,
    pub(crate) login: String,
    pub(crate) roles: String,
}

pub(crate) struct VacancyLine {
    pub(crate) unit: String,
    pub(crate) role: String,
    pub(crate) held_before: bool,
}

impl PlanView {
    /// Puts the plan into words.
    pub(crate) fn new(site: &Site, page: &Page, plan: &Plan) -> Result<Self, RegistersError> {
        let staff = site.registers.definition("staff")?;
        site.registers.with_lookup(|lookup| Self::worded(site, page, plan, staff, lookup))
    }

    fn worded(site: &Site, page: &Page, plan: &Plan, staff: &Definition, lookup: &dyn Lookup) -> Self {
        let lang = lang(page);
        let field = |id: &str, json: &Json| match staff.field(id) {
            Some(field) => field.show(&field.from_json(json).unwrap_or(Value::Null), lang, lookup),
            None => String::new(),
        };
        let joined = |names: BTreeSet<String>| names.into_iter().collect::<Vec<_>>().join(page.l("、", ", "));
        let roles = |ids: &[String]| joined(ids.iter().map(|id| page.role_name(site, id)).collect());
        let account =
            |account: &Option<Account>| account.as_ref().map(|one| one.login.clone()).unwrap_or_default();
        let (moves, changes): (Vec<_>, Vec<_>) = plan.moves.iter().partition(|one| one.unit_changes);
        let line = |one: &sekisho_people::Move| MoveLine {
            number: one.number.clone(),
            name: one.name.clone(),
            link: format!("/registers/staff/rows/{}", one.row),
            fields: one
                .changes
                .iter()
                .filter(|change| change.field != "roles")
                .map(|change| {
                    let label = staff
                        .field(&change.field)
                        .map_or_else(|| change.field.clone(), |field| field.label.get(lang).to_owned());
                    (label, field(&change.field, &change.old), field(&change.field, &change.new))
                })
                .collect(),
            lost: roles(&one.roles_lost),
            gained: roles(&one.roles_gained),
        };
        Self {
            effective: page.day(plan.effective),
            source: plan.source.name.clone(),
            sha256: plan.source.sha256.clone(),
            complete: plan.complete,
            joins: plan
                .joins
                .iter()
                .map(|join| {
                    let value = |id: &str| field(id, join.values.get(id).unwrap_or(&Json::Null));
                    JoinLine {
                        number: join.number.clone(),
                        name: join.name.clone(),
                        unit: value("unit"),
                        post: value("post"),
                        login: account(&join.account),
                        roles: join.account.as_ref().map(|one| roles(&one.roles)).unwrap_or_default(),
                        returns: join.returns_as.is_some(),
                    }
                })
                .collect(),
            moves: moves.into_iter().map(line).collect(),
            changes: changes.into_iter().map(line).collect(),
            leaves: plan
                .leaves
                .iter()
                .map(|leave| LeaveLine {
                    number: leave.number.clone(),
                    name: leave.name.clone(),
                    link: format!("/registers/staff/rows/{}", leave.row),
                    unit: page.unit_named(site, &leave.unit),
                    left_on: page.day(leave.left_on),
                    why: match leave.why {
                        LeaveReason::Absent => page.l("名簿にない", "not in the list"),
                        LeaveReason::Listed => page.l("名簿に離任日がある", "the list says so"),
                        LeaveReason::TermEnded => page.l("任期満了", "end of the term"),
                    }
                    .to_owned(),
                    login: leave.login.clone().unwrap_or_default(),
                    roles: roles(&leave.roles_lost),
                })
                .collect(),
            vacancies: plan
                .vacancies
                .iter()
                .map(|one| VacancyLine {
                    unit: page.unit_named(site, &one.unit),
                    role: page.role_name(site, &one.role),
                    held_before: one.held_before,
                })
                .collect(),
            refused: plan
                .refused
                .iter()
                .map(|one| (one.place.clone(), page.l(&one.ja, &one.en).to_owned()))
                .collect(),
            unchanged: plan.unchanged,
        }
    }
}
