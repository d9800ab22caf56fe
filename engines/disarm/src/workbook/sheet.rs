//! A worksheet part of the plain package.

use std::fmt::Write as _;

use super::package::{OFFICE, escaped, push_text};
use super::styles::push_colour;
use super::tokens::{error_text, number};
use super::{Area, Cell, Condition, Page, Row, Sheet, Validation, Value, Workbook, cell_name};

/// The part. `rules` counts the rules of the sheets before; relationships of links come first, then from `first_free`.
pub(super) fn write(
    book: &Workbook,
    sheet: &Sheet,
    in_front: bool,
    rules: usize,
    first_free: usize,
) -> String {
    let mut out = format!(
        "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" xmlns:r=\"{OFFICE}\">"
    );
    push_properties(&mut out, sheet);
    push_view(&mut out, sheet, in_front);
    push_defaults(&mut out, sheet);
    push_columns(&mut out, sheet);
    push_cells(&mut out, sheet, book.styles.formats.len());
    if let Some(filter) = sheet.filter {
        let _ = write!(out, "<autoFilter ref=\"{}\"/>", filter.text());
    }
    if !sheet.merges.is_empty() {
        out.push_str("<mergeCells>");
        for area in &sheet.merges {
            let _ = write!(out, "<mergeCell ref=\"{}\"/>", area.text());
        }
        out.push_str("</mergeCells>");
    }
    for (at, condition) in sheet.conditions.iter().enumerate() {
        push_condition(&mut out, condition, at, rules + at);
    }
    if !sheet.validations.is_empty() {
        out.push_str("<dataValidations>");
        for validation in &sheet.validations {
            push_validation(&mut out, validation);
        }
        out.push_str("</dataValidations>");
    }
    push_links(&mut out, sheet);
    push_page(&mut out, &sheet.page);
    if !sheet.drawings.is_empty() || sheet.drawing_part.is_some() {
        let _ = write!(out, "<drawing r:id=\"rId{first_free}\"/>");
    }
    out + "</worksheet>"
}

fn push_properties(out: &mut String, sheet: &Sheet) {
    out.push_str("<sheetPr>");
    if let Some(tab) = sheet.tab {
        push_colour(out, "tabColor", tab);
    }
    if sheet.summary_above || sheet.summary_left {
        out.push_str("<outlinePr");
        if sheet.summary_above {
            out.push_str(" summaryBelow=\"0\"");
        }
        if sheet.summary_left {
            out.push_str(" summaryRight=\"0\"");
        }
        out.push_str("/>");
    }
    if sheet.page.fit {
        out.push_str("<pageSetUpPr fitToPage=\"1\"/>");
    }
    out.push_str("</sheetPr>");
}

fn push_view(out: &mut String, sheet: &Sheet, in_front: bool) {
    let view = &sheet.view;
    out.push_str("<sheetViews><sheetView");
    for (name, value, default) in [
        ("showFormulas", view.formulas, false),
        ("showGridLines", view.grid, true),
        ("showRowColHeaders", view.headings, true),
        ("showZeros", view.zeros, true),
        ("rightToLeft", view.right_to_left, false),
        ("tabSelected", in_front, false),
    ] {
        if value != default {
            let _ = write!(out, " {name}=\"{}\"", u8::from(value));
        }
    }
    if view.page_breaks {
        out.push_str(" view=\"pageBreakPreview\"");
    }
    if (10..=400).contains(&view.zoom) && view.zoom != 100 {
        let _ = write!(out, " zoomScale=\"{}\" zoomScaleNormal=\"{}\"", view.zoom, view.zoom);
    }
    out.push_str(" workbookViewId=\"0\">");
    if let Some((columns, rows)) = view.frozen.filter(|frozen| *frozen != (0, 0)) {
        out.push_str("<pane");
        if columns > 0 {
            let _ = write!(out, " xSplit=\"{columns}\"");
        }
        if rows > 0 {
            let _ = write!(out, " ySplit=\"{rows}\"");
        }
        let pane = match (columns > 0, rows > 0) {
            (true, true) => "bottomRight",
            (true, false) => "topRight",
            _ => "bottomLeft",
        };
        let (row, column) = (view.top_left.0.max(rows), view.top_left.1.max(columns));
        let _ = write!(
            out,
            " topLeftCell=\"{}\" activePane=\"{pane}\" state=\"frozen\"/>",
            cell_name(row, column)
        );
    }
    out.push_str("</sheetView></sheetViews>");
}

