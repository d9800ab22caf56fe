//! 7z (the format of 7-Zip), decoded by `sevenz-rust2`. Dictionaries are held to a share of the memory before anything
//! is decoded; AES takes the password of the options.

use std::io::{self, Cursor, Read};

use sevenz_rust2::{Archive, ArchiveEntry, BlockDecoder, EncoderMethod, Error, Password};

use super::walk::{Member, Visit, read_charged, special};
use crate::{Refusal, RefusalCode, context::Context};

pub(super) fn walk(input: &[u8], ctx: &mut Context<'_>, visit: Visit<'_>) -> Result<(), Refusal> {
    let mut reader = open(input, Password::empty(), ctx);
    let mut locked = matches!(reader, Err(Error::PasswordRequired))
        || reader.as_ref().is_ok_and(|reader| has_aes(&reader.archive));
    if locked {
        let Some(password) = ctx.options().password.as_deref() else {
            return Err(Refusal::new(RefusalCode::Encrypted, "7z"));
        };
        reader = open(input, Password::new(password), ctx);
    }
    let mut reader = reader.map_err(|error| refusal(&error, locked))?;
    let mut stopped = None;
    let outcome = reader.each(&mut |entry, stream| {
        let mut step = || -> Result<Option<Error>, Refusal> {
            ctx.charge_member()?;
            if entry.is_directory() {
                return Ok(None);
            }
            let name = entry.name().replace('\\', "/");
            if entry.is_anti_item() || is_link(entry.windows_attributes()) {
                visit(
                    Member {
                        name, content: Err(special("シンボリックリンクなどの特殊ファイル"))
                    },
                    ctx,
                )?;
                return Ok(None);
            }
            match read_charged(stream, Some(entry.size()), ctx)? {
                Err(error) => Ok(Some(Error::from(error))),
                Ok(bytes) if bytes.len() as u64 != entry.size() => {
                    Ok(Some(Error::Other("7z: 宣言と長さが違います".into())))
                }
                Ok(bytes) => {
                    locked = false;
                    visit(Member { name, content: Ok(bytes) }, ctx).map(|()| None)
                }
            }
        };
        match step() {
            Ok(None) => Ok(true),
            Ok(Some(error)) => Err(error),
            Err(found) => {
                stopped = Some(found);
                Err(Error::Other("".into()))
            }
        }
    });
    match (stopped, outcome) {
        (Some(found), _) => Err(found),
        (None, Err(error)) => Err(refusal(&error, locked)),
        (None, Ok(())) => Ok(()),
    }
}

/// An open archive. The library's own reader asks the system for the number of processors, which the sandbox forbids;
/// its blocks are decoded here one after the other, on this thread.
struct Reader<'a> {
    archive: Archive,
    password: Password,
    source: Cursor<&'a [u8]>,
    kilobytes: usize,
}

fn open<'a>(input: &'a [u8], password: Password, ctx: &Context<'_>) -> Result<Reader<'a>, Error> {
    // A quarter of the memory for one dictionary leaves room for the documents.
    let kilobytes = usize::try_from(ctx.limits().memory_bytes / 4 / 1024).unwrap_or(usize::MAX);
    let mut source = Cursor::new(input);
    let archive = Archive::read_with_memory_limit(&mut source, &password, kilobytes)?;
    Ok(Reader { archive, password, source, kilobytes })
}

impl Reader<'_> {
    /// Every entry with its content: those of the blocks, then those that have none.
    fn each(
        &mut self,
        visit: &mut dyn FnMut(&ArchiveEntry, &mut dyn Read) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        for index in 0..self.archive.blocks.len() {
            let block = BlockDecoder::new_with_memory_limit(
                1,
                self.kilobytes,
                index,
                &self.archive,
                &self.password,
                &mut self.source,
            );
            block.for_each_entries(&mut |entry, stream| visit(entry, stream))?;
        }
        for entry in self.archive.files.iter().filter(|entry| !entry.has_stream()) {
            visit(entry, &mut io::empty())?;
        }
        Ok(())
    }
}

fn has_aes(archive: &sevenz_rust2::Archive) -> bool {
    let mut coders = archive.blocks.iter().flat_map(|block| block.coders.iter());
    coders.any(|coder| coder.encoder_method_id() == EncoderMethod::ID_AES256_SHA256)
}

/// A reparse point of Windows, or a Unix mode (kept in the upper half) that is neither file nor directory.
fn is_link(attributes: u32) -> bool {
    const REPARSE: u32 = 0x400;
    const HAS_MODE: u32 = 0x8000;
    let mode = (attributes >> 16) & 0o170_000;
    attributes & REPARSE != 0 || (attributes & HAS_MODE != 0 && !matches!(mode, 0 | 0o100_000 | 0o040_000))
}

fn refusal(error: &Error, locked: bool) -> Refusal {
    match error {
        Error::MaxMemLimited { actaul_kb, .. } => {
            Refusal::new(RefusalCode::LimitReached, format!("7z: 辞書 {} MB", actaul_kb / 1024))
        }
        Error::UnsupportedCompressionMethod(method) => {
            Refusal::new(RefusalCode::UnsupportedFormat, format!("7z の圧縮方式 {method}"))
        }
        Error::Unsupported(_) | Error::UnsupportedVersion { .. } | Error::ExternalUnsupported => {
            Refusal::new(RefusalCode::UnsupportedFormat, "7z")
        }
        Error::PasswordRequired => Refusal::new(RefusalCode::Encrypted, "7z"),
        _ if locked => Refusal::new(RefusalCode::WrongPassword, "7z"),
        _ => Refusal::new(RefusalCode::Malformed, "7z"),
    }
}
