//! Pictures whose codec the output doesn't keep: what comes out has the same samples, or the file is refused.
//!
//! The encoded bytes are two drawings made for these tests, a bar with a stroke (40 × 12, one bit) and a ramp (8 × 8),
//! written by libtiff and OpenJPEG.

use std::io::Read;

use super::*;

const WIDTH: usize = 40;
const HEIGHT: usize = 12;
const G4: &str = "26a0d920607cbad970fc32385ecb89c3238bd91c7d973e191df61621ac60020020";
const G3: &str = "0013506c001350303838009abacdc38009abac638500135758ae20009abac20e28009abac28e3001357587730013575838ec\
    004d5d6187c004d4358740026a0d80";
/// The drawing itself: ones are white.
const DRAWING: &str = "000000000000000040000ffff830000ffff808000ffff806000ffff801000ffff800800ffff800600ffff800100ffff8\
    000c00000000020000000000";
const JP2_GREY: &str = "0000000c6a5020200d0a870a00000014667479706a703220000000006a7032200000002d6a7032680000001669686472\
    00000008000000080001070700000000000f636f6c7201000000000011000000c36a703263ff4fff510029000000000008000000080000\
    000000000000000000080000000800000000000000000001070101ff52000c00000001000104040001ff5c00074040484850ff64002500\
    0143726561746564206279204f70656e4a5045472076657273696f6e20322e352e34ff90000a00000000004e0001ff93cfb44810e25a55\
    d3ab65e9c33d3c6d58f2cad5521fc0f905c1f38b83ea0c14ad4c494a004754aec1bf0372783b40081121d29d7f14d2f1b8a81f20ac0202\
    c2fbffd9";
const GREY: &str = "1d0a131d263039431339262f39434c56262f56424c555f6938424b725f68727b4b555e688e7b858e5e67717b84ab97a1717a\
    848d97a1c7b4838d97a0aab3bde4";

fn bytes(hexed: &str) -> Vec<u8> {
    hex::decode(hexed).unwrap()
}

/// The drawing as an embedded JBIG2 page: page information and one generic region coded like fax (T.88 §7.4.6).
fn jbig2() -> Vec<u8> {
    let (width, height) = (WIDTH as u32, HEIGHT as u32);
    let mut out = vec![0, 0, 0, 0, 48, 0, 1, 0, 0, 0, 19];
    for number in [width, height, 0, 0] {
        out.extend_from_slice(&number.to_be_bytes());
    }
    out.extend_from_slice(&[0, 0, 0]);
    let fax = bytes(G4);
    out.extend_from_slice(&[0, 0, 0, 1, 38, 0, 1]);
    out.extend_from_slice(&(18 + fax.len() as u32).to_be_bytes());
    for number in [width, height, 0, 0] {
        out.extend_from_slice(&number.to_be_bytes());
    }
    out.extend_from_slice(&[0, 1]);
    out.extend_from_slice(&fax);
    out
}

/// A page of 100 × 100 that draws the picture `X` as `content` says.
fn page(entries: &str, data: &[u8], content: &str, more: &[Vec<u8>]) -> Vec<u8> {
    let mut objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] /Contents 4 0 R /Resources << /XObject << /X 5 0 R \
            /Form 6 0 R >> >> >>"
            .to_vec(),
        super::stream("", content).into_bytes(),
        binary(&format!("/Type /XObject /Subtype /Image {entries}"), data),
    ];
    objects.extend_from_slice(more);
    pdf_bytes(&objects, "")
}

fn binary(entries: &str, data: &[u8]) -> Vec<u8> {
    let mut out = format!("<< {entries} /Length {} >>\nstream\n", data.len()).into_bytes();
    out.extend_from_slice(data);
    out.extend_from_slice(b"\nendstream");
    out
}

const BILEVEL: &str = "/Width 40 /Height 12 /BitsPerComponent 1 /ColorSpace /DeviceGray";
const WHOLE_PAGE: &str = "q 100 0 0 100 0 0 cm /X Do Q";
const CORNER: &str = "q 10 0 0 10 0 0 cm /X Do Q";

/// The samples of the first picture of an output.
fn samples(output: &[u8]) -> (String, Vec<u8>) {
    let image = output.windows(14).position(|window| window == b"/Subtype /Imag").unwrap();
    let from = output[..image].windows(4).rposition(|window| window == b"obj\n").unwrap();
    let start = from + output[from..].windows(8).position(|window| window == b"\nstream\n").unwrap();
    let dict = String::from_utf8_lossy(&output[from + 4..start]).into_owned();
    let mut data = Vec::new();
    flate2::read::ZlibDecoder::new(&output[start + 8..]).read_to_end(&mut data).unwrap();
    (dict, data)
}

