//! The one error type of the store. Each message says what happened, where, and what to do next;
//! secrets, payloads and SQL parameters never appear in a message.

use std::io;
use std::path::{Path, PathBuf};

/// What went wrong in the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The disk, a quota or the database's size limit is exhausted. Nothing acknowledged is lost; writes
    /// work again as soon as there is room.
    #[error(
        "no room left while writing {place}: free some disk space, then try again (nothing acknowledged was lost)"
    )]
    Full {
        /// What was being written.
        place: String,
    },
    /// The database can't be reached at the moment.
    #[error(
        "the database can't be reached ({reason}): check that it is running; the store reconnects by itself"
    )]
    Unavailable {
        /// What the connection said.
        reason: String,
    },
    /// Another process holds the data directory or the database.
    #[error("`{place}` is in use by another process: stop the other sekisho first (one writer only)")]
    Locked {
        /// The lock's place.
        place: String,
    },
    /// The caller broke a rule of the store; a programming fault.
    #[error("the store was used wrongly: {what}")]
    Misuse {
        /// Which rule.
        what: String,
    },
    /// A value that can't be stored.
    #[error("{what}")]
    Invalid {
        /// Which value, and what is allowed.
        what: String,
    },
    /// Rows, tiles and signed checkpoint contradict each other; the store doesn't start on them.
    #[error(
        "{place}: {what}; run `sekisho ledger verify` for the full list and restore a backup if the data was altered"
    )]
    Contradiction {
        /// Table and row, tile path or file.
        place: String,
        /// What contradicts what.
        what: String,
    },
    /// Stored bytes fail their own check.
    #[error("{place} is damaged: {what}; restore it from a backup")]
    Damaged {
        /// File or row.
        place: String,
        /// Which check failed.
        what: String,
    },
    /// There is no such event, job, table or column.
    #[error("{what} does not exist")]
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// There is no such blob.
    #[error("blob {id} is not in the store: it was disposed of, or never finished")]
    BlobMissing {
        /// Content id (hex SHA-256 of the plaintext).
        id: String,
    },
    /// More bytes than the caller allows.
    #[error("the content is larger than the limit of {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The lease on a job ran out and another worker may have it.
    #[error("the lease on job {job} is no longer yours: drop the work, someone else has it")]
    LeaseLost {
        /// Job id.
        job: i64,
    },
    /// A write on a store that was opened for inspection.
    #[error("the store is open for inspection only: nothing can be written")]
    ReadOnly,
    /// A unique, foreign key, check or append-only rule of the database refused the change.
    #[error("the database refused the change: {reason}")]
    Conflict {
        /// The rule as the database names it.
        reason: String,
    },
    /// The database refused a statement for another reason.
    #[error("database error in `{sql}`: {reason}")]
    Database {
        /// First characters of the statement (placeholders, no values).
        sql: String,
        /// The database's message.
        reason: String,
    },
    /// A file operation failed.
    #[error("`{}` could not be {action}: {source}", path.display())]
    Io {
        /// Past participle: "read", "written" …
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The writer has stopped (the store is being closed, or a unit of work panicked).
    #[error("the unit of work was not carried out: {what}")]
    Stopped {
        /// Why.
        what: &'static str,
    },
}

/// Coarse kinds for status codes and exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request can't be carried out as asked (bad value, missing thing, conflict, too large).
    Request,
    /// The machine lacks something now (disk, database); trying again later may work.
    Temporary,
    /// Stored data is damaged or contradicts itself; an administrator has to look.
    Integrity,
    /// A fault of the program or its set-up.
    Internal,
}

