//! The city's own sheet: title, day and version above the headers, real days with 和暦 formats, lists to choose from,
//! and a page that prints on A4. A sheet that Excel does not show carries where the file came from and the lists.

use jiff::civil::Date;
use rust_xlsxwriter::{
    Color, DataValidation, DataValidationErrorStyle, DocProperties, ExcelDateTime, Format, FormatAlign,
    FormatBorder, Formula, Workbook, Worksheet, XlsxError,
};

use super::spelling::{Names, spell};
use super::{ExportMeta, WriteError, columns, origin, too_long};
use crate::book::{column_name, starts_formula};
use crate::definition::{Definition, Field, FieldType, LayoutColumn, Orientation};
use crate::era::{format_wareki, to_excel_datetime};
use crate::layout::META_SHEET;
use crate::value::{Lookup, NoLookup, Value, Values};

const DAY: &str = "[$-411]ggge\"年\"m\"月\"d\"日\"";
const MOMENT: &str = "[$-411]ggge\"年\"m\"月\"d\"日\" h:mm";
/// Rows below the last one that still offer the lists, for rows that people add.
const SPARE_ROWS: u32 = 1000;
/// Excel shows fifteen digits of a number; a longer one is written as text.
const EXACT: u64 = 1_000_000_000_000_000;
/// Excel's calendar is right from here on; earlier days are written as text.
const FIRST_DAY: Date = jiff::civil::date(1900, 3, 1);
/// The font of Japanese Excel; without a name the file would bring a Latin one.
const FONT: &str = "游ゴシック";
/// Height of a line of text in points, and the largest of a row.
const LINE_HEIGHT: f64 = 18.75;
const MAX_HEIGHT: f64 = 409.0;
/// Excel's paper number of A4.
const A4: u8 = 9;

/// Writes rows as a workbook in the register's layout.
///
/// # Errors
/// [`WriteError`], with the cell where one is to blame.
pub fn write_xlsx(
    definition: &Definition,
    rows: &mut dyn Iterator<Item = Values>,
    meta: &ExportMeta,
    lookup: &dyn Lookup,
) -> Result<Vec<u8>, WriteError> {
    let mut workbook = Workbook::new();
    workbook.set_properties(&properties(definition, meta)?);
    let columns = columns(definition, meta);
    let sheet = workbook.add_worksheet();
    sheet.set_name(&definition.layout.sheet)?;
    let header = definition.layout.header_row.saturating_sub(1);
    for (place, (_, field)) in numbered(&columns) {
        sheet.set_column_format(place, &format_of(&field.kind))?;
    }
    let last = write_rows(sheet, header, &columns, rows, lookup)?;
    head(sheet, definition, meta, header, &columns)?;
    page(sheet, definition, header, last, &columns)?;
    let lists: Vec<(u16, Vec<String>)> = numbered(&columns)
        .map(|(place, (_, field))| (place, choices(field)))
        .filter(|(_, list)| !list.is_empty())
        .collect();
    for (place, (column, list)) in lists.iter().enumerate() {
        offer(sheet, header, last, *column, place, list.len())?;
    }
    let hidden = workbook.add_worksheet();
    hidden.set_name(META_SHEET)?.set_very_hidden(true);
    for (row, (key, value)) in (0_u32..).zip(origin(definition, meta).pairs()) {
        hidden.write_string(row, 0, key)?.write_string(row, 1, value)?;
    }
    for (place, (_, list)) in lists.iter().enumerate() {
        for (row, word) in (0_u32..).zip(list) {
            hidden.write_string(row, list_column(place), word)?;
        }
    }
    Ok(workbook.save_to_buffer()?)
}

type Columns<'d> = [(&'d LayoutColumn, &'d Field)];

fn numbered<'c, 'd>(
    columns: &'c Columns<'d>,
) -> impl Iterator<Item = (u16, &'c (&'d LayoutColumn, &'d Field))> {
    (0_u16..).zip(columns)
}

fn properties(definition: &Definition, meta: &ExportMeta) -> Result<DocProperties, WriteError> {
    let day = meta.exported_on;
    let (year, month, day) = (u16::try_from(day.year()), u8::try_from(day.month()), u8::try_from(day.day()));
    let created = ExcelDateTime::from_ymd(year.unwrap_or(1900), month.unwrap_or(1), day.unwrap_or(1))?;
    // The file says when it was made by the caller's clock, and nothing else of the machine.
    let title = definition.layout.title.ja.as_str();
    Ok(DocProperties::new().set_title(title).set_author(&meta.by).set_creation_datetime(&created))
}

