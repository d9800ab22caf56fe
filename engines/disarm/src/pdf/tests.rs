//! Documents made here, one danger each: the rebuilt file must verify, must not hold the danger any more, and the
//! report must name it.

mod cases;
mod damage;
mod fields;
mod lines;
mod pages;
mod pictures;
mod profiles;

use proptest::prelude::*;

use super::write::{Val, deflate, write_number};
use crate::{Disarmed, Format, Limits, Options, RefusalCode, RemovalCode, disarm, extract_text, verify};

/// A file with a classical table from the bodies of objects 1, 2, …; object 1 is the catalogue.
fn pdf(objects: &[&str]) -> Vec<u8> {
    let bodies: Vec<Vec<u8>> = objects.iter().map(|body| body.as_bytes().to_vec()).collect();
    pdf_bytes(&bodies, "")
}

fn pdf_bytes(objects: &[Vec<u8>], trailer: &str) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n".to_vec();
    let mut offsets = Vec::new();
    for (index, body) in objects.iter().enumerate() {
        offsets.push(out.len());
        out.extend_from_slice(format!("{} 0 obj\n", index + 1).as_bytes());
        out.extend_from_slice(body);
        out.extend_from_slice(b"\nendobj\n");
    }
    let start = out.len();
    out.extend_from_slice(format!("xref\n0 {}\n0000000000 65535 f \n", offsets.len() + 1).as_bytes());
    for offset in &offsets {
        out.extend_from_slice(format!("{offset:010} 00000 n \n").as_bytes());
    }
    let size = offsets.len() + 1;
    out.extend_from_slice(
        format!("trailer\n<< /Size {size} /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF\n").as_bytes(),
    );
    out
}

fn stream(dict: &str, data: &str) -> String {
    format!("<< {dict} /Length {} >>\nstream\n{data}\nendstream", data.len())
}

/// A one-page document: catalogue entries, page entries, page content, further objects from number 5 on.
fn document(catalog: &str, page: &str, content: &str, more: &[&str]) -> Vec<u8> {
    let catalog = format!("<< /Type /Catalog /Pages 2 0 R {catalog} >>");
    let page = format!(
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 400] /Contents 4 0 R \
         /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> {page} >>"
    );
    let content = stream("", content);
    let mut objects = vec![catalog.as_str(), "<< /Type /Pages /Kids [3 0 R] /Count 1 >>", &page, &content];
    objects.extend_from_slice(more);
    pdf(&objects)
}

const HELLO: &str = "BT /F1 12 Tf 20 300 Td (Hello) Tj ET";

fn rebuilt(input: &[u8]) -> Disarmed {
    let disarmed = disarm(input, &Options::default()).unwrap();
    assert_eq!(disarmed.format, Format::Pdf);
    if let Err(failure) = verify(&disarmed.bytes, Format::Pdf, &Limits::default()) {
        panic!("{failure}\n{}", String::from_utf8_lossy(&disarmed.bytes));
    }
    disarmed
}

fn text(input: &[u8]) -> Vec<String> {
    extract_text(input, &Options::default()).unwrap().into_iter().map(|piece| piece.text).collect()
}

/// Every danger's words, as they would stand in the new file if they had come through.
const WORDS: &[&str] = &[
    "JavaScript",
    "/JS",
    "Launch",
    "OpenAction",
    "/AA",
    "GoToR",
    "GoToE",
    "SubmitForm",
    "ImportData",
    "Rendition",
    "RichMedia",
    "EmbeddedFile",
    "/AF",
    "XFA",
    "FFilter",
    "AcroForm",
    "ObjStm",
    "/Encrypt",
    "app.alert",
    "Names",
];

/// The document is rebuilt, verifies, still says Hello, holds none of the words, and the report has the code.
fn check(input: &[u8], code: RemovalCode) {
    let disarmed = rebuilt(input);
    let shown = String::from_utf8_lossy(&disarmed.bytes);
    for word in WORDS {
        assert!(!shown.contains(word), "{word} in\n{shown}");
    }
    assert!(
        disarmed.removed.iter().any(|removed| removed.what == code),
        "{code:?} not in {:?}",
        disarmed.removed
    );
    assert_eq!(text(&disarmed.bytes), ["Hello"]);
}

fn refused(input: &[u8], code: RefusalCode) {
    assert_eq!(disarm(input, &Options::default()).unwrap_err().code, code);
}

