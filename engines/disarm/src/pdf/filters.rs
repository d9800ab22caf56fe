//! Stream filters (ISO 32000-1 §7.4), each within the budget of the call.
//!
//! Every byte is charged before it is kept, so a stream that inflates without end is refused as a bomb.

use flate2::{Decompress, FlushDecompress, Status};

use crate::{Refusal, context::Context};

/// What a filter made of its input.
pub(super) struct Plain {
    pub(super) data: Vec<u8>,
    /// False when the encoded data ended early or was damaged; `data` is then what came before.
    pub(super) complete: bool,
}

/// RFC 1950; the checksum at the end is not asked for, as many writers get it wrong.
pub(super) fn flate(input: &[u8], ctx: &mut Context<'_>) -> Result<Plain, Refusal> {
    let body = match input {
        [cmf, flg, rest @ ..]
            if cmf & 0x0F == 8 && (u16::from(*cmf) * 256 + u16::from(*flg)).is_multiple_of(31) =>
        {
            rest
        }
        other => other,
    };
    let mut inflater = Decompress::new(false);
    let mut out = Vec::new();
    let mut chunk = vec![0_u8; 32 * 1024];
    let mut rest = body;
    loop {
        let (before_in, before_out) = (inflater.total_in(), inflater.total_out());
        let status = inflater.decompress(rest, &mut chunk, FlushDecompress::None);
        let taken = usize::try_from(inflater.total_in() - before_in).unwrap_or(0);
        let given = usize::try_from(inflater.total_out() - before_out).unwrap_or(0);
        rest = rest.get(taken..).unwrap_or_default();
        ctx.charge_expanded(given as u64)?;
        out.extend_from_slice(chunk.get(..given).unwrap_or_default());
        match status {
            Ok(Status::StreamEnd) => return Ok(Plain { data: out, complete: true }),
            Ok(_) if taken > 0 || given > 0 => {}
            Ok(_) | Err(_) => return Ok(Plain { data: out, complete: body.is_empty() }),
        }
    }
}

/// The LZW variant of ISO 32000-1 §7.4.4.
pub(super) fn lzw(input: &[u8], early: bool, ctx: &mut Context<'_>) -> Result<Plain, Refusal> {
    const CLEAR: usize = 256;
    const END: usize = 257;
    // Each entry is its prefix, its last byte and its length.
    let mut table: Vec<(usize, u8, usize)> = Vec::with_capacity(4096);
    let reset = |table: &mut Vec<(usize, u8, usize)>| {
        table.clear();
        table.extend((0..=255_u8).map(|byte| (usize::MAX, byte, 1)));
        table.extend([(usize::MAX, 0, 0), (usize::MAX, 0, 0)]);
    };
    reset(&mut table);
    let mut out = Vec::new();
    let (mut bits, mut held) = (0_u32, 0_u32);
    let mut previous: Option<usize> = None;
    let mut bytes = input.iter();
    loop {
        let size = table.len() + usize::from(early);
        let width = match size {
            0..=511 => 9,
            512..=1023 => 10,
            1024..=2047 => 11,
            _ => 12,
        };
        while held < width {
            let Some(byte) = bytes.next() else { return Ok(Plain { data: out, complete: true }) };
            bits = (bits << 8) | u32::from(*byte);
            held += 8;
        }
        held -= width;
        let code = ((bits >> held) & ((1 << width) - 1)) as usize;
        if code == END {
            return Ok(Plain { data: out, complete: true });
        }
        if code == CLEAR {
            reset(&mut table);
            previous = None;
            continue;
        }
        let repeated = code >= table.len();
        let source = match (repeated, previous) {
            (false, _) => code,
            (true, Some(previous)) if code == table.len() => previous,
            _ => return Ok(Plain { data: out, complete: false }),
        };
        let start = out.len();
        let length = table.get(source).map_or(0, |entry| entry.2);
        ctx.charge_expanded(length as u64 + 1)?;
        let mut walk = source;
        while let Some(&(prefix, byte, _)) = table.get(walk) {
            out.push(byte);
            walk = prefix;
        }
        if let Some(tail) = out.get_mut(start..) {
            tail.reverse();
        }
        let first = out.get(start).copied().unwrap_or_default();
        if repeated {
            out.push(first);
        }
        if let Some(previous) = previous
            && table.len() < 4096
        {
            let length = table.get(previous).map_or(0, |entry| entry.2);
            table.push((previous, first, length + 1));
        }
        previous = Some(code);
    }
}

