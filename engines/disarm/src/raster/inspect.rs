//! What a picture's file carries besides pixels: read for the report, for the orientation and for the end of the
//! document. Nothing found here is written.

use crate::{Format, RemovalCode, context::Context};

/// The finding.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// EXIF orientation, 1 to 8; 0 when there is none.
    pub(super) orientation: u8,
    /// Pixels per metre.
    pub(super) density: Option<(u32, u32)>,
    /// JPEG: the quality that its tables have, on the usual scale, and how much finer brightness is than colour.
    pub(super) quality: Option<u8>,
    pub(super) sampling: Option<(u8, u8)>,
    /// JPEG: in passes that each refine the whole.
    pub(super) progressive: bool,
    /// The colour profile, for use; it is not written.
    pub(super) profile: Vec<u8>,
    /// JPEG: the transform that Adobe's segment states.
    pub(super) adobe: Option<u8>,
    /// The end marker was reached.
    pub(super) complete: bool,
    /// Where the document ends, when its structure says so.
    end: Option<usize>,
    total: usize,
    metadata: Vec<String>,
}

impl Found {
    /// Notes the removals.
    pub(super) fn report(&self, ctx: &mut Context<'_>, prefix: &str) {
        for note in &self.metadata {
            ctx.removed(RemovalCode::Metadata, format!("{prefix}{note}"));
        }
        if let Some(extra) = self.end.and_then(|end| self.total.checked_sub(end)).filter(|extra| *extra > 0) {
            ctx.removed(RemovalCode::TrailingData, format!("{prefix}末尾の {extra} バイト"));
        }
    }

    fn note(&mut self, text: impl Into<String>) {
        let text = text.into();
        if self.metadata.len() < 50 && !self.metadata.contains(&text) {
            self.metadata.push(text);
        }
    }

    fn exif(&mut self, block: &[u8]) {
        let exif = Ifds::new(block).map(|ifds| ifds.summary()).unwrap_or_default();
        self.note(match (exif.position, exif.thumbnail) {
            (true, true) => "EXIF（撮影位置と縮小画像を含む）",
            (true, false) => "EXIF（撮影位置を含む）",
            (false, true) => "EXIF（縮小画像を含む）",
            (false, false) => "EXIF",
        });
        if self.orientation == 0 {
            self.orientation = exif.orientation;
        }
    }
}

/// Walks the structure of a picture.
pub(super) fn inspect(input: &[u8], format: Format) -> Found {
    let mut found = Found { total: input.len(), ..Found::default() };
    // A walker stops quietly where the structure breaks: the decoder has the word on that.
    let _ = match format {
        Format::Jpeg => jpeg(input, &mut found),
        Format::Png => png(input, &mut found),
        Format::Gif => gif(input, &mut found),
        Format::Webp => webp(input, &mut found),
        Format::Bmp => bmp(input, &mut found),
        Format::Tiff => tiff(input, &mut found),
        _ => None,
    };
    found
}

fn be16(bytes: &[u8], at: usize) -> Option<usize> {
    let pair = bytes.get(at..at.checked_add(2)?)?;
    Some(usize::from(u16::from_be_bytes(pair.try_into().ok()?)))
}

fn le32(bytes: &[u8], at: usize) -> Option<usize> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    usize::try_from(u32::from_le_bytes(four.try_into().ok()?)).ok()
}

/// ITU-T T.81 annex B: segments up to SOS, entropy-coded data, EOI.
fn jpeg(input: &[u8], found: &mut Found) -> Option<()> {
    let mut at = 2;
    loop {
        if *input.get(at)? != 0xFF {
            // Between segments nothing else may stand; inside a scan this is data.
            at += 1;
            continue;
        }
        let marker = *input.get(at + 1)?;
        match marker {
            0xFF => at += 1,
            0x00 | 0x01 | 0xD0..=0xD8 => at += 2,
            0xD9 => {
                found.complete = true;
                found.end = Some(at + 2);
                return Some(());
            }
            _ => {
                let length = be16(input, at + 2)?;
                let body = input.get(at + 4..at + 2 + length.max(2))?;
                jpeg_segment(marker, body, found);
                at += 2 + length.max(2);
            }
        }
    }
}

