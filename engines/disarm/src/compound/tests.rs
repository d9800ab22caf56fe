//! Compound files of the tests, and what the reader makes of broken ones.

use super::*;
use crate::Options;

const END: u32 = 0xFFFF_FFFE;
const FREE: u32 = 0xFFFF_FFFF;

/// A sound compound file of streams; `a/b` lies in the storage `a`.
pub(crate) fn build(streams: &[(&str, &[u8])]) -> Vec<u8> {
    let mut entries: Vec<(String, u8, u32, u32, Vec<usize>)> =
        vec![("Root Entry".to_owned(), 5, END, 0, Vec::new())];
    let (mut fat, mut body) = (Vec::new(), Vec::new());
    let (mut mini, mut mini_fat): (Vec<u8>, Vec<u32>) = (Vec::new(), Vec::new());
    for (path, bytes) in streams {
        let mut at = 0;
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        for folder in folders.split('/').filter(|folder| !folder.is_empty()) {
            let known = entries[at].4.iter().copied().find(|child| entries[*child].0 == folder);
            at = known.unwrap_or_else(|| {
                entries.push((folder.to_owned(), 1, 0, 0, Vec::new()));
                let new = entries.len() - 1;
                entries[at].4.push(new);
                new
            });
        }
        let start = if bytes.len() < 4096 {
            chain(&mut mini_fat, &mut mini, bytes, 64)
        } else {
            chain(&mut fat, &mut body, bytes, 512)
        };
        entries.push((name.to_owned(), 2, start, bytes.len() as u32, Vec::new()));
        let new = entries.len() - 1;
        entries[at].4.push(new);
    }
    entries[0].3 = mini.len() as u32;
    entries[0].2 = chain(&mut fat, &mut body, &mini, 512);
    let mut table = Vec::new();
    for number in &mini_fat {
        table.extend_from_slice(&number.to_le_bytes());
    }
    let mini_start = chain(&mut fat, &mut body, &table, 512);
    let directory = chain(&mut fat, &mut body, &directory(&entries), 512);
    // The table lists its own sectors too.
    let mut sectors = 0;
    while (fat.len() + sectors) * 4 > sectors * 512 {
        sectors += 1;
    }
    let first = fat.len() as u32;
    fat.extend(std::iter::repeat_n(0xFFFF_FFFD, sectors));
    fat.resize(sectors * 128, FREE);
    let mut file = header(sectors as u32, first, directory, mini_start);
    file.extend(body);
    for number in fat {
        file.extend_from_slice(&number.to_le_bytes());
    }
    file
}

fn chain(table: &mut Vec<u32>, body: &mut Vec<u8>, bytes: &[u8], sector: usize) -> u32 {
    if bytes.is_empty() {
        return END;
    }
    let start = table.len() as u32;
    let count = bytes.len().div_ceil(sector) as u32;
    table.extend((1..=count).map(|n| if n == count { END } else { start + n }));
    body.extend_from_slice(bytes);
    body.resize(table.len() * sector, 0);
    start
}

fn directory(entries: &[(String, u8, u32, u32, Vec<usize>)]) -> Vec<u8> {
    let mut right = vec![FREE; entries.len()];
    for (_, _, _, _, children) in entries {
        for pair in children.windows(2) {
            right[pair[0]] = pair[1] as u32;
        }
    }
    let mut out = Vec::new();
    for (at, (name, kind, start, size, children)) in entries.iter().enumerate() {
        let mut raw = [0_u8; 128];
        for (place, unit) in name.encode_utf16().enumerate() {
            raw[place * 2..place * 2 + 2].copy_from_slice(&unit.to_le_bytes());
        }
        raw[64..66].copy_from_slice(&(name.encode_utf16().count() as u16 * 2 + 2).to_le_bytes());
        raw[66] = *kind;
        raw[67] = 1;
        raw[68..72].copy_from_slice(&FREE.to_le_bytes());
        raw[72..76].copy_from_slice(&right[at].to_le_bytes());
        raw[76..80].copy_from_slice(&children.first().map_or(FREE, |c| *c as u32).to_le_bytes());
        raw[116..120].copy_from_slice(&start.to_le_bytes());
        raw[120..124].copy_from_slice(&size.to_le_bytes());
        out.extend_from_slice(&raw);
    }
    out
}

fn header(sectors: u32, first: u32, directory: u32, mini: u32) -> Vec<u8> {
    let mut head = vec![0_u8; 512];
    head[..8].copy_from_slice(&MAGIC);
    head[24..34].copy_from_slice(&[0x3E, 0, 3, 0, 0xFE, 0xFF, 9, 0, 6, 0]);
    head[44..48].copy_from_slice(&sectors.to_le_bytes());
    head[48..52].copy_from_slice(&directory.to_le_bytes());
    head[56..60].copy_from_slice(&4096_u32.to_le_bytes());
    head[60..64].copy_from_slice(&mini.to_le_bytes());
    head[64..68].copy_from_slice(&u32::from(mini != END).to_le_bytes());
    head[68..72].copy_from_slice(&END.to_le_bytes());
    for (at, place) in (76..512).step_by(4).enumerate() {
        let number = if (at as u32) < sectors { first + at as u32 } else { FREE };
        head[place..place + 4].copy_from_slice(&number.to_le_bytes());
    }
    head
}

