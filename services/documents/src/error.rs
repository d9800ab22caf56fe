//! What can go wrong, each with its sentence for people and the status that a face should answer.

use sekisho_approval::ApprovalError;
use sekisho_disarm::Refusal;
use sekisho_policy::Lang;
use sekisho_store::StoreError;
use sekisho_worker::WorkerError;

/// An error of the documents.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentsError {
    /// It does not exist, or this person may not know that it does.
    #[error("{what} does not exist or is not yours to see")]
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// The person may see the document, but not do this with it.
    #[error("not permitted: {en}")]
    NotPermitted {
        /// What, and who may, in Japanese.
        ja: String,
        /// What, and who may, in English.
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
    /// The draft is in another state by now.
    #[error("the draft is in the state `{state}`; reload the page")]
    State {
        /// The state's identifier.
        state: String,
    },
    /// The file was refused by the sandbox's reader.
    #[error("the file was refused: {0}")]
    Refused(Refusal),
    /// The sandbox failed or is not there.
    #[error("the file could not be read in the sandbox: {0}")]
    Sandbox(WorkerError),
    /// No sandbox was given, so DOCX files can't be read.
    #[error(
        "DOCX files are read in the sandbox only, and none is running; import a text file or start the server with its sandbox"
    )]
    NoSandbox,
    /// The approval refused.
    #[error(transparent)]
    Approval(#[from] ApprovalError),
    /// A file could not be written.
    #[error("`{path}` could not be written: {source}; check the folder's rights and free space")]
    Write {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A stored content can't be read back.
    #[error(
        "the content `{digest}` is damaged: {reason}; run `sekisho ledger verify` and restore from the backup"
    )]
    Damaged {
        /// Its digest.
        digest: String,
        /// What is wrong.
        reason: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DocumentsError {
    pub(crate) fn invalid(ja: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Invalid { ja: ja.into(), en: en.into() }
    }

    pub(crate) fn not_found(what: impl Into<String>) -> Self {
        Self::NotFound { what: what.into() }
    }

    /// The sentence for the person at the screen.
    #[must_use]
    pub fn message(&self, lang: Lang) -> String {
        match (self, lang) {
            (Self::NotFound { .. }, Lang::Ja) => "文書が見つからないか、閲覧する権限がありません。".to_owned(),
            (Self::NotPermitted { ja, .. } | Self::Invalid { ja, .. }, Lang::Ja) => ja.clone(),
            (Self::State { .. }, Lang::Ja) => {
                "案の状態が変わっています。画面を読み込み直して確認してください。".to_owned()
            }
            (Self::Refused(refusal), Lang::Ja) => {
                let lang = sekisho_disarm::Lang::Ja;
                format!("ファイルを取り込めませんでした。{}{}", refusal.reason(lang), refusal.hint(lang))
            }
            (Self::Sandbox(error), Lang::Ja) => {
                let lang = sekisho_disarm::Lang::Ja;
                format!("ファイルを隔離環境で読み取れませんでした。{}", error.message(lang))
            }
            (Self::NoSandbox, Lang::Ja) => {
                "Wordファイルは隔離環境でのみ読み取ります。隔離環境が動いていないため、テキストファイルで取り込んでください。".to_owned()
            }
            (Self::Approval(error), lang) => error.message(lang),
            (Self::Write { path, source }, Lang::Ja) => {
                format!("`{path}` に書き込めませんでした（{source}）。フォルダーの権限と空き容量を確認してください。")
            }
            (Self::Damaged { .. }, Lang::Ja) => {
                "保存した文書が壊れています。管理者に連絡し、バックアップから復元してください。".to_owned()
            }
            (Self::Store(error), Lang::Ja) => error.message_ja(),
            (error, Lang::En) => error.to_string(),
        }
    }

    /// The HTTP status that fits.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::NotFound { .. } => 404,
            Self::NotPermitted { .. } => 403,
            Self::State { .. } => 409,
            Self::Invalid { .. } | Self::Refused(_) => 422,
            Self::Sandbox(_) | Self::NoSandbox => 503,
            Self::Approval(error) => error.status(),
            Self::Write { .. } | Self::Damaged { .. } | Self::Store(_) => 500,
        }
    }
}
