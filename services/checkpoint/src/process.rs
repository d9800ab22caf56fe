//! One file at a time through the sandbox: disarm, verify, search, settle.
//!
//! Every step is durable before the next begins, and every step looks at the state first: a process that dies anywhere
//! is continued by the next lease of the same job, and the file still gets exactly one outcome.

use std::io::{Read, Write};

use serde_json::{Value as Json, json};

use sekisho_detect::{Confidence, ScanOptions};
use sekisho_disarm::{Format, Limits, Method, Options, Refusal, RefusalCode, TextPiece};
use sekisho_policy::{Conduit, ConduitId, Exception, Method as PolicyMethod};
use sekisho_store::{Job, Value, WriteTx};
use sekisho_worker::{DisarmOutcome, WorkerError};

use crate::model::{FindingView, RefusalView};
use crate::name::with_extension;
use crate::scanner::Verdict as Scanned;
use crate::submit::QUEUE;
use crate::{Checkpoint, CheckpointError, FileId, FileState, TransferId, TransferState};

/// How long a worker may hold a file before another may take it.
const LEASE_MS: i64 = 180_000;

/// How often the machine (not the file) may fail before the file is refused.
const MAX_ATTEMPTS: u32 = 6;

/// The most findings that are kept of one file.
const MAX_FINDINGS: usize = 200;

/// The method of a file that crossed untouched, in events and lists.
const ORIGINAL: &str = "original";
/// The method of a document that kept approved macros.
const KEEP_APPROVED: &str = "keep-approved";

/// What the worker has to know of a file.
struct Work {
    transfer: TransferId,
    file: FileId,
    state: FileState,
    name: String,
    original: String,
    output: Option<String>,
    output_format: String,
    detected: String,
    declared: String,
    conduit: Conduit,
    unit: String,
    method: String,
    /// The blob that holds the password given with the request.
    password: Option<String>,
}

/// The end of one file.
enum Verdict {
    Verified { findings: Vec<FindingView> },
    Refused { refusal: RefusalView, declared: String, detected: String },
}

impl Checkpoint {
    /// Takes one waiting file and brings it to its outcome. `false` when nothing waits.
    ///
    /// # Errors
    /// A store that is full or lost; the file stays in the queue.
    pub fn run_one(&self, worker: &str) -> Result<bool, CheckpointError> {
        let name = worker.to_owned();
        let leased = self.store.write(move |tx: &mut WriteTx| -> Result<_, CheckpointError> {
            let Some(job) = tx.lease(QUEUE, &name, LEASE_MS)? else { return Ok(None) };
            let work = load(tx, &job)?;
            if let Some(work) = &work
                && work.state == FileState::Received
            {
                tx.emit("file.disarming", "system", work.transfer.as_str(), json!({ "file": work.file }))?;
            }
            Ok(Some((job, work)))
        })?;
        let Some((job, work)) = leased else { return Ok(false) };
        let Some(work) = work.and_then(|w| self.resolve(w)) else {
            self.finish(job)?;
            return Ok(true);
        };
        self.observe("file.disarming");
        match self.bring_to_verdict(&work) {
            Ok(verdict) => self.settle(job, &work, verdict)?,
            Err(Stop::Machine(why)) => self.put_back(job, &work, why)?,
            Err(Stop::Checkpoint(error)) => return Err(error),
        }
        Ok(true)
    }

    /// Whether files wait or are being worked on.
    ///
    /// # Errors
    /// The store.
    pub fn is_idle(&self) -> Result<bool, CheckpointError> {
        let rows = self.store.read(|tx| {
            tx.query(
                "SELECT id FROM transfer_files WHERE state IN ('received', 'disarming', 'verifying') LIMIT 1",
                &[],
            )
        })?;
        Ok(rows.is_empty())
    }

