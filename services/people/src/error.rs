//! What can go wrong with people and the fiscal year, said so that the reader knows the next step.

use sekisho_policy::Lang;
use thiserror::Error;

/// An error of this room.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PeopleError {
    /// A setting of the city can't be used.
    #[error("{file}: {what}")]
    Setting {
        /// The file.
        file: String,
        /// What is wrong with it.
        what: String,
    },
    /// The request does not fit; the sentence says what to do.
    #[error("{en}")]
    Refused {
        /// 日本語
        ja: String,
        /// English
        en: String,
    },
    /// Not there, or not for this person.
    #[error("not found")]
    NotFound,
    /// The person may not do that.
    #[error("not permitted")]
    NotPermitted,
    /// A course's text.
    #[error(transparent)]
    Content(#[from] crate::content::ContentError),
    /// The registers.
    #[error(transparent)]
    Registers(#[from] sekisho_registers::RegistersError),
    /// The approvals.
    #[error(transparent)]
    Approval(#[from] sekisho_approval::ApprovalError),
    /// The accounts.
    #[error("{}", .0.message().en)]
    Identity(#[from] sekisho_identity::IdentityError),
    /// The store.
    #[error(transparent)]
    Store(#[from] sekisho_store::StoreError),
}

impl PeopleError {
    /// The sentence for people.
    #[must_use]
    pub fn message(&self, lang: Lang) -> String {
        let ja = lang == Lang::Ja;
        match self {
            Self::Setting { file, what } if ja => format!("設定ファイル {file} を読み取れません: {what}"),
            Self::Refused { ja: text, .. } if ja => text.clone(),
            Self::Content(error) if ja => format!("{}行目: {}", error.line, error.ja),
            Self::NotFound if ja => "見つかりません。すでに終わったか、あなたの分ではありません。".to_owned(),
            Self::NotFound => "not found: it is done already or not yours".to_owned(),
            Self::NotPermitted if ja => "この操作をする権限がありません。".to_owned(),
            Self::Registers(error) => {
                error.message(if ja { sekisho_register::Lang::Ja } else { sekisho_register::Lang::En })
            }
            Self::Approval(error) => error.message(lang),
            Self::Identity(error) if ja => error.message().ja,
            Self::Store(error) if ja => error.message_ja(),
            _ => self.to_string(),
        }
    }

    /// The status that a face should answer with.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Setting { .. } => 500,
            Self::Refused { .. } | Self::Content(_) => 422,
            Self::NotFound => 404,
            Self::NotPermitted => 403,
            Self::Registers(error) => error.status(),
            Self::Approval(error) => error.status(),
            Self::Identity(error) => error.status(),
            Self::Store(_) => 503,
        }
    }
}
