//! The broker's side: a handle that keeps a zygote alive and runs jobs through it, several at a time.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socketpair, sockopt,
};
use sekisho_disarm::{
    Disarmed, Format, Limits, MacroProject, Method, Options, Refusal, RefusalCode, Removed, TextPiece,
    VerifyFailure,
};
use sekisho_register::book::{Book, TableError, TableLimits};
use serde::{Deserialize, Serialize};

use crate::error::{ExitCause, WorkerError};
use crate::exchange::{Input, Lost, Pending, Stop, wait_readable};
use crate::level::SandboxLevel;
use crate::sys;
use crate::wire::{Detected, Hello, Job, Layers, MAX_MESSAGE, Order, Ready, Reply};

/// The limits of every job, and how many run at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SandboxConfig {
    /// Wall-clock time of a job, in milliseconds.
    pub wall_ms: u64,
    /// Memory of a job beyond its input and the program itself, in bytes of address space.
    pub memory_bytes: u64,
    /// CPU time of a job, in seconds.
    pub cpu_seconds: u64,
    /// Largest output of a job, in bytes.
    pub output_bytes: u64,
    /// Go on without the layers that the machine lacks. For development only; the level reports it.
    pub allow_unsandboxed: bool,
    /// Jobs at a time; more callers wait for their turn. At least 1.
    pub parallel: usize,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        Self {
            wall_ms: 120_000,
            memory_bytes: 2 << 30,
            cpu_seconds: 60,
            output_bytes: 400 << 20,
            allow_unsandboxed: false,
            parallel: std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 16),
        }
    }
}

/// A value, and what it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobResult<T> {
    /// The answer.
    pub value: T,
    /// CPU time of the child, in milliseconds, rounded up.
    pub cpu_ms: u64,
    /// Time from the order to the child's end, in milliseconds.
    pub wall_ms: u64,
    /// How the child ended; a value only comes with [`ExitCause::Finished`].
    pub exit: ExitCause,
}

impl<T> JobResult<T> {
    /// The same with another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> JobResult<U> {
        JobResult { value: f(self.value), cpu_ms: self.cpu_ms, wall_ms: self.wall_ms, exit: self.exit }
    }
}

/// The outcome of a disarming whose document went to a writer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DisarmOutcome {
    /// The writer has a whole new document.
    Written {
        /// Its format.
        format: Format,
        /// The method that was used.
        method: Method,
        /// What was left out.
        removed: Vec<Removed>,
        /// The methods of the chain that refused before, and why.
        fell_back: Vec<(Method, Refusal)>,
        /// SHA-256 of the VBA projects that stayed because they are approved.
        kept_macros: Vec<String>,
        /// What the name claimed and the content was.
        detection: Detected,
        /// Its length.
        bytes: u64,
    },
    /// There is no document.
    Refused {
        /// Why.
        refusal: Refusal,
        /// What the name claimed and the content was.
        detection: Detected,
    },
}

/// The outcome of a disarming in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DisarmInMemory {
    /// A whole new document.
    Written {
        /// The document and what was left out.
        document: Disarmed,
        /// What the name claimed and the content was.
        detection: Detected,
    },
    /// There is no document.
    Refused {
        /// Why.
        refusal: Refusal,
        /// What the name claimed and the content was.
        detection: Detected,
    },
}

/// A handle on the sandbox; clones share it. Calls block, and wait for a free place first.
#[derive(Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").field("config", &self.inner.config).finish_non_exhaustive()
    }
}

/// Text beyond this is not worth a search; its JSON is held in the broker's memory.
const TEXT_BYTES: u64 = 64 << 20;
/// Cells beyond this are no table that people keep; they are held in the broker's memory twice for a moment.
const BOOK_BYTES: u64 = 256 << 20;
/// How long the zygote may take to answer, beyond a job's own time.
const GRACE: Duration = Duration::from_secs(10);
/// The main stack of zygote and children: parsers recurse to a limit that must fit.
const STACK_BYTES: u64 = 256 << 20;

