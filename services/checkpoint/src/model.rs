//! Transfers, files and approvals as values.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use sekisho_policy::{ConduitId, UnitId, ZoneId};

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
                let digits = text.strip_prefix(concat!($prefix, "_")).ok_or(IdError)?;
                let sound = digits.len() == 20 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                if sound { Ok(Self(text.to_owned())) } else { Err(IdError) }
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

/// The text is not an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier of this kind")]
pub struct IdError;

random_id!(TransferId, "t", "A transfer: `t_` and 20 hexadecimal digits.");
random_id!(FileId, "f", "A file of a transfer: `f_` and 20 hexadecimal digits.");

macro_rules! states {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident $id:literal $ja:literal $en:literal)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $id)] $variant,)* }

        impl $name {
            /// Every state in the order of the journey.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The identifier in tables, URLs and REST.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// What people call it.
            #[must_use]
            pub const fn label(self, lang: sekisho_policy::Lang) -> &'static str {
                match (self, lang) {
                    $((Self::$variant, sekisho_policy::Lang::Ja) => $ja,
                      (Self::$variant, sekisho_policy::Lang::En) => $en,)*
                }
            }

            /// The state with this identifier.
            #[must_use]
            pub fn from_id(id: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|state| state.id() == id)
            }
        }
    };
}

states! {
    /// Where a transfer stands.
    TransferState {
        /// Uploaded and durable.
        Received "received" "受付" "Received"
        /// At least one file is with the worker.
        Disarming "disarming" "無害化中" "Disarming"
        /// Every file has its outcome; an approval is open.
        Awaiting "awaiting" "承認待ち" "Awaiting approval"
        /// In the target zone.
        Receivable "receivable" "受取可" "Ready to receive"
        /// No file could be disarmed.
        Refused "refused" "拒否" "Refused"
        /// An approver said no.
        Rejected "rejected" "却下" "Rejected"
        /// The applicant took it back.
        Withdrawn "withdrawn" "取下げ" "Withdrawn"
        /// The retention is over and the files are gone.
        Disposed "disposed" "保存期間終了" "Disposed"
    }
}

states! {
    /// Where one file stands.
    FileState {
        /// Waiting for the worker.
        Received "received" "受付" "Received"
        /// With the worker.
        Disarming "disarming" "無害化中" "Disarming"
        /// Rebuilt; the second reader is looking at it.
        Verifying "verifying" "検証中" "Verifying"
        /// Rebuilt and verified.
        Verified "verified" "検証済" "Verified"
        /// There is no output.
        Refused "refused" "拒否" "Refused"
    }
}

/// In what capacity somebody decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capacity {
    /// The holder of the role that the route names.
    Holder,
    /// 代行: a role that may act for it.
    Deputy,
}

/// A line of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TransferRow {
    /// The transfer.
    pub id: TransferId,
    /// When it was submitted, milliseconds since the epoch.
    pub created_ms: i64,
    /// When it last changed.
    pub updated_ms: i64,
    /// Where from.
    pub from: ZoneId,
    /// Where to.
    pub to: ZoneId,
    /// By which conduit.
    pub conduit: ConduitId,
    /// Who asked: the person's id.
    pub applicant: String,
    /// Who asked: the name at the time.
    pub applicant_name: String,
    /// The applicant's unit at the time.
    pub unit: UnitId,
    /// Who else may receive it, a person's id; empty for nobody.
    pub recipient: String,
    /// Why.
    pub purpose: String,
    /// Where it stands.
    pub state: TransferState,
    /// The names of the files, as given and cleaned, in order.
    pub file_names: Vec<String>,
    /// Bytes of the originals together.
    pub total_bytes: i64,
    /// The ledger entry of the release.
    pub release_seq: Option<u64>,
}

/// Everything about a transfer that its page shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TransferView {
    /// The line of the list.
    #[serde(flatten)]
    pub row: TransferRow,
    /// What an approval would bind to; empty until every file has its outcome.
    pub digest: String,
    /// The step of the route that is open, from 0.
    pub step: u32,
    /// The sentence of a rejection or withdrawal.
    pub reason: String,
    /// The digest of the policy under which it was submitted.
    pub policy_digest: String,
    /// The files.
    pub files: Vec<FileView>,
    /// The decisions so far.
    pub approvals: Vec<ApprovalView>,
    /// What the person who looks may do: approve or reject.
    pub may_decide: bool,
    /// In what capacity, if so.
    pub capacity: Option<Capacity>,
    /// What the person who looks may do: take it back.
    pub may_withdraw: bool,
    /// What the person who looks may do: download the result.
    pub may_receive: bool,
}

/// A file of a transfer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileView {
    /// The file.
    pub id: FileId,
    /// Its cleaned name.
    pub name: String,
    /// The name as sent, where cleaning changed it.
    pub given_name: Option<String>,
    /// SHA-256 of the original, hexadecimal.
    pub original_sha256: String,
    /// Its size.
    pub original_bytes: i64,
    /// The kind that the name claims.
    pub declared: String,
    /// The kind that it is.
    pub detected: String,
    /// Where it stands.
    pub state: FileState,
    /// The method that was used.
    pub method: String,
    /// SHA-256 of the output; empty when there is none.
    pub output_sha256: String,
    /// Its size.
    pub output_bytes: i64,
    /// Its format.
    pub output_format: String,
    /// The name to download it under.
    pub output_name: String,
    /// Numbers of the permits by which it departs from disarming; usually none.
    pub exceptions: Vec<String>,
    /// What was left out.
    pub removed: Vec<RemovedView>,
    /// Why there is no output: code, then the sentences.
    pub refusal: Option<RefusalView>,
    /// 個人番号 that may be in the text, masked.
    pub findings: Vec<FindingView>,
    /// When the original was disposed of.
    pub original_disposed_ms: Option<i64>,
    /// When the output was disposed of.
    pub output_disposed_ms: Option<i64>,
}

/// Something that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovedView {
    /// The code of the disarm engine's catalogue.
    pub what: String,
    /// Where it was.
    #[serde(rename = "where")]
    pub location: String,
    /// Its danger.
    pub threat: String,
}

/// Why there is no output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalView {
    /// The code.
    pub code: String,
    /// Why, in Japanese.
    pub reason_ja: String,
    /// Why, in English.
    pub reason_en: String,
    /// What to do next, in Japanese.
    pub hint_ja: String,
    /// What to do next, in English.
    pub hint_en: String,
}

/// A possible 個人番号 in outgoing text. The number itself is never here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingView {
    /// Where in the document.
    pub location: String,
    /// The digits but for the last four hidden.
    pub masked: String,
    /// `high`, `medium` or `low`.
    pub confidence: String,
}

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ApprovalView {
    /// Which step of the route, from 0.
    pub step: u32,
    /// Who: the person's id.
    pub person: String,
    /// Who: the name at the time.
    pub person_name: String,
    /// In what capacity.
    pub capacity: Capacity,
    /// `approved` or `rejected`.
    pub decision: String,
    /// The comment.
    pub comment: String,
    /// When.
    pub at_ms: i64,
    /// The ledger entry.
    pub seq: u64,
}
