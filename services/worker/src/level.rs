//! What confines the children on this machine, and what a machine lacks, in words for people.

use std::fmt;

use sekisho_disarm::Lang;
use serde::{Deserialize, Serialize};

/// A layer of the confinement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// Landlock: no file, no TCP port.
    Landlock,
    /// seccomp: a list of allowed system calls.
    Seccomp,
    /// Resource limits and `no_new_privs`.
    Limits,
    /// The zygote could not set itself up.
    Zygote,
}

/// A layer that the machine can't provide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// Which one.
    pub layer: Layer,
    /// What the kernel answered; may be empty.
    pub detail: String,
}

impl Missing {
    pub(crate) fn new(layer: Layer, detail: impl fmt::Display) -> Self {
        Self { layer, detail: detail.to_string() }
    }

    /// What is missing and what to do, as a sentence.
    #[must_use]
    pub fn sentence(&self, lang: Lang) -> String {
        let sentence = match (self.layer, lang) {
            (Layer::Landlock, Lang::Ja) => {
                "Landlock が使えません。Linux 5.13 以降のカーネルで、起動時の lsm= に landlock を含めてください。"
            }
            (Layer::Landlock, Lang::En) => {
                "Landlock is not available: use Linux 5.13 or later with landlock in the lsm= boot parameter."
            }
            (Layer::Seccomp, Lang::Ja) => {
                "seccomp フィルターを設定できません。CONFIG_SECCOMP_FILTER が有効なカーネル（x86_64 または aarch64）で実行してください。"
            }
            (Layer::Seccomp, Lang::En) => {
                "seccomp filters can't be installed: use a kernel with CONFIG_SECCOMP_FILTER on x86_64 or aarch64."
            }
            (Layer::Limits, Lang::Ja) => {
                "資源の上限（rlimit）または no_new_privs を設定できません。サービスの設定を確認してください。"
            }
            (Layer::Limits, Lang::En) => {
                "resource limits or no_new_privs can't be set: check the service's settings."
            }
            (Layer::Zygote, Lang::Ja) => "隔離プロセスの親を準備できません。",
            (Layer::Zygote, Lang::En) => "the parent of the sandboxed processes can't set itself up.",
        };
        match (self.detail.is_empty(), lang) {
            (true, _) => sentence.to_owned(),
            (false, Lang::Ja) => format!("{sentence}（{}）", self.detail),
            (false, Lang::En) => format!("{sentence} ({})", self.detail),
        }
    }
}

/// What confines the children of a running zygote.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent fact of the kernel for the report")]
pub struct SandboxLevel {
    /// Every required layer is in force. False only under `allow_unsandboxed`.
    pub enforced: bool,
    /// The Landlock ABI in force; 0 is none.
    pub landlock_abi: u32,
    /// Landlock also denies TCP bind and connect (ABI 4).
    pub landlock_network: bool,
    /// Landlock also denies signals and abstract sockets to the outside (ABI 6).
    pub landlock_scope: bool,
    /// The system-call list is in force.
    pub seccomp: bool,
    /// The resource limits are in force.
    pub rlimits: bool,
    /// The children live in a user namespace of their own (where the machine allows it).
    pub user_namespace: bool,
    /// … in an empty network namespace.
    pub network_namespace: bool,
    /// … in an IPC namespace of their own.
    pub ipc_namespace: bool,
    /// What lacks, when not enforced.
    pub missing: Vec<Missing>,
}

impl SandboxLevel {
    /// Every required layer is in force.
    #[must_use]
    pub fn is_enforced(&self) -> bool {
        self.enforced
    }
}

impl fmt::Display for SandboxLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = |on: bool| if on { "yes" } else { "no" };
        write!(
            f,
            "{}: landlock abi {} (network {}, scope {}), seccomp {}, rlimits {}, namespaces user {} net {} ipc {}",
            if self.enforced { "enforced" } else { "NOT ENFORCED" },
            self.landlock_abi,
            mark(self.landlock_network),
            mark(self.landlock_scope),
            mark(self.seccomp),
            mark(self.rlimits),
            mark(self.user_namespace),
            mark(self.network_namespace),
            mark(self.ipc_namespace),
        )
    }
}
