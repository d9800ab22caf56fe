//! Office packages behind a password ([MS-OFFCRYPTO]): opened with the password that the applicant gave, or with the
//! one that Excel tries by itself, and handed on as the package inside.
//!
//! The way in is an oracle for guesses and a place to burn time: the number of rounds that a file asks for is bounded,
//! two passwords are tried at most, and nothing of the content is looked at before the password is proven and, where
//! the file can say so (agile encryption), the bytes are whole. What is written afterwards is not encrypted.

mod agile;
mod block;
mod digest;
mod standard;
#[cfg(test)]
mod tests;

use crate::{Refusal, RefusalCode, compound::Compound, context::Context};

/// The password that Excel tries on every encrypted workbook before it asks; protected shared workbooks have it.
const DEFAULT: &str = "VelvetSweatshop";
/// Excel writes 100 000 rounds; more than this only burns time.
const MAX_ROUNDS: u32 = 1_000_000;
/// No application takes a longer one ([MS-OFFCRYPTO] 2.3.4.7: 255 characters).
const MAX_PASSWORD: usize = 255;

/// The decrypted content.
///
/// # Errors
/// `Encrypted` without a password that could open it, `WrongPassword` for one that does not, `Malformed` for what
/// contradicts itself or was changed after it was encrypted.
pub(crate) fn open(input: &[u8], ctx: &mut Context<'_>) -> Result<Vec<u8>, Refusal> {
    let file = Compound::read(input)?;
    let info = file.stream("EncryptionInfo", ctx)?.ok_or_else(|| broken("EncryptionInfo"))?;
    let package = file.stream("EncryptedPackage", ctx)?.ok_or_else(|| broken("EncryptedPackage"))?;
    let scheme = Scheme::read(&info)?;
    let given = ctx.options().password.as_deref().filter(|password| !password.is_empty());
    for password in given.into_iter().chain([DEFAULT]) {
        if password.chars().count() > MAX_PASSWORD {
            continue;
        }
        let units: Vec<u8> = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
        if let Some(content) = scheme.open(&units, &package)? {
            return Ok(content);
        }
    }
    let code = if given.is_some() { RefusalCode::WrongPassword } else { RefusalCode::Encrypted };
    Err(Refusal::new(code, "Office"))
}

/// How a package is encrypted.
enum Scheme {
    Standard(standard::Standard),
    Agile(Box<agile::Agile>),
}

impl Scheme {
    /// The version tells the way ([MS-OFFCRYPTO] 2.3.4.5 and 2.3.4.10).
    fn read(info: &[u8]) -> Result<Self, Refusal> {
        let (version, rest) = info.split_at_checked(4).ok_or_else(|| broken("EncryptionInfo"))?;
        match version {
            [2..=4, 0, 2, 0] => Ok(Self::Standard(standard::Standard::read(rest)?)),
            [4, 0, 4, 0] => Ok(Self::Agile(Box::new(agile::Agile::read(rest)?))),
            _ => Err(Refusal::new(RefusalCode::Encrypted, "拡張暗号方式")),
        }
    }

    /// The content, or `None` when the password is another.
    fn open(&self, password: &[u8], package: &[u8]) -> Result<Option<Vec<u8>>, Refusal> {
        match self {
            Self::Standard(scheme) => scheme.open(password, package),
            Self::Agile(scheme) => scheme.open(password, package),
        }
    }
}

/// The size that stands before the encrypted bytes, and those bytes, which are whole blocks at least that long.
fn split_package(package: &[u8]) -> Result<(usize, &[u8]), Refusal> {
    let (size, data) = package.split_first_chunk::<8>().ok_or_else(|| broken("EncryptedPackage"))?;
    let size = usize::try_from(u64::from_le_bytes(*size)).map_err(|_| broken("EncryptedPackage"))?;
    if size > data.len() {
        return Err(broken("EncryptedPackage"));
    }
    Ok((size, data))
}

fn broken(what: &str) -> Refusal {
    Refusal::new(RefusalCode::Malformed, format!("暗号化: {what}"))
}
