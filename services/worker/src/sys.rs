//! The only unsafe code of the house: the few system calls of the zygote and its children that have no safe form.
//!
//! Every function here is safe to call from this crate; the `SAFETY` comments say why. Nothing here parses anything.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// A child that ended, as `wait4` tells it.
pub(crate) struct Ended {
    pub(crate) pid: i32,
    /// The raw wait status.
    pub(crate) status: i32,
    /// User and system time together, in microseconds.
    pub(crate) cpu_us: u64,
}

/// Forks. `None` is the child, `Some` the parent with the child's process id.
pub(crate) fn fork() -> io::Result<Option<i32>> {
    // SAFETY: only the zygote forks, and it refuses to start unless it is single-threaded; so no lock can be held by
    // a thread that the child lacks, and the child may go on as an ordinary process.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(None),
        pid => Ok(Some(pid)),
    }
}

/// Reaps one ended child, if there is one. With `pid`, waits for that child.
pub(crate) fn reap(pid: Option<i32>) -> io::Result<Option<Ended>> {
    let mut status = 0;
    // SAFETY: `rusage` is plain data for which all zeroes is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    let options = if pid.is_some() { 0 } else { libc::WNOHANG };
    // SAFETY: both pointers are to live local variables of the right types.
    let got = unsafe { libc::wait4(pid.unwrap_or(-1), &raw mut status, options, &raw mut usage) };
    match got {
        0 => Ok(None),
        -1 => {
            let error = io::Error::last_os_error();
            if error.raw_os_error() == Some(libc::ECHILD) { Ok(None) } else { Err(error) }
        }
        pid => {
            let us = |t: libc::timeval| {
                u64::try_from(t.tv_sec)
                    .unwrap_or(0)
                    .saturating_mul(1_000_000)
                    .saturating_add(u64::try_from(t.tv_usec).unwrap_or(0))
            };
            Ok(Some(Ended { pid, status, cpu_us: us(usage.ru_utime).saturating_add(us(usage.ru_stime)) }))
        }
    }
}

/// Ends the process at once: no destructors, no exit handlers of the parent's copy.
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: `_exit` takes any value and does not return.
    unsafe { libc::_exit(code) }
}

/// Maps a sealed memory file for reading, for the rest of the process's life.
pub(crate) fn map_sealed(fd: BorrowedFd<'_>, len: usize) -> io::Result<&'static [u8]> {
    use rustix::fs::{SealFlags, fcntl_get_seals, fstat};
    if !fcntl_get_seals(fd)?.contains(SealFlags::SHRINK | SealFlags::WRITE) {
        return Err(io::Error::other("the input is not sealed"));
    }
    if u64::try_from(fstat(fd)?.st_size).ok() != u64::try_from(len).ok() {
        return Err(io::Error::other("the input has another length than announced"));
    }
    if len == 0 {
        return Ok(&[]);
    }
    let raw = std::os::fd::AsRawFd::as_raw_fd(&fd);
    // SAFETY: a fresh private read-only mapping at an address of the kernel's choice touches no existing memory.
    let address =
        unsafe { libc::mmap(std::ptr::null_mut(), len, libc::PROT_READ, libc::MAP_PRIVATE, raw, 0) };
    if address == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the mapping is `len` bytes long, readable and never unmapped; the seals checked above guarantee that
    // nobody can shrink it or write to it.
    Ok(unsafe { std::slice::from_raw_parts(address.cast::<u8>(), len) })
}

/// A close-on-exec duplicate, numbered 3 or above, of a descriptor known only by its number.
pub(crate) fn duplicate(fd: RawFd) -> io::Result<OwnedFd> {
    if fd < 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: the borrow ends with this call; a number that is not open makes the duplication fail with EBADF.
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    Ok(rustix::io::fcntl_dupfd_cloexec(borrowed, 3)?)
}

/// Closes every descriptor in `first..=last`. The caller is a zygote at its start or a child that never returns, so
/// nothing that still owns one of them is dropped later.
pub(crate) fn close_range(first: RawFd, last: Option<RawFd>) -> io::Result<()> {
    let (Ok(first), Ok(last)) = (u32::try_from(first), u32::try_from(last.unwrap_or(RawFd::MAX))) else {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    };
    if first > last {
        return Ok(());
    }
    // SAFETY: the call takes three integers; who may own the descriptors is argued above.
    match unsafe { libc::syscall(libc::SYS_close_range, first, last, 0_u32) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Blocks SIGCHLD, ignores SIGPIPE, and gives a descriptor that becomes readable when a child ends.
pub(crate) fn child_signals() -> io::Result<OwnedFd> {
    use std::os::fd::FromRawFd;
    // SAFETY: `sigset_t` is plain data, initialised by sigemptyset before use; the pointers are to locals; a
    // descriptor that signalfd returns is new and owned by nobody else.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, libc::SIGCHLD);
        if libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) != 0 {
            return Err(io::Error::last_os_error());
        }
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
        let fd = libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK);
        if fd < 0 { Err(io::Error::last_os_error()) } else { Ok(OwnedFd::from_raw_fd(fd)) }
    }
}

/// Unblocks all signals and lets faults kill at once, instead of running a handler that was set up for the parent.
pub(crate) fn reset_signals() {
    // SAFETY: `sigset_t` is plain data, initialised before use; SIG_DFL is a valid disposition for these signals.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const set, std::ptr::null_mut());
        for signal in [libc::SIGSEGV, libc::SIGBUS, libc::SIGPIPE, libc::SIGTERM, libc::SIGINT, libc::SIGHUP]
        {
            libc::signal(signal, libc::SIG_DFL);
        }
    }
}

