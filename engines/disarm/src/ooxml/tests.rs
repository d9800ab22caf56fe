use super::*;
use crate::zip::{Archive, Storage, Writer};
use crate::{Limits, Options, RemovalCode, Removed, verify};

mod slide_cases;
mod word_cases;

const W: &str = "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\" \
    xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\" \
    xmlns:o=\"urn:schemas-microsoft-com:office:office\" xmlns:v=\"urn:schemas-microsoft-com:vml\"";
const X: &str = "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" \
    xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"";
const P: &str = "xmlns:p=\"http://schemas.openxmlformats.org/presentationml/2006/main\" \
    xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" \
    xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"";
const REL: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/";

fn rels(rows: &[(&str, &str, &str)]) -> String {
    let mut out = String::from(
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">",
    );
    for (id, kind, target) in rows {
        let kind = if kind.contains("://") { (*kind).to_owned() } else { format!("{REL}{kind}") };
        let (target, mode) = match target.strip_prefix("external:") {
            Some(target) => (target, " TargetMode=\"External\""),
            None => (*target, ""),
        };
        out.push_str(&format!("<Relationship Id=\"{id}\" Type=\"{kind}\" Target=\"{target}\"{mode}/>"));
    }
    out + "</Relationships>"
}

fn package(main: &str, parts: &[(&str, &str)]) -> Vec<u8> {
    typed("", main, parts)
}

/// A package whose content types name the kind of the main part.
fn typed(media: &str, main: &str, parts: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = Writer::new();
    let types = format!(
        "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"bin\" \
         ContentType=\"application/vnd.ms-office.vbaProject\"/><Override PartName=\"/{main}\" ContentType=\"{media}\"/></Types>"
    );
    writer.add("[Content_Types].xml", types.as_bytes(), Storage::Deflate).unwrap();
    writer
        .add("_rels/.rels", rels(&[("rId1", "officeDocument", main)]).as_bytes(), Storage::Deflate)
        .unwrap();
    for (name, text) in parts {
        writer.add(name, text.as_bytes(), Storage::Deflate).unwrap();
    }
    writer.finish().unwrap()
}

struct Result {
    parts: Vec<(String, String)>,
    removed: Vec<Removed>,
}

impl Result {
    fn part(&self, name: &str) -> &str {
        &self
            .parts
            .iter()
            .find(|(n, _)| n == name)
            .unwrap_or_else(|| panic!("{name} in {:?}", self.names()))
            .1
    }

    fn names(&self) -> Vec<&str> {
        self.parts.iter().map(|(name, _)| name.as_str()).collect()
    }

    fn has(&self, code: RemovalCode) -> bool {
        self.removed.iter().any(|removed| removed.what == code)
    }

    fn all(&self) -> String {
        self.parts.iter().map(|(name, text)| format!("{name}\n{text}\n")).collect()
    }
}

fn run_with(input: &[u8], format: Format, options: &Options) -> Result {
    let mut ctx = Context::new(options);
    let (bytes, written) = rebuild(input, format, &mut ctx).unwrap();
    assert_eq!(written, format.successor());
    verify(&bytes, written, &Limits::default()).unwrap();
    let removed = ctx.take_removed();
    let mut ctx = Context::new(options);
    let archive = Archive::read(&bytes, &mut ctx).unwrap();
    let read = |entry: &crate::zip::Entry, ctx: &mut Context<'_>| {
        String::from_utf8_lossy(&archive.bytes(entry, ctx).unwrap()).into_owned()
    };
    let parts = archive.entries().iter().map(|e| (e.name.clone(), read(e, &mut ctx))).collect();
    Result { parts, removed }
}

fn run(input: &[u8], format: Format) -> Result {
    run_with(input, format, &Options::default())
}

fn document(body: &str) -> String {
    format!("<w:document {W}><w:body>{body}</w:body></w:document>")
}

fn word(body: &str, relationships: &[(&str, &str, &str)], parts: &[(&str, &str)]) -> Vec<u8> {
    let (document, rels) = (document(body), rels(relationships));
    let mut all =
        vec![("word/document.xml", document.as_str()), ("word/_rels/document.xml.rels", rels.as_str())];
    all.extend_from_slice(parts);
    package("word/document.xml", &all)
}

