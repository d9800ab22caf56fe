//! How the installation is doing: counters of durable steps, health for probes and people, metrics for Prometheus.
//! It only looks; it never repairs, and it says nothing about persons or files.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use sekisho_store::Health;
use sekisho_worker::SandboxLevel;

use crate::problem::Problem;
use crate::state::{App, blocking};

/// The data directory's file system has to have this much left, in bytes.
const LOW_DISK: u64 = 256 << 20;

/// How many durable steps there have been of each kind since the start. The checkpoint's observer feeds it.
#[derive(Debug, Default)]
pub struct Counters {
    steps: Mutex<BTreeMap<String, u64>>,
}

impl Counters {
    /// Counts a step by the name of its event, such as `transfer.submitted`.
    pub fn count(&self, step: &str) {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        match steps.get_mut(step) {
            Some(count) => *count = count.saturating_add(1),
            None => {
                steps.insert(step.to_owned(), 1);
            }
        }
    }

    /// Every kind that occurred, with its count, by name.
    #[must_use]
    pub fn steps(&self) -> Vec<(String, u64)> {
        let steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        steps.iter().map(|(step, count)| (step.clone(), *count)).collect()
    }
}

/// The routes of the administration listener.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/healthz", get(healthz)).route("/metrics", get(metrics))
}

/// A look at everything, for `/healthz` and the administrator's page.
#[derive(Debug, Serialize)]
pub(crate) struct Look {
    /// `ok` when requests can be served as they should.
    pub(crate) status: &'static str,
    /// What keeps it from that.
    pub(crate) problems: Vec<Finding>,
    /// What an administrator should know, though the service works.
    pub(crate) warnings: Vec<Finding>,
    pub(crate) store: Health,
    pub(crate) sandbox: SandboxState,
    pub(crate) queue: Queue,
    pub(crate) ledger: Ledger,
    pub(crate) uptime_seconds: u64,
    pub(crate) rss_bytes: Option<u64>,
}

/// Something to know, in both languages.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    pub(crate) ja: String,
    pub(crate) en: String,
}

/// The sandbox of the worker.
#[derive(Debug, Serialize)]
pub(crate) struct SandboxState {
    pub(crate) level: SandboxLevel,
    pub(crate) restarts: u64,
}

/// Files on their way to the worker; `None` when the database can't say.
#[derive(Debug, Serialize)]
pub(crate) struct Queue {
    pub(crate) ready: Option<u64>,
    pub(crate) leased: Option<u64>,
    pub(crate) dead: Option<u64>,
}

/// The signed end of the ledger.
#[derive(Debug, Serialize)]
pub(crate) struct Ledger {
    pub(crate) size: Option<u64>,
    pub(crate) checkpoint_ms: Option<i64>,
}

impl Look {
    /// Looks. Blocks on the database.
    pub(crate) fn take(app: &App) -> Self {
        let (store, level) = (app.store.health(), app.sandbox.level());
        let mut problems = Vec::new();
        for fault in &store.faults {
            problems.push(Finding {
                ja: format!("記録装置の障害：{fault}"), en: format!("store: {fault}")
            });
        }
        if !store.writable {
            problems.push(Finding {
                ja: "記録装置が読み取り専用です。新しい申請を受け付けられません。".to_owned(),
                en: "the store is read-only; no request can be accepted".to_owned(),
            });
        }
        let mut warnings = Vec::new();
        if let Some(free) = store.disk_free_bytes.filter(|free| *free < LOW_DISK) {
            let mib = free >> 20;
            warnings.push(Finding {
                ja: format!("ディスクの空き容量が残り{mib} MiBです。空き容量を確保してください。"),
                en: format!("only {mib} MiB of disk are left; make room"),
            });
        }
        if !level.enforced {
            warnings.push(Finding {
                ja: "無害化処理の隔離（サンドボックス）が有効になっていません。設定とカーネルを確認してください。".to_owned(),
                en: "files are disarmed without confinement; check the setting and the kernel".to_owned(),
            });
        }
        if let Some(dead) = store.jobs_dead.filter(|dead| *dead > 0) {
            warnings.push(Finding {
                ja: format!("再試行しても処理できなかった作業が{dead}件あります。"),
                en: format!("{dead} job(s) were given up after retries"),
            });
        }
        Self {
            status: if problems.is_empty() { "ok" } else { "failing" },
            queue: Queue { ready: store.jobs_ready, leased: store.jobs_leased, dead: store.jobs_dead },
            ledger: Ledger { size: store.events, checkpoint_ms: store.checkpoint_ms },
            sandbox: SandboxState { level, restarts: app.sandbox.restarts() },
            uptime_seconds: app.started.elapsed().as_secs(),
            rss_bytes: resident_bytes(),
            problems,
            warnings,
            store,
        }
    }
}

