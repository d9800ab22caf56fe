//! What can go wrong for a caller, each with its sentence for people and the status that a face should answer.

use sekisho_approval::ApprovalError;
use sekisho_identity::IdentityError;
use sekisho_register::{FieldId, Lang, Text, Violation};
use sekisho_store::StoreError;

use crate::migrate::Misfit;
use crate::model::{Referrer, RowView};

/// The result of most calls.
pub type Result<T, E = RegistersError> = std::result::Result<T, E>;

/// One row of several that was refused.
#[derive(Debug, Clone, PartialEq)]
pub struct RefusedRow {
    /// Its place among the rows that were handed in, from 0.
    pub index: usize,
    /// Why.
    pub violations: Vec<Violation>,
}

/// An error of the registers.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistersError {
    /// No such register.
    #[error("there is no register `{0}`")]
    UnknownRegister(String),
    /// The row or file does not exist, or this person may not know that it does.
    #[error("{0} does not exist or is not yours to see")]
    NotFound(String),
    /// The table of access doesn't allow it.
    #[error("not permitted: {}", .0.en)]
    NotPermitted(Text),
    /// Somebody else changed the row in the meantime; nothing was overwritten.
    #[error("the row was changed by somebody else in the meantime (version {}); nothing was overwritten", .theirs.version)]
    Conflict {
        /// The row as it is now.
        theirs: Box<RowView>,
    },
    /// The row was removed in the meantime.
    #[error("the row was removed by somebody else in the meantime")]
    Gone,
    /// Fields or rules refuse the rows.
    #[error("{}", list_en(.0))]
    Refused(Vec<RefusedRow>),
    /// A text or a file looks as if it held a 個人番号. Neither this error nor the ledger holds the number.
    #[error("field `{field}` of row {index} seems to hold an individual number ({why}); remove it", why = .why.en)]
    IndividualNumber {
        /// Place among the rows that were handed in, from 0.
        index: usize,
        /// The field.
        field: FieldId,
        /// Its label.
        label: Box<Text>,
        /// What speaks for it.
        why: Box<Text>,
    },
    /// Other rows refer to the row that was to be removed.
    #[error("{} other rows refer to this row; change them first", .0.len())]
    Referred(Vec<Referrer>),
    /// The request can't be carried out as it is.
    #[error("{}", .0.en)]
    Invalid(Text),
    /// The file, the register or the definition changed after the dry run.
    #[error("the file or the register changed after the dry run; run it again")]
    StaleDryRun,
    /// Definitions that can't be read.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Definitions(Vec<sekisho_register::Finding>),
    /// Rows that don't fit a changed definition.
    #[error("{} rows do not fit the changed definitions:\n{}", .0.len(), list_misfits(.0))]
    Misfits(Vec<Misfit>),
    /// A document could not be searched for individual numbers.
    #[error("the file could not be examined: {0}")]
    File(String),
    /// The machine lacks something (randomness, a folder).
    #[error("the machine does not allow it: {0}")]
    Machine(String),
    /// Approval refused.
    #[error(transparent)]
    Approval(#[from] ApprovalError),
    /// Identity refused.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn list_en(rows: &[RefusedRow]) -> String {
    list(rows, Lang::En)
}

fn list(rows: &[RefusedRow], lang: Lang) -> String {
    let several = rows.len() > 1;
    let mut out: Vec<String> = Vec::new();
    for row in rows.iter().take(20) {
        for violation in &row.violations {
            let text = violation.message.get(lang);
            out.push(match (several, lang) {
                (false, _) => text.to_owned(),
                (true, Lang::Ja) => format!("{}行目: {text}", row.index.saturating_add(1)),
                (true, Lang::En) => format!("row {}: {text}", row.index.saturating_add(1)),
            });
        }
    }
    if let Some(more) = rows.len().checked_sub(20).filter(|more| *more > 0) {
        out.push(match lang {
            Lang::Ja => format!("ほか{more}行"),
            Lang::En => format!("and {more} more rows"),
        });
    }
    out.join("\n")
}

fn list_misfits(misfits: &[Misfit]) -> String {
    let mut out: Vec<String> = misfits.iter().take(50).map(ToString::to_string).collect();
    if let Some(more) = misfits.len().checked_sub(50).filter(|more| *more > 0) {
        out.push(format!("and {more} more"));
    }
    out.join("\n")
}

