//! Who may do what with which document: one typed table. What is not listed is refused.
//!
//! Reading: 基本方針 by everybody; 対策基準 by the staff who must follow it, not by contractors or outsiders (clause 9);
//! 実施手順 by the units named on it and by those who answer for the whole (clause 10).

use sekisho_identity::{Person, Principal};
use sekisho_policy::{Lang, Policy, UnitId};

use crate::model::Tier;

/// What is done with a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Read, compare, print and export a decided version.
    Read,
    /// Write and propose a version (起案), and create a document.
    Draft,
    /// Link clauses with standards, procedures, registers and controls.
    Link,
    /// Record publication (公布・公表).
    Publish,
    /// Record the consent of a body (執行機関等の同意).
    Consent,
    /// See who read a non-public document.
    SeeReadings,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 6] =
        [Self::Read, Self::Draft, Self::Link, Self::Publish, Self::Consent, Self::SeeReadings];

    /// What people call it.
    #[must_use]
    pub const fn label(self, lang: Lang) -> &'static str {
        match (self, lang) {
            (Self::Read, Lang::Ja) => "閲覧",
            (Self::Read, Lang::En) => "read",
            (Self::Draft, Lang::Ja) => "起案",
            (Self::Draft, Lang::En) => "draft",
            (Self::Link, Lang::Ja) => "関連付け",
            (Self::Link, Lang::En) => "link",
            (Self::Publish, Lang::Ja) => "公表の記録",
            (Self::Publish, Lang::En) => "record publication",
            (Self::Consent, Lang::Ja) => "同意の記録",
            (Self::Consent, Lang::En) => "record a body's consent",
            (Self::SeeReadings, Lang::Ja) => "閲覧記録の確認",
            (Self::SeeReadings, Lang::En) => "see who read it",
        }
    }
}

/// Of which documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// All of the tier.
    All,
    /// Those whose responsible section (主管課) is the person's unit or one above it.
    Owner,
    /// Those that name the person's unit, or one above it, as bound by them; and those of [`Reach::Owner`].
    Named,
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Right {
    /// Of this tier.
    pub tier: Tier,
    /// This may be done…
    pub action: Action,
    /// …by holders of one of these roles (`*` = everybody who is signed in)…
    pub roles: &'static [&'static str],
    /// …with these documents.
    pub reach: Reach,
}

/// Roles of the city's own staff (職員等): they must be able to read what they must follow.
pub const STAFF: &[&str] = &[
    "staff",
    "section-manager",
    "deputy",
    "department-head",
    "system-manager",
    "general-affairs",
    "public-relations",
    "committee",
    "administrator",
    "auditor",
    "audit-chief",
    "chief-officer",
    "vice-ciso",
    "ciso",
];

/// Roles that answer for the whole, or audit it.
pub const OVERSEERS: &[&str] =
    &["administrator", "auditor", "audit-chief", "chief-officer", "vice-ciso", "ciso"];

/// Roles of people from outside. Who holds one of them is outside, whatever else they hold.
pub const OUTSIDE: &[&str] = &["contractor", "outside"];

const AUTHORS: &[&str] = &["staff", "section-manager", "deputy", "department-head", "system-manager"];
const LEADERS: &[&str] = &["administrator", "chief-officer", "vice-ciso", "ciso"];
const MANAGERS: &[&str] = &["section-manager", "deputy", "department-head"];

macro_rules! rights {
    ($($tier:ident $action:ident $roles:ident $reach:ident;)*) => {
        /// The table.
        pub const RIGHTS: &[Right] =
            &[$(Right { tier: Tier::$tier, action: Action::$action, roles: $roles, reach: Reach::$reach },)*];
    };
}

const EVERYBODY: &[&str] = &["*"];

rights! {
    Public Read EVERYBODY All;
    Public Draft LEADERS All;
    Public Draft AUTHORS Owner;
    Public Link LEADERS All;
    Public Link AUTHORS Owner;
    Public Publish LEADERS All;
    Public Publish MANAGERS Owner;
    Public Consent LEADERS All;
    Public Consent MANAGERS Owner;
    Standard Read STAFF All;
    Standard Draft LEADERS All;
    Standard Draft AUTHORS Owner;
    Standard Link LEADERS All;
    Standard Link AUTHORS Owner;
    Standard Consent LEADERS All;
    Standard Consent MANAGERS Owner;
    Standard SeeReadings OVERSEERS All;
    Standard SeeReadings MANAGERS Owner;
    Procedure Read OVERSEERS All;
    Procedure Read STAFF Named;
    Procedure Draft LEADERS All;
    Procedure Draft AUTHORS Owner;
    Procedure Link LEADERS All;
    Procedure Link AUTHORS Owner;
    Procedure SeeReadings OVERSEERS All;
    Procedure SeeReadings MANAGERS Owner;
}

/// Who asks.
#[derive(Debug, Clone)]
pub enum Caller {
    /// Somebody signed in.
    Person(Box<Principal>),
    /// A command on the server itself, with its reason for the ledger.
    System {
        /// Why, e.g. `sekisho document import`.
        reason: String,
    },
}

impl Caller {
    /// A person.
    #[must_use]
    pub fn person(principal: &Principal) -> Self {
        Self::Person(Box::new(principal.clone()))
    }

    /// The actor of events.
    #[must_use]
    pub fn actor(&self) -> String {
        match self {
            Self::Person(principal) => principal.person.id.to_string(),
            Self::System { .. } => sekisho_store::SYSTEM.to_owned(),
        }
    }

    /// The reason of a command on the server; empty for people.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Person(_) => "",
            Self::System { reason } => reason,
        }
    }
}

/// What of a document decides who may do what with it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) tier: Tier,
    pub(crate) owner: &'a str,
    pub(crate) units: &'a [String],
}

/// May the caller do it?
pub(crate) fn may(policy: &Policy, caller: &Caller, action: Action, subject: Subject<'_>) -> bool {
    match caller {
        Caller::System { .. } => true,
        Caller::Person(principal) => permits(policy, &principal.person, action, subject),
    }
}

fn permits(policy: &Policy, person: &Person, action: Action, subject: Subject<'_>) -> bool {
    let holds = |roles: &[&str]| person.roles.iter().any(|role| roles.contains(&role.as_str()));
    if !person.active || (!(subject.tier == Tier::Public && action == Action::Read) && holds(OUTSIDE)) {
        return false;
    }
    let inside = |unit: &str| unit.parse::<UnitId>().is_ok_and(|unit| policy.is_within(&person.unit, &unit));
    RIGHTS.iter().any(|right| {
        right.tier == subject.tier
            && right.action == action
            && (right.roles == EVERYBODY || holds(right.roles))
            && match right.reach {
                Reach::All => true,
                Reach::Owner => inside(subject.owner),
                Reach::Named => inside(subject.owner) || subject.units.iter().any(|unit| inside(unit)),
            }
    })
}