    fn resolve(&self, row: WorkRow) -> Option<Work> {
        let conduit = self.policy.conduit(&row.conduit).cloned()?;
        Some(Work {
            transfer: row.transfer,
            file: row.file,
            state: row.state,
            name: row.name,
            original: row.original?,
            output: row.output,
            output_format: row.output_format,
            detected: row.detected,
            declared: row.declared,
            conduit,
            unit: row.unit,
            method: row.method,
            password: row.password,
        })
    }

    fn bring_to_verdict(&self, work: &Work) -> Result<Verdict, Stop> {
        if let Some(refusal) = self.scan(&work.original)? {
            return Ok(refused(&refusal, work));
        }
        let mut untouched = work.method == ORIGINAL;
        let (output, format, declared, detected) =
            match (&work.output, Format::from_extension(&work.output_format)) {
                (Some(output), Some(format)) if work.state == FileState::Verifying => {
                    (output.clone(), format, work.declared.clone(), work.detected.clone())
                }
                _ => match self.original_or_chain(work)? {
                    Rebuilt::Original { format } => {
                        untouched = true;
                        (work.original.clone(), format, work.declared.clone(), work.detected.clone())
                    }
                    Rebuilt::Written { output, format, declared, detected } => {
                        (output, format, declared, detected)
                    }
                    Rebuilt::Refused { refusal, declared, detected } => {
                        return Ok(Verdict::Refused { refusal: view(&refusal), declared, detected });
                    }
                },
            };
        self.observe("file.disarmed");
        if !untouched && let Some(refusal) = self.second_opinion(work, &output, format)? {
            return Ok(Verdict::Refused { refusal: view(&refusal), declared, detected });
        }
        let findings = if work.conduit.search_individual_numbers {
            self.search(work, &output, format)?
        } else {
            Ok(Vec::new())
        };
        match findings {
            Ok(findings) => Ok(Verdict::Verified { findings }),
            Err(refusal) => Ok(Verdict::Refused { refusal: view(&refusal), declared, detected }),
        }
    }

    /// The second reader's objection, or the scanner's, to an output.
    fn second_opinion(&self, work: &Work, output: &str, format: Format) -> Result<Option<Refusal>, Stop> {
        let approved: Vec<String> = if work.method == ORIGINAL {
            Vec::new()
        } else {
            let permits = self.permits(&work.conduit, &work.unit, Exception::KeepApproved)?;
            permits.into_iter().map(|permit| permit.sha256).collect()
        };
        // A document without macros passes the stricter door; the other one is for formats that can hold them.
        let approved = if format.successor() == format { &[][..] } else { approved.as_slice() };
        let mut reader = self.store.blobs().open(output).map_err(CheckpointError::from)?;
        match self.sandbox.verify_from(&mut reader, format, &self.limits(&work.conduit), approved) {
            Ok(result) => match result.value {
                Ok(()) => self.scan(output),
                Err(failure) => Ok(Some(Refusal::new(RefusalCode::VerifyFailed, failure.location))),
            },
            Err(error) => Ok(Some(blame(error)?)),
        }
    }

    /// What the virus scanner says against a blob; an unreachable one leaves the file waiting, and at last refuses it.
    fn scan(&self, blob: &str) -> Result<Option<Refusal>, Stop> {
        let Some(scanner) = &self.scanner else { return Ok(None) };
        let mut reader = self.store.blobs().open(blob).map_err(CheckpointError::from)?;
        match scanner.scan(&mut reader) {
            Ok(Scanned::Clean) => Ok(None),
            Ok(Scanned::Infected(name)) => Ok(Some(Refusal::new(RefusalCode::Infected, name))),
            Err(error) => Err(Stop::Machine(format!("clamd: {error}"))),
        }
    }

