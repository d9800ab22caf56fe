//! Agile encryption ([MS-OFFCRYPTO] 2.3.4.10 to 2.3.4.15), as Office 2010 and later write it: the file names its cipher,
//! hash and rounds in a short XML text, and carries a keyed hash of its content.

use quick_xml::{Reader, XmlVersion, events::Event};

use super::block::{BLOCK, cbc};
use super::digest::Hash;
use super::{MAX_ROUNDS, broken, split_package};
use crate::{Refusal, RefusalCode};

/// The content is encrypted in pieces of this size.
const SEGMENT: usize = 4096;

// What is mixed into the hash so that each key serves one purpose.
const VERIFIER_INPUT: [u8; 8] = [0xfe, 0xa7, 0xd2, 0x76, 0x3b, 0x4b, 0x9e, 0x79];
const VERIFIER_VALUE: [u8; 8] = [0xd7, 0xaa, 0x0f, 0x6d, 0x30, 0x61, 0x34, 0x4e];
const KEY_VALUE: [u8; 8] = [0x14, 0x6e, 0x0b, 0xe7, 0xab, 0xac, 0xd0, 0xd6];
const INTEGRITY_KEY: [u8; 8] = [0x5f, 0xb2, 0xad, 0x01, 0x0c, 0xb9, 0xe1, 0xf6];
const INTEGRITY_VALUE: [u8; 8] = [0xa0, 0x67, 0x7f, 0x02, 0xb2, 0x2c, 0x84, 0x33];

/// A cipher with its key's length, its hash and its salt.
struct Suite {
    hash: Hash,
    key_bytes: usize,
    salt: Vec<u8>,
}

pub(super) struct Agile {
    data: Suite,
    /// Key and value of the keyed hash; encrypted.
    integrity: Option<(Vec<u8>, Vec<u8>)>,
    password: Suite,
    rounds: u32,
    verifier_input: Vec<u8>,
    verifier_value: Vec<u8>,
    key_value: Vec<u8>,
}

impl Agile {
    /// What follows the version: four reserved bytes and the XML.
    pub(super) fn read(info: &[u8]) -> Result<Self, Refusal> {
        let fail = || broken("EncryptionInfo");
        let text = info.get(4..).and_then(|xml| std::str::from_utf8(xml).ok()).ok_or_else(fail)?;
        let data = Row::find(text, "keyData")?.ok_or_else(fail)?;
        let key = Row::find(text, "encryptedKey")?.ok_or_else(|| {
            // Opened with a certificate, not with a password.
            Refusal::new(RefusalCode::Encrypted, "証明書による暗号化")
        })?;
        let integrity = Row::find(text, "dataIntegrity")?;
        let rounds: u32 = key.get("spinCount")?.parse().map_err(|_| fail())?;
        if rounds > MAX_ROUNDS {
            return Err(Refusal::new(RefusalCode::LimitReached, format!("spinCount {rounds}")));
        }
        Ok(Self {
            data: data.suite()?,
            integrity: match integrity {
                Some(row) => Some((row.bytes("encryptedHmacKey")?, row.bytes("encryptedHmacValue")?)),
                None => None,
            },
            password: key.suite()?,
            rounds,
            verifier_input: key.bytes("encryptedVerifierHashInput")?,
            verifier_value: key.bytes("encryptedVerifierHashValue")?,
            key_value: key.bytes("encryptedKeyValue")?,
        })
    }

    pub(super) fn open(&self, password: &[u8], package: &[u8]) -> Result<Option<Vec<u8>>, Refusal> {
        let suite = &self.password;
        let hash = suite.hash.rounds(&suite.salt, password, self.rounds);
        let secret = |purpose: &[u8], encrypted: &[u8]| -> Result<Vec<u8>, Refusal> {
            let key = resized(suite.hash.of(&hash, purpose), suite.key_bytes);
            let mut bytes = encrypted.to_vec();
            cbc(&key, &resized(suite.salt.clone(), BLOCK), &mut bytes)?;
            Ok(bytes)
        };
        let mut input = secret(&VERIFIER_INPUT, &self.verifier_input)?;
        input.truncate(suite.salt.len());
        let expected = secret(&VERIFIER_VALUE, &self.verifier_value)?;
        if expected.get(..suite.hash.size()) != Some(suite.hash.of(&input, &[]).as_slice()) {
            return Ok(None);
        }
        let mut key = secret(&KEY_VALUE, &self.key_value)?;
        key.truncate(self.data.key_bytes);
        self.prove(&key, package)?;
        self.content(&key, package).map(Some)
    }

