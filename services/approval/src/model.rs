//! The words of an approval: case (案件), step (段階), mark (押印に当たる記録), task (今日すること).

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use sekisho_identity::PersonId;
use sekisho_policy::{Lang, RoleId, RouteId, StepAction, Text, UnitId};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// A case's identifier: `k_` and 26 lower-case base32 characters (128 random bits). Never reused.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CaseId(String);

/// The text is not a case's identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a case's identifier; it begins with `k_` and has 26 characters after that")]
pub struct CaseIdError(String);

impl CaseId {
    pub(crate) fn from_random(bits: u128) -> Self {
        const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let mut text = String::from("k_");
        for place in 0..26u32 {
            // 25 characters hold the upper 125 bits, the last one the lower three.
            let five = if place < 25 { bits >> (123 - 5 * place) } else { bits << 2 };
            let index = usize::try_from(five & 31).unwrap_or(0);
            text.push(char::from(ALPHABET.get(index).copied().unwrap_or(b'a')));
        }
        Self(text)
    }

    /// The identifier as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CaseId {
    type Err = CaseIdError;
    fn from_str(text: &str) -> Result<Self, CaseIdError> {
        let fits = text.strip_prefix("k_").is_some_and(|rest| {
            rest.len() == 26 && rest.bytes().all(|b| b.is_ascii_lowercase() || (b'2'..=b'7').contains(&b))
        });
        if fits { Ok(Self(text.to_owned())) } else { Err(CaseIdError(text.to_owned())) }
    }
}

impl TryFrom<String> for CaseId {
    type Error = CaseIdError;
    fn try_from(text: String) -> Result<Self, CaseIdError> {
        text.parse()
    }
}

impl From<CaseId> for String {
    fn from(id: CaseId) -> Self {
        id.0
    }
}

impl AsRef<str> for CaseId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A case to be drafted (起案).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCase {
    /// What it is about, `[a-z0-9.-]{1,64}`, for instance `register.change`; the [`crate::Effect`] of the same kind
    /// carries the approval out.
    pub kind: String,
    /// 件名, one line of at most 200 characters.
    pub title: String,
    /// What is decided on; the digest covers it.
    pub content: Json,
    /// The page that shows the content: a path that begins with `/`. `{case}` stands for the case's identifier.
    pub link: String,
    /// The route of the policy.
    pub route: RouteId,
    /// 起案者; takes no part in deciding.
    pub drafter: PersonId,
    /// The unit for which it is drafted; the steps' scopes are seen from here.
    pub unit: UnitId,
    /// The amount in yen, where the route depends on it.
    pub amount: Option<i64>,
    /// The rank of the class of 機密性 of the content; unknown counts as the strictest.
    pub class_rank: Option<u8>,
    /// The day by which it must be decided.
    pub due: Option<Date>,
}

/// A new content of a case (差戻し後の修正、又は起案者による変更).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// 件名
    pub title: String,
    /// What is decided on.
    pub content: Json,
    /// The amount in yen.
    pub amount: Option<i64>,
    /// The rank of the class of 機密性.
    pub class_rank: Option<u8>,
    /// The day by which it must be decided.
    pub due: Option<Date>,
}

/// A case (案件).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Case {
    /// The identifier.
    pub id: CaseId,
    /// 文書番号, for instance `情政第12号`; unique with the fiscal year.
    pub number: String,
    /// The fiscal year (年度) of the number.
    pub fiscal_year: i16,
    /// What it is about.
    pub kind: String,
    /// 件名
    pub title: String,
    /// What is decided on.
    pub content: Json,
    /// SHA-256 in hexadecimal over what is decided on (see [`crate::digest_of`]).
    pub digest: String,
    /// The page that shows the content.
    pub link: String,
    /// The route.
    pub route: RouteId,
    /// 起案者
    pub drafter: PersonId,
    /// The drafter's name when it was drafted.
    pub drafter_name: String,
    /// The unit for which it was drafted.
    pub unit: UnitId,
    /// The amount in yen.
    pub amount: Option<i64>,
    /// The rank of the class of 機密性.
    pub class_rank: Option<u8>,
    /// The day by which it must be decided.
    pub due: Option<Date>,
    /// Where it stands.
    pub state: CaseState,
    /// 1, and one more with each revision; only marks of the present round count.
    pub round: u32,
    /// When it was drafted, in milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// When something last happened to it.
    pub updated_ms: i64,
    /// Why it was rejected, returned or withdrawn; empty otherwise.
    pub reason: String,
    /// The ledger entry of the draft.
    pub seq: u64,
}