const JS: &str = "<< /S /JavaScript /JS (app.alert\\(1\\)) >>";

#[test]
fn script_on_opening_is_removed_and_reported() {
    check(&document(&format!("/OpenAction {JS}"), "", HELLO, &[]), RemovalCode::Script);
}

#[test]
fn additional_actions_of_the_document_are_removed() {
    check(&document(&format!("/AA << /WC {JS} >>"), "", HELLO, &[]), RemovalCode::Script);
}

#[test]
fn additional_actions_of_a_page_are_removed() {
    check(&document("", &format!("/AA << /O {JS} >>"), HELLO, &[]), RemovalCode::Script);
}

#[test]
fn additional_actions_of_an_annotation_are_removed() {
    let annotation = format!("<< /Type /Annot /Subtype /Square /Rect [0 0 9 9] /AA << /E {JS} >> >>");
    check(&document("", "/Annots [5 0 R]", HELLO, &[&annotation]), RemovalCode::Script);
}

#[test]
fn additional_actions_of_a_field_are_removed() {
    let field =
        format!("<< /Type /Annot /Subtype /Widget /FT /Tx /T (a) /Rect [0 0 9 9] /AA << /K {JS} >> >>");
    let input = document("/AcroForm << /Fields [5 0 R] >>", "/Annots [5 0 R]", HELLO, &[&field]);
    check(&input, RemovalCode::Script);
    check(&input, RemovalCode::FormField);
}

#[test]
fn named_scripts_are_removed() {
    let names = format!("/Names << /JavaScript << /Names [(a) {JS}] >> >>");
    check(&document(&names, "", HELLO, &[]), RemovalCode::Script);
}

#[test]
fn attachments_are_removed() {
    let file = stream("/Type /EmbeddedFile", "MZ");
    let names =
        "/Names << /EmbeddedFiles << /Names [(a) << /Type /Filespec /F (a.exe) /EF << /F 5 0 R >> >>] >> >>";
    check(&document(names, "", HELLO, &[&file]), RemovalCode::EmbeddedFile);
    check(&document("/AF [<< /EF << /F 5 0 R >> >>]", "", HELLO, &[&file]), RemovalCode::EmbeddedFile);
    check(&document("/Collection << /View /D >>", "", HELLO, &[]), RemovalCode::EmbeddedFile);
}

fn link(action: &str) -> Vec<u8> {
    let annotation = format!("<< /Type /Annot /Subtype /Link /Rect [0 0 50 50] /A {action} >>");
    document("", "/Annots [5 0 R]", HELLO, &[&annotation])
}

#[test]
fn actions_that_leave_the_document_are_removed() {
    for (action, code) in [
        ("<< /S /Launch /F (cmd.exe) /Win << /F (cmd.exe) >> >>", RemovalCode::Action),
        ("<< /S /GoToR /F (\\\\\\\\host\\\\share) /D [0 /Fit] >>", RemovalCode::ExternalLink),
        ("<< /S /GoToE /T << /R /C >> >>", RemovalCode::ExternalLink),
        ("<< /S /SubmitForm /F (http://127.0.0.1/) >>", RemovalCode::ExternalLink),
        ("<< /S /ImportData /F (a.fdf) >>", RemovalCode::ExternalLink),
        ("<< /S /Rendition /OP 0 /JS (app.alert\\(1\\)) >>", RemovalCode::Script),
        ("<< /S /Movie /T (m) >>", RemovalCode::Media),
        ("<< /S /Named /N /SaveAs >>", RemovalCode::Action),
        ("<< /S /Hide /T (a) >>", RemovalCode::Action),
        ("<< /S /URI /URI (javascript:alert\\(1\\)) >>", RemovalCode::Hyperlink),
        ("<< /S /URI /URI (file:///etc/passwd) >>", RemovalCode::Hyperlink),
        ("<< /S /URI /URI (\\\\\\\\host\\\\share) >>", RemovalCode::Hyperlink),
        ("<< /S /URI /URI (vnd.sun.star.script:x) >>", RemovalCode::Hyperlink),
        (
            "<< /S /GoTo /D [3 0 R /Fit] /Next << /S /JavaScript /JS (app.alert\\(1\\)) >> >>",
            RemovalCode::Script,
        ),
        ("<< /S /Unheard /X 1 >>", RemovalCode::Action),
    ] {
        check(&link(action), code);
    }
}

