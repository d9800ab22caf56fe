//! The input as an object graph: loading, following references, decoding streams within the budget.
//!
//! The parser skips objects that it can't read. A reference to one of those must not quietly become `null`, so the
//! first such reference that anybody follows is remembered and refuses the file.

use std::{cell::Cell, panic::AssertUnwindSafe};

use lopdf::{Dictionary, Document, Error, LoadOptions, Object, ObjectId, Stream, xref::XrefEntry};

use super::filters::{self, Plain, Predictor};
use crate::{Refusal, RefusalCode, RemovalCode, context::Context};

/// What follows a reference that leads nowhere.
static NULL: Object = Object::Null;

pub(super) struct Source {
    doc: Document,
    lost: Cell<Option<ObjectId>>,
    /// The end of the file is there, so that an object which can't be found was never written.
    ends: bool,
}

/// How the objects of a file are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// By its cross-reference tables.
    ByTable,
    /// By looking for `obj` through the whole file.
    ByLooking,
}

/// The decoders of pictures; everything else is undone by [`Source::decode`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    Dct,
    Jpx,
    Jbig2,
    Ccitt,
}

/// A stream with its general filters undone.
pub(super) struct Decoded<'a> {
    pub(super) data: Vec<u8>,
    pub(super) complete: bool,
    /// The picture codec that is left to undo, with its parameters.
    pub(super) codec: Option<(Codec, Option<&'a Dictionary>)>,
}

impl Source {
    /// Reads the file; opens it with the empty user password or the one of the options where it is encrypted.
    pub(super) fn load(input: &[u8], ctx: &mut Context<'_>, reading: Reading) -> Result<Self, Refusal> {
        note_surroundings(input, ctx);
        let share = ctx.expandable() / (1 + object_streams(input));
        let size = usize::try_from(share).unwrap_or(usize::MAX).max(64 * 1024);
        let doc = open(input, size, ctx.options().password.as_deref(), reading)?;
        if doc.objects.len() as u64 > u64::from(ctx.limits().pdf_objects) {
            return Err(Refusal::new(RefusalCode::Bomb, format!("pdf_objects {}", ctx.limits().pdf_objects)));
        }
        // The parser gives a stream of unknown length no bytes at all.
        let unread = |object: &Object| matches!(object, Object::Stream(stream) if stream.content.is_empty() && !stream.dict.has(b"Length"));
        if doc.objects.values().any(unread) {
            return Err(Refusal::new(RefusalCode::Malformed, "PDF /Length"));
        }
        let held: u64 = doc.objects.values().map(object_bytes).sum();
        ctx.charge_expanded(held)?;
        if doc.xref_section_count > 1 && doc.linearization.is_none() {
            ctx.removed(RemovalCode::HiddenContent, "文書（更新前の版）");
        }
        if doc.encryption_state.is_some() {
            ctx.removed(RemovalCode::UnknownPart, "文書（暗号化と権限の設定）");
        }
        let tail = input.len().saturating_sub(1024);
        let ends = input.get(tail..).is_some_and(|tail| tail.windows(5).any(|window| window == b"%%EOF"));
        Ok(Self { doc, lost: Cell::new(None), ends })
    }

    /// The catalogue (ISO 32000-1 §7.7.2).
    pub(super) fn catalog(&self) -> Result<&Dictionary, Refusal> {
        self.dict(&self.doc.trailer, "Root").ok_or_else(|| Refusal::new(RefusalCode::Malformed, "PDF /Root"))
    }

    pub(super) fn trailer(&self) -> &Dictionary {
        &self.doc.trailer
    }

    pub(super) fn document(&self) -> &Document {
        &self.doc
    }

    /// Every object, for searches that only report.
    pub(super) fn objects(&self) -> impl Iterator<Item = (&ObjectId, &Object)> {
        self.doc.objects.iter()
    }

    /// Refuses the file if a reference that was followed led to an object that could not be read.
    pub(super) fn nothing_lost(&self) -> Result<(), Refusal> {
        match self.lost.get() {
            Some((number, _)) => {
                Err(Refusal::new(RefusalCode::Malformed, format!("PDF object {number} can't be read")))
            }
            None => Ok(()),
        }
    }

