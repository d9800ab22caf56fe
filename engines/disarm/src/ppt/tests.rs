//! Tests of old presentations: documents are put together record by record.

use crate::cases;
use crate::compound::tests::build;
use crate::{Options, disarm, extract_text, verify};

fn record(version: u16, instance: u16, kind: u16, data: &[u8]) -> Vec<u8> {
    let head = (version | instance << 4).to_le_bytes();
    [&head[..], &kind.to_le_bytes(), &(data.len() as u32).to_le_bytes(), data].concat()
}

fn container(kind: u16, instance: u16, parts: &[Vec<u8>]) -> Vec<u8> {
    record(15, instance, kind, &parts.concat())
}

fn units(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn numbers(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// A box with a text, and what its shape does.
fn text_box(text: &str, client: &[Vec<u8>]) -> Vec<u8> {
    let anchor: Vec<u8> = [100_i16, 200, 1_200, 700].iter().flat_map(|n| n.to_le_bytes()).collect();
    let boxed = [record(0, 0, 0x0F9F, &numbers(&[4])), record(0, 0, 0x0FA0, &units(text))];
    container(
        0xF004,
        0,
        &[
            record(2, 202, 0xF00A, &numbers(&[1_025, 0xA00])),
            record(0, 0, 0xF010, &anchor),
            container(0xF011, 0, client),
            container(0xF00D, 0, &boxed),
        ],
    )
}

/// A click on a shape: the number of the link and what is done.
fn click(link: u32, action: u8) -> Vec<u8> {
    let atom = [numbers(&[0, link]), vec![action, 0, 0, 0, 8, 0, 0, 0]].concat();
    container(0x0FF2, 0, &[record(0, 0, 0x0FF3, &atom)])
}

/// A document of one slide.
struct Deck {
    shapes: Vec<Vec<u8>>,
    links: Vec<Vec<u8>>,
    info: Vec<u8>,
    object: Vec<u8>,
    encrypted: bool,
}

impl Deck {
    fn new(text: &str) -> Self {
        let shapes = vec![text_box(text, &[])];
        Self { shapes, links: Vec::new(), info: Vec::new(), object: Vec::new(), encrypted: false }
    }

    fn streams(self) -> (Vec<u8>, Vec<u8>) {
        let group = container(
            0xF004,
            0,
            &[record(1, 0, 0xF009, &[0; 16]), record(2, 0, 0xF00A, &numbers(&[1_024, 5]))],
        );
        let tree = container(0xF003, 0, &[vec![group], self.shapes].concat());
        let drawing = container(0x040C, 0, &[container(0xF002, 0, &[tree])]);
        let atom = record(2, 0, 0x03EF, &[&[0; 20][..], &[7, 0, 0, 0]].concat());
        let slide = container(0x03EE, 0, &[atom, drawing]);
        let listed = record(0, 0, 0x03F3, &numbers(&[2, 0, 0, 256, 0]));
        let document = container(
            0x03E8,
            0,
            &[
                record(1, 0, 0x03E9, &numbers(&[5_760, 4_320, 4_320, 5_760, 1, 2, 0, 0, 0, 0])),
                container(0x0409, 0, &self.links),
                self.info,
                container(0x0FF0, 0, &[listed]),
            ],
        );
        let places = [0, document.len(), document.len() + slide.len()].map(|at| at as u32);
        let mut stream = [document, slide, self.object].concat();
        let directory = stream.len() as u32;
        stream.extend(record(0, 0, 0x1772, &[numbers(&[1 | 3 << 20]), numbers(&places)].concat()));
        let edit = stream.len() as u32;
        stream.extend(record(0, 0, 0x0FF5, &numbers(&[256, 3 << 24, 0, directory, 1, 4, 0])));
        let token = if self.encrypted { 0xF3D1_C4DF } else { 0xE391_C05F };
        (stream, record(0, 0, 0x0FF6, &numbers(&[20, token, edit, 0])))
    }

    fn file(self) -> Vec<u8> {
        let (document, user) = self.streams();
        build(&[("PowerPoint Document", &document), ("Current User", &user)])
    }
}

fn link(number: u32, target: &str) -> Vec<u8> {
    let parts = [record(0, 0, 0x0FD3, &numbers(&[number])), record(0, 1, 0x0FBA, &units(target))];
    container(0x0FD7, 0, &parts)
}

fn made(name: &str) -> Vec<u8> {
    let mut deck = Deck::new("説明会のお知らせ\r日時は別紙");
    match name {
        "plain" => {}
        "vba" => {
            let info = container(0x03FF, 0, &[record(2, 0, 0x0400, &numbers(&[3, 1, 2]))]);
            deck.info = container(0x07D0, 0, &[info]);
            deck.object = record(0, 0, 0x1011, b"Attribute VB_Name = \"Evil\"");
        }
        "program" => {
            deck.links.push(link(1, "C:\\Windows\\System32\\calc.exe"));
            deck.shapes.push(text_box("押す", &[click(1, 2)]));
        }
        "macro_action" => deck.shapes.push(text_box("押す", &[click(0, 1)])),
        "links" => {
            deck.links.push(link(1, "https://www.example.lg.jp/"));
            deck.links.push(link(2, "file://host/a.hta"));
            deck.shapes.push(text_box("市のページ", &[click(1, 4)]));
            deck.shapes.push(text_box("共有フォルダー", &[click(2, 4)]));
        }
        "ole" => {
            deck.links.push(container(0x0FCC, 0, &[record(1, 0, 0x0FC3, &[0; 24])]));
            deck.object = record(0, 0, 0x1011, b"MZ evil program");
            deck.shapes.push(text_box("表", &[record(0, 0, 0x0BC1, &numbers(&[1]))]));
        }
        "older_state" => deck.object = container(0x03EE, 0, &[record(0, 0, 0x0FA0, &units("消した文"))]),
        "encrypted" => deck.encrypted = true,
        other => panic!("no builder {other}"),
    }
    deck.file()
}

#[test]
fn cases_of_old_presentations_hold() {
    cases::run(include_str!("../../cases/ppt.md"), &made);
}

#[test]
fn text_is_found_slide_by_slide() {
    let pieces = extract_text(&made("plain"), &Options::default()).unwrap();
    let found: Vec<_> = pieces.iter().map(|p| (p.location.as_str(), p.text.as_str())).collect();
    assert!(found.contains(&("スライド 1", "説明会のお知らせ")), "{found:?}");
    assert!(found.contains(&("スライド 1", "日時は別紙")), "{found:?}");
}

#[test]
fn edits_that_lead_in_a_circle_end() {
    let (mut document, user) = Deck::new("文").streams();
    let edit = document.len() - 28;
    let own = (document.len() - 36) as u32;
    document[edit + 8..edit + 12].copy_from_slice(&own.to_le_bytes());
    let file = build(&[("PowerPoint Document", &document), ("Current User", &user)]);
    assert!(disarm(&file, &Options::default()).is_ok());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn changed_presentations_are_written_soundly_or_refused(
        which in 0_usize..4,
        changes in proptest::collection::vec((0_usize..1_400, 0_u8..=255), 1..10),
    ) {
        let mut file = made(["plain", "links", "vba", "ole"][which]);
        for (at, byte) in changes {
            if let Some(place) = file.get_mut(512 + at) {
                *place = byte;
            }
        }
        if let Ok(done) = disarm(&file, &Options::default()) {
            verify(&done.bytes, done.format, &crate::Limits::default()).unwrap();
        }
    }
}