#[test]
fn web_link_and_jump_within_the_document_stay() {
    let disarmed = rebuilt(&link("<< /S /URI /URI (https://www.example.lg.jp/) >>"));
    let shown = String::from_utf8_lossy(&disarmed.bytes).into_owned();
    assert!(shown.contains(&hex::encode_upper("https://www.example.lg.jp/")));
    assert!(disarmed.removed.is_empty(), "{:?}", disarmed.removed);
    let disarmed = rebuilt(&link("<< /S /GoTo /D [3 0 R /XYZ 0 100 0] >>"));
    assert!(String::from_utf8_lossy(&disarmed.bytes).contains("/XYZ 0 100 0]"));
}

#[test]
fn links_are_dropped_when_policy_says_so() {
    let options = Options { drop_links: true, ..Options::default() };
    let disarmed = disarm(&link("<< /S /URI /URI (https://example.jp/) >>"), &options).unwrap();
    assert!(!String::from_utf8_lossy(&disarmed.bytes).contains("/URI"));
    assert_eq!(disarmed.removed.first().unwrap().what, RemovalCode::Hyperlink);
}

#[test]
fn form_is_flattened_and_its_appearance_stays() {
    let field =
        "<< /Type /Annot /Subtype /Widget /FT /Tx /T (a) /V (x) /Rect [10 10 110 30] /AP << /N 6 0 R >> >>";
    let appearance = stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 100 20] \
         /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>",
        "/Tx BMC BT /F1 9 Tf 2 5 Td (Filled) Tj ET EMC",
    );
    let input =
        document("/AcroForm << /Fields [5 0 R] /XFA (x) >>", "/Annots [5 0 R]", HELLO, &[field, &appearance]);
    let disarmed = rebuilt(&input);
    assert_eq!(text(&disarmed.bytes), ["Hello\nFilled"]);
    assert!(
        disarmed
            .removed
            .iter()
            .any(|removed| removed.what == RemovalCode::FormField && removed.location == "p.1")
    );
    assert!(disarmed.removed.iter().any(|removed| removed.location.contains("XFA")));
}

#[test]
fn media_annotations_are_removed() {
    for subtype in ["RichMedia", "Screen", "Movie", "Sound", "3D"] {
        let annotation = format!("<< /Type /Annot /Subtype /{subtype} /Rect [0 0 9 9] >>");
        check(&document("", "/Annots [5 0 R]", HELLO, &[&annotation]), RemovalCode::Media);
    }
}

#[test]
fn escaped_names_do_not_hide_a_script() {
    let input = document("/Open#41ction << /S /J#61vaScript /#4A#53 (app.alert\\(1\\)) >>", "", HELLO, &[]);
    check(&input, RemovalCode::Script);
}

#[test]
fn stream_in_another_file_is_not_followed() {
    let content = stream("/F (\\\\\\\\host\\\\x) /FFilter /FlateDecode", "");
    let input = document("", "/Contents [4 0 R 5 0 R]", HELLO, &[&content]);
    check(&input, RemovalCode::ExternalLink);
}

#[test]
fn objects_hidden_in_an_object_stream_are_found() {
    let inner = format!("6 0 {JS}");
    let packed = deflate(inner.as_bytes());
    let mut hidden =
        format!("<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length {} >>\nstream\n", packed.len())
            .into_bytes();
    hidden.extend_from_slice(&packed);
    hidden.extend_from_slice(b"\nendstream");
    let page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 400] /Contents 4 0 R /Resources << /Font << /F1 \
        << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>";
    let objects: Vec<Vec<u8>> = vec![
        b"<< /Type /Catalog /Pages 2 0 R /OpenAction 6 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        page.as_bytes().to_vec(),
        stream("", HELLO).into_bytes(),
        hidden,
    ];
    check(&pdf_bytes(&objects, ""), RemovalCode::Script);
}

#[test]
fn earlier_version_of_an_updated_file_is_gone() {
    let mut input = document("", "", "BT /F1 12 Tf 20 300 Td (Secret) Tj ET", &[]);
    let previous = input.windows(9).rposition(|window| window == b"startxref").unwrap();
    let previous: usize =
        String::from_utf8_lossy(&input[previous + 10..]).split('\n').next().unwrap().parse().unwrap();
    let at = input.len();
    input.extend_from_slice(format!("4 0 obj\n{}\nendobj\n", stream("", HELLO)).as_bytes());
    let start = input.len();
    input.extend_from_slice(
        format!(
            "xref\n4 1\n{at:010} 00000 n \ntrailer\n<< /Size 5 /Root 1 0 R /Prev {previous} >>\nstartxref\n{start}\n%%EOF\n"
        )
        .as_bytes(),
    );
    check(&input, RemovalCode::HiddenContent);
}

