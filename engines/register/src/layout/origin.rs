//! Where an exported workbook came from: a sheet that Excel never shows carries the register, the digest of its
//! definition and the ledger's sequence, so that an import can compare with the values of that moment. The sheet is a
//! hint, not a proof: whoever forges it gains nothing that the page of the register would not allow too.

use jiff::civil::Date;

use super::Refusal;
use crate::book::{Book, CellValue};
use crate::text::Text;

/// The sheet's name.
pub const META_SHEET: &str = "_sekisho";
/// What stands in its first cell.
pub(crate) const MARK: &str = "sekisho-register";
/// The version of its form.
pub(crate) const FORM: &str = "1";

/// Where an exported workbook came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The register.
    pub register: String,
    /// The digest of its definition at that time.
    pub definition: String,
    /// The ledger's sequence up to which it shows values.
    pub seq: u64,
    /// The day of the export.
    pub exported_on: Option<Date>,
    /// Who exported it, for people.
    pub by: String,
    /// Fields that were withheld from it.
    pub withheld: Vec<String>,
}

impl Origin {
    /// The pairs of the sheet, in order.
    pub(crate) fn pairs(&self) -> Vec<(&'static str, String)> {
        vec![
            (MARK, FORM.to_owned()),
            ("register", self.register.clone()),
            ("definition", self.definition.clone()),
            ("seq", self.seq.to_string()),
            ("exported-on", self.exported_on.map(|day| day.to_string()).unwrap_or_default()),
            ("by", self.by.clone()),
            ("withheld", self.withheld.join(",")),
        ]
    }

    /// Reads the sheet; `Ok(None)` when the book is nobody's export.
    pub(super) fn find(book: &Book) -> Result<Option<Self>, Refusal> {
        let Some(sheet) = book.sheet(META_SHEET) else { return Ok(None) };
        let get = |key: &str| {
            let row = sheet.rows.iter().find(|row| row.first().and_then(|cell| cell.text()) == Some(key));
            row.map(|row| match row.get(1).map(|cell| &cell.value) {
                Some(CellValue::Text(text)) => text.to_string(),
                Some(CellValue::Number(number)) => number.to_string(),
                _ => String::new(),
            })
        };
        let broken = |key: &str| {
            let message = Text::new(
                format!(
                    "出力元の情報（{key}）を読めません。台帳から出力し直したファイルを使うか、このシートを削除してください。"
                ),
                format!(
                    "the information on the export ({key}) can't be read: export again, or delete this sheet"
                ),
            );
            Refusal::new(META_SHEET, "", message)
        };
        if get(MARK).as_deref() != Some(FORM) {
            return Err(broken(MARK));
        }
        let need = |key: &str| get(key).filter(|text| !text.is_empty()).ok_or_else(|| broken(key));
        let withheld = get("withheld").unwrap_or_default();
        Ok(Some(Self {
            register: need("register")?,
            definition: need("definition")?,
            seq: need("seq")?.parse().map_err(|_| broken("seq"))?,
            exported_on: get("exported-on").and_then(|day| day.parse().ok()),
            by: get("by").unwrap_or_default(),
            withheld: withheld.split(',').filter(|id| !id.is_empty()).map(str::to_owned).collect(),
        }))
    }
}
