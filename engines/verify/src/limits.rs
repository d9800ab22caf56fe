//! The budgets of one document, as one type for the rebuild, the second reader and the process around them.

use serde::{Deserialize, Serialize};

/// Budgets. A breach refuses the file; nothing is ever passed through because a limit was reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of the file as received.
    pub input_bytes: u64,
    /// Bytes after every decompression, over the whole file and everything nested in it.
    pub expanded_bytes: u64,
    /// Bytes of the output.
    pub output_bytes: u64,
    /// Archive in archive; the outermost is depth 1.
    pub depth: u32,
    /// Members of all archives (and parts of all packages) together.
    pub members: u32,
    /// Pixels of all frames of one picture together, or of one rendered page.
    pub pixels: u64,
    /// Pages, sheets or slides of one document.
    pub pages: u32,
    /// Indirect objects of one PDF.
    pub pdf_objects: u32,
    /// Nesting of XML elements or PDF objects.
    pub nesting: u32,
    /// Processor time of the process that works on the file, in seconds (held by the sandbox).
    pub cpu_seconds: u64,
    /// Time on the wall, in milliseconds (held by the sandbox).
    pub wall_ms: u64,
    /// Memory beyond the input, in bytes (held by the sandbox).
    pub memory_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            input_bytes: 200 << 20,
            expanded_bytes: 1 << 30,
            output_bytes: 400 << 20,
            depth: 3,
            members: 20_000,
            pixels: 200_000_000,
            pages: 10_000,
            pdf_objects: 500_000,
            nesting: 256,
            cpu_seconds: 60,
            wall_ms: 120_000,
            memory_bytes: 2 << 30,
        }
    }
}