    /// An original that may cross untouched, if there is a permit for it; otherwise the chain of methods.
    fn original_or_chain(&self, work: &Work) -> Result<Rebuilt, Stop> {
        let permits = self.permits(&work.conduit, &work.unit, Exception::Original)?;
        let Some(permit) = permits.into_iter().find(|permit| permit.sha256 == work.original) else {
            return self.disarm_by_chain(work);
        };
        let extension = work.name.rsplit_once('.').map(|(_, extension)| extension).unwrap_or_default();
        let Some(format) = Format::from_extension(extension) else {
            let refusal = Refusal::new(RefusalCode::UnsupportedFormat, extension);
            return Ok(Rebuilt::Refused { refusal, declared: extension.to_owned(), detected: String::new() });
        };
        let bytes = self.store.blobs().open(&work.original).map_err(CheckpointError::from)?.size();
        let body = json!({
            "file": work.file, "declared": extension, "detected": format.extension(), "method": ORIGINAL,
            "cpu_ms": 0, "removed": [], "exceptions": [permit.number], "sandboxed": self.sandbox.level().enforced,
            "output": { "sha256": work.original, "bytes": bytes, "format": format, "name": work.name },
        });
        self.emit_if_open(work, "file.disarmed", body)?;
        Ok(Rebuilt::Original { format })
    }

    /// The password that came with the request, from its encrypted blob.
    fn password(&self, work: &Work) -> Result<Option<String>, Stop> {
        let Some(blob) = &work.password else { return Ok(None) };
        let mut text = String::new();
        let mut reader = self.store.blobs().open(blob).map_err(CheckpointError::from)?;
        reader.read_to_string(&mut text).map_err(|error| Stop::Machine(error.to_string()))?;
        Ok(text.split_once('\n').map(|(_, password)| password.to_owned()))
    }

    /// Tries the conduit's methods in their order; the last refusal counts.
    fn disarm_by_chain(&self, work: &Work) -> Result<Rebuilt, Stop> {
        let mut last = None;
        let permits = self.permits(&work.conduit, &work.unit, Exception::KeepApproved)?;
        let password = self.password(work)?;
        for method in &work.conduit.methods {
            let options = Options {
                name: work.name.clone(),
                method: match method {
                    PolicyMethod::Rebuild => Method::Rebuild,
                    PolicyMethod::Image => Method::Image,
                    PolicyMethod::Text => Method::Text,
                },
                limits: self.limits(&work.conduit),
                password: password.clone(),
                approved_macros: permits.iter().map(|permit| permit.sha256.clone()).collect(),
                ..Options::default()
            };
            let mut original = self.store.blobs().open(&work.original).map_err(CheckpointError::from)?;
            let mut output = self.store.blobs().writer().map_err(CheckpointError::from)?;
            let result = match self.sandbox.disarm_to(&mut original, &options, &mut output) {
                Ok(result) => result,
                Err(error) => {
                    let refusal = blame(error)?;
                    last =
                        Some(Rebuilt::Refused { refusal, declared: String::new(), detected: String::new() });
                    continue;
                }
            };
            match result.value {
                DisarmOutcome::Refused { refusal, detection } => {
                    last = Some(Rebuilt::Refused {
                        refusal,
                        declared: detection.declared,
                        detected: detection.detected,
                    });
                }
                DisarmOutcome::Written { format, method, removed, kept_macros, detection, .. } => {
                    let formats = &work.conduit.formats;
                    if !formats.is_empty() && !formats.contains(&detection.detected) {
                        return Ok(Rebuilt::Refused {
                            refusal: Refusal::new(RefusalCode::UnsupportedFormat, detection.detected.clone()),
                            declared: detection.declared,
                            detected: detection.detected,
                        });
                    }
                    output.flush().map_err(|e| Stop::Machine(e.to_string()))?;
                    let blob = output.finish().map_err(CheckpointError::from)?;
                    let kept: Vec<&str> = permits
                        .iter()
                        .filter(|permit| kept_macros.contains(&permit.sha256))
                        .map(|permit| permit.number.as_str())
                        .collect();
                    let method = if kept.is_empty() { json!(method) } else { json!(KEEP_APPROVED) };
                    let body = json!({
                        "file": work.file, "declared": detection.declared, "detected": detection.detected,
                        "exceptions": kept, "kept_macros": kept_macros, "method": method, "cpu_ms": result.cpu_ms, "removed": removed,
                        "sandboxed": self.sandbox.level().enforced,
                        "output": { "sha256": blob.id, "bytes": blob.bytes, "format": format,
                                    "name": with_extension(&work.name, format.extension()) },
                    });
                    self.emit_if_open(work, "file.disarmed", body)?;
                    return Ok(Rebuilt::Written {
                        output: blob.id,
                        format,
                        declared: detection.declared,
                        detected: detection.detected,
                    });
                }
            }
        }
        Ok(last.unwrap_or_else(|| Rebuilt::Refused {
            refusal: Refusal::new(RefusalCode::MethodUnsupported, ""),
            declared: String::new(),
            detected: String::new(),
        }))
    }

