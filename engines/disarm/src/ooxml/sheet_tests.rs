use crate::zip::{Storage, Writer};
use crate::{Limits, Options, disarm, verify};

const X: &str = "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" \
    xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\" \
    xmlns:x14=\"http://schemas.microsoft.com/office/spreadsheetml/2009/9/main\" \
    xmlns:xm=\"http://schemas.microsoft.com/office/excel/2006/main\" \
    xmlns:mc=\"http://schemas.openxmlformats.org/markup-compatibility/2006\"";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/";
const MICROSOFT: &str = "http://schemas.microsoft.com/office/2006/relationships/";

/// A workbook as it is put together by a case.
struct Book {
    views: String,
    names: String,
    /// Name, attributes and content of each sheet.
    sheets: Vec<(&'static str, &'static str, String)>,
    book_rels: Vec<(String, &'static str)>,
    sheet_rels: Vec<(String, &'static str)>,
    parts: Vec<(&'static str, String)>,
}

impl Book {
    fn with(content: &str) -> Self {
        Self {
            views: String::new(),
            names: String::new(),
            sheets: vec![("本年度", "", content.to_owned())],
            book_rels: Vec::new(),
            sheet_rels: Vec::new(),
            parts: Vec::new(),
        }
    }

    fn cells(cells: &str) -> Self {
        Self::with(&format!("<sheetData><row r=\"1\">{cells}</row></sheetData>"))
    }

    fn book_part(mut self, relation: &str, path: &'static str, content: &str) -> Self {
        self.book_rels.push((relation.to_owned(), path));
        self.parts.push((path, content.to_owned()));
        self
    }

    fn sheet_part(mut self, relation: &str, path: &'static str, content: &str) -> Self {
        self.sheet_rels.push((relation.to_owned(), path));
        self.parts.push((path, content.to_owned()));
        self
    }

    fn build(self) -> Vec<u8> {
        let types = "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Override \
            PartName=\"/xl/workbook.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/></Types>";
        let mut writer = Writer::new();
        let mut add = |name: &str, text: &str| writer.add(name, text.as_bytes(), Storage::Deflate).unwrap();
        add("[Content_Types].xml", types);
        add("_rels/.rels", &rels(&[(format!("{OFFICE}officeDocument"), "xl/workbook.xml")]));
        let mut book_rels = Vec::new();
        let mut sheets = String::new();
        for (at, (name, attributes, content)) in self.sheets.iter().enumerate() {
            let number = at + 1;
            let path =
                ["xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml", "xl/worksheets/sheet3.xml"][at];
            book_rels.push((format!("{OFFICE}worksheet"), path));
            sheets.push_str(&format!(
                "<sheet name=\"{name}\" sheetId=\"{number}\" {attributes} r:id=\"rId{number}\"/>"
            ));
            add(path, &format!("<worksheet {X}>{content}</worksheet>"));
        }
        for (relation, path) in self.book_rels {
            let number = book_rels.len() + 1;
            if relation.to_lowercase().contains("macrosheet") || relation.contains("dialogsheet") {
                sheets.push_str(&format!(
                    "<sheet name=\"Macro{number}\" sheetId=\"{number}\" state=\"veryHidden\" r:id=\"rId{number}\"/>"
                ));
            }
            book_rels.push((relation, path));
        }
        add("xl/_rels/workbook.xml.rels", &rels(&book_rels));
        add("xl/worksheets/_rels/sheet1.xml.rels", &rels(&self.sheet_rels));
        let names = if self.names.is_empty() {
            String::new()
        } else {
            format!("<definedNames>{}</definedNames>", self.names)
        };
        add(
            "xl/workbook.xml",
            &format!("<workbook {X}>{}<sheets>{sheets}</sheets>{names}</workbook>", self.views),
        );
        for (path, content) in &self.parts {
            add(path, content);
        }
        writer.finish().unwrap()
    }
}

fn rels(rows: &[(String, &str)]) -> String {
    let mut out = String::from(
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">",
    );
    for (number, (kind, target)) in (1..).zip(rows) {
        let mode = if target.starts_with("file:") { " TargetMode=\"External\"" } else { "" };
        let target = if mode.is_empty() { format!("/{target}") } else { (*target).to_owned() };
        out.push_str(&format!(
            "<Relationship Id=\"rId{number}\" Type=\"{kind}\" Target=\"{target}\"{mode}/>"
        ));
    }
    out + "</Relationships>"
}

fn formula(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    format!("<c r=\"B2\" t=\"str\"><f>{text}</f><v>計算済み</v></c>")
}

fn office(relation: &str) -> String {
    format!("{OFFICE}{relation}")
}

fn ext(uri: &str, content: &str) -> String {
    format!("<ext uri=\"{uri}\">{content}</ext>")
}

const EMPTY: &str = "<sheetData/>";
const VML: &str = "<xml xmlns:v=\"urn:schemas-microsoft-com:vml\" xmlns:o=\"urn:schemas-microsoft-com:office:office\" \
    xmlns:x=\"urn:schemas-microsoft-com:office:excel\">";

fn note(kind: &str, label: &str, data: &str) -> String {
    format!(
        "<v:shape id=\"s\" onmouseover=\"evil()\" style='position:absolute'><v:textbox><div><font>{label}<br></font></div>\
         </v:textbox><x:ClientData ObjectType=\"{kind}\"><x:Anchor> 3, 15, 0, 10, 5, 31, 4, 9</x:Anchor>{data}</x:ClientData></v:shape>"
    )
}

fn made(name: &str) -> Vec<u8> {
    if let Some(text) = name.strip_prefix("formula:") {
        return Book::cells(&formula(&text.replace("\\\\", "\\"))).build();
    }
    let macro_sheet = "<xm:macrosheet xmlns:xm=\"http://schemas.microsoft.com/office/excel/2006/main\"><sheetData><row><c><f>EXEC(\"calc\")</f></c></row></sheetData></xm:macrosheet>";
    match name {
        "macro_sheet" => {
            let mut book = Book::cells("<c r=\"A1\" t=\"str\"><v>本年度</v></c>")
                .book_part(&format!("{MICROSOFT}xlMacrosheet"), "xl/macrosheets/sheet1.xml", macro_sheet);
            book.names = "<definedName name=\"_xlnm.Auto_Open\" hidden=\"1\">Macro2!$A$1</definedName>\
                <definedName name=\"auto_close\" xlm=\"1\" function=\"1\">Macro2!$A$2</definedName>".to_owned();
            book.build()
        }
        "macro_sheet_intl" => Book::with(EMPTY)
            .book_part(&format!("{MICROSOFT}xlIntlMacrosheet"), "xl/macrosheets/intlsheet1.xml", macro_sheet)
            .book_part(&office("dialogsheet"), "xl/dialogsheets/sheet1.xml", &format!("<dialogsheet {X}/>"))
            .build(),
        "external_book" => {
            let mut book = Book::cells(&formula("[1]Sheet1!A1*2")).book_part(
                &office("externalLink"),
                "xl/externalLinks/externalLink1.xml",
                &format!("<externalLink {X}><externalBook r:id=\"rId1\"/></externalLink>"),
            );
            let link = rels(&[(office("externalLinkPath"), "file:///\\\\server\\share\\a.xlsx")]);
            book.parts.push(("xl/externalLinks/_rels/externalLink1.xml.rels", link));
            book.build()
        }
        "dde_link" => Book::with(EMPTY)
            .book_part(
                &office("externalLink"),
                "xl/externalLinks/externalLink1.xml",
                &format!("<externalLink {X}><ddeLink ddeService=\"cmd\" ddeTopic=\"/c calc\"/></externalLink>"),
            )
            .build(),
        "spill" => Book::cells(
            "<c r=\"A1\" cm=\"1\"><f t=\"array\" ref=\"A1:A2\">_xlfn._xlws.FILTER(B1:B9,B1:B9&gt;0)</f><v>1</v></c>",
        )
        .book_part(&office("sheetMetadata"), "xl/metadata.xml", "<metadata><metadataType name=\"XLDAPR\"/></metadata>")
        .build(),
        "lost_name" => {
            let mut book = Book::cells(&formula("SUM(外の表)"));
            book.names = "<definedName name=\"外の表\">[1]Sheet1!$A$1:$A$9</definedName>".to_owned();
            book.build()
        }
        "connections" => Book::with(EMPTY)
            .book_part(&office("connections"), "xl/connections.xml", "<connections><dbPr connectionString=\"127.0.0.1\"/></connections>")
            .book_part(&office("xmlMaps"), "xl/xmlMaps.xml", "<MapInfo/>")
            .sheet_part(&office("queryTable"), "xl/queryTables/queryTable1.xml", "<queryTable/>")
            .sheet_part(&office("printerSettings"), "xl/printerSettings/printerSettings1.bin", "DEVMODE")
            .build(),
        "ole_object" => Book::with(&format!("{EMPTY}<oleObjects><oleObject progId=\"Package\" shapeId=\"1025\" r:id=\"rId1\"/></oleObjects>"))
            .sheet_part(&office("oleObject"), "xl/embeddings/oleObject1.bin", "MZ-payload")
            .build(),
        "check_boxes" => {
            let boxes = [
                note("Checkbox", "世帯主", "<x:Checked>1</x:Checked><x:FmlaMacro>[0]!Run</x:FmlaMacro>"),
                note("Checkbox", "代理人", ""),
                note("Button", "印刷 &amp; 保存", ""),
            ];
            Book::with(&format!("{EMPTY}<legacyDrawing r:id=\"rId1\"/><controls><control shapeId=\"1\" r:id=\"rId2\" name=\"c\"/></controls>"))
                .sheet_part(&office("vmlDrawing"), "xl/drawings/vmlDrawing1.vml", &format!("{VML}{}</xml>", boxes.concat()))
                .sheet_part(&office("ctrlProp"), "xl/ctrlProps/ctrlProp1.xml", "<formControlPr objectType=\"CheckBox\"/>")
                .build()
        }
        "comment" => Book::with(&format!("{EMPTY}<legacyDrawing r:id=\"rId2\"/>"))
            .sheet_part(
                &office("comments"),
                "xl/comments1.xml",
                &format!("<comments {X}><authors><author>a</author></authors><commentList><comment ref=\"C5\" authorId=\"0\"><text><r><t>担当: 総務課</t></r></text></comment></commentList></comments>"),
            )
            .sheet_part(
                &office("vmlDrawing"),
                "xl/drawings/vmlDrawing1.vml",
                &format!("{VML}{}</xml>", note("Note", "", "<x:Row>4</x:Row><x:Column>2</x:Column>")),
            )
            .build(),
        "extensions" | "extensions_outside" => {
            let source = if name == "extensions" { "一覧!$A$1:$A$3" } else { "[1]一覧!$A$1:$A$3" };
            let rules = "<x14:conditionalFormattings><x14:conditionalFormatting><x14:cfRule type=\"dataBar\" id=\"{A}\"><x14:dataBar>\
                <x14:cfvo type=\"autoMin\"/><x14:cfvo type=\"autoMax\"/></x14:dataBar></x14:cfRule><xm:sqref>A1:A9</xm:sqref>\
                </x14:conditionalFormatting></x14:conditionalFormattings>";
            let lists = format!("<x14:dataValidations count=\"1\"><x14:dataValidation type=\"list\"><x14:formula1><xm:f>{source}</xm:f></x14:formula1>\
                <xm:sqref>B1</xm:sqref></x14:dataValidation></x14:dataValidations>");
            let lines = "<x14:sparklineGroups><x14:sparklineGroup><x14:sparklines><x14:sparkline><xm:f>本年度!A1:A9</xm:f><xm:sqref>C1</xm:sqref>\
                </x14:sparkline></x14:sparklines></x14:sparklineGroup></x14:sparklineGroups>";
            let all = [
                ext("{78C0D931-6437-407d-A8EE-F0AAD7539E65}", rules),
                ext("{CCE6A557-97BC-4b89-ADB6-D9C93CAAB3DF}", &lists),
                ext("{05C60535-1F16-4fd2-B633-F4F36F0B64E0}", lines),
                ext("{A8765BA9-456A-4dab-B4F3-ACF838C121DE}", "<x14:slicerList><x14:slicer r:id=\"rId9\"/></x14:slicerList>"),
            ];
            Book::with(&format!("{EMPTY}<extLst>{}</extLst>", all.concat())).build()
        }
        "very_hidden" => {
            let mut book = Book::with(EMPTY);
            book.sheets.push(("控え", "state=\"veryHidden\"", EMPTY.to_owned()));
            book.build()
        }
        "second_in_front" => {
            let mut book = Book::with(EMPTY);
            book.views = "<bookViews><workbookView activeTab=\"1\"/></bookViews>".to_owned();
            book.sheets.push(("控え", "", EMPTY.to_owned()));
            book.build()
        }
        "wareki" => Book::with(EMPTY)
            .book_part(
                &office("styles"),
                "xl/styles.xml",
                &format!("<styleSheet {X}><numFmts count=\"2\"><numFmt numFmtId=\"176\" formatCode=\"[$-411]ggge&quot;年&quot;m&quot;月&quot;d&quot;日&quot;;@\"/>\
                    <numFmt numFmtId=\"177\" formatCode=\"[DBNum3]General\"/></numFmts></styleSheet>"),
            )
            .build(),
        "phonetic" => Book::cells("<c r=\"A1\" t=\"s\"><v>0</v></c>")
            .book_part(
                &office("sharedStrings"),
                "xl/sharedStrings.xml",
                &format!("<sst {X} count=\"1\" uniqueCount=\"1\"><si><r><rPr><b/></rPr><t>伊</t></r><r><t>万里</t></r><rPh sb=\"0\" eb=\"3\"><t>イマリ</t></rPh><phoneticPr fontId=\"1\"/></si></sst>"),
            )
            .build(),
        "chart_outside" => {
            let anchor = "<xdr:wsDr xmlns:xdr=\"http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing\" \
                xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\"><xdr:absoluteAnchor><xdr:graphicFrame><a:graphic>\
                <a:graphicData uri=\"http://schemas.openxmlformats.org/drawingml/2006/chart\"><c:chart \
                xmlns:c=\"http://schemas.openxmlformats.org/drawingml/2006/chart\" \
                xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\" r:id=\"rId1\"/></a:graphicData></a:graphic>\
                </xdr:graphicFrame><xdr:clientData/></xdr:absoluteAnchor></xdr:wsDr>";
            let chart = "<c:chartSpace xmlns:c=\"http://schemas.openxmlformats.org/drawingml/2006/chart\"><c:chart><c:plotArea><c:barChart><c:ser>\
                <c:idx val=\"0\"/><c:order val=\"0\"/><c:tx><c:strRef><c:f>[1]S!A1</c:f><c:strCache><c:ptCount val=\"1\"/><c:pt idx=\"0\"><c:v>系列</c:v></c:pt></c:strCache></c:strRef></c:tx>\
                <c:val><c:numRef><c:f>[1]S!B1:B2</c:f><c:numCache><c:ptCount val=\"1\"/><c:pt idx=\"0\"><c:v>12.5</c:v></c:pt></c:numCache></c:numRef></c:val></c:ser>\
                </c:barChart></c:plotArea></c:chart></c:chartSpace>";
            let mut book = Book::with(&format!("{EMPTY}<drawing r:id=\"rId1\"/>"))
                .sheet_part(&office("drawing"), "xl/drawings/drawing1.xml", anchor);
            book.parts.push(("xl/drawings/_rels/drawing1.xml.rels", rels(&[(office("chart"), "xl/charts/chart1.xml")])));
            book.parts.push(("xl/charts/chart1.xml", chart.to_owned()));
            book.build()
        }
        "picture_in_cell" => {
            let ms = "http://schemas.microsoft.com/office/";
            let rich = "<rvData><rv s=\"0\"><v>0</v><v>5</v></rv></rvData>";
            let kind = "<rvStructures><s t=\"_localImage\"><k n=\"_rvRel:LocalImageIdentifier\" t=\"i\"/></s></rvStructures>";
            let metadata = "<metadata><futureMetadata name=\"XLRICHVALUE\"><bk><rvb i=\"0\"/></bk></futureMetadata>\
                <valueMetadata><bk><rc t=\"1\" v=\"0\"/></bk></valueMetadata></metadata>";
            let mut book = Book::cells("<c r=\"B1\" t=\"e\" vm=\"1\"><v>#VALUE!</v></c>")
                .book_part(&office("sheetMetadata"), "xl/metadata.xml", metadata)
                .book_part(&format!("{ms}2017/06/relationships/rdRichValue"), "xl/richData/rdrichvalue.xml", rich)
                .book_part(&format!("{ms}2017/06/relationships/rdRichValueStructure"), "xl/richData/s.xml", kind)
                .book_part(
                    &format!("{ms}2022/10/relationships/richValueRel"),
                    "xl/richData/richValueRel.xml",
                    "<r xmlns:r=\"x\"><rel r:id=\"rId1\"/></r>",
                );
            book.parts.push(("xl/richData/_rels/richValueRel.xml.rels", rels(&[(office("image"), "xl/media/i.png")])));
            book.parts.push(("xl/media/i.png", "junk".to_owned()));
            book.build()
        }
        "entity_bomb" => Book::cells("<c r=\"A1\" t=\"s\"><v>0</v></c>")
            .book_part(
                &office("sharedStrings"),
                "xl/sharedStrings.xml",
                &format!("<!DOCTYPE sst [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><sst {X}><si><t>&b;</t></si></sst>"),
            )
            .build(),
        other => panic!("{other}"),
    }
}

#[test]
fn workbooks_are_disarmed_as_the_cases_say() {
    crate::cases::run(include_str!("../../cases/xlsx.md"), &made);
}

#[test]
fn the_second_reader_takes_no_box_but_ours() {
    let done = disarm(&made("comment"), &Options::default()).unwrap();
    let at = done.bytes.windows(4).position(|window| window == b".vml").unwrap();
    assert!(at > 0);
    verify(&done.bytes, done.format, &Limits::default()).unwrap();
    assert!(verify(&made("comment"), done.format, &Limits::default()).is_err());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]
    #[test]
    fn mutated_workbooks_never_panic_and_what_is_written_verifies(which in 0_usize..6, at in 0_usize..4_000, with in "[<>/&;:\"' a-z=0-9,]{0,6}") {
        let name = ["check_boxes", "comment", "extensions", "spill", "chart_outside", "external_book"][which];
        let options = Options::default();
        let bytes = made(name);
        let mut ctx = crate::context::Context::new(&options);
        let archive = crate::zip::Archive::read(&bytes, &mut ctx).unwrap();
        let mut writer = Writer::new();
        let target = at % archive.entries().len();
        for (number, entry) in archive.entries().iter().enumerate() {
            let mut text = String::from_utf8(archive.bytes(entry, &mut ctx).unwrap()).unwrap();
            if number == target && !text.is_empty() {
                let position = (0..=at * 7 % text.len()).rev().find(|p| text.is_char_boundary(*p)).unwrap();
                text.insert_str(position, &with);
            }
            writer.add(&entry.name, text.as_bytes(), Storage::Deflate).unwrap();
        }
        if let Ok(done) = disarm(&writer.finish().unwrap(), &options) {
            verify(&done.bytes, done.format, &Limits::default()).unwrap();
        }
    }
}
