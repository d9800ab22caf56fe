//! One file at a time through the sandbox: disarm, verify, search, settle.
//!
//! Every step is durable before the next begins, and every step looks at the state first: a process that dies anywhere
//! is continued by the next lease of the same job, and the file still gets exactly one outcome.

use std::io::Write;

use serde_json::{Value as Json, json};

use sekisho_detect::{Confidence, ScanOptions};
use sekisho_disarm::{Format, Limits, Method, Options, Refusal, RefusalCode, TextPiece};
use sekisho_policy::{Conduit, ConduitId, Method as PolicyMethod};
use sekisho_store::{Job, Value, WriteTx};
use sekisho_worker::{DisarmOutcome, WorkerError};

use crate::model::{FindingView, RefusalView};
use crate::name::with_extension;
use crate::submit::QUEUE;
use crate::{Checkpoint, CheckpointError, FileId, FileState, TransferId, TransferState};

/// How long a worker may hold a file before another may take it.
const LEASE_MS: i64 = 180_000;

/// How often the machine (not the file) may fail before the file is refused.
const MAX_ATTEMPTS: u32 = 6;

/// The most findings that are kept of one file.
const MAX_FINDINGS: usize = 200;

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
        })
    }

    fn bring_to_verdict(&self, work: &Work) -> Result<Verdict, Stop> {
        let (output, format, declared, detected) =
            match (&work.output, Format::from_extension(&work.output_format)) {
                (Some(output), Some(format)) if work.state == FileState::Verifying => {
                    (output.clone(), format, work.declared.clone(), work.detected.clone())
                }
                _ => match self.disarm_by_chain(work)? {
                    Rebuilt::Written { output, format, declared, detected } => {
                        (output, format, declared, detected)
                    }
                    Rebuilt::Refused { refusal, declared, detected } => {
                        return Ok(Verdict::Refused { refusal: view(&refusal), declared, detected });
                    }
                },
            };
        self.observe("file.disarmed");
        let limits = self.limits(&work.conduit);
        let mut reader = self.store.blobs().open(&output).map_err(CheckpointError::from)?;
        match self.sandbox.verify_from(&mut reader, format, &limits, &[]) {
            Ok(result) => {
                if let Err(failure) = result.value {
                    let refusal = Refusal::new(RefusalCode::VerifyFailed, failure.location.clone());
                    return Ok(Verdict::Refused { refusal: view(&refusal), declared, detected });
                }
            }
            Err(error) => {
                let refusal = blame(error)?;
                return Ok(Verdict::Refused { refusal: view(&refusal), declared, detected });
            }
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

    /// Tries the conduit's methods in their order; the last refusal counts.
    fn disarm_by_chain(&self, work: &Work) -> Result<Rebuilt, Stop> {
        let mut last = None;
        for method in &work.conduit.methods {
            let options = Options {
                name: work.name.clone(),
                method: match method {
                    PolicyMethod::Rebuild => Method::Rebuild,
                    PolicyMethod::Image => Method::Image,
                    PolicyMethod::Text => Method::Text,
                },
                limits: self.limits(&work.conduit),
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
                DisarmOutcome::Written { format, method, removed, detection, .. } => {
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
                    let body = json!({
                        "file": work.file, "declared": detection.declared, "detected": detection.detected,
                        "method": method, "cpu_ms": result.cpu_ms, "removed": removed,
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
    Written { output: String, format: Format, declared: String, detected: String },
    Refused { refusal: Refusal, declared: String, detected: String },
}

/// The file's refusal where the file is to blame, otherwise a reason to try again.
fn blame(error: WorkerError) -> Result<Refusal, Stop> {
    error.refusal().ok_or_else(|| Stop::Machine(error.to_string()))
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
                t.state AS transfer_state
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