#[test]
fn macro_project_is_removed_and_leaves_no_content_type() {
    let file = word(
        "<w:p><w:r><w:t>こんにちは</w:t></w:r></w:p>",
        &[("rId1", "http://schemas.microsoft.com/office/2006/relationships/vbaProject", "vbaProject.bin")],
        &[("word/vbaProject.bin", "code"), ("docProps/core.xml", "<a/>")],
    );
    let result = run(&file, Format::Docm);
    assert_eq!(result.names(), ["[Content_Types].xml", "_rels/.rels", "word/document.xml"]);
    assert!(!result.all().contains("vba"));
    assert!(result.part("word/document.xml").contains("こんにちは"));
    assert!(result.part("[Content_Types].xml").contains("wordprocessingml.document.main+xml"));
    assert!(result.has(RemovalCode::Vba) && result.has(RemovalCode::Metadata));
}

#[test]
fn templates_and_shows_stay_what_they_are_without_macros() {
    let text = document("<w:p/>");
    let file = package("word/document.xml", &[("word/document.xml", &text)]);
    for (format, main) in [(Format::Docm, "document"), (Format::Dotx, "template"), (Format::Dotm, "template")]
    {
        let types = run(&file, format).part("[Content_Types].xml").to_owned();
        assert!(types.contains(&format!("wordprocessingml.{main}.main+xml")), "{types}");
    }
    let show = format!("<p:presentation {P}/>");
    let file = package("ppt/presentation.xml", &[("ppt/presentation.xml", &show)]);
    for (format, main) in
        [(Format::Ppsm, "slideshow"), (Format::Potx, "template"), (Format::Pptx, "presentation")]
    {
        let types = run(&file, format).part("[Content_Types].xml").to_owned();
        assert!(types.contains(&format!("presentationml.{main}.main+xml")), "{types}");
    }
}

#[test]
fn remote_template_and_mail_merge_are_removed() {
    let settings = format!(
        "<w:settings {W}><w:zoom w:percent=\"100\"/><w:attachedTemplate r:id=\"rId1\"/>\
         <w:mailMerge><w:query w:val=\"x\"/></w:mailMerge><w:defaultTabStop w:val=\"840\"/></w:settings>"
    );
    let template = rels(&[("rId1", "attachedTemplate", "external:http://127.0.0.1/a.dotm")]);
    let file = word(
        "<w:p/>",
        &[("rId1", "settings", "settings.xml")],
        &[("word/settings.xml", &settings), ("word/_rels/settings.xml.rels", &template)],
    );
    let result = run(&file, Format::Docx);
    assert!(!result.all().contains("127.0.0.1"));
    assert!(result.part("word/settings.xml").contains("<w:defaultTabStop w:val=\"840\"/>"));
    assert!(result.has(RemovalCode::ExternalLink) && result.has(RemovalCode::DataConnection));
}

#[test]
fn field_split_over_runs_becomes_its_result() {
    let run_of = |content: &str| format!("<w:r>{content}</w:r>");
    let body: String = [
        "<w:fldChar w:fldCharType=\"begin\"/>",
        "<w:instrText> DDE</w:instrText>",
        "<w:instrText>AUTO c:\\\\cmd.exe \"/k calc\"</w:instrText>",
        "<w:fldChar w:fldCharType=\"separate\"/>",
        "<w:t>結果</w:t>",
        "<w:fldChar w:fldCharType=\"end\"/>",
        "<w:fldChar w:fldCharType=\"begin\"/>",
        "<w:instrText> PA</w:instrText>",
        "<w:instrText>GE </w:instrText>",
        "<w:fldChar w:fldCharType=\"separate\"/>",
        "<w:t>7</w:t>",
        "<w:fldChar w:fldCharType=\"end\"/>",
    ]
    .into_iter()
    .map(run_of)
    .collect();
    let result = run(&word(&format!("<w:p>{body}</w:p>"), &[], &[]), Format::Docx);
    let text = result.part("word/document.xml");
    assert!(text.contains("結果") && !text.contains("cmd") && !text.contains("DDE"), "{text}");
    assert!(text.contains("<w:instrText xml:space=\"preserve\"> PAGE </w:instrText>"), "{text}");
    assert!(result.has(RemovalCode::Field));
}

