//! The cases of `cases/pdf.md`: its fragments become whole documents here.

use super::*;

const CASES: &str = include_str!("../../../cases/pdf.md");

#[test]
fn every_threat_of_the_document_is_gone_and_reported() {
    crate::cases::run(CASES, &make);
}

#[test]
fn no_word_of_a_danger_is_left_in_either_method() {
    for made in CASES.lines().filter_map(|line| line.strip_prefix("made: ")) {
        let input = make(made.trim_matches('`'));
        for method in [crate::Method::Rebuild, crate::Method::Image] {
            let options = Options { name: "書類.pdf".to_owned(), method, dpi: 36, ..Options::default() };
            let Ok(disarmed) = disarm(&input, &options) else { continue };
            let bare = crate::cases::bare(&disarmed.bytes);
            for word in WORDS.iter().chain(&["nusumu", "6E7573756D75"]) {
                assert!(!bare.contains(word), "{word} of {made} in\n{bare}");
            }
        }
    }
}

/// A document from a fragment.
fn make(made: &str) -> Vec<u8> {
    let mut parts = made.split(" ;; ").map(str::trim);
    let (place, fragment) = parts.next().map_or(("", ""), |part| part.split_once(' ').unwrap_or((part, "")));
    let mut catalog = String::new();
    let mut objects = Vec::new();
    for part in parts {
        match (part.strip_prefix("catalog "), part.strip_prefix("{stream")) {
            (Some(entries), _) => catalog = entries.to_owned(),
            (_, Some(part)) => {
                let (dict, data) = part.trim_end_matches('}').rsplit_once(": ").unwrap();
                objects.push(stream(dict, data));
            }
            _ => objects.push(part.to_owned()),
        }
    }
    let annotation = format!("<< /Type /Annot /Rect [0 0 9 9] {fragment} >>");
    let with = |first: String| std::iter::once(first).chain(objects.clone()).collect::<Vec<_>>();
    let built = |catalog: &str, page: &str, objects: &[String]| {
        let objects: Vec<&str> = objects.iter().map(String::as_str).collect();
        document(catalog, page, HELLO, &objects)
    };
    match place {
        "catalog" => built(fragment, "", &objects),
        "page" => built(&catalog, fragment, &objects),
        "annot" => built("", "/Annots [5 0 R]", &with(annotation)),
        "field" => {
            let widget = annotation.replacen("/Rect", "/Subtype /Widget /Rect", 1);
            built("/AcroForm << /Fields [5 0 R] /SigFlags 3 >>", "/Annots [5 0 R]", &with(widget))
        }
        "link" => link(fragment),
        "object" => built("", "", &with(fragment.to_owned())),
        "draw" => {
            let page = "/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> \
                /XObject << /X0 5 0 R >> >>";
            document("", page, &format!("{HELLO} /X0 Do"), &[&stream(fragment, "(nusumu) pop")])
        }
        "trailer" => {
            let objects: Vec<Vec<u8>> = plain_objects().into_iter().map(String::into_bytes).collect();
            pdf_bytes(&objects, fragment)
        }
        other => special(other),
    }
}

fn plain_objects() -> [String; 4] {
    let page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 400] /Contents 4 0 R /Resources << /Font << /F1 \
        << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>";
    [
        "<< /Type /Catalog /Pages 2 0 R /OpenAction 6 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        page.to_owned(),
        stream("", HELLO),
    ]
}

const SCRIPT: &str = "<< /S /JavaScript /JS (nusumu) >>";

/// An object stream whose only object, number 6, is a script.
fn packed_script() -> Vec<u8> {
    let packed = deflate(format!("6 0 {SCRIPT}").as_bytes());
    let dict = format!("<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length {} >>", packed.len());
    [dict.as_bytes(), b"\nstream\n", &packed, b"\nendstream"].concat()
}

fn special(name: &str) -> Vec<u8> {
    match name {
        "packed" => {
            let mut objects: Vec<Vec<u8>> = plain_objects().into_iter().map(String::into_bytes).collect();
            objects.push(packed_script());
            pdf_bytes(&objects, "")
        }
        "hybrid" => hybrid(),
        "updated" => updated(),
        "behind" => [document("", "", HELLO, &[]), b"PK\x03\x04 nusumu".to_vec()].concat(),
        "locked" => locked(),
        "empty" => pdf(&["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [] /Count 0 >>"]),
        other => panic!("no builder for {other}"),
    }
}

/// A classical table beside which `XRefStm` names another one, for readers that know it (ISO 32000-1 §7.5.8.4).
fn hybrid() -> Vec<u8> {
    let mut objects: Vec<Vec<u8>> = plain_objects().into_iter().map(String::into_bytes).collect();
    objects.push(packed_script());
    let table = [2_u8, 0, 5, 0];
    let mut xref = format!(
        "<< /Type /XRef /Size 7 /W [1 2 1] /Index [6 1] /Root 1 0 R /Length {} >>\nstream\n",
        table.len()
    )
    .into_bytes();
    xref.extend_from_slice(&table);
    xref.extend_from_slice(b"\nendstream");
    let plain = pdf_bytes(&objects, "");
    let start = plain.windows(5).position(|window| window == b"xref\n").unwrap();
    let (body, _) = plain.split_at(start);
    let mut out = body.to_vec();
    let stream_at = out.len();
    out.extend_from_slice(b"7 0 obj\n");
    out.extend_from_slice(&xref);
    out.extend_from_slice(b"\nendobj\n");
    let rest = String::from_utf8_lossy(&plain[start..]).into_owned();
    let table_at = out.len();
    let rest = rest.replacen("/Root", &format!("/XRefStm {stream_at} /Root"), 1).replacen(
        &format!("startxref\n{start}"),
        &format!("startxref\n{table_at}"),
        1,
    );
    out.extend_from_slice(rest.as_bytes());
    out
}

fn updated() -> Vec<u8> {
    let mut input = document("", "", "BT /F1 12 Tf 20 300 Td (nusumu) Tj ET", &[]);
    let previous = input.windows(5).position(|window| window == b"xref\n").unwrap();
    let at = input.len();
    input.extend_from_slice(format!("4 0 obj\n{}\nendobj\n", stream("", HELLO)).as_bytes());
    let start = input.len();
    let tail = format!(
        "xref\n4 1\n{at:010} 00000 n \ntrailer\n<< /Size 5 /Root 1 0 R /Prev {previous} >>\nstartxref\n{start}\n%%EOF\n"
    );
    input.extend_from_slice(tail.as_bytes());
    input
}

fn locked() -> Vec<u8> {
    let mut plain = lopdf::Document::load_mem(&document("", "", HELLO, &[])).unwrap();
    plain.trailer.set("ID", lopdf::Object::Array(vec![lopdf::Object::string_literal("0123456789abcdef"); 2]));
    let version = lopdf::EncryptionVersion::V2 {
        document: &plain,
        owner_password: "owner",
        user_password: "himitsu",
        key_length: 128,
        permissions: lopdf::Permissions::all(),
    };
    let state = lopdf::EncryptionState::try_from(version).unwrap();
    plain.encrypt(&state).unwrap();
    let mut out = Vec::new();
    plain.save_to(&mut out).unwrap();
    out
}
