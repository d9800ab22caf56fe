//! `sekisho disarm`: files and folders through the sandbox, without a server.
//!
//! Exit code 0 when everything was written, 1 when anything was refused, 2 on misuse. An output appears under its name
//! only after the second reader agreed with it; a refused file leaves nothing behind.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use sha2::{Digest, Sha256};

use sekisho_disarm::{Format, Method, Options, Refusal, RefusalCode, Removed, explain, explanations};
use sekisho_policy::Lang;
use sekisho_worker::{DisarmInMemory, Sandbox};

use crate::args::{DisarmArgs, MethodArg};
use crate::failure::Failure;
use crate::{say, worker};

/// One input and where it stands below what was named on the command line.
struct Input {
    /// The file; `None` is standard input.
    path: Option<PathBuf>,
    /// Its place below the output folder.
    relative: PathBuf,
}

pub(crate) fn run(args: &DisarmArgs, lang: Lang) -> Result<(), Failure> {
    if let Some(code) = &args.explain {
        return explain_code(code, lang);
    }
    let inputs = list(&args.inputs, lang)?;
    let target = Target::choose(args, &inputs, lang)?;
    let report = match &args.report {
        None => None,
        Some(path) if path.as_os_str() == "-" => {
            if matches!(target, Target::Stdout) {
                return Err(Failure::misuse(say(
                    lang,
                    "出力とレポートの両方を標準出力にはできません",
                    "output and report can't both be standard output",
                )));
            }
            Some(Box::new(io::stdout()) as Box<dyn Write + Send>)
        }
        Some(path) => Some(Box::new(
            File::create(path).map_err(|error| Failure::misuse(format!("{}: {error}", path.display())))?,
        ) as Box<dyn Write + Send>),
    };
    let jobs =
        args.jobs.map_or_else(|| std::thread::available_parallelism().map_or(2, usize::from), usize::from);
    let sandbox = worker::start(jobs, args.unsandboxed, lang)?;
    if !sandbox.level().enforced {
        eprintln!(
            "sekisho: {}",
            say(lang, "警告: 隔離なしで処理しています", "warning: working without a sandbox")
        );
    }
    let work = Work {
        taken: inputs.iter().map(|input| input.relative.clone()).collect(),
        inputs,
        target,
        method: match args.method {
            MethodArg::Rebuild => Method::Rebuild,
            MethodArg::Image => Method::Image,
            MethodArg::Text => Method::Text,
        },
        sandbox,
        lang,
        next: AtomicUsize::new(0),
        output: Mutex::new(Output { report, refused: 0, written: 0, broken: None }),
    };
    std::thread::scope(|scope| {
        for _ in 0..jobs.min(work.inputs.len()).max(1) {
            scope.spawn(|| work.drain());
        }
    });
    let output =
        work.output.into_inner().map_err(|_| Failure::refused("a worker thread ended abnormally"))?;
    if let Some(broken) = output.broken {
        return Err(Failure { code: 2, message: broken });
    }
    eprintln!(
        "sekisho: {}",
        match lang {
            Lang::Ja => format!("無害化 {}件、拒否 {}件", output.written, output.refused),
            Lang::En => format!("{} disarmed, {} refused", output.written, output.refused),
        }
    );
    if output.refused == 0 { Ok(()) } else { Err(Failure { code: 1, message: String::new() }) }
}

fn explain_code(code: &str, lang: Lang) -> Result<(), Failure> {
    let show = |row: sekisho_disarm::Explanation| {
        println!("{}: {}", row.code, say(lang, row.ja, row.en));
        if let (Some(ja), Some(en)) = (row.hint_ja, row.hint_en) {
            println!("  → {}", say(lang, ja, en));
        }
    };
    if code == "all" {
        explanations().for_each(show);
        return Ok(());
    }
    match explain(code) {
        Some(row) => {
            show(row);
            Ok(())
        }
        None => Err(Failure::misuse(match lang {
            Lang::Ja => format!("「{code}」というコードはありません（一覧は --explain all）"),
            Lang::En => format!("there is no code `{code}` (list them with --explain all)"),
        })),
    }
}

/// Walks the inputs. Links are not followed: what they point at was not named.
fn list(named: &[PathBuf], lang: Lang) -> Result<Vec<Input>, Failure> {
    let mut inputs = Vec::new();
    for path in named {
        if path.as_os_str() == "-" {
            inputs.push(Input { path: None, relative: PathBuf::from("stdin") });
            continue;
        }
        let meta =
            fs::metadata(path).map_err(|error| Failure::misuse(format!("{}: {error}", path.display())))?;
        if meta.is_dir() {
            walk(path, Path::new(""), &mut inputs, lang)?;
        } else {
            let name = path.file_name().map_or_else(|| PathBuf::from("file"), PathBuf::from);
            inputs.push(Input { path: Some(path.clone()), relative: name });
        }
    }
    Ok(inputs)
}

