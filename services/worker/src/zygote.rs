//! The zygote: a small, confined, single-threaded process that forks one child per job, kills the overdue ones and
//! reports how each ended. It never reads a document and never parses a job.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{IoSliceMut, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendFlags, recvmsg, send,
};
use rustix::process::{Pid, Signal, getpid, kill_process};

use crate::child::{self, Ends};
use crate::confine::Confinement;
use crate::level::{Layer, Missing};
use crate::sys;
use crate::wire::{EXIT_LOCKDOWN, Hello, Layers, MAX_MESSAGE, Order, Ready, Report};

/// The variable with the path of the font for Japanese text; the broker hands it on.
pub(crate) const FONT_VARIABLE: &str = "SEKISHO_CJK_FONT";

/// Becomes the zygote on the control socket `fd` and stays it until the broker is gone.
///
/// Call it before any thread, runtime or logger exists; with more than one thread it refuses. The return value is
/// the exit code for the process: 0 when the broker hung up, 1 when the set-up failed (the broker was told why).
#[must_use]
pub fn zygote_main(fd: RawFd) -> u8 {
    std::panic::set_hook(Box::new(|_| {}));
    let Ok(control) = settle(fd) else { return 1 };
    let Ok(signals) = sys::child_signals() else { return 1 };
    let Some(hello) = first_word(&control) else { return 1 };
    hold_font();
    let (ready, confinement) = prepare(&hello);
    let Ok(answer) = serde_json::to_vec(&ready) else { return 1 };
    if send(&control, &answer, SendFlags::NOSIGNAL).is_err() {
        return 1;
    }
    match confinement {
        Some(confinement) => {
            Zygote { control, signals, confinement, own: getpid(), children: BTreeMap::new() }.serve()
        }
        None => 1,
    }
}

/// Keeps the control socket and standard error, and nothing else that the parent may have left open.
fn settle(fd: RawFd) -> std::io::Result<OwnedFd> {
    let control = sys::duplicate(fd)?;
    let null = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    std::mem::forget(null);
    let kept = control.as_raw_fd();
    sys::close_range(3, Some(kept.saturating_sub(1)))?;
    sys::close_range(kept.saturating_add(1), None)?;
    std::env::set_current_dir("/")?;
    Ok(control)
}

/// The names that a font for Japanese text goes by where none is configured.
const FONTS: [&str; 3] = [
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
];
/// The largest font collections in use have some 30 MB.
const MAX_FONT_BYTES: u64 = 128 << 20;

/// Reads the font that stands in for Japanese ones which a document names but does not hold; the children have it from
/// here, as they can open no file. Without one such text is drawn as far as Latin fonts go.
fn hold_font() {
    let configured = std::env::var_os(FONT_VARIABLE).map(std::path::PathBuf::from);
    let candidates = configured.into_iter().chain(FONTS.iter().map(std::path::PathBuf::from));
    let readable = |path: &std::path::PathBuf| {
        std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() <= MAX_FONT_BYTES)
    };
    if let Some(bytes) = candidates.filter(readable).find_map(|path| std::fs::read(path).ok()) {
        sekisho_disarm::set_fallback_font(bytes);
    }
}

fn first_word(control: &OwnedFd) -> Option<Hello> {
    let mut buffer = vec![0; MAX_MESSAGE];
    let (got, _) = rustix::net::recv(control, &mut buffer[..], RecvFlags::empty()).ok()?;
    serde_json::from_slice(buffer.get(..got)?).ok()
}

pub(crate) fn prepare(hello: &Hello) -> (Ready, Option<Confinement>) {
    let refuse = |missing: Missing| (Err(vec![missing]), None);
    match threads() {
        Some(1) => {}
        count => return refuse(Missing::new(Layer::Zygote, format!("threads: {count:?}"))),
    }
    let mut confinement = Confinement::enter();
    confinement.level.rlimits = true;
    if confinement.level.seccomp && !trial(&confinement) {
        confinement.give_up_seccomp();
    }
    if !confinement.level.seccomp && !trial(&confinement) {
        confinement.give_up_limits();
    }
    confinement.level.enforced = confinement.level.missing.is_empty();
    // Without limits a single file could take the machine down; that is not for any setting to allow.
    if confinement.level.enforced || (hello.allow_unsandboxed && confinement.level.rlimits) {
        (Ok(confinement.level.clone()), Some(confinement))
    } else {
        (Err(confinement.level.missing), None)
    }
}

/// The number of threads of this process (proc_pid_status(5)).
fn threads() -> Option<u32> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("Threads:"))?.trim().parse().ok()
}

