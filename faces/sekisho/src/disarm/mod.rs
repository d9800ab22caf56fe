//! `sekisho disarm`: files, folders and watched folders through the sandbox, without a server.
//!
//! Exit code 0 when everything was written, 1 when anything was refused, 2 on misuse. An output appears under its name
//! only after the second reader agreed with it; a refused file leaves nothing behind.

mod compare;
mod html;
mod macros;
mod progress;
mod target;
mod watch;
mod work;

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use sekisho_checkpoint::scanner::Scanner;
use sekisho_disarm::{Method, Options, TextEncoding, explain, explanations};
use sekisho_policy::Lang;
use serde_json::Value;

use crate::args::{DisarmArgs, MethodArg};
use crate::failure::Failure;
use crate::{say, worker};
use progress::{Outcome, Progress};
use target::Target;
use work::Work;

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
    let options = options(args, lang)?;
    if args.macros {
        return macros::run(&list(&args.inputs, lang)?, &options, args, lang);
    }
    if args.compare {
        return compare::run(&list(&args.inputs, lang)?, &options, args, lang);
    }
    let inputs = list(&args.inputs, lang)?;
    let target = match (&args.watch, &args.output) {
        (Some(_), Some(out)) => Target::Folder(out.clone()),
        (Some(_), None) => {
            return Err(Failure::misuse(say(
                lang,
                "--watch には出力先のフォルダー（--out）が必要です",
                "--watch needs an output folder (--out)",
            )));
        }
        (None, _) => Target::choose(args, &inputs, lang)?,
    };
    let earlier = match (&args.report, args.skip_done) {
        (Some(path), true) if path.as_os_str() != "-" => earlier_lines(path)?,
        (_, true) => {
            return Err(Failure::misuse(say(
                lang,
                "--skip-done には、前回のレポートのファイル（--report）が必要です",
                "--skip-done needs the report file of the earlier run (--report)",
            )));
        }
        _ => Vec::new(),
    };
    let report = report(args, &target, lang)?;
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
        target,
        options,
        sandbox,
        scanner: args.clamd.as_deref().map(Scanner::new),
        lang,
        report: Mutex::new(report),
        lines: args.report_html.is_some().then(|| Mutex::new(Vec::new())),
        earlier,
    };
    if let (Some(folder), Some(out)) = (&args.watch, &args.output) {
        return watch::run(folder, out, &work, lang);
    }
    let refused = through(&inputs, &work, jobs, lang)?;
    if let (Some(path), Some(lines)) = (&args.report_html, work.lines) {
        let lines = lines.into_inner().unwrap_or_default();
        fs::write(path, html::page(&lines, lang))
            .map_err(|error| Failure::misuse(format!("{}: {error}", path.display())))?;
    }
    if refused == 0 { Ok(()) } else { Err(Failure { code: 1, message: String::new() }) }
}

/// Works through all inputs, several at a time, and says how many were refused.
fn through(inputs: &[Input], work: &Work, jobs: usize, lang: Lang) -> Result<u64, Failure> {
    let bytes = inputs
        .iter()
        .filter_map(|input| fs::metadata(input.path.as_ref()?).ok())
        .map(|meta| meta.len())
        .sum();
    let next = AtomicUsize::new(0);
    let state = Mutex::new((Progress::new(inputs.len(), bytes, lang), 0_u64, 0_u64, None::<String>));
    std::thread::scope(|scope| {
        for _ in 0..jobs.min(inputs.len()).max(1) {
            scope.spawn(|| {
                while let Some(input) = inputs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = work.one(input).and_then(|done| work.record(&done).map(|()| done));
                    let Ok(mut state) = state.lock() else { return };
                    let (progress, written, refused, broken) = &mut *state;
                    match outcome {
                        Ok(done) => {
                            let outcome = match &done.refusal {
                                Some(refusal) => {
                                    *refused = refused.saturating_add(1);
                                    let lang = disarm_lang(lang);
                                    progress.clear();
                                    eprintln!(
                                        "{}: {} {}",
                                        done.label,
                                        refusal.reason(lang),
                                        refusal.hint(lang)
                                    );
                                    Outcome::Refused
                                }
                                None if done.skipped => Outcome::Skipped,
                                None => {
                                    *written = written.saturating_add(1);
                                    Outcome::Rebuilt
                                }
                            };
                            progress.done(&done.format, outcome, done.bytes, done.cpu_ms);
                        }
                        Err(why) => *broken = Some(why),
                    }
                    if broken.is_some() {
                        return;
                    }
                }
            });
        }
    });
    let (progress, written, refused, broken) =
        state.into_inner().map_err(|_| Failure::refused("a worker thread ended abnormally"))?;
    progress.clear();
    if let Some(broken) = broken {
        return Err(Failure { code: 2, message: broken });
    }
    if let Some(table) = progress.table() {
        eprint!("{table}");
    }
    eprintln!(
        "sekisho: {}",
        match lang {
            Lang::Ja => format!("無害化 {written}件、拒否 {refused}件"),
            Lang::En => format!("{written} disarmed, {refused} refused"),
        }
    );
    Ok(refused)
}

