//! The documents of `cases/pptx.md`.

use super::{P, rels, typed};

const SHOW: &str = "application/vnd.ms-powerpoint.slideshow.macroEnabled.main+xml";
const PRESENTATION: &str =
    "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml";
const MS: &str = "http://schemas.microsoft.com/office/2006/relationships/";

#[test]
fn the_cases_of_presentations_hold() {
    crate::cases::run(include_str!("../../../cases/pptx.md"), &make);
}

/// A show of one slide with a title, and whatever else is given.
fn show(
    media: &str,
    (tree, after): (&str, &str),
    slide_relations: &[(&str, &str, &str)],
    show_relations: &[(&str, &str, &str)],
    parts: &[(&str, &str)],
) -> Vec<u8> {
    let presentation = format!(
        "<p:presentation {P}><p:sldIdLst><p:sldId id=\"256\" r:id=\"rId1\"/></p:sldIdLst><p:custDataLst><p:tags r:id=\"rId9\"/></p:custDataLst></p:presentation>"
    );
    let slide = format!(
        "<p:sld {P}><p:cSld><p:spTree><p:nvGrpSpPr><p:cNvPr id=\"1\" name=\"\"/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>\
         {}{tree}</p:spTree></p:cSld>{after}</p:sld>",
        shape(2, "", "説明資料")
    );
    let mut main = vec![("rId1", "slide", "slides/slide1.xml")];
    main.extend_from_slice(show_relations);
    let (main, own) = (rels(&main), rels(slide_relations));
    let mut all = vec![
        ("ppt/presentation.xml", presentation.as_str()),
        ("ppt/_rels/presentation.xml.rels", main.as_str()),
        ("ppt/slides/slide1.xml", slide.as_str()),
        ("ppt/slides/_rels/slide1.xml.rels", own.as_str()),
    ];
    all.extend_from_slice(parts);
    typed(media, "ppt/presentation.xml", &all)
}

fn shape(id: u32, click: &str, text: &str) -> String {
    format!(
        "<p:sp><p:nvSpPr><p:cNvPr id=\"{id}\" name=\"図形\">{click}</p:cNvPr><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/>\
         <p:txBody><a:bodyPr vert=\"eaVert\"/><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>"
    )
}

fn plain(tree: &str, relations: &[(&str, &str, &str)], parts: &[(&str, &str)]) -> Vec<u8> {
    show(PRESENTATION, (tree, ""), relations, &[], parts)
}

