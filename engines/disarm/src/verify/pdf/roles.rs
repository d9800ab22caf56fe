//! What each object is there for, and which keys and values that allows.

use std::{collections::HashMap, io::Read};

use super::{
    content,
    file::{File, Value, fail},
};
use crate::{Limits, VerifyFailure};

type Entries<'a> = [(Vec<u8>, Value<'a>)];

/// The part that an object plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Catalog,
    Info,
    Pages,
    Page,
    Contents,
    Resources,
    Group,
    Annotation,
    UriAction,
    Outlines,
    OutlineItem,
    Labels,
    Label,
    View,
    ExtGState,
    SoftMask,
    Space,
    Cie,
    Function,
    Shading,
    Pattern,
    XObject,
    Font,
    CidFont,
    Descriptor,
    FontFile,
    CharProc,
    Encoding,
    Cmap,
    CidToGid,
    System,
}

/// What may stand under a key.
#[derive(Debug, Clone, Copy)]
enum Rule {
    Num,
    Bool,
    Str,
    /// Any name: of a font, a glyph, a colorant.
    Name,
    /// One of these names.
    In(&'static [&'static str]),
    /// An array of numbers.
    Nums,
    /// A dictionary or stream of a role, here or by reference.
    Is(Role),
    /// The same, or one of these names.
    IsOr(Role, &'static [&'static str]),
    /// An array of them.
    Each(Role),
    /// One of them, or an array.
    OneOrEach(Role),
    /// A dictionary from names of our own to them.
    Map(Role),
    /// Numbers, or a dictionary or stream of a role.
    NumsOr(Role),
    /// A page of this document and how it is shown.
    Destination,
    /// An address.
    Uri,
    /// Back to the parent, which is checked from above.
    Back,
    /// Codes and glyph names.
    Differences,
    /// A dash pattern, or a font with its size.
    Dashes,
    FontSize,
    /// Widths of a composite font: numbers and arrays of numbers.
    CidWidths,
    /// Pairs of a page index and a label.
    LabelPairs,
}

use Role as R;
use Rule::{Back, Bool, CidWidths, Each, In, Is, IsOr, Map, Name, Num, Nums, NumsOr, OneOrEach, Str};

const INTENTS: &[&str] = &["AbsoluteColorimetric", "RelativeColorimetric", "Saturation", "Perceptual"];
const BLENDS: &[&str] = &[
    "Normal",
    "Compatible",
    "Multiply",
    "Screen",
    "Overlay",
    "Darken",
    "Lighten",
    "ColorDodge",
    "ColorBurn",
    "HardLight",
    "SoftLight",
    "Difference",
    "Exclusion",
    "Hue",
    "Saturation",
    "Color",
    "Luminosity",
];
const BASES: &[&str] = &["WinAnsiEncoding", "MacRomanEncoding", "MacExpertEncoding", "StandardEncoding"];

