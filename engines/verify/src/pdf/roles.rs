//! What each object is there for, and which keys and values that allows.

use std::{collections::HashMap, io::Read};

use super::{
    content,
    file::{File, Value, fail},
    keys::{BASES, Role, Rule, is_one, rule},
};
use crate::{Limits, VerifyFailure};

type Entries<'a> = [(Vec<u8>, Value<'a>)];

/// Streams may have these keys besides those of their role.
const STREAM_KEYS: &[&[u8]] = &[b"Length", b"Filter"];

struct Check<'a, 'f> {
    file: &'f File<'a>,
    seen: HashMap<usize, Role>,
    open: Vec<(usize, Role)>,
    budget: u64,
    /// For each content stream of a page and each glyph of a Type 3 font: the resources it draws with.
    owners: HashMap<usize, Option<&'f Entries<'a>>>,
}

pub(super) fn check(file: &File<'_>, limits: &Limits) -> Result<(), VerifyFailure> {
    let mut check = Check {
        file,
        seen: HashMap::new(),
        open: vec![(file.root, Role::Catalog), (file.info, Role::Info)],
        budget: limits.expanded_bytes,
        owners: owners(file),
    };
    while let Some((number, role)) = check.open.pop() {
        match check.seen.insert(number, role) {
            Some(known) if known == role => continue,
            // An encoding and a character map stand under the same key of a font.
            Some(known) => {
                return Err(fail(format!("object {number}"), format!("both {known:?} and {role:?}")));
            }
            None => {}
        }
        check.object(number, role)?;
    }
    for number in 1..=file.objects.len() {
        if !check.seen.contains_key(&number) {
            return Err(fail(format!("object {number}"), "not reached from the catalogue"));
        }
    }
    Ok(())
}

impl<'a, 'f> Check<'a, 'f> {
    fn get(&self, number: usize) -> Result<&'f Value<'a>, VerifyFailure> {
        number
            .checked_sub(1)
            .and_then(|index| self.file.objects.get(index))
            .ok_or_else(|| fail(format!("object {number}"), "missing"))
    }

    fn object(&mut self, number: usize, role: Role) -> Result<(), VerifyFailure> {
        let place = format!("object {number}");
        match self.get(number)? {
            Value::Stream(entries, data) => {
                self.entries(&place, entries, role, true)?;
                self.stream(&place, entries, data, role)
            }
            value => self.value(&place, value, role),
        }
    }

    fn value(&mut self, place: &str, value: &'f Value<'a>, role: Role) -> Result<(), VerifyFailure> {
        match (role, value) {
            (Role::Space, value) => self.space(place, value, 0),
            (
                Role::Contents
                | Role::CharProc
                | Role::FontFile
                | Role::Cmap
                | Role::CidToGid
                | Role::XObject,
                _,
            ) => Err(fail(place, format!("{role:?} is no stream"))),
            (_, Value::Dict(entries)) => self.entries(place, entries, role, false),
            _ => Err(fail(place, format!("{role:?} is no dictionary"))),
        }
    }

    fn entries(
        &mut self,
        place: &str,
        entries: &'f Entries<'a>,
        role: Role,
        stream: bool,
    ) -> Result<(), VerifyFailure> {
        for (key, value) in entries {
            let text = String::from_utf8_lossy(key);
            if stream && STREAM_KEYS.contains(&key.as_slice()) {
                continue;
            }
            let Some(rule) = rule(role, key) else {
                return Err(fail(place, format!("key {text} in {role:?}")));
            };
            let place = format!("{place} {text}");
            self.rule(&place, value, rule)?;
        }
        Ok(())
    }

    /// A part of a role: by reference it waits its turn, otherwise it is looked at now.
    fn part(&mut self, place: &str, value: &'f Value<'a>, role: Role) -> Result<(), VerifyFailure> {
        match value {
            Value::Ref(number) => {
                self.open.push((*number, role));
                Ok(())
            }
            value => self.value(place, value, role),
        }
    }

