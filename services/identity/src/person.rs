//! A person (利用者) and the rules for the fields of one. Checks of form are here; whether a unit or a role exists
//! is asked of the policy.

use std::fmt;
use std::str::FromStr;

use sekisho_policy::{Permission, Policy, RoleId, UnitId};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::base32;
use crate::error::{IdentityError, Result};

/// A person's identifier: `p_` and 26 lower-case base32 characters (128 random bits). Never reused.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PersonId(String);

impl PersonId {
    pub(crate) fn from_bytes(bytes: &[u8; 16]) -> Self {
        Self(format!("p_{}", base32::encode(bytes).to_ascii_lowercase()))
    }

    /// The 16 bytes, which are also the WebAuthn user handle.
    pub(crate) fn bytes(&self) -> Option<[u8; 16]> {
        base32::decode(self.0.strip_prefix("p_")?)?.try_into().ok()
    }

    /// The identifier as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text is not a person's identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a person's identifier; it begins with `p_` and has 26 characters after that")]
pub struct PersonIdError(String);

impl FromStr for PersonId {
    type Err = PersonIdError;
    fn from_str(text: &str) -> std::result::Result<Self, PersonIdError> {
        let id = Self(text.to_owned());
        let canonical = id.bytes().is_some_and(|bytes| Self::from_bytes(&bytes) == id);
        if canonical { Ok(id) } else { Err(PersonIdError(text.to_owned())) }
    }
}

impl TryFrom<String> for PersonId {
    type Error = PersonIdError;
    fn try_from(text: String) -> std::result::Result<Self, PersonIdError> {
        text.parse()
    }
}

impl From<PersonId> for String {
    fn from(id: PersonId) -> Self {
        id.0
    }
}

impl AsRef<str> for PersonId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A person with an account (利用者).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Person {
    /// The identifier.
    pub id: PersonId,
    /// The log-in name, lower case; never changes.
    pub login: String,
    /// 氏名
    pub name: String,
    /// フリガナ; may be empty.
    pub kana: String,
    /// 所属
    pub unit: UnitId,
    /// 役割, sorted.
    pub roles: Vec<RoleId>,
    /// Whether the account may be used.
    pub active: bool,
    /// Milliseconds since 1970 UTC.
    pub created_ms: i64,
}

/// Who does something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A person, whose permissions are checked.
    Person(PersonId),
    /// The installation itself: the first start, or a command on the server.
    System,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(id) => id.fmt(f),
            Self::System => f.write_str("system"),
        }
    }
}

impl From<&PersonId> for Actor {
    fn from(id: &PersonId) -> Self {
        Self::Person(id.clone())
    }
}

/// A person to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPerson {
    /// The log-in name.
    pub login: String,
    /// 氏名
    pub name: String,
    /// フリガナ; may be empty.
    pub kana: String,
    /// 所属
    pub unit: UnitId,
    /// 役割
    pub roles: Vec<RoleId>,
}

impl NewPerson {
    /// Brings the fields to their canonical form.
    pub(crate) fn checked(self, policy: &Policy) -> Result<Self> {
        check_unit(policy, &self.unit)?;
        Ok(Self {
            login: login(&self.login)?,
            name: name(&self.name)?,
            kana: kana(&self.kana)?,
            unit: self.unit,
            roles: roles(policy, self.roles)?,
        })
    }
}

/// What to change; `None` leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PersonChange {
    /// 氏名
    pub name: Option<String>,
    /// フリガナ
    pub kana: Option<String>,
    /// 所属
    pub unit: Option<UnitId>,
    /// 役割
    pub roles: Option<Vec<RoleId>>,
}