#[test]
fn field_in_the_instruction_of_a_field_is_never_kept() {
    let fld = |kind: &str| format!("<w:r><w:fldChar w:fldCharType=\"{kind}\"/></w:r>");
    let instr = |text: &str| format!("<w:r><w:instrText>{text}</w:instrText></w:r>");
    let body = [
        fld("begin"),
        instr("PAGE"),
        fld("begin"),
        instr("QUOTE 68 68 69"),
        fld("separate"),
        "<w:r><w:t>secret</w:t></w:r>".to_owned(),
        fld("end"),
        fld("separate"),
        "<w:r><w:t>shown</w:t></w:r>".to_owned(),
        fld("end"),
    ]
    .concat();
    let result = run(&word(&format!("<w:p>{body}</w:p>"), &[], &[]), Format::Docx);
    let text = result.part("word/document.xml");
    assert!(text.contains("shown") && !text.contains("secret") && !text.contains("fldChar"), "{text}");
}

#[test]
fn simple_field_keeps_its_text() {
    let body = "<w:p><w:fldSimple w:instr=\"INCLUDETEXT http://127.0.0.1/x\"><w:r><w:t>本文</w:t></w:r></w:fldSimple></w:p>";
    let result = run(&word(body, &[], &[]), Format::Docx);
    assert!(result.part("word/document.xml").contains("<w:p><w:r><w:t>本文</w:t></w:r></w:p>"));
}

#[test]
fn chunks_subdocuments_and_objects_are_removed() {
    let body = "<w:altChunk r:id=\"rId1\"/><w:p><w:subDoc r:id=\"rId2\"/><w:r><w:object w:dxaOrig=\"1\"><v:shape id=\"a\" \
        style=\"width:10pt\"><v:imagedata r:id=\"rId4\"/></v:shape><o:OLEObject Type=\"Embed\" ProgID=\"Package\" r:id=\"rId3\"/>\
        </w:object></w:r></w:p>";
    let file = word(
        body,
        &[
            ("rId1", "aFChunk", "a.html"),
            ("rId2", "subDocument", "external:http://127.0.0.1/s.docx"),
            ("rId3", "oleObject", "embeddings/o.bin"),
            ("rId4", "image", "media/image1.emf"),
        ],
        &[("word/a.html", "<script/>"), ("word/embeddings/o.bin", "MZ"), ("word/media/image1.emf", "junk")],
    );
    let result = run(&file, Format::Docx);
    assert!(result.has(RemovalCode::EmbeddedFile) && result.has(RemovalCode::EmbeddedObject));
    assert!(result.has(RemovalCode::ExternalLink) && result.has(RemovalCode::DrawingReplaced));
    let text = result.part("word/document.xml");
    assert!(
        text.contains("<w:pict><v:shape") && text.contains("v:imagedata") && !text.contains("OLEObject"),
        "{text}"
    );
    assert!(result.names().contains(&"word/media/image1.png"));
}

#[test]
fn links_lead_to_the_web_or_become_text() {
    let body = "<w:p><w:hyperlink r:id=\"rId1\"><w:r><w:t>表</w:t></w:r></w:hyperlink>\
        <w:hyperlink r:id=\"rId2\"><w:r><w:t>裏</w:t></w:r></w:hyperlink></w:p>";
    let file = word(
        body,
        &[
            ("rId1", "hyperlink", "external:https://example.jp/a?b=1&amp;c"),
            ("rId2", "hyperlink", "external:file://h/x.exe"),
        ],
        &[],
    );
    let result = run(&file, Format::Docx);
    assert!(result.part("word/_rels/document.xml.rels").contains("https://example.jp/a?b=1&amp;c"));
    let text = result.part("word/document.xml");
    assert_eq!(text.matches("<w:hyperlink").count(), 1);
    assert!(text.contains("裏") && !result.all().contains("x.exe"));
    assert!(result.has(RemovalCode::Hyperlink));
    let options = Options { drop_links: true, ..Options::default() };
    let result = run_with(&file, Format::Docx, &options);
    assert!(!result.all().contains("example.jp") && result.part("word/document.xml").contains("表"));
}

