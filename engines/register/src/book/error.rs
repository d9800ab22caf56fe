//! Why a file gives no table.

use serde::{Deserialize, Serialize};

use crate::text::Text;

/// Why a file gives no table. [`text`](Self::text) is a sentence for people: what, where, what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
#[error("{}", self.text().en)]
#[non_exhaustive]
pub enum TableError {
    /// The file has no byte.
    Empty,
    /// The file is larger than allowed.
    TooLarge {
        /// In bytes.
        limit: u64,
    },
    /// The parts of the workbook are larger than allowed.
    TooLargeUnpacked {
        /// In bytes.
        limit: u64,
    },
    /// Too many sheets.
    TooManySheets {
        /// How many there are.
        sheets: u64,
        /// How many are allowed.
        limit: u32,
    },
    /// A row beyond the last that is allowed.
    TooManyRows {
        /// The sheet; empty for CSV.
        sheet: String,
        /// The first cell beyond.
        cell: String,
        /// Rows allowed.
        limit: u32,
    },
    /// A column beyond the last that is allowed.
    TooManyColumns {
        /// The sheet; empty for CSV.
        sheet: String,
        /// The first cell beyond.
        cell: String,
        /// Columns allowed.
        limit: u32,
    },
    /// Too many cells in all.
    TooManyCells {
        /// Cells allowed.
        limit: u64,
    },
    /// A text longer than a cell can hold.
    CellTooLong {
        /// The sheet; empty for CSV.
        sheet: String,
        /// The cell.
        cell: String,
        /// Characters allowed.
        limit: u32,
    },
    /// An old workbook (.xls), or one with a password.
    OldOrEncrypted,
    /// A ZIP file that is no workbook, or something else.
    NotAWorkbook,
    /// A workbook whose parts contradict each other.
    Broken {
        /// The sheet, when one was being read.
        sheet: String,
        /// What the reader said.
        detail: String,
    },
    /// A text that is in no encoding that is read here.
    Encoding {
        /// The line, from 1.
        line: u64,
    },
    /// A control character.
    Control {
        /// The cell.
        cell: String,
        /// Its number in Unicode.
        code: u32,
    },
    /// A quotation mark that is not closed.
    OpenQuote {
        /// The cell that it opens.
        cell: String,
        /// The line, from 1.
        line: u64,
    },
    /// Something after a closing quotation mark.
    AfterQuote {
        /// The cell.
        cell: String,
        /// The line, from 1.
        line: u64,
    },
}

impl TableError {
    /// The sentence in both languages.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Empty => Text::new("ファイルが空です。", "the file is empty"),
            Self::TooLarge { limit } => Text::new(
                format!("ファイルが大きすぎます。{}までにしてください。", mebibytes(*limit)),
                format!("the file is larger than {}", mebibytes(*limit)),
            ),
            Self::TooLargeUnpacked { limit } => Text::new(
                format!(
                    "ブックを展開すると{}を超えます。画像や不要なシートを除いてください。",
                    mebibytes(*limit)
                ),
                format!(
                    "the workbook is larger than {} when unpacked: remove pictures and sheets",
                    mebibytes(*limit)
                ),
            ),
            Self::TooManySheets { sheets, limit } => Text::new(
                format!("シートが{sheets}枚あります。{limit}枚までにしてください。"),
                format!("the workbook has {sheets} sheets; {limit} are allowed"),
            ),
            Self::TooManyRows { sheet, cell, limit } => Text::new(
                format!(
                    "{}行数が上限の{limit}行を超えています（{cell}）。ファイルを分けてください。",
                    ja(sheet)
                ),
                format!("{}more than {limit} rows ({cell}): divide the file", en(sheet)),
            ),
            Self::TooManyColumns { sheet, cell, limit } => Text::new(
                format!(
                    "{}列数が上限の{limit}列を超えています（{cell}）。離れた列の値を消してください。",
                    ja(sheet)
                ),
                format!("{}more than {limit} columns ({cell}): clear the cells far right", en(sheet)),
            ),
            Self::TooManyCells { limit } => Text::new(
                format!("セルの数が上限の{limit}個を超えています。ファイルを分けてください。"),
                format!("more than {limit} cells: divide the file"),
            ),
            Self::CellTooLong { sheet, cell, limit } => Text::new(
                format!("{}{cell}: 文字数が上限の{limit}文字を超えています。", ja(sheet)),
                format!("{}{cell}: more than {limit} characters", en(sheet)),
            ),
            Self::OldOrEncrypted => Text::new(
                "古い形式（.xls）か、パスワード付きのブックです。パスワードを外し、「Excelブック（*.xlsx）」として保存し直してください。",
                "an old workbook (.xls) or one with a password: remove the password and save it as .xlsx",
            ),
            Self::NotAWorkbook => Text::new(
                "Excelブック（.xlsx）ではありません。Excelで「Excelブック（*.xlsx）」として保存し直してください。",
                "not a workbook (.xlsx): save it as .xlsx in Excel",
            ),
            Self::Broken { sheet, detail } => Text::new(
                format!("{}ブックが壊れています。Excelで開いて保存し直してください（{detail}）。", ja(sheet)),
                format!(
                    "{}the workbook is damaged: open it in Excel and save it again ({detail})",
                    en(sheet)
                ),
            ),
            Self::Encoding { line } => Text::new(
                format!(
                    "{line}行目: 文字コードがUTF-8でもシフトJIS（CP932）でもありません。「CSV UTF-8」として保存し直してください。"
                ),
                format!("line {line}: neither UTF-8 nor Shift JIS (CP932): save it as CSV UTF-8"),
            ),
            Self::Control { cell, code } => Text::new(
                format!("{cell}: 文字ではない制御コード（U+{code:04X}）があります。取り除いてください。"),
                format!("{cell}: the control character U+{code:04X} must be removed"),
            ),
            Self::OpenQuote { cell, line } => Text::new(
                format!("{cell}（{line}行目）: 引用符「\"」が閉じられていません。"),
                format!("{cell} (line {line}): the quotation mark is never closed"),
            ),
            Self::AfterQuote { cell, line } => Text::new(
                format!(
                    "{cell}（{line}行目）: 閉じる引用符「\"」のあとに文字があります。引用符そのものは「\"\"」と書いてください。"
                ),
                format!(
                    "{cell} (line {line}): text follows a closing quotation mark; write \"\" for the mark itself"
                ),
            ),
        }
    }
}

fn ja(sheet: &str) -> String {
    if sheet.is_empty() { String::new() } else { format!("シート「{sheet}」 ") }
}

fn en(sheet: &str) -> String {
    if sheet.is_empty() { String::new() } else { format!("sheet `{sheet}` ") }
}

fn mebibytes(bytes: u64) -> String {
    if bytes >= 1 << 20 { format!("{} MiB", bytes >> 20) } else { format!("{bytes} B") }
}
