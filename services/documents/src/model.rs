//! Documents of the policy (規程文書) as values: tiers, clauses with numbers and stable ids, dates, versions.
//!
//! Pure data. Numbers are kept as the document writes them (1, (1), ア, 第3条); [`Clause::number`] is the full path by
//! which people cite a clause (6(3)ア, 第3条第2項(1)), [`Clause::id`] stays the same when the number changes.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use sekisho_policy::Lang;

macro_rules! random_id {
    ($name:ident, $prefix:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// From 10 random bytes.
            #[must_use]
            pub fn from_random(bytes: [u8; 10]) -> Self {
                Self(format!(concat!($prefix, "_{}"), hex::encode(bytes)))
            }

            /// The text form.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                let digits = text.strip_prefix(concat!($prefix, "_")).ok_or_else(|| IdError(text.to_owned()))?;
                let sound = digits.len() == 20 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                if sound { Ok(Self(text.to_owned())) } else { Err(IdError(text.to_owned())) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

/// The text is not an identifier of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an identifier of a document, draft or clause")]
pub struct IdError(String);

random_id!(DocumentId, "d", "A document (規程文書): `d_` and 20 hexadecimal digits.");
random_id!(DraftId, "w", "A draft of a version (改正案): `w_` and 20 hexadecimal digits.");

/// A clause's identity inside its document, `c17`. Never reused, kept through renumbering and moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClauseId(pub u32);

impl fmt::Display for ClauseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}", self.0)
    }
}

impl FromStr for ClauseId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let n = text.strip_prefix('c').and_then(|n| n.parse().ok()).map(Self);
        n.filter(|id| id.to_string() == text).ok_or_else(|| IdError(text.to_owned()))
    }
}

impl TryFrom<String> for ClauseId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<ClauseId> for String {
    fn from(id: ClauseId) -> Self {
        id.to_string()
    }
}

/// Which of the three kinds of document. Clauses 9 and 10 make the second and third non-public (非公開).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// 情報セキュリティ基本方針: published.
    Public,
    /// 情報セキュリティ対策基準: non-public.
    Standard,
    /// 情報セキュリティ実施手順: non-public.
    Procedure,
}

impl Tier {
    /// Every tier, from the policy down.
    pub const ALL: [Self; 3] = [Self::Public, Self::Standard, Self::Procedure];

    /// The identifier in tables, URLs and on the command line.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Standard => "standard",
            Self::Procedure => "procedure",
        }
    }

    /// What people call it.
    #[must_use]
    pub const fn label(self, lang: Lang) -> &'static str {
        match (self, lang) {
            (Self::Public, Lang::Ja) => "基本方針（公開）",
            (Self::Public, Lang::En) => "Basic policy (public)",
            (Self::Standard, Lang::Ja) => "対策基準（非公開）",
            (Self::Standard, Lang::En) => "Standards (non-public)",
            (Self::Procedure, Lang::Ja) => "実施手順（非公開）",
            (Self::Procedure, Lang::En) => "Procedures (non-public)",
        }
    }

    /// The tier with this identifier.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| tier.id() == id)
    }

    /// The tier that a title speaks of; `None` when it names none.
    #[must_use]
    pub fn from_title(title: &str) -> Option<Self> {
        let names = |words: &[&str]| words.iter().any(|word| title.contains(word));
        if names(&["対策基準"]) {
            Some(Self::Standard)
        } else if names(&["手順", "要領", "マニュアル", "手引", "計画"]) {
            Some(Self::Procedure)
        } else if names(&["基本方針"]) {
            Some(Self::Public)
        } else {
            None
        }
    }
}

/// What happened to a document on a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DateKind {
    /// 制定
    Enacted,
    /// 施行
    Effective,
    /// 改正
    Amended,
    /// 一部改正
    PartlyAmended,
    /// 全部改正
    FullyAmended,
    /// 公布
    Promulgated,
    /// 公表
    Published,
    /// 廃止
    Abolished,
}

