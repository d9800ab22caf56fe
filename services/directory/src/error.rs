//! Why somebody could not sign in, and why the room could not start. What an outsider can provoke is worded alike.

use sekisho_identity::{Bilingual, IdentityError};
use sekisho_store::StoreError;

/// Why this room said no.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// A setting of `[sign-in]` can't be used; the server does not start with it.
    #[error("sign-in setting `{setting}`: {what}")]
    Setting {
        /// The key in the declaration.
        setting: &'static str,
        /// What is wrong and what to do.
        what: String,
    },
    /// No directory server answered. Local accounts go on working.
    #[error("no directory server answers")]
    Unreachable,
    /// The OpenID provider does not answer or answers against its specification.
    #[error("the OpenID provider can't be used at present")]
    IssuerUnreachable,
    /// The declaration has no OpenID provider.
    #[error("no OpenID provider is declared")]
    NotOffered,
    /// The answer of the OpenID provider was not accepted; the word is for the ledger, not for the screen.
    #[error("the answer of the OpenID provider was refused ({0})")]
    AnswerRefused(&'static str),
    /// The provider vouches for an account that is nobody here, or somebody who signs in otherwise.
    #[error("the account of the OpenID provider is nobody here")]
    NobodyHere,
    /// Identity said no.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DirectoryError {
    /// The sentence for the person at the screen.
    #[must_use]
    pub fn message(&self) -> Bilingual {
        match self {
            Self::Unreachable => Bilingual::new(
                "サインインできませんでした。現在、庁内ディレクトリに接続できないため、ディレクトリのパスワードではサインインできません。しばらく待ってからお試しください。関所に登録したパスワードの方は、ログイン名とパスワードを確認してください。",
                "You could not be signed in. The directory can't be reached at present, so that its passwords are not accepted; try again later. If your password was set here, check the log-in name and the password.",
            ),
            Self::IssuerUnreachable => Bilingual::new(
                "認証基盤に接続できないため、サインインできませんでした。しばらく待ってからお試しください。",
                "The sign-in service can't be reached. Try again later.",
            ),
            Self::NotOffered => Bilingual::new(
                "この方法ではサインインできません。ログイン名とパスワードを使用してください。",
                "This way of signing in is not offered. Use a log-in name and a password.",
            ),
            Self::AnswerRefused("cancelled") => Bilingual::new(
                "認証基盤でサインインが中止されました。もう一度お試しください。",
                "Signing in was cancelled. Try again.",
            ),
            Self::AnswerRefused(_) => Bilingual::new(
                "認証基盤からの回答を確認できませんでした。時間が経過した場合や、別のブラウザーで開いた場合は、最初からやり直してください。",
                "The answer of the sign-in service was not accepted. If time has passed or another browser was used, start over.",
            ),
            Self::NobodyHere => Bilingual::new(
                "この認証基盤のアカウントでは、関所を利用できません。情報システム担当に連絡してください。",
                "This account can't be used here. Tell the information systems section.",
            ),
            Self::Identity(error) => error.message(),
            Self::Setting { .. } | Self::Store(_) => Bilingual::new(
                "システムの障害により処理できませんでした。管理者に連絡してください。",
                "The system failed. Tell an administrator.",
            ),
        }
    }

    /// The HTTP status that fits.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Unreachable | Self::IssuerUnreachable => 503,
            Self::NotOffered => 404,
            Self::AnswerRefused(_) | Self::NobodyHere => 401,
            Self::Identity(error) => error.status(),
            Self::Setting { .. } | Self::Store(_) => 500,
        }
    }
}

/// Result of this room.
pub type Result<T> = std::result::Result<T, DirectoryError>;