fn read(file: &[u8], path: &str) -> Result<Option<Vec<u8>>, Refusal> {
    let options = Options::default();
    let mut ctx = Context::new(&options);
    Compound::read(file)?.stream(path, &mut ctx)
}

/// Where the directory's entry of a name begins.
fn entry_at(file: &[u8], name: &str) -> usize {
    let units: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    file.windows(units.len()).rposition(|window| window == units).unwrap()
}

#[test]
fn short_streams_come_from_the_mini_stream_and_long_ones_from_sectors() {
    let long: Vec<u8> = (0..10_000_u32).map(|n| n as u8).collect();
    let file = build(&[("Short", b"text"), ("Long", &long), ("Storage/Inner", b"inside"), ("Empty", b"")]);
    assert_eq!(read(&file, "Short").unwrap().unwrap(), b"text");
    assert_eq!(read(&file, "long").unwrap().unwrap(), long);
    assert_eq!(read(&file, "Storage/Inner").unwrap().unwrap(), b"inside");
    assert_eq!(read(&file, "Empty").unwrap().unwrap(), b"");
    assert_eq!(read(&file, "Storage").unwrap(), None);
    assert_eq!(read(&file, "Absent").unwrap(), None);
}

#[test]
fn a_chain_that_loops_is_refused_and_does_not_go_on() {
    let long = vec![7_u8; 6_000];
    let mut file = build(&[("Long", &long)]);
    // The first sector leads back to itself.
    let fat = file.len() - 512;
    file[fat..fat + 4].copy_from_slice(&0_u32.to_le_bytes());
    assert!(read(&file, "Long").is_err());
}

#[test]
fn a_directory_that_loops_ends() {
    let mut file = build(&[("A", b"1"), ("B", b"2")]);
    let a = entry_at(&file, "A");
    // The right neighbour of A is A.
    file[a + 72..a + 76].copy_from_slice(&1_u32.to_le_bytes());
    let compound = Compound::read(&file).unwrap();
    assert_eq!(compound.children(&compound.root().unwrap()).len(), 1);
}

#[test]
fn a_size_that_lies_costs_nothing() {
    let mut file = build(&[("Long", &vec![7_u8; 6_000])]);
    let at = entry_at(&file, "Long");
    file[at + 120..at + 124].copy_from_slice(&0x7FFF_FFFF_u32.to_le_bytes());
    assert_eq!(read(&file, "Long").unwrap_err().code, RefusalCode::Malformed);
    // Within the file, but longer than its chain.
    file[at + 120..at + 124].copy_from_slice(&7_000_u32.to_le_bytes());
    assert_eq!(read(&file, "Long").unwrap_err().code, RefusalCode::Malformed);
}

#[test]
fn a_file_that_ends_within_its_last_sector_is_read() {
    let file = build(&[("Long", &vec![7_u8; 6_000])]);
    // The table goes to the front, the stream's last sector to the end.
    let sectors = (file.len() - 512) / 512;
    let mut turned = file[..512].to_vec();
    turned[76..80].copy_from_slice(&0_u32.to_le_bytes());
    let directory = u32::from_le_bytes(file[48..52].try_into().unwrap());
    turned[48..52].copy_from_slice(&1_u32.to_le_bytes());
    let stream = 2_u32;
    let mut fat = vec![0xFFFF_FFFD_u32, END];
    fat.extend((1..12).map(|n| stream + n));
    fat.push(END);
    fat.resize(128, FREE);
    for number in &fat {
        turned.extend_from_slice(&number.to_le_bytes());
    }
    let from = 512 + directory as usize * 512;
    turned.extend_from_slice(&file[from..from + 512]);
    let entry = entry_at(&turned, "Long");
    turned[entry + 116..entry + 120].copy_from_slice(&stream.to_le_bytes());
    turned.extend_from_slice(&[7_u8; 5_900]);
    assert!(sectors > 2);
    let bytes = read(&turned, "Long").unwrap().unwrap();
    assert_eq!(bytes.len(), 6_000);
    assert_eq!(&bytes[..5_900], &[7_u8; 5_900][..]);
    // A whole sector less is a stream that is not there.
    turned.truncate(turned.len() - 700);
    assert!(read(&turned, "Long").is_err());
}

proptest::proptest! {
    #[test]
    fn changed_files_are_read_or_refused_without_panic(
        places in proptest::collection::vec((0_usize..8_192, 0_u8..=255), 1..12),
        cut in 0_usize..8_192,
    ) {
        let mut file = build(&[("A", b"short"), ("S/B", &vec![1_u8; 5_000])]);
        for (at, byte) in places {
            if let Some(place) = file.get_mut(at) {
                *place = byte;
            }
        }
        file.truncate(cut.max(512));
        let options = Options::default();
        let mut ctx = Context::new(&options);
        if let Ok(compound) = Compound::read(&file) {
            let root = compound.root().unwrap();
            for entry in compound.children(&root) {
                let _ = compound.bytes_of(&entry, &mut ctx);
            }
        }
    }
}