fn jpeg_segment(marker: u8, body: &[u8], found: &mut Found) {
    match marker {
        0xE0 if body.starts_with(b"JFIF\0") => {
            let (x, y) = (be16(body, 8).unwrap_or(0), be16(body, 10).unwrap_or(0));
            let per_metre = |dots: usize| match body.get(7) {
                Some(1) => Some((dots * 10_000 + 127) / 254),
                Some(2) => Some(dots * 100),
                _ => None,
            };
            if let (Some(x), Some(y)) = (per_metre(x), per_metre(y))
                && (100..=400_000).contains(&x)
                && (100..=400_000).contains(&y)
            {
                found.density = u32::try_from(x).ok().zip(u32::try_from(y).ok());
            }
            if body.get(12).is_some_and(|side| *side > 0) {
                found.note("JFIF の縮小画像");
            }
        }
        0xE1 if body.starts_with(b"Exif\0") => found.exif(body.get(6..).unwrap_or_default()),
        0xE1 if body.starts_with(b"http://ns.adobe.com/") => found.note("XMP"),
        0xE2 if body.starts_with(b"ICC_PROFILE\0") => {
            found.note("ICC プロファイル");
            // Parts come in order from every writer that is known.
            if found.profile.len() < 8 << 20 {
                found.profile.extend_from_slice(body.get(14..).unwrap_or_default());
            }
        }
        0xDB if found.quality.is_none() => found.quality = quality(body),
        0xC0..=0xC2 if found.sampling.is_none() => {
            found.progressive = marker == 0xC2;
            found.sampling = sampling(body);
        }
        0xE2 if body.starts_with(b"MPF\0") => found.note("MPF（複数画像）"),
        0xED => found.note("Photoshop・IPTC 情報"),
        0xEE if body.starts_with(b"Adobe") => found.adobe = body.get(11).copied(),
        0xE0..=0xEF => found.note(format!("APP{}", marker - 0xE0)),
        0xFE => found.note("コメント"),
        _ => {}
    }
}

/// The sum of the table that ITU-T T.81 annex K gives for brightness; writers scale that table by their quality.
const STANDARD_SUM: u32 = 3_688;

/// The quality on the scale of the Independent JPEG Group, from the first table of a DQT segment.
fn quality(body: &[u8]) -> Option<u8> {
    let (precision, table) = body.split_first()?;
    let sum: u32 = if precision >> 4 == 0 {
        table.get(..64)?.iter().map(|value| u32::from(*value)).sum()
    } else {
        table.get(..128)?.as_chunks::<2>().0.iter().map(|pair| u32::from(u16::from_be_bytes(*pair))).sum()
    };
    let percent = (sum * 100).div_ceil(STANDARD_SUM).max(1);
    let quality = if percent <= 100 { (201 - percent) / 2 } else { 5_000 / percent };
    u8::try_from(quality.clamp(1, 100)).ok()
}

/// The factors of the first component, where the others have one each.
fn sampling(body: &[u8]) -> Option<(u8, u8)> {
    let [_, _, _, _, _, 3, _, first, _, _, 0x11, _, _, 0x11, ..] = *body else { return None };
    Some((first >> 4, first & 15))
}