fn walk(folder: &Path, below: &Path, inputs: &mut Vec<Input>, lang: Lang) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::misuse(format!("{}: {error}", folder.display()));
    let mut entries = fs::read_dir(folder).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type().map_err(failed)?;
        let relative = below.join(entry.file_name());
        if kind.is_dir() {
            walk(&entry.path(), &relative, inputs, lang)?;
        } else if kind.is_file() {
            inputs.push(Input { path: Some(entry.path()), relative });
        } else {
            eprintln!(
                "sekisho: {}: {}",
                entry.path().display(),
                say(lang, "通常のファイルではないため対象外です", "not a regular file, left out")
            );
        }
    }
    Ok(())
}

/// Where outputs go.
enum Target {
    Stdout,
    File(PathBuf),
    Folder(PathBuf),
    /// Beside each input, as `name.disarmed.ext`.
    Beside,
}

impl Target {
    fn choose(args: &DisarmArgs, inputs: &[Input], lang: Lang) -> Result<Self, Failure> {
        let single = inputs.len() == 1 && !args.inputs.iter().any(|path| path.is_dir());
        match &args.output {
            None if single && inputs.iter().all(|input| input.path.is_none()) => Ok(Self::Stdout),
            None if inputs.iter().any(|input| input.path.is_none()) => Err(Failure::misuse(say(
                lang,
                "標準入力とファイルを一緒に処理するときは -o で出力先のフォルダーを指定してください",
                "with standard input and files together, name an output folder with -o",
            ))),
            None => Ok(Self::Beside),
            Some(path) if path.as_os_str() == "-" && single => Ok(Self::Stdout),
            Some(path) if path.as_os_str() == "-" => Err(Failure::misuse(say(
                lang,
                "標準出力に書けるのは1ファイルだけです",
                "only one file can go to standard output",
            ))),
            Some(path) if single && !path.is_dir() && !path.to_string_lossy().ends_with('/') => {
                Ok(Self::File(path.clone()))
            }
            Some(path) if path.is_file() => Err(Failure::misuse(format!(
                "{}: {}",
                path.display(),
                say(lang, "フォルダーを指定してください", "this must be a folder")
            ))),
            Some(path) => Ok(Self::Folder(path.clone())),
        }
    }
}

struct Work {
    inputs: Vec<Input>,
    taken: BTreeSet<PathBuf>,
    target: Target,
    method: Method,
    sandbox: Sandbox,
    lang: Lang,
    next: AtomicUsize,
    output: Mutex<Output>,
}

struct Output {
    report: Option<Box<dyn Write + Send>>,
    refused: u64,
    written: u64,
    broken: Option<String>,
}

/// What became of one file.
struct Done {
    line: serde_json::Value,
    refusal: Option<Refusal>,
    label: String,
}