    fn search(
        &self,
        work: &Work,
        output: &str,
        format: Format,
    ) -> Result<Result<Vec<FindingView>, Refusal>, Stop> {
        if format.is_raster() {
            return Ok(Ok(Vec::new()));
        }
        let options = Options {
            name: format!("x.{}", format.extension()),
            limits: self.limits(&work.conduit),
            ..Options::default()
        };
        let mut reader = self.store.blobs().open(output).map_err(CheckpointError::from)?;
        let pieces = match self.sandbox.extract_text_from(&mut reader, &options) {
            Ok(result) => match result.value {
                Ok(pieces) => pieces,
                Err(refusal) => return Ok(Err(refusal)),
            },
            Err(error) => return Ok(Err(blame(error)?)),
        };
        Ok(Ok(findings(&pieces)))
    }

    fn limits(&self, conduit: &Conduit) -> Limits {
        let declared = &self.policy.limits;
        Limits {
            input_bytes: conduit.max_bytes,
            expanded_bytes: declared.expanded_bytes,
            depth: declared.nesting_depth,
            members: declared.archive_members,
            pixels: declared.image_pixels,
            ..Limits::default()
        }
    }

    /// Emits a step of a file that has no outcome yet.
    fn emit_if_open(&self, work: &Work, kind: &'static str, body: Json) -> Result<(), CheckpointError> {
        let (transfer, file) = (work.transfer.clone(), work.file.clone());
        self.store.write(move |tx: &mut WriteTx| -> Result<(), CheckpointError> {
            if file_state(tx, &file)?.is_some_and(is_open) {
                tx.emit(kind, "system", transfer.as_str(), body)?;
            }
            Ok(())
        })
    }

    /// Writes the verdict and, when it was the last file, the transfer's next state; both in one step with the job's end.
    fn settle(&self, job: Job, work: &Work, verdict: Verdict) -> Result<(), CheckpointError> {
        let (transfer, file) = (work.transfer.clone(), work.file.clone());
        let route = work.conduit.approval.as_ref().map(ToString::to_string);
        let steps = self.store.write(move |tx: &mut WriteTx| -> Result<Vec<&'static str>, CheckpointError> {
            let mut steps = Vec::new();
            if file_state(tx, &file)?.is_some_and(is_open) {
                let (kind, body) = match verdict {
                    Verdict::Verified { findings } => {
                        ("file.verified", json!({ "file": file, "findings": findings }))
                    }
                    Verdict::Refused { refusal, declared, detected } => (
                        "file.refused",
                        json!({ "file": file, "refusal": refusal, "declared": declared, "detected": detected }),
                    ),
                };
                tx.emit(kind, "system", transfer.as_str(), body)?;
                steps.push(kind);
                steps.extend(advance(tx, &transfer, route.as_deref())?);
            }
            tx.complete(job.id, &job.token)?;
            Ok(steps)
        })?;
        for step in steps {
            self.observe(step);
        }
        if let Some(blob) = &work.password {
            self.forget_password(&work.transfer, blob)?;
        }
        Ok(())
    }

    /// Removes the password once no file of its request waits any more.
    fn forget_password(&self, transfer: &TransferId, blob: &str) -> Result<(), CheckpointError> {
        let rows = self.store.read(|tx| {
            tx.query(
                "SELECT id FROM transfer_files WHERE transfer = ?1 AND state IN ('received', 'disarming', 'verifying') LIMIT 1",
                &[Value::from(transfer.as_str())],
            )
        })?;
        if rows.is_empty() {
            self.store.blobs().remove(blob)?;
        }
        Ok(())
    }

    fn finish(&self, job: Job) -> Result<(), CheckpointError> {
        self.store.write(move |tx: &mut WriteTx| Ok(tx.complete(job.id, &job.token)?))
    }

    /// The machine failed, not the file: later again, and at last a refusal that says so.
    fn put_back(&self, job: Job, work: &Work, why: String) -> Result<(), CheckpointError> {
        if job.attempts >= MAX_ATTEMPTS {
            let refusal = view(&Refusal::new(RefusalCode::WorkerFailed, why));
            let verdict = Verdict::Refused { refusal, declared: String::new(), detected: String::new() };
            return self.settle(job, work, verdict);
        }
        self.store.write(move |tx: &mut WriteTx| -> Result<(), CheckpointError> {
            tx.retry(job.id, &job.token, &why, MAX_ATTEMPTS.saturating_add(1))?;
            Ok(())
        })
    }
}