    fn rule(&mut self, place: &str, value: &'f Value<'a>, rule: Rule) -> Result<(), VerifyFailure> {
        let wrong = || fail(place, "value");
        let fine = match (rule, value) {
            (Rule::Num, Value::Num(_)) | (Rule::Bool, Value::Bool(_)) | (Rule::Str, Value::Str(_)) => true,
            (Rule::Back, Value::Ref(number)) => self.get(*number).is_ok(),
            (Rule::Name, Value::Name(name)) => !name.is_empty() && name.len() <= 127,
            (Rule::In(names) | Rule::IsOr(_, names), Value::Name(name)) => {
                let predefined = place.ends_with(" Encoding") && encoding_name(name);
                predefined || is_one(names, name)
            }
            (Rule::Nums | Rule::NumsOr(_), Value::Arr(items)) => {
                items.iter().all(|item| matches!(item, Value::Num(_) | Value::Bool(_)))
            }
            (Rule::NumsOr(Role::Function), Value::Num(_)) => true,
            (Rule::IsOr(Role::Encoding, _), Value::Ref(number)) => {
                let stream = matches!(self.get(*number)?, Value::Stream(..));
                self.open.push((*number, if stream { Role::Cmap } else { Role::Encoding }));
                true
            }
            (Rule::Is(role) | Rule::IsOr(role, _) | Rule::NumsOr(role) | Rule::OneOrEach(role), value)
                if !matches!((rule, value), (Rule::OneOrEach(_), Value::Arr(_))) =>
            {
                return self.part(place, value, role);
            }
            (Rule::Each(role) | Rule::OneOrEach(role), Value::Arr(items)) => {
                for item in items {
                    self.part(place, item, role)?;
                }
                true
            }
            (Rule::Map(role), Value::Dict(entries)) => {
                for (key, value) in entries {
                    if key.is_empty()
                        || !key.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
                    {
                        return Err(fail(place, "resource name"));
                    }
                    self.part(place, value, role)?;
                }
                true
            }
            (Rule::Destination, Value::Arr(items)) => match items.as_slice() {
                [Value::Ref(page), Value::Name(fit), numbers @ ..] => {
                    self.open.push((*page, Role::Page));
                    fit.starts_with(b"Fit") | (fit == b"XYZ")
                        && numbers.iter().all(|number| matches!(number, Value::Num(_)))
                }
                _ => false,
            },
            (Rule::Uri, Value::Str(uri)) => {
                let lower = uri.to_ascii_lowercase();
                let scheme = ["http://", "https://", "mailto:"]
                    .iter()
                    .any(|known| lower.starts_with(known.as_bytes()));
                scheme && uri.iter().all(u8::is_ascii_graphic)
            }
            (Rule::Differences, Value::Arr(items)) => items.iter().all(|item| match item {
                Value::Num(_) => true,
                Value::Name(name) => {
                    name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
                }
                _ => false,
            }),
            (Rule::Dashes, Value::Arr(items)) => {
                matches!(items.as_slice(), [Value::Arr(dashes), Value::Num(_)]
                    if dashes.iter().all(|dash| matches!(dash, Value::Num(_))))
            }
            (Rule::FontSize, Value::Arr(items)) => match items.as_slice() {
                [font @ Value::Ref(_), Value::Num(_)] => return self.part(place, font, Role::Font),
                _ => false,
            },
            (Rule::CidWidths, Value::Arr(items)) => items.iter().all(|item| match item {
                Value::Num(_) => true,
                Value::Arr(widths) => widths.iter().all(|width| matches!(width, Value::Num(_))),
                _ => false,
            }),
            (Rule::LabelPairs, Value::Arr(items)) => {
                for pair in items.chunks(2) {
                    match pair {
                        [Value::Num(_), Value::Dict(label)] => {
                            self.entries(place, label, Role::Label, false)?
                        }
                        _ => return Err(wrong()),
                    }
                }
                true
            }
            _ => false,
        };
        if fine { Ok(()) } else { Err(wrong()) }
    }