/// W3C PNG: length, type, data, CRC.
fn png(input: &[u8], found: &mut Found) -> Option<()> {
    let mut at = 8;
    loop {
        let length = usize::try_from(u32::from_be_bytes(input.get(at..at + 4)?.try_into().ok()?)).ok()?;
        let kind = input.get(at + 4..at + 8)?;
        let body = input.get(at + 8..(at + 8).checked_add(length)?)?;
        match kind {
            b"tEXt" | b"zTXt" | b"iTXt" if body.starts_with(b"XML:com.adobe.xmp\0") => found.note("XMP"),
            b"tEXt" | b"zTXt" | b"iTXt" => {
                found.note(format!("文字情報（{}）", String::from_utf8_lossy(kind)));
            }
            b"eXIf" => found.exif(body),
            b"iCCP" => found.note("ICC プロファイル"),
            b"tIME" => found.note("更新日時"),
            b"IHDR" | b"PLTE" | b"tRNS" | b"IDAT" | b"IEND" | b"acTL" | b"fcTL" | b"fdAT" | b"pHYs"
            | b"gAMA" | b"cHRM" | b"sRGB" | b"sBIT" | b"bKGD" | b"hIST" => {}
            other => found.note(format!("PNG チャンク {}", String::from_utf8_lossy(other).escape_default())),
        }
        at = at + 12 + length;
        if kind == b"IEND" {
            found.complete = true;
            found.end = Some(at.min(input.len()));
            return Some(());
        }
    }
}

/// GIF89a appendix: blocks of sub-blocks up to the trailer.
fn gif(input: &[u8], found: &mut Found) -> Option<()> {
    let table = |flags: u8| if flags & 0x80 != 0 { 3 << ((flags & 7) + 1) } else { 0 };
    let mut at = 13 + table(*input.get(10)?);
    loop {
        match *input.get(at)? {
            0x3B => {
                found.complete = true;
                found.end = Some(at + 1);
                return Some(());
            }
            0x2C => at = sub_blocks(input, at + 11 + table(*input.get(at + 9)?))?,
            0x21 => {
                match *input.get(at + 1)? {
                    0xFE => found.note("コメント"),
                    0x01 => found.note("文字情報（Plain Text）"),
                    0xFF => match input.get(at + 3..at + 14)? {
                        b"NETSCAPE2.0" | b"ANIMEXTS1.0" => {}
                        b"XMP DataXMP" => found.note("XMP"),
                        b"ICCRGBG1012" => found.note("ICC プロファイル"),
                        _ => found.note("アプリケーション拡張"),
                    },
                    _ => {}
                }
                at = sub_blocks(input, at + 2)?;
            }
            _ => return None,
        }
    }
}

fn sub_blocks(input: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let length = usize::from(*input.get(at)?);
        at += 1 + length;
        if length == 0 {
            return Some(at);
        }
    }
}

/// RIFF chunks of the WebP container.
fn webp(input: &[u8], found: &mut Found) -> Option<()> {
    let end = le32(input, 4)?.checked_add(8)?;
    found.end = Some((end + end % 2).min(input.len()).max(end.min(input.len())));
    let mut at = 12;
    while at < end {
        let kind = input.get(at..at + 4)?;
        let length = le32(input, at + 4)?;
        let body = input.get(at + 8..(at + 8).checked_add(length)?)?;
        match kind {
            b"EXIF" => found.exif(body.strip_prefix(b"Exif\0\0").unwrap_or(body)),
            b"XMP " => found.note("XMP"),
            b"ICCP" => found.note("ICC プロファイル"),
            b"VP8 " | b"VP8L" | b"VP8X" | b"ALPH" | b"ANIM" | b"ANMF" => {}
            other => found.note(format!("WebP チャンク {}", String::from_utf8_lossy(other).escape_default())),
        }
        at = at + 8 + length + length % 2;
    }
    found.complete = true;
    Some(())
}

/// BITMAPFILEHEADER: the file says its own size; V5 headers may carry a profile.
fn bmp(input: &[u8], found: &mut Found) -> Option<()> {
    let size = le32(input, 2)?;
    if size >= 54 && size < input.len() {
        // Writers get this field wrong often, so only plain pixel data decides where the document ends.
        found.end = uncompressed_bmp_end(input).map(|end| end.max(size).min(input.len()));
    }
    if le32(input, 14)? == 124 && le32(input, 14 + 112)? != 0 {
        found.note("ICC プロファイル");
    }
    Some(())
}