#[test]
fn data_around_the_document_is_reported() {
    let mut input = document("", "", HELLO, &[]);
    input.extend_from_slice(b"PK\x03\x04 a second file");
    check(&input, RemovalCode::TrailingData);
}

#[test]
fn metadata_and_private_data_are_removed() {
    let xmp = stream("/Type /Metadata /Subtype /XML", "<x:xmpmeta/>");
    let input = document("/Metadata 5 0 R /PieceInfo << /A << >> >>", "/Thumb 5 0 R", HELLO, &[&xmp]);
    check(&input, RemovalCode::Metadata);
}

#[test]
fn file_opened_by_the_empty_password_is_rebuilt() {
    let mut plain = lopdf::Document::load_mem(&document("", "", HELLO, &[])).unwrap();
    plain.trailer.set("ID", lopdf::Object::Array(vec![lopdf::Object::string_literal("0123456789abcdef"); 2]));
    let lock = |document: &lopdf::Document, user: &str| {
        let mut copy = document.clone();
        let version = lopdf::EncryptionVersion::V2 {
            document,
            owner_password: "owner",
            user_password: user,
            key_length: 128,
            permissions: lopdf::Permissions::all(),
        };
        let state = lopdf::EncryptionState::try_from(version).unwrap();
        copy.encrypt(&state).unwrap();
        let mut out = Vec::new();
        copy.save_to(&mut out).unwrap();
        out
    };
    check(&lock(&plain, ""), RemovalCode::UnknownPart);
    let secret = lock(&plain, "secret");
    refused(&secret, RefusalCode::Encrypted);
    let with = |password: &str| {
        disarm(&secret, &Options { password: Some(password.to_owned()), ..Options::default() })
    };
    assert_eq!(with("wrong").unwrap_err().code, RefusalCode::WrongPassword);
    assert_eq!(text(&with("secret").unwrap().bytes), ["Hello"]);
}

#[test]
fn calculator_keeps_arithmetic_and_drops_other_programs() {
    let separation = |program: &str| {
        let function = stream("/FunctionType 4 /Domain [0 1] /Range [0 1 0 1 0 1]", program);
        document(
            "",
            "/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> \
             /ColorSpace << /CS1 [/Separation /Gold /DeviceRGB 5 0 R] >> >>",
            &format!("/CS1 cs 1 scn {HELLO}"),
            &[&function],
        )
    };
    let kept = rebuilt(&separation("{ dup 0.5 mul exch 0.25 mul 0 }"));
    assert!(kept.removed.is_empty(), "{:?}", kept.removed);
    check(&separation("{ (x) run 0 0 }"), RemovalCode::Script);
    check(&separation("{ 1 systemdict /exec get }"), RemovalCode::Script);
}

#[test]
fn font_matrix_with_code_is_dropped() {
    let font = "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 1 1] /FontMatrix [1 0 0 1 0 (0\\); app.alert\\(1\\)//)] \
        /CharProcs << >> /Encoding << /Differences [] >> >>";
    let input = document(
        "",
        "/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> /F2 5 0 R >> >>",
        &format!("BT /F2 9 Tf ET {HELLO}"),
        &[font],
    );
    check(&input, RemovalCode::EmbeddedFont);
}

#[test]
fn embedded_program_that_is_no_font_is_dropped() {
    let file =
        stream("", "%!PS-AdobeFont-1.0: X\n/FontMatrix [0.001 0 0 0.001 0 (x)] def currentfile eexec 0000");
    let font = "<< /Type /Font /Subtype /Type1 /BaseFont /X /FontDescriptor << /Type /FontDescriptor /FontName /X \
        /Flags 32 /FontFile 5 0 R >> >>";
    let page = "/Resources << /Font << /F1 6 0 R >> >>";
    check(&document("", page, HELLO, &[&file, font]), RemovalCode::EmbeddedFont);
}

#[test]
fn unknown_operators_are_dropped_and_reported() {
    check(
        &document("", "", &format!("(x) frobnicate 1 2 m 3 l {HELLO} Q Q q"), &[]),
        RemovalCode::UnknownElement,
    );
}

