//! Tests of old workbooks: streams are put together record by record.

use crate::cases;
use crate::compound::tests::build;
use crate::{Options, RefusalCode, RemovalCode, disarm, extract_text, verify};

/// Records in a row.
#[derive(Default)]
struct Stream(Vec<u8>);

impl Stream {
    fn put(mut self, id: u16, parts: &[&[u8]]) -> Self {
        let data = parts.concat();
        self.0.extend_from_slice(&id.to_le_bytes());
        self.0.extend_from_slice(&(data.len() as u16).to_le_bytes());
        self.0.extend(data);
        self
    }

    fn begin(self, kind: u16) -> Self {
        self.put(0x809, &[&0x600_u16.to_le_bytes(), &kind.to_le_bytes(), &[0; 12]])
    }
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn cell(row: u16, column: u16) -> Vec<u8> {
    [row, column, 0].iter().flat_map(|n| n.to_le_bytes()).collect()
}

/// A formula cell whose cached value is 7.
fn formula(stream: Stream, row: u16, column: u16, tokens: &[u8]) -> Stream {
    let size = (tokens.len() as u16).to_le_bytes();
    stream.put(0x06, &[&cell(row, column), &7.0_f64.to_le_bytes(), &[0; 6], &size, tokens])
}

/// What a workbook of the tests is made of.
struct Book {
    globals: Stream,
    /// Name, state, kind, records.
    sheets: Vec<(&'static str, u8, u8, Stream)>,
}

impl Book {
    fn new() -> Self {
        Self { globals: Stream::default(), sheets: Vec::new() }
    }

    fn sheet(mut self, name: &'static str, state: u8, kind: u8, records: Stream) -> Self {
        self.sheets.push((name, state, kind, records));
        self
    }

    fn stream(self) -> Vec<u8> {
        let list = |places: &[u32]| {
            let mut out = Stream::default().begin(5);
            for ((name, state, kind, _), at) in self.sheets.iter().zip(places) {
                let name_units = wide(name);
                let count = (name_units.len() / 2) as u8;
                out = out.put(0x85, &[&at.to_le_bytes(), &[*state, *kind, count, 1], &name_units]);
            }
            out.0.extend_from_slice(&self.globals.0);
            out.put(0x0A, &[]).0
        };
        let mut at = list(&vec![0; self.sheets.len()]).len() as u32;
        let mut bodies = Vec::new();
        let mut places = Vec::new();
        for (_, _, _, records) in &self.sheets {
            let mut body = Stream::default().begin(0x10);
            body.0.extend_from_slice(&records.0);
            let body = body.put(0x0A, &[]).0;
            places.push(at);
            at += body.len() as u32;
            bodies.push(body);
        }
        [list(&places), bodies.concat()].concat()
    }