fn push_defaults(out: &mut String, sheet: &Sheet) {
    out.push_str("<sheetFormatPr");
    if let Some(width) = sheet.default_width {
        let _ = write!(out, " defaultColWidth=\"{width}\"");
    }
    let (height, hidden) = sheet.default_height.unwrap_or((13.5, false));
    let _ = write!(out, " defaultRowHeight=\"{height}\"");
    if sheet.default_height.is_some() {
        out.push_str(" customHeight=\"1\"");
    }
    if hidden {
        out.push_str(" zeroHeight=\"1\"");
    }
    out.push_str("/>");
}

fn push_columns(out: &mut String, sheet: &Sheet) {
    let mut columns: Vec<_> =
        sheet.columns.iter().filter(|c| c.first <= c.last && c.last <= 0x3FFF).collect();
    columns.sort_by_key(|column| column.first);
    let mut next = 0;
    let mut cols = String::new();
    for column in columns {
        // Columns that are set twice keep what was set first.
        let first = column.first.max(next);
        if first > column.last {
            continue;
        }
        next = column.last + 1;
        let _ = write!(
            cols,
            "<col min=\"{}\" max=\"{}\" width=\"{}\" style=\"{}\" customWidth=\"1\"",
            first + 1,
            column.last + 1,
            column.width.clamp(0.0, 255.0),
            column.style
        );
        push_outline(&mut cols, column.hidden, column.level, column.collapsed);
        cols.push_str("/>");
    }
    if !cols.is_empty() {
        let _ = write!(out, "<cols>{cols}</cols>");
    }
}

fn push_outline(out: &mut String, hidden: bool, level: u8, collapsed: bool) {
    if hidden {
        out.push_str(" hidden=\"1\"");
    }
    if level > 0 {
        let _ = write!(out, " outlineLevel=\"{level}\"");
    }
    if collapsed {
        out.push_str(" collapsed=\"1\"");
    }
}

fn push_cells(out: &mut String, sheet: &Sheet, formats: usize) {
    out.push_str("<sheetData>");
    let mut cells = sheet.cells.iter().peekable();
    let mut rows = sheet.rows.iter().peekable();
    loop {
        let of_cells = cells.peek().map(|((row, _), _)| *row);
        let of_rows = rows.peek().map(|(row, _)| **row);
        let Some(number) = of_cells.into_iter().chain(of_rows).min() else { break };
        let row = rows.next_if(|(row, _)| **row == number).map(|(_, row)| row);
        push_row(out, number, row);
        while let Some(((_, column), cell)) = cells.next_if(|((row, _), _)| *row == number) {
            push_cell(out, number, *column, cell, formats);
        }
        out.push_str("</row>");
    }
    out.push_str("</sheetData>");
}

fn push_row(out: &mut String, number: u32, row: Option<&Row>) {
    let _ = write!(out, "<row r=\"{}\"", number + 1);
    if let Some(row) = row {
        if let Some(style) = row.style {
            let _ = write!(out, " s=\"{style}\" customFormat=\"1\"");
        }
        if let Some(height) = row.height {
            let _ = write!(out, " ht=\"{height}\"");
        }
        if row.custom {
            out.push_str(" customHeight=\"1\"");
        }
        push_outline(out, row.hidden, row.level, row.collapsed);
    }
    out.push('>');
}