    /// The object itself, references followed.
    pub(super) fn get<'a>(&'a self, object: &'a Object) -> &'a Object {
        let mut object = object;
        for _ in 0..32 {
            let Object::Reference(id) = object else { return object };
            match self.doc.objects.get(id) {
                Some(target) => object = target,
                None => {
                    self.note_lost(*id);
                    return &NULL;
                }
            }
        }
        &NULL
    }

    fn note_lost(&self, id: ObjectId) {
        let listed = matches!(
            self.doc.reference_table.get(id.0),
            Some(XrefEntry::Normal { .. } | XrefEntry::Compressed { .. })
        );
        let searched = self.doc.xref_recovery.is_some();
        let cut_off = searched && !self.ends;
        if (listed || cut_off) && self.lost.get().is_none() {
            self.lost.set(Some(id));
        }
    }

    pub(super) fn value<'a>(&'a self, dict: &'a Dictionary, key: &str) -> &'a Object {
        dict.get(key.as_bytes()).map_or(&NULL, |object| self.get(object))
    }

    /// The dictionary under a key; a stream's dictionary counts.
    pub(super) fn dict<'a>(&'a self, dict: &'a Dictionary, key: &str) -> Option<&'a Dictionary> {
        as_dict(self.value(dict, key))
    }

    pub(super) fn array<'a>(&'a self, dict: &'a Dictionary, key: &str) -> Option<&'a [Object]> {
        match self.value(dict, key) {
            Object::Array(items) => Some(items),
            _ => None,
        }
    }

    pub(super) fn name<'a>(&'a self, dict: &'a Dictionary, key: &str) -> Option<&'a [u8]> {
        match self.value(dict, key) {
            Object::Name(name) => Some(name),
            _ => None,
        }
    }

    pub(super) fn number(&self, dict: &Dictionary, key: &str) -> Option<f64> {
        as_number(self.value(dict, key))
    }

    pub(super) fn integer(&self, dict: &Dictionary, key: &str) -> Option<i64> {
        as_integer(self.value(dict, key))
    }

    pub(super) fn boolean(&self, dict: &Dictionary, key: &str) -> Option<bool> {
        match self.value(dict, key) {
            Object::Boolean(value) => Some(*value),
            _ => None,
        }
    }

    /// An array that holds nothing but numbers.
    pub(super) fn numbers(&self, object: &Object) -> Option<Vec<f64>> {
        match self.get(object) {
            Object::Array(items) => items.iter().map(|item| as_number(self.get(item))).collect(),
            _ => None,
        }
    }

    pub(super) fn numbers_of(&self, dict: &Dictionary, key: &str) -> Option<Vec<f64>> {
        dict.get(key.as_bytes()).ok().and_then(|object| self.numbers(object))
    }

    /// Exactly `N` numbers.
    pub(super) fn exactly<const N: usize>(&self, dict: &Dictionary, key: &str) -> Option<[f64; N]> {
        self.numbers_of(dict, key).and_then(|numbers| numbers.try_into().ok())
    }