    fn file(self, more: &[(&str, &[u8])]) -> Vec<u8> {
        let stream = self.stream();
        let mut streams: Vec<(&str, &[u8])> = vec![("Workbook", &stream)];
        streams.extend_from_slice(more);
        build(&streams)
    }
}

fn label(stream: Stream, row: u16, column: u16, text: &str) -> Stream {
    let count = (text.encode_utf16().count() as u16).to_le_bytes();
    stream.put(0x204, &[&cell(row, column), &count, &[1], &wide(text)])
}

fn plain() -> Stream {
    label(Stream::default(), 0, 0, "住民票の写し")
}

/// The name record of a built-in name, which the tokens belong to.
fn auto_open(globals: Stream, tokens: &[u8]) -> Stream {
    let size = (tokens.len() as u16).to_le_bytes();
    globals.put(0x18, &[&[0x20, 0, 0, 1], &size, &[0; 8], &[0, 1], tokens])
}

/// A reference to another workbook or a DDE server, and to this one.
fn sources(globals: Stream, path: &str) -> Stream {
    let units = wide(path);
    let count = ((units.len() / 2) as u16).to_le_bytes();
    globals
        .put(0x1AE, &[&[2, 0, 1, 4]])
        .put(0x1AE, &[&[1, 0], &count, &[1], &units])
        .put(0x17, &[&[2, 0], &[0, 0, 0, 0, 0, 0], &[1, 0, 0, 0, 0, 0]])
}

fn made(name: &str) -> Vec<u8> {
    match name {
        "very_hidden_macro_sheet" => {
            let macros =
                formula(Stream::default(), 0, 0, &[0x17, 4, 0, b'c', b'a', b'l', b'c', 0x42, 1, 110, 0]);
            Book::new().sheet("Sheet1", 0, 0, plain()).sheet("Macro1", 2, 1, macros).file(&[])
        }
        "auto_open" => {
            let mut book = Book::new().sheet("Sheet1", 0, 0, plain());
            book.globals = auto_open(sources(Stream::default(), "x"), &[0x3A, 0, 0, 0, 0, 0, 0]);
            book.file(&[])
        }
        "vba" => Book::new().sheet("Sheet1", 0, 0, plain()).file(&[
            ("_VBA_PROJECT_CUR/VBA/dir", b"Attribute VB_Name"),
            ("_VBA_PROJECT_CUR/PROJECT", b"Module=Evil"),
        ]),
        "dde" => {
            let tokens = [0x39, 1, 0, 1, 0, 0, 0];
            let mut book = Book::new().sheet("Sheet1", 0, 0, formula(plain(), 1, 0, &tokens));
            book.globals = sources(Stream::default(), "cmd\u{3}/c calc");
            book.file(&[])
        }
        "external" => {
            let tokens = [0x3A, 1, 0, 0, 0, 0, 0];
            let mut book = Book::new().sheet("Sheet1", 0, 0, formula(plain(), 1, 0, &tokens));
            book.globals = sources(Stream::default(), "\u{1}\u{1}\\\\host\\share\\[a.xls]S");
            book.file(&[])
        }
        "ole" => Book::new()
            .sheet("Sheet1", 0, 0, plain())
            .file(&[("MBD00012345/\u{1}Ole10Native", b"MZ evil program")]),
        "program_function" => {
            // CALL("kernel32"): number 150.
            let tokens = [0x17, 3, 0, b'k', b'e', b'r', 0x42, 1, 150, 0];
            Book::new().sheet("Sheet1", 0, 0, formula(plain(), 1, 0, &tokens)).file(&[])
        }
        "sum" => {
            let tokens = [0x25, 0, 0, 2, 0, 0, 0xC0, 0, 0xC0, 0x19, 0x10, 0, 0];
            Book::new().sheet("集計", 0, 0, formula(plain(), 3, 0, &tokens)).file(&[])
        }
        "orphan" => {
            let mut file = made("sum");
            file.extend_from_slice(&[0; 512]);
            let at = file.len() - 512;
            file[at..at + 14].copy_from_slice(b"orphan secret!");
            file
        }
        "loop" => {
            let long = label(Stream::default(), 0, 0, &"長い文".repeat(1_500));
            let mut file = Book::new().sheet("Sheet1", 0, 0, long).file(&[]);
            let first = u32::from_le_bytes(file[76..80].try_into().unwrap()) as usize;
            let fat = 512 + first * 512;
            file[fat..fat + 4].copy_from_slice(&0_u32.to_le_bytes());
            file
        }
        "file_link" => {
            let target = wide("file://host/share/a.exe\0");
            let url =
                [0xE0, 0xC9, 0xEA, 0x79, 0xF9, 0xBA, 0xCE, 0x11, 0x8C, 0x82, 0, 0xAA, 0, 0x4B, 0xA9, 0x0B];
            let link = [
                &[0_u8; 8][..],
                &[0; 16],
                &[2, 0, 0, 0, 3, 0, 0, 0],
                &url,
                &(target.len() as u32).to_le_bytes(),
                &target,
            ]
            .concat();
            Book::new().sheet("Sheet1", 0, 0, plain().put(0x1B8, &[&link])).file(&[])
        }
        "xor" | "xor_other" => {
            let mut book = Book::new().sheet("Sheet1", 0, 0, plain());
            let hash: u16 = if name == "xor" { 0xBEEF } else { 1 };
            book.globals = Stream::default().put(0x2F, &[&[0, 0], &1_u16.to_le_bytes(), &hash.to_le_bytes()]);
            book.file(&[])
        }
        other => panic!("no builder {other}"),
    }
}

#[test]
fn cases_of_old_workbooks_hold() {
    cases::run(include_str!("../../cases/xls.md"), &made);
}

#[test]
fn formulas_keep_their_text_and_their_value() {
    let done = disarm(&made("sum"), &Options::default()).unwrap();
    let bare = cases::bare(&done.bytes);
    assert!(bare.contains("<f>SUM(A1:A3)</f><v>7</v>"), "{bare}");
    let text = extract_text(&made("sum"), &Options::default()).unwrap();
    assert_eq!(text.first().unwrap().location, "集計!A1");
    assert_eq!(text.first().unwrap().text, "住民票の写し");
}

#[test]
fn a_formula_that_goes_is_reported_with_its_cell() {
    let done = disarm(&made("external"), &Options::default()).unwrap();
    let formula = done.removed.iter().find(|removed| removed.what == RemovalCode::Formula).unwrap();
    assert_eq!(formula.location, "Sheet1!A2");
}

#[test]
fn a_password_that_does_not_fit_is_named() {
    let refused = |password: Option<&str>| {
        let options = Options { password: password.map(str::to_owned), ..Options::default() };
        disarm(&made("xor_other"), &options).unwrap_err().code
    };
    assert_eq!(refused(None), RefusalCode::Encrypted);
    assert_eq!(refused(Some("違う")), RefusalCode::WrongPassword);
}

#[test]
fn texts_go_on_in_the_next_record_with_another_width() {
    let sst = [&1_u32.to_le_bytes()[..], &1_u32.to_le_bytes(), &[6, 0, 0], b"abc"].concat();
    let globals = Stream::default().put(0xFC, &[&sst]).put(0x3C, &[&[1], &wide("市役所")]);
    let cells = Stream::default().put(0xFD, &[&cell(0, 0), &[0; 4]]);
    let mut book = Book::new().sheet("Sheet1", 0, 0, cells);
    book.globals = globals;
    let text = extract_text(&book.file(&[]), &Options::default()).unwrap();
    assert_eq!(text.first().unwrap().text, "abc市役所");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn changed_workbooks_are_written_soundly_or_refused(
        which in 0_usize..6,
        changes in proptest::collection::vec((0_usize..2_048, 0_u8..=255), 1..10),
    ) {
        let names = ["sum", "external", "auto_open", "very_hidden_macro_sheet", "file_link", "xor"];
        let mut file = made(names[which]);
        for (at, byte) in changes {
            if let Some(place) = file.get_mut(512 + at) {
                *place = byte;
            }
        }
        if let Ok(done) = disarm(&file, &Options::default()) {
            verify(&done.bytes, done.format, &crate::Limits::default()).unwrap();
        }
    }

    #[test]
    fn any_records_are_read_without_panic(bytes in proptest::collection::vec(0_u8..=255, 0..600)) {
        let mut stream = Stream::default().begin(5).0;
        stream.extend(bytes);
        let options = Options::default();
        let mut ctx = crate::context::Context::new(&options);
        let _ = super::read(&stream, &mut ctx);
    }
}