fn push_cell(out: &mut String, row: u32, column: u32, cell: &Cell, formats: usize) {
    let style = if (cell.style as usize) < formats { cell.style } else { 0 };
    let _ = write!(out, "<c r=\"{}\"", cell_name(row, column));
    if style > 0 {
        let _ = write!(out, " s=\"{style}\"");
    }
    let kind = match (&cell.value, &cell.formula) {
        (Value::Shared(_), _) => " t=\"s\"",
        (Value::Text(_), Some(_)) => " t=\"str\"",
        (Value::Text(_), None) => " t=\"inlineStr\"",
        (Value::Bool(_), _) => " t=\"b\"",
        (Value::Error(_), _) => " t=\"e\"",
        _ => "",
    };
    let _ = write!(out, "{kind}>");
    if let Some(formula) = &cell.formula {
        match cell.array {
            Some(area) => {
                let _ = write!(out, "<f t=\"array\" ref=\"{}\">{}</f>", area.text(), escaped(formula));
            }
            None => {
                let _ = write!(out, "<f>{}</f>", escaped(formula));
            }
        }
    }
    let _ = match &cell.value {
        Value::Blank => Ok(()),
        // Numbers that are none have no text in XML.
        Value::Number(value) if !value.is_finite() => Ok(()),
        Value::Number(value) => write!(out, "<v>{}</v>", number(*value)),
        Value::Shared(index) => write!(out, "<v>{index}</v>"),
        Value::Text(text) if cell.formula.is_some() => write!(out, "<v>{}</v>", escaped(text)),
        Value::Text(text) => {
            out.push_str("<is>");
            push_text(out, text);
            out.push_str("</is>");
            Ok(())
        }
        Value::Bool(value) => write!(out, "<v>{}</v>", u8::from(*value)),
        Value::Error(code) => write!(out, "<v>{}</v>", error_text(*code)),
    };
    out.push_str("</c>");
}

fn list(areas: &[Area]) -> String {
    areas.iter().map(|area| area.text()).collect::<Vec<_>>().join(" ")
}

fn push_condition(out: &mut String, condition: &Condition, at: usize, rule: usize) {
    const OPERATORS: [&str; 8] = [
        "between",
        "notBetween",
        "equal",
        "notEqual",
        "greaterThan",
        "lessThan",
        "greaterThanOrEqual",
        "lessThanOrEqual",
    ];
    let operator = condition.operator.and_then(|n| OPERATORS.get(usize::from(n).checked_sub(1)?));
    let _ = write!(out, "<conditionalFormatting sqref=\"{}\"><cfRule", list(&condition.areas));
    match operator {
        Some(operator) => {
            let _ = write!(out, " type=\"cellIs\" operator=\"{operator}\"");
        }
        None => out.push_str(" type=\"expression\""),
    }
    let _ = write!(out, " dxfId=\"{rule}\" priority=\"{}\"", at + 1);
    if condition.stop {
        out.push_str(" stopIfTrue=\"1\"");
    }
    out.push('>');
    for formula in &condition.formulas {
        let _ = write!(out, "<formula>{}</formula>", escaped(formula));
    }
    out.push_str("</cfRule></conditionalFormatting>");
}

fn push_validation(out: &mut String, validation: &Validation) {
    const KINDS: [&str; 8] = ["none", "whole", "decimal", "list", "date", "time", "textLength", "custom"];
    const STYLES: [&str; 3] = ["stop", "warning", "information"];
    const OPERATORS: [&str; 8] = [
        "between",
        "notBetween",
        "equal",
        "notEqual",
        "greaterThan",
        "lessThan",
        "greaterThanOrEqual",
        "lessThanOrEqual",
    ];
    const IME: [&str; 8] =
        ["noControl", "on", "off", "disabled", "hiragana", "fullKatakana", "halfKatakana", "fullAlpha"];
    out.push_str("<dataValidation");
    for (name, table, at) in [
        ("type", &KINDS[..], validation.kind),
        ("errorStyle", &STYLES[..], validation.style),
        ("imeMode", &IME[..], validation.ime),
        ("operator", &OPERATORS[..], validation.operator),
    ] {
        if let Some(word) = table.get(usize::from(at)).filter(|_| at > 0) {
            let _ = write!(out, " {name}=\"{word}\"");
        }
    }
    for (name, holds) in [
        ("allowBlank", validation.allow_blank),
        ("showDropDown", validation.no_list),
        ("showInputMessage", validation.show_input),
        ("showErrorMessage", validation.show_error),
    ] {
        if holds {
            let _ = write!(out, " {name}=\"1\"");
        }
    }
    for (name, text, most) in [
        ("errorTitle", &validation.error_title, 32),
        ("error", &validation.error, 255),
        ("promptTitle", &validation.prompt_title, 32),
        ("prompt", &validation.prompt, 255),
    ] {
        let text: String = text.trim_matches('\0').chars().take(most).collect();
        if !text.is_empty() {
            let _ = write!(out, " {name}=\"{}\"", escaped(&text));
        }
    }
    let _ = write!(out, " sqref=\"{}\">", list(&validation.areas));
    for (tag, formula) in ["formula1", "formula2"].iter().zip(&validation.formulas) {
        if let Some(formula) = formula {
            let _ = write!(out, "<{tag}>{}</{tag}>", escaped(formula));
        }
    }
    out.push_str("</dataValidation>");
}

