//! Records of a workbook stream, and texts that go on in the next record ([MS-XLS] 2.1.4, 2.5.293, 2.5.296).

use encoding_rs::Encoding;

use crate::workbook::cursor::{Cursor, utf16};
use crate::workbook::tokens::characters;

/// A record with what continues it.
#[derive(Debug, Clone)]
pub(super) struct Record<'a> {
    pub(super) id: u16,
    pub(super) data: &'a [u8],
    pub(super) more: Vec<&'a [u8]>,
}

impl<'a> Record<'a> {
    pub(super) fn cursor(&self) -> Cursor<'a> {
        Cursor::new(self.data)
    }

    /// All bytes, continued ones included.
    pub(super) fn whole(&self) -> Vec<u8> {
        let mut bytes = self.data.to_vec();
        for piece in &self.more {
            bytes.extend_from_slice(piece);
        }
        bytes
    }
}

pub(super) const BOF: [u16; 4] = [0x809, 0x409, 0x209, 0x009];
pub(super) const EOF: u16 = 0x0A;
const CONTINUE: u16 = 0x3C;

/// The records of a stream from a place on. A record that is cut off ends the stream.
pub(super) struct Records<'a> {
    stream: &'a [u8],
    at: usize,
}

impl<'a> Records<'a> {
    pub(super) fn new(stream: &'a [u8], at: usize) -> Self {
        Self { stream, at }
    }

    fn one(&mut self) -> Option<(u16, &'a [u8])> {
        let start = self.at;
        let mut cursor = Cursor::at(self.stream, start);
        let id = cursor.u16()?;
        let size = usize::from(cursor.u16()?);
        // Zeros fill the end of some streams.
        if id == 0 && size == 0 {
            return None;
        }
        let data = cursor.take_at_most(size);
        self.at = start.checked_add(4)?.checked_add(data.len())?;
        Some((id, data))
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let (id, data) = self.one()?;
        let mut more = Vec::new();
        loop {
            let before = self.at;
            match self.one() {
                Some((CONTINUE, piece)) => more.push(piece),
                _ => {
                    self.at = before;
                    return Some(Record { id, data, more });
                }
            }
        }
    }
}

/// How texts are laid out: Unicode since Excel 97, a code page before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Texts {
    pub(super) biff8: bool,
    pub(super) encoding: &'static Encoding,
}

impl Texts {
    /// A text whose length is one byte.
    pub(super) fn short(self, cursor: &mut Cursor<'_>) -> Option<String> {
        let count = usize::from(cursor.u8()?);
        self.of(cursor, count)
    }

    /// A text whose length is two bytes.
    pub(super) fn long(self, cursor: &mut Cursor<'_>) -> Option<String> {
        let count = usize::from(cursor.u16()?);
        self.of(cursor, count)
    }

    /// A text of `count` characters.
    pub(super) fn of(self, cursor: &mut Cursor<'_>, count: usize) -> Option<String> {
        if self.biff8 {
            if count == 0 {
                return Some(String::new());
            }
            return characters(cursor, count);
        }
        Some(self.encoding.decode_without_bom_handling(cursor.take(count)?).0.into_owned())
    }
}

/// Bytes of a record and of those that continue it.
pub(super) struct Continued<'a> {
    pieces: std::vec::IntoIter<&'a [u8]>,
    now: Cursor<'a>,
}

impl<'a> Continued<'a> {
    pub(super) fn new(record: &Record<'a>) -> Self {
        let pieces = record.more.clone().into_iter();
        Self { pieces, now: Cursor::new(record.data) }
    }

    pub(super) fn take(&mut self, count: usize) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        while out.len() < count {
            if self.now.is_empty() {
                self.now = Cursor::new(self.pieces.next()?);
            }
            out.extend_from_slice(self.now.take_at_most(count - out.len()));
        }
        Some(out)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        Cursor::new(&self.take(2)?).u16()
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        Cursor::new(&self.take(4)?).u32()
    }

    /// Characters: a record that continues them begins with a flag byte of its own.
    pub(super) fn characters(&mut self, count: usize, wide: bool) -> Option<String> {
        let (mut wide, mut left) = (wide, count);
        let mut units: Vec<u8> = Vec::new();
        while left > 0 {
            if self.now.is_empty() {
                self.now = Cursor::new(self.pieces.next()?);
                wide = self.now.u8()? & 1 != 0;
            }
            let size = if wide { 2 } else { 1 };
            let here = (self.now.rest().len() / size).min(left);
            let bytes = self.now.take(here * size)?;
            if wide {
                units.extend_from_slice(bytes);
            } else {
                units.extend(bytes.iter().flat_map(|byte| [*byte, 0]));
            }
            left -= here;
            // Half a character before the end of a record is no character.
            if here == 0 {
                self.now.take(self.now.rest().len());
            }
        }
        Some(utf16(&units))
    }
}

/// The encoding of a Windows code page.
pub(super) fn code_page(number: u16) -> &'static Encoding {
    use encoding_rs as e;
    match number {
        932 | 10001 => e::SHIFT_JIS,
        936 | 10008 => e::GBK,
        949 | 10003 => e::EUC_KR,
        950 | 10002 => e::BIG5,
        874 => e::WINDOWS_874,
        866 => e::IBM866,
        1250 | 852 => e::WINDOWS_1250,
        1251 => e::WINDOWS_1251,
        1253 => e::WINDOWS_1253,
        1254 => e::WINDOWS_1254,
        1255 => e::WINDOWS_1255,
        1256 => e::WINDOWS_1256,
        1257 => e::WINDOWS_1257,
        1258 => e::WINDOWS_1258,
        0x8000 | 10000 => e::MACINTOSH,
        _ => e::WINDOWS_1252,
    }
}