/// How the values of a column look, and how Excel takes what people type into it.
fn format_of(kind: &FieldType) -> Format {
    let format = Format::new().set_font_name(FONT).set_align(FormatAlign::Top).set_text_wrap();
    match kind {
        FieldType::Date => format.set_num_format(DAY),
        FieldType::Time => format.set_num_format(MOMENT),
        FieldType::Integer => format.set_num_format("#,##0"),
        FieldType::Yen => format.set_num_format("#,##0\"円\""),
        FieldType::Number => format,
        // As text, or Excel takes 0012 for 12 and 1-2 for a day.
        _ => format.set_num_format("@"),
    }
}

fn ruled(format: Format) -> Format {
    format.set_border(FormatBorder::Thin).set_border_color(Color::RGB(0x99_99_99))
}

fn write_rows(
    sheet: &mut Worksheet,
    header: u32,
    columns: &Columns<'_>,
    rows: &mut dyn Iterator<Item = Values>,
    lookup: &dyn Lookup,
) -> Result<u32, WriteError> {
    let mut cells: Vec<Style<'_>> = columns.iter().map(|(column, field)| Style::new(column, field)).collect();
    let mut row = header;
    for values in rows {
        row = row.checked_add(1).filter(|row| *row < 1 << 20).ok_or(WriteError::TooManyRows)?;
        let mut lines = 1_u32;
        for ((place, (column, field)), style) in numbered(columns).zip(&mut cells) {
            let value = values.get(field.id.as_str());
            let written = match cell_of(field, value) {
                CellOf::Nothing => sheet.write_blank(row, place, &style.plain),
                CellOf::Number(number) => sheet.write_number_with_format(row, place, number, &style.plain),
                CellOf::Words => {
                    let text = style.names.spell(value, lookup, spell);
                    lines = lines.max(line_count(&text, style.width));
                    // Excel keeps the text a text when somebody edits it.
                    let format = if starts_formula(&text) { &style.quoted } else { &style.plain };
                    sheet.write_string_with_format(row, place, text, format)
                }
            };
            written.map_err(|error| match error {
                XlsxError::MaxStringLengthExceeded => {
                    too_long(usize::try_from(row).unwrap_or(0), place.into(), &column.header)
                }
                error => error.into(),
            })?;
        }
        if lines > 1 {
            sheet.set_row_height(row, (f64::from(lines) * LINE_HEIGHT).min(MAX_HEIGHT))?;
        }
    }
    Ok(row)
}

/// What the cells of a column have in common.
struct Style<'d> {
    plain: Format,
    quoted: Format,
    names: Names<'d>,
    width: f64,
}

impl<'d> Style<'d> {
    fn new(column: &LayoutColumn, field: &'d Field) -> Self {
        let plain = ruled(format_of(&field.kind));
        let quoted = plain.clone().set_quote_prefix();
        Self { plain, quoted, names: Names::new(field), width: width(column, field) }
    }
}

/// Lines that a text takes in a column of this width. Programs that don't measure text themselves need to be told.
fn line_count(text: &str, width: f64) -> u32 {
    let room = (width - 1.0).max(2.0);
    let lines = text.split('\n').map(|line| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a cell has 32,767 characters"
        )]
        let lines = (f64::from(half_widths(line)) / room).ceil() as u32;
        lines.max(1)
    });
    lines.fold(0, u32::saturating_add)
}

/// The width of a text in characters of half width.
fn half_widths(text: &str) -> u16 {
    text.chars().map(|c| if c.is_ascii() { 1_u16 } else { 2 }).fold(0, u16::saturating_add)
}

/// How a value goes into a cell.
enum CellOf {
    Nothing,
    Number(f64),
    Words,
}

fn cell_of(field: &Field, value: &Value) -> CellOf {
    let number = |number: Option<f64>| number.map_or(CellOf::Words, CellOf::Number);
    match value {
        Value::Null => CellOf::Nothing,
        Value::Date(day) if *day >= FIRST_DAY => number(to_excel_datetime(day.at(0, 0, 0, 0), false)),
        Value::Time(at) if at.date() >= FIRST_DAY => number(to_excel_datetime(*at, false)),
        Value::Int(_) if field.kind == FieldType::FiscalYear => CellOf::Words,
        Value::Int(whole) => number(exact(*whole, 1.0)),
        Value::Decimal(thousandths) => number(exact(*thousandths, 1000.0)),
        _ => CellOf::Words,
    }
}

/// A whole number or thousandths as Excel's number, when that is exact.
fn exact(number: i64, divisor: f64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "numbers of up to fifteen digits are exact")]
    (number.unsigned_abs() < EXACT).then_some(number as f64 / divisor)
}