#[test]
fn layer_that_is_off_does_not_appear() {
    let catalog = "/OCProperties << /OCGs [5 0 R] /D << /OFF [5 0 R] >> >>";
    let page = "/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> \
        /Properties << /MC0 5 0 R >> >>";
    let content = format!("/OC /MC0 BDC BT /F1 9 Tf 1 1 Td (Hidden) Tj ET 0 0 9 9 re f EMC {HELLO}");
    check(&document(catalog, page, &content, &["<< /Type /OCG /Name (L) >>"]), RemovalCode::HiddenContent);
}

#[test]
fn inline_image_becomes_an_image_object() {
    let content = format!("q 9 0 0 9 0 0 cm BI /W 2 /H 2 /BPC 8 /CS /G ID abEI EI Q {HELLO}");
    let disarmed = rebuilt(&document("", "", &content, &[]));
    assert!(String::from_utf8_lossy(&disarmed.bytes).contains("/Width 2/Height 2"));
    assert_eq!(text(&disarmed.bytes), ["Hello"]);
}

#[test]
fn picture_without_a_decoder_is_replaced_and_reported() {
    let page = "/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> \
        /XObject << /X 5 0 R >> >>";
    for filter in ["JPXDecode", "JBIG2Decode", "CCITTFaxDecode"] {
        let image = stream(
            &format!(
                "/Subtype /Image /Width 9 /Height 9 /BitsPerComponent 1 /ColorSpace /DeviceGray /Filter /{filter}"
            ),
            "xxxx",
        );
        check(&document("", page, &format!("/X Do {HELLO}"), &[&image]), RemovalCode::DrawingReplaced);
    }
}

#[test]
fn photograph_is_compressed_again() {
    let mut jpeg = Vec::new();
    let samples: Vec<u8> = (0..32 * 16 * 3).map(|at| (at % 251) as u8).collect();
    jpeg_encoder::Encoder::new(&mut jpeg, 80).encode(&samples, 32, 16, jpeg_encoder::ColorType::Rgb).unwrap();
    jpeg.extend_from_slice(b"MZ hidden tail");
    let mut image = format!(
        "<< /Subtype /Image /Width 32 /Height 16 /BitsPerComponent 8 /ColorSpace /DeviceRGB /Filter /DCTDecode /Length {} >>\nstream\n",
        jpeg.len()
    )
    .into_bytes();
    image.extend_from_slice(&jpeg);
    image.extend_from_slice(b"\nendstream");
    let objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R /Resources << /XObject << /X 5 0 R >> >> >>"
            .to_vec(),
        stream("", "/X Do").into_bytes(),
        image,
    ];
    let disarmed = rebuilt(&pdf_bytes(&objects, ""));
    let shown = String::from_utf8_lossy(&disarmed.bytes);
    assert!(shown.contains("/DCTDecode") && !shown.contains("hidden tail"));
}

#[test]
fn content_that_cannot_be_read_refuses_the_file() {
    let broken = stream("/Filter /FlateDecode", "this is not deflate");
    refused(&document("", "/Contents 5 0 R", HELLO, &[&broken]), RefusalCode::Malformed);
    refused(b"%PDF-1.7\nnothing here\n%%EOF\n", RefusalCode::Malformed);
}

#[test]
fn encrypted_file_without_identifier_opens_without_a_password() {
    let disarmed = rebuilt(include_bytes!("fixtures/no-file-id.pdf"));
    assert_eq!(text(&disarmed.bytes), ["Potato"]);
    assert!(disarmed.removed.iter().any(|removed| removed.location.contains("暗号化")));
}

#[test]
fn file_without_pages_is_refused_with_that_reason() {
    let empty = pdf(&["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [] /Count 0 >>"]);
    let refusal = disarm(&empty, &Options::default()).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::Malformed);
    assert!(refusal.detail.contains("ページがありません"), "{}", refusal.detail);
}

#[test]
fn circles_end() {
    let page = "/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> \
        /XObject << /X 5 0 R >> >>";
    let form = stream("/Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 5 0 R >> >>", "/X Do");
    check(&document("", page, &format!("/X Do {HELLO}"), &[&form]), RemovalCode::UnknownElement);
    let tree = pdf(&["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [2 0 R] /Count 1 >>"]);
    refused(&tree, RefusalCode::Malformed);
}