/// Lets a child go through the whole confinement before the first job depends on it.
fn trial(confinement: &Confinement) -> bool {
    let order =
        Order { wall_ms: 0, memory_bytes: 64 << 20, cpu_seconds: 5, input_bytes: 0, layers: Layers::All };
    match sys::fork() {
        Ok(None) => {
            sys::reset_signals();
            child::trial(confinement, &order)
        }
        Ok(Some(pid)) => matches!(sys::reap(Some(pid)), Ok(Some(ended)) if ended.status == 0),
        Err(_) => false,
    }
}

struct Zygote {
    control: OwnedFd,
    signals: OwnedFd,
    confinement: Confinement,
    own: Pid,
    children: BTreeMap<i32, Running>,
}

struct Running {
    deadline: Instant,
    overdue: bool,
    report: File,
}

impl Zygote {
    fn serve(mut self) -> u8 {
        loop {
            let timeout = self.next_deadline();
            let mut ends =
                [PollFd::new(&self.control, PollFlags::IN), PollFd::new(&self.signals, PollFlags::IN)];
            match poll(&mut ends, timeout.as_ref()) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(_) => return self.leave(),
            }
            let [control, signals] = ends.map(|end| end.revents());
            if !signals.is_empty() {
                self.drain_signals();
            }
            self.reap();
            self.kill_overdue();
            if !control.is_empty() && !self.take_order() {
                return self.leave();
            }
        }
    }

    fn next_deadline(&self) -> Option<Timespec> {
        let next = self.children.values().filter(|child| !child.overdue).map(|child| child.deadline).min()?;
        // One millisecond late rather than a hair early, which would only wake up twice.
        let wait = next.saturating_duration_since(Instant::now()).saturating_add(Duration::from_millis(1));
        Timespec::try_from(wait).ok()
    }

    fn drain_signals(&self) {
        let mut buffer = [0_u8; 1024];
        while matches!(rustix::io::read(&self.signals, &mut buffer), Ok(got) if got > 0) {}
    }

    fn reap(&mut self) {
        while let Ok(Some(ended)) = sys::reap(None) {
            if let Some(child) = self.children.remove(&ended.pid) {
                tell(child, ended.status, ended.cpu_us);
            }
        }
    }

    fn kill_overdue(&mut self) {
        let now = Instant::now();
        for (pid, child) in &mut self.children {
            if !child.overdue && child.deadline <= now {
                child.overdue = true;
                kill(*pid);
            }
        }
    }

    /// Starts one job; `false` when the broker is gone.
    fn take_order(&mut self) -> bool {
        let mut message = vec![0; MAX_MESSAGE];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let received = recvmsg(
            self.control.as_fd(),
            &mut [IoSliceMut::new(&mut message)],
            &mut control,
            RecvFlags::CMSG_CLOEXEC,
        );
        let received = match received {
            Ok(received) if received.bytes == 0 => return false,
            Ok(received) => received,
            Err(Errno::INTR | Errno::AGAIN) => return true,
            Err(_) => return false,
        };
        let mut fds = control.drain().flat_map(|message| match message {
            RecvAncillaryMessage::ScmRights(fds) => fds.collect::<Vec<_>>(),
            _ => Vec::new(),
        });
        let (Some(input), Some(result), Some(murmurs), Some(report)) =
            (fds.next(), fds.next(), fds.next(), fds.next())
        else {
            return true;
        };
        let whole = !received.flags.intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC);
        let parsed = message.get(..received.bytes).filter(|_| whole).and_then(Order::decode);
        let Some((order, job)) = parsed else {
            not_started(report);
            return true;
        };
        let child = Running {
            deadline: Instant::now()
                .checked_add(Duration::from_millis(order.wall_ms))
                .unwrap_or_else(Instant::now),
            overdue: false,
            report: File::from(report),
        };
        match sys::fork() {
            Ok(None) => {
                let ends = Ends { input, result, murmurs };
                child::run(&self.confinement, self.own, &order, job, ends)
            }
            Ok(Some(pid)) => {
                self.children.insert(pid, child);
            }
            Err(_) => not_started(child.report.into()),
        }
        true
    }

    fn leave(&mut self) -> u8 {
        for pid in self.children.keys() {
            kill(*pid);
        }
        0
    }
}

/// Reports a job as one that was stopped before it touched its file: no process could be had for it.
fn not_started(report: OwnedFd) {
    let child = Running { deadline: Instant::now(), overdue: false, report: File::from(report) };
    tell(child, EXIT_LOCKDOWN << 8, 0);
}

fn tell(mut child: Running, status: i32, cpu_us: u64) {
    // The broker may have given up on the job; then nobody wants to know.
    let _ = child.report.write_all(&Report { status, overdue: child.overdue, cpu_us }.encode());
}

fn kill(pid: i32) {
    if let Some(pid) = Pid::from_raw(pid) {
        // It may have ended by itself just now; it is not reaped yet, so the number can't be anybody else's.
        let _ = kill_process(pid, Signal::KILL);
    }
}
