use super::*;
use crate::{Disarmed, Limits, Options, cases};

/// A record of an EMF.
fn record(kind: u32, body: &[i32]) -> Vec<u8> {
    let mut out = kind.to_le_bytes().to_vec();
    out.extend_from_slice(&(8 + body.len() as u32 * 4).to_le_bytes());
    out.extend(body.iter().flat_map(|value| value.to_le_bytes()));
    out
}

/// An EMF of 100 by 50 device units, 25.4 by 12.7 mm.
fn emf(records: &[Vec<u8>]) -> Vec<u8> {
    let mut head = vec![0, 0, 99, 49, 0, 0, 2540, 1270];
    head.push(i32::from_le_bytes(*b" EMF"));
    head.extend_from_slice(&[0x10000, 0, 0, 0, 0, 0, 0, 1000, 1000, 254, 254]);
    [record(1, &head), records.concat(), record(14, &[0, 16, 20])].concat()
}

/// A placeable WMF of 100 by 50 units, 100 to the inch.
fn wmf(records: &[(u16, &[u8])]) -> Vec<u8> {
    let mut out = b"\xd7\xcd\xc6\x9a\0\0\0\0\0\0\x64\0\x32\0\x64\0\0\0\0\0\0\0".to_vec();
    out.extend_from_slice(&[1, 0, 9, 0, 0, 3, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0]);
    for (function, body) in records {
        out.extend_from_slice(&(3 + body.len() as u32 / 2).to_le_bytes());
        out.extend_from_slice(&function.to_le_bytes());
        out.extend_from_slice(body);
    }
    out.extend_from_slice(&[3, 0, 0, 0, 0, 0]);
    out
}

const RED_BRUSH: &[i32] = &[1, 0, 0x0000_00FF, 0];

fn red_rectangle() -> Vec<u8> {
    emf(&[record(39, RED_BRUSH), record(37, &[1]), record(43, &[10, 10, 60, 40])])
}

fn make(name: &str) -> Vec<u8> {
    let red: &[u8] = &[0, 0, 255, 0, 0, 0, 0, 0];
    // Bottom, right, top, left.
    let rectangle: &[u8] = &[40, 0, 60, 0, 10, 0, 10, 0];
    match name {
        "emf" => red_rectangle(),
        "wmf" => wmf(&[(0x02FC, red), (0x012D, &[0, 0]), (0x041B, rectangle)]),
        "abort_proc" => {
            let code: &[u8] = b"\x09\0\x10\0\x90\x90\x90\x90\x90\x90\x90\x90ABORTPROCabort!.";
            wmf(&[(0x0626, code), (0x041B, rectangle)])
        }
        "printer_escape" => {
            emf(&[record(105, &[0x1234, 8, 0x4141_4141, 0x4242_4242]), record(43, &[10, 10, 60, 40])])
        }
        "unknown_record" => emf(&[record(777, &[1, 2, 3]), record(43, &[10, 10, 60, 40])]),
        "nothing" => emf(&[]),
        "endless_records" => {
            let mut out = red_rectangle();
            out.truncate(out.len() - 20);
            out.extend_from_slice(&record(43, &[0, 0, 90, 40])[..4]);
            out.extend_from_slice(&[0; 40]);
            out
        }
        "huge_bitmap" => {
            let info = [40, 0x7FFF_FFFF, 0x7FFF_FFFF, 0x0018_0001, 0, 0, 0, 0, 0, 0];
            let mut body = vec![0, 0, 99, 49, 0, 0, 0, 0, 10, 10, 80, 40, 120, 4, 0, 0x00CC_0020, 50, 30];
            body.extend_from_slice(&info);
            emf(&[record(81, &body), record(43, &[10, 10, 60, 40])])
        }
        "huge_counts" => emf(&[
            record(3, &[0, 0, 9, 9, -1, 1, 1]),
            record(8, &[0, 0, 9, 9, -1, -1, -1]),
            record(75, &[-1, 5]),
            record(43, &[10, 10, 60, 40]),
        ]),
        "text" => {
            let mut body = vec![0, 0, 99, 49, 1, 0, 0, 10, 10, 2, 76, 0, 0, 0, 0, 0, 0];
            body.push(i32::from_le_bytes([b'A', 0, b'B', 0]));
            emf(&[record(84, &body), record(43, &[10, 10, 60, 40])])
        }
        other => panic!("no builder {other}"),
    }
}

#[test]
fn the_cases_hold() {
    cases::run(include_str!("../../cases/metafile.md"), &make);
}

fn drawn(input: &[u8]) -> Drawn {
    let options = Options::default();
    let mut ctx = Context::new(&options);
    draw(input, "", &mut Budget::new(100_000_000), &mut ctx).unwrap()
}

fn pixel(drawn: &Drawn, x: u32, y: u32) -> [u8; 4] {
    let at = ((y * drawn.width + x) * 4) as usize;
    drawn.rgba[at..at + 4].try_into().unwrap()
}