impl DateKind {
    /// Every kind; longer words come before those that end like them.
    pub const ALL: [Self; 8] = [
        Self::PartlyAmended,
        Self::FullyAmended,
        Self::Enacted,
        Self::Effective,
        Self::Amended,
        Self::Promulgated,
        Self::Published,
        Self::Abolished,
    ];

    /// The word on the cover.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Enacted => "制定",
            Self::Effective => "施行",
            Self::Amended => "改正",
            Self::PartlyAmended => "一部改正",
            Self::FullyAmended => "全部改正",
            Self::Promulgated => "公布",
            Self::Published => "公表",
            Self::Abolished => "廃止",
        }
    }
}

/// A line of the cover: 平成23年10月13日施行.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HistoryDate {
    /// The day.
    pub date: Date,
    /// What happened on it.
    pub kind: DateKind,
}

/// The form of a clause's own number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MarkKind {
    /// A heading without a number (○…, 別表).
    Part,
    /// 附則
    Supplement,
    /// 第1章
    Chapter,
    /// 第1節
    Section,
    /// 第1款
    Subsection,
    /// 第1条, 第1条の2
    Article,
    /// 1. (項 inside an article)
    Arabic,
    /// 1.1
    Decimal2,
    /// 1.1.1
    Decimal3,
    /// (1)
    Paren,
    /// ア
    Kana,
    /// (ア)
    ParenKana,
    /// ①
    Circled,
    /// 一 (号)
    KanjiNumeral,
}

/// A clause's own number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Mark {
    /// Its form.
    pub kind: MarkKind,
    /// The number; ア is 1. 0 for forms without one.
    pub n: u32,
    /// の2 of 第1条の2; 0 without.
    pub branch: u32,
}

/// A numbered unit of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clause {
    /// Stable through versions.
    pub id: ClauseId,
    /// Its own number.
    pub mark: Mark,
    /// The full number by which it is cited, e.g. `6(3)ア`, `第3条第2項(1)`; unique in a sound document.
    pub number: String,
    /// Depth in the tree, from 1.
    pub level: u8,
    /// 見出し; may be empty.
    pub heading: String,
    /// The text, a paragraph (なお書き, また…) each.
    pub paragraphs: Vec<String>,
    /// Clauses inside.
    pub children: Vec<Clause>,
}

impl Clause {
    /// The paragraphs as one text, a line each.
    #[must_use]
    pub fn text(&self) -> String {
        self.paragraphs.join("\n")
    }

    /// The number as it stands in the text: `6.`, `(3)`, `1.2`, `第3条`; `2` for 項.
    #[must_use]
    pub fn own_number(&self) -> String {
        match self.mark.kind {
            MarkKind::Decimal2 | MarkKind::Decimal3 => {
                let digits = |c: char| c.is_ascii_digit() || c == '.';
                self.number.rsplit(|c| !digits(c)).next().unwrap_or_default().to_owned()
            }
            MarkKind::Arabic if self.number.ends_with('項') => self.mark.n.to_string(),
            _ => self.mark.shown(),
        }
    }

    /// Number and heading for lists: `6(1) 組織体制`.
    #[must_use]
    pub fn title(&self) -> String {
        match (self.number.is_empty(), self.heading.is_empty()) {
            (true, _) => self.heading.clone(),
            (false, true) => self.number.clone(),
            (false, false) if self.number == self.heading => self.number.clone(),
            (false, false) => format!("{} {}", self.number, self.heading),
        }
    }
}

/// The whole text of one version: what is compared, exported, hashed and approved.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Content {
    /// 題名
    pub title: String,
    /// Lines of the cover above the dates (市名, 総称…).
    pub cover: Vec<String>,
    /// 制定・改正・施行 dates as the cover lists them.
    pub history: Vec<HistoryDate>,
    /// Lines of the cover below the dates (所管課).
    pub imprint: Vec<String>,
    /// Paragraphs before the first clause (前文).
    pub preamble: Vec<String>,
    /// The clauses.
    pub clauses: Vec<Clause>,
}

impl Content {
    /// Every clause in reading order, parents before children.
    pub fn walk(&self) -> impl Iterator<Item = &Clause> {
        walk(&self.clauses)
    }