/// Turns root into the unprivileged user and group 65534. Does nothing for other users.
pub(crate) fn drop_root() -> io::Result<()> {
    const NOBODY: libc::uid_t = 65_534;
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    // SAFETY: plain system calls on integers; a group list of length 0 reads no memory.
    let done = unsafe {
        libc::setgroups(0, std::ptr::null()) == 0
            && libc::setresgid(NOBODY, NOBODY, NOBODY) == 0
            && libc::setresuid(NOBODY, NOBODY, NOBODY) == 0
    };
    if done { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Leaves for a user, a network and an IPC namespace of its own: the network one has no interface that is up.
pub(crate) fn own_namespaces() -> io::Result<()> {
    // SAFETY: the call takes an integer; the process is single-threaded and holds nothing that depends on the old
    // namespaces.
    match unsafe { libc::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNET | libc::CLONE_NEWIPC) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The newest Landlock ABI of the running kernel, or why there is none (landlock(7)).
pub(crate) fn landlock_abi() -> io::Result<i32> {
    const VERSION: libc::c_uint = 1;
    // SAFETY: with the version flag the call takes a null pointer and a length of 0, and reads no memory.
    let answer =
        unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, std::ptr::null::<u8>(), 0_usize, VERSION) };
    if answer < 0 { Err(io::Error::last_os_error()) } else { i32::try_from(answer).map_err(io::Error::other) }
}

/// Lets the program be started with a larger main stack: the kernel lays out the address space for it at exec.
pub(crate) fn with_stack(command: &mut Command, bytes: u64) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let before = getrlimit(Resource::Stack);
    let soft = before.maximum.map_or(bytes, |hard| hard.min(bytes));
    let wanted = Rlimit { current: Some(soft), maximum: before.maximum };
    // SAFETY: between fork and exec the closure makes one system call on a copied value; it takes no lock and does
    // not allocate.
    unsafe {
        command.pre_exec(move || {
            // A smaller stack only means that deep nesting is refused earlier.
            let _ = setrlimit(Resource::Stack, wanted);
            Ok(())
        });
    }
}

/// Self-test: tries to fork. A child that comes to be ends at once.
pub(crate) fn try_fork() -> io::Result<()> {
    // SAFETY: runs in a single-threaded child; the grandchild only exits.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => exit_now(0),
        _ => Ok(()),
    }
}

/// Self-test: tries to become another program.
pub(crate) fn try_exec() -> io::Error {
    let argv = [c"true".as_ptr(), std::ptr::null()];
    let envp = [std::ptr::null()];
    // SAFETY: path and both arrays are NUL-terminated and live across the call.
    unsafe { libc::execve(c"/bin/true".as_ptr(), argv.as_ptr(), envp.as_ptr()) };
    io::Error::last_os_error()
}

/// Self-test: tries to have itself traced.
pub(crate) fn try_ptrace() -> io::Result<()> {
    // SAFETY: PTRACE_TRACEME ignores its other arguments.
    match unsafe {
        libc::ptrace(libc::PTRACE_TRACEME, 0, std::ptr::null_mut::<u8>(), std::ptr::null_mut::<u8>())
    } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Self-test: tries to get memory that can be written and executed, at once or by a later change of protection.
pub(crate) fn try_executable_memory(later: bool) -> io::Result<()> {
    let all = libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC;
    let first = if later { libc::PROT_READ | libc::PROT_WRITE } else { all };
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a fresh anonymous page at an address of the kernel's choice; only its protection is changed.
    unsafe {
        let page = libc::mmap(std::ptr::null_mut(), 4096, first, flags, -1, 0);
        if page == libc::MAP_FAILED || (later && libc::mprotect(page, 4096, all) != 0) {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Runs before `main` in test binaries: one that was started as a zygote becomes it here, while it is still
/// single-threaded, and never reaches the test harness.
#[cfg(any(test, feature = "test-zygote"))]
pub(crate) mod before_main {
    /// The mark of a process that shall be a zygote.
    pub(crate) const MARK: &str = "SEKISHO_ZYGOTE_BEFORE_MAIN";

    extern "C" fn enter() {
        let Some(_how) = std::env::var_os(MARK) else { return };
        #[cfg(test)]
        super::cripple(&_how.to_string_lossy());
        super::exit_now(crate::zygote_main(0).into());
    }

    // SAFETY: the section holds pointers to `extern "C"` functions that the C library calls before `main`, with its
    // own state set up; extra arguments that it passes are ignored by the ABI.
    #[used]
    #[unsafe(link_section = ".init_array")]
    pub(crate) static ENTRY: extern "C" fn() = enter;
}

/// Tests: makes the kernel answer as one that lacks something.
#[cfg(test)]
fn cripple(how: &str) {
    let call = match how {
        "no-landlock" => libc::SYS_landlock_create_ruleset,
        "no-seccomp" => libc::SYS_seccomp,
        "no-namespaces" => libc::SYS_unshare,
        _ => return,
    };
    let rules = [(call, Vec::new())].into_iter().collect();
    let lacks = seccompiler::SeccompAction::Errno(38);
    let arch = std::env::consts::ARCH.try_into().unwrap();
    let filter =
        seccompiler::SeccompFilter::new(rules, seccompiler::SeccompAction::Allow, lacks, arch).unwrap();
    seccompiler::apply_filter(&seccompiler::BpfProgram::try_from(filter).unwrap()).unwrap();
}