fn make(name: &str) -> Vec<u8> {
    match name {
        "macros" => show(
            SHOW,
            ("", ""),
            &[],
            &[("rId5", &format!("{MS}vbaProject"), "vbaProject.bin"), ("rId9", "tags", "tags/tag1.xml")],
            &[
                ("ppt/vbaProject.bin", "evil"),
                ("ppt/tags/tag1.xml", "<p:tagLst xmlns:p=\"x\">evil</p:tagLst>"),
            ],
        ),
        "actions" => {
            let click = |action: &str| format!("<a:hlinkClick r:id=\"rId1\" action=\"{action}\"/>");
            let tree = [
                shape(3, &click("ppaction://program"), "起動"),
                shape(4, &click("ppaction://macro?name=evil"), "実行"),
                shape(5, &click("ppaction://ole?verb=0"), "開く"),
                shape(6, &click("ppaction://hlinkfile"), "書類"),
                shape(
                    7,
                    "<a:hlinkClick r:id=\"\" action=\"ppaction://hlinkshowjump?jump=nextslide\"/>",
                    "次へ",
                ),
            ];
            plain(&tree.concat(), &[("rId1", "hyperlink", "external:file:///c:/evil.exe")], &[])
        }
        "media" => show(
            PRESENTATION,
            (
                "",
                "<p:timing><p:tnLst><p:par><p:cTn id=\"1\"><p:childTnLst><p:cmd type=\"verb\" cmd=\"evil\"><p:cBhvr><p:cTn id=\"2\"/>\
                 <p:tgtEl><p:spTgt spid=\"2\"/></p:tgtEl></p:cBhvr></p:cmd></p:childTnLst></p:cTn></p:par></p:tnLst></p:timing>",
            ),
            &[
                ("rId1", "video", "external:http://127.0.0.1/evil.mp4"),
                ("rId2", "audio", "../media/evil.wav"),
            ],
            &[],
            &[("ppt/media/evil.wav", "RIFF")],
        ),
        "object" => {
            let frame = "<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id=\"9\" name=\"表\"/><p:cNvGraphicFramePr/><p:nvPr/></p:nvGraphicFramePr>\
                <p:xfrm><a:off x=\"1\" y=\"2\"/><a:ext cx=\"3\" cy=\"4\"/></p:xfrm><a:graphic><a:graphicData \
                uri=\"http://schemas.openxmlformats.org/presentationml/2006/ole\"><p:oleObj spid=\"_x0000_s1026\" name=\"evil\" r:id=\"rId1\" \
                progId=\"Package\"><p:embed/></p:oleObj></a:graphicData></a:graphic></p:graphicFrame>";
            let drawing = "<xml xmlns:v=\"urn:schemas-microsoft-com:vml\" xmlns:o=\"urn:schemas-microsoft-com:office:office\">\
                <v:shape id=\"_x0000_s1026\"><v:imagedata o:relid=\"rId1\" o:title=\"\"/></v:shape></xml>";
            plain(
                frame,
                &[
                    ("rId1", "oleObject", "../embeddings/o.bin"),
                    ("rId2", "vmlDrawing", "../drawings/vmlDrawing1.vml"),
                ],
                &[
                    ("ppt/embeddings/o.bin", "evil"),
                    ("ppt/drawings/vmlDrawing1.vml", drawing),
                    (
                        "ppt/drawings/_rels/vmlDrawing1.vml.rels",
                        &rels(&[("rId1", "image", "../media/image1.bin")]),
                    ),
                    ("ppt/media/image1.bin", "evil"),
                ],
            )
        }
        "control" => {
            let slide = "<p:controls><p:control spid=\"1\" name=\"evil\" r:id=\"rId1\"/></p:controls>";
            show(
                PRESENTATION,
                ("", slide),
                &[("rId1", "control", "../activeX/activeX1.xml")],
                &[],
                &[("ppt/activeX/activeX1.xml", "<evil/>")],
            )
        }
        "update" => plain(
            "",
            &[
                ("rId1", "slideUpdateInfo", "../slideUpdateInfo/slideUpdateInfo1.xml"),
                ("rId2", "slideUpdateUrl", "external:http://127.0.0.1/evil"),
            ],
            &[("ppt/slideUpdateInfo/slideUpdateInfo1.xml", "<evil/>")],
        ),
        "comments" => show(
            PRESENTATION,
            ("", ""),
            &[("rId1", "comments", "../comments/comment1.xml")],
            &[("rId2", "commentAuthors", "commentAuthors.xml")],
            &[
                (
                    "ppt/commentAuthors.xml",
                    &format!(
                        "<p:cmAuthorLst {P}><p:cmAuthor id=\"0\" name=\"佐藤\" initials=\"佐\" lastIdx=\"1\" clrIdx=\"0\"/></p:cmAuthorLst>"
                    ),
                ),
                (
                    "ppt/comments/comment1.xml",
                    &format!(
                        "<p:cmLst {P}><p:cm authorId=\"0\" dt=\"2026-04-01T09:00:00\" idx=\"1\"><p:pos x=\"1\" y=\"1\"/><p:text>数字を確認</p:text></p:cm></p:cmLst>"
                    ),
                ),
            ],
        ),
        "conversations" => {
            const NEW: &str = "http://schemas.microsoft.com/office/2018/10/relationships/";
            let space = "xmlns:p188=\"http://schemas.microsoft.com/office/powerpoint/2018/8/main\" \
                xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\"";
            let body = |text: &str| {
                format!("<p188:txBody><a:bodyPr/><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p188:txBody>")
            };
            show(
                PRESENTATION,
                ("", ""),
                &[("rId1", &format!("{NEW}comments"), "../comments/modernComment_1.xml")],
                &[("rId2", &format!("{NEW}authors"), "authors.xml")],
                &[
                    (
                        "ppt/authors.xml",
                        &format!(
                            "<p188:authorLst {space}><p188:author id=\"{{A}}\" name=\"鈴木\" initials=\"鈴\" userId=\"evil\"/></p188:authorLst>"
                        ),
                    ),
                    (
                        "ppt/comments/modernComment_1.xml",
                        &format!(
                            "<p188:cmLst {space}><p188:cm id=\"{{1}}\" authorId=\"{{A}}\" created=\"2026-04-01T09:00:00.123\"><p188:pos x=\"10\" y=\"20\"/>\
                             <p188:replyLst><p188:reply id=\"{{2}}\" authorId=\"{{A}}\" created=\"2026-04-01T09:30:00\">{}</p188:reply></p188:replyLst>{}</p188:cm></p188:cmLst>",
                            body("直しました"),
                            body("この数字は&amp;合計ですか")
                        ),
                    ),
                ],
            )
        }
        other => panic!("no builder {other}"),
    }
}