impl Sandbox {
    /// Starts the zygote from the running program, as `worker zygote --fd 0`; the program must pass that to
    /// [`zygote_main`](crate::zygote_main). Threads of the caller do no harm: the zygote is a fresh program.
    ///
    /// # Errors
    /// [`WorkerError::Unavailable`] when the machine can't confine, [`WorkerError::Start`] when the program can't be
    /// started or does not answer as a zygote.
    pub fn start(config: SandboxConfig) -> Result<Self, WorkerError> {
        // The link stays good when an upgrade replaces the file.
        Self::start_by_exec(config, Path::new("/proc/self/exe"), &["worker", "zygote", "--fd", "0"])
    }

    /// Starts the zygote from another program, which must pass descriptor 0 to [`zygote_main`](crate::zygote_main).
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_by_exec(config: SandboxConfig, program: &Path, args: &[&str]) -> Result<Self, WorkerError> {
        let args = args.iter().map(OsString::from).collect();
        Self::launch(config, Launch { program: program.to_path_buf(), args, environment: None })
    }

    /// Starts the zygote from the running test binary, which becomes it before `main`.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    #[cfg(any(test, feature = "test-zygote"))]
    pub fn start_for_tests(config: SandboxConfig) -> Result<Self, WorkerError> {
        // Naming the entry makes the linker keep it.
        std::hint::black_box(&sys::before_main::ENTRY);
        let environment = Some((sys::before_main::MARK.into(), "1".into()));
        Self::launch(config, Launch { program: "/proc/self/exe".into(), args: Vec::new(), environment })
    }

