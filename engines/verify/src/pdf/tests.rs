//! A sound file passes; each forbidden thing put into it does not.

use std::io::Write as _;

use crate::{Format, Limits, verify};

/// A file in the accepted layout from the bodies of its objects.
fn file(bodies: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec();
    let mut offsets = Vec::new();
    for (index, body) in bodies.iter().enumerate() {
        offsets.push(out.len());
        out.extend_from_slice(format!("{} 0 obj\n", index + 1).as_bytes());
        out.extend_from_slice(body);
        out.extend_from_slice(b"\nendobj\n");
    }
    let start = out.len();
    let size = bodies.len() + 1;
    out.extend_from_slice(format!("xref\n0 {size}\n0000000000 65535 f \n").as_bytes());
    for offset in offsets {
        out.extend_from_slice(format!("{offset:010} 00000 n \n").as_bytes());
    }
    let id = "00".repeat(16);
    out.extend_from_slice(
        format!(
            "trailer\n<</Size {size}/Root 1 0 R/Info 5 0 R/ID [<{id}> <{id}>]>>\nstartxref\n{start}\n%%EOF\n"
        )
        .as_bytes(),
    );
    out
}

fn bodies(catalog: &str, page: &str, content: &str) -> Vec<Vec<u8>> {
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(content.as_bytes()).unwrap();
    let packed = packer.finish().unwrap();
    let mut stream = format!("<</Filter /FlateDecode/Length {}>>\nstream\n", packed.len()).into_bytes();
    stream.extend_from_slice(&packed);
    stream.extend_from_slice(b"\nendstream");
    vec![
        format!("<</Type /Catalog/Pages 2 0 R{catalog}>>").into_bytes(),
        b"<</Type /Pages/Count 1/Kids [3 0 R]>>".to_vec(),
        format!("<</Type /Page/Parent 2 0 R/MediaBox [0 0 9 9]/Contents 4 0 R/Resources <<>>{page}>>")
            .into_bytes(),
        stream,
        b"<</Producer <41>>>".to_vec(),
    ]
}

fn passes(input: &[u8]) -> bool {
    verify(input, Format::Pdf, &Limits::default()).is_ok()
}

#[test]
fn sound_file_passes() {
    let input = file(&bodies("", "", "q\n1 0 0 1 0 0 cm\n0 0 5 5 re\nf\nQ\n"));
    verify(&input, Format::Pdf, &Limits::default()).unwrap();
}

#[test]
fn forbidden_keys_and_actions_are_refused() {
    for catalog in [
        "/OpenAction <</S /JavaScript/JS <41>>>",
        "/AA <<>>",
        "/Names <<>>",
        "/AcroForm <<>>",
        "/Metadata 5 0 R",
        "/AF []",
        "/#4FpenAction <<>>",
        "/Lang 5",
    ] {
        assert!(!passes(&file(&bodies(catalog, "", ""))), "{catalog}");
    }
    let link = |action: &str| {
        format!("/Annots [<</Type /Annot/Subtype /Link/Rect [0 0 1 1]/A <</Type /Action{action}>>>>]")
    };
    let uri = |address: &str| link(&format!("/S /URI/URI <{}>", hex::encode_upper(address)));
    assert!(passes(&file(&bodies("", &uri("https://example.jp/"), ""))));
    for page in [
        uri("javascript:alert(1)"),
        uri("file:///etc/passwd"),
        uri("https://example.jp/\n"),
        link("/S /Launch"),
        link("/S /JavaScript/JS <41>"),
        "/AA <<>>".to_owned(),
        "/Annots [<</Type /Annot/Subtype /Widget/Rect [0 0 1 1]>>]".to_owned(),
        "/PieceInfo <<>>".to_owned(),
    ] {
        assert!(!passes(&file(&bodies("", &page, ""))), "{page}");
    }
}

#[test]
fn unknown_content_is_refused() {
    for content in
        ["frobnicate\n", "1 2 cm\n", "q\n", "Q\n", "/X0 Do\n", "(a) Tj\n", "BI\n", "/OC /X BDC\n", "1 0 d0\n"]
    {
        assert!(!passes(&file(&bodies("", "", content))), "{content}");
    }
}

#[test]
fn unreachable_object_is_refused() {
    let mut objects = bodies("", "", "");
    objects.push(b"<</S /JavaScript/JS <41>>>".to_vec());
    assert!(!passes(&file(&objects)));
}

#[test]
fn bytes_outside_of_the_layout_are_refused() {
    let sound = file(&bodies("", "", ""));
    assert!(passes(&sound));
    assert!(!passes(&[b"x".as_slice(), &sound].concat()));
    assert!(!passes(&[&sound, b"x".as_slice()].concat()));
    let at = sound.windows(6).position(|window| window == b"endobj").unwrap();
    let mut padded = sound.clone();
    padded.splice(at..at, b"%hidden\n".iter().copied());
    assert!(!passes(&padded));
}

#[test]
fn inflating_beyond_the_limit_is_refused() {
    let input = file(&bodies("", "", &"0 0 5 5 re\nf\n".repeat(10_000)));
    let limits = Limits { expanded_bytes: 10_000, ..Limits::default() };
    assert!(verify(&input, Format::Pdf, &limits).is_err());
    assert!(passes(&input));
}

proptest::proptest! {
    #[test]
    fn changed_bytes_never_panic(at in proptest::prelude::any::<proptest::sample::Index>(), byte: u8) {
        let mut input = file(&bodies("/Lang <6A61>", "", "q\nQ\n"));
        let at = at.index(input.len());
        input[at] = byte;
        let _ = verify(&input, Format::Pdf, &Limits::default());
    }
}
