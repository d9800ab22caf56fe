//! The new file: numbered objects, one section, a plain cross-reference table (ISO 32000-1 §7.5).
//!
//! Nothing of the input's bytes comes through here by itself: names, strings and numbers are spelt anew, streams
//! are compressed anew. There are no object streams, no incremental updates and no encryption in what it writes.

use std::{
    collections::{HashMap, HashSet},
    io::Write as _,
};

use flate2::{Compression, write::ZlibEncoder};
use sha2::{Digest, Sha256};

/// A value to be written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Val {
    Bool(bool),
    Num(f64),
    Name(Vec<u8>),
    Str(Vec<u8>),
    Arr(Vec<Self>),
    Dict(Dict),
    Ref(u32),
}

impl Val {
    pub(super) fn name(text: &str) -> Self {
        Self::Name(text.as_bytes().to_vec())
    }

    pub(super) fn int(value: usize) -> Self {
        Self::Num(value as f64)
    }

    pub(super) fn nums(values: impl IntoIterator<Item = f64>) -> Self {
        Self::Arr(values.into_iter().map(Self::Num).collect())
    }
}

/// A dictionary in writing order. Its keys are this engine's own words, never the input's.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Dict(Vec<(String, Val)>);

impl Dict {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn typed(kind: &str) -> Self {
        Self::new().with("Type", Val::name(kind))
    }

    pub(super) fn with(mut self, key: &str, value: Val) -> Self {
        self.set(key, value);
        self
    }

    pub(super) fn set(&mut self, key: &str, value: Val) {
        self.0.retain(|(known, _)| known != key);
        self.0.push((key.to_owned(), value));
    }