    /// Nobody changed the bytes since they were encrypted. A file without that proof is taken like an unencrypted one.
    fn prove(&self, key: &[u8], package: &[u8]) -> Result<(), Refusal> {
        let Some((mac_key, mac_value)) = &self.integrity else { return Ok(()) };
        let hash = self.data.hash;
        let secret = |purpose: &[u8], encrypted: &[u8]| -> Result<Vec<u8>, Refusal> {
            let mut bytes = encrypted.to_vec();
            cbc(key, &resized(hash.of(&self.data.salt, purpose), BLOCK), &mut bytes)?;
            bytes.truncate(hash.size());
            Ok(bytes)
        };
        let mac_key = secret(&INTEGRITY_KEY, mac_key)?;
        let mac_value = secret(&INTEGRITY_VALUE, mac_value)?;
        if hash.proves(&mac_key, package, &mac_value) { Ok(()) } else { Err(broken("HMAC")) }
    }

    fn content(&self, key: &[u8], package: &[u8]) -> Result<Vec<u8>, Refusal> {
        let (size, data) = split_package(package)?;
        let mut content =
            data.get(..size.next_multiple_of(BLOCK).min(data.len())).unwrap_or_default().to_vec();
        for (segment, number) in content.chunks_mut(SEGMENT).zip(0_u32..) {
            let iv = resized(self.data.hash.of(&self.data.salt, &number.to_le_bytes()), BLOCK);
            cbc(key, &iv, segment)?;
        }
        content.truncate(size);
        Ok(content)
    }
}

/// Cut, or filled up with 0x36, to a length.
fn resized(mut bytes: Vec<u8>, length: usize) -> Vec<u8> {
    bytes.resize(length, 0x36);
    bytes
}

/// An element's attributes.
struct Row(Vec<(String, String)>);

impl Row {
    /// The first element of this name.
    fn find(text: &str, name: &str) -> Result<Option<Self>, Refusal> {
        let fail = || broken("EncryptionInfo");
        let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
        loop {
            match reader.read_event().map_err(|_| fail())? {
                Event::Start(element) | Event::Empty(element) if element.local_name().as_ref() == name => {
                    let mut found = Vec::new();
                    for attribute in element.attributes() {
                        let attribute = attribute.map_err(|_| fail())?;
                        let value =
                            attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|_| fail())?;
                        found.push((attribute.key.as_ref().to_owned(), value.into_owned()));
                    }
                    return Ok(Some(Self(found)));
                }
                Event::DocType(_) => return Err(fail()),
                Event::Eof => return Ok(None),
                _ => {}
            }
        }
    }

    fn get(&self, name: &str) -> Result<&str, Refusal> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).ok_or_else(|| broken(name))
    }

    fn bytes(&self, name: &str) -> Result<Vec<u8>, Refusal> {
        let bytes = base64(self.get(name)?).ok_or_else(|| broken(name))?;
        if bytes.is_empty() || bytes.len() > 1024 { Err(broken(name)) } else { Ok(bytes) }
    }

    fn suite(&self) -> Result<Suite, Refusal> {
        let other = |what: &str| Refusal::new(RefusalCode::Encrypted, what.to_owned());
        if self.get("cipherAlgorithm")? != "AES" || self.get("cipherChaining")? != "ChainingModeCBC" {
            return Err(other("AES-CBC 以外の暗号"));
        }
        let hash = Hash::named(self.get("hashAlgorithm")?).ok_or_else(|| other("対応していないハッシュ"))?;
        let key_bytes = match self.get("keyBits")? {
            "128" => 16,
            "192" => 24,
            "256" => 32,
            _ => return Err(broken("keyBits")),
        };
        Ok(Suite { hash, key_bytes, salt: self.bytes("saltValue")? })
    }
}

/// Decodes base64 (RFC 4648, 4); `None` for anything else.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0_u32);
    for byte in text.trim_end_matches('=').bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'\r' | b'\n' | b' ' => continue,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(six)) & 0xFF_FFFF;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from(bits >> count & 0xFF).ok()?);
        }
    }
    Some(out)
}
