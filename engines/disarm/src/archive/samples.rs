//! Archives that the cases are made of.

use std::io::Write as _;

use crate::zip::{Storage, Writer};

pub(super) fn make(name: &str) -> Vec<u8> {
    match name {
        "seven" => include_bytes!("fixtures/plain.7z").to_vec(),
        "seven_aes" => include_bytes!("fixtures/aes.7z").to_vec(),
        "seven_aes_header" => include_bytes!("fixtures/aes-header.7z").to_vec(),
        "zip_aes" => include_bytes!("fixtures/aes.zip").to_vec(),
        "zip_aes_changed" => {
            let mut zip = make("zip_aes");
            // Behind the local header, its extra field and the salt.
            zip[30 + 8 + 11 + 16 + 4] ^= 1;
            zip
        }
        "zip_traditional" => include_bytes!("fixtures/traditional.zip").to_vec(),
        "lzh" => lzh(false),
        "lzh_broken" => lzh(true)[..].to_vec(),
        "tar" => tar(),
        "tar_two_sizes" => [pax("11 size=99\n"), entry("a.txt", b'0', b"text\n")].concat(),
        "tar_gz" => gz(&tar(), None),
        "gz" => gz("名,値\n佐藤,=1+1\n".as_bytes(), None),
        "gz_bomb" => gz(&gz_layer(), None),
        "zip_rlo" => zip_with("請求書\u{202e}fdp.txt", "本文です\n".as_bytes()),
        "zip_mac" => {
            let mut writer = Writer::new();
            writer.add("資料.txt", "本文です\n".as_bytes(), Storage::Deflate).unwrap();
            writer.add("__MACOSX/._資料.txt", b"\0\x05\x16\x07Mac OS X", Storage::Deflate).unwrap();
            writer.finish().unwrap()
        }
        "rar" => b"Rar!\x1a\x07\x01\0\x33\x92\xb5\xe5".to_vec(),
        "zip_overlap" => overlapping(),
        other => panic!("no sample {other}"),
    }
}

fn zip_with(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new();
    // The writer of this engine refuses nothing here but what is unsafe in a path.
    writer.add(name, bytes, Storage::Deflate).unwrap();
    writer.finish().unwrap()
}

pub(super) fn gz(bytes: &[u8], name: Option<&str>) -> Vec<u8> {
    let mut builder = flate2::GzBuilder::new();
    if let Some(name) = name {
        builder = builder.filename(name);
    }
    let mut encoder = builder.write(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// More than the budget when it is unpacked twice.
fn gz_layer() -> Vec<u8> {
    let part = gz(&vec![0; 64 << 20], None);
    part.repeat(17)
}

/// A member whose central record is listed twice under two names.
fn overlapping() -> Vec<u8> {
    let mut writer = Writer::new();
    writer.add("a.txt", b"first\n", Storage::Store).unwrap();
    writer.add("b.txt", b"other\n", Storage::Store).unwrap();
    let mut zip = writer.finish().unwrap();
    let second = zip.windows(5).rposition(|w| w == b"b.txt").unwrap();
    // The offset field lies right before the name of the record.
    zip[second - 4..second].copy_from_slice(&[0; 4]);
    zip
}

fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xA001 } else { crc >> 1 })
    })
}

/// Level 1 with a folder in an extra header and a stored member; level 0 with a member of method lh5.
fn lzh(broken: bool) -> Vec<u8> {
    let (folder, _, _) = encoding_rs::SHIFT_JIS.encode("議事録");
    let (file, _, _) = encoding_rs::SHIFT_JIS.encode("一覧.csv");
    let body = "氏名,値\n佐藤,=1+1\n".as_bytes();
    let mut path = vec![0x02];
    path.extend_from_slice(&folder);
    path.push(0xFF);
    let mut extra = ((path.len() + 2) as u16).to_le_bytes().to_vec();
    extra.extend_from_slice(&path);
    extra.extend_from_slice(&[0, 0]);
    let mut head = b"-lh0-".to_vec();
    head.extend_from_slice(&((body.len() + extra.len() - 2) as u32).to_le_bytes());
    head.extend_from_slice(&(body.len() as u32).to_le_bytes());
    head.extend_from_slice(&[0, 0, 0x21, 0x28, 0x20, 1, file.len() as u8]);
    head.extend_from_slice(&file);
    head.extend_from_slice(&(crc16(body) ^ u16::from(broken)).to_le_bytes());
    head.push(b'M');
    let mut out = framed(&[&head[..], &extra[..2]].concat());
    out.extend_from_slice(&extra[2..]);
    out.extend_from_slice(body);
    if !broken {
        // One block of four codes, each tree of one symbol: nothing but the letter `a`.
        let bits = format!("{:016b}{:05b}{:05b}{:09b}{:09b}{:04b}{:04b}", 4, 0, 0, 0, u32::from(b'a'), 0, 0);
        let padded = format!("{bits:0<64}");
        let packed: Vec<u8> =
            (0..8).map(|i| u8::from_str_radix(padded.get(i * 8..i * 8 + 8).unwrap(), 2).unwrap()).collect();
        let mut head = b"-lh5-".to_vec();
        head.extend_from_slice(&(packed.len() as u32).to_le_bytes());
        head.extend_from_slice(&4_u32.to_le_bytes());
        head.extend_from_slice(&[0, 0, 0x21, 0x28, 0x20, 0, 5]);
        head.extend_from_slice(b"a.txt");
        head.extend_from_slice(&crc16(b"aaaa").to_le_bytes());
        out.extend(framed(&head));
        out.extend_from_slice(&packed);
    }
    out.push(0);
    out
}

fn framed(head: &[u8]) -> Vec<u8> {
    let sum = head.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    [&[head.len() as u8, sum][..], head].concat()
}

fn tar() -> Vec<u8> {
    let long = format!("path=資料/{}.txt\n", "長い名前".repeat(20));
    let length = long.len() + 4;
    let mut link = entry("link.txt", b'2', b"");
    link[157..168].copy_from_slice(b"/etc/passwd");
    seal(&mut link);
    [
        pax(&format!("{length} {long}")),
        entry("short.txt", b'0', "本文です\n".as_bytes()),
        link,
        entry("./folder/", b'5', b""),
        entry("./folder/b.txt", b'0', "二つ目\n".as_bytes()),
        entry("../up.txt", b'0', b"out\n"),
        vec![0; 1024],
    ]
    .concat()
}

fn pax(records: &str) -> Vec<u8> {
    entry("PaxHeaders/x", b'x', records.as_bytes())
}

fn entry(name: &str, kind: u8, body: &[u8]) -> Vec<u8> {
    let mut block = vec![0_u8; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[100..108].copy_from_slice(b"0000644\0");
    block[124..136].copy_from_slice(format!("{:011o}\0", body.len()).as_bytes());
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    seal(&mut block);
    block.extend_from_slice(body);
    block.resize(block.len().next_multiple_of(512), 0);
    block
}

fn seal(block: &mut [u8]) {
    block[148..156].copy_from_slice(b"        ");
    let sum: u32 = block[..512].iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}