/// Title, day and version, as many as there are rows above the headers; then the headers.
fn head(
    sheet: &mut Worksheet,
    definition: &Definition,
    meta: &ExportMeta,
    header: u32,
    columns: &Columns<'_>,
) -> Result<(), WriteError> {
    // Not wrapped: these lines run on over the columns to the right.
    let plain = Format::new().set_font_name(FONT).set_align(FormatAlign::Left);
    let title = plain.clone().set_bold().set_font_size(14);
    let digest: String = definition.digest.chars().take(12).collect();
    let lines = [
        (definition.layout.title.ja.clone(), &title),
        (format!("作成日 {}　作成者 {}", format_wareki(meta.exported_on), meta.by), &plain),
        (format!("記録番号 {} 時点　様式 {digest}", meta.seq), &plain),
    ];
    for (row, (text, format)) in (0..header).zip(&lines) {
        sheet.write_string_with_format(row, 0, text, format)?;
    }
    let format = ruled(Format::new().set_font_name(FONT).set_bold().set_text_wrap())
        .set_background_color(Color::RGB(0xE8_F1_FE))
        .set_align(FormatAlign::Center)
        .set_align(FormatAlign::VerticalCenter);
    for (place, (column, _)) in numbered(columns) {
        sheet.write_string_with_format(header, place, &column.header, &format)?;
    }
    Ok(())
}

/// Widths, A4, one page wide, headers on each page, page numbers.
fn page(
    sheet: &mut Worksheet,
    definition: &Definition,
    header: u32,
    last: u32,
    columns: &Columns<'_>,
) -> Result<(), WriteError> {
    for (place, (column, field)) in numbered(columns) {
        sheet.set_column_width(
            place,
            column.width.unwrap_or_else(|| width(column, field)).clamp(4.0, 120.0),
        )?;
    }
    sheet.set_paper_size(A4).set_print_fit_to_pages(1, 0).set_margins(0.4, 0.4, 0.6, 0.6, 0.3, 0.3);
    match definition.layout.orientation {
        Orientation::Landscape => sheet.set_landscape(),
        Orientation::Portrait => sheet.set_portrait(),
    };
    sheet.set_footer("&C&P / &N");
    sheet.set_repeat_rows(header, header)?;
    sheet.set_freeze_panes(header.saturating_add(1), 0)?;
    if let Some(right) = u16::try_from(columns.len()).ok().and_then(|count| count.checked_sub(1)) {
        sheet.set_print_area(0, 0, last, right)?;
        sheet.autofilter(header, 0, last, right)?;
    }
    Ok(())
}

/// The width of the layout, or one that fits the header and what such a field usually holds, in characters of half
/// width.
fn width(column: &LayoutColumn, field: &Field) -> f64 {
    let usual = match field.kind {
        FieldType::LongText => 40,
        FieldType::Text | FieldType::Url | FieldType::References(_) => 28,
        FieldType::Period => 36,
        FieldType::Date | FieldType::CorporateNumber | FieldType::Phone => 18,
        FieldType::Time
        | FieldType::Mail
        | FieldType::Mac
        | FieldType::Ip
        | FieldType::Person
        | FieldType::Unit => 24,
        _ => 12,
    };
    let header = half_widths(&column.header).saturating_add(2).clamp(8, 24);
    column.width.unwrap_or_else(|| f64::from(header.max(usual))).clamp(4.0, 120.0)
}

/// What a field offers to choose from.
fn choices(field: &Field) -> Vec<String> {
    let written = |value: Value| spell(field, &value, &NoLookup);
    match field.kind {
        FieldType::Choice => field.choices.iter().map(|choice| written(choice.id.as_str().into())).collect(),
        FieldType::Bool => [true, false].map(|flag| written(flag.into())).into(),
        _ => Vec::new(),
    }
}

/// The column of the hidden sheet that holds a list; the first two are the origin's.
fn list_column(place: usize) -> u16 {
    u16::try_from(place).unwrap_or(0).saturating_add(3)
}

fn offer(
    sheet: &mut Worksheet,
    header: u32,
    last: u32,
    column: u16,
    place: usize,
    words: usize,
) -> Result<(), WriteError> {
    let letters = column_name(list_column(place).into());
    let list = Formula::new(format!("={META_SHEET}!${letters}$1:${letters}${words}"));
    let offer = DataValidation::new()
        .allow_list_formula(list)
        .set_error_style(DataValidationErrorStyle::Stop)
        .set_error_title("入力できない値です")?
        .set_error_message("一覧から選んでください。")?;
    let last = last.saturating_add(SPARE_ROWS).min((1 << 20) - 1);
    sheet.add_data_validation(header.saturating_add(1), column, last, column, &offer)?;
    Ok(())
}

impl From<XlsxError> for WriteError {
    fn from(error: XlsxError) -> Self {
        Self::Workbook { detail: error.to_string().chars().filter(|c| !c.is_control()).take(200).collect() }
    }
}
