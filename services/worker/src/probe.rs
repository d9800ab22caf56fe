//! The misdeeds of the self-test, done inside a child that ought to stop them.
//!
//! Each either dies of it, or returns what it saw. They are fixed; nothing in them depends on a file.

use std::hint::black_box;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::OwnedFd;

use rustix::net::{AddressFamily, SocketType};

use crate::child::write_all;
use crate::sys;
use crate::wire::{Probe, preamble};

/// What a probe leaves behind.
pub(crate) enum Outcome {
    /// It survived, with this to tell.
    Saw(String),
    /// It has written what it wanted to write; end with this code.
    Done(i32),
}

/// A TCP socket, made before the confinement so that `connect` itself can be tried.
pub(crate) fn socket() -> io::Result<OwnedFd> {
    Ok(rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None)?)
}

pub(crate) fn run(probe: Probe, socket: Option<OwnedFd>) -> Outcome {
    match probe {
        Probe::Nothing => saw(Ok(())),
        Probe::OpenFile => saw(std::fs::File::open("/etc/passwd").map(drop)),
        Probe::CreateFile => saw(std::fs::File::create("/tmp/sekisho-self-test").map(drop)),
        Probe::Socket => saw(self::socket().map(drop)),
        Probe::Connect => saw(connect(socket)),
        Probe::Exec => saw(Err(sys::try_exec())),
        Probe::Fork => saw(sys::try_fork()),
        Probe::Ptrace => saw(sys::try_ptrace()),
        Probe::ExecutableMemory => saw(sys::try_executable_memory(false)),
        Probe::ExecutableLater => saw(sys::try_executable_memory(true)),
        Probe::KillParent => saw(kill_parent()),
        Probe::Memory => saw(fill_memory()),
        Probe::CpuLoop => spin(),
        Probe::OutputFlood => Outcome::Done(flood()),
        Probe::StackOverflow => saw(Err(io::Error::other(dig(0).to_string()))),
        #[expect(clippy::panic, reason = "the probe's purpose")]
        Probe::Panic => panic!("the self-test panics on purpose"),
        Probe::Abort => std::process::abort(),
        Probe::BadReply => Outcome::Done(write(b"HTTP/1.1 200 OK\r\n\r\n")),
        Probe::TrailingBytes => {
            let header = br#"{"Survived":"ok"}"#;
            let mut bytes = preamble(u32::try_from(header.len()).unwrap_or(0), 0);
            bytes.extend_from_slice(header);
            bytes.extend_from_slice(b"more");
            Outcome::Done(write(&bytes))
        }
        Probe::SleepForever => {
            // Waits on a word of memory that nobody changes: no CPU time, no forbidden call.
            loop {
                std::thread::park();
            }
        }
    }
}

fn saw(result: io::Result<()>) -> Outcome {
    Outcome::Saw(match result {
        Ok(()) => "allowed".to_owned(),
        Err(error) => match error.raw_os_error() {
            Some(libc::EACCES) => "EACCES".to_owned(),
            Some(libc::EPERM) => "EPERM".to_owned(),
            Some(libc::EAGAIN) => "EAGAIN".to_owned(),
            Some(libc::EMFILE) => "EMFILE".to_owned(),
            Some(other) => format!("errno {other}"),
            None => error.to_string(),
        },
    })
}

fn connect(socket: Option<OwnedFd>) -> io::Result<()> {
    let socket = socket.ok_or_else(|| io::Error::other("no socket"))?;
    let result = rustix::net::connect(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 9));
    // Closing it would be one more system call, and not the one that is tried.
    std::mem::forget(socket);
    Ok(result?)
}

fn kill_parent() -> io::Result<()> {
    // Signal 0 only asks whether one might send; the list of calls must stop even that.
    let parent = rustix::process::Pid::INIT;
    Ok(rustix::process::test_kill_process(parent)?)
}

fn fill_memory() -> io::Result<()> {
    let mut hoard: Vec<Vec<u8>> = Vec::new();
    loop {
        hoard.push(black_box(vec![1_u8; 1 << 20]));
        if hoard.len() > 1 << 16 {
            return Ok(());
        }
    }
}

fn spin() -> Outcome {
    let mut count = 0_u64;
    loop {
        count = black_box(count.wrapping_add(1));
    }
}

fn flood() -> i32 {
    let header = br#"{"Survived":"ok"}"#;
    let chunk = vec![0_u8; 64 << 10];
    let mut code = write(&preamble(u32::try_from(header.len()).unwrap_or(0), u64::MAX));
    while code == 0 {
        code = write(&chunk);
    }
    code
}

fn write(bytes: &[u8]) -> i32 {
    i32::from(write_all(bytes).is_err())
}

#[expect(unconditional_recursion, reason = "the probe's purpose")]
fn dig(depth: u64) -> u64 {
    let room = black_box([depth; 512]);
    dig(depth.wrapping_add(1)).wrapping_add(room.first().copied().unwrap_or(0))
}