/// ISO 32000-1 §7.4.5.
pub(super) fn run_length(input: &[u8], ctx: &mut Context<'_>) -> Result<Plain, Refusal> {
    let mut out = Vec::new();
    let mut rest = input;
    while let Some((&length, tail)) = rest.split_first() {
        let count = usize::from(length);
        match length {
            128 => return Ok(Plain { data: out, complete: true }),
            0..=127 => {
                let Some((run, tail)) = tail.split_at_checked(count + 1) else {
                    out.extend_from_slice(tail);
                    return Ok(Plain { data: out, complete: false });
                };
                ctx.charge_expanded(run.len() as u64)?;
                out.extend_from_slice(run);
                rest = tail;
            }
            129..=255 => {
                let Some((&byte, tail)) = tail.split_first() else {
                    return Ok(Plain { data: out, complete: false });
                };
                ctx.charge_expanded(257 - count as u64)?;
                out.resize(out.len() + 257 - count, byte);
                rest = tail;
            }
        }
    }
    Ok(Plain { data: out, complete: true })
}

/// ISO 32000-1 §7.4.2.
pub(super) fn ascii_hex(input: &[u8], ctx: &mut Context<'_>) -> Result<Plain, Refusal> {
    ctx.charge_expanded(input.len() as u64 / 2 + 1)?;
    let mut out = Vec::with_capacity(input.len() / 2 + 1);
    let mut high: Option<u8> = None;
    let mut complete = true;
    for &byte in input {
        let Some(digit) = (byte as char).to_digit(16) else {
            match byte {
                b'>' => break,
                b' ' | b'\t' | b'\r' | b'\n' | 0 | 0x0C => continue,
                _ => {
                    complete = false;
                    break;
                }
            }
        };
        let digit = digit as u8;
        match high.take() {
            None => high = Some(digit),
            Some(first) => out.push(first * 16 + digit),
        }
    }
    if let Some(first) = high {
        out.push(first * 16);
    }
    Ok(Plain { data: out, complete })
}

/// ISO 32000-1 §7.4.3.
pub(super) fn ascii85(input: &[u8], ctx: &mut Context<'_>) -> Result<Plain, Refusal> {
    let mut out = Vec::with_capacity(input.len());
    let mut group = Vec::with_capacity(5);
    let mut complete = true;
    let input = input.strip_prefix(b"<~").unwrap_or(input);
    for &byte in input {
        match byte {
            b'z' if group.is_empty() => {
                ctx.charge_expanded(4)?;
                out.extend_from_slice(&[0; 4]);
            }
            b'!'..=b'u' => {
                group.push(u32::from(byte - b'!'));
                if group.len() == 5 {
                    ctx.charge_expanded(4)?;
                    out.extend_from_slice(&base85(&group).to_be_bytes());
                    group.clear();
                }
            }
            b'~' => break,
            b' ' | b'\t' | b'\r' | b'\n' | 0 | 0x0C => {}
            _ => {
                complete = false;
                break;
            }
        }
    }
    if group.len() > 1 {
        let keep = group.len() - 1;
        group.resize(5, 84);
        out.extend(base85(&group).to_be_bytes().iter().take(keep));
    }
    Ok(Plain { data: out, complete })
}

fn base85(group: &[u32]) -> u32 {
    group.iter().fold(0_u32, |sum, digit| sum.wrapping_mul(85).wrapping_add(*digit))
}

/// The parameters of a predictor (ISO 32000-1 §7.4.4.4).
pub(super) struct Predictor {
    pub(super) kind: i64,
    pub(super) colors: usize,
    pub(super) bits: usize,
    pub(super) columns: usize,
}

