//! How a job ends, and why there is no result.

use std::io;

use sekisho_disarm::{Lang, Refusal, RefusalCode};
use serde::{Deserialize, Serialize};

use crate::level::Missing;

/// How the process of a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExitCause {
    /// By itself, with a whole answer.
    Finished,
    /// The parser met a state that it rules out.
    Panicked,
    /// Killed for a system call that is not on the list.
    ForbiddenCall,
    /// Killed by another signal, stack overflow included.
    Crashed {
        /// The signal's number.
        signal: i32,
    },
    /// The memory limit.
    MemoryLimit,
    /// The CPU-time limit.
    CpuLimit,
    /// The wall-clock limit.
    WallClock,
    /// More output than allowed.
    OutputLimit,
    /// An answer that breaks the protocol.
    BadReply,
    /// The confinement could not be completed; the file was not touched.
    Lockdown,
    /// Any other exit code.
    Status {
        /// The code.
        code: i32,
    },
}

impl ExitCause {
    /// A short identifier for reports and metrics.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Panicked => "panicked",
            Self::ForbiddenCall => "forbidden-call",
            Self::Crashed { .. } => "crashed",
            Self::MemoryLimit => "memory-limit",
            Self::CpuLimit => "cpu-limit",
            Self::WallClock => "wall-clock",
            Self::OutputLimit => "output-limit",
            Self::BadReply => "bad-reply",
            Self::Lockdown => "lockdown",
            Self::Status { .. } => "status",
        }
    }

    /// As a sentence for people.
    #[must_use]
    pub fn sentence(self, lang: Lang) -> String {
        let (ja, en) = match self {
            Self::Finished => ("処理は正常に終了しました。", "the process finished"),
            Self::Panicked => {
                ("処理の途中で想定外の状態になりました。", "the parser met a state that it rules out")
            }
            Self::ForbiddenCall => (
                "許可されていない操作（システムコール）を試みたため、停止しました。",
                "the process was killed for a system call that is not allowed",
            ),
            Self::Crashed { signal } => {
                return match lang {
                    Lang::Ja => format!("処理が異常終了しました（シグナル {signal}）。"),
                    Lang::En => format!("the process crashed (signal {signal})"),
                };
            }
            Self::MemoryLimit => ("メモリーの上限に達しました。", "the memory limit was reached"),
            Self::CpuLimit => ("CPU 時間の上限に達しました。", "the CPU-time limit was reached"),
            Self::WallClock => ("制限時間を超えました。", "the time limit was reached"),
            Self::OutputLimit => ("出力が大きさの上限を超えました。", "the output is larger than the limit"),
            Self::BadReply => {
                ("処理の結果が規約に合っていません。", "the process's answer breaks the protocol")
            }
            Self::Lockdown => (
                "隔離を完了できなかったため、ファイルには触れずに中止しました。",
                "the confinement could not be completed; the file was not touched",
            ),
            Self::Status { code } => {
                return match lang {
                    Lang::Ja => format!("処理が終了コード {code} で終わりました。"),
                    Lang::En => format!("the process ended with code {code}"),
                };
            }
        };
        if lang == Lang::Ja { ja.to_owned() } else { en.to_owned() }
    }
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The machine can't confine; nothing is parsed on it unless `allow_unsandboxed` says so.
    #[error("{}", self.message(Lang::En))]
    Unavailable {
        /// Every layer that lacks.
        missing: Vec<Missing>,
    },
    /// The zygote could not be started.
    #[error("{}", self.message(Lang::En))]
    Start {
        /// At which step.
        what: String,
        /// What the system answered.
        #[source]
        source: io::Error,
    },
    /// The job's process gave no whole answer.
    #[error("{}", self.message(Lang::En))]
    Stopped {
        /// How it ended.
        cause: ExitCause,
        /// CPU time that it used, in milliseconds.
        cpu_ms: u64,
        /// Time that it took, in milliseconds.
        wall_ms: u64,
    },
    /// The zygote died under the job. The next job starts a new one; this one may be tried again.
    #[error("{}", self.message(Lang::En))]
    ZygoteLost,
    /// The caller's reader failed.
    #[error("{}", self.message(Lang::En))]
    Input(#[source] io::Error),
    /// The caller's writer failed.
    #[error("{}", self.message(Lang::En))]
    Output(#[source] io::Error),
    /// The job could not be handed over.
    #[error("{}", self.message(Lang::En))]
    Request(String),
}

impl WorkerError {
    /// What happened and what to do next, as a sentence for people.
    #[must_use]
    pub fn message(&self, lang: Lang) -> String {
        let ja = lang == Lang::Ja;
        match self {
            Self::Unavailable { missing } => {
                let lead = if ja {
                    "この機械では無害化の処理を隔離できないため、開始しません。"
                } else {
                    "this machine can't confine the parsers, so none will run: "
                };
                let tail = if ja {
                    "危険を承知で隔離なしに動かす場合だけ、設定 allow_unsandboxed を有効にしてください。"
                } else {
                    "; only with the risk accepted may the setting allow_unsandboxed be turned on"
                };
                let list: Vec<_> = missing.iter().map(|m| m.sentence(lang)).collect();
                format!("{lead}{}{tail}", list.join(if ja { "" } else { "; " }))
            }
            Self::Start { what, source } if ja => {
                format!(
                    "隔離プロセスの親を起動できません（{what}: {source}）。実行ファイルと権限を確認してください。"
                )
            }
            Self::Start { what, source } => {
                format!(
                    "the parent of the sandboxed processes can't be started ({what}: {source}); check the program file and its rights"
                )
            }
            Self::Stopped { cause, .. } => cause.sentence(lang),
            Self::ZygoteLost if ja => {
                "隔離プロセスの親が失われました。自動で起動し直すので、もう一度実行してください。".to_owned()
            }
            Self::ZygoteLost => {
                "the parent of the sandboxed processes was lost; it is started anew, so try again".to_owned()
            }
            Self::Input(source) if ja => format!("入力を読めません（{source}）。"),
            Self::Input(source) => format!("the input can't be read ({source})"),
            Self::Output(source) if ja => {
                format!("出力を書けません（{source}）。保存先の空き容量を確認してください。")
            }
            Self::Output(source) => format!("the output can't be written ({source}); check the space left"),
            Self::Request(why) if ja => format!("処理を依頼できません（{why}）。"),
            Self::Request(why) => format!("the job can't be handed over ({why})"),
        }
    }

    /// The same job may succeed when it is tried again.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::ZygoteLost)
    }

    /// The refusal of the file, when its own content is to blame; `None` when the machine is.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        let Self::Stopped { cause, .. } = self else { return None };
        match cause {
            ExitCause::Lockdown => None,
            ExitCause::MemoryLimit | ExitCause::CpuLimit | ExitCause::WallClock | ExitCause::OutputLimit => {
                Some(Refusal::new(RefusalCode::LimitReached, cause.id()))
            }
            _ => Some(Refusal::new(RefusalCode::WorkerFailed, cause.id())),
        }
    }
}
