//! The strict ZIP container: a reader that accepts one reading only, and a writer of fresh archives.
//!
//! ZIP readers disagree: some follow the central directory, some the local headers, some look for the first end
//! record and some for the last. A disguise lives in that disagreement, so [`Archive::read`] accepts a file only
//! when every such reading gives the same members (PKWARE APPNOTE 6.3.10). Nothing but names and contents
//! survives: comments, extra fields, times and permissions are never carried over.

mod crypt;
pub(crate) mod names;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

#[cfg(test)]
pub(crate) use reader::Entry;
pub(crate) use reader::{Archive, Kind};
pub(crate) use writer::{Storage, Writer};
