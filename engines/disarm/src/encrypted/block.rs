//! AES over whole blocks, by the length of the key. A tail that is no whole block is left as it is.

use aes::cipher::{Array, BlockCipherDecrypt, BlockModeDecrypt, KeyInit, KeyIvInit, consts::U16};
use aes::{Aes128, Aes192, Aes256};

use super::broken;
use crate::Refusal;

/// Blocks are 16 bytes.
pub(super) const BLOCK: usize = 16;

/// Electronic codebook, as standard encryption has it.
pub(super) fn ecb(key: &[u8], data: &mut [u8]) -> Result<(), Refusal> {
    let (blocks, _) = Array::<u8, U16>::slice_as_chunks_mut(data);
    let fail = |_| broken("AES");
    match key.len() {
        16 => Aes128::new_from_slice(key).map_err(fail)?.decrypt_blocks(blocks),
        24 => Aes192::new_from_slice(key).map_err(fail)?.decrypt_blocks(blocks),
        32 => Aes256::new_from_slice(key).map_err(fail)?.decrypt_blocks(blocks),
        _ => return Err(broken("AES")),
    }
    Ok(())
}

/// Cipher block chaining, as agile encryption has it.
pub(super) fn cbc(key: &[u8], iv: &[u8], data: &mut [u8]) -> Result<(), Refusal> {
    let (blocks, _) = Array::<u8, U16>::slice_as_chunks_mut(data);
    let fail = |_| broken("AES");
    match key.len() {
        16 => cbc::Decryptor::<Aes128>::new_from_slices(key, iv).map_err(fail)?.decrypt_blocks(blocks),
        24 => cbc::Decryptor::<Aes192>::new_from_slices(key, iv).map_err(fail)?.decrypt_blocks(blocks),
        32 => cbc::Decryptor::<Aes256>::new_from_slices(key, iv).map_err(fail)?.decrypt_blocks(blocks),
        _ => return Err(broken("AES")),
    }
    Ok(())
}
