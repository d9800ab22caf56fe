//! The child of one job: confines itself, parses one file, writes one result, ends.
//!
//! It holds no descriptor but its output, and it looks at the job only after the confinement is complete.

use std::io;
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rustix::process::{Pid, Signal};
use sekisho_disarm::{Format, Limits, Options, VerifyFailure};
use sekisho_register::book::read_named;

use crate::confine::Confinement;
use crate::wire::{
    Detected, EXIT_DELIVERY, EXIT_LOCKDOWN, EXIT_PANIC, Job, Layers, MAX_HEADER, Order, Reply, preamble,
};
use crate::{probe, sys};

/// The descriptors of a job, as they came with the order.
pub(crate) struct Ends {
    pub(crate) input: OwnedFd,
    pub(crate) result: OwnedFd,
    pub(crate) murmurs: OwnedFd,
}

/// Does the job and ends the process.
pub(crate) fn run(confinement: &Confinement, parent: Pid, order: &Order, job: &[u8], ends: Ends) -> ! {
    sys::reset_signals();
    let code = catch_unwind(AssertUnwindSafe(|| match settle(confinement, parent, order, ends) {
        Ok(settled) => work(order, job, settled),
        Err(_) => EXIT_LOCKDOWN,
    }))
    .unwrap_or(EXIT_PANIC);
    sys::exit_now(code)
}

/// A child for the trial at the start: confines itself and ends with 0 if that worked.
pub(crate) fn trial(confinement: &Confinement, order: &Order) -> ! {
    sys::exit_now(if confinement.lock_down(order).is_ok() { 0 } else { EXIT_LOCKDOWN })
}

struct Settled {
    input: &'static [u8],
    socket: Option<OwnedFd>,
}

/// Leaves the child with its input in memory, standard output and error as the only descriptors, and confined.
fn settle(confinement: &Confinement, parent: Pid, order: &Order, ends: Ends) -> io::Result<Settled> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    if rustix::process::getppid() != Some(parent) {
        // The zygote died before the death signal was set.
        return Err(io::Error::other("orphaned"));
    }
    let len = usize::try_from(order.input_bytes).map_err(io::Error::other)?;
    let input = sys::map_sealed(std::os::fd::AsFd::as_fd(&ends.input), len)?;
    rustix::stdio::dup2_stdout(&ends.result)?;
    rustix::stdio::dup2_stderr(&ends.murmurs)?;
    std::mem::forget(ends);
    sys::close_range(0, Some(0))?;
    sys::close_range(3, None)?;
    let socket = if order.layers.has_socket() { Some(probe::socket()?) } else { None };
    confinement.lock_down(order)?;
    Ok(Settled { input, socket })
}

fn work(order: &Order, job: &[u8], settled: Settled) -> i32 {
    let Ok(job) = serde_json::from_slice::<Job>(job) else { return EXIT_DELIVERY };
    // A weakened confinement is for probes alone; no document is ever parsed under it.
    let weakened = order.layers != Layers::All;
    if weakened && !matches!(job, Job::Probe(_)) {
        return EXIT_LOCKDOWN;
    }
    let Settled { input, socket } = settled;
    let (reply, payload) = match job {
        Job::Disarm(options) => disarm(input, &options),
        Job::Verify { format, limits, approved } => match judged(input, format, &limits, &approved) {
            Ok(()) => (Reply::Verified, Vec::new()),
            Err(failure) => (Reply::VerifyFailed(failure), Vec::new()),
        },
        Job::ExtractText(options) => match sekisho_disarm::extract_text(input, &options) {
            Ok(pieces) => match serde_json::to_vec(&pieces) {
                Ok(json) => (Reply::Text, json),
                Err(_) => return EXIT_DELIVERY,
            },
            Err(refusal) => (Reply::TextRefused(refusal), Vec::new()),
        },
        Job::Macros(options) => match sekisho_disarm::macros(input, &options) {
            Ok(projects) => match serde_json::to_vec(&projects) {
                Ok(json) => (Reply::Macros, json),
                Err(_) => return EXIT_DELIVERY,
            },
            Err(refusal) => (Reply::MacrosRefused(refusal), Vec::new()),
        },
        Job::ReadBook { name, limits } => match read_named(input, &name, &limits) {
            Ok(book) => (Reply::Book, book.to_bytes()),
            Err(error) => (Reply::BookRefused(error), Vec::new()),
        },
        Job::Probe(probe) => match probe::run(probe, socket) {
            probe::Outcome::Saw(text) => (Reply::Survived(text), Vec::new()),
            probe::Outcome::Done(code) => return code,
        },
    };
    match deliver(&reply, &payload) {
        Ok(()) => 0,
        Err(_) => EXIT_DELIVERY,
    }
}

/// The second reader's word; with approved macros its other door is the only one that such a document passes.
fn judged(input: &[u8], format: Format, limits: &Limits, approved: &[String]) -> Result<(), VerifyFailure> {
    if approved.is_empty() {
        sekisho_disarm::verify(input, format, limits)
    } else {
        sekisho_disarm::verify_keeping(input, format, limits, approved)
    }
}

fn disarm(input: &[u8], options: &Options) -> (Reply, Vec<u8>) {
    let found = sekisho_disarm::detect(input, &options.name);
    let detection = Detected { declared: found.declared, detected: found.detected };
    match sekisho_disarm::disarm(input, options) {
        Ok(done) => {
            let reply = Reply::Written {
                format: done.format,
                method: done.method,
                removed: done.removed,
                fell_back: done.fell_back,
                kept_macros: done.kept_macros,
                detection,
            };
            (reply, done.bytes)
        }
        Err(refusal) => (Reply::Refused { refusal, detection }, Vec::new()),
    }
}

fn deliver(reply: &Reply, payload: &[u8]) -> io::Result<()> {
    let header = serde_json::to_vec(reply)?;
    let length = u32::try_from(header.len()).ok().filter(|length| *length <= MAX_HEADER);
    let length = length.ok_or_else(|| io::Error::other("the header is too long"))?;
    write_all(&preamble(length, payload.len() as u64))?;
    write_all(&header)?;
    write_all(payload)
}

/// Writes to standard output past Rust's buffer, so that nothing is left to flush.
pub(crate) fn write_all(mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(rustix::stdio::stdout(), bytes) {
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
