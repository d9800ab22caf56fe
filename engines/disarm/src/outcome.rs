//! What comes out: the new document, what was removed from it, or why there is none.

use serde::{Deserialize, Serialize};

use crate::{Format, Lang, Method, catalogue};

pub use crate::catalogue::{RefusalCode, RemovalCode};

/// The danger that a removed thing stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Threat {
    /// Runs code: macros, scripts, controls, launch actions.
    Code,
    /// Fetches or sends over the network, or reaches other files.
    External,
    /// Carries another file inside.
    Embedded,
    /// Abuses a reader's parser.
    Parser,
    /// Hides or leaks information: metadata, comments, hidden content.
    Disclosure,
    /// Claims to be something else.
    Deception,
    /// Not on the positive list; nobody vouches for it.
    Unknown,
}

/// One thing that is not in the output although it was in the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// The kind of thing; [`catalogue`](crate::explain) has its sentence.
    pub what: RemovalCode,
    /// Where it was, as a person would look for it: part, sheet and cell, slide, page, member.
    #[serde(rename = "where")]
    pub location: String,
    /// Why it is dangerous.
    pub threat: Threat,
}

/// A new document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disarmed {
    /// The whole new file.
    pub bytes: Vec<u8>,
    /// Its format (the successor, where the input could carry code by design).
    pub format: Format,
    /// The method that was used.
    pub method: Method,
    /// What was left out, in order of discovery, equal entries once.
    pub removed: Vec<Removed>,
    /// The methods of the chain that refused before this one, and why.
    pub fell_back: Vec<(Method, Refusal)>,
    /// SHA-256 of the VBA projects that stayed because they are approved; such an output is no plain rebuild.
    pub kept_macros: Vec<String>,
}

/// No document: why, and what to do instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}", self.reason(Lang::En))]
pub struct Refusal {
    /// The reason's code.
    pub code: RefusalCode,
    /// What exactly (a format's name, a part, a limit); may be empty.
    pub detail: String,
}

impl Refusal {
    /// A refusal with its detail.
    #[must_use]
    pub fn new(code: RefusalCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }

    /// Why, as a sentence for people.
    #[must_use]
    pub fn reason(&self, lang: Lang) -> String {
        let sentence = catalogue::refusal_reason(self.code, lang);
        match (self.detail.is_empty(), lang) {
            (true, _) => sentence.to_owned(),
            (false, Lang::Ja) => format!("{sentence}（{}）", self.detail),
            (false, Lang::En) => format!("{sentence} ({})", self.detail),
        }
    }

    /// What to do next, as a sentence for people.
    #[must_use]
    pub fn hint(&self, lang: Lang) -> &'static str {
        catalogue::refusal_hint(self.code, lang)
    }
}

/// A run of text and its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextPiece {
    /// Where a person would look: `本文`, `Sheet1!C14`, `スライド 3`, `p.2`, member name.
    pub location: String,
    /// The text, as Unicode.
    pub text: String,
}