impl RegistersError {
    pub(crate) fn invalid(ja: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Invalid(Text { ja: ja.into(), en: en.into() })
    }

    pub(crate) fn not_permitted(ja: impl Into<String>, en: impl Into<String>) -> Self {
        Self::NotPermitted(Text { ja: ja.into(), en: en.into() })
    }

    pub(crate) fn refused(index: usize, violations: Vec<Violation>) -> Self {
        Self::Refused(vec![RefusedRow { index, violations }])
    }

    /// The sentence for the person at the screen.
    #[must_use]
    pub fn message(&self, lang: Lang) -> String {
        if lang == Lang::En {
            return match self {
                Self::Identity(error) => error.message().en,
                other => other.to_string(),
            };
        }
        match self {
            Self::UnknownRegister(id) => format!("台帳「{id}」はありません。"),
            Self::NotFound(_) => "見つからないか、閲覧する権限がありません。".to_owned(),
            Self::NotPermitted(text) | Self::Invalid(text) => text.ja.clone(),
            Self::Conflict { .. } => {
                "他の人がこの行を先に更新しました。上書きはしていません。相違を確認してから、もう一度登録してください。".to_owned()
            }
            Self::Gone => "この行は他の人が先に削除しました。".to_owned(),
            Self::Refused(rows) => list(rows, Lang::Ja),
            Self::IndividualNumber { label, why, .. } => format!(
                "「{}」に個人番号と思われる数字があります（{}）。台帳に個人番号は記録できません。数字を取り除いてください。個人番号でない場合は、理由を付けて情報セキュリティ管理者が登録できます。",
                label.ja, why.ja
            ),
            Self::Referred(referrers) => {
                let names: Vec<String> = referrers
                    .iter()
                    .take(10)
                    .map(|r| format!("{}「{}」", r.label.ja, r.title))
                    .collect();
                format!(
                    "次の行がこの行を参照しているため削除できません。先にそちらを変更してください: {}{}",
                    names.join("、"),
                    if referrers.len() > names.len() { "ほか" } else { "" }
                )
            }
            Self::StaleDryRun => {
                "確認のあとで、ファイルか台帳の内容が変わりました。もう一度取込みの確認をしてください。".to_owned()
            }
            Self::Definitions(findings) => {
                let lines: Vec<String> = findings
                    .iter()
                    .map(|f| format!("{}:{}:{}: {}", f.file, f.line, f.column, f.message.ja))
                    .collect();
                format!("台帳の定義に誤りがあります。\n{}", lines.join("\n"))
            }
            Self::Misfits(misfits) => {
                let lines: Vec<String> = misfits.iter().take(50).map(Misfit::ja).collect();
                format!(
                    "新しい定義に合わない行が{}件あります。行を直すか、定義を元に戻してください。\n{}",
                    misfits.len(),
                    lines.join("\n")
                )
            }
            Self::File(_) => {
                "添付ファイルの内容を検査できませんでした。対応している形式（Word、Excel、PowerPoint、PDF、画像、テキスト）で登録してください。".to_owned()
            }
            Self::Machine(_) | Self::Store(_) => {
                "記録装置に障害があるため処理できませんでした。登録済みの内容は失われていません。情報システム担当に連絡してください。".to_owned()
            }
            Self::Approval(error) => error.message(sekisho_policy::Lang::Ja),
            Self::Identity(error) => error.message().ja,
        }
    }

    /// The HTTP status that says the same.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::UnknownRegister(_) | Self::NotFound(_) => 404,
            Self::NotPermitted(_) => 403,
            Self::Conflict { .. } | Self::Gone | Self::Referred(_) | Self::StaleDryRun => 409,
            Self::Refused(_)
            | Self::IndividualNumber { .. }
            | Self::Invalid(_)
            | Self::Definitions(_)
            | Self::Misfits(_)
            | Self::File(_) => 422,
            Self::Approval(error) => error.status(),
            Self::Identity(error) => error.status(),
            Self::Store(StoreError::TooLarge { .. }) => 413,
            Self::Store(StoreError::Full { .. }) => 507,
            Self::Store(_) | Self::Machine(_) => 503,
        }
    }
}
