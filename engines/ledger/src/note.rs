//! Signed notes (C2SP signed-note) with Ed25519, compatible with Go's `golang.org/x/mod/sumdb/note`: the same key
//! texts, key ids and signature lines. A note's text means nothing until [`open`] has accepted it.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::Signer as _;
use zeroize::Zeroizing;

use crate::LedgerError;
use crate::canonical::{decode_base64, encode_base64};
use crate::hash::digest;

/// Signature type byte of plain Ed25519 over the note's text.
const ED25519: u8 = 0x01;
/// More signature lines than this are refused (the specification asks for at least 16).
const MAX_SIGNATURES: usize = 64;
const SIGNATURE_PREFIX: &str = "\u{2014} ";

/// A verified note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The signed text, ending with LF.
    pub text: String,
    /// The known keys whose signatures were verified, in the note's order; never empty.
    pub signers: Vec<VerifierKey>,
    /// How many further signature lines were made by unknown keys and ignored.
    pub unknown: usize,
}

/// Signs `text` with each key and returns the signed note. `text` must end with LF and hold no control character
/// but LF, and at least one key is needed; otherwise the result is a note that [`open`] refuses.
pub fn sign(text: &str, keys: &[&SigningKey]) -> String {
    let mut note = format!("{text}\n");
    for key in keys {
        let signature = key.secret.sign(text.as_bytes()).to_bytes();
        let id = key.verifier.key_id().to_be_bytes();
        let encoded = encode_base64(&[id.as_slice(), &signature].concat());
        note.push_str(&format!("{SIGNATURE_PREFIX}{} {encoded}\n", key.verifier.name));
    }
    note
}

/// Verifies a signed note. Signatures by keys outside `known` are ignored and counted; a wrong or repeated
/// signature by a known key refuses the whole note.
///
/// # Errors
/// [`LedgerError::Malformed`] for another form, [`LedgerError::BadSignature`], [`LedgerError::NoKnownSigner`].
pub fn open(note: &str, known: &[VerifierKey]) -> Result<Note, LedgerError> {
    let wrong = |reason: &str| LedgerError::malformed("signed note", reason);
    if note.chars().any(|c| c < ' ' && c != '\n') {
        return Err(wrong("control characters other than LF aren't allowed"));
    }
    let (before, signatures) =
        note.rsplit_once("\n\n").ok_or_else(|| wrong("no empty line between text and signatures"))?;
    let text = format!("{before}\n");
    let signatures = signatures.strip_suffix('\n').ok_or_else(|| wrong("the last line must end with LF"))?;
    let (mut signers, mut unknown) = (Vec::<VerifierKey>::new(), 0usize);
    for (count, line) in signatures.split('\n').enumerate() {
        if count >= MAX_SIGNATURES {
            return Err(wrong("more than 64 signatures"));
        }
        let line = SignatureLine::parse(line).ok_or_else(|| wrong("a signature line isn't in its form"))?;
        let Some(key) = known.iter().find(|key| key.name == line.name && key.id == line.id) else {
            unknown = unknown.saturating_add(1);
            continue;
        };
        if signers.contains(key) {
            return Err(wrong("two signatures by the same key"));
        }
        if !key.verifies(text.as_bytes(), &line.signature) {
            return Err(LedgerError::BadSignature { key: format!("{}+{:08x}", key.name, key.key_id()) });
        }
        signers.push(key.clone());
    }
    if signers.is_empty() { Err(LedgerError::NoKnownSigner) } else { Ok(Note { text, signers, unknown }) }
}

struct SignatureLine<'a> {
    name: &'a str,
    id: [u8; 4],
    signature: Vec<u8>,
}

impl<'a> SignatureLine<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (name, encoded) = line.strip_prefix(SIGNATURE_PREFIX)?.split_once(' ')?;
        let bytes = decode_base64(encoded)?;
        let (id, signature) = bytes.split_first_chunk::<4>()?;
        (is_key_name(name) && !signature.is_empty()).then(|| Self {
            name,
            id: *id,
            signature: signature.to_vec(),
        })
    }
}

/// A public key with its name. Text form (vkey): `name+<8 hex digits of key id>+<base64 of 0x01 ‖ key>`.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: [u8; 4],
    public: ed25519_dalek::VerifyingKey,
}

impl VerifierKey {
    /// A key from its name and the 32 bytes of RFC 8032 §5.1.5.
    ///
    /// # Errors
    /// When the name is empty or holds a space or `+`, or the bytes are no usable point.
    pub fn new(name: &str, public: &[u8; 32]) -> Result<Self, LedgerError> {
        if !is_key_name(name) {
            return Err(LedgerError::malformed("key", "the name must be non-empty, without spaces and `+`"));
        }
        let key = ed25519_dalek::VerifyingKey::from_bytes(public).ok().filter(|key| !key.is_weak());
        let key = key.ok_or_else(|| LedgerError::malformed("key", "not a usable Ed25519 public key"))?;
        Ok(Self { name: name.to_owned(), id: key_id(name, public), public: key })
    }

