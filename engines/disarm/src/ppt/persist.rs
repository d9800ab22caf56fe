//! Finds the objects of the last state: edits form a chain, each with a directory of what it wrote ([MS-PPT] 2.1.2).

use std::collections::{HashMap, HashSet};

use super::malformed;
use crate::officeart::{Record, Records};
use crate::workbook::cursor::Cursor;
use crate::{Refusal, RefusalCode};

const USER_EDIT: u16 = 0x0FF5;
const DIRECTORY: u16 = 0x1772;
/// What the current user's record says of an encrypted presentation.
const ENCRYPTED: u32 = 0xF3D1_C4DF;

/// The objects of the last state by their numbers.
pub(super) struct Persist<'a> {
    document: &'a [u8],
    places: HashMap<u32, u32>,
    main: u32,
}

impl<'a> Persist<'a> {
    /// Follows the chain of edits from the last one back.
    pub(super) fn read(document: &'a [u8], user: &[u8]) -> Result<Self, Refusal> {
        let mut cursor = Cursor::at(user, 12);
        let (token, offset) = (cursor.u32(), cursor.u32());
        if token == Some(ENCRYPTED) {
            return Err(Refusal::new(RefusalCode::Encrypted, "ppt"));
        }
        let is_edit = |offset: &u32| record_at(document, *offset).is_some_and(|r| r.kind == USER_EDIT);
        let start = offset.filter(is_edit).or_else(|| last_edit(document));
        let mut next = start.ok_or_else(|| malformed("UserEditAtom"))?;
        let mut persist = Self { document, places: HashMap::new(), main: 0 };
        let mut seen = HashSet::new();
        while seen.insert(next) {
            let Some(edit) = record_at(document, next).filter(|record| record.kind == USER_EDIT) else {
                break;
            };
            let mut cursor = Cursor::at(edit.data, 8);
            let (Some(before), Some(directory), Some(main)) = (cursor.u32(), cursor.u32(), cursor.u32())
            else {
                break;
            };
            if seen.len() == 1 {
                persist.main = main;
                if edit.data.len() >= 32 {
                    return Err(Refusal::new(RefusalCode::Encrypted, "ppt"));
                }
            }
            persist.directory(directory);
            if before == 0 {
                break;
            }
            next = before;
        }
        Ok(persist)
    }

    /// What a later edit wrote counts.
    fn directory(&mut self, offset: u32) {
        let Some(record) = record_at(self.document, offset).filter(|record| record.kind == DIRECTORY) else {
            return;
        };
        let mut cursor = Cursor::new(record.data);
        while let Some(head) = cursor.u32() {
            let (first, count) = (head & 0xF_FFFF, head >> 20);
            for number in 0..count {
                let Some(place) = cursor.u32() else { return };
                self.places.entry(first.saturating_add(number)).or_insert(place);
            }
        }
    }

    /// The object of a number.
    pub(super) fn object(&self, number: u32) -> Option<Record<'a>> {
        record_at(self.document, *self.places.get(&number)?)
    }

    /// The document itself.
    pub(super) fn main(&self) -> Option<Record<'a>> {
        self.object(self.main)
    }
}

fn record_at(document: &[u8], offset: u32) -> Option<Record<'_>> {
    Records::new(document.get(offset as usize..)?).next()
}

/// The last edit of a document whose current user is not known.
fn last_edit(document: &[u8]) -> Option<u32> {
    let mut found = None;
    let mut at = 0_usize;
    while let Some(record) = document.get(at..).and_then(|rest| Records::new(rest).next()) {
        if record.kind == USER_EDIT {
            found = u32::try_from(at).ok();
        }
        at = at.checked_add(8)?.checked_add(record.data.len())?;
    }
    found
}
