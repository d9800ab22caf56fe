//! The personnel list (人事異動名簿) as the personnel section exports it: other column names than the staff register's, fewer
//! columns, a title above. The columns are found by their headings; what the list does not have stays as it is in the
//! register.

use std::collections::BTreeSet;

use sekisho_register::book::{Book, Cell, CellValue, Sheet, cell_name};
use sekisho_register::{Definition, Field, Input, Lookup, Text, Values};

use crate::error::PeopleError;
use crate::plan::{Listed, RefusedLine};

/// Rows in which the heading is looked for.
const HEADING_ROWS: usize = 20;

/// Headings that personnel systems use, beside the staff register's own labels.
const SYNONYMS: &[(&str, &[&str])] = &[
    (
        "staff_number",
        &["職員番号", "職員コード", "職員no", "職員no.", "番号", "staff_number", "staff number"],
    ),
    ("name", &["氏名", "職員氏名", "漢字氏名", "名前", "name"]),
    ("kana", &["氏名(カナ)", "氏名カナ", "フリガナ", "ふりがな", "カナ氏名", "カナ", "kana"]),
    ("unit", &["所属", "所属名", "新所属", "所属課", "所属コード", "配属", "unit"]),
    ("additional_units", &["兼務所属", "兼務", "併任"]),
    ("post", &["職", "職名", "役職", "新職名", "補職名", "post"]),
    ("grade", &["職務の級", "級", "等級"]),
    ("employment", &["任用の区分", "任用区分", "職員区分", "雇用区分", "employment"]),
    ("login", &["利用者id", "ログインid", "ログイン名", "アカウント", "ユーザーid", "login"]),
    ("mail", &["庁内メール", "メール", "メールアドレス", "mail"]),
    ("joined_on", &["採用日", "採用年月日", "任用開始日", "任期開始日", "joined_on"]),
    ("term_ends_on", &["任期の末日", "任期満了日", "任期終了日", "任用終了日", "任期末", "term_ends_on"]),
    ("left_on", &["離任日", "退職日", "退職年月日", "離職日", "left_on"]),
    (
        "handles_individual_numbers",
        &[
            "特定個人情報取扱者",
            "特定個人情報",
            "番号利用事務従事",
            "マイナンバー取扱",
            "handles_individual_numbers",
        ],
    ),
];

/// What a list has to have.
const NEEDED: [&str; 3] = ["staff_number", "name", "unit"];

/// A personnel list, read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PersonnelList {
    /// The lines that could be read.
    pub(crate) lines: Vec<Listed>,
    /// The cells that could not.
    pub(crate) refused: Vec<RefusedLine>,
}

/// Reads the first visible sheet that has the headings.
///
/// # Errors
/// `Refused` when no sheet has them; the sentence says which are missing.
pub(crate) fn read_list(
    book: &Book,
    staff: &Definition,
    lookup: &dyn Lookup,
) -> Result<PersonnelList, PeopleError> {
    let (sheet, row, columns) = book
        .visible()
        .find_map(|sheet| heading(sheet, staff).map(|(row, columns)| (sheet, row, columns)))
        .ok_or_else(|| no_heading(staff))?;
    let mut list = PersonnelList::default();
    let fields: BTreeSet<String> = columns.iter().map(|(_, field)| field.id.to_string()).collect();
    for (index, cells) in sheet.rows.iter().enumerate().skip(row.saturating_add(1)) {
        if cells.iter().all(Cell::is_blank) {
            continue;
        }
        let mut values = Values::new();
        let mut readable = true;
        for (column, field) in &columns {
            let cell = sheet.cell(index, *column);
            match input(cell).and_then(|input| field.read(&input, lookup)) {
                Ok(value) => {
                    values.set(field.id.to_string(), value);
                }
                Err(message) => {
                    readable = false;
                    list.refused.push(RefusedLine {
                        place: place(sheet, &cell_name(index, *column)),
                        ja: message.ja,
                        en: message.en,
                    });
                }
            }
        }
        if readable {
            let place = place(sheet, &cell_name(index, columns.first().map_or(0, |(column, _)| *column)));
            list.lines.push(Listed { place, values, fields: fields.clone() });
        }
    }
    Ok(list)
}

/// The row with the headings and the columns that are known.
fn heading<'a>(sheet: &Sheet, staff: &'a Definition) -> Option<(usize, Vec<(usize, &'a Field)>)> {
    sheet.rows.iter().take(HEADING_ROWS).enumerate().find_map(|(row, cells)| {
        let mut columns: Vec<(usize, &Field)> = Vec::new();
        for (column, cell) in cells.iter().enumerate() {
            if let Some(field) = cell.text().and_then(|text| field_of(text, staff))
                && !columns.iter().any(|(_, known)| known.id == field.id)
            {
                columns.push((column, field));
            }
        }
        let complete = NEEDED.iter().all(|id| columns.iter().any(|(_, field)| field.id.as_str() == *id));
        complete.then_some((row, columns))
    })
}

fn field_of<'a>(heading: &str, staff: &'a Definition) -> Option<&'a Field> {
    let plain = plain(heading);
    let own = staff.input_fields().find(|field| crate::list::plain(&field.label.ja) == plain);
    own.or_else(|| {
        let (id, _) = SYNONYMS.iter().find(|(_, names)| names.contains(&plain.as_str()))?;
        staff.field(id)
    })
}

/// Full-width forms, spaces and case do not matter in a heading.
fn plain(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    text.nfkc().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase()
}

fn no_heading(staff: &Definition) -> PeopleError {
    let labels: Vec<&str> =
        NEEDED.iter().filter_map(|id| staff.field(id)).map(|field| field.label.ja.as_str()).collect();
    PeopleError::Refused {
        ja: format!(
            "見出しの行が見つかりません。表示されているシートの上から{HEADING_ROWS}行以内に「{}」の見出しを付けてください。",
            labels.join("」「")
        ),
        en: format!(
            "no row of headings was found; put {} into the first {HEADING_ROWS} rows of a visible sheet",
            NEEDED.join(", ")
        ),
    }
}

fn place(sheet: &Sheet, cell: &str) -> String {
    if sheet.name.is_empty() { cell.to_owned() } else { format!("シート「{}」 {cell}", sheet.name) }
}

fn input(cell: &Cell) -> Result<Input<'_>, Text> {
    Ok(match &cell.value {
        CellValue::Empty => Input::Empty,
        CellValue::Text(text) => Input::Text(text),
        CellValue::Number(number) => Input::Number(*number),
        CellValue::Bool(flag) => Input::Bool(*flag),
        CellValue::DateTime(moment) => Input::DateTime(*moment),
        CellValue::Error(code) => {
            return Err(Text {
                ja: format!("数式の誤り（{code}）です。値に直してください。"),
                en: format!("the formula failed ({code}); put a value"),
            });
        }
    })
}