    /// Undoes the general filters of a stream. Streams whose bytes lie in another file are not followed:
    /// the caller checks [`is_external`].
    pub(super) fn decode<'a>(
        &'a self,
        stream: &'a Stream,
        ctx: &mut Context<'_>,
    ) -> Result<Decoded<'a>, Refusal> {
        self.decode_parts(&stream.dict, &stream.content, ctx)
    }

    pub(super) fn decode_parts<'a>(
        &'a self,
        dict: &'a Dictionary,
        content: &[u8],
        ctx: &mut Context<'_>,
    ) -> Result<Decoded<'a>, Refusal> {
        let filters: Vec<&[u8]> = match self.value(dict, "Filter") {
            Object::Name(name) => vec![name],
            Object::Array(items) => {
                items.iter().map(|item| self.get(item).as_name().unwrap_or_default()).collect()
            }
            _ => Vec::new(),
        };
        if filters.len() > 8 {
            return Err(Refusal::new(RefusalCode::Bomb, "PDF /Filter"));
        }
        let parms = |index: usize| match self.value(dict, "DecodeParms") {
            Object::Dictionary(only) => Some(only),
            Object::Array(items) => items.get(index).and_then(|item| as_dict(self.get(item))),
            _ => None,
        };
        let mut plain = Plain { data: content.to_vec(), complete: true };
        for (index, filter) in filters.iter().enumerate() {
            let parms = parms(index);
            let before = plain.complete;
            plain = match *filter {
                b"FlateDecode" | b"Fl" => self.predictor(parms).undo(filters::flate(&plain.data, ctx)?),
                b"LZWDecode" | b"LZW" => {
                    let early = parms.and_then(|parms| self.integer(parms, "EarlyChange")) != Some(0);
                    self.predictor(parms).undo(filters::lzw(&plain.data, early, ctx)?)
                }
                b"RunLengthDecode" | b"RL" => filters::run_length(&plain.data, ctx)?,
                b"ASCII85Decode" | b"A85" => filters::ascii85(&plain.data, ctx)?,
                b"ASCIIHexDecode" | b"AHx" => filters::ascii_hex(&plain.data, ctx)?,
                // Strings and streams are decrypted by the loader; only the identity filter is left here.
                b"Crypt" => plain,
                other => {
                    let codec = match other {
                        b"DCTDecode" | b"DCT" => Some(Codec::Dct),
                        b"JPXDecode" => Some(Codec::Jpx),
                        b"JBIG2Decode" => Some(Codec::Jbig2),
                        b"CCITTFaxDecode" | b"CCF" => Some(Codec::Ccitt),
                        _ => None,
                    };
                    let last = index + 1 == filters.len();
                    return Ok(match codec {
                        Some(codec) if last => {
                            Decoded { data: plain.data, complete: before, codec: Some((codec, parms)) }
                        }
                        _ => Decoded { data: Vec::new(), complete: false, codec: None },
                    });
                }
            };
            plain.complete &= before;
        }
        Ok(Decoded { data: plain.data, complete: plain.complete, codec: None })
    }

    fn predictor(&self, parms: Option<&Dictionary>) -> Predictor {
        let read = |key: &str, default: usize| {
            parms
                .and_then(|parms| self.integer(parms, key))
                .map_or(default, |value| usize::try_from(value).unwrap_or(0))
        };
        Predictor {
            kind: parms.and_then(|parms| self.integer(parms, "Predictor")).unwrap_or(1),
            colors: read("Colors", 1),
            bits: read("BitsPerComponent", 8),
            columns: read("Columns", 1),
        }
    }
}

/// Whether a stream's bytes are said to lie elsewhere (ISO 32000-1 §7.3.8.2, `F`).
pub(super) fn is_external(dict: &Dictionary) -> bool {
    dict.has(b"F") || dict.has(b"FFilter") || dict.has(b"FDecodeParms")
}

pub(super) fn as_dict(object: &Object) -> Option<&Dictionary> {
    match object {
        Object::Dictionary(dict) => Some(dict),
        Object::Stream(stream) => Some(&stream.dict),
        _ => None,
    }
}

pub(super) fn as_number(object: &Object) -> Option<f64> {
    match object {
        Object::Integer(value) => Some(*value as f64),
        Object::Real(value) if value.is_finite() => Some(shortest(*value)),
        _ => None,
    }
}

/// The decimal number that was meant: a single-precision 0.1 widened bit by bit would print as 0.10000000149.
fn shortest(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}

pub(super) fn as_integer(object: &Object) -> Option<i64> {
    match object {
        Object::Integer(value) => Some(*value),
        Object::Real(value) if value.fract() == 0.0 && value.abs() < 1e15 => Some(*value as i64),
        _ => None,
    }
}

/// Opens the file: without a password, and with the one that the sender told where that isn't enough.
fn open(input: &[u8], size: usize, password: Option<&str>, reading: Reading) -> Result<Document, Refusal> {
    let mut refusal = RefusalCode::Encrypted;
    for password in [Some(""), password.filter(|password| !password.is_empty())].into_iter().flatten() {
        let options = LoadOptions {
            password: Some(password.to_owned()),
            max_decompressed_size: Some(size),
            force_reconstruct: reading == Reading::ByLooking,
            ..LoadOptions::default()
        };
        let mut loaded = parse(input, &options);
        if locked(&loaded)
            && let Some(patched) = with_file_id(input)
        {
            loaded = parse(&patched, &options);
        }
        if !locked(&loaded) {
            return match loaded {
                Ok(Ok(doc)) => Ok(doc),
                Ok(Err(Error::UnsupportedSecurityHandler(_))) => {
                    Err(Refusal::new(RefusalCode::Encrypted, "PDF"))
                }
                Ok(Err(Error::Decompress(_))) => Err(Refusal::new(RefusalCode::Bomb, "PDF object stream")),
                Ok(Err(_)) | Err(_) => Err(Refusal::new(RefusalCode::Malformed, "PDF")),
            };
        }
        if !password.is_empty() {
            refusal = RefusalCode::WrongPassword;
        }
    }
    Err(Refusal::new(refusal, "PDF"))
}

