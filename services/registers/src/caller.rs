//! Who asks, and what the table of access lets them do. Everything that isn't listed there is refused. This file only
//! decides; it never reads a row's fields beyond the unit and the person that a row belongs to.

use std::collections::BTreeSet;

use sekisho_identity::{Person, Principal, Way};
use sekisho_policy::{Permission, Policy, RoleId, UnitId};
use sekisho_register::{Access, Action, Catalogue, Definition, Field, Lang, Scope, Value, Values};

use crate::RegistersError;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The account; `None` for a command on the server.
    pub person: Option<Person>,
    /// The log-in name.
    pub login: String,
    /// Units of the person (所属).
    pub units: Vec<UnitId>,
    /// Roles of the person.
    pub roles: Vec<RoleId>,
    /// How the call came in, for the ledger: `console`, `api` or `server: REASON`.
    pub way: String,
    pub(crate) system: bool,
}

impl Caller {
    /// A person with an account.
    #[must_use]
    pub fn person(person: &Person, way: impl Into<String>) -> Self {
        Self {
            person: Some(person.clone()),
            login: person.login.clone(),
            units: vec![person.unit.clone()],
            roles: person.roles.clone(),
            way: way.into(),
            system: false,
        }
    }

    /// A command on the server, or a service acting for the installation: it may do everything, and the ledger says why.
    #[must_use]
    pub fn system(reason: &str) -> Self {
        Self {
            person: None,
            login: "system".to_owned(),
            units: Vec::new(),
            roles: Vec::new(),
            way: format!("server: {reason}"),
            system: true,
        }
    }

    /// The actor in events.
    #[must_use]
    pub fn actor(&self) -> String {
        self.person.as_ref().map_or_else(|| "system".to_owned(), |person| person.id.to_string())
    }

    /// Whether this is the installation itself.
    #[must_use]
    pub const fn is_system(&self) -> bool {
        self.system
    }

    fn holds(&self, entry: &Access) -> bool {
        entry.is_everyone() || self.roles.iter().any(|role| role.as_str() == entry.role)
    }
}

impl From<&Principal> for Caller {
    fn from(principal: &Principal) -> Self {
        let way = match principal.way {
            Way::Session(_) => "console",
            Way::Token(_) => "api",
        };
        Self::person(&principal.person, way)
    }
}

/// What one caller may do in one register.
#[derive(Debug, Clone)]
pub(crate) struct Authority<'a> {
    caller: &'a Caller,
    definition: &'a Definition,
    policy: &'a Policy,
    /// The caller's row in the register of staff.
    staff: Option<String>,
}

/// Which rows an action reaches.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Reach {
    pub(crate) all: bool,
    pub(crate) units: BTreeSet<String>,
    /// (field of type person, the caller's row in the register of staff)
    pub(crate) own: Vec<(String, String)>,
}

impl Reach {
    pub(crate) fn is_nothing(&self) -> bool {
        !self.all && self.units.is_empty() && self.own.is_empty()
    }

    /// Does the row with these values lie within?
    pub(crate) fn holds(&self, definition: &Definition, values: &Values) -> bool {
        if self.all {
            return true;
        }
        let unit = definition.unit_field.as_ref().map(|field| values.get(field.as_str()));
        if let Some(Value::Text(unit)) = unit
            && self.units.contains(unit)
        {
            return true;
        }
        self.own.iter().any(|(field, me)| match values.get(field) {
            Value::Text(person) => person == me,
            _ => false,
        })
    }
}

impl<'a> Authority<'a> {
    pub(crate) fn new(
        caller: &'a Caller,
        definition: &'a Definition,
        policy: &'a Policy,
        staff: Option<String>,
    ) -> Self {
        Self { caller, definition, policy, staff }
    }

