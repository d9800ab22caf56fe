//! One file through sandbox, second reader and, if there is one, the virus scanner.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use sekisho_checkpoint::scanner::{Scanner, Verdict};
use sekisho_disarm::{Options, Refusal, RefusalCode, Removed};
use sekisho_policy::Lang;
use sekisho_worker::{Detected, DisarmInMemory, Sandbox};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Input, disarm_lang, target::Target};

/// What every file of a run has in common.
pub(super) struct Work {
    pub(super) taken: BTreeSet<PathBuf>,
    pub(super) target: Target,
    pub(super) options: Options,
    pub(super) sandbox: Sandbox,
    pub(super) scanner: Option<Scanner>,
    pub(super) lang: Lang,
    /// The machine's report, a JSON line a file.
    pub(super) report: Mutex<Option<Box<dyn Write + Send>>>,
    /// The same lines, kept for the page for people.
    pub(super) lines: Option<Mutex<Vec<Value>>>,
    /// Lines of an earlier run: files that need no second one.
    pub(super) earlier: Vec<Value>,
}

/// What became of one file.
pub(super) struct Done {
    pub(super) line: Value,
    pub(super) refusal: Option<Refusal>,
    pub(super) label: String,
    pub(super) format: String,
    pub(super) bytes: u64,
    pub(super) cpu_ms: u64,
    pub(super) skipped: bool,
}