    pub(super) fn set_some(&mut self, key: &str, value: Option<Val>) {
        if let Some(value) = value {
            self.set(key, value);
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Val> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

enum Body {
    Value(Val),
    Stream(Dict, Vec<u8>),
}

/// Collects the objects, numbers them from 1, and writes the file.
#[derive(Default)]
pub(super) struct Writer {
    bodies: Vec<Option<Body>>,
    bytes: u64,
}

impl Writer {
    /// A number for an object that is put later, so that others can refer to it already.
    pub(super) fn reserve(&mut self) -> u32 {
        self.bodies.push(None);
        u32::try_from(self.bodies.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn put(&mut self, id: u32, value: Val) {
        self.place(id, Body::Value(value));
    }

    pub(super) fn add(&mut self, value: Val) -> u32 {
        let id = self.reserve();
        self.put(id, value);
        id
    }

    /// A stream of plain bytes, deflated.
    pub(super) fn put_stream(&mut self, id: u32, dict: Dict, plain: &[u8]) {
        let packed = deflate(plain);
        self.put_encoded(id, dict.with("Filter", Val::name("FlateDecode")), packed);
    }

    /// A stream whose bytes are already in the form that its `Filter` names.
    pub(super) fn put_encoded(&mut self, id: u32, dict: Dict, data: Vec<u8>) {
        self.bytes = self.bytes.saturating_add(data.len() as u64);
        let dict = dict.with("Length", Val::int(data.len()));
        self.place(id, Body::Stream(dict, data));
    }

    /// Bytes of all streams so far, for the output budget.
    pub(super) fn stream_bytes(&self) -> u64 {
        self.bytes
    }

    fn body(&self, id: u32) -> Option<&Body> {
        let index = (id as usize).checked_sub(1)?;
        self.bodies.get(index).and_then(Option::as_ref)
    }

    /// The objects that these lead to, in the order of first mention.
    fn reachable(&self, roots: [u32; 2]) -> Vec<u32> {
        let mut order = roots.to_vec();
        let mut seen: HashSet<u32> = roots.into_iter().collect();
        let mut at = 0;
        while let Some(id) = order.get(at).copied() {
            at += 1;
            let mut found = Vec::new();
            match self.body(id) {
                Some(Body::Value(value)) => references(value, &mut found),
                Some(Body::Stream(dict, _)) => {
                    dict.0.iter().for_each(|(_, value)| references(value, &mut found));
                }
                None => {}
            }
            order.extend(found.into_iter().filter(|id| seen.insert(*id)));
        }
        order
    }

    fn place(&mut self, id: u32, body: Body) {
        if let Some(slot) = (id as usize).checked_sub(1).and_then(|index| self.bodies.get_mut(index)) {
            *slot = Some(body);
        }
    }

    /// The whole file: what the catalogue and the information dictionary lead to, numbered in that order. An object
    /// that was copied but then not used is not written.
    pub(super) fn finish(self, root: u32, info: u32) -> Vec<u8> {
        let order = self.reachable([root, info]);
        let numbers: HashMap<u32, usize> =
            order.iter().enumerate().map(|(index, id)| (*id, index + 1)).collect();
        let number = |id: u32| numbers.get(&id).copied().unwrap_or(0);
        let mut out = b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec();
        let mut offsets = Vec::with_capacity(order.len());
        for id in &order {
            offsets.push(out.len());
            out.extend_from_slice(format!("{} 0 obj\n", number(*id)).as_bytes());
            match self.body(*id) {
                None => out.extend_from_slice(b"null"),
                Some(Body::Value(value)) => write_value(&mut out, value, &number),
                Some(Body::Stream(dict, data)) => {
                    write_dict(&mut out, dict, &number);
                    out.extend_from_slice(b"\nstream\n");
                    out.extend_from_slice(data);
                    out.extend_from_slice(b"\nendstream");
                }
            }
            out.extend_from_slice(b"\nendobj\n");
        }
        let (root, info) = (number(root), number(info));
        // The identifier follows from the content, so that equal inputs give equal outputs.
        let digest = Sha256::digest(&out);
        let id = hex::encode_upper(digest.iter().take(16).copied().collect::<Vec<u8>>());
        let start = out.len();
        out.extend_from_slice(format!("xref\n0 {}\n0000000000 65535 f \n", offsets.len() + 1).as_bytes());
        for offset in &offsets {
            out.extend_from_slice(format!("{offset:010} 00000 n \n").as_bytes());
        }
        out.extend_from_slice(
            format!(
                "trailer\n<</Size {}/Root {root} 0 R/Info {info} 0 R/ID [<{id}> <{id}>]>>\nstartxref\n{start}\n%%EOF\n",
                offsets.len() + 1
            )
            .as_bytes(),
        );
        out
    }
}

pub(super) fn deflate(plain: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::with_capacity(plain.len() / 3 + 64), Compression::new(5));
    // Writing into a vector has no way to fail; an empty stream would be the visible result if it did.
    encoder.write_all(plain).and_then(|()| encoder.finish()).unwrap_or_default()
}

fn references(value: &Val, found: &mut Vec<u32>) {
    match value {
        Val::Ref(id) => found.push(*id),
        Val::Arr(items) => items.iter().for_each(|item| references(item, found)),
        Val::Dict(dict) => dict.0.iter().for_each(|(_, value)| references(value, found)),
        Val::Bool(_) | Val::Num(_) | Val::Name(_) | Val::Str(_) => {}
    }
}

fn write_value(out: &mut Vec<u8>, value: &Val, number: &dyn Fn(u32) -> usize) {
    match value {
        Val::Bool(true) => out.extend_from_slice(b"true"),
        Val::Bool(false) => out.extend_from_slice(b"false"),
        Val::Num(number) => write_number(out, *number),
        Val::Name(name) => write_name(out, name),
        Val::Str(bytes) => write_string(out, bytes),
        Val::Arr(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b' ');
                }
                write_value(out, item, number);
            }
            out.push(b']');
        }
        Val::Dict(dict) => write_dict(out, dict, number),
        Val::Ref(id) => out.extend_from_slice(format!("{} 0 R", number(*id)).as_bytes()),
    }
}

fn write_dict(out: &mut Vec<u8>, dict: &Dict, number: &dyn Fn(u32) -> usize) {
    out.extend_from_slice(b"<<");
    for (key, value) in &dict.0 {
        write_name(out, key.as_bytes());
        out.push(b' ');
        write_value(out, value, number);
    }
    out.extend_from_slice(b">>");
}

/// The largest magnitude that is written; real coordinates are far below it.
const MAX_NUMBER: f64 = 2_147_483_647.0;

/// Decimal notation without exponent, at most eight digits after the point.
pub(super) fn write_number(out: &mut Vec<u8>, number: f64) {
    let number = if number.is_finite() { number.clamp(-MAX_NUMBER, MAX_NUMBER) } else { 0.0 };
    if number.fract() == 0.0 {
        out.extend_from_slice((number as i64).to_string().as_bytes());
        return;
    }
    let text = format!("{number:.8}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    out.extend_from_slice(if text == "-0" { b"0" } else { text.as_bytes() });
}

/// A name with `#xx` only where ISO 32000-1 §7.3.5 needs it.
pub(super) fn write_name(out: &mut Vec<u8>, name: &[u8]) {
    out.push(b'/');
    for &byte in name {
        if byte.is_ascii_alphanumeric() || b"+-_.,*@:;!?$&'=^`|~\"".contains(&byte) {
            out.push(byte);
        } else if byte != 0 {
            out.extend_from_slice(format!("#{byte:02X}").as_bytes());
        }
    }
}

/// A hexadecimal string: nothing in it can be taken for syntax.
pub(super) fn write_string(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'<');
    out.extend_from_slice(hex::encode_upper(bytes).as_bytes());
    out.push(b'>');
}