    /// The rows that the action reaches.
    pub(crate) fn reach(&self, action: Action) -> Reach {
        let mut reach = Reach { all: self.caller.system, ..Reach::default() };
        for entry in self.entries(action) {
            match entry.scope {
                Scope::All => reach.all = true,
                Scope::OwnUnit => reach.units.extend(self.caller.units.iter().map(ToString::to_string)),
                Scope::Below => {
                    let below = self.policy.units.iter().filter(|unit| {
                        self.caller.units.iter().any(|own| self.policy.is_within(&unit.id, own))
                    });
                    reach.units.extend(below.map(|unit| unit.id.to_string()));
                }
                Scope::Own => {
                    let field = entry.own_field.as_ref().or(self.definition.own_field.as_ref());
                    if let (Some(field), Some(me)) = (field, &self.staff) {
                        reach.own.push((field.to_string(), me.clone()));
                    }
                }
            }
        }
        // Without a field that names the unit no row belongs to one.
        if self.definition.unit_field.is_none() {
            reach.units.clear();
        }
        reach
    }

    /// May the caller do this with at least some rows?
    pub(crate) fn may(&self, action: Action) -> bool {
        !self.reach(action).is_nothing()
    }

    /// May the caller see values of this class here? Classes of rank 3 and up (自治体機密性3) are for the roles that the
    /// table of access names; an entry for every signed-in person (`*`) never reaches them.
    pub(crate) fn is_cleared(&self, class: Option<&str>) -> bool {
        let Some(class) = class else { return true };
        if self.caller.system || !is_secret(self.policy, class) {
            return true;
        }
        self.entries(Action::See).any(|entry| !entry.is_everyone())
    }

    /// May the caller see this field?
    pub(crate) fn sees(&self, field: &Field) -> bool {
        self.is_cleared(field.confidentiality.as_deref())
    }

    fn entries(&self, action: Action) -> impl Iterator<Item = &'a Access> + '_ {
        let secret = is_secret(self.policy, &self.definition.tier);
        self.definition.access.iter().filter(move |entry| {
            entry.actions.contains(&action)
                && self.caller.holds(entry)
                // One's own row is never a secret from oneself.
                && !(secret && entry.is_everyone() && entry.scope != Scope::Own)
        })
    }
}

/// Is this a class of 自治体機密性3 (3A, 3B, 3C)? A class that the policy doesn't know is taken as one.
pub(crate) fn is_secret(policy: &Policy, class: &str) -> bool {
    let class = policy.classification.classes.iter().find(|known| known.id.as_str() == class);
    class.is_none_or(|class| class.mark.starts_with('3'))
}

/// Does the role answer for a unit's information security (情報セキュリティ管理者 or a deputy)?
pub(crate) fn is_unit_manager(policy: &Policy, caller: &Caller) -> bool {
    caller.roles.iter().any(|role| policy.role_allows(role, Permission::ViewOwnUnit))
}

/// One line of the table of access in words: who may do what with which rows, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessLine {
    /// The register.
    pub register: String,
    /// The role of the policy, or `*`.
    pub role: String,
    /// Which rows.
    pub scope: Scope,
    /// What may be done.
    pub actions: Vec<Action>,
    /// Whether values of 自治体機密性3 are shown.
    pub secret: bool,
}

/// The whole table of access, register by register.
#[must_use]
pub fn access_table(catalogue: &Catalogue) -> Vec<AccessLine> {
    let mut lines = Vec::new();
    for definition in catalogue.iter() {
        for entry in &definition.access {
            lines.push(AccessLine {
                register: definition.id.to_string(),
                role: entry.role.clone(),
                scope: entry.scope,
                actions: entry.actions.clone(),
                secret: !entry.is_everyone(),
            });
        }
    }
    lines
}

impl Authority<'_> {
    /// Refuses an action that reaches no row at all.
    pub(crate) fn require(&self, action: Action) -> Result<(), RegistersError> {
        if self.may(action) { Ok(()) } else { Err(refused(self.definition, action)) }
    }

    pub(crate) fn caller(&self) -> &Caller {
        self.caller
    }
}

/// The refusal of an action, in words.
pub(crate) fn refused(definition: &Definition, action: Action) -> RegistersError {
    RegistersError::not_permitted(
        format!(
            "「{}」でこの行を{}する権限がありません。必要な場合は台帳の管理者に相談してください。",
            definition.label.ja,
            action.label(Lang::Ja)
        ),
        format!("your roles don't allow to {} this row of `{}`", action.label(Lang::En), definition.label.en),
    )
}