fn push_links(out: &mut String, sheet: &Sheet) {
    if sheet.links.is_empty() {
        return;
    }
    out.push_str("<hyperlinks>");
    let mut number = 0;
    for link in &sheet.links {
        let _ = write!(out, "<hyperlink ref=\"{}\"", link.area.text());
        if !link.address.is_empty() {
            number += 1;
            let _ = write!(out, " r:id=\"rId{number}\"");
        }
        for (name, value) in [("location", &link.location), ("tooltip", &link.tooltip)] {
            if !value.is_empty() {
                let _ = write!(out, " {name}=\"{}\"", escaped(value));
            }
        }
        out.push_str("/>");
    }
    out.push_str("</hyperlinks>");
}

fn push_page(out: &mut String, page: &Page) {
    let options = [
        ("horizontalCentered", page.centred_across),
        ("verticalCentered", page.centred_down),
        ("headings", page.headings),
        ("gridLines", page.grid),
    ];
    if options.iter().any(|(_, holds)| *holds) {
        out.push_str("<printOptions");
        for (name, _) in options.iter().filter(|(_, holds)| *holds) {
            let _ = write!(out, " {name}=\"1\"");
        }
        out.push_str("/>");
    }
    if let Some([left, right, top, bottom, header, footer]) = page.margins {
        let _ = write!(
            out,
            "<pageMargins left=\"{left}\" right=\"{right}\" top=\"{top}\" bottom=\"{bottom}\" header=\"{header}\" footer=\"{footer}\"/>"
        );
    }
    if page.set {
        push_setup(out, page);
    }
    if !page.header.is_empty() || !page.footer.is_empty() {
        out.push_str("<headerFooter>");
        for (tag, text) in [("oddHeader", &page.header), ("oddFooter", &page.footer)] {
            if !text.is_empty() {
                let _ = write!(out, "<{tag}>{}</{tag}>", escaped(text));
            }
        }
        out.push_str("</headerFooter>");
    }
    for (tag, breaks, most) in
        [("rowBreaks", &page.row_breaks, 16_383), ("colBreaks", &page.column_breaks, 1_048_575)]
    {
        if breaks.is_empty() {
            continue;
        }
        let _ = write!(out, "<{tag} count=\"{0}\" manualBreakCount=\"{0}\">", breaks.len());
        for at in breaks {
            let _ = write!(out, "<brk id=\"{at}\" max=\"{most}\" man=\"1\"/>");
        }
        let _ = write!(out, "</{tag}>");
    }
}

fn push_setup(out: &mut String, page: &Page) {
    out.push_str("<pageSetup");
    if page.paper > 0 && page.paper < 256 {
        let _ = write!(out, " paperSize=\"{}\"", page.paper);
    }
    if (10..=400).contains(&page.scale) && page.scale != 100 {
        let _ = write!(out, " scale=\"{}\"", page.scale);
    }
    if let Some(first) = page.first_page {
        let _ = write!(out, " firstPageNumber=\"{first}\" useFirstPageNumber=\"1\"");
    }
    if page.fit {
        let _ = write!(out, " fitToWidth=\"{}\" fitToHeight=\"{}\"", page.fit_width, page.fit_height);
    }
    if page.over_then_down {
        out.push_str(" pageOrder=\"overThenDown\"");
    }
    let _ = write!(out, " orientation=\"{}\"", if page.landscape { "landscape" } else { "portrait" });
    if page.grey {
        out.push_str(" blackAndWhite=\"1\"");
    }
    out.push_str("/>");
}