#[test]
fn missing_resource_is_reported_with_its_page() {
    for (content, what) in [
        ("/Lost Do", "XObject Lost"),
        ("/Lost gs", "ExtGState Lost"),
        ("/Pattern cs /Lost scn", "Pattern Lost"),
    ] {
        let disarmed = rebuilt(&document("", "", &format!("{content} {HELLO}"), &[]));
        let line =
            disarmed.removed.iter().find(|removed| removed.what == RemovalCode::UnknownElement).unwrap();
        assert!(line.location.starts_with("p.1") && line.location.contains(what), "{}", line.location);
    }
    let resources = "/Resources << /XObject << /Lost 99 0 R >> >>";
    let disarmed = rebuilt(&document("", resources, "/Lost Do", &[]));
    assert!(disarmed.removed.iter().any(|removed| removed.location.contains("XObject Lost")));
}

#[test]
fn form_without_resources_draws_with_those_of_its_page() {
    let page = |font: &str| {
        format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 400] /Contents 5 0 R /Resources << /XObject << /X 6 0 R >> \
             /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /{font} >> >> >> >>"
        )
    };
    let input = pdf(&[
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 >>",
        &page("Courier"),
        &page("Times-Roman"),
        &stream("", "/X Do"),
        &stream("/Subtype /Form /BBox [0 0 300 400]", HELLO),
    ]);
    let disarmed = rebuilt(&input);
    let shown = String::from_utf8_lossy(&disarmed.bytes).into_owned();
    assert!(
        shown.contains("/Courier") && shown.contains("/Times-Roman") && !shown.contains("/Helvetica"),
        "{shown}"
    );
    assert_eq!(text(&disarmed.bytes), ["Hello", "Hello"]);
}

#[test]
fn forms_that_multiply_are_a_bomb() {
    let mut forms = Vec::new();
    for level in 0..12 {
        let next = 6 + level;
        let resources =
            format!("/Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X {next} 0 R >> >>");
        forms.push(stream(&resources, &"/X Do ".repeat(10)));
    }
    forms.push(stream("/Subtype /Form /BBox [0 0 9 9]", "0 0 1 1 re f"));
    let forms: Vec<&str> = forms.iter().map(String::as_str).collect();
    refused(&document("", "/Resources << /XObject << /X 5 0 R >> >>", "/X Do", &forms), RefusalCode::Bomb);
}

#[test]
fn stream_that_inflates_without_end_is_a_bomb() {
    let packed = deflate(&vec![b' '; 3 << 20]);
    let mut content = format!("<< /Filter /FlateDecode /Length {} >>\nstream\n", packed.len()).into_bytes();
    content.extend_from_slice(&packed);
    content.extend_from_slice(b"\nendstream");
    let objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>".to_vec(),
        content,
    ];
    let limits = Limits { expanded_bytes: 1 << 20, ..Limits::default() };
    let options = Options { limits, ..Options::default() };
    assert_eq!(disarm(&pdf_bytes(&objects, ""), &options).unwrap_err().code, RefusalCode::Bomb);
}

/// A composite font whose codes mean nothing without its map, as Japanese writers make it.
fn japanese() -> Vec<u8> {
    let map = "/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange \
        2 beginbfchar <0001> <4F0A> <0002> <4E07> endbfchar 1 beginbfrange <0003> <0004> <91CC> endbfrange \
        1 beginbfrange <0010> <0011> [<5E02> <5F79>] endbfrange endcmap";
    let map = stream("", map);
    let font = "<< /Type /Font /Subtype /Type0 /BaseFont /HeiseiMin-W3 /Encoding /Identity-H /ToUnicode 5 0 R \
        /DescendantFonts [<< /Type /Font /Subtype /CIDFontType0 /BaseFont /HeiseiMin-W3 /DW 1000 /W [1 [500 600]] \
        /CIDSystemInfo << /Registry (Adobe) /Ordering (Japan1) /Supplement 6 >> \
        /FontDescriptor << /Type /FontDescriptor /FontName /HeiseiMin-W3 /Flags 4 >> >>] >>";
    document(
        "/Lang (ja-JP)",
        "/Resources << /Font << /F1 6 0 R >> >> /Rotate 90 /CropBox [10 10 200 300]",
        "BT /F1 12 Tf 1 0 0 1 20 300 Tm <000100020003> Tj [<0010> -50 <0011>] TJ ET",
        &[&map, font],
    )
}

