//! What the caller decides: the method, the limits, and how to treat what policies differ about.

use sekisho_verify::Limits;
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

/// The character code of texts that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TextEncoding {
    /// UTF-8, whatever the input had.
    #[default]
    Utf8,
    /// That of the input, where it can be written soundly (CP932, EUC-JP), else UTF-8.
    Keep,
}

/// Everything that steers one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The name that the sender gave; used for the mismatch report only.
    pub name: String,
    /// The method to apply first.
    pub method: Method,
    /// The methods to try, in this order, when the one before refuses the document's content (not its size, its
    /// encryption or its kind of disguise).
    pub fallback: Vec<Method>,
    /// The budgets.
    pub limits: Limits,
    /// Drop web and mail links too, keeping their text.
    pub drop_links: bool,
    /// The password that the sender told the applicant, for encrypted documents and archives.
    pub password: Option<String>,
    /// The character code of texts.
    pub encoding: TextEncoding,
    /// Under `image`, lay the page's own text invisibly over the pixels, so that search and copying work.
    pub text_layer: bool,
    /// Under `image`, pixels an inch.
    pub dpi: u32,
    /// Seed of the noise that is laid over pixels against hidden messages; none leaves pixels as they are.
    pub noise: Option<u64>,
    /// SHA-256 (hexadecimal) of VBA projects that may stay (`keep-approved`); empty keeps none.
    pub approved_macros: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: String::new(),
            method: Method::default(),
            fallback: Vec::new(),
            limits: Limits::default(),
            drop_links: false,
            password: None,
            encoding: TextEncoding::default(),
            text_layer: true,
            dpi: 150,
            noise: None,
            approved_macros: Vec::new(),
        }
    }
}
