//! Finds Individual Numbers (個人番号) in text before it leaves a protected zone.
//!
//! Text comes in, findings go out: where, how sure, and why — with the number masked. No value of this crate holds,
//! prints or returns more than the last four digits, so that a ledger or a log fed with findings never contains a number.
//!
//! A check digit alone lets one random number in ten through. It is the entry condition; context decides the rest.

mod context;
mod number;
mod run;
mod scan;
mod verdict;

#[cfg(test)]
mod tests;

pub use number::{corporate_number_is_valid, individual_number_is_valid};
pub use scan::{PieceFinding, scan, scan_pieces};
pub use verdict::{Verdict, classify};

use serde::{Deserialize, Serialize};

/// A stretch of text that looks like an Individual Number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Offset of the first byte in the text.
    pub start: usize,
    /// Offset behind the last byte.
    pub end: usize,
    /// Eight asterisks and the last four digits.
    pub masked: String,
    /// How sure.
    pub confidence: Confidence,
    /// Why, in the order of weight.
    pub evidence: Vec<Evidence>,
}

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// The check digit fits and little speaks for or against: about one random 12-digit token in ten.
    Low,
    /// Form or context speaks for it.
    Medium,
    /// Context names it: a label, a column's head, or a list in which every number fits.
    High,
}

impl Confidence {
    /// The name in reports: `low`, `medium` or `high`.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What speaks for or against a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// The column's head is a label such as 個人番号.
    ColumnHead,
    /// A label such as 個人番号 stands within 50 characters.
    LabelNear,
    /// A label such as 個人番号 stands within the options' distance.
    LabelInContext,
    /// Three or more different numbers fit, and they are at least half of all 12-digit tokens.
    Density,
    /// A document such as 源泉徴収票 is mentioned, which usually carries the number.
    DocumentKind,
    /// Written in the usual groups of four, or one digit a box.
    UsualGroups,
    /// The check digit fits (always so).
    CheckDigit,
    /// A leading zero was restored, as spreadsheets lose it.
    LeadingZeroRestored,
    /// Broken over lines or cells.
    Broken,
    /// In unusual groups.
    UnusualGroups,
    /// Few of many 12-digit tokens fit, as chance would have it.
    AsChance,
    /// Attached to other letters or digits, as in a serial number or an address of a page.
    Attached,
    /// Could be read as a date and time.
    LooksLikeTime,
    /// Written as an amount or an international telephone number.
    LooksLikeAmountOrPhone,
    /// Labelled as another number (受付番号, 口座番号 …).
    OtherLabel,
}

impl Evidence {
    /// A short phrase for people.
    #[must_use]
    pub const fn text_ja(self) -> &'static str {
        match self {
            Self::ColumnHead => "列の見出しが個人番号を示しています",
            Self::LabelNear => "直近に個人番号を示す語があります",
            Self::LabelInContext => "近くに個人番号を示す語があります",
            Self::Density => "検査数字の合う番号がまとまっています",
            Self::DocumentKind => "個人番号を記載する書類の名称があります",
            Self::UsualGroups => "個人番号の一般的な区切り方です",
            Self::CheckDigit => "検査数字が合います",
            Self::LeadingZeroRestored => "先頭の0が失われている可能性があります",
            Self::Broken => "行又はセルをまたいでいます",
            Self::UnusualGroups => "一般的でない区切り方です",
            Self::AsChance => "12桁の数字の多くは検査数字が合いません",
            Self::Attached => "他の文字とつながっています",
            Self::LooksLikeTime => "日時とも読めます",
            Self::LooksLikeAmountOrPhone => "金額又は電話番号の書き方です",
            Self::OtherLabel => "別の番号を示す語があります",
        }
    }

    /// A short phrase for people.
    #[must_use]
    pub const fn text_en(self) -> &'static str {
        match self {
            Self::ColumnHead => "the column is headed as an Individual Number",
            Self::LabelNear => "a word for Individual Number stands next to it",
            Self::LabelInContext => "a word for Individual Number stands nearby",
            Self::Density => "numbers with fitting check digits stand together",
            Self::DocumentKind => "a document that carries Individual Numbers is mentioned",
            Self::UsualGroups => "grouped as Individual Numbers usually are",
            Self::CheckDigit => "the check digit fits",
            Self::LeadingZeroRestored => "a leading zero may have been lost",
            Self::Broken => "broken over lines or cells",
            Self::UnusualGroups => "in unusual groups",
            Self::AsChance => "most 12-digit tokens here have no fitting check digit",
            Self::Attached => "attached to other characters",
            Self::LooksLikeTime => "could be a date and time",
            Self::LooksLikeAmountOrPhone => "written as an amount or a telephone number",
            Self::OtherLabel => "labelled as another number",
        }
    }
}

/// What steers a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanOptions {
    /// How far, in characters, a label may stand from the number.
    pub context_chars: usize,
    /// Findings below this are left out.
    pub minimum: Confidence,
    /// Further labels that mean 個人番号, for instance the names of columns in the municipality's own systems.
    pub labels: Vec<String>,
}

impl Default for ScanOptions {
    fn default() -> Self {
        Self { context_chars: 300, minimum: Confidence::Low, labels: Vec::new() }
    }
}