    fn launch(mut config: SandboxConfig, launch: Launch) -> Result<Self, WorkerError> {
        config.parallel = config.parallel.max(1);
        let zygote = Arc::new(Zygote::start(&launch, config.allow_unsandboxed)?);
        let free = Mutex::new(config.parallel);
        let zygote = Mutex::new(zygote);
        let inner =
            Inner { config, launch, zygote, free, freed: Condvar::new(), restarts: AtomicU64::new(0) };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Disarms a stream into a writer; neither is ever whole in this process's memory.
    ///
    /// An input longer than `options.limits.input_bytes` is refused. On an error or a refusal, discard what `out` got.
    /// A slow `out` uses up the job's wall-clock time, so write to a file or to memory rather than to a client.
    ///
    /// # Errors
    /// [`WorkerError`]; nothing was released.
    pub fn disarm_to(
        &self,
        input: &mut dyn Read,
        options: &Options,
        out: &mut dyn Write,
    ) -> Result<JobResult<DisarmOutcome>, WorkerError> {
        let limit = options.limits.input_bytes;
        let job = Job::Disarm(options.clone());
        let cap = self.inner.config.output_bytes.min(options.limits.output_bytes);
        let Some(done) = self.inner.run(input, limit, &job, out, cap)? else {
            return Ok(untouched(DisarmOutcome::Refused {
                refusal: too_large(limit),
                detection: declared(&options.name),
            }));
        };
        done.judge(|reply, bytes| match reply {
            // A format that can carry code is never written, whatever the child says.
            Reply::Written { format, method, removed, fell_back, kept_macros, detection }
                if bytes > 0
                    && (method == options.method || options.fallback.contains(&method))
                    && kept_macros.iter().all(|hash| options.approved_macros.contains(hash))
                    && (format.successor() == format || !kept_macros.is_empty()) =>
            {
                Some(DisarmOutcome::Written {
                    format,
                    method,
                    removed,
                    fell_back,
                    kept_macros,
                    detection,
                    bytes,
                })
            }
            Reply::Refused { refusal, detection } if bytes == 0 => {
                Some(DisarmOutcome::Refused { refusal, detection })
            }
            _ => None,
        })
    }

    /// Disarms a small document in memory.
    ///
    /// # Errors
    /// As [`disarm_to`](Self::disarm_to).
    pub fn disarm(&self, input: &[u8], options: &Options) -> Result<JobResult<DisarmInMemory>, WorkerError> {
        let mut document = Vec::new();
        let done = self.disarm_to(&mut &*input, options, &mut document)?;
        Ok(done.map(|outcome| match outcome {
            DisarmOutcome::Written { format, method, removed, fell_back, kept_macros, detection, .. } => {
                DisarmInMemory::Written {
                    document: Disarmed { bytes: document, format, method, removed, fell_back, kept_macros },
                    detection,
                }
            }
            DisarmOutcome::Refused { refusal, detection } => DisarmInMemory::Refused { refusal, detection },
        }))
    }

    /// Has the second reader check an output, in a child of its own. `approved` are the SHA-256 of VBA projects that
    /// the output may hold because two people approved them; usually none.
    ///
    /// # Errors
    /// [`WorkerError`]; the output must not be released then either.
    pub fn verify_from(
        &self,
        output: &mut dyn Read,
        format: Format,
        limits: &Limits,
        approved: &[String],
    ) -> Result<JobResult<Result<(), VerifyFailure>>, WorkerError> {
        let limit = limits.input_bytes.max(limits.output_bytes);
        let job = Job::Verify { format, limits: limits.clone(), approved: approved.to_vec() };
        let Some(done) = self.inner.run(output, limit, &job, &mut io::sink(), 0)? else {
            return Ok(untouched(Err(VerifyFailure::new("", format!("it is longer than {limit} bytes")))));
        };
        done.judge(|reply, _| match reply {
            Reply::Verified => Some(Ok(())),
            Reply::VerifyFailed(failure) => Some(Err(failure)),
            _ => None,
        })
    }

    /// Has the second reader check an output in memory.
    ///
    /// # Errors
    /// As [`verify_from`](Self::verify_from).
    pub fn verify(
        &self,
        output: &[u8],
        format: Format,
        limits: &Limits,
    ) -> Result<JobResult<Result<(), VerifyFailure>>, WorkerError> {
        self.verify_from(&mut &*output, format, limits, &[])
    }

    /// Has the second reader check an output in memory that may hold approved VBA projects.
    ///
    /// # Errors
    /// As [`verify_from`](Self::verify_from).
    pub fn verify_keeping(
        &self,
        output: &[u8],
        format: Format,
        limits: &Limits,
        approved: &[String],
    ) -> Result<JobResult<Result<(), VerifyFailure>>, WorkerError> {
        self.verify_from(&mut &*output, format, limits, approved)
    }

    /// The text of a document, for searches and previews; at most 64 MiB of it.
    ///
    /// # Errors
    /// [`WorkerError`]; there is no text.
    pub fn extract_text_from(
        &self,
        input: &mut dyn Read,
        options: &Options,
    ) -> Result<JobResult<Result<Vec<TextPiece>, Refusal>>, WorkerError> {
        let limit = options.limits.input_bytes;
        let job = Job::ExtractText(options.clone());
        let mut json = Vec::new();
        let Some(done) = self.inner.run(input, limit, &job, &mut json, TEXT_BYTES)? else {
            return Ok(untouched(Err(too_large(limit))));
        };
        done.judge(|reply, _| match reply {
            Reply::Text => serde_json::from_slice(&json).ok().map(Ok),
            Reply::TextRefused(refusal) => Some(Err(refusal)),
            _ => None,
        })
    }

    /// The text of a document in memory.
    ///
    /// # Errors
    /// As [`extract_text_from`](Self::extract_text_from).
    pub fn extract_text(
        &self,
        input: &[u8],
        options: &Options,
    ) -> Result<JobResult<Result<Vec<TextPiece>, Refusal>>, WorkerError> {
        self.extract_text_from(&mut &*input, options)
    }

    /// The VBA projects of a document with their decompressed source, for those who approve them.
    ///
    /// # Errors
    /// [`WorkerError`]; there is no list.
    pub fn macros(
        &self,
        input: &[u8],
        options: &Options,
    ) -> Result<JobResult<Result<Vec<MacroProject>, Refusal>>, WorkerError> {
        let limit = options.limits.input_bytes;
        let job = Job::Macros(options.clone());
        let mut json = Vec::new();
        let Some(done) = self.inner.run(&mut &*input, limit, &job, &mut json, TEXT_BYTES)? else {
            return Ok(untouched(Err(too_large(limit))));
        };
        done.judge(|reply, _| match reply {
            Reply::Macros => serde_json::from_slice(&json).ok().map(Ok),
            Reply::MacrosRefused(refusal) => Some(Err(refusal)),
            _ => None,
        })
    }

    /// The cells of a workbook or CSV file. They come over in a compact form, checked against the limits once more:
    /// 200,000 rows of 20 columns are 30 MB on the way and 200 MB as a [`Book`].
    ///
    /// # Errors
    /// [`WorkerError`]; there are no cells.
    pub fn read_book(
        &self,
        input: &mut dyn Read,
        name: &str,
        limits: &TableLimits,
    ) -> Result<JobResult<Result<Book, TableError>>, WorkerError> {
        let job = Job::ReadBook { name: name.to_owned(), limits: limits.clone() };
        let cap = self.inner.config.output_bytes.min(BOOK_BYTES);
        let mut bytes = Vec::new();
        let Some(done) = self.inner.run(input, limits.bytes, &job, &mut bytes, cap)? else {
            return Ok(untouched(Err(TableError::TooLarge { limit: limits.bytes })));
        };
        done.judge(|reply, length| match reply {
            Reply::Book => Book::from_bytes(&bytes, limits).ok().map(Ok),
            Reply::BookRefused(error) if length == 0 => Some(Err(error)),
            _ => None,
        })
    }

    /// What confines the children of the zygote that runs now.
    #[must_use]
    pub fn level(&self) -> SandboxLevel {
        lock(&self.inner.zygote).level.clone()
    }

    /// How often the zygote died and was started anew.
    #[must_use]
    pub fn restarts(&self) -> u64 {
        self.inner.restarts.load(Ordering::Relaxed)
    }

    /// A self-test's job: no input, its own limits, its own layers.
    pub(crate) fn probe(&self, job: &Job, order: Order, cap: u64) -> Result<JobResult<String>, WorkerError> {
        let _place = self.inner.wait_for_place();
        let input = Input::copy(&mut io::empty(), 0).map_err(WorkerError::Input)?;
        let input = input.ok_or_else(|| WorkerError::Request("an empty input is not empty".to_owned()))?;
        let done = self.inner.hand_over(order, job, &input, &mut io::sink(), cap)?;
        done.judge(|reply, _| match reply {
            Reply::Survived(text) => Some(text),
            _ => None,
        })
    }

    #[cfg(test)]
    pub(crate) fn zygote_pid(&self) -> u32 {
        lock(&lock(&self.inner.zygote).process).id()
    }

    /// A zygote on a kernel that seems to lack something; see `sys::before_main`.
    #[cfg(test)]
    pub(crate) fn start_crippled(config: SandboxConfig, how: &str) -> Result<Self, WorkerError> {
        let environment = Some((sys::before_main::MARK.into(), how.into()));
        Self::launch(config, Launch { program: "/proc/self/exe".into(), args: Vec::new(), environment })
    }
}

struct Inner {
    config: SandboxConfig,
    launch: Launch,
    zygote: Mutex<Arc<Zygote>>,
    /// Places for jobs that are not taken.
    free: Mutex<usize>,
    freed: Condvar,
    restarts: AtomicU64,
}

/// A job that ended with a whole answer; what the answer means is still to be judged.
struct Done {
    reply: Reply,
    bytes: u64,
    cpu_ms: u64,
    wall_ms: u64,
}

impl Done {
    /// Takes the answer if it fits the question; a child that answers another one is not believed.
    fn judge<T>(self, f: impl FnOnce(Reply, u64) -> Option<T>) -> Result<JobResult<T>, WorkerError> {
        let Self { reply, bytes, cpu_ms, wall_ms } = self;
        match f(reply, bytes) {
            Some(value) => Ok(JobResult { value, cpu_ms, wall_ms, exit: ExitCause::Finished }),
            None => Err(WorkerError::Stopped { cause: ExitCause::BadReply, cpu_ms, wall_ms }),
        }
    }
}

impl Inner {
    /// Runs one job; `None` when the input is longer than `limit`.
    fn run(
        &self,
        input: &mut dyn Read,
        limit: u64,
        job: &Job,
        out: &mut dyn Write,
        cap: u64,
    ) -> Result<Option<Done>, WorkerError> {
        // The place comes first, so that no more inputs wait in memory than jobs run.
        let _place = self.wait_for_place();
        let Some(input) = Input::copy(input, limit).map_err(WorkerError::Input)? else { return Ok(None) };
        // The document's budget can only narrow what the sandbox allows.
        let asked = job.limits().cloned().unwrap_or_default();
        let order = Order {
            wall_ms: self.config.wall_ms.min(asked.wall_ms),
            memory_bytes: self.config.memory_bytes.min(asked.memory_bytes),
            cpu_seconds: self.config.cpu_seconds.min(asked.cpu_seconds),
            input_bytes: input.bytes,
            layers: Layers::All,
        };
        self.hand_over(order, job, &input, out, cap).map(Some)
    }