#[test]
fn japanese_layout_survives() {
    let body = "<w:p><w:pPr><w:jc w:val=\"distribute\"/><w:textDirection w:val=\"tbRlV\"/></w:pPr><w:r><w:rPr>\
        <w:rFonts w:eastAsia=\"ＭＳ 明朝\" w:hint=\"eastAsia\"/><w:eastAsianLayout w:id=\"1\" w:vert=\"1\"/></w:rPr><w:ruby><w:rubyPr>\
        <w:hps w:val=\"10\"/></w:rubyPr><w:rt><w:r><w:t>いまり</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>伊万里</w:t></w:r></w:rubyBase>\
        </w:ruby></w:r></w:p><w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val=\"2\"/><w:vMerge w:val=\"restart\"/></w:tcPr><w:p/></w:tc></w:tr></w:tbl>\
        <w:sectPr><w:textDirection w:val=\"tbRl\"/><w:docGrid w:type=\"linesAndChars\" w:linePitch=\"360\"/></w:sectPr>";
    let result = run(&word(body, &[], &[]), Format::Docx);
    let expected = body.replace("        ", "");
    assert!(
        result.part("word/document.xml").contains(&format!("<w:body>{expected}</w:body>")),
        "{}",
        result.part("word/document.xml")
    );
    assert!(result.removed.is_empty(), "{:?}", result.removed);
}

#[test]
fn document_types_and_foreign_entities_are_refused() {
    for text in [
        format!("<!DOCTYPE w:document [<!ENTITY a \"b\">]><w:document {W}/>"),
        format!("<w:document {W}><w:body><w:p><w:r><w:t>&a;</w:t></w:r></w:p></w:body></w:document>"),
        format!("<w:document {W}><w:body>{}</w:body></w:document>", "<w:tbl>".repeat(400)),
        format!("<w:styles {W}/>"),
    ] {
        let options = Options::default();
        let file = package("word/document.xml", &[("word/document.xml", &text)]);
        assert!(rebuild(&file, Format::Docx, &mut Context::new(&options)).is_err(), "{text}");
    }
}

#[test]
fn one_alternative_is_taken() {
    let body = "<w:p><w:r><mc:AlternateContent xmlns:mc=\"http://schemas.openxmlformats.org/markup-compatibility/2006\">\
        <mc:Choice Requires=\"zz\" xmlns:zz=\"urn:unknown\"><w:t>甲</w:t></mc:Choice><mc:Fallback><w:t>乙</w:t></mc:Fallback>\
        </mc:AlternateContent></w:r></w:p>";
    let result = run(&word(body, &[], &[]), Format::Docx);
    let text = result.part("word/document.xml");
    assert!(text.contains("乙") && !text.contains("甲") && !text.contains("mc:"), "{text}");
}

fn workbook(
    sheets: &str,
    names: &str,
    relationships: &[(&str, &str, &str)],
    parts: &[(&str, &str)],
) -> Vec<u8> {
    let book =
        format!("<workbook {X}><sheets>{sheets}</sheets><definedNames>{names}</definedNames></workbook>");
    let rels = rels(relationships);
    let mut all = vec![("xl/workbook.xml", book.as_str()), ("xl/_rels/workbook.xml.rels", rels.as_str())];
    all.extend_from_slice(parts);
    package("xl/workbook.xml", &all)
}

const SHEETS: &str = "<sheet name=\"Macro1\" sheetId=\"1\" state=\"veryHidden\" r:id=\"rId1\"/>\
    <sheet name=\"集計\" sheetId=\"2\" r:id=\"rId2\"/><sheet name=\"控え\" sheetId=\"3\" state=\"veryHidden\" r:id=\"rId3\"/>";

fn book_with(cells: &str, names: &str) -> Vec<u8> {
    let sheet = format!("<worksheet {X}><sheetData><row r=\"1\">{cells}</row></sheetData></worksheet>");
    let empty = format!("<worksheet {X}><sheetData/></worksheet>");
    workbook(
        SHEETS,
        names,
        &[
            (
                "rId1",
                "http://schemas.microsoft.com/office/2006/relationships/xlMacrosheet",
                "macrosheets/sheet1.xml",
            ),
            ("rId2", "worksheet", "worksheets/sheet2.xml"),
            ("rId3", "worksheet", "worksheets/sheet3.xml"),
            ("rId4", "externalLink", "externalLinks/externalLink1.xml"),
            ("rId5", "sharedStrings", "sharedStrings.xml"),
        ],
        &[
            (
                "xl/macrosheets/sheet1.xml",
                "<xm:macrosheet xmlns:xm=\"http://schemas.microsoft.com/office/excel/2006/main\"/>",
            ),
            ("xl/worksheets/sheet2.xml", &sheet),
            ("xl/worksheets/sheet3.xml", &empty),
            ("xl/externalLinks/externalLink1.xml", "<externalLink/>"),
            (
                "xl/sharedStrings.xml",
                &format!("<sst {X}><si><t>伊万里</t><rPh sb=\"0\" eb=\"3\"><t>イマリ</t></rPh></si></sst>"),
            ),
        ],
    )
}

