//! The documents of `cases/odf.md`, and what mutations must not break.

use super::*;
use crate::zip::{Storage, Writer};
use crate::{Limits, Options, verify};

const OFFICE: &str = "urn:oasis:names:tc:opendocument:xmlns:";
const TEXT: &str = "application/vnd.oasis.opendocument.text";
const SHEET: &str = "application/vnd.oasis.opendocument.spreadsheet";
const SLIDES: &str = "application/vnd.oasis.opendocument.presentation-template";

#[test]
fn the_cases_of_opendocument_hold() {
    crate::cases::run(include_str!("../../cases/odf.md"), &make);
}

fn namespaces() -> String {
    let mut out = String::new();
    for (prefix, tail) in [
        ("office", "office:1.0"),
        ("text", "text:1.0"),
        ("table", "table:1.0"),
        ("draw", "drawing:1.0"),
        ("style", "style:1.0"),
        ("svg", "svg-compatible:1.0"),
        ("script", "script:1.0"),
        ("form", "form:1.0"),
        ("presentation", "presentation:1.0"),
        ("anim", "animation:1.0"),
    ] {
        out.push_str(&format!(" xmlns:{prefix}=\"{OFFICE}{tail}\""));
    }
    out + " xmlns:xlink=\"http://www.w3.org/1999/xlink\""
}

fn content(before: &str, body: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><office:document-content{} office:version=\"1.3\">{before}<office:body>{body}</office:body></office:document-content>",
        namespaces()
    )
}

fn package(media: &str, content: &str, parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.add("mimetype", media.as_bytes(), Storage::Store).unwrap();
    writer.add("content.xml", content.as_bytes(), Storage::Deflate).unwrap();
    for (name, bytes) in parts {
        writer.add(name, bytes, Storage::Deflate).unwrap();
    }
    writer.finish().unwrap()
}

fn text(body: &str, parts: &[(&str, &[u8])]) -> Vec<u8> {
    let body = format!("<office:text><text:p>お知らせ</text:p>{body}</office:text>");
    package(TEXT, &content("", &body), parts)
}

fn cells(cells: &str) -> Vec<u8> {
    let body = format!(
        "<office:spreadsheet><table:table table:name=\"集計\"><table:table-row>{cells}</table:table-row></table:table></office:spreadsheet>"
    );
    package(SHEET, &content("", &body), &[])
}

fn cell(formula: &str, shown: &str) -> String {
    format!(
        "<table:table-cell table:formula=\"{formula}\" office:value-type=\"string\"><text:p>{shown}</text:p></table:table-cell>"
    )
}