fn keys(role: Role) -> &'static [(&'static str, Rule)] {
    match role {
        R::Catalog => &[
            ("Type", In(&["Catalog"])),
            ("Pages", Is(R::Pages)),
            ("Outlines", Is(R::Outlines)),
            ("PageMode", In(&["UseOutlines"])),
            ("PageLabels", Is(R::Labels)),
            ("Lang", Str),
            (
                "PageLayout",
                In(&[
                    "SinglePage",
                    "OneColumn",
                    "TwoColumnLeft",
                    "TwoColumnRight",
                    "TwoPageLeft",
                    "TwoPageRight",
                ]),
            ),
            ("ViewerPreferences", Is(R::View)),
        ],
        R::Info => &[("Producer", Str)],
        R::Pages => &[("Type", In(&["Pages"])), ("Count", Num), ("Kids", Each(R::Page))],
        R::Page => &[
            ("Type", In(&["Page"])),
            ("Parent", Back),
            ("MediaBox", Nums),
            ("CropBox", Nums),
            ("BleedBox", Nums),
            ("TrimBox", Nums),
            ("ArtBox", Nums),
            ("Rotate", Num),
            ("UserUnit", Num),
            ("Group", Is(R::Group)),
            ("Contents", Is(R::Contents)),
            ("Resources", Is(R::Resources)),
            ("Annots", Each(R::Annotation)),
        ],
        R::Contents | R::CharProc | R::CidToGid => &[],
        R::Resources => &[
            ("ExtGState", Map(R::ExtGState)),
            ("ColorSpace", Map(R::Space)),
            ("Pattern", Map(R::Pattern)),
            ("Shading", Map(R::Shading)),
            ("XObject", Map(R::XObject)),
            ("Font", Map(R::Font)),
        ],
        R::Group => &[
            ("Type", In(&["Group"])),
            ("S", In(&["Transparency"])),
            ("CS", Is(R::Space)),
            ("I", Bool),
            ("K", Bool),
        ],
        R::Annotation => &[
            ("Type", In(&["Annot"])),
            ("Subtype", In(&["Link"])),
            ("Rect", Nums),
            ("F", Num),
            ("Border", Nums),
            ("C", Nums),
            ("QuadPoints", Nums),
            ("Dest", Rule::Destination),
            ("A", Is(R::UriAction)),
        ],
        R::UriAction => &[("Type", In(&["Action"])), ("S", In(&["URI"])), ("URI", Rule::Uri)],
        R::Outlines => {
            &[("Type", In(&["Outlines"])), ("First", Is(R::OutlineItem)), ("Last", Back), ("Count", Num)]
        }
        R::OutlineItem => &[
            ("Title", Str),
            ("Parent", Back),
            ("Prev", Back),
            ("Next", Is(R::OutlineItem)),
            ("First", Is(R::OutlineItem)),
            ("Last", Back),
            ("Count", Num),
            ("Dest", Rule::Destination),
            ("C", Nums),
            ("F", Num),
        ],
        R::Labels => &[("Nums", Rule::LabelPairs)],
        R::Label => &[("S", In(&["D", "R", "r", "A", "a"])), ("P", Str), ("St", Num)],
        R::View => &[
            ("Direction", In(&["L2R", "R2L"])),
            ("PrintScaling", In(&["None", "AppDefault"])),
            ("Duplex", In(&["Simplex", "DuplexFlipShortEdge", "DuplexFlipLongEdge"])),
        ],
        R::ExtGState => &[
            ("Type", In(&["ExtGState"])),
            ("LW", Num),
            ("LC", Num),
            ("LJ", Num),
            ("ML", Num),
            ("OPM", Num),
            ("FL", Num),
            ("SM", Num),
            ("CA", Num),
            ("ca", Num),
            ("OP", Bool),
            ("op", Bool),
            ("SA", Bool),
            ("AIS", Bool),
            ("TK", Bool),
            ("D", Rule::Dashes),
            ("RI", In(INTENTS)),
            ("BM", In(BLENDS)),
            ("Font", Rule::FontSize),
            ("SMask", IsOr(R::SoftMask, &["None"])),
        ],
        R::SoftMask => &[
            ("Type", In(&["Mask"])),
            ("S", In(&["Alpha", "Luminosity"])),
            ("G", Is(R::XObject)),
            ("BC", Nums),
            ("TR", IsOr(R::Function, &["Identity", "Default"])),
        ],
        R::Space => &[],
        R::Cie => &[
            ("WhitePoint", Nums),
            ("BlackPoint", Nums),
            ("Gamma", NumsOr(R::Function)),
            ("Matrix", Nums),
            ("Range", Nums),
        ],
        R::Function => &[
            ("FunctionType", Num),
            ("Domain", Nums),
            ("Range", Nums),
            ("Size", Nums),
            ("BitsPerSample", Num),
            ("Encode", Nums),
            ("Decode", Nums),
            ("N", Num),
            ("C0", Nums),
            ("C1", Nums),
            ("Functions", Each(R::Function)),
            ("Bounds", Nums),
        ],
        R::Shading => &[
            ("ShadingType", Num),
            ("ColorSpace", Is(R::Space)),
            ("Background", Nums),
            ("BBox", Nums),
            ("AntiAlias", Bool),
            ("Function", OneOrEach(R::Function)),
            ("Domain", Nums),
            ("Matrix", Nums),
            ("Coords", Nums),
            ("Extend", Nums),
            ("BitsPerCoordinate", Num),
            ("BitsPerComponent", Num),
            ("BitsPerFlag", Num),
            ("VerticesPerRow", Num),
            ("Decode", Nums),
        ],
        R::Pattern => &[
            ("Type", In(&["Pattern"])),
            ("PatternType", Num),
            ("PaintType", Num),
            ("TilingType", Num),
            ("BBox", Nums),
            ("XStep", Num),
            ("YStep", Num),
            ("Matrix", Nums),
            ("Resources", Is(R::Resources)),
            ("Shading", Is(R::Shading)),
            ("ExtGState", Is(R::ExtGState)),
        ],
        R::XObject => &[
            ("Type", In(&["XObject"])),
            ("Subtype", In(&["Form", "Image"])),
            ("BBox", Nums),
            ("Matrix", Nums),
            ("Group", Is(R::Group)),
            ("Resources", Is(R::Resources)),
            ("Width", Num),
            ("Height", Num),
            ("BitsPerComponent", Num),
            ("ImageMask", Bool),
            ("ColorSpace", Is(R::Space)),
            ("Decode", Nums),
            ("Interpolate", Bool),
            ("Intent", In(INTENTS)),
            ("Matte", Nums),
            ("Mask", NumsOr(R::XObject)),
            ("SMask", Is(R::XObject)),
        ],
        R::Font => &[
            ("Type", In(&["Font"])),
            ("Subtype", In(&["Type0", "Type1", "MMType1", "TrueType", "Type3"])),
            ("BaseFont", Name),
            ("FirstChar", Num),
            ("LastChar", Num),
            ("Widths", Nums),
            ("FontDescriptor", Is(R::Descriptor)),
            ("Encoding", IsOr(R::Encoding, &[])),
            ("ToUnicode", IsOr(R::Cmap, &["Identity-H"])),
            ("DescendantFonts", Each(R::CidFont)),
            ("FontBBox", Nums),
            ("FontMatrix", Nums),
            ("CharProcs", Map(R::CharProc)),
            ("Resources", Is(R::Resources)),
        ],
        R::CidFont => &[
            ("Type", In(&["Font"])),
            ("Subtype", In(&["CIDFontType0", "CIDFontType2"])),
            ("BaseFont", Name),
            ("CIDSystemInfo", Is(R::System)),
            ("FontDescriptor", Is(R::Descriptor)),
            ("DW", Num),
            ("DW2", Nums),
            ("W", CidWidths),
            ("W2", CidWidths),
            ("CIDToGIDMap", IsOr(R::CidToGid, &["Identity"])),
        ],
        R::Descriptor => &[
            ("Type", In(&["FontDescriptor"])),
            ("FontName", Name),
            ("Flags", Num),
            ("FontBBox", Nums),
            ("FontWeight", Num),
            ("ItalicAngle", Num),
            ("Ascent", Num),
            ("Descent", Num),
            ("Leading", Num),
            ("CapHeight", Num),
            ("XHeight", Num),
            ("StemV", Num),
            ("StemH", Num),
            ("AvgWidth", Num),
            ("MaxWidth", Num),
            ("MissingWidth", Num),
            ("FontFile", Is(R::FontFile)),
            ("FontFile2", Is(R::FontFile)),
            ("FontFile3", Is(R::FontFile)),
        ],
        R::FontFile => &[
            ("Length1", Num),
            ("Length2", Num),
            ("Length3", Num),
            ("Subtype", In(&["OpenType", "Type1C", "CIDFontType0C"])),
        ],
        R::Encoding => {
            &[("Type", In(&["Encoding"])), ("BaseEncoding", In(BASES)), ("Differences", Rule::Differences)]
        }
        R::Cmap => &[
            ("Type", In(&["CMap"])),
            ("CMapName", In(&["Rebuilt"])),
            ("CIDSystemInfo", Is(R::System)),
            ("WMode", Num),
            ("UseCMap", Name),
        ],
        R::System => &[("Registry", Str), ("Ordering", Str), ("Supplement", Num)],
    }
}

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
        open: vec![(file.root, R::Catalog), (file.info, R::Info)],
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
            (R::Space, value) => self.space(place, value, 0),
            (R::Contents | R::CharProc | R::FontFile | R::Cmap | R::CidToGid | R::XObject, _) => {
                Err(fail(place, format!("{role:?} is no stream")))
            }
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
            let Some((_, rule)) = keys(role).iter().find(|(known, _)| known.as_bytes() == key.as_slice())
            else {
                return Err(fail(place, format!("key {text} in {role:?}")));
            };
            let place = format!("{place} {text}");
            self.rule(&place, value, *rule)?;
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
                predefined || names.iter().any(|known| known.as_bytes() == name.as_slice())
            }
            (Rule::Nums | Rule::NumsOr(_), Value::Arr(items)) => {
                items.iter().all(|item| matches!(item, Value::Num(_) | Value::Bool(_)))
            }
            (Rule::NumsOr(R::Function), Value::Num(_)) => true,
            (Rule::IsOr(R::Encoding, _), Value::Ref(number)) => {
                let stream = matches!(self.get(*number)?, Value::Stream(..));
                self.open.push((*number, if stream { R::Cmap } else { R::Encoding }));
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
                    self.open.push((*page, R::Page));
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
                [font @ Value::Ref(_), Value::Num(_)] => return self.part(place, font, R::Font),
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
                        [Value::Num(_), Value::Dict(label)] => self.entries(place, label, R::Label, false)?,
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
                self.entries(place, entries, R::Cie, false)
            }
            [Value::Name(family), base, Value::Num(_), Value::Str(_)] if family == b"Indexed" => {
                self.space(place, base, depth + 1)
            }
            [Value::Name(family), name, base, tint] if family == b"Separation" && colorant(name) => {
                self.space(place, base, depth + 1)?;
                self.rule(place, tint, IsOr(R::Function, &["Identity", "Default"]))
            }
            [Value::Name(family), Value::Arr(names), base, tint]
                if family == b"DeviceN" && names.iter().all(colorant) =>
            {
                self.space(place, base, depth + 1)?;
                self.rule(place, tint, IsOr(R::Function, &["Identity", "Default"]))
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
        let image = role == R::XObject && is_name(find(entries, "Subtype"), b"Image");
        if image && filter == b"DCTDecode" {
            let whole = data.starts_with(&[0xFF, 0xD8, 0xFF]) && data.ends_with(&[0xFF, 0xD9]);
            return if whole { Ok(()) } else { Err(fail(place, "JPEG data")) };
        }
        if filter != b"FlateDecode" {
            return Err(fail(place, "filter"));
        }
        let plain = self.inflate(place, data)?;
        match role {
            R::XObject if image => image_size(place, entries, plain.len()),
            R::Contents => {
                let resources = self.owner(place)?;
                drawing(place, &plain, false, resources)
            }
            R::XObject | R::Pattern => drawing(place, &plain, false, dict(find(entries, "Resources"))),
            R::CharProc => {
                let resources = self.owner(place)?;
                drawing(place, &plain, true, resources)
            }
            R::Cmap => content::character_map(place, &plain),
            R::Function if matches!(find(entries, "FunctionType"), Some(Value::Num(4.0))) => {
                content::calculator(place, &plain)
            }
            R::Function | R::Shading | R::FontFile | R::CidToGid => Ok(()),
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
    let base = BASES.iter().any(|known| known.as_bytes() == name);
    let map = name.ends_with(b"-H") || name.ends_with(b"-V") || matches!(name, b"H" | b"V");
    base || map && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}