#[test]
fn macro_sheets_go_and_very_hidden_sheets_show_up_as_hidden() {
    let names = "<definedName name=\"_xlnm.Auto_Open\" hidden=\"1\">Macro1!$A$1</definedName>\
        <definedName name=\"範囲\" localSheetId=\"1\">集計!$A$1:$B$2</definedName>\
        <definedName name=\"外\">[1]Sheet1!$A$1</definedName>";
    let result = run(&book_with("", names), Format::Xlsm);
    let book = result.part("xl/workbook.xml");
    assert!(!book.contains("Macro1") && !book.contains("Auto_Open") && !book.contains("[1]"), "{book}");
    assert!(book.contains("state=\"hidden\"") && !book.contains("veryHidden"));
    assert!(book.contains("localSheetId=\"0\""), "{book}");
    assert!(!result.all().contains("macrosheet") && !result.all().contains("externalLink"));
    for code in
        [RemovalCode::XlmMacro, RemovalCode::HiddenContent, RemovalCode::ExternalLink, RemovalCode::Formula]
    {
        assert!(result.has(code), "{code:?}");
    }
}

#[test]
fn forbidden_formulas_become_their_cached_values() {
    let cells = "<c r=\"A1\"><f>SUM(B1:C1)</f><v>3</v></c>\
        <c r=\"B1\" t=\"str\"><f>WEBSERVICE(\"http://127.0.0.1/\")</f><v>答</v></c>\
        <c r=\"C1\"><f t=\"shared\" ref=\"C1:D1\" si=\"0\">cmd|'/c calc'!A0</f><v>1</v></c>\
        <c r=\"D1\"><f t=\"shared\" si=\"0\"/><v>2</v></c><c r=\"E1\" t=\"s\"><v>0</v></c>";
    let file = book_with(cells, "");
    let result = run(&file, Format::Xlsx);
    let sheet = result.part("xl/worksheets/sheet1.xml");
    assert!(sheet.contains("<c r=\"A1\"><f>SUM(B1:C1)</f><v>3</v></c>"), "{sheet}");
    assert_eq!(sheet.matches("<f").count(), 1, "{sheet}");
    assert!(sheet.contains("<c r=\"B1\" t=\"str\"><v>答</v></c>"), "{sheet}");
    assert!(result.part("xl/sharedStrings.xml").contains("<rPh sb=\"0\" eb=\"3\"><t>イマリ</t></rPh>"));
    let places: Vec<&str> = result
        .removed
        .iter()
        .filter(|r| r.what == RemovalCode::Formula)
        .map(|r| r.location.as_str())
        .collect();
    assert_eq!(places, ["集計!B1", "集計!C1", "集計!D1"]);
    let options = Options::default();
    let pieces = extract_text(&file, Format::Xlsx, &mut Context::new(&options)).unwrap();
    assert!(pieces.iter().any(|p| p.location == "集計!E1" && p.text == "伊万里"), "{pieces:?}");
}