/// Where a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CaseState {
    /// 回議中
    Open,
    /// 決裁済
    Approved,
    /// 否決
    Rejected,
    /// 差戻し; waits for the drafter.
    Returned,
    /// 取下げ
    Withdrawn,
}

impl CaseState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Open, Self::Approved, Self::Rejected, Self::Returned, Self::Withdrawn];

    /// The identifier in tables and links.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Returned => "returned",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The state of an identifier.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.id() == id)
    }

    /// The name for people.
    #[must_use]
    pub const fn label(self, lang: Lang) -> &'static str {
        match (self, lang) {
            (Self::Open, Lang::Ja) => "回議中",
            (Self::Approved, Lang::Ja) => "決裁済",
            (Self::Rejected, Lang::Ja) => "否決",
            (Self::Returned, Lang::Ja) => "差戻し",
            (Self::Withdrawn, Lang::Ja) => "取下げ",
            (Self::Open, Lang::En) => "in circulation",
            (Self::Approved, Lang::En) => "approved",
            (Self::Rejected, Lang::En) => "rejected",
            (Self::Returned, Lang::En) => "returned",
            (Self::Withdrawn, Lang::En) => "withdrawn",
        }
    }
}

/// What somebody decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// 承認（合議では同意）
    Approve,
    /// 否決; ends the case.
    Reject,
    /// 差戻し; the drafter revises or withdraws.
    Return,
}

/// What came of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The ledger entry of the decision.
    pub seq: u64,
    /// Where the case stands now.
    pub state: CaseState,
}

/// As what somebody decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Capacity {
    /// As the holder of the step's role.
    Holder,
    /// 代決 by the person whom an absent holder named.
    Substitute,
    /// 代決 by a role that the route names, while the holder is absent or the step overdue.
    Deputy,
    /// By the unit above, to which the step was raised.
    Superior,
}

impl Capacity {
    /// The identifier in tables.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Holder => "holder",
            Self::Substitute => "substitute",
            Self::Deputy => "deputy",
            Self::Superior => "superior",
        }
    }

    pub(crate) fn from_id(id: &str) -> Self {
        [Self::Substitute, Self::Deputy, Self::Superior]
            .into_iter()
            .find(|capacity| capacity.id() == id)
            .unwrap_or(Self::Holder)
    }

    /// The name for people; empty for the holder.
    #[must_use]
    pub const fn label(self, lang: Lang) -> &'static str {
        match (self, lang) {
            (Self::Holder, _) => "",
            (Self::Substitute | Self::Deputy, Lang::Ja) => "代決",
            (Self::Substitute | Self::Deputy, Lang::En) => "in the holder's place",
            (Self::Superior, Lang::Ja) => "上位者",
            (Self::Superior, Lang::En) => "as the unit above",
        }
    }
}

/// A case with its steps, as one person sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseView {
    /// The case.
    pub case: Case,
    /// The steps of the present round, in order.
    pub steps: Vec<StepView>,
    /// Every mark of every round, in order.
    pub marks: Vec<MarkView>,
    /// As what this person could decide now.
    pub capacity: Option<Capacity>,
    /// The action that is asked of this person now.
    pub action: Option<StepAction>,
    /// Whether this person has yet to re-read it (後閲).
    pub to_reread: bool,
    /// Whether this person may revise or withdraw it.
    pub is_mine: bool,
    /// Why nobody can decide, and what to do about it; empty when somebody can.
    pub blocked: Vec<Text>,
}

