//! The sandbox in which untrusted documents are parsed: one confined process per file, forked by a small zygote.
//!
//! The broker (the calling program) never looks inside a document. It copies the input into a sealed memory file,
//! hands it to the zygote with the ends of three pipes, and reads a bounded answer that it does not trust. The child
//! has no file, no network, no other process and no new program: Landlock, a seccomp list, resource limits, and
//! namespaces where the machine allows them. A crash, a kill or a limit becomes a [`WorkerError`] with its cause,
//! never a document that went through.
//!
//! The room never parses a document in the calling process and never goes on without confinement unless
//! [`SandboxConfig::allow_unsandboxed`] says so; [`SandboxLevel`] then says it too.
#![deny(unsafe_code)]

mod child;
mod confine;
mod error;
mod exchange;
mod level;
mod probe;
mod sandbox;
mod self_test;
#[allow(
    unsafe_code,
    reason = "fork, wait4 and mmap have no safe form; this module is the only place for them"
)]
mod sys;
#[cfg(test)]
mod tests;
mod wire;
mod zygote;

pub use error::{ExitCause, WorkerError};
pub use level::{Layer, Missing, SandboxLevel};
pub use sandbox::{DisarmInMemory, DisarmOutcome, JobResult, Sandbox, SandboxConfig};
pub use self_test::{Check, SelfTest};
pub use wire::Detected;
pub use zygote::zygote_main;
