//! Tests of binary workbooks in packages: parts are put together record by record.

use crate::cases;
use crate::zip::{Storage, Writer};
use crate::{Options, disarm, extract_text, verify};

fn record(id: u16, parts: &[&[u8]]) -> Vec<u8> {
    let data = parts.concat();
    let mut out = Vec::new();
    if id < 0x80 {
        out.push(id as u8);
    } else {
        out.extend([(id & 0x7F) as u8 | 0x80, (id >> 7) as u8]);
    }
    let mut size = data.len();
    loop {
        let byte = (size & 0x7F) as u8;
        size >>= 7;
        out.push(if size > 0 { byte | 0x80 } else { byte });
        if size == 0 {
            break;
        }
    }
    out.extend(data);
    out
}

fn text(value: &str) -> Vec<u8> {
    let units: Vec<u8> = value.encode_utf16().flat_map(u16::to_le_bytes).collect();
    [&(value.encode_utf16().count() as u32).to_le_bytes()[..], &units].concat()
}

fn row(number: u32) -> Vec<u8> {
    record(0, &[&number.to_le_bytes(), &[0; 13]])
}

fn label(column: u32, value: &str) -> Vec<u8> {
    record(6, &[&column.to_le_bytes(), &[0; 4], &text(value)])
}

/// A formula whose cached value is 7.
fn formula(column: u32, tokens: &[u8]) -> Vec<u8> {
    let size = (tokens.len() as u32).to_le_bytes();
    record(9, &[&column.to_le_bytes(), &[0; 4], &7.0_f64.to_le_bytes(), &[0; 2], &size, tokens, &[0; 4]])
}

fn bound(state: u32, id: &str, name: &str) -> Vec<u8> {
    record(156, &[&state.to_le_bytes(), &1_u32.to_le_bytes(), &text(id), &text(name)])
}

fn rels(rows: &[(&str, &str)]) -> String {
    let kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let mut out = String::from(
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">",
    );
    for (number, (name, target)) in (1..).zip(rows) {
        out.push_str(&format!(
            "<Relationship Id=\"rId{number}\" Type=\"{kind}/{name}\" Target=\"{target}\"/>"
        ));
    }
    out + "</Relationships>"
}

fn package(workbook: &[u8], sheet: &[u8], more: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = Writer::new();
    let types = "<Types><Override PartName=\"/xl/workbook.bin\" ContentType=\"application/vnd.ms-excel.sheet.binary.macroEnabled.main\"/></Types>";
    let links = rels(&[("worksheet", "worksheets/sheet1.bin"), ("xlMacrosheet", "macrosheets/sheet1.bin")]);
    let root = rels(&[("officeDocument", "xl/workbook.bin")]);
    let parts: [(&str, &[u8]); 5] = [
        ("[Content_Types].xml", types.as_bytes()),
        ("_rels/.rels", root.as_bytes()),
        ("xl/workbook.bin", workbook),
        ("xl/_rels/workbook.bin.rels", links.as_bytes()),
        ("xl/worksheets/sheet1.bin", sheet),
    ];
    for (name, bytes) in parts.iter().chain(more) {
        zip.add(name, bytes, Storage::Deflate).unwrap();
    }
    zip.finish().unwrap()
}

fn made(name: &str) -> Vec<u8> {
    let one = bound(0, "rId1", "集計");
    let cells = [row(0), label(0, "住民票の写し")].concat();
    let outside = [record(355, &[&text("rId9")]), record(362, &[&1_u32.to_le_bytes(), &[0; 12]])].concat();
    match name {
        "plain" => package(&one, &cells, &[]),
        "sum" => {
            let area =
                [&[0x25_u8][..], &0_u32.to_le_bytes(), &2_u32.to_le_bytes(), &[0, 0xC0, 0, 0xC0]].concat();
            let tokens = [&area[..], &[0x19, 0x10, 0, 0]].concat();
            package(&one, &[cells, row(3), formula(0, &tokens)].concat(), &[])
        }
        "macro_sheet" => {
            let book = [one, bound(2, "rId2", "Macro1")].concat();
            package(&book, &cells, &[("xl/macrosheets/sheet1.bin", b"EXEC calc")])
        }
        "vba" => package(&one, &cells, &[("xl/vbaProject.bin", b"Module=Evil")]),
        "external" => {
            let tokens = [0x3A, 0, 0, 0, 0, 0, 0, 0, 0];
            package(
                &[one, outside].concat(),
                &[cells, row(1), formula(0, &tokens)].concat(),
                &[("xl/externalLinks/externalLink1.bin", b"\\\\host\\a.xlsx")],
            )
        }
        "dde" => {
            let tokens = [0x39, 0, 0, 1, 0, 0, 0];
            package(&[one, outside].concat(), &[cells, row(1), formula(0, &tokens)].concat(), &[])
        }
        "auto_open" => {
            let tokens = [0x1E, 1, 0];
            let name = record(
                39,
                &[
                    &0x20_u32.to_le_bytes(),
                    &[0],
                    &u32::MAX.to_le_bytes(),
                    &text("Auto_Open"),
                    &3_u32.to_le_bytes(),
                    &tokens,
                    &[0; 4],
                ],
            );
            package(&[one, name].concat(), &cells, &[])
        }
        other => panic!("no builder {other}"),
    }
}

#[test]
fn cases_of_binary_workbooks_hold() {
    cases::run(include_str!("../../cases/xlsb.md"), &made);
}

#[test]
fn cells_are_found_by_sheet_and_name() {
    let pieces = extract_text(&made("plain"), &Options::default()).unwrap();
    assert_eq!((pieces[0].location.as_str(), pieces[0].text.as_str()), ("集計!A1", "住民票の写し"));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn any_parts_are_written_soundly_or_refused(
        book in proptest::collection::vec(0_u8..=255, 0..80),
        sheet in proptest::collection::vec(0_u8..=255, 0..300),
    ) {
        let workbook = [bound(0, "rId1", "集計"), book].concat();
        let cells = [row(0), label(0, "文"), sheet].concat();
        if let Ok(done) = disarm(&package(&workbook, &cells, &[]), &Options::default()) {
            verify(&done.bytes, done.format, &crate::Limits::default()).unwrap();
        }
    }
}