fn uncompressed_bmp_end(input: &[u8]) -> Option<usize> {
    if le32(input, 14)? < 40 || !matches!(le32(input, 30)?, 0 | 3) {
        return None;
    }
    let width = le32(input, 18)?;
    let height = i32::from_le_bytes(input.get(22..26)?.try_into().ok()?).unsigned_abs() as usize;
    let bits = usize::from(*input.get(28)?);
    let row = width.checked_mul(bits)?.div_ceil(32).checked_mul(4)?;
    row.checked_mul(height)?.checked_add(le32(input, 10)?)
}

/// TIFF 6.0 section 2: the tags of the first directory.
fn tiff(input: &[u8], found: &mut Found) -> Option<()> {
    let ifds = Ifds::new(input)?;
    for (tag, _, _) in ifds.entries(ifds.first()?) {
        match tag {
            34_853 => found.note("EXIF（撮影位置を含む）"),
            34_665 => found.note("EXIF"),
            700 => found.note("XMP"),
            34_675 => found.note("ICC プロファイル"),
            33_723 | 34_377 => found.note("Photoshop・IPTC 情報"),
            270 => found.note("説明（ImageDescription）"),
            271 | 272 | 305 | 316 => found.note("機器・ソフトウェア名"),
            306 => found.note("日時"),
            315 | 33_432 => found.note("作成者・著作権"),
            330 => found.note("子画像（SubIFD）"),
            32_768.. => found.note(format!("TIFF タグ {tag}")),
            _ => {}
        }
    }
    Some(())
}

#[derive(Default)]
struct ExifSummary {
    orientation: u8,
    position: bool,
    thumbnail: bool,
}

/// Just enough of TIFF's directories (also EXIF's container) to see which tags are there.
pub(super) struct Ifds<'a> {
    data: &'a [u8],
    little: bool,
}

impl<'a> Ifds<'a> {
    pub(super) fn new(data: &'a [u8]) -> Option<Self> {
        match data.get(..4)? {
            b"II*\0" => Some(Self { data, little: true }),
            b"MM\0*" => Some(Self { data, little: false }),
            _ => None,
        }
    }

    pub(super) fn u16(&self, at: usize) -> Option<u16> {
        let pair: [u8; 2] = self.data.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) })
    }

    pub(super) fn u32(&self, at: usize) -> Option<usize> {
        let four: [u8; 4] = self.data.get(at..at.checked_add(4)?)?.try_into().ok()?;
        let value = if self.little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) };
        usize::try_from(value).ok()
    }

    fn first(&self) -> Option<usize> {
        self.u32(4)
    }

    /// The position of the next directory, zero for none.
    fn next(&self, ifd: usize) -> Option<usize> {
        let entries = usize::from(self.u16(ifd)?).checked_mul(12)?;
        self.u32(ifd.checked_add(2)?.checked_add(entries)?)
    }

    /// The positions of up to so many directories.
    pub(super) fn chain(&self, most: usize) -> Vec<usize> {
        std::iter::successors(self.first(), |ifd| self.next(*ifd).filter(|next| *next != 0))
            .take(most)
            .collect()
    }

    /// Tag, count and the position of its value field, as far as they can be read.
    pub(super) fn entries(&self, ifd: usize) -> impl Iterator<Item = (u16, usize, usize)> + '_ {
        let count = usize::from(self.u16(ifd).unwrap_or(0));
        (0..count).map_while(move |index| {
            let at = ifd.checked_add(2)?.checked_add(index * 12)?;
            Some((self.u16(at)?, self.u32(at.checked_add(4)?)?, at.checked_add(8)?))
        })
    }

    fn summary(&self) -> ExifSummary {
        let mut summary = ExifSummary::default();
        let Some(first) = self.first() else { return summary };
        for (tag, _, value) in self.entries(first) {
            match tag {
                274 => summary.orientation = self.u16(value).and_then(|v| u8::try_from(v).ok()).unwrap_or(0),
                34_853 => summary.position = true,
                _ => {}
            }
        }
        let next = self.next(first);
        summary.thumbnail = next.is_some_and(|next| next > 0 && next < self.data.len());
        summary
    }
}
