//! What can go wrong, in words for people. Everything an outsider can provoke at the log-in page is one and the
//! same [`IdentityError::Refused`]: the answer must not tell whether an account exists.

use sekisho_store::StoreError;

/// A sentence in both languages.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Bilingual {
    /// 日本語
    pub ja: String,
    /// English
    pub en: String,
}

impl Bilingual {
    /// Both sentences.
    #[must_use]
    pub fn new(ja: impl Into<String>, en: impl Into<String>) -> Self {
        Self { ja: ja.into(), en: en.into() }
    }
}

/// Why identity said no.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The log-in name, password, code, passkey or one-time value is wrong; on purpose no more is said.
    #[error("the log-in was refused")]
    Refused,
    /// Too many failures for the account or the address.
    #[error("locked after too many failures")]
    Locked {
        /// When the next attempt is looked at, in milliseconds since 1970 UTC.
        until_ms: i64,
    },
    /// No session or token, or one that ended.
    #[error("there is no valid session")]
    NotAuthenticated,
    /// The session or token belongs to another zone.
    #[error("the session belongs to another zone")]
    WrongZone,
    /// The request does not carry the session's CSRF token.
    #[error("the request's CSRF token is missing or wrong")]
    CsrfRefused,
    /// The session must prove a second factor again first.
    #[error("a fresh second factor is needed")]
    StepUpNeeded,
    /// The one-time code was used before; the next one will do.
    #[error("the code was used already")]
    CodeUsed,
    /// The caller lacks the permission.
    #[error("not permitted")]
    NotPermitted,
    /// A value was refused; the sentence says which and why.
    #[error("{}", .0.en)]
    Invalid(Bilingual),
    /// There is no such person, session, token or passkey.
    #[error("there is no such record")]
    NotFound,
    /// The enrolment link is unknown, used or too old.
    #[error("the link is unknown, used or expired")]
    LinkRefused,
    /// The zone's address can't be used with passkeys.
    #[error("passkeys are not available in this zone")]
    NoPasskeysHere,
    /// A dialogue with a passkey failed for a signed-in person.
    #[error("the passkey was refused: {0}")]
    Passkey(String),
    /// The configuration can't be used.
    #[error("identity configuration: {0}")]
    Config(String),
    /// The key file can't be used.
    #[error("identity key file `{path}`: {what}")]
    Key {
        /// The file.
        path: String,
        /// What is wrong and what to do.
        what: String,
    },
    /// Randomness or a cryptographic primitive failed.
    #[error("cryptography: {0}")]
    Crypto(&'static str),
    /// The database holds something that can't be read back.
    #[error("damaged identity record: {0}")]
    Damaged(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl IdentityError {
    pub(crate) fn invalid(ja: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Invalid(Bilingual::new(ja, en))
    }

    /// The sentence for the person at the screen. Internal failures are not spelled out here; log the error itself.
    #[must_use]
    pub fn message(&self) -> Bilingual {
        match self {
            Self::Refused => Bilingual::new(
                "ログインできませんでした。入力した内容を確認し、もう一度お試しください。",
                "You could not be signed in. Check what you entered and try again.",
            ),
            Self::Locked { .. } => Bilingual::new(
                "失敗が続いたため、一時的に受付を停止しています。しばらく待ってからお試しください。",
                "Attempts are paused after repeated failures. Wait a while and try again.",
            ),
            Self::NotAuthenticated => {
                Bilingual::new("ログインが必要です。もう一度ログインしてください。", "Please sign in again.")
            }
            Self::WrongZone => Bilingual::new(
                "このセッションは別の領域のものです。この領域でログインしてください。",
                "This session belongs to another zone. Sign in to this zone.",
            ),
            Self::CsrfRefused => Bilingual::new(
                "画面の有効期限が切れています。ページを開き直してから操作してください。",
                "This page is out of date. Reload it and try again.",
            ),
            Self::StepUpNeeded => Bilingual::new(
                "この操作の前に、認証コード又はパスキーによる本人確認をもう一度行ってください。",
                "Confirm your identity once more with a code or a passkey before this action.",
            ),
            Self::CodeUsed => Bilingual::new(
                "この認証コードは使用済みです。次のコードが表示されるまで待って入力してください。",
                "This code was already used. Wait for the next code and enter that one.",
            ),
            Self::NotPermitted => {
                Bilingual::new("この操作を行う権限がありません。", "You are not permitted to do this.")
            }
            Self::Invalid(sentence) => sentence.clone(),
            Self::NotFound => Bilingual::new("対象が見つかりません。", "There is no such record."),
            Self::LinkRefused => Bilingual::new(
                "このリンクは無効か、使用済み又は期限切れです。管理者に再発行を依頼してください。",
                "This link is invalid, used or expired. Ask an administrator for a new one.",
            ),
            Self::NoPasskeysHere => Bilingual::new(
                "この領域ではパスキーを使用できません。パスワードと認証コードを使用してください。",
                "Passkeys cannot be used in this zone. Use a password and a code.",
            ),
            Self::Passkey(_) => Bilingual::new(
                "パスキーを確認できませんでした。端末の本人確認を行い、もう一度お試しください。",
                "The passkey could not be verified. Unlock it on your device and try again.",
            ),
            Self::Config(_) | Self::Key { .. } | Self::Crypto(_) | Self::Damaged(_) | Self::Store(_) => {
                Bilingual::new(
                    "システムの障害により処理できませんでした。管理者に連絡してください。",
                    "The system failed. Tell an administrator.",
                )
            }
        }
    }

    /// The HTTP status that fits.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Refused | Self::NotAuthenticated | Self::WrongZone => 401,
            Self::Locked { .. } => 429,
            Self::CsrfRefused | Self::StepUpNeeded | Self::NotPermitted => 403,
            Self::CodeUsed | Self::Invalid(_) | Self::NoPasskeysHere | Self::Passkey(_) => 422,
            Self::NotFound => 404,
            Self::LinkRefused => 410,
            Self::Config(_) | Self::Key { .. } | Self::Crypto(_) | Self::Damaged(_) | Self::Store(_) => 500,
        }
    }
}

/// Result of this room.
pub type Result<T> = std::result::Result<T, IdentityError>;
