//! What the caller decides: the method, the limits, and how to treat what policies differ about.

use serde::{Deserialize, Serialize};

/// How a document is disarmed, by the names of the guideline's three file methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// サニタイズ処理: the same or the successor format, still editable.
    #[default]
    Rebuild,
    /// 画像化: pixels only.
    Image,
    /// テキスト抽出: plain text only.
    Text,
}

/// The language of sentences for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// 日本語
    #[default]
    Ja,
    /// English
    En,
}

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
    /// Pixels of all frames of one picture together.
    pub pixels: u64,
    /// Indirect objects of one PDF.
    pub pdf_objects: u32,
    /// Nesting of XML elements or PDF objects.
    pub nesting: u32,
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
            pdf_objects: 500_000,
            nesting: 256,
        }
    }
}

/// Everything that steers one call.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The name that the sender gave; used for the mismatch report only.
    pub name: String,
    /// The method to apply.
    pub method: Method,
    /// The budgets.
    pub limits: Limits,
    /// Drop web and mail links too, keeping their text.
    pub drop_links: bool,
}
