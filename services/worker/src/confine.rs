//! The layers that confine: once in the zygote (user, namespaces, Landlock), then in every child (limits, seccomp).
//!
//! Every required layer must report full enforcement, or the sandbox does not start. Namespaces are an addition that
//! many service managers forbid; they are used where they can be had.

use std::collections::BTreeMap;
use std::io;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetStatus, Scope,
};
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CapabilitySet, CapabilitySets};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};

use crate::level::{Layer, Missing, SandboxLevel};
use crate::sys;
use crate::wire::Order;

/// What the zygote set up and what each child still has to apply.
pub(crate) struct Confinement {
    filters: Vec<BpfProgram>,
    /// Address space that a child has before it does anything, in bytes.
    base_memory: u64,
    pub(crate) level: SandboxLevel,
}

impl Confinement {
    /// Confines the zygote itself; its children inherit it.
    pub(crate) fn enter() -> Self {
        let mut level = SandboxLevel::default();
        let base_memory = address_space();
        if let Err(error) = sys::drop_root() {
            level.missing.push(Missing::new(Layer::Zygote, format!("setresuid: {error}")));
        }
        leave_namespaces(&mut level);
        let empty = CapabilitySet::empty();
        let sets = CapabilitySets { effective: empty, permitted: empty, inheritable: empty };
        if let Err(error) = rustix::thread::set_capabilities(None, sets) {
            level.missing.push(Missing::new(Layer::Zygote, format!("capset: {error}")));
        }
        if let Err(error) = rustix::thread::set_no_new_privs(true) {
            level.missing.push(Missing::new(Layer::Limits, format!("no_new_privs: {error}")));
        }
        if let Err(detail) = deny_everything(&mut level) {
            level.missing.push(Missing::new(Layer::Landlock, detail));
        }
        let filters = filters().unwrap_or_else(|error| {
            level.missing.push(Missing::new(Layer::Seccomp, error));
            Vec::new()
        });
        level.seccomp = !filters.is_empty();
        Self { filters, base_memory, level }
    }

    /// A trial child could not complete its part with seccomp: go on without, and say so.
    pub(crate) fn give_up_seccomp(&mut self) {
        self.filters.clear();
        self.level.seccomp = false;
        self.level.missing.push(Missing::new(Layer::Seccomp, ""));
    }

    /// A trial child could not complete its part without seccomp either.
    pub(crate) fn give_up_limits(&mut self) {
        self.level.rlimits = false;
        self.level.missing.push(Missing::new(Layer::Limits, "setrlimit"));
    }

    /// The child's part, the last thing before it looks at the job. Any error means that it must not go on.
    pub(crate) fn lock_down(&self, order: &Order) -> io::Result<()> {
        rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
        rustix::thread::set_no_new_privs(true)?;
        let memory = self.base_memory.saturating_add(order.memory_bytes).saturating_add(order.input_bytes);
        limit(Resource::As, memory, memory)?;
        limit(Resource::Cpu, order.cpu_seconds, order.cpu_seconds.saturating_add(1))?;
        limit(Resource::Core, 0, 0)?;
        limit(Resource::Memlock, 0, 0)?;
        if order.layers.has_limits() {
            for resource in [Resource::Fsize, Resource::Nofile, Resource::Nproc] {
                limit(resource, 0, 0)?;
            }
        }
        if order.layers.has_seccomp() {
            for filter in &self.filters {
                seccompiler::apply_filter(filter).map_err(io::Error::other)?;
            }
        }
        Ok(())
    }
}

/// Sets a limit, or keeps a lower hard limit that is already there.
fn limit(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    let ceiling = getrlimit(resource).maximum.unwrap_or(u64::MAX);
    let wanted = Rlimit { current: Some(soft.min(ceiling)), maximum: Some(hard.min(ceiling)) };
    Ok(setrlimit(resource, wanted)?)
}

