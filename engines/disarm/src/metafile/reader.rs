//! Little-endian numbers from a record, never beyond its end.

/// A position in a record.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    all: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(all: &'a [u8]) -> Self {
        Self { all, at: 0 }
    }

    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(count)?;
        let taken = self.all.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    pub(super) fn skip(&mut self, count: usize) -> Option<()> {
        self.take(count).map(|_| ())
    }

    pub(super) fn left(&self) -> usize {
        self.all.len().saturating_sub(self.at)
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.all.get(self.at..).unwrap_or_default()
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// An integer coordinate of 16 bits.
    pub(super) fn short(&mut self) -> Option<f32> {
        self.array().map(|bytes| f32::from(i16::from_le_bytes(bytes)))
    }

    pub(super) fn i32(&mut self) -> Option<i32> {
        self.array().map(i32::from_le_bytes)
    }

    /// An integer coordinate of 32 bits. What a picture needs fits; beyond 2²⁴ the last digits don't matter.
    pub(super) fn long(&mut self) -> Option<f32> {
        self.i32().map(|value| value as f32)
    }

    /// A number that is a number.
    pub(super) fn float(&mut self) -> Option<f32> {
        self.array().map(f32::from_le_bytes).filter(|value| value.is_finite())
    }

    /// A length or count.
    pub(super) fn count(&mut self) -> Option<usize> {
        self.u32().and_then(|value| usize::try_from(value).ok())
    }

    /// A colour (COLORREF); the fourth byte selects palettes that nobody has any more.
    pub(super) fn colour(&mut self) -> Option<[u8; 3]> {
        self.array::<4>().map(|[r, g, b, _]| [r, g, b])
    }

    pub(super) fn point(&mut self, wide: bool) -> Option<(f32, f32)> {
        if wide { Some((self.long()?, self.long()?)) } else { Some((self.short()?, self.short()?)) }
    }

    /// So many points, as far as the record has them.
    pub(super) fn points(&mut self, count: usize, wide: bool) -> Option<Vec<(f32, f32)>> {
        let size = if wide { 8 } else { 4 };
        if count.checked_mul(size)? > self.left() {
            return None;
        }
        (0..count).map(|_| self.point(wide)).collect()
    }

    /// Left, top, right, bottom.
    pub(super) fn rect(&mut self) -> Option<[f32; 4]> {
        Some([self.long()?, self.long()?, self.long()?, self.long()?])
    }
}
