use crate::{Format, Limits, Options};

fn make(name: &str) -> Vec<u8> {
    let drawing = "  0\nSECTION\n  2\nHEADER\n  9\n$ACADVER\n  1\nAC1015\n  9\n$MENU\n  1\nC:\\evil\\menu\n  0\nENDSEC\n  0\nSECTION\n  2\nTABLES\n  0\nTABLE\n  2\nSTYLE\n  0\nSTYLE\n  2\n標準\n  3\n\\\\192.0.2.1\\share\\txt.shx\n  0\nENDTAB\n  0\nENDSEC\n  0\nSECTION\n  2\nBLOCKS\n  0\nBLOCK\n  2\n外部\n 70\n     4\n  1\nD:\\図面\\別.dwg\n  0\nENDBLK\n  0\nENDSEC\n  0\nSECTION\n  2\nENTITIES\n  0\nTEXT\n  8\n0\n 10\n0.0\n 20\n0.0\n 40\n2.5\n  1\n道路平面図\n1001\nPE_URL\n1000\nhttp://192.0.2.1/\n  0\nOLE2FRAME\n310\nD0CF11E0\n  0\nLINE\n 10\n0.0\n 20\n0.0\n 11\n1.5e1\n 21\n1\n  0\nENDSEC\n  0\nEOF\n";
    let features = "ISO-10303-21;\r\nHEADER;\r\nFILE_DESCRIPTION(('SCADEC level2 feature_mode'),\r\n '2;1');\r\nFILE_NAME('a.sfc','2026-4-1T9:0:0',(''),(''),'x','y','');\r\nFILE_SCHEMA(('ASSOCIATIVE_DRAUGHTING'));\r\nENDSEC;\r\nDATA;\r\n/* 作った人 */\r\n/*SXF\r\n#10 = drawing_sheet_feature('\\'道路平面図\\'','3','1')\r\n#20 = text_string_feature('1','1','\\'\\\\\\\\server\\\\x\\'')\r\nSXF*/\r\nENDSEC;\r\nEND-ISO-10303-21;\r\n";
    let text = match name {
        "dxf" => drawing.replace('\n', "\r\n"),
        "dxf_broken" => drawing.replace("1.5e1", "ten"),
        "sfc" => features.to_owned(),
        "p21" => features
            .replace("feature_mode", "ap202_mode")
            .replace("/*SXF", "/*")
            .replace("SXF*/", "*/")
            .replace("DATA;", "DATA;\r\n#1=PRODUCT('道路 ''平面''','C:\\a\\b.p21',$,(#2,#3),.T.,1.E-3);"),
        other => panic!("no drawing {other}"),
    };
    encoding_rs::SHIFT_JIS.encode(&text).0.into_owned()
}

#[test]
fn drawings_hold_to_their_document() {
    crate::cases::run(include_str!("../../cases/cad.md"), &make);
}

#[test]
fn cp932_stays_and_a_second_run_changes_nothing() {
    for (name, format) in [("dxf", Format::Dxf), ("sfc", Format::Sfc), ("p21", Format::P21)] {
        let options = Options { name: format!("a.{name}"), ..Options::default() };
        let once = crate::disarm(&make(name), &options).unwrap();
        assert_eq!(once.format, format);
        assert!(std::str::from_utf8(&once.bytes).is_err());
        let twice = crate::disarm(&once.bytes, &options).unwrap();
        assert_eq!(twice.bytes, once.bytes, "{name}");
        assert!(crate::verify(&make(name), format, &Limits::default()).is_err(), "{name}");
    }
}

proptest::proptest! {
    #[test]
    fn a_changed_drawing_never_panics_and_never_passes_unverified(
        which in 0_usize..3, at in 0_usize..2000, byte in 0_u8..=255
    ) {
        let name = ["dxf", "sfc", "p21"][which];
        let mut file = make(name);
        let length = file.len();
        file[at % length] = byte;
        let options = Options { name: format!("a.{name}"), ..Options::default() };
        if let Ok(out) = crate::disarm(&file, &options) {
            proptest::prop_assert_eq!(crate::verify(&out.bytes, out.format, &Limits::default()), Ok(()));
        }
    }
}
