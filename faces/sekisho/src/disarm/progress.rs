//! What the terminal shows while a tree of files is worked through, and the table at the end.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use sekisho_policy::Lang;

use crate::say;

/// Counts, and draws one line that is overwritten, if standard error is a terminal.
pub(super) struct Progress {
    files: usize,
    bytes: u64,
    done_files: usize,
    done_bytes: u64,
    started: Instant,
    drawn: Option<Instant>,
    shown: bool,
    lang: Lang,
    table: BTreeMap<String, Row>,
}

#[derive(Default)]
struct Row {
    rebuilt: u64,
    refused: u64,
    skipped: u64,
    bytes: u64,
    cpu_ms: u64,
}

/// What became of one file, for the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Rebuilt,
    Refused,
    Skipped,
}

impl Progress {
    pub(super) fn new(files: usize, bytes: u64, lang: Lang) -> Self {
        Self {
            files,
            bytes,
            done_files: 0,
            done_bytes: 0,
            started: Instant::now(),
            drawn: None,
            shown: files > 1 && std::io::stderr().is_terminal(),
            lang,
            table: BTreeMap::new(),
        }
    }

    /// One more file is done.
    pub(super) fn done(&mut self, format: &str, outcome: Outcome, bytes: u64, cpu_ms: u64) {
        let format = if format.is_empty() { "?" } else { format };
        let row = self.table.entry(format.to_owned()).or_default();
        match outcome {
            Outcome::Rebuilt => row.rebuilt += 1,
            Outcome::Refused => row.refused += 1,
            Outcome::Skipped => row.skipped += 1,
        }
        row.bytes = row.bytes.saturating_add(bytes);
        row.cpu_ms = row.cpu_ms.saturating_add(cpu_ms);
        self.done_files += 1;
        self.done_bytes = self.done_bytes.saturating_add(bytes);
        let due = self.drawn.is_none_or(|drawn| drawn.elapsed() > Duration::from_millis(200));
        if self.shown && (due || self.done_files == self.files) {
            self.drawn = Some(Instant::now());
            eprint!("\r\u{1b}[K{}", self.line());
            let _ = std::io::stderr().flush();
        }
    }

    /// Makes room for a message.
    pub(super) fn clear(&self) {
        if self.shown {
            eprint!("\r\u{1b}[K");
        }
    }

    fn line(&self) -> String {
        let seconds = self.started.elapsed().as_secs_f64().max(0.001);
        let rate = self.done_bytes as f64 / seconds;
        let left = if rate > 0.0 { self.bytes.saturating_sub(self.done_bytes) as f64 / rate } else { 0.0 };
        format!(
            "{}/{} {}  {:.1}/{:.1} MB  {:.1} MB/s  {} {}",
            self.done_files,
            self.files,
            say(self.lang, "件", "files"),
            megabytes(self.done_bytes),
            megabytes(self.bytes),
            rate / 1e6,
            say(self.lang, "残り", "left"),
            clock(left),
        )
    }

    /// The table by format, for several files.
    pub(super) fn table(&self) -> Option<String> {
        if self.files < 2 {
            return None;
        }
        let mut out = format!(
            "{:<12} {:>8} {:>8} {:>8} {:>10} {:>10}\n",
            "format", "rebuilt", "refused", "skipped", "MB", "ms/file"
        );
        for (format, row) in &self.table {
            let count = row.rebuilt.saturating_add(row.refused);
            out.push_str(&format!(
                "{format:<12} {:>8} {:>8} {:>8} {:>10.2} {:>10}\n",
                row.rebuilt,
                row.refused,
                row.skipped,
                megabytes(row.bytes),
                row.cpu_ms.checked_div(count).unwrap_or(0),
            ));
        }
        Some(out)
    }
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn clock(seconds: f64) -> String {
    let whole = seconds.clamp(0.0, 359_999.0) as u64;
    format!("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)
}