    /// The clause with this id.
    #[must_use]
    pub fn clause(&self, id: ClauseId) -> Option<&Clause> {
        self.walk().find(|clause| clause.id == id)
    }

    /// The clause cited by this number.
    #[must_use]
    pub fn numbered(&self, number: &str) -> Option<&Clause> {
        self.walk().find(|clause| clause.number == number)
    }

    /// The bytes that are stored and hashed. Field order is fixed by the types.
    ///
    /// # Errors
    /// Never for values of these types; the writer's own error otherwise.
    pub fn canonical(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }
}

/// SHA-256 of canonical bytes, 64 hexadecimal digits.
#[must_use]
pub fn digest_of(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Every clause of a forest in reading order, parents before children.
pub fn walk(clauses: &[Clause]) -> Walk<'_> {
    Walk { open: vec![clauses.iter()] }
}

/// See [`walk`].
pub struct Walk<'a> {
    open: Vec<std::slice::Iter<'a, Clause>>,
}

impl<'a> Iterator for Walk<'a> {
    type Item = &'a Clause;
    fn next(&mut self) -> Option<&'a Clause> {
        while let Some(top) = self.open.last_mut() {
            match top.next() {
                Some(clause) => {
                    self.open.push(clause.children.iter());
                    return Some(clause);
                }
                None => {
                    self.open.pop();
                }
            }
        }
        None
    }
}

/// 制定 or 改正.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VersionKind {
    /// 制定: the first version.
    Enacted,
    /// 改正
    Amended,
}

impl VersionKind {
    /// The identifier in tables.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Enacted => "enacted",
            Self::Amended => "amended",
        }
    }

    /// The kind with this identifier.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        [Self::Enacted, Self::Amended].into_iter().find(|kind| kind.id() == id)
    }

    /// 制定 or 改正.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Enacted => "制定",
            Self::Amended => "改正",
        }
    }
}

/// A version that was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// From 1, without gaps.
    pub number: u32,
    /// 制定 or 改正.
    pub kind: VersionKind,
    /// 制定日・改正日 (決裁の日); `None` for a text that was decided before it came into the system and whose day the
    /// importer did not state.
    pub decided_on: Option<Date>,
    /// 施行日
    pub effective_from: Date,
    /// 公布・公表の日; for the public tier only.
    pub published_on: Option<Date>,
    /// Where it was published (掲示場, ウェブサイト).
    pub published_at: Option<String>,
    /// SHA-256 of the content.
    pub digest: String,
    /// The case by which it was decided; `None` for an adopted text.
    pub case: Option<String>,
    /// Position of its event in the ledger.
    pub seq: u64,
}

impl Version {
    /// Days between decision and publication (地方自治法244条の6第2項: 遅滞なく); `None` until both are known.
    #[must_use]
    pub fn days_to_publication(&self) -> Option<i64> {
        let (from, to) = (self.decided_on?, self.published_on?);
        days_between(from, to)
    }
}

/// Whole days from `from` to `to`; negative when `to` is earlier.
#[must_use]
pub fn days_between(from: Date, to: Date) -> Option<i64> {
    from.until(to).ok().map(|span| i64::from(span.get_days()))
}

/// A document without its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// The identifier.
    pub id: DocumentId,
    /// Which kind; fixed when the document is created.
    pub tier: Tier,
    /// 題名
    pub title: String,
    /// 主管課 (unit id).
    pub owner: String,
    /// Units that follow a procedure (unit ids); empty for the other tiers.
    pub units: Vec<String>,
    /// Decided versions, oldest first.
    pub versions: Vec<Version>,
}

impl Document {
    /// The newest decided version.
    #[must_use]
    pub fn latest(&self) -> Option<&Version> {
        self.versions.last()
    }

    /// The version in force on a day: of those that have come into effect by then, the last decided.
    #[must_use]
    pub fn in_force_on(&self, day: Date) -> Option<&Version> {
        self.versions.iter().rev().find(|version| version.effective_from <= day)
    }

    /// The version with this number.
    #[must_use]
    pub fn version(&self, number: u32) -> Option<&Version> {
        self.versions.iter().find(|version| version.number == number)
    }
}