/// Why a file has no verdict yet.
enum Stop {
    /// The machine: try again later.
    Machine(String),
    /// The store.
    Checkpoint(CheckpointError),
}

impl From<CheckpointError> for Stop {
    fn from(error: CheckpointError) -> Self {
        Self::Checkpoint(error)
    }
}

enum Rebuilt {
    /// Permitted to cross as it came.
    Original {
        format: Format,
    },
    Written {
        output: String,
        format: Format,
        declared: String,
        detected: String,
    },
    Refused {
        refusal: Refusal,
        declared: String,
        detected: String,
    },
}

/// The file's refusal where the file is to blame, otherwise a reason to try again.
fn blame(error: WorkerError) -> Result<Refusal, Stop> {
    error.refusal().ok_or_else(|| Stop::Machine(error.to_string()))
}

fn refused(refusal: &Refusal, work: &Work) -> Verdict {
    Verdict::Refused {
        refusal: view(refusal),
        declared: work.declared.clone(),
        detected: work.detected.clone(),
    }
}

fn view(refusal: &Refusal) -> RefusalView {
    use sekisho_disarm::Lang::{En, Ja};
    RefusalView {
        code: refusal.code.id().to_owned(),
        reason_ja: refusal.reason(Ja),
        reason_en: refusal.reason(En),
        hint_ja: refusal.hint(Ja).to_owned(),
        hint_en: refusal.hint(En).to_owned(),
    }
}

fn findings(pieces: &[TextPiece]) -> Vec<FindingView> {
    let mut found = Vec::new();
    // Context counts across pieces (a heading cell above a number), so a document is scanned as one text.
    let located = pieces.iter().map(|piece| (piece.location.as_str(), piece.text.as_str()));
    let located: Vec<(&str, &str)> = located.collect();
    for finding in sekisho_detect::scan_pieces(&located, &ScanOptions::default()) {
        if found.len() >= MAX_FINDINGS {
            break;
        }
        found.push(FindingView {
            location: finding.location,
            masked: finding.finding.masked,
            confidence: match finding.finding.confidence {
                Confidence::High => "high",
                Confidence::Medium => "medium",
                Confidence::Low => "low",
            }
            .to_owned(),
        });
    }
    found
}

/// What one row of the queue points at.
struct WorkRow {
    transfer: TransferId,
    file: FileId,
    state: FileState,
    name: String,
    original: Option<String>,
    output: Option<String>,
    output_format: String,
    declared: String,
    detected: String,
    conduit: ConduitId,
    unit: String,
    method: String,
    password: Option<String>,
}