    fn space(&mut self, place: &str, value: &'f Value<'a>, depth: u8) -> Result<(), VerifyFailure> {
        let wrong = || fail(place, "colour space");
        if depth > 4 {
            return Err(wrong());
        }
        let items = match value {
            Value::Name(name) => {
                let known =
                    matches!(name.as_slice(), b"DeviceGray" | b"DeviceRGB" | b"DeviceCMYK" | b"Pattern");
                return if known { Ok(()) } else { Err(wrong()) };
            }
            Value::Arr(items) => items.as_slice(),
            _ => return Err(wrong()),
        };
        let colorant = |value: &Value<'_>| match value {
            Value::Name(name) => name.iter().all(|byte| byte.is_ascii_alphanumeric() || b" _".contains(byte)),
            _ => false,
        };
        match items {
            [Value::Name(family), Value::Dict(entries)]
                if matches!(family.as_slice(), b"CalGray" | b"CalRGB" | b"Lab") =>
            {
                self.entries(place, entries, Role::Cie, false)
            }
            [Value::Name(family), base, Value::Num(_), Value::Str(_)] if family == b"Indexed" => {
                self.space(place, base, depth + 1)
            }
            [Value::Name(family), name, base, tint] if family == b"Separation" && colorant(name) => {
                self.space(place, base, depth + 1)?;
                self.rule(place, tint, Rule::IsOr(Role::Function, "Identity|Default"))
            }
            [Value::Name(family), Value::Arr(names), base, tint]
                if family == b"DeviceN" && names.iter().all(colorant) =>
            {
                self.space(place, base, depth + 1)?;
                self.rule(place, tint, Rule::IsOr(Role::Function, "Identity|Default"))
            }
            [Value::Name(family), base] if family == b"Pattern" => self.space(place, base, depth + 1),
            _ => Err(wrong()),
        }
    }

    fn stream(
        &mut self,
        place: &str,
        entries: &'f Entries<'a>,
        data: &[u8],
        role: Role,
    ) -> Result<(), VerifyFailure> {
        let filter = match find(entries, "Filter") {
            Some(Value::Name(name)) => name.as_slice(),
            _ => return Err(fail(place, "filter")),
        };
        let image = role == Role::XObject && is_name(find(entries, "Subtype"), b"Image");
        if image && filter == b"DCTDecode" {
            let whole = data.starts_with(&[0xFF, 0xD8, 0xFF]) && data.ends_with(&[0xFF, 0xD9]);
            return if whole { Ok(()) } else { Err(fail(place, "JPEG data")) };
        }
        if filter != b"FlateDecode" {
            return Err(fail(place, "filter"));
        }
        let plain = self.inflate(place, data)?;
        match role {
            Role::XObject if image => image_size(place, entries, plain.len()),
            Role::Contents => {
                let resources = self.owner(place)?;
                drawing(place, &plain, false, resources)
            }
            Role::XObject | Role::Pattern => drawing(place, &plain, false, dict(find(entries, "Resources"))),
            Role::CharProc => {
                let resources = self.owner(place)?;
                drawing(place, &plain, true, resources)
            }
            Role::Cmap => content::character_map(place, &plain),
            Role::Function if matches!(find(entries, "FunctionType"), Some(Value::Num(4.0))) => {
                content::calculator(place, &plain)
            }
            Role::Function | Role::Shading | Role::FontFile | Role::CidToGid => Ok(()),
            _ => Err(fail(place, format!("{role:?} is a stream"))),
        }
    }

    /// The resources of the page or Type 3 font whose content this is.
    fn owner(&self, place: &str) -> Result<Option<&'f Entries<'a>>, VerifyFailure> {
        place
            .strip_prefix("object ")
            .and_then(|number| number.parse::<usize>().ok())
            .and_then(|number| self.owners.get(&number).copied())
            .ok_or_else(|| fail(place, "content of no page or font"))
    }

    fn inflate(&mut self, place: &str, data: &[u8]) -> Result<Vec<u8>, VerifyFailure> {
        let mut plain = Vec::new();
        flate2::read::ZlibDecoder::new(data)
            .take(self.budget.saturating_add(1))
            .read_to_end(&mut plain)
            .map_err(|_| fail(place, "compressed data"))?;
        self.budget = self
            .budget
            .checked_sub(plain.len() as u64)
            .ok_or_else(|| fail(place, "more decompressed bytes than allowed"))?;
        Ok(plain)
    }
}