/// Whether only a password is missing.
fn locked(loaded: &std::thread::Result<lopdf::Result<Document>>) -> bool {
    match loaded {
        Ok(Ok(doc)) => doc.trailer.has(b"Encrypt") && doc.encryption_state.is_none(),
        Ok(Err(error)) => matches!(error, Error::InvalidPassword | Error::Decryption(_)),
        Err(_) => false,
    }
}

// A panic in the parser is a broken file here; the process boundary deals with what can't be caught.
fn parse(input: &[u8], options: &LoadOptions) -> std::thread::Result<lopdf::Result<Document>> {
    std::panic::catch_unwind(AssertUnwindSafe(|| Document::load_mem_with_options(input, options.clone())))
}

/// The input with an empty file identifier in its last trailer. Encrypted files ought to have one (ISO 32000-1
/// §14.4), and readers take a missing one for empty. The table and the objects lie before the trailer, so no offset
/// changes; where they don't, the second attempt fails as the first did.
fn with_file_id(input: &[u8]) -> Option<Vec<u8>> {
    let trailer = input.windows(7).rposition(|window| window == b"trailer")?;
    if input.get(trailer..)?.windows(3).any(|window| window == b"/ID") {
        return None;
    }
    let open = input.get(trailer..)?.windows(2).position(|window| window == b"<<")?;
    let (before, after) = input.split_at_checked(trailer + open + 2)?;
    Some([before, b"/ID [<> <>] ", after].concat())
}

/// A rough size of what an object keeps in memory.
fn object_bytes(object: &Object) -> u64 {
    match object {
        Object::Stream(stream) => stream.content.len() as u64,
        Object::String(bytes, _) | Object::Name(bytes) => bytes.len() as u64,
        Object::Array(items) => items.len() as u64 * 16,
        _ => 16,
    }
}

/// How many object streams the file may hold, by the names that decode to `ObjStm`. The parser inflates each of
/// them before anybody can count, so each gets its share of the budget.
fn object_streams(input: &[u8]) -> u64 {
    const NAME: &[u8] = b"ObjStm";
    let mut count = 0;
    for (at, _) in input.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
        let mut rest = input.get(at + 1..).unwrap_or_default();
        let same = NAME.iter().all(|wanted| match rest {
            [b'#', high, low, tail @ ..] => {
                rest = tail;
                let digit = |byte: &u8| (*byte as char).to_digit(16).unwrap_or(0);
                digit(high) * 16 + digit(low) == u32::from(*wanted)
            }
            [byte, tail @ ..] => {
                rest = tail;
                byte == wanted
            }
            [] => false,
        });
        count += u64::from(same);
    }
    count
}

/// Bytes before the header or after the last end marker belong to no PDF reader (ISO 32000-1 §7.5.2, §7.5.5).
fn note_surroundings(input: &[u8], ctx: &mut Context<'_>) {
    let blank =
        |bytes: &[u8]| bytes.iter().all(|byte| matches!(byte, 0 | b'\t' | b'\n' | 0x0C | b'\r' | b' '));
    let start = input.windows(5).position(|window| window == b"%PDF-").unwrap_or(0);
    let end = input.windows(5).rposition(|window| window == b"%%EOF").map(|at| at + 5);
    let before = input.get(..start).unwrap_or_default();
    let after = end.and_then(|end| input.get(end..)).unwrap_or_default();
    if !blank(before) && before != b"\xEF\xBB\xBF" {
        ctx.removed(RemovalCode::TrailingData, "文書の先頭");
    }
    if !blank(after) {
        ctx.removed(RemovalCode::TrailingData, "文書の末尾");
    }
}