#[test]
fn japanese_text_and_page_geometry_survive() {
    let input = japanese();
    assert_eq!(text(&input), ["伊万里市役"]);
    let disarmed = rebuilt(&input);
    assert_eq!(text(&disarmed.bytes), ["伊万里市役"]);
    let shown = String::from_utf8_lossy(&disarmed.bytes);
    assert!(shown.contains("/MediaBox [0 0 300 400]/CropBox [10 10 200 300]/Rotate 90"), "{shown}");
    assert!(disarmed.removed.is_empty(), "{:?}", disarmed.removed);
}

#[test]
fn a_second_pass_changes_nothing() {
    let first = rebuilt(&japanese()).bytes;
    let second = rebuilt(&first);
    assert_eq!(first.len(), second.bytes.len());
}

#[test]
fn outline_and_labels_stay() {
    let input = document(
        "/Outlines 5 0 R /PageLabels << /Nums [0 << /S /r >>] >>",
        "",
        HELLO,
        &[
            "<< /First 6 0 R /Last 6 0 R /Count 1 >>",
            "<< /Title (One) /Parent 5 0 R /Dest [3 0 R /FitH 100] >>",
        ],
    );
    let shown = String::from_utf8_lossy(&rebuilt(&input).bytes).into_owned();
    assert!(shown.contains("/Title <4F6E65>") && shown.contains("/FitH 100]") && shown.contains("/S /r"));
}

#[test]
fn numbers_have_no_exponent() {
    for (number, expected) in
        [(0.1, "0.1"), (1e-12, "0"), (-2.50, "-2.5"), (1e300, "2147483647"), (-1e-12, "0")]
    {
        let mut out = Vec::new();
        write_number(&mut out, number);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
    assert_eq!(Val::nums([1.0]), Val::Arr(vec![Val::Num(1.0)]));
}

#[test]
fn every_filter_is_undone() {
    let page = |filter: &str, data: &str| document("", "/Contents 5 0 R", "", &[&stream(filter, data)]);
    let hexed = format!("{}>", hex::encode(HELLO));
    assert_eq!(text(&rebuilt(&page("/Filter /ASCIIHexDecode", &hexed)).bytes), ["Hello"]);
    let options = Options::default();
    let lzw = b"\x80\x0B\x60\x50\x22\x0C\x0C\x85\x01";
    let mut ctx = crate::context::Context::new(&options);
    let plain = super::filters::lzw(lzw, true, &mut ctx).unwrap();
    assert_eq!(plain.data, [45, 45, 45, 45, 45, 65, 45, 45, 45, 66]);
    let run = super::filters::run_length(b"\x02abc\xFEd\x80", &mut ctx).unwrap();
    assert_eq!(run.data, b"abcddd");
    let five = super::filters::ascii85(b"87cURD]i,\"Ebo80~>", &mut ctx).unwrap();
    assert_eq!(five.data, b"Hello World!");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn damaged_documents_never_panic_and_what_comes_out_verifies(
        which in 0_usize..3,
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let mut input = match which {
            0 => japanese(),
            1 => link("<< /S /GoTo /D [3 0 R /Fit] >>"),
            _ => document("/OpenAction 5 0 R", "", "q BI /W 2 /H 2 /BPC 8 /CS /G ID abcd EI Q", &[JS]),
        };
        for (at, byte) in damage {
            let at = at.index(input.len());
            input[at] = byte;
        }
        if let Ok(disarmed) = disarm(&input, &Options::default()) && disarmed.format == Format::Pdf {
            let verified = verify(&disarmed.bytes, Format::Pdf, &Limits::default());
            prop_assert!(verified.is_ok(), "{verified:?}");
        }
        let _ = extract_text(&input, &Options::default());
    }

    #[test]
    fn any_content_comes_out_as_known_operators(content in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut objects: Vec<Vec<u8>> = vec![
            b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>".to_vec(),
        ];
        let mut body = format!("<< /Length {} >>\nstream\n", content.len()).into_bytes();
        body.extend_from_slice(&content);
        body.extend_from_slice(b"\nendstream");
        objects.push(body);
        if let Ok(disarmed) = disarm(&pdf_bytes(&objects, ""), &Options::default()) {
            let verified = verify(&disarmed.bytes, Format::Pdf, &Limits::default());
            prop_assert!(verified.is_ok(), "{verified:?}");
        }
    }
}