    fn hand_over(
        &self,
        order: Order,
        job: &Job,
        input: &Input,
        out: &mut dyn Write,
        cap: u64,
    ) -> Result<Done, WorkerError> {
        let message = order.encode(job).map_err(WorkerError::Request)?;
        let started = Instant::now();
        let (zygote, pending) = self.send(&message, input)?;
        let until = started
            .checked_add(Duration::from_millis(order.wall_ms).saturating_add(GRACE))
            .unwrap_or_else(Instant::now);
        let answer = match pending.finish(out, cap, until) {
            Ok(answer) => answer,
            Err(Lost) => {
                zygote.end();
                return Err(WorkerError::ZygoteLost);
            }
        };
        let wall_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let cpu_ms = answer.cpu_ms;
        match answer.result {
            Ok((reply, bytes)) => Ok(Done { reply, bytes, cpu_ms, wall_ms }),
            Err(Stop::Sink(error)) => Err(WorkerError::Output(error)),
            Err(Stop::Cause(cause)) => Err(WorkerError::Stopped { cause, cpu_ms, wall_ms }),
        }
    }

    /// Sends to the zygote that runs, or to a new one when that is dead: a job that was not taken is not lost.
    fn send(&self, message: &[u8], input: &Input) -> Result<(Arc<Zygote>, Pending), WorkerError> {
        let zygote = lock(&self.zygote).clone();
        if zygote.is_alive()
            && let Ok(pending) = Pending::send(zygote.control.as_fd(), message, input)
        {
            return Ok((zygote, pending));
        }
        let zygote = self.replace(&zygote)?;
        let pending = Pending::send(zygote.control.as_fd(), message, input)
            .map_err(|error| WorkerError::Request(error.to_string()))?;
        Ok((zygote, pending))
    }

