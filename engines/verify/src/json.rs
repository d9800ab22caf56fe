//! Reads JSON back: values one a line or laid out, no key twice, no character that falsifies what is shown.

use std::collections::HashSet;

use crate::{Format, Limits, VerifyFailure, text};

pub(super) fn verify(output: &[u8], limits: &Limits) -> Result<(), VerifyFailure> {
    text::verify(output, Format::Txt, limits)?;
    let fail = |at: usize, what: &str| VerifyFailure::new(format!("json @{at}"), what);
    let (mut open, mut at, mut values): (Vec<Level>, usize, usize) = (Vec::new(), 0, 0);
    if output.contains(&b'<') || output.last() != Some(&b'\n') {
        return Err(fail(0, "a bare sign or no end of line"));
    }
    while let Some(byte) = output.get(at).copied() {
        if matches!(byte, b' ' | b'\t' | b'\n') {
            at += 1;
            continue;
        }
        let turn = open.last().map_or(Turn::Value, |level| level.turn);
        match (byte, turn) {
            (b'{', Turn::Value | Turn::ValueOrEnd) => {
                open.push(Level { keys: Some(HashSet::new()), turn: Turn::KeyOrEnd });
                at += 1;
            }
            (b'[', Turn::Value | Turn::ValueOrEnd) => {
                open.push(Level { keys: None, turn: Turn::ValueOrEnd });
                at += 1;
            }
            (b'}', Turn::KeyOrEnd) | (b']', Turn::ValueOrEnd) | (b'}' | b']', Turn::Comma) => {
                let closes_object = open.pop().is_some_and(|level| level.keys.is_some());
                if closes_object != (byte == b'}') {
                    return Err(fail(at, "closed by another bracket"));
                }
                at += 1;
                values += ended(&mut open);
            }
            (b'"', Turn::Key | Turn::KeyOrEnd) => {
                let end = string(output, at).ok_or_else(|| fail(at, "string"))?;
                let key = output.get(at..end).unwrap_or_default().to_vec();
                let level = open.last_mut().ok_or_else(|| fail(at, "key"))?;
                if !level.keys.as_mut().is_some_and(|keys| keys.insert(key)) {
                    return Err(fail(at, "key twice"));
                }
                level.turn = Turn::Colon;
                at = end;
            }
            (b':', Turn::Colon) => {
                turn_to(&mut open, Turn::Value);
                at += 1;
            }
            (b',', Turn::Comma) => {
                let is_object = open.last().is_some_and(|level| level.keys.is_some());
                turn_to(&mut open, if is_object { Turn::Key } else { Turn::Value });
                at += 1;
            }
            (_, Turn::Value | Turn::ValueOrEnd) => {
                at = scalar(output, at).ok_or_else(|| fail(at, "value"))?;
                values += ended(&mut open);
            }
            _ => return Err(fail(at, "out of turn")),
        }
        if open.len() > limits.nesting as usize {
            return Err(fail(at, "nesting"));
        }
    }
    if open.is_empty() && values > 0 { Ok(()) } else { Err(fail(at, "ends too early")) }
}

#[derive(Clone, Copy, PartialEq)]
enum Turn {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    Colon,
    Comma,
}

struct Level {
    keys: Option<HashSet<Vec<u8>>>,
    turn: Turn,
}

fn turn_to(open: &mut [Level], turn: Turn) {
    if let Some(level) = open.last_mut() {
        level.turn = turn;
    }
}

/// A value has ended; whether it was one of the outermost.
fn ended(open: &mut [Level]) -> usize {
    turn_to(open, Turn::Comma);
    usize::from(open.is_empty())
}

fn string(output: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        match output.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' if matches!(output.get(at + 1), Some(b'"' | b'\\' | b'n' | b'r' | b't')) => at += 2,
            b'\\' if output.get(at + 1) == Some(&b'u') => {
                let digits = output.get(at + 2..at + 6)?;
                if !digits.iter().all(u8::is_ascii_hexdigit) {
                    return None;
                }
                at += 6;
            }
            b'\\' | 0..0x20 => return None,
            _ => at += 1,
        }
    }
}

fn scalar(output: &[u8], at: usize) -> Option<usize> {
    let rest = output.get(at..)?;
    if rest.starts_with(b"\"") {
        return string(output, at);
    }
    if let Some(word) = [&b"true"[..], b"false", b"null"].iter().find(|word| rest.starts_with(word)) {
        return Some(at + word.len());
    }
    let length = rest.iter().take_while(|b| b.is_ascii_digit() || b"+-.e".contains(b)).count();
    let number = std::str::from_utf8(rest.get(..length)?).ok()?;
    let whole = number.trim_start_matches('-');
    let sound = number.parse::<f64>().is_ok()
        && whole.starts_with(|c: char| c.is_ascii_digit())
        && !(whole.starts_with('0') && whole.chars().nth(1).is_some_and(|c| c.is_ascii_digit()));
    sound.then_some(at + length)
}
