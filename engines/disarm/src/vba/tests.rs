use super::*;
use crate::zip::{Storage, Writer};
use crate::{Disarmed, Format, Limits, Options, RemovalCode, disarm, macros, verify, verify_keeping};

const BOOK: &[u8] = include_bytes!("../../cases/macros/SimpleMacro.xlsm");

fn approving(hash: &str) -> Options {
    Options { name: "集計.xlsm".to_owned(), approved_macros: vec![hash.to_owned()], ..Options::default() }
}

fn hash_of(book: &[u8]) -> String {
    macros(book, &Options::default()).unwrap().first().unwrap().sha256.clone()
}

fn part(book: &[u8], name: &str) -> Option<Vec<u8>> {
    let options = Options::default();
    let mut ctx = Context::new(&options);
    let archive = Archive::read(book, &mut ctx).unwrap();
    archive.find(name).map(|entry| archive.bytes(entry, &mut ctx).unwrap())
}

/// The package with one part changed.
fn with(book: &[u8], name: &str, change: &dyn Fn(&mut Vec<u8>)) -> Vec<u8> {
    let options = Options::default();
    let mut ctx = Context::new(&options);
    let archive = Archive::read(book, &mut ctx).unwrap();
    let mut writer = Writer::new();
    for entry in archive.entries() {
        let mut bytes = archive.bytes(entry, &mut ctx).unwrap();
        if entry.name == name {
            change(&mut bytes);
        }
        writer.add(&entry.name, &bytes, Storage::Deflate).unwrap();
    }
    writer.finish().unwrap()
}

fn dropped(done: &Disarmed) {
    assert_eq!(done.format, Format::Xlsx);
    assert!(done.kept_macros.is_empty() && part(&done.bytes, "xl/vbaProject.bin").is_none());
    assert!(done.removed.iter().any(|removed| removed.what == RemovalCode::Vba), "{:?}", done.removed);
    verify(&done.bytes, done.format, &Limits::default()).unwrap();
}

#[test]
fn modules_are_listed_with_their_source() {
    let projects = macros(BOOK, &Options::default()).unwrap();
    let [project] = projects.as_slice() else { panic!("{projects:?}") };
    let names: Vec<_> = project.modules.iter().map(|module| (module.name.as_str(), module.kind)).collect();
    assert_eq!(names.first(), Some(&("Module1", MacroKind::Standard)));
    assert!(names.contains(&("ThisWorkbook", MacroKind::Document)));
    assert!(project.modules[0].source.contains("Sub TestMacro"), "{}", project.modules[0].source);
    assert!(macros(b"%PDF-1.7", &Options::default()).unwrap().is_empty());
}

#[test]
fn a_project_that_nobody_approved_is_dropped() {
    dropped(&disarm(BOOK, &Options::default()).unwrap());
    dropped(&disarm(BOOK, &approving(&"0".repeat(64))).unwrap());
}

#[test]
fn an_approved_project_stays_byte_for_byte_and_only_its_approval_lets_it_pass() {
    let hash = hash_of(BOOK);
    let done = disarm(BOOK, &approving(&hash.to_uppercase())).unwrap();
    assert_eq!((done.format, &done.kept_macros), (Format::Xlsm, &vec![hash.clone()]));
    assert_eq!(part(&done.bytes, "xl/vbaProject.bin"), part(BOOK, "xl/vbaProject.bin"));
    let book = String::from_utf8(part(&done.bytes, "xl/workbook.xml").unwrap()).unwrap();
    assert!(book.contains("codeName=\"ThisWorkbook\""), "{book}");
    let limits = Limits::default();
    verify_keeping(&done.bytes, done.format, &limits, std::slice::from_ref(&hash)).unwrap();
    assert!(verify(&done.bytes, done.format, &limits).is_err());
    assert!(verify(&done.bytes, Format::Xlsx, &limits).is_err());
    assert!(verify_keeping(&done.bytes, done.format, &limits, &["0".repeat(64)]).is_err());
    assert!(verify_keeping(BOOK, Format::Xlsm, &limits, &[hash]).is_err());
}

#[test]
fn one_changed_byte_undoes_an_approval() {
    let hash = hash_of(BOOK);
    let changed = with(BOOK, "xl/vbaProject.bin", &|bytes| bytes[600] ^= 1);
    dropped(&disarm(&changed, &approving(&hash)).unwrap());
    let done = disarm(BOOK, &approving(&hash)).unwrap();
    let changed = with(&done.bytes, "xl/vbaProject.bin", &|bytes| *bytes.last_mut().unwrap() ^= 1);
    assert!(verify_keeping(&changed, Format::Xlsm, &Limits::default(), &[hash]).is_err());
}

#[test]
fn approvals_do_not_reach_into_archives() {
    let mut writer = Writer::new();
    writer.add("集計.xlsm", BOOK, Storage::Store).unwrap();
    let done = disarm(&writer.finish().unwrap(), &approving(&hash_of(BOOK))).unwrap();
    assert!(done.kept_macros.is_empty());
    verify(&done.bytes, done.format, &Limits::default()).unwrap();
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn a_changed_project_never_panics(at in 0_usize..20_000, with in 1_u8..=255) {
        let mut project = part(BOOK, "xl/vbaProject.bin").unwrap();
        let at = at % project.len();
        project[at] ^= with;
        let _ = macros(&project, &Options::default());
    }
}