    /// Starts a zygote in place of a dead one, unless another caller was faster.
    fn replace(&self, dead: &Arc<Zygote>) -> Result<Arc<Zygote>, WorkerError> {
        let mut current = lock(&self.zygote);
        if Arc::ptr_eq(&current, dead) {
            dead.end();
            *current = Arc::new(Zygote::start(&self.launch, self.config.allow_unsandboxed)?);
            self.restarts.fetch_add(1, Ordering::Relaxed);
        }
        Ok(current.clone())
    }

    fn wait_for_place(&self) -> Place<'_> {
        let mut free = lock(&self.free);
        while *free == 0 {
            free = self.freed.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
        *free = free.saturating_sub(1);
        Place(self)
    }
}

/// A taken place; dropping it frees it.
struct Place<'a>(&'a Inner);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut free = lock(&self.0.free);
        *free = free.saturating_add(1);
        self.0.freed.notify_one();
    }
}

/// How to start a zygote, kept for the next time.
struct Launch {
    program: PathBuf,
    args: Vec<OsString>,
    environment: Option<(OsString, OsString)>,
}

/// A running zygote. Dropping it ends it, and its children with it.
struct Zygote {
    control: OwnedFd,
    process: Mutex<Child>,
    level: SandboxLevel,
}

impl Zygote {
    fn start(launch: &Launch, allow_unsandboxed: bool) -> Result<Self, WorkerError> {
        let failed = |what: &str| {
            let what = what.to_owned();
            move |source: io::Error| WorkerError::Start { what, source }
        };
        let (control, theirs) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
                .map_err(|error| failed("socketpair")(error.into()))?;
        // A zygote that does not take its orders is as good as dead.
        sockopt::set_socket_timeout(&control, sockopt::Timeout::Send, Some(GRACE))
            .map_err(|error| failed("socket timeout")(error.into()))?;
        let mut command = Command::new(&launch.program);
        // Nothing of the environment goes along, as it may hold secrets, but the path of a font.
        command.args(&launch.args).env_clear().stdin(theirs).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some((name, value)) = &launch.environment {
            command.env(name, value);
        }
        if let Some(font) = std::env::var_os(crate::zygote::FONT_VARIABLE) {
            command.env(crate::zygote::FONT_VARIABLE, font);
        }
        sys::with_stack(&mut command, STACK_BYTES);
        let process = command.spawn().map_err(failed("exec"))?;
        // The command holds the zygote's end of the socket; only its own process may, so that its end is seen.
        drop(command);
        let mut zygote = Self { control, process: Mutex::new(process), level: SandboxLevel::default() };
        match zygote.greet(allow_unsandboxed).map_err(failed("handshake"))? {
            Ok(level) => zygote.level = level,
            Err(missing) => return Err(WorkerError::Unavailable { missing }),
        }
        Ok(zygote)
    }

