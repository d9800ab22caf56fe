//! The proof that the confinement holds on this machine: children that try to get out, and what became of them.

use serde::{Deserialize, Serialize};

use crate::error::{ExitCause, WorkerError};
use crate::level::SandboxLevel;
use crate::sandbox::Sandbox;
use crate::wire::{Job, Layers, Order, Probe};

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was tried, and under which layers when not under all.
    pub name: String,
    /// What must become of it; alternatives are separated by ` | `.
    pub expected: String,
    /// What became of it.
    pub got: String,
    /// They agree.
    pub ok: bool,
}

/// All attempts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelfTest {
    /// One row an attempt.
    pub checks: Vec<Check>,
    /// What confined them.
    pub level: SandboxLevel,
}

impl SelfTest {
    /// Every attempt ended as it must, and there was at least one.
    #[must_use]
    pub fn ok(&self) -> bool {
        !self.checks.is_empty() && self.checks.iter().all(|check| check.ok)
    }
}

/// Limits of an attempt: short, so that the whole test takes a few seconds.
const WALL_MS: u64 = 5_000;
const MEMORY: u64 = 64 << 20;
const OUTPUT: u64 = 1 << 20;

const FORBIDDEN: &[&str] = &["forbidden-call"];

/// Name, misdeed, layers, wall-clock limit, and the ends that are right.
#[rustfmt::skip]
const ATTEMPTS: &[(&str, Probe, Layers, u64, &[&str])] = &[
    ("nothing (control)", Probe::Nothing, Layers::All, WALL_MS, &["allowed"]),
    ("open /etc/passwd", Probe::OpenFile, Layers::All, WALL_MS, FORBIDDEN),
    ("create a file", Probe::CreateFile, Layers::All, WALL_MS, FORBIDDEN),
    ("open a socket", Probe::Socket, Layers::All, WALL_MS, FORBIDDEN),
    ("connect to 127.0.0.1", Probe::Connect, Layers::AllWithSocket, WALL_MS, FORBIDDEN),
    ("execute a program", Probe::Exec, Layers::All, WALL_MS, FORBIDDEN),
    ("fork", Probe::Fork, Layers::All, WALL_MS, FORBIDDEN),
    ("ptrace", Probe::Ptrace, Layers::All, WALL_MS, FORBIDDEN),
    ("map executable memory", Probe::ExecutableMemory, Layers::All, WALL_MS, FORBIDDEN),
    ("make memory executable", Probe::ExecutableLater, Layers::All, WALL_MS, FORBIDDEN),
    ("signal another process", Probe::KillParent, Layers::All, WALL_MS, FORBIDDEN),
    ("open /etc/passwd [landlock alone]", Probe::OpenFile, Layers::LandlockOnly, WALL_MS, &["EACCES"]),
    ("create a file [landlock alone]", Probe::CreateFile, Layers::LandlockOnly, WALL_MS, &["EACCES"]),
    ("connect to 127.0.0.1 [landlock alone]", Probe::Connect, Layers::LandlockOnlyWithSocket, WALL_MS, &["EACCES"]),
    ("execute a program [landlock alone]", Probe::Exec, Layers::LandlockOnly, WALL_MS, &["EACCES"]),
    ("signal another process [landlock alone]", Probe::KillParent, Layers::LandlockOnly, WALL_MS, &["EPERM"]),
    ("open /etc/passwd [limits without seccomp]", Probe::OpenFile, Layers::LimitsOnly, WALL_MS, &["EMFILE"]),
    ("fork [limits without seccomp]", Probe::Fork, Layers::LimitsOnly, WALL_MS, &["EAGAIN"]),
    ("take all memory", Probe::Memory, Layers::All, WALL_MS, &["memory-limit"]),
    ("compute for ever", Probe::CpuLoop, Layers::All, WALL_MS, &["cpu-limit"]),
    ("wait for ever", Probe::SleepForever, Layers::All, 200, &["wall-clock"]),
    ("flood the output", Probe::OutputFlood, Layers::All, WALL_MS, &["output-limit"]),
    ("overflow the stack", Probe::StackOverflow, Layers::All, WALL_MS, &["crashed"]),
    ("panic", Probe::Panic, Layers::All, WALL_MS, &["panicked"]),
    ("abort", Probe::Abort, Layers::All, WALL_MS, &["crashed"]),
    ("answer against the protocol", Probe::BadReply, Layers::All, WALL_MS, &["bad-reply"]),
    ("answer and then say more", Probe::TrailingBytes, Layers::All, WALL_MS, &["bad-reply"]),
];

impl Sandbox {
    /// Runs children that try to get out. Every attempt must be refused or killed by the layer that is meant to.
    #[must_use]
    pub fn self_test(&self) -> SelfTest {
        let level = self.level();
        let checks = ATTEMPTS
            .iter()
            // An older kernel's Landlock does not know the network or signals; seccomp alone stops them there.
            .filter(|(_, probe, layers, ..)| match (probe, layers) {
                (Probe::Connect, Layers::LandlockOnlyWithSocket) => level.landlock_network,
                (Probe::KillParent, Layers::LandlockOnly) => level.landlock_scope,
                _ => true,
            })
            .map(|(name, probe, layers, wall_ms, expected)| {
                let got = self.attempt(*probe, *layers, *wall_ms);
                Check {
                    name: (*name).to_owned(),
                    expected: expected.join(" | "),
                    ok: expected.contains(&got.as_str()),
                    got,
                }
            })
            .collect();
        SelfTest { checks, level }
    }

    pub(crate) fn attempt(&self, probe: Probe, layers: Layers, wall_ms: u64) -> String {
        let order = Order { wall_ms, memory_bytes: MEMORY, cpu_seconds: 1, input_bytes: 0, layers };
        // The flood announces more than any cap; every other answer is small.
        match self.probe(&Job::Probe(probe), order, OUTPUT) {
            Ok(done) => done.value,
            Err(WorkerError::Stopped { cause: ExitCause::Status { code }, .. }) => format!("status {code}"),
            Err(WorkerError::Stopped { cause, .. }) => cause.id().to_owned(),
            Err(error) => error.to_string(),
        }
    }
}