/// The size of the process's address space in bytes (proc_pid_statm(5), first field); generous when unreadable.
fn address_space() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok());
    let page = u64::try_from(rustix::param::page_size()).unwrap_or(4096);
    pages.map_or(256 << 20, |pages| pages.saturating_mul(page))
}

fn leave_namespaces(level: &mut SandboxLevel) {
    if sys::own_namespaces().is_ok() {
        level.user_namespace = true;
        level.network_namespace = true;
        level.ipc_namespace = true;
    }
}

/// Landlock with every right that the kernel knows handled and none granted.
fn deny_everything(level: &mut SandboxLevel) -> Result<(), String> {
    let abi = ABI::from(sys::landlock_abi().map_err(|error| error.to_string())?);
    if abi < ABI::V1 {
        return Err("ABI 0".to_owned());
    }
    let text = |error: landlock::RulesetError| error.to_string();
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(abi))
        .map_err(text)?;
    if abi >= ABI::V4 {
        ruleset = ruleset.handle_access(AccessNet::from_all(abi)).map_err(text)?;
    }
    if abi >= ABI::V6 {
        ruleset = ruleset.scope(Scope::from_all(abi)).map_err(text)?;
    }
    let status = ruleset.create().map_err(text)?.restrict_self().map_err(text)?;
    if status.ruleset != RulesetStatus::FullyEnforced || !status.no_new_privs {
        return Err(format!("{:?}", status.ruleset));
    }
    level.landlock_abi = abi as u32;
    level.landlock_network = abi >= ABI::V4;
    level.landlock_scope = abi >= ABI::V6;
    Ok(())
}

/// Two filters; the kernel takes the stricter answer of both.
///
/// The first kills on everything but memory, the two output descriptors, time, randomness and the process's own end.
/// The second answers `tgkill` with EPERM: `abort` tries it first, and a plain crash shall not look like an escape.
fn filters() -> Result<Vec<BpfProgram>, String> {
    let arch: TargetArch = std::env::consts::ARCH.try_into().map_err(|e| format!("{e}"))?;
    let program = |rules, otherwise, listed| {
        SeccompFilter::new(rules, otherwise, listed, arch)
            .and_then(BpfProgram::try_from)
            .map_err(|error| error.to_string())
    };
    let eperm = u32::try_from(libc::EPERM).unwrap_or(1);
    let hush: BTreeMap<i64, Vec<SeccompRule>> = [(libc::SYS_tgkill, Vec::new())].into_iter().collect();
    Ok(vec![
        program(hush, SeccompAction::Allow, SeccompAction::Errno(eperm))?,
        program(allowed().map_err(|e| e.to_string())?, SeccompAction::KillProcess, SeccompAction::Allow)?,
    ])
}

fn allowed() -> Result<BTreeMap<i64, Vec<SeccompRule>>, seccompiler::BackendError> {
    use SeccompCmpArgLen::Dword;
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = [
        libc::SYS_brk,
        libc::SYS_clock_gettime,
        libc::SYS_exit,
        libc::SYS_exit_group,
        libc::SYS_futex,
        libc::SYS_getpid,
        libc::SYS_getrandom,
        libc::SYS_gettid,
        libc::SYS_madvise,
        libc::SYS_mremap,
        libc::SYS_munmap,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sched_yield,
        libc::SYS_sigaltstack,
        libc::SYS_tgkill,
    ]
    .into_iter()
    .map(|call| (call, Vec::new()))
    .collect();
    let exec = u64::try_from(libc::PROT_EXEC).unwrap_or(4);
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        let not_executable = SeccompCondition::new(2, Dword, SeccompCmpOp::MaskedEq(exec), 0)?;
        rules.insert(call, vec![SeccompRule::new(vec![not_executable])?]);
    }
    let to = |fd| SeccompRule::new(vec![SeccompCondition::new(0, Dword, SeccompCmpOp::Eq, fd)?]);
    rules.insert(libc::SYS_write, vec![to(1)?, to(2)?]);
    Ok(rules)
}
