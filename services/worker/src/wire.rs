//! What broker, zygote and children say to each other.
//!
//! The control socket keeps message boundaries. An order is a fixed head and the job as JSON, with four descriptors:
//! input, result, murmurs (the child's standard error) and report. The result is a frame that a hostile child may
//! have written: fixed preamble, bounded JSON header, bounded payload, then the end of the stream.

use std::io::{self, Read};

use sekisho_disarm::{Format, Limits, Method, Options, Refusal, Removed, VerifyFailure};
use sekisho_register::book::{TableError, TableLimits};
use serde::{Deserialize, Serialize};

use crate::level::{Missing, SandboxLevel};

/// Largest message on the control socket, in bytes.
pub(crate) const MAX_MESSAGE: usize = 64 << 10;
/// Largest JSON header of a result, in bytes.
pub(crate) const MAX_HEADER: u32 = 8 << 20;
/// Exit code of a child whose parser panicked.
pub(crate) const EXIT_PANIC: i32 = 101;
/// Exit code of a child that could not confine itself.
pub(crate) const EXIT_LOCKDOWN: i32 = 102;
/// Exit code of a child that could not read its order or deliver its result.
pub(crate) const EXIT_DELIVERY: i32 = 103;

const MAGIC: [u8; 4] = *b"SKW1";

/// The broker's first word.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Hello {
    pub(crate) allow_unsandboxed: bool,
}

/// The zygote's answer: ready, or what lacks.
pub(crate) type Ready = Result<SandboxLevel, Vec<Missing>>;

/// The limits of one job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) wall_ms: u64,
    pub(crate) memory_bytes: u64,
    pub(crate) cpu_seconds: u64,
    pub(crate) input_bytes: u64,
    pub(crate) layers: Layers,
}

impl Order {
    const BYTES: usize = 40;

    pub(crate) fn encode(&self, job: &Job) -> Result<Vec<u8>, String> {
        let mut message = Vec::with_capacity(512);
        for number in
            [self.wall_ms, self.memory_bytes, self.cpu_seconds, self.input_bytes, self.layers.code()]
        {
            message.extend_from_slice(&number.to_le_bytes());
        }
        serde_json::to_writer(&mut message, job).map_err(|error| error.to_string())?;
        if message.len() > MAX_MESSAGE {
            return Err(format!("its description is longer than {MAX_MESSAGE} bytes"));
        }
        Ok(message)
    }

    /// The limits and the still unparsed job.
    pub(crate) fn decode(message: &[u8]) -> Option<(Self, &[u8])> {
        let (head, job) = message.split_at_checked(Self::BYTES)?;
        let mut numbers = head.chunks_exact(8).map(|chunk| chunk.try_into().map(u64::from_le_bytes));
        let mut next = || numbers.next()?.ok();
        let order = Self {
            wall_ms: next()?,
            memory_bytes: next()?,
            cpu_seconds: next()?,
            input_bytes: next()?,
            layers: Layers::from_code(next()?)?,
        };
        Some((order, job))
    }
}

/// What a child does.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Job {
    Disarm(Options),
    Verify {
        format: Format,
        limits: Limits,
        /// SHA-256 of the VBA projects that may be in it.
        approved: Vec<String>,
    },
    ExtractText(Options),
    /// Lists the VBA projects with their source, for those who approve them.
    Macros(Options),
    /// Reads a workbook or CSV file into cells.
    ReadBook {
        name: String,
        limits: TableLimits,
    },
    /// Self-test only: a fixed misdeed.
    Probe(Probe),
}

impl Job {
    /// The budget of the document that the job is about.
    pub(crate) fn limits(&self) -> Option<&Limits> {
        match self {
            Self::Disarm(options) | Self::ExtractText(options) | Self::Macros(options) => {
                Some(&options.limits)
            }
            Self::Verify { limits, .. } => Some(limits),
            Self::ReadBook { .. } | Self::Probe(_) => None,
        }
    }
}

/// A fixed misdeed of the self-test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Probe {
    Nothing,
    OpenFile,
    CreateFile,
    Socket,
    Connect,
    Exec,
    Fork,
    Ptrace,
    ExecutableMemory,
    ExecutableLater,
    KillParent,
    Memory,
    CpuLoop,
    OutputFlood,
    StackOverflow,
    Panic,
    Abort,
    BadReply,
    TrailingBytes,
    SleepForever,
}

/// Which layers hold. Everything but the self-test's probes runs under all of them; the others exist so that each
/// layer can be proved without the one above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layers {
    All,
    /// All, with a socket that was made before the confinement.
    AllWithSocket,
    LandlockOnly,
    LandlockOnlyWithSocket,
    LimitsOnly,
}

impl Layers {
    const CODES: [Self; 5] =
        [Self::All, Self::AllWithSocket, Self::LandlockOnly, Self::LandlockOnlyWithSocket, Self::LimitsOnly];

    fn code(self) -> u64 {
        Self::CODES.into_iter().position(|layers| layers == self).and_then(|i| i.try_into().ok()).unwrap_or(0)
    }