#[test]
fn a_rectangle_is_filled_where_the_records_put_it() {
    for name in ["emf", "wmf"] {
        let drawn = drawn(&make(name));
        // An inch across and half an inch down, 150 pixels an inch.
        assert_eq!((drawn.width, drawn.height), (150, 75), "{name}");
        assert_eq!(pixel(&drawn, 50, 37), [255, 0, 0, 255], "{name}: inside");
        assert_eq!(pixel(&drawn, 120, 37), [0, 0, 0, 0], "{name}: outside");
        assert!(pixel(&drawn, 15, 37)[0] < 200, "{name}: its line");
    }
}

#[test]
fn windows_transforms_and_saved_states_move_what_is_drawn() {
    let half = 0.5_f32.to_bits().cast_signed();
    let one = 1.0_f32.to_bits().cast_signed();
    let records = [
        record(39, RED_BRUSH),
        record(37, &[1]),
        record(33, &[]),
        record(35, &[half, 0, 0, half, 0, 0]),
        record(43, &[0, 0, 40, 40]),
        record(34, &[-1]),
        record(17, &[8]),
        record(9, &[200, 100]),
        record(11, &[100, 50]),
        record(43, &[160, 60, 190, 90]),
        record(36, &[one, 0, 0, one, 0, 0, 1]),
    ];
    let drawn = drawn(&emf(&records));
    assert_eq!(pixel(&drawn, 15, 15)[0], 255);
    assert_eq!(pixel(&drawn, 45, 45)[3], 0);
    assert_eq!(pixel(&drawn, 131, 56)[0], 255);
}

#[test]
fn a_clip_holds_until_the_state_is_restored() {
    let records = [
        record(39, RED_BRUSH),
        record(37, &[1]),
        record(33, &[]),
        record(30, &[0, 0, 20, 50]),
        record(43, &[0, 0, 100, 50]),
        record(34, &[-1]),
    ];
    let drawn = drawn(&emf(&records));
    assert_eq!((pixel(&drawn, 10, 37)[3], pixel(&drawn, 60, 37)[3]), (255, 0));
}

#[test]
fn pies_and_arcs_go_counter_clockwise() {
    // From the right to the top: the upper right quarter.
    let records = [record(39, RED_BRUSH), record(37, &[1]), record(47, &[10, 0, 60, 50, 60, 25, 35, 0])];
    let drawn = drawn(&emf(&records));
    assert_eq!(pixel(&drawn, 62, 25)[0], 255);
    assert_eq!(pixel(&drawn, 40, 50)[3], 0);
}

#[test]
fn bitmaps_are_placed_with_their_first_row_below() {
    // Two rows of one pixel: blue below, green above.
    let mut body = vec![0, 0, 99, 49, 0, 0, 0, 0, 1, 2, 80, 40, 120, 8, 0, 0x00CC_0020, 50, 50];
    body.extend_from_slice(&[40, 1, 2, 0x0018_0001, 0, 0, 0, 0, 0, 0, 0x0000_00FF, 0x0000_FF00]);
    let drawn = drawn(&emf(&[record(81, &body)]));
    assert_eq!(pixel(&drawn, 30, 10), [0, 255, 0, 255]);
    assert_eq!(pixel(&drawn, 30, 65), [0, 0, 255, 255]);
}

#[test]
fn office_pictures_are_drawn_with_transparent_paper() {
    let options = Options::default();
    let mut ctx = Context::new(&options);
    let (png, format) = crate::raster::reencode(&red_rectangle(), &mut ctx).unwrap();
    assert_eq!(format, Format::Png);
    crate::verify(&png, format, &Limits::default()).unwrap();
}

fn disarm(bytes: &[u8]) -> Result<Disarmed, Refusal> {
    crate::disarm(bytes, &Options::default())
}

proptest::proptest! {
    #[test]
    fn damaged_metafiles_never_panic(
        at in 0_usize..200,
        value in 0_u8..=255,
        which in proptest::sample::select(&["emf", "wmf", "huge_counts", "huge_bitmap", "text", "abort_proc"][..]),
    ) {
        let mut bytes = make(which);
        let at = at % bytes.len();
        bytes[at] = value;
        if let Ok(out) = disarm(&bytes) {
            proptest::prop_assert_eq!(crate::verify(&out.bytes, out.format, &Limits::default()), Ok(()));
        }
    }

    #[test]
    fn random_records_never_panic(records in proptest::collection::vec((0_u32..130, proptest::collection::vec(-70_000_i32..70_000, 0..20)), 0..20)) {
        let records: Vec<Vec<u8>> = records.iter().map(|(kind, body)| record(*kind, body)).collect();
        let _ = disarm(&emf(&records));
    }

    #[test]
    fn random_wmf_records_never_panic(records in proptest::collection::vec((proptest::sample::select(&[0x20B_u16, 0x20C, 0x324, 0x325, 0x538, 0x626, 0x817, 0xA32, 0x940, 0xB41, 0xF43, 0xD33, 0x2FB, 0x142, 0x521, 0x61C, 0x416][..]), proptest::collection::vec(0_u8..=255, 0..40)), 0..20)) {
        let even: Vec<(u16, Vec<u8>)> = records.into_iter().map(|(f, mut body)| { if body.len() % 2 == 1 { body.pop(); } (f, body) }).collect();
        let refs: Vec<(u16, &[u8])> = even.iter().map(|(f, body)| (*f, body.as_slice())).collect();
        let _ = disarm(&wmf(&refs));
    }
}
