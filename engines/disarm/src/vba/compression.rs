//! The packing of VBA's streams ([MS-OVBA] 2.4.1): chunks of 4096 bytes, in them literals and copies of what came before.

const CHUNK: usize = 4096;

/// The unpacked bytes, at most `most`; `None` for what is not packed so.
pub(super) fn unpack(packed: &[u8], most: usize) -> Option<Vec<u8>> {
    let (1, mut rest) = packed.split_first().map(|(first, rest)| (*first, rest))? else { return None };
    let mut out = Vec::new();
    while let Some((header, tail)) = rest.split_first_chunk::<2>() {
        let header = u16::from_le_bytes(*header);
        if header >> 12 & 7 != 3 {
            // Padding behind the last chunk.
            break;
        }
        let size = usize::from(header & 0x0FFF) + 1;
        let chunk = tail.get(..size.min(tail.len()))?;
        rest = tail.get(chunk.len()..)?;
        if header & 0x8000 == 0 {
            out.extend_from_slice(chunk);
        } else {
            unpack_chunk(chunk, &mut out)?;
        }
        if out.len() > most {
            return None;
        }
    }
    Some(out)
}

fn unpack_chunk(chunk: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let start = out.len();
    let mut bytes = chunk.iter().copied();
    while let Some(flags) = bytes.next() {
        for bit in 0..8 {
            let Some(first) = bytes.next() else { return Some(()) };
            if flags >> bit & 1 == 0 {
                out.push(first);
                continue;
            }
            let token = u16::from_le_bytes([first, bytes.next()?]);
            let done = out.len().checked_sub(start)?;
            // The further the chunk has come, the more bits the distance takes.
            let width = done.next_power_of_two().trailing_zeros().clamp(4, 12);
            let length = usize::from(token & (0xFFFF_u16 >> width)) + 3;
            let distance = usize::from(token >> (16 - width)) + 1;
            if distance > done || done + length > CHUNK {
                return None;
            }
            for _ in 0..length {
                out.push(*out.get(out.len() - distance)?);
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::unpack;

    #[test]
    fn the_examples_of_the_specification_unpack() {
        let normal = b"\x01\x2f\xb0\x00#aaabcde\x82f\x00paghij\x018\x08akl\x000mnop\x06q\x02p\x04\x10rstuv\x10wxyz\x00<";
        let text = b"#aaabcdefaaaaghijaaaaaklaaamnopqaaaaaaaaaaaarstuvwxyzaaa";
        assert_eq!(unpack(normal, 10_000).unwrap(), text);
        let repeated = b"\x01\x03\xb0\x02a\x45\x00";
        assert_eq!(unpack(repeated, 10_000).unwrap(), vec![b'a'; 73]);
        let plain = b"\x01\x19\xb0\x00abcdefgh\x00ijklmnop\x00qrstuv.";
        assert_eq!(unpack(plain, 10_000).unwrap(), b"abcdefghijklmnopqrstuv.");
    }

    proptest::proptest! {
        #[test]
        fn anything_unpacks_or_not_without_panic(mut bytes in proptest::collection::vec(0_u8..=255, 0..200)) {
            bytes.insert(0, 1);
            let _ = unpack(&bytes, 100_000);
        }
    }
}