fn decodes(entries: &str, data: &[u8], expected: &[u8]) {
    let disarmed = rebuilt(&page(entries, data, WHOLE_PAGE, &[]));
    let (dict, found) = samples(&disarmed.bytes);
    assert_eq!(hex::encode(found), hex::encode(expected), "{entries}");
    assert!(
        !disarmed.removed.iter().any(|removed| removed.what == RemovalCode::DrawingReplaced),
        "{entries}"
    );
    for codec in ["CCITT", "JBIG2", "JPX"] {
        assert!(!dict.contains(codec));
    }
    if entries.contains(BILEVEL) {
        assert!(dict.contains("/BitsPerComponent 1"), "{dict}");
    }
}

#[test]
fn fax_pictures_keep_their_pixels() {
    let drawing = bytes(DRAWING);
    let inverted: Vec<u8> = drawing.iter().map(|byte| !byte).collect();
    let fax =
        |parms: &str| format!("{BILEVEL} /Filter /CCITTFaxDecode /DecodeParms << /Columns 40 {parms} >>");
    decodes(&fax("/K -1"), &bytes(G4), &drawing);
    decodes(&fax("/K -1 /Rows 12"), &bytes(G4), &drawing);
    decodes(&fax("/K -1 /Rows 12 /EndOfBlock false"), &bytes(G4), &drawing);
    decodes(&fax("/K -1 /BlackIs1 true"), &bytes(G4), &inverted);
    decodes(&fax("/K 0"), &bytes(G3), &drawing);
    decodes(&fax("").replace("/CCITTFaxDecode", "[/CCF]"), &bytes(G3), &drawing);
}

#[test]
fn rows_on_byte_borders_are_read() {
    // Group 4 rows that repeat an all-white line are the single bit of V0.
    let entries = "/Width 8 /Height 3 /BitsPerComponent 1 /ColorSpace /DeviceGray /Filter /CCITTFaxDecode \
        /DecodeParms << /K -1 /Columns 8 /Rows 3 /EncodedByteAlign true /EndOfBlock false >>";
    decodes(entries, &[0x80, 0x80, 0x80], &[0xFF, 0xFF, 0xFF]);
}

#[test]
fn jbig2_pictures_keep_their_pixels() {
    let (drawing, data) = (bytes(DRAWING), jbig2());
    decodes(&format!("{BILEVEL} /Filter /JBIG2Decode"), &data, &drawing);
    // The page information alone may stand in the data and the region too; global segments come before both.
    let disarmed = rebuilt(&page(
        &format!("{BILEVEL} /Filter /JBIG2Decode /DecodeParms << /JBIG2Globals 6 0 R >>"),
        &data,
        WHOLE_PAGE,
        &[binary("", &[])],
    ));
    assert_eq!(samples(&disarmed.bytes).1, drawing);
}

#[test]
fn jpeg_2000_pictures_keep_their_pixels() {
    let entries = "/Width 8 /Height 8 /Filter /JPXDecode";
    decodes(entries, &bytes(JP2_GREY), &bytes(GREY));
    decodes(&format!("{entries} /ColorSpace /DeviceGray"), &bytes(JP2_GREY), &bytes(GREY));
}

/// Every codec with data that it can't decode.
const BROKEN: &[&str] =
    &["/CCITTFaxDecode /DecodeParms << /K -1 /Columns 40 >>", "/JBIG2Decode", "/JPXDecode"];

#[test]
fn undecodable_picture_over_a_page_refuses_the_file() {
    let form = |entries: &str, content: &str| {
        super::stream(
            &format!("/Subtype /Form /BBox [0 0 100 100] {entries} /Resources << /XObject << /X 5 0 R >> >>"),
            content,
        )
        .into_bytes()
    };
    for filter in BROKEN {
        let entries = format!("{BILEVEL} /Filter {filter}");
        for (content, more) in [
            (WHOLE_PAGE, vec![]),
            ("q .5 0 0 .5 0 0 cm q 0 200 -200 0 200 0 cm /X Do Q Q", vec![]),
            ("q 100 0 0 50 0 0 cm /X Do Q q 100 0 0 50 0 50 cm /X Do Q", vec![]),
            ("q 10 0 0 10 0 0 cm /Form Do Q", vec![form("/Matrix [.1 0 0 .1 0 0]", WHOLE_PAGE)]),
            ("/Form Do", vec![form("", WHOLE_PAGE)]),
        ] {
            let result = disarm(&page(&entries, &[0, 0], content, &more), &Options::default());
            let refusal = result.unwrap_err();
            assert_eq!(refusal.code, RefusalCode::Malformed, "{filter} {content}");
            assert!(refusal.detail.starts_with("p.1 "), "{}", refusal.detail);
        }
        let corner = page(&entries, &[0, 0], "/Form Do", &[form("/Matrix [.1 0 0 .1 0 0]", WHOLE_PAGE)]);
        rebuilt(&corner);
    }
}

