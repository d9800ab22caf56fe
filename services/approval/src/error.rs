//! What can go wrong for a caller, each with its sentence for people and the status that a face should answer.

use sekisho_policy::Lang;
use sekisho_store::StoreError;

/// An error of the approvals.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApprovalError {
    /// The case does not exist, or this person may not know that it does.
    #[error("{what} does not exist or is not yours to see")]
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// The person may not do this.
    #[error("not permitted: {en}")]
    NotPermitted {
        /// Why and what next, in Japanese.
        ja: String,
        /// Why and what next, in English.
        en: String,
    },
    /// The request can't be carried out as it is.
    #[error("{en}")]
    Invalid {
        /// What and what next, in Japanese.
        ja: String,
        /// What and what next, in English.
        en: String,
    },
    /// Deputies stand for each other in a circle.
    #[error("the deputies form a circle: {}; choose another deputy", chain.join(" → "))]
    DeputyLoop {
        /// The names, first and last the same.
        chain: Vec<String>,
    },
    /// The case is in another state by now.
    #[error("the case is in the state `{state}`; reload the page")]
    State {
        /// The state's identifier.
        state: String,
    },
    /// What is being decided is not what was shown.
    #[error("what was shown is no longer what would be decided; look at it again")]
    Changed,
    /// A fresh second factor is needed first.
    #[error("confirm with your second factor first")]
    StepUpNeeded,
    /// The final approval could not be carried out; the case has been returned to its drafter.
    #[error("the approval could not be carried out and the case was returned: {en}")]
    EffectRefused {
        /// Why, in Japanese.
        ja: String,
        /// Why, in English.
        en: String,
    },
    /// The mail could not be sent; it stays in the queue.
    #[error("the mail could not be sent: {reason}; check the relay's settings, it is tried again")]
    Mail {
        /// What the relay or the connection said.
        reason: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ApprovalError {
    pub(crate) fn invalid(ja: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Invalid { ja: ja.into(), en: en.into() }
    }

    pub(crate) fn not_permitted(ja: impl Into<String>, en: impl Into<String>) -> Self {
        Self::NotPermitted { ja: ja.into(), en: en.into() }
    }

    /// The sentence for the person at the screen.
    #[must_use]
    pub fn message(&self, lang: Lang) -> String {
        if lang == Lang::En {
            return self.to_string();
        }
        match self {
            Self::NotFound { .. } => "見つからないか、閲覧する権限がありません。".to_owned(),
            Self::NotPermitted { ja, .. } | Self::Invalid { ja, .. } => ja.clone(),
            Self::DeputyLoop { chain } => format!(
                "代決者の指定が循環しています（{}）。別の職員を代決者に指定してください。",
                chain.join(" → ")
            ),
            Self::State { .. } => {
                "この案件の状態が変わっています。画面を読み込み直して確認してください。".to_owned()
            }
            Self::Changed => {
                "表示した内容と決裁の対象が一致しません。もう一度内容を確認してください。".to_owned()
            }
            Self::StepUpNeeded => {
                "決裁の前に、もう一度本人確認（認証コード又はパスキー）をしてください。".to_owned()
            }
            Self::EffectRefused { ja, .. } => {
                format!("決裁の内容を実行できなかったため、起案者に差し戻しました。{ja}")
            }
            Self::Mail { reason } => format!(
                "通知メールを送信できませんでした（{reason}）。中継サーバの設定を確認してください。後でもう一度送信します。"
            ),
            Self::Store(error) => error.message_ja(),
        }
    }

    /// The HTTP status that says the same.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::NotFound { .. } => 404,
            Self::NotPermitted { .. } | Self::StepUpNeeded => 403,
            Self::Invalid { .. } | Self::DeputyLoop { .. } => 422,
            Self::State { .. } | Self::Changed | Self::EffectRefused { .. } => 409,
            Self::Mail { .. } => 502,
            Self::Store(StoreError::TooLarge { .. }) => 413,
            Self::Store(StoreError::Full { .. }) => 507,
            Self::Store(_) => 503,
        }
    }
}