fn make(name: &str) -> Vec<u8> {
    match name {
        "macros" => {
            let scripts = "<office:scripts><office:event-listeners><script:event-listener script:language=\"ooo:script\" \
                 script:event-name=\"dom:load\" xlink:href=\"vnd.sun.star.script:Evil\"/></office:event-listeners></office:scripts>";
            let body = "<office:text><text:p>お知らせ<text:execute-macro text:name=\"Evil\">押す</text:execute-macro></text:p></office:text>";
            package(
                TEXT,
                &content(scripts, body),
                &[
                    ("Basic/Standard/Module1.xml", b"Sub Evil"),
                    ("Scripts/python/evil.py", b"Evil"),
                    ("Configurations2/accelerator/current.xml", b"Evil"),
                    ("Thumbnails/thumbnail.png", b"Evil"),
                    ("meta.xml", b"<Evil/>"),
                ],
            )
        }
        "links" => text(
            "<text:p><text:a xlink:href=\"vnd.sun.star.script:evil\">甲</text:a><text:a xlink:href=\"file:///etc/evil\">乙</text:a>\
             <text:a xlink:type=\"simple\" xlink:href=\"https://www.example.lg.jp/\">丙</text:a><text:a xlink:href=\"#見出し\">丁</text:a></text:p>",
            &[],
        ),
        "pictures" => text(
            "<text:p><draw:frame><draw:image xlink:href=\"http://127.0.0.1/evil.png\"/></draw:frame></text:p>",
            &[("Pictures/evil.png", b"evil")],
        ),
        "objects" => text(
            "<text:p><draw:frame><draw:object-ole xlink:href=\"./Object 1\"/><draw:image xlink:href=\"./ObjectReplacements/Object 1\"/></draw:frame>\
             <draw:frame><draw:plugin xlink:href=\"http://127.0.0.1/evil\"/></draw:frame><draw:frame><draw:applet xlink:href=\"evil.jar\"/></draw:frame>\
             <draw:frame><draw:floating-frame xlink:href=\"http://127.0.0.1/evil\"/></draw:frame></text:p>",
            &[("Object 1", b"evil"), ("ObjectReplacements/Object 1", b"evil")],
        ),
        "sources" => text(
            "<text:section text:name=\"節\"><text:section-source xlink:href=\"http://127.0.0.1/evil.odt\"/><text:p>節の文</text:p></text:section>\
             <text:p><text:dde-connection text:connection-name=\"evil\">値</text:dde-connection></text:p>",
            &[],
        ),
        "cells" => cells(&[
            cell("of:=SUM([.B1:.C1])", "三"),
            cell("of:=WEBSERVICE(&quot;http://127.0.0.1/evil&quot;)", "四"),
            cell("of:=DDE(&quot;soffice&quot;;&quot;evil&quot;;&quot;x&quot;)", "五"),
            cell("of:=['file:///evil.ods'#$Sheet1.A1]", "六"),
        ].concat()),
        "table_source" => cells(
            "<table:table-cell><table:cell-range-source table:name=\"evil\" xlink:href=\"http://127.0.0.1/evil.ods\"/><text:p>七</text:p></table:table-cell>",
        ),
        "forms" => text(
            "<office:forms><form:form><form:button form:label=\"evil\" xlink:href=\"http://127.0.0.1/\"/></form:form></office:forms>",
            &[],
        ),
        "slides" => {
            let body = "<office:presentation><draw:page draw:name=\"p1\"><draw:frame><draw:text-box><text:p>説明</text:p></draw:text-box>\
                 <office:event-listeners><presentation:event-listener script:event-name=\"dom:click\" presentation:action=\"execute\" \
                 xlink:href=\"file:///evil.exe\"/></office:event-listeners></draw:frame><anim:par><anim:command anim:command=\"evil\"/>\
                 <anim:audio xlink:href=\"http://127.0.0.1/evil.wav\"/></anim:par></draw:page></office:presentation>";
            package(SLIDES, &content("", body), &[])
        }
        "fonts" => {
            let fonts = "<office:font-face-decls><style:font-face style:name=\"外字\" svg:font-family=\"外字\"><svg:font-face-src>\
                 <svg:font-face-uri xlink:href=\"Fonts/evil.ttf\"/></svg:font-face-src></style:font-face></office:font-face-decls>";
            package(TEXT, &content(fonts, "<office:text><text:p>本文</text:p></office:text>"), &[("Fonts/evil.ttf", b"evil")])
        }
        "encrypted" => text(
            "",
            &[("META-INF/manifest.xml", b"<manifest:manifest><manifest:encryption-data/></manifest:manifest>")],
        ),
        "entities" => {
            let whole = content("", "<office:text><text:p>&a;</text:p></office:text>");
            package(TEXT, &whole.replace("<office:document", "<!DOCTYPE a [<!ENTITY a \"b\">]><office:document"), &[])
        }
        "settings" => text(
            "",
            &[(
                "settings.xml",
                b"<a xmlns:config=\"urn:oasis:names:tc:opendocument:xmlns:config:1.0\"><config:config-item config:name=\"PrinterName\" \
                  config:type=\"string\">evil</config:config-item><config:config-item config:name=\"TabsRelativeToIndent\" \
                  config:type=\"boolean\">false</config:config-item></a>",
            )],
        ),
        other => panic!("no builder {other}"),
    }
}

#[test]
fn cells_and_slides_are_told_by_their_place() {
    let file = cells(
        "<table:table-cell table:number-columns-repeated=\"27\"/><table:table-cell><text:p>計<text:s text:c=\"2\"/>額</text:p></table:table-cell>",
    );
    let options = Options::default();
    let pieces = extract_text(&file, Format::Ods, &mut Context::new(&options)).unwrap();
    assert_eq!(
        pieces.iter().map(|p| (p.location.as_str(), p.text.as_str())).collect::<Vec<_>>(),
        [("集計!AB1", "計  額")]
    );
}

#[test]
fn an_original_is_not_an_output() {
    assert!(verify(&make("macros"), Format::Odt, &Limits::default()).is_err());
    assert!(verify(&make("cells"), Format::Ods, &Limits::default()).is_err());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn mutated_markup_never_panics(at in 0_usize..4_000, with in "[<>/&;:\"' a-z=#\\[\\]{}|]{0,6}") {
        let body = format!("<office:text><text:p>あ<text:a xlink:href=\"#x\">い</text:a></text:p>{}</office:text>", cell("of:=SUM([.A1])", "1"));
        let mut whole = content("", &body);
        let position = (0..=at % whole.len()).rev().find(|p| whole.is_char_boundary(*p)).unwrap();
        whole.insert_str(position, &with);
        let options = Options::default();
        if let Ok((bytes, format)) = rebuild(&package(TEXT, &whole, &[]), Format::Odt, &mut Context::new(&options)) {
            verify(&bytes, format, &Limits::default()).unwrap();
        }
    }
}