#[test]
fn undecodable_picture_in_a_corner_is_replaced_and_reported() {
    for filter in BROKEN {
        let entries = format!("{BILEVEL} /Filter {filter}");
        let disarmed = rebuilt(&page(&entries, &[0, 0], CORNER, &[]));
        let line = disarmed.removed.iter().find(|removed| removed.what == RemovalCode::DrawingReplaced);
        assert!(line.unwrap().location.starts_with("p.1"));
    }
}

#[test]
fn picture_behind_an_undecodable_mask_counts_as_undecodable() {
    let mask = binary(&format!("/Subtype /Image {BILEVEL} /Filter /JBIG2Decode"), &[0, 0]);
    let entries = format!("{BILEVEL} /SMask 6 0 R");
    refused(&page(&entries, &bytes(DRAWING), WHOLE_PAGE, &[mask]), RefusalCode::Malformed);
}

#[test]
fn fax_picture_that_ends_early_is_filled_and_reported_or_refused() {
    let entries = |height: usize| {
        format!(
            "/Width 40 /Height {height} /BitsPerComponent 1 /ColorSpace /DeviceGray /Filter /CCITTFaxDecode \
             /DecodeParms << /K -1 /Columns 40 >>"
        )
    };
    let disarmed = rebuilt(&page(&entries(14), &bytes(G4), WHOLE_PAGE, &[]));
    let (_, found) = samples(&disarmed.bytes);
    assert_eq!(found, [bytes(DRAWING), vec![0xFF; 10]].concat());
    assert!(disarmed.removed.iter().any(|removed| removed.what == RemovalCode::DrawingReplaced));
    refused(&page(&entries(40), &bytes(G4), WHOLE_PAGE, &[]), RefusalCode::Malformed);
}

#[test]
fn samples_that_end_early_are_reported_or_refused() {
    let drawing = bytes(DRAWING);
    let cut = |length: usize| page(BILEVEL, &drawing[..length], WHOLE_PAGE, &[]);
    let reported = |length: usize| {
        let removed = rebuilt(&cut(length)).removed;
        removed.iter().any(|removed| removed.what == RemovalCode::DrawingReplaced)
    };
    assert!(!reported(60) && !reported(58));
    assert!(reported(55) && reported(30));
    refused(&cut(20), RefusalCode::Malformed);
}

#[test]
fn pictures_beyond_the_pixel_budget_are_a_bomb() {
    let mut huge = jbig2();
    // The region of the second segment claims 2^32 pixels while the page stays small.
    let at = huge.windows(4).rposition(|window| window == (WIDTH as u32).to_be_bytes()).unwrap();
    huge[at..at + 8].copy_from_slice(&[0, 0, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF]);
    refused(&page(&format!("{BILEVEL} /Filter /JBIG2Decode"), &huge, CORNER, &[]), RefusalCode::Bomb);
    let mut wide = bytes(JP2_GREY);
    let at = wide.windows(4).position(|window| window == [0xFF, 0x4F, 0xFF, 0x51]).unwrap();
    wide[at + 8..at + 16].copy_from_slice(&[0, 0, 0x80, 0, 0, 0, 0x80, 0]);
    refused(&page("/Width 8 /Height 8 /Filter /JPXDecode", &wide, CORNER, &[]), RefusalCode::Bomb);
    let columns = format!("{BILEVEL} /Filter /CCITTFaxDecode /DecodeParms << /K -1 /Columns 100000000 >>");
    refused(&page(&columns, &bytes(G4), CORNER, &[]), RefusalCode::Bomb);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn damaged_pictures_never_panic(
        which in 0_usize..3,
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let (filter, mut data) = match which {
            0 => ("/CCITTFaxDecode /DecodeParms << /K -1 /Columns 40 >>", bytes(G4)),
            1 => ("/JBIG2Decode", jbig2()),
            _ => ("/JPXDecode", bytes(JP2_GREY)),
        };
        for (at, byte) in damage {
            let at = at.index(data.len());
            data[at] = byte;
        }
        let input = page(&format!("{BILEVEL} /Filter {filter}"), &data, CORNER, &[]);
        let limits = Limits { pixels: 1 << 20, ..Limits::default() };
        if let Ok(disarmed) = disarm(&input, &Options { limits, ..Options::default() }) {
            let verified = verify(&disarmed.bytes, Format::Pdf, &Limits::default());
            prop_assert!(verified.is_ok(), "{verified:?}");
        }
    }
}