    fn from_code(code: u64) -> Option<Self> {
        Self::CODES.get(usize::try_from(code).ok()?).copied()
    }

    pub(crate) fn has_seccomp(self) -> bool {
        matches!(self, Self::All | Self::AllWithSocket)
    }

    pub(crate) fn has_limits(self) -> bool {
        !matches!(self, Self::LandlockOnly | Self::LandlockOnlyWithSocket)
    }

    pub(crate) fn has_socket(self) -> bool {
        matches!(self, Self::AllWithSocket | Self::LandlockOnlyWithSocket)
    }
}

/// What a name claims and what the content is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Detected {
    /// The extension of the declared name in lower case; empty when there is none.
    pub declared: String,
    /// The kind by content: a format's identifier or the name of a kind that is refused; empty when unknown.
    pub detected: String,
}

/// The header of a result.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    Written {
        format: Format,
        method: Method,
        removed: Vec<Removed>,
        fell_back: Vec<(Method, Refusal)>,
        kept_macros: Vec<String>,
        detection: Detected,
    },
    Refused {
        refusal: Refusal,
        detection: Detected,
    },
    /// The payload is the list as JSON.
    Macros,
    MacrosRefused(Refusal),
    Verified,
    VerifyFailed(VerifyFailure),
    /// The payload is a JSON list of pieces of text.
    Text,
    TextRefused(Refusal),
    /// The payload is a book in `sekisho-register`'s form of transfer.
    Book,
    BookRefused(TableError),
    /// A probe survived; this is what it saw.
    Survived(String),
}

/// The start of a result: magic, header length, payload length.
pub(crate) fn preamble(header: u32, payload: u64) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&header.to_le_bytes());
    bytes.extend_from_slice(&payload.to_le_bytes());
    bytes
}

/// What is wrong with a result.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It ended early; the exit status says why.
    Truncated,
    /// It breaks the protocol.
    Broken,
    /// It announces or brings more than allowed.
    TooMuch,
    /// Nothing came and the child's end was not seen either.
    Hung,
    /// The caller's writer failed.
    Sink(io::Error),
}

impl Fault {
    fn reading(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut => Self::Hung,
            io::ErrorKind::UnexpectedEof => Self::Truncated,
            _ => Self::Broken,
        }
    }
}

/// Reads a frame that nobody vouches for: the header whole, the payload into `sink`, and the end of the stream.
pub(crate) fn receive(
    source: &mut dyn Read,
    sink: &mut dyn io::Write,
    max_payload: u64,
) -> Result<(Reply, u64), Fault> {
    let mut magic = [0; 4];
    let mut header = [0; 4];
    let mut payload = [0; 8];
    for part in [&mut magic[..], &mut header[..], &mut payload[..]] {
        source.read_exact(part).map_err(|e| Fault::reading(&e))?;
    }
    let (header, payload) = (u32::from_le_bytes(header), u64::from_le_bytes(payload));
    if magic != MAGIC {
        return Err(Fault::Broken);
    }
    if header > MAX_HEADER || payload > max_payload {
        return Err(Fault::TooMuch);
    }
    let mut json = Vec::new();
    Read::take(&mut *source, header.into()).read_to_end(&mut json).map_err(|e| Fault::reading(&e))?;
    if json.len() != usize::try_from(header).unwrap_or(usize::MAX) {
        return Err(Fault::Truncated);
    }
    let reply = serde_json::from_slice(&json).map_err(|_| Fault::Broken)?;
    let mut left = payload;
    let mut buffer = vec![0; 64 << 10];
    while left > 0 {
        let want = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let Some(window) = buffer.get_mut(..want) else { return Err(Fault::Broken) };
        let got = match source.read(window) {
            Ok(0) => return Err(Fault::Truncated),
            Ok(got) => got,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Fault::reading(&error)),
        };
        let Some(chunk) = window.get(..got) else { return Err(Fault::Broken) };
        sink.write_all(chunk).map_err(Fault::Sink)?;
        left = left.saturating_sub(u64::try_from(got).unwrap_or(u64::MAX));
    }
    match source.read(&mut [0]) {
        Ok(0) => Ok((reply, payload)),
        Ok(_) => Err(Fault::Broken),
        Err(error) => Err(Fault::reading(&error)),
    }
}

/// The zygote's word on how a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Report {
    /// The raw wait status.
    pub(crate) status: i32,
    /// The zygote killed it for the wall clock.
    pub(crate) overdue: bool,
    pub(crate) cpu_us: u64,
}

impl Report {
    pub(crate) const BYTES: usize = 13;

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = self.status.to_le_bytes().to_vec();
        bytes.push(u8::from(self.overdue));
        bytes.extend_from_slice(&self.cpu_us.to_le_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        let (status, rest) = bytes.split_first_chunk::<4>()?;
        let (overdue, cpu) = rest.split_first_chunk::<1>()?;
        Some(Self {
            status: i32::from_le_bytes(*status),
            overdue: *overdue != [0],
            cpu_us: u64::from_le_bytes(*cpu.first_chunk()?),
        })
    }
}