async fn healthz(State(app): State<App>) -> Response {
    match blocking(move || Look::take(&app)).await {
        Ok(look) => {
            let status =
                if look.problems.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
            (status, [(header::CACHE_CONTROL, "no-store")], Json(look)).into_response()
        }
        Err(problem) => crate::api::json_problem(&problem),
    }
}

async fn metrics(State(app): State<App>) -> Response {
    match blocking(move || exposition(&Look::take(&app), &app.counters)).await {
        Ok(text) => {
            ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
        }
        Err(_) => Problem::internal().into_response(),
    }
}

/// The metrics in Prometheus' text format 0.0.4.
fn exposition(look: &Look, counters: &Counters) -> String {
    let mut out = String::new();
    // Writing to a String can't fail.
    let _ = writeln!(out, "# HELP sekisho_steps_total Durable steps of transfers since the start, by event.");
    let _ = writeln!(out, "# TYPE sekisho_steps_total counter");
    for (step, count) in counters.steps() {
        let label: String = step
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '_' })
            .collect();
        let _ = writeln!(out, "sekisho_steps_total{{step=\"{label}\"}} {count}");
    }
    let _ = writeln!(out, "# HELP sekisho_queue_files Files in the queue of the worker, by state.");
    let _ = writeln!(out, "# TYPE sekisho_queue_files gauge");
    for (state, count) in
        [("ready", look.queue.ready), ("leased", look.queue.leased), ("dead", look.queue.dead)]
    {
        if let Some(count) = count {
            let _ = writeln!(out, "sekisho_queue_files{{state=\"{state}\"}} {count}");
        }
    }
    let mut metric = |name: &str, kind: &str, help: &str, value: Option<u64>| {
        if let Some(value) = value {
            let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
        }
    };
    metric(
        "sekisho_store_ok",
        "gauge",
        "1 while the store works.",
        Some(u64::from(look.problems.is_empty())),
    );
    metric(
        "sekisho_store_batches_total",
        "counter",
        "Transactions since the start.",
        Some(look.store.batches),
    );
    metric("sekisho_database_bytes", "gauge", "Size of the database.", look.store.database_bytes);
    metric(
        "sekisho_disk_free_bytes",
        "gauge",
        "Free bytes of the data directory's file system.",
        look.store.disk_free_bytes,
    );
    metric("sekisho_ledger_size", "gauge", "Entries under the last signed checkpoint.", look.ledger.size);
    metric(
        "sekisho_sandbox_enforced",
        "gauge",
        "1 while the worker is confined.",
        Some(u64::from(look.sandbox.level.enforced)),
    );
    metric(
        "sekisho_sandbox_restarts_total",
        "counter",
        "Restarts of the worker's zygote.",
        Some(look.sandbox.restarts),
    );
    metric("sekisho_uptime_seconds", "gauge", "Seconds since the start.", Some(look.uptime_seconds));
    metric("process_resident_memory_bytes", "gauge", "Resident memory of the process.", look.rss_bytes);
    out
}

/// Resident memory of this process (`VmRSS` of proc_pid_status(5)).
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}
