//! What can go wrong for a caller, each with its sentence for people and the status that a face should answer.

use sekisho_identity::IdentityError;
use sekisho_policy::Lang;
use sekisho_store::StoreError;

/// An error of the checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The thing does not exist, or this person may not know that it does.
    #[error("{what} does not exist or is not yours to see")]
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// The person's role does not allow it.
    #[error("not permitted: {why_en}")]
    NotPermitted {
        /// Why, in Japanese.
        why_ja: String,
        /// Why, in English.
        why_en: String,
    },
    /// No conduit is declared between the zones; the attempt is in the ledger.
    #[error("no conduit leads from zone `{from}` to zone `{to}`; the attempt was recorded as entry {seq}")]
    NoConduit {
        /// Where from.
        from: String,
        /// Where to.
        to: String,
        /// The ledger entry of the attempt.
        seq: u64,
    },
    /// The request can't be carried out as it is.
    #[error("{en}")]
    Invalid {
        /// What and what next, in Japanese.
        ja: String,
        /// What and what next, in English.
        en: String,
    },
    /// The same file is already on its way.
    #[error("the file `{name}` is already on its way in transfer {transfer}")]
    Duplicate {
        /// The file's name.
        name: String,
        /// The transfer that holds it.
        transfer: String,
    },
    /// The transfer is in another state by now.
    #[error("the transfer is in the state `{state}`; reload the page")]
    State {
        /// The state it is in.
        state: String,
    },
    /// What is being approved is not what was shown.
    #[error("what was shown is no longer what would be approved; look at it again")]
    Changed,
    /// A fresh second factor is needed first.
    #[error("confirm with your second factor first")]
    StepUpNeeded,
    /// Identity refused.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The preview could not be made.
    #[error("no preview: {0}")]
    Preview(String),
}

impl CheckpointError {
    pub(crate) fn invalid(ja: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Invalid { ja: ja.into(), en: en.into() }
    }

    pub(crate) fn not_permitted(ja: impl Into<String>, en: impl Into<String>) -> Self {
        Self::NotPermitted { why_ja: ja.into(), why_en: en.into() }
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
            Self::NotFound { .. } => "見つからないか、閲覧する権限がありません。".to_owned(),
            Self::NotPermitted { why_ja, .. } => why_ja.clone(),
            Self::NoConduit { from, to, seq } => format!(
                "領域「{from}」から「{to}」への持ち込み・持ち出しは、セキュリティポリシーで認められていません。この操作は記録されました（台帳 {seq} 番）。必要な場合は情報システム担当に相談してください。"
            ),
            Self::Invalid { ja, .. } => ja.clone(),
            Self::Duplicate { name, transfer } => format!(
                "「{name}」はすでに申請 {transfer} で処理中です。二重に送る必要はありません。"
            ),
            Self::State { .. } => {
                "この申請の状態が変わっています。画面を読み込み直して確認してください。".to_owned()
            }
            Self::Changed => "表示した内容と承認の対象が一致しません。もう一度内容を確認してください。".to_owned(),
            Self::StepUpNeeded => "承認の前に、もう一度本人確認（認証コードまたはパスキー）をしてください。".to_owned(),
            Self::Identity(error) => error.message().ja,
            Self::Store(_) => {
                "記録装置に障害があるため処理できませんでした。受け付けた申請は失われていません。情報システム担当に連絡してください。".to_owned()
            }
            Self::Preview(_) => "プレビューを表示できません。".to_owned(),
        }
    }

    /// The HTTP status that says the same.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::NotFound { .. } => 404,
            Self::NotPermitted { .. } | Self::NoConduit { .. } | Self::StepUpNeeded => 403,
            Self::Invalid { .. } => 422,
            Self::Duplicate { .. } | Self::State { .. } | Self::Changed => 409,
            Self::Identity(error) => error.status(),
            Self::Store(StoreError::TooLarge { .. }) => 413,
            Self::Store(StoreError::Full { .. }) => 507,
            Self::Store(_) => 503,
            Self::Preview(_) => 422,
        }
    }
}