/// A step of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepView {
    /// Its number in the case, from 0.
    pub position: u32,
    /// Steps of the same stage run together.
    pub stage: u32,
    /// 合議 or 決裁.
    pub action: StepAction,
    /// 専決
    pub delegated: bool,
    /// Who is asked: the role, with the unit where the step names one.
    pub role: RoleId,
    /// The same in words, for instance 情報政策課の情報セキュリティ管理者（課長）.
    pub asked: Text,
    /// How many people must agree.
    pub quorum: u8,
    /// Where it stands.
    pub state: StepState,
    /// When it came up, in milliseconds since 1970 UTC.
    pub opened_ms: Option<i64>,
    /// The last day on which it is in time.
    pub due: Option<Date>,
    /// Whether that day is over.
    pub overdue: bool,
    /// The unit to which it was raised.
    pub raised_to: Option<UnitId>,
    /// Who could decide now, by name; empty unless the step is open.
    pub able: Vec<String>,
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// Comes later.
    Waiting,
    /// Asked now.
    Open,
    /// Done.
    Done,
    /// The case ended before.
    Closed,
}

impl StepState {
    pub(crate) fn from_id(id: &str) -> Self {
        match id {
            "open" => Self::Open,
            "done" => Self::Done,
            "closed" => Self::Closed,
            _ => Self::Waiting,
        }
    }
}

/// One person's decision on a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MarkView {
    /// The ledger entry.
    pub seq: u64,
    /// The round.
    pub round: u32,
    /// The step.
    pub position: u32,
    /// Who.
    pub person: PersonId,
    /// The name then.
    pub person_name: String,
    /// As what.
    pub capacity: Capacity,
    /// `agreed`, `decided`, `rejected` or `returned`.
    pub decision: String,
    /// The digest of what was decided on.
    pub digest: String,
    /// The comment.
    pub comment: String,
    /// When, in milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// Whether a later revision made it void.
    pub voided: bool,
}

/// Why a task is on somebody's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskKind {
    /// To decide.
    Decide,
    /// To re-read (後閲).
    Reread,
    /// One's own draft came back.
    Returned,
    /// One's own draft waits for others.
    Waiting,
}

/// One entry of the worklist (今日すること).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Task {
    /// Why it is on the list.
    pub kind: TaskKind,
    /// The case.
    pub case: CaseId,
    /// 文書番号
    pub number: String,
    /// 件名
    pub title: String,
    /// The case's kind.
    pub case_kind: String,
    /// The page that shows the content.
    pub link: String,
    /// The digest that a decision must name.
    pub digest: String,
    /// 起案者
    pub drafter_name: String,
    /// The unit that drafted.
    pub unit: UnitId,
    /// What is asked, for [`TaskKind::Decide`].
    pub action: Option<StepAction>,
    /// As what, for [`TaskKind::Decide`].
    pub capacity: Option<Capacity>,
    /// Since when, in milliseconds since 1970 UTC.
    pub since_ms: i64,
    /// The last day on which it is in time.
    pub due: Option<Date>,
    /// Whether that day is over.
    pub overdue: bool,
    /// Who is waited for, by name, for [`TaskKind::Waiting`]; the reason for [`TaskKind::Returned`].
    pub note: String,
    /// Why nobody can decide and what to do, for [`TaskKind::Waiting`].
    pub blocked: Option<Text>,
}

/// How many tasks of each kind somebody has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// To decide.
    pub decide: u32,
    /// Of these, overdue.
    pub overdue: u32,
    /// To re-read.
    pub reread: u32,
    /// Came back.
    pub returned: u32,
    /// Own drafts that wait for others.
    pub waiting: u32,
}

/// Which cases to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseQuery {
    /// Text in number, title or drafter's name.
    pub text: String,
    /// Only in this state.
    pub state: Option<CaseState>,
    /// Only of this kind.
    pub kind: Option<String>,
    /// Only of this unit.
    pub unit: Option<UnitId>,
    /// Only this drafter's.
    pub drafter: Option<PersonId>,
    /// How many to leave out.
    pub offset: u32,
    /// At most so many; 0 means 100, never more than 1000.
    pub limit: u32,
}

/// One page of cases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CasePage {
    /// Newest first; the content is left out (`null`).
    pub cases: Vec<Case>,
    /// How many there are.
    pub total: u64,
}

/// A time of absence (不在).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Absence {
    /// The ledger entry; also its identifier.
    pub seq: u64,
    /// Who is absent.
    pub person: PersonId,
    /// The first day.
    pub from: Date,
    /// The last day.
    pub to: Date,
    /// Who decides in the meantime (代決者).
    pub deputy: Option<PersonId>,
}