impl Work {
    fn drain(&self) {
        while let Some(input) = self.inputs.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            let outcome = self.one(input);
            let Ok(mut output) = self.output.lock() else { return };
            match outcome {
                Ok(done) => {
                    match &done.refusal {
                        Some(refusal) => {
                            output.refused = output.refused.saturating_add(1);
                            let lang = disarm_lang(self.lang);
                            eprintln!("{}: {} {}", done.label, refusal.reason(lang), refusal.hint(lang));
                        }
                        None => output.written = output.written.saturating_add(1),
                    }
                    if let Some(report) = &mut output.report
                        && let Err(error) = writeln!(report, "{}", done.line).and_then(|()| report.flush())
                    {
                        output.broken = Some(format!("report: {error}"));
                        return;
                    }
                }
                Err(broken) => {
                    output.broken = Some(broken);
                    return;
                }
            }
            if output.broken.is_some() {
                return;
            }
        }
    }

    fn one(&self, input: &Input) -> Result<Done, String> {
        let label = input.path.as_ref().map_or_else(|| "-".to_owned(), |path| path.display().to_string());
        let limits = sekisho_disarm::Limits::default();
        // One byte beyond the limit is enough to know that it is too large.
        let bytes = read_at_most(input.path.as_deref(), limits.input_bytes.saturating_add(1))
            .map_err(|error| format!("{label}: {error}"))?;
        let name =
            input.relative.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let sha256 = hex::encode(Sha256::digest(&bytes));
        let options =
            Options { name: name.clone(), method: self.method, limits: limits.clone(), ..Options::default() };
        let (outcome, detection, cpu_ms) = match self.sandbox.disarm(&bytes, &options) {
            Ok(result) => match result.value {
                DisarmInMemory::Written { document, detection } => (Ok(document), detection, result.cpu_ms),
                DisarmInMemory::Refused { refusal, detection } => (Err(refusal), detection, result.cpu_ms),
            },
            Err(error) => {
                let refusal = error.refusal().ok_or_else(|| error.message(disarm_lang(self.lang)))?;
                let found =
                    sekisho_disarm::detect(bytes.get(..4096.min(bytes.len())).unwrap_or_default(), &name);
                (
                    Err(refusal),
                    sekisho_worker::Detected { declared: found.declared, detected: found.detected },
                    0,
                )
            }
        };
        let head = json!({
            "path": label, "sha256": sha256, "bytes": bytes.len(),
            "declared": detection.declared, "detected": detection.detected,
        });
        let refused = |refusal: Refusal, removed: &[Removed], cpu_ms: u64| Done {
            line: json!({
                "input": head, "outcome": "refused", "removed": removed,
                "refused": { "code": refusal.code.id(), "reason": refusal.reason(disarm_lang(self.lang)),
                             "hint": refusal.hint(disarm_lang(self.lang)) },
                "method": self.method, "verify": { "ok": false }, "cpu_ms": cpu_ms,
            }),
            refusal: Some(refusal),
            label: label.clone(),
        };
        let document = match outcome {
            Ok(document) => document,
            Err(refusal) => return Ok(refused(refusal, &[], cpu_ms)),
        };
        let (agreed, verify_ms) = match self.sandbox.verify(&document.bytes, document.format, &limits) {
            Ok(result) => (result.value.map_err(|failure| failure.to_string()), result.cpu_ms),
            Err(error) => (Err(error.to_string()), 0),
        };
        let cpu_ms = cpu_ms.saturating_add(verify_ms);
        if let Err(why) = agreed {
            return Ok(refused(Refusal::new(RefusalCode::VerifyFailed, why), &document.removed, cpu_ms));
        }
        let path = self
            .write(input, document.format, &document.bytes)
            .map_err(|error| format!("{label}: {error}"))?;
        Ok(Done {
            line: json!({
                "input": head, "outcome": "rebuilt",
                "output": { "path": path, "sha256": hex::encode(Sha256::digest(&document.bytes)),
                            "bytes": document.bytes.len(), "format": document.format },
                "removed": document.removed, "method": document.method, "verify": { "ok": true }, "cpu_ms": cpu_ms,
            }),
            refusal: None,
            label,
        })
    }

    fn write(&self, input: &Input, format: Format, bytes: &[u8]) -> io::Result<String> {
        let path = match &self.target {
            Target::Stdout => {
                io::stdout().write_all(bytes)?;
                return Ok("-".to_owned());
            }
            Target::File(path) => path.clone(),
            Target::Folder(folder) => folder.join(self.free_name(input, format)),
            Target::Beside => {
                let path = input.path.clone().unwrap_or_default();
                let stem =
                    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
                path.with_file_name(format!("{stem}.disarmed.{}", format.extension()))
            }
        };
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            fs::create_dir_all(parent)?;
        }
        let mut unfinished = path.clone().into_os_string();
        unfinished.push(".part");
        fs::write(&unfinished, bytes)?;
        fs::rename(&unfinished, &path)?;
        Ok(path.display().to_string())
    }

    /// `a.docm` becomes `a.docx`, unless an `a.docx` was given too: then `a.docm.docx`.
    fn free_name(&self, input: &Input, format: Format) -> PathBuf {
        let extension =
            input.relative.extension().map(|e| e.to_string_lossy().into_owned()).unwrap_or_default();
        if Format::from_extension(&extension) == Some(format) {
            return input.relative.clone();
        }
        let replaced = input.relative.with_extension(format.extension());
        if !self.taken.contains(&replaced) && Format::from_extension(&extension).is_some() {
            return replaced;
        }
        let mut name = input.relative.clone().into_os_string();
        name.push(".");
        name.push(format.extension());
        PathBuf::from(name)
    }
}

fn read_at_most(path: Option<&Path>, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match path {
        Some(path) => File::open(path)?.take(most).read_to_end(&mut bytes)?,
        None => io::stdin().lock().take(most).read_to_end(&mut bytes)?,
    };
    Ok(bytes)
}

pub(crate) fn disarm_lang(lang: Lang) -> sekisho_disarm::Lang {
    match lang {
        Lang::Ja => sekisho_disarm::Lang::Ja,
        Lang::En => sekisho_disarm::Lang::En,
    }
}