    fn greet(&self, allow_unsandboxed: bool) -> io::Result<Ready> {
        let hello = serde_json::to_vec(&Hello { allow_unsandboxed })?;
        send(&self.control, &hello, SendFlags::NOSIGNAL)?;
        let until = Instant::now().checked_add(GRACE).unwrap_or_else(Instant::now);
        wait_readable(self.control.as_fd(), until)?;
        let mut buffer = vec![0; MAX_MESSAGE];
        let (got, _) = recv(&self.control, &mut buffer[..], RecvFlags::empty())?;
        if got == 0 {
            return Err(io::Error::other("the program ended before it answered"));
        }
        Ok(serde_json::from_slice(buffer.get(..got).unwrap_or_default())?)
    }

    fn is_alive(&self) -> bool {
        matches!(lock(&self.process).try_wait(), Ok(None))
    }

    fn end(&self) {
        let mut process = lock(&self.process);
        // It may be dead already, which is all that is wanted.
        let _ = process.kill();
        let _ = process.wait();
    }
}

impl Drop for Zygote {
    fn drop(&mut self) {
        self.end();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The result of a job that was decided before any child saw it.
fn untouched<T>(value: T) -> JobResult<T> {
    JobResult { value, cpu_ms: 0, wall_ms: 0, exit: ExitCause::Finished }
}

fn too_large(limit: u64) -> Refusal {
    Refusal::new(RefusalCode::TooLarge, format!("> {limit} bytes"))
}

fn declared(name: &str) -> Detected {
    let declared = name.rsplit_once('.').map(|(_, e)| e.to_lowercase()).unwrap_or_default();
    Detected { declared, detected: String::new() }
}
