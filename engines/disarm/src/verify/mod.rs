//! The second reader. Nothing here may call into the rooms that write.
use crate::{Format, Limits, VerifyFailure};

mod archive;
mod ooxml;
mod pdf;
mod raster;
mod text;

pub(crate) fn verify(output: &[u8], format: Format, limits: &Limits) -> Result<(), VerifyFailure> {
    match format {
        f if f.is_ooxml() => ooxml::verify(output, f, limits),
        f if f.is_raster() => raster::verify(output, f, limits),
        Format::Pdf => pdf::verify(output, limits),
        Format::Txt | Format::Csv => text::verify(output, format, limits),
        Format::Zip => archive::verify(output, limits),
        f => Err(VerifyFailure::new("", format!("no reader for {}", f.extension()))),
    }
}