impl Predictor {
    /// Undoes the prediction. Parameters out of range leave the data as damaged.
    pub(super) fn undo(&self, plain: Plain) -> Plain {
        if self.kind < 2 {
            return plain;
        }
        let sane = (1..=32).contains(&self.colors)
            && matches!(self.bits, 1 | 2 | 4 | 8 | 16)
            && (1..=1_000_000).contains(&self.columns);
        if !sane {
            return Plain { data: Vec::new(), complete: false };
        }
        let row = (self.colors * self.bits * self.columns).div_ceil(8);
        let pixel = (self.colors * self.bits).div_ceil(8);
        let data =
            if self.kind == 2 { self.tiff(plain.data, row, pixel) } else { png(&plain.data, row, pixel) };
        Plain { data, complete: plain.complete }
    }

    fn tiff(&self, mut data: Vec<u8>, row: usize, pixel: usize) -> Vec<u8> {
        for line in data.chunks_mut(row) {
            match self.bits {
                8 => {
                    for at in pixel..line.len() {
                        let left = line.get(at - pixel).copied().unwrap_or_default();
                        if let Some(byte) = line.get_mut(at) {
                            *byte = byte.wrapping_add(left);
                        }
                    }
                }
                16 => {
                    for at in (pixel..line.len().saturating_sub(1)).step_by(2) {
                        let sum = be16(line, at).wrapping_add(be16(line, at - pixel));
                        for (offset, value) in sum.to_be_bytes().into_iter().enumerate() {
                            if let Some(byte) = line.get_mut(at + offset) {
                                *byte = value;
                            }
                        }
                    }
                }
                bits => {
                    let mask = (1_u8 << bits) - 1;
                    let per = 8 / bits;
                    let mut left = vec![0_u8; self.colors];
                    for sample in 0..self.columns * self.colors {
                        let shift = 8 - bits - (sample % per) * bits;
                        if let (Some(byte), Some(last)) =
                            (line.get_mut(sample / per), left.get_mut(sample % self.colors))
                        {
                            let value = ((*byte >> shift) & mask).wrapping_add(*last) & mask;
                            *byte = (*byte & !(mask << shift)) | (value << shift);
                            *last = value;
                        }
                    }
                }
            }
        }
        data
    }
}

fn be16(line: &[u8], at: usize) -> u16 {
    let high = line.get(at).copied().unwrap_or_default();
    let low = line.get(at + 1).copied().unwrap_or_default();
    u16::from_be_bytes([high, low])
}

fn png(data: &[u8], row: usize, pixel: usize) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(data.len());
    let mut above = vec![0_u8; row];
    for line in data.chunks(row + 1) {
        let Some((&filter, body)) = line.split_first() else { break };
        let mut current = body.to_vec();
        current.resize(row, 0);
        for at in 0..row {
            let left = at.checked_sub(pixel).and_then(|i| current.get(i)).copied().unwrap_or_default();
            let up = above.get(at).copied().unwrap_or_default();
            let corner = at.checked_sub(pixel).and_then(|i| above.get(i)).copied().unwrap_or_default();
            let add = match filter {
                1 => left,
                2 => up,
                3 => u8::try_from((u16::from(left) + u16::from(up)) / 2).unwrap_or_default(),
                4 => paeth(left, up, corner),
                _ => 0,
            };
            if let Some(byte) = current.get_mut(at) {
                *byte = byte.wrapping_add(add);
            }
        }
        out.extend_from_slice(current.get(..body.len().min(row)).unwrap_or_default());
        above = current;
    }
    out
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let (a, b, c) = (i16::from(left), i16::from(up), i16::from(corner));
    let p = a + b - c;
    let (pa, pb, pc) = ((p - a).abs(), (p - b).abs(), (p - c).abs());
    if pa <= pb && pa <= pc {
        left
    } else if pb <= pc {
        up
    } else {
        corner
    }
}