fn owners<'a, 'f>(file: &'f File<'a>) -> HashMap<usize, Option<&'f Entries<'a>>> {
    let mut owners = HashMap::new();
    for object in &file.objects {
        let Value::Dict(entries) = object else { continue };
        let resources = dict(find(entries, "Resources"));
        if let Some(Value::Ref(content)) = find(entries, "Contents") {
            owners.insert(*content, resources);
        }
        for (_, glyph) in dict(find(entries, "CharProcs")).unwrap_or_default() {
            if let Value::Ref(glyph) = glyph {
                owners.insert(*glyph, resources);
            }
        }
    }
    owners
}

fn drawing(
    place: &str,
    data: &[u8],
    glyph: bool,
    resources: Option<&Entries<'_>>,
) -> Result<(), VerifyFailure> {
    content::drawing(place, data, glyph, |category, name| {
        resources
            .and_then(|resources| dict(find(resources, category)))
            .is_some_and(|part| part.iter().any(|(known, _)| known.as_slice() == name))
    })
}

/// Samples must be as many as the dictionary announces, so that no reader has to guess.
fn image_size(place: &str, entries: &Entries<'_>, length: usize) -> Result<(), VerifyFailure> {
    let number = |key| match find(entries, key) {
        Some(Value::Num(value)) if *value >= 1.0 => Some(*value as usize),
        _ => None,
    };
    let (Some(width), Some(height), Some(bits)) =
        (number("Width"), number("Height"), number("BitsPerComponent"))
    else {
        return Err(fail(place, "size of a picture"));
    };
    let components = match find(entries, "ColorSpace") {
        None => 1,
        Some(Value::Name(name)) => match name.as_slice() {
            b"DeviceRGB" => 3,
            b"DeviceCMYK" => 4,
            _ => 1,
        },
        Some(Value::Arr(items)) => match items.as_slice() {
            [Value::Name(family), ..] if matches!(family.as_slice(), b"CalRGB" | b"Lab") => 3,
            [Value::Name(family), Value::Arr(names), ..] if family == b"DeviceN" => names.len(),
            _ => 1,
        },
        Some(_) => return Err(fail(place, "colour space of a picture")),
    };
    let row = width.saturating_mul(bits).saturating_mul(components).div_ceil(8);
    if row.saturating_mul(height) == length { Ok(()) } else { Err(fail(place, "size of a picture")) }
}

fn find<'v, 'a>(entries: &'v Entries<'a>, key: &str) -> Option<&'v Value<'a>> {
    entries.iter().find(|(known, _)| known.as_slice() == key.as_bytes()).map(|(_, value)| value)
}

fn dict<'v, 'a>(value: Option<&'v Value<'a>>) -> Option<&'v Entries<'a>> {
    match value {
        Some(Value::Dict(entries)) => Some(entries),
        _ => None,
    }
}

fn is_name(value: Option<&Value<'_>>, name: &[u8]) -> bool {
    matches!(value, Some(Value::Name(known)) if known == name)
}

/// Base encodings and the predefined character maps, which are letters, digits and hyphens.
fn encoding_name(name: &[u8]) -> bool {
    let base = is_one(BASES, name);
    let map = name.ends_with(b"-H") || name.ends_with(b"-V") || matches!(name, b"H" | b"V");
    base || map && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}