impl StoreError {
    /// The coarse kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid { .. }
            | Self::NotFound { .. }
            | Self::BlobMissing { .. }
            | Self::TooLarge { .. }
            | Self::LeaseLost { .. }
            | Self::Conflict { .. } => ErrorKind::Request,
            Self::Full { .. } | Self::Unavailable { .. } | Self::Locked { .. } | Self::Stopped { .. } => {
                ErrorKind::Temporary
            }
            Self::Contradiction { .. } | Self::Damaged { .. } => ErrorKind::Integrity,
            Self::Misuse { .. } | Self::ReadOnly | Self::Database { .. } | Self::Io { .. } => {
                ErrorKind::Internal
            }
        }
    }

    /// One sentence for the person at the screen, in Japanese. The details stay in the English message for the log.
    #[must_use]
    pub fn message_ja(&self) -> String {
        match self {
            Self::Full { .. } => {
                "保存領域に空きがありません。空き容量を確保してから、もう一度操作してください。受付済みの記録は失われていません。".to_owned()
            }
            Self::Unavailable { .. } => {
                "データベースに接続できません。しばらくしてからもう一度操作してください。受付済みの記録は失われていません。".to_owned()
            }
            Self::Locked { place } => format!("「{place}」は別のプロセスが使用中です。先にそのプロセスを停止してください。"),
            Self::Invalid { .. } => "保存できない値が含まれています。入力内容を確認してください。".to_owned(),
            Self::Contradiction { place, .. } => {
                format!("「{place}」の記録に矛盾があります。改ざんまたは破損のおそれがあるため、管理者に連絡してください。")
            }
            Self::Damaged { place, .. } => {
                format!("「{place}」が破損しています。バックアップからの復元が必要です。管理者に連絡してください。")
            }
            Self::NotFound { .. } => "指定されたデータは見つかりません。".to_owned(),
            Self::BlobMissing { .. } => "ファイルの本体は保存されていません。保存期間が終了し、廃棄された可能性があります。".to_owned(),
            Self::TooLarge { limit } => format!("ファイルの大きさが上限（{limit}バイト）を超えています。"),
            Self::LeaseLost { .. } => "処理の担当が別のワーカーに移りました。".to_owned(),
            Self::ReadOnly => "点検用に開いているため、書き込みはできません。".to_owned(),
            Self::Conflict { .. } => "同じデータが既に登録されているか、他の変更と競合しました。画面を更新してやり直してください。".to_owned(),
            Self::Stopped { .. } => "停止処理中のため、操作を受け付けられませんでした。もう一度操作してください。".to_owned(),
            Self::Misuse { .. } | Self::Database { .. } | Self::Io { .. } => {
                "内部エラーが発生しました。管理者に連絡してください。".to_owned()
            }
        }
    }

    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
            return Self::Full { place: format!("`{}`", path.display()) };
        }
        Self::Io { action, path: path.to_owned(), source }
    }

    pub(crate) fn misuse(what: impl Into<String>) -> Self {
        Self::Misuse { what: what.into() }
    }

    pub(crate) fn invalid(what: impl Into<String>) -> Self {
        Self::Invalid { what: what.into() }
    }

    pub(crate) fn contradiction(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Contradiction { place: place.into(), what: what.into() }
    }

    pub(crate) fn damaged(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Damaged { place: place.into(), what: what.into() }
    }

    /// Does this error mean that the connection or the whole transaction is gone?
    pub(crate) fn breaks_batch(&self) -> bool {
        matches!(self, Self::Full { .. } | Self::Unavailable { .. })
    }

    /// A second copy of the message for another caller of the same failed batch.
    pub(crate) fn share(&self) -> Self {
        match self {
            Self::Full { place } => Self::Full { place: place.clone() },
            Self::Unavailable { reason } => Self::Unavailable { reason: reason.clone() },
            Self::Contradiction { place, what } => Self::contradiction(place.clone(), what.clone()),
            Self::Damaged { place, what } => Self::damaged(place.clone(), what.clone()),
            Self::Locked { place } => Self::Locked { place: place.clone() },
            other => Self::Database { sql: "COMMIT".to_owned(), reason: other.to_string() },
        }
    }
}