#[test]
fn clicks_run_nothing() {
    let shape = |link: &str| {
        format!(
            "<p:sp><p:nvSpPr><p:cNvPr id=\"2\" name=\"a\">{link}</p:cNvPr><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/><p:txBody><a:bodyPr/>\
             <a:p><a:r><a:t>頁</a:t></a:r></a:p></p:txBody></p:sp>"
        )
    };
    let slide = format!(
        "<p:sld {P}><p:cSld><p:spTree>{}{}{}</p:spTree></p:cSld><p:timing><p:tnLst><p:par><p:cTn id=\"1\"><p:childTnLst>\
         <p:cmd type=\"verb\" cmd=\"0\"/></p:childTnLst></p:cTn></p:par></p:tnLst></p:timing></p:sld>",
        shape("<a:hlinkClick r:id=\"rId1\" action=\"ppaction://program\"/>"),
        shape("<a:hlinkClick r:id=\"\" action=\"ppaction://macro?name=Run\"/>"),
        shape("<a:hlinkClick r:id=\"\" action=\"ppaction://hlinkshowjump?jump=nextslide\"/>")
    );
    let show = format!(
        "<p:presentation {P}><p:sldIdLst><p:sldId id=\"256\" r:id=\"rId1\"/></p:sldIdLst></p:presentation>"
    );
    let file = package(
        "ppt/presentation.xml",
        &[
            ("ppt/presentation.xml", &show),
            ("ppt/_rels/presentation.xml.rels", &rels(&[("rId1", "slide", "slides/slide1.xml")])),
            ("ppt/slides/slide1.xml", &slide),
            (
                "ppt/slides/_rels/slide1.xml.rels",
                &rels(&[("rId1", "hyperlink", "external:file:///c:/calc.exe")]),
            ),
        ],
    );
    let result = run(&file, Format::Pptm);
    let text = result.part("ppt/slides/slide1.xml");
    assert_eq!(text.matches("hlinkClick").count(), 1, "{text}");
    assert!(text.contains("jump=nextslide") && !text.contains("p:timing"), "{text}");
    assert!(!result.all().contains("calc.exe"));
    assert!(result.has(RemovalCode::Action));
    let options = Options::default();
    let pieces = extract_text(&file, Format::Pptx, &mut Context::new(&options)).unwrap();
    assert_eq!((pieces[0].location.as_str(), pieces[0].text.as_str()), ("スライド 1", "頁"));
}

#[test]
fn outputs_that_were_tampered_with_fail_verification() {
    let options = Options::default();
    let file = word("<w:p><w:r><w:t>x</w:t></w:r></w:p>", &[], &[]);
    let (good, _) = rebuild(&file, Format::Docx, &mut Context::new(&options)).unwrap();
    verify(&good, Format::Docx, &Limits::default()).unwrap();
    let mut ctx = Context::new(&options);
    let archive = Archive::read(&good, &mut ctx).unwrap();
    let rebuilt = |change: &dyn Fn(&str, String) -> String, extra: Option<&str>| {
        let mut ctx = Context::new(&options);
        let mut writer = Writer::new();
        for entry in archive.entries() {
            let text = String::from_utf8(archive.bytes(entry, &mut ctx).unwrap()).unwrap();
            writer.add(&entry.name, change(&entry.name, text).as_bytes(), Storage::Deflate).unwrap();
        }
        if let Some(name) = extra {
            writer.add(name, b"x", Storage::Store).unwrap();
        }
        verify(&writer.finish().unwrap(), Format::Docx, &Limits::default())
    };
    assert!(rebuilt(&|_, text| text, None).is_ok());
    assert!(rebuilt(&|_, text| text, Some("word/vbaProject.bin")).is_err());
    for (from, to) in [
        ("<w:t>", "<w:altChunk/><w:t>"),
        ("<w:t>", "<w:instrText>DDE a</w:instrText><w:t>"),
        ("<w:t>x", "<w:t><![CDATA[x]]>"),
        ("<w:p>", "<w:p onload=\"x\">"),
        ("document.main+xml", "document.macroEnabled.main+xml"),
        ("standalone=\"yes\"?>", "standalone=\"yes\"?><!DOCTYPE a>"),
        ("\"/></Relationships>", "\" TargetMode=\"External\"/></Relationships>"),
    ] {
        assert!(rebuilt(&|_, text| text.replace(from, to), None).is_err(), "{from} → {to}");
    }
    for at in 0..good.len() {
        let mut copy = good.clone();
        copy[at] ^= 0x20;
        let _ = verify(&copy, Format::Docx, &Limits::default());
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn mutated_markup_never_panics(at in 0_usize..2_000, with in "[<>/&;:\"' a-z=]{0,6}") {
        let body = "<w:p><w:r><w:fldChar w:fldCharType=\"begin\"/><w:instrText>PAGE</w:instrText><w:t>あ</w:t></w:r></w:p>";
        let mut text = document(body);
        let position = (0..=at % text.len()).rev().find(|p| text.is_char_boundary(*p)).unwrap();
        text.insert_str(position, &with);
        let file = package("word/document.xml", &[("word/document.xml", &text)]);
        let options = Options::default();
        if let Ok((bytes, format)) = rebuild(&file, Format::Docx, &mut Context::new(&options)) {
            verify(&bytes, format, &Limits::default()).unwrap();
        }
    }
}