impl Work {
    /// Disarms one file. An error is the machine's (a full disk, a dead sandbox), not the file's.
    pub(super) fn one(&self, input: &Input) -> Result<Done, String> {
        let label = input.path.as_ref().map_or_else(|| "-".to_owned(), |path| path.display().to_string());
        let limits = &self.options.limits;
        // One byte beyond the limit is enough to know that it is too large.
        let bytes = read_at_most(input.path.as_deref(), limits.input_bytes.saturating_add(1))
            .map_err(|error| format!("{label}: {error}"))?;
        let name =
            input.relative.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let sha256 = hex::encode(Sha256::digest(&bytes));
        if let Some(line) = self.earlier.iter().find(|line| is_same(line, &label, &sha256)) {
            return Ok(Done {
                line: line.clone(),
                refusal: None,
                label,
                format: line
                    .pointer("/input/detected")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned(),
                bytes: bytes.len() as u64,
                cpu_ms: 0,
                skipped: true,
            });
        }
        let options = Options { name: name.clone(), ..self.options.clone() };
        let held = self.scanned(&bytes);
        let (outcome, detection, mut cpu_ms) = match held {
            Some(refusal) => (Err(refusal), detected(&bytes, &name), 0),
            None => self.disarm(&bytes, &options)?,
        };
        let head = json!({
            "path": label, "sha256": sha256, "bytes": bytes.len(),
            "declared": detection.declared, "detected": detection.detected,
        });
        let done = |line: Value, refusal: Option<Refusal>, cpu_ms: u64| Done {
            line,
            refusal,
            label: label.clone(),
            format: detection.detected.clone(),
            bytes: bytes.len() as u64,
            cpu_ms,
            skipped: false,
        };
        let refused = |refusal: Refusal, removed: &[Removed], cpu_ms: u64| {
            let lang = disarm_lang(self.lang);
            let line = json!({
                "input": head, "outcome": "refused", "removed": removed,
                "refused": { "code": refusal.code.id(), "reason": refusal.reason(lang), "hint": refusal.hint(lang) },
                "method": self.options.method, "verify": { "ok": false }, "cpu_ms": cpu_ms,
            });
            done(line, Some(refusal), cpu_ms)
        };
        let document = match outcome {
            Ok(document) => document,
            Err(refusal) => return Ok(refused(refusal, &[], cpu_ms)),
        };
        let verdict =
            self.sandbox.verify_keeping(&document.bytes, document.format, limits, &document.kept_macros);
        let agreed = match verdict {
            Ok(result) => {
                cpu_ms = cpu_ms.saturating_add(result.cpu_ms);
                result.value.map_err(|failure| failure.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        if let Err(why) = agreed {
            return Ok(refused(Refusal::new(RefusalCode::VerifyFailed, why), &document.removed, cpu_ms));
        }
        if let Some(refusal) = self.scanned(&document.bytes) {
            return Ok(refused(refusal, &document.removed, cpu_ms));
        }
        let path = self
            .target
            .write(input, &self.taken, document.format, &document.bytes)
            .map_err(|error| format!("{label}: {error}"))?;
        let line = json!({
            "input": head, "outcome": "rebuilt",
            "output": { "path": path, "sha256": hex::encode(Sha256::digest(&document.bytes)),
                        "bytes": document.bytes.len(), "format": document.format },
            "removed": document.removed, "method": document.method, "fell_back": document.fell_back,
            "kept_macros": document.kept_macros, "verify": { "ok": true }, "cpu_ms": cpu_ms,
        });
        Ok(done(line, None, cpu_ms))
    }

    /// Notes a file in the reports.
    pub(super) fn record(&self, done: &Done) -> Result<(), String> {
        if done.skipped {
            return Ok(());
        }
        if let Ok(mut report) = self.report.lock()
            && let Some(report) = report.as_mut()
        {
            writeln!(report, "{}", done.line)
                .and_then(|()| report.flush())
                .map_err(|error| format!("report: {error}"))?;
        }
        if let Some(lines) = &self.lines
            && let Ok(mut lines) = lines.lock()
        {
            lines.push(done.line.clone());
        }
        Ok(())
    }

    fn disarm(
        &self,
        bytes: &[u8],
        options: &Options,
    ) -> Result<(Result<sekisho_disarm::Disarmed, Refusal>, Detected, u64), String> {
        match self.sandbox.disarm(bytes, options) {
            Ok(result) => Ok(match result.value {
                DisarmInMemory::Written { document, detection } => (Ok(document), detection, result.cpu_ms),
                DisarmInMemory::Refused { refusal, detection } => (Err(refusal), detection, result.cpu_ms),
            }),
            Err(error) => {
                let refusal = error.refusal().ok_or_else(|| error.message(disarm_lang(self.lang)))?;
                Ok((Err(refusal), detected(bytes, &options.name), 0))
            }
        }
    }

    /// What the scanner says against a file. An unreachable scanner holds it.
    fn scanned(&self, bytes: &[u8]) -> Option<Refusal> {
        match self.scanner.as_ref()?.scan(&mut &*bytes) {
            Ok(Verdict::Clean) => None,
            Ok(Verdict::Infected(name)) => Some(Refusal::new(RefusalCode::Infected, name)),
            Err(error) => Some(Refusal::new(RefusalCode::ScannerUnavailable, error.to_string())),
        }
    }
}

/// The same file as in an earlier run, whose result is still there (or which was refused).
fn is_same(line: &Value, label: &str, sha256: &str) -> bool {
    let text = |pointer: &str| line.pointer(pointer).and_then(Value::as_str);
    text("/input/path") == Some(label)
        && text("/input/sha256") == Some(sha256)
        && (text("/outcome") == Some("refused")
            || text("/output/path").is_some_and(|path| {
                fs::metadata(path).is_ok_and(|meta| {
                    Some(meta.len()) == line.pointer("/output/bytes").and_then(Value::as_u64)
                })
            }))
}

fn detected(bytes: &[u8], name: &str) -> Detected {
    let found = sekisho_disarm::detect(bytes.get(..4096.min(bytes.len())).unwrap_or_default(), name);
    Detected { declared: found.declared, detected: found.detected }
}

fn read_at_most(path: Option<&Path>, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match path {
        Some(path) => File::open(path)?.take(most).read_to_end(&mut bytes)?,
        None => io::stdin().lock().take(most).read_to_end(&mut bytes)?,
    };
    Ok(bytes)
}
