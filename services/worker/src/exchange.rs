//! One job between broker and zygote: the memory file, the pipes, the deadline, the verdict.

use std::fs::File;
use std::io::{self, IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use rustix::pipe::{PipeFlags, pipe_with};

use crate::error::ExitCause;
use crate::wire::{EXIT_LOCKDOWN, EXIT_PANIC, Fault, Reply, Report, receive};

/// What a child answered, and how it ended.
pub(crate) struct Answer {
    pub(crate) result: Result<(Reply, u64), Stop>,
    pub(crate) cpu_ms: u64,
}

/// Why there is no answer.
pub(crate) enum Stop {
    Cause(ExitCause),
    Sink(io::Error),
}

/// The zygote did not keep its part.
pub(crate) struct Lost;

/// A sealed copy of an input in memory that belongs to no process's address space.
pub(crate) struct Input {
    pub(crate) file: OwnedFd,
    pub(crate) bytes: u64,
}

impl Input {
    /// Copies up to `limit` bytes; `None` when the reader has more.
    pub(crate) fn copy(reader: &mut dyn Read, limit: u64) -> io::Result<Option<Self>> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        // Kernels before 6.3 do not know the flag that also forbids execution.
        let file = memfd_create("sekisho-input", flags | MemfdFlags::NOEXEC_SEAL)
            .or_else(|_| memfd_create("sekisho-input", flags))?;
        let mut file = File::from(file);
        let bytes = io::copy(&mut reader.take(limit.saturating_add(1)), &mut file)?;
        if bytes > limit {
            return Ok(None);
        }
        let file = OwnedFd::from(file);
        fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE | SealFlags::SEAL)?;
        Ok(Some(Self { file, bytes }))
    }
}

/// The broker's ends of a job that was handed over.
pub(crate) struct Pending {
    result: OwnedFd,
    murmurs: OwnedFd,
    report: OwnedFd,
}

/// Room that a result may take in the kernel before the child has to wait for its reader, in bytes.
const PIPE_BYTES: usize = 1 << 20;

impl Pending {
    /// Hands a job to the zygote. An error means that the zygote did not get it.
    pub(crate) fn send(control: BorrowedFd<'_>, order: &[u8], input: &Input) -> io::Result<Self> {
        let (result, result_end) = pipe_with(PipeFlags::CLOEXEC)?;
        // Pipes of unprivileged users may be kept small; then the transfer takes more turns.
        let _ = rustix::pipe::fcntl_setpipe_size(&result, PIPE_BYTES);
        let (murmurs, murmurs_end) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        let (report, report_end) = pipe_with(PipeFlags::CLOEXEC)?;
        let fds = [input.file.as_fd(), result_end.as_fd(), murmurs_end.as_fd(), report_end.as_fd()];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        if !ancillary.push(SendAncillaryMessage::ScmRights(&fds)) {
            return Err(io::Error::other("no room for the descriptors"));
        }
        sendmsg(control, &[IoSlice::new(order)], &mut ancillary, SendFlags::NOSIGNAL)?;
        Ok(Self { result, murmurs, report })
    }

    /// Reads the answer into `sink` and waits for the child's end. `until` is the moment at which the zygote itself
    /// is given up, well after it should have killed the child.
    pub(crate) fn finish(self, sink: &mut dyn Write, limit: u64, until: Instant) -> Result<Answer, Lost> {
        let mut source = Deadlined { fd: self.result, until };
        let received = receive(&mut source, sink, limit);
        // A child that is still writing gets EPIPE now.
        drop(source);
        let mut bytes = [0; Report::BYTES];
        Deadlined { fd: self.report, until }.read_exact(&mut bytes).map_err(|_| Lost)?;
        let report = Report::decode(&bytes).ok_or(Lost)?;
        let result = match received {
            Err(Fault::Sink(error)) => Err(Stop::Sink(error)),
            Err(Fault::TooMuch) => Err(Stop::Cause(ExitCause::OutputLimit)),
            Ok(answer) if report.status == 0 && !report.overdue => Ok(answer),
            _ => Err(Stop::Cause(cause(report, &self.murmurs))),
        };
        Ok(Answer { result, cpu_ms: report.cpu_us.div_ceil(1000) })
    }
}

/// Reads a raw wait status (wait(2)). Only called when there is no good answer.
fn cause(report: Report, murmurs: &OwnedFd) -> ExitCause {
    if report.overdue {
        return ExitCause::WallClock;
    }
    match report.status & 0x7f {
        0 => match (report.status >> 8) & 0xff {
            0 => ExitCause::BadReply,
            EXIT_PANIC => ExitCause::Panicked,
            EXIT_LOCKDOWN => ExitCause::Lockdown,
            code => ExitCause::Status { code },
        },
        libc::SIGSYS => ExitCause::ForbiddenCall,
        libc::SIGXCPU => ExitCause::CpuLimit,
        _ if ran_out_of_memory(murmurs) => ExitCause::MemoryLimit,
        signal => ExitCause::Crashed { signal },
    }
}

/// Rust's allocator says so on standard error before it aborts. A child may lie; that changes a word in the refusal.
fn ran_out_of_memory(murmurs: &OwnedFd) -> bool {
    let mut buffer = [0_u8; 256];
    let got = rustix::io::read(murmurs, &mut buffer).unwrap_or(0);
    buffer.get(..got).is_some_and(|text| text.windows(17).any(|window| window == b"memory allocation"))
}

/// A pipe that is read until a moment in time.
struct Deadlined {
    fd: OwnedFd,
    until: Instant,
}

impl Read for Deadlined {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        wait_readable(self.fd.as_fd(), self.until)?;
        Ok(rustix::io::read(&self.fd, buffer)?)
    }
}

/// Waits until a descriptor can be read or has come to its end.
pub(crate) fn wait_readable(fd: BorrowedFd<'_>, until: Instant) -> io::Result<()> {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left == Duration::ZERO {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let timeout = Timespec::try_from(left).map_err(io::Error::other)?;
        match poll(&mut [PollFd::from_borrowed_fd(fd, PollFlags::IN)], Some(&timeout)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}