/// The file of a job, or nothing when it has its outcome already (or was withdrawn).
fn load(tx: &mut WriteTx, job: &Job) -> Result<Option<WorkRow>, CheckpointError> {
    let field = |key: &str| job.payload.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
    let (Ok(transfer), Ok(file)) = (field("transfer").parse::<TransferId>(), field("file").parse::<FileId>())
    else {
        return Ok(None);
    };
    let rows = tx.query(
        "SELECT f.state AS state, f.name AS name, f.original AS original, f.output AS output,
                f.output_format AS output_format, f.declared AS declared, f.detected AS detected, t.conduit AS conduit,
                t.unit AS unit, f.method AS method, t.state AS transfer_state
         FROM transfer_files f JOIN transfers t ON t.id = f.transfer WHERE f.id = ?1 AND t.id = ?2",
        &[Value::from(file.as_str()), Value::from(transfer.as_str())],
    )?;
    let Some(row) = rows.first() else { return Ok(None) };
    let state = FileState::from_id(row.get_text("state")?);
    let transfer_state = TransferState::from_id(row.get_text("transfer_state")?);
    let Ok(conduit) = row.get_text("conduit")?.parse::<ConduitId>() else { return Ok(None) };
    match (state, transfer_state) {
        (Some(state), Some(TransferState::Received | TransferState::Disarming)) if is_open(state) => {
            Ok(Some(WorkRow {
                transfer,
                file,
                state,
                name: row.get_text("name")?.to_owned(),
                original: row.get_opt_text("original")?.map(ToOwned::to_owned),
                output: row.get_opt_text("output")?.map(ToOwned::to_owned),
                output_format: row.get_text("output_format")?.to_owned(),
                declared: row.get_text("declared")?.to_owned(),
                detected: row.get_text("detected")?.to_owned(),
                conduit,
                unit: row.get_text("unit")?.to_owned(),
                method: row.get_text("method")?.to_owned(),
                password: Some(field("password")).filter(|blob| !blob.is_empty()),
            }))
        }
        _ => Ok(None),
    }
}

fn is_open(state: FileState) -> bool {
    matches!(state, FileState::Received | FileState::Disarming | FileState::Verifying)
}

fn file_state(tx: &mut WriteTx, file: &FileId) -> Result<Option<FileState>, CheckpointError> {
    let rows = tx.query(
        "SELECT f.state AS state FROM transfer_files f JOIN transfers t ON t.id = f.transfer
         WHERE f.id = ?1 AND t.state IN ('received', 'disarming')",
        &[Value::from(file.as_str())],
    )?;
    rows.first().map_or(Ok(None), |row| Ok(FileState::from_id(row.get_text("state")?)))
}

/// When every file has its outcome: refused, awaiting approval, or released.
fn advance(
    tx: &mut WriteTx,
    transfer: &TransferId,
    route: Option<&str>,
) -> Result<Vec<&'static str>, CheckpointError> {
    let rows =
        tx.query("SELECT state FROM transfer_files WHERE transfer = ?1", &[Value::from(transfer.as_str())])?;
    let mut verified = 0;
    for row in &rows {
        match FileState::from_id(row.get_text("state")?) {
            Some(FileState::Verified) => verified += 1,
            Some(FileState::Refused) => {}
            _ => return Ok(Vec::new()),
        }
    }
    if verified == 0 {
        tx.emit("transfer.refused", "system", transfer.as_str(), json!({}))?;
        return Ok(vec!["transfer.refused"]);
    }
    match route {
        Some(route) => {
            let digest = crate::approval::digest(tx, transfer)?;
            tx.emit(
                "transfer.awaiting",
                "system",
                transfer.as_str(),
                json!({ "digest": digest, "route": route }),
            )?;
            Ok(vec!["transfer.awaiting"])
        }
        None => {
            crate::approval::release(tx, transfer)?;
            Ok(vec!["transfer.released"])
        }
    }
}