impl PersonChange {
    /// Canonical fields, with those that would change nothing taken out.
    pub(crate) fn checked(self, policy: &Policy, now: &Person) -> Result<Self> {
        if let Some(unit) = &self.unit {
            check_unit(policy, unit)?;
        }
        Ok(Self {
            name: self.name.map(|text| name(&text)).transpose()?.filter(|text| *text != now.name),
            kana: self.kana.map(|text| kana(&text)).transpose()?.filter(|text| *text != now.kana),
            unit: self.unit.filter(|unit| *unit != now.unit),
            roles: self.roles.map(|list| roles(policy, list)).transpose()?.filter(|list| *list != now.roles),
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Which people to list.
#[derive(Debug, Clone, Default)]
pub struct PeopleQuery {
    /// Found in the log-in name, name or kana; empty finds everybody.
    pub text: String,
    /// Only this unit.
    pub unit: Option<UnitId>,
    /// Only holders of this role.
    pub role: Option<RoleId>,
    /// Only accounts in this state.
    pub active: Option<bool>,
    /// How many to skip.
    pub offset: u32,
    /// How many to return; 0 means 100, and never more than 1,000 are returned.
    pub limit: u32,
}

/// One page of people, by log-in name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PeoplePage {
    /// The people of this page.
    pub people: Vec<Person>,
    /// How many there are on all pages.
    pub total: u64,
}

/// Where holders of a role are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnitScope {
    /// Anywhere.
    Any,
    /// In this unit only.
    Same(UnitId),
    /// In this unit or one above it.
    SelfOrAncestor(UnitId),
}

/// The canonical log-in name: NFKC, lower case, 2 to 64 of `a-z 0-9 . _ @ -`, beginning with a letter or digit.
pub(crate) fn login(text: &str) -> Result<String> {
    let canonical = canonical_login(text);
    let fits = (2..=64).contains(&canonical.len())
        && canonical.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._@-".contains(&b))
        && canonical.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    if fits {
        Ok(canonical)
    } else {
        Err(IdentityError::invalid(
            "ログイン名は、英数字で始まる2文字以上64文字以内の英小文字、数字及び「.」「_」「@」「-」で入力してください。",
            "A log-in name has 2 to 64 of a-z, 0-9, `.`, `_`, `@` and `-`, and begins with a letter or a digit.",
        ))
    }
}

pub(crate) fn canonical_login(text: &str) -> String {
    text.trim().nfkc().collect::<String>().to_ascii_lowercase()
}

/// What is searched: everything in NFKC and lower case, with katakana as written.
pub(crate) fn search_key(parts: &[&str]) -> String {
    parts.join("\n").nfkc().collect::<String>().to_lowercase()
}

fn name(text: &str) -> Result<String> {
    let name = line(text);
    if (1..=100).contains(&name.chars().count()) && printable(&name) {
        Ok(name)
    } else {
        Err(IdentityError::invalid(
            "氏名は1文字以上100文字以内で入力してください。制御文字は使用できません。",
            "A name has 1 to 100 characters and no control characters.",
        ))
    }
}

fn kana(text: &str) -> Result<String> {
    let kana = line(&text.nfkc().collect::<String>());
    if kana.chars().count() <= 100 && printable(&kana) {
        Ok(kana)
    } else {
        Err(IdentityError::invalid(
            "フリガナは100文字以内で入力してください。制御文字は使用できません。",
            "The kana of a name has at most 100 characters and no control characters.",
        ))
    }
}

/// Characters stay as they are: a normal form would replace 異体字 of names.
fn line(text: &str) -> String {
    text.trim().to_owned()
}

/// Control characters and the invisible marks that turn the writing direction could forge what an approver reads.
pub(crate) fn printable(text: &str) -> bool {
    !text.chars().any(|c| {
        c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    })
}

fn check_unit(policy: &Policy, unit: &UnitId) -> Result<()> {
    policy.unit(unit).map(|_| ()).ok_or_else(|| {
        IdentityError::invalid(
            format!("所属「{unit}」はポリシーに定められていません。"),
            format!("The unit `{unit}` is not declared in the policy."),
        )
    })
}

fn roles(policy: &Policy, mut list: Vec<RoleId>) -> Result<Vec<RoleId>> {
    list.sort();
    list.dedup();
    if let Some(role) = list.iter().find(|role| policy.role(role).is_none()) {
        return Err(IdentityError::invalid(
            format!("役割「{role}」はポリシーに定められていません。"),
            format!("The role `{role}` is not declared in the policy."),
        ));
    }
    // An auditor does not audit what the same person administers or approves (兼務の禁止).
    let holds = |permission| list.iter().any(|role| policy.role_allows(role, permission));
    let audited = [Permission::Administer, Permission::ManagePeople, Permission::ApproveTransfer];
    if holds(Permission::Audit) && audited.into_iter().any(holds) {
        return Err(IdentityError::invalid(
            "監査の役割と、管理又は承認の役割を同じ人に兼ねさせることはできません。",
            "One person can't be an auditor and also administer or approve.",
        ));
    }
    Ok(list)
}
