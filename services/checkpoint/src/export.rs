//! The history as a table for Excel: what the lists show, as CSV or XLSX.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use rust_xlsxwriter::{Format as CellFormat, Workbook, XlsxError};

use sekisho_identity::Principal;
use sekisho_policy::Lang;

use crate::model::TransferRow;
use crate::{Checkpoint, CheckpointError, TransferQuery};

/// The most lines of one export; beyond it the caller narrows the dates.
const MAX_LINES: u32 = 20_000;

/// The shape of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// UTF-8 with a byte-order mark, which Excel opens as it is.
    Csv,
    /// An Excel workbook with one sheet.
    Xlsx,
}

impl Checkpoint {
    /// All lines that the query matches, without paging.
    ///
    /// # Errors
    /// `Invalid` when there are more than 20,000: narrow the dates.
    pub fn export(
        &self,
        principal: &Principal,
        query: &TransferQuery,
        format: ExportFormat,
        lang: Lang,
    ) -> Result<Vec<u8>, CheckpointError> {
        let mut rows = Vec::new();
        let mut query = TransferQuery { offset: 0, limit: 1_000, ..query.clone() };
        loop {
            let page = self.list(principal, &query)?;
            rows.extend(page.rows);
            query.offset = query.offset.saturating_add(query.limit);
            if !page.more {
                break;
            }
            if query.offset >= MAX_LINES {
                return Err(CheckpointError::invalid(
                    format!("{MAX_LINES}件を超えています。期間を絞って出力してください。"),
                    format!("more than {MAX_LINES} lines; narrow the dates"),
                ));
            }
        }
        let lines: Vec<Vec<String>> = rows.iter().map(|row| self.cells(row, lang)).collect();
        match format {
            ExportFormat::Csv => csv_bytes(headings(lang), &lines),
            ExportFormat::Xlsx => xlsx_bytes(headings(lang), &lines).map_err(|error| {
                CheckpointError::invalid(
                    format!("Excelの出力に失敗しました: {error}"),
                    format!("no workbook: {error}"),
                )
            }),
        }
    }

    fn cells(&self, row: &TransferRow, lang: Lang) -> Vec<String> {
        let zone = |id| self.policy.zone(id).map_or_else(String::new, |zone| zone.label.get(lang).to_owned());
        let unit = self
            .policy
            .unit(&row.unit)
            .map_or_else(|| row.unit.to_string(), |unit| unit.name.get(lang).to_owned());
        vec![
            row.id.to_string(),
            local_time(row.created_ms),
            local_time(row.updated_ms),
            zone(&row.from),
            zone(&row.to),
            unit,
            row.applicant_name.clone(),
            row.purpose.clone(),
            row.file_names.join(" / "),
            row.total_bytes.to_string(),
            row.state.label(lang).to_owned(),
            row.release_seq.map(|seq| seq.to_string()).unwrap_or_default(),
        ]
    }
}

fn headings(lang: Lang) -> [&'static str; 12] {
    match lang {
        Lang::Ja => [
            "申請番号",
            "受付日時",
            "更新日時",
            "送り元",
            "送り先",
            "所属",
            "申請者",
            "利用目的",
            "ファイル",
            "容量（バイト）",
            "状態",
            "台帳番号",
        ],
        Lang::En => [
            "Transfer",
            "Submitted",
            "Updated",
            "From",
            "To",
            "Unit",
            "Applicant",
            "Purpose",
            "Files",
            "Bytes",
            "State",
            "Ledger entry",
        ],
    }
}

/// Japan has one offset and no daylight saving, so no time-zone database is needed.
fn local_time(ms: i64) -> String {
    let zone = TimeZone::fixed(Offset::constant(9));
    Timestamp::from_millisecond(ms)
        .map(|at| at.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S").to_string())
        .unwrap_or_default()
}

fn csv_bytes(headings: [&str; 12], lines: &[Vec<String>]) -> Result<Vec<u8>, CheckpointError> {
    let failed = |error: String| CheckpointError::invalid(format!("CSVの出力に失敗しました: {error}"), error);
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(vec![0xEF, 0xBB, 0xBF]);
    writer.write_record(headings).map_err(|e| failed(e.to_string()))?;
    for line in lines {
        writer.write_record(line.iter().map(|cell| inert(cell))).map_err(|e| failed(e.to_string()))?;
    }
    writer.into_inner().map_err(|e| failed(e.to_string()))
}

/// A file name may begin like a formula; a spreadsheet must not run it.
fn inert(cell: &str) -> String {
    let starts_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'])
        && cell.parse::<f64>().is_err();
    if starts_formula { format!("'{cell}") } else { cell.to_owned() }
}

fn xlsx_bytes(headings: [&str; 12], lines: &[Vec<String>]) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let bold = CellFormat::new().set_bold();
    let sheet = workbook.add_worksheet();
    sheet.set_name("履歴")?;
    for (column, heading) in (0_u16..).zip(headings) {
        sheet.write_string_with_format(0, column, heading, &bold)?;
        sheet.set_column_width(column, if matches!(column, 7 | 8) { 40 } else { 20 })?;
    }
    for (line, cells) in (1_u32..).zip(lines) {
        for (column, cell) in (0_u16..).zip(cells) {
            sheet.write_string(line, column, cell)?;
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    workbook.save_to_buffer()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_begins_like_a_formula_is_plain_text_in_csv() {
        let line = vec!["=cmd|'/c calc'!A1".to_owned(); 12];
        let text = String::from_utf8(csv_bytes(headings(Lang::Ja), &[line]).unwrap()).unwrap();
        assert!(text.starts_with('\u{FEFF}'));
        assert!(text.contains("'=cmd|'"));
        assert!(!text.contains(",=cmd"));
    }

    #[test]
    fn times_are_shown_in_japan_standard_time() {
        assert_eq!(local_time(1_774_969_200_000), "2026-04-01 00:00:00");
    }
}