    /// Reads a vkey; accepts exactly what `Display` writes.
    ///
    /// # Errors
    /// When it isn't in that form, or the key id doesn't belong to name and key.
    pub fn parse(vkey: &str) -> Result<Self, LedgerError> {
        let wrong = |reason: &str| LedgerError::malformed("verifier key", reason);
        let mut parts = vkey.splitn(3, '+');
        let (Some(name), Some(id), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong("expected `name+keyid+base64`"));
        };
        let bytes = decode_base64(encoded).ok_or_else(|| wrong("the key must be canonical base64"))?;
        let key = Self::new(name, &ed25519_bytes(&bytes).ok_or_else(|| wrong("not an Ed25519 key"))?)?;
        if id != hex_id(key.id) {
            return Err(wrong("the key id doesn't belong to this name and key"));
        }
        Ok(key)
    }

    /// The key's name; for a ledger its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// First four bytes of SHA-256(name ‖ LF ‖ type ‖ public key), big endian.
    pub fn key_id(&self) -> u32 {
        u32::from_be_bytes(self.id)
    }

    /// The public key of RFC 8032 §5.1.5.
    pub fn public_key(&self) -> [u8; 32] {
        self.public.to_bytes()
    }

    fn verifies(&self, text: &[u8], signature: &[u8]) -> bool {
        ed25519_dalek::Signature::from_slice(signature)
            .is_ok_and(|signature| self.public.verify_strict(text, &signature).is_ok())
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}+{}", self.name, hex_id(self.id), encode_typed(&self.public.to_bytes()))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({self})")
    }
}

impl FromStr for VerifierKey {
    type Err = LedgerError;

    fn from_str(text: &str) -> Result<Self, LedgerError> {
        Self::parse(text)
    }
}

/// A private key with its name. Its memory is cleared when dropped, and `Debug` doesn't show it.
#[derive(Clone)]
pub struct SigningKey {
    secret: ed25519_dalek::SigningKey,
    verifier: VerifierKey,
}

impl SigningKey {
    /// The key of a 32-byte seed, which must come from a cryptographic random generator.
    ///
    /// # Errors
    /// When the name is empty or holds a space or `+`.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, LedgerError> {
        let secret = ed25519_dalek::SigningKey::from_bytes(seed);
        let verifier = VerifierKey::new(name, &secret.verifying_key().to_bytes())?;
        Ok(Self { secret, verifier })
    }

    /// Go's text form: `PRIVATE+KEY+name+<key id>+<base64 of 0x01 ‖ seed>`.
    pub fn to_text(&self) -> Zeroizing<String> {
        let seed = Zeroizing::new(self.secret.to_bytes());
        let encoded = Zeroizing::new(encode_typed(&seed));
        Zeroizing::new(format!(
            "PRIVATE+KEY+{}+{}+{}",
            self.verifier.name,
            hex_id(self.verifier.id),
            encoded.as_str()
        ))
    }

    /// Reads what [`SigningKey::to_text`] gave.
    ///
    /// # Errors
    /// When it isn't in that form, or the key id doesn't belong to name and key. The message never holds the key.
    pub fn from_text(text: &str) -> Result<Self, LedgerError> {
        let wrong = |reason: &str| LedgerError::malformed("signing key", reason);
        let rest = text.strip_prefix("PRIVATE+KEY+").ok_or_else(|| wrong("expected `PRIVATE+KEY+…`"))?;
        let mut parts = rest.splitn(3, '+');
        let (Some(name), Some(id), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong("expected `PRIVATE+KEY+name+keyid+base64`"));
        };
        let bytes = decode_base64(encoded).map(Zeroizing::new);
        let bytes = bytes.ok_or_else(|| wrong("the key must be canonical base64"))?;
        let seed = ed25519_bytes(&bytes).map(Zeroizing::new).ok_or_else(|| wrong("not an Ed25519 key"))?;
        let key = Self::from_seed(name, &seed)?;
        if id != hex_id(key.verifier.id) {
            return Err(wrong("the key id doesn't belong to this name and key"));
        }
        Ok(key)
    }

    /// The public half, to be handed out.
    pub fn verifier(&self) -> VerifierKey {
        self.verifier.clone()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}+{}, private part not shown)", self.verifier.name, hex_id(self.verifier.id))
    }
}

fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

fn key_id(name: &str, public: &[u8; 32]) -> [u8; 4] {
    let [a, b, c, d, ..] = digest(&[name.as_bytes(), b"\n", &[ED25519], public]).0;
    [a, b, c, d]
}

fn hex_id(id: [u8; 4]) -> String {
    format!("{:08x}", u32::from_be_bytes(id))
}

fn encode_typed(key: &[u8; 32]) -> String {
    let mut bytes = Zeroizing::new([0u8; 33]);
    let (kind, rest) = bytes.split_at_mut(1);
    kind.fill(ED25519);
    rest.copy_from_slice(key);
    encode_base64(bytes.as_slice())
}

fn ed25519_bytes(typed: &[u8]) -> Option<[u8; 32]> {
    match typed.split_first() {
        Some((&ED25519, key)) => key.try_into().ok(),
        _ => None,
    }
}