/// What the command line asks of the engine.
fn options(args: &DisarmArgs, lang: Lang) -> Result<Options, Failure> {
    let mut methods = args.method.iter().map(|method| match method {
        MethodArg::Rebuild => Method::Rebuild,
        MethodArg::Image => Method::Image,
        MethodArg::Text => Method::Text,
    });
    let password = match &args.password_file {
        None => args.password.clone(),
        Some(path) => {
            let text = fs::read_to_string(path)
                .map_err(|error| Failure::misuse(format!("{}: {error}", path.display())))?;
            Some(text.trim_end_matches(['\r', '\n']).to_owned())
        }
    };
    let is_hash = |hash: &String| hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    if let Some(wrong) = args.approved_macro.iter().find(|hash| !is_hash(hash)) {
        return Err(Failure::misuse(match lang {
            Lang::Ja => format!("「{wrong}」は SHA-256（16進数64桁）ではありません"),
            Lang::En => format!("`{wrong}` is no SHA-256 (64 hexadecimal digits)"),
        }));
    }
    Ok(Options {
        method: methods.next().unwrap_or_default(),
        fallback: methods.collect(),
        drop_links: args.drop_links,
        password,
        encoding: if args.keep_encoding { TextEncoding::Keep } else { TextEncoding::Utf8 },
        text_layer: !args.no_text_layer,
        dpi: u32::from(args.dpi),
        noise: args.noise,
        approved_macros: args.approved_macro.iter().map(|hash| hash.to_ascii_lowercase()).collect(),
        ..Options::default()
    })
}

fn report(args: &DisarmArgs, target: &Target, lang: Lang) -> Result<Option<Box<dyn Write + Send>>, Failure> {
    let Some(path) = &args.report else { return Ok(None) };
    if path.as_os_str() == "-" {
        if matches!(target, Target::Stdout) {
            return Err(Failure::misuse(say(
                lang,
                "出力とレポートの両方を標準出力にはできません",
                "output and report can't both be standard output",
            )));
        }
        return Ok(Some(Box::new(io::stdout())));
    }
    let file = if args.skip_done || args.watch.is_some() {
        OpenOptions::new().create(true).append(true).open(path)
    } else {
        File::create(path)
    };
    let file = file.map_err(|error| Failure::misuse(format!("{}: {error}", path.display())))?;
    Ok(Some(Box::new(file)))
}

/// The lines of an earlier report; a last line that was cut off by an interruption does not count.
fn earlier_lines(path: &Path) -> Result<Vec<Value>, Failure> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Failure::misuse(format!("{}: {error}", path.display()))),
    };
    let lines = BufReader::new(file).lines();
    Ok(lines.map_while(Result::ok).filter_map(|line| serde_json::from_str(&line).ok()).collect())
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

pub(crate) fn disarm_lang(lang: Lang) -> sekisho_disarm::Lang {
    match lang {
        Lang::Ja => sekisho_disarm::Lang::Ja,
        Lang::En => sekisho_disarm::Lang::En,
    }
}
