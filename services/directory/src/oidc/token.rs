//! The ID token (OpenID Connect Core 1.0 §3.1.3.7, RFC 7519, RFC 7515): accepted when everything about it is right, and
//! refused with one word otherwise. Pure: keys and time come in as arguments.
//!
//! The algorithms are a list of two; what the token's header says can only choose among them. A token never brings its
//! own key, and `none` is not on the list.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

/// Seconds by which the clocks may differ.
const LEEWAY_S: i64 = 60;

/// Oldest issue time in seconds: the token was made for this very sign-in.
const MAX_AGE_S: i64 = 15 * 60;

/// Longest token in bytes.
const MAX_TOKEN: usize = 64 << 10;

/// Most keys of a set that are looked at.
const MAX_KEYS: usize = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256, keys of 2048 bits and more.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
}

/// The provider's public keys (RFC 7517) that can be used for signatures.
#[derive(Debug, Default)]
pub(crate) struct KeySet(Vec<Key>);

#[derive(Debug)]
struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    material: Material,
}

#[derive(Debug)]
enum Material {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// Uncompressed point.
    P256(Vec<u8>),
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Jwk>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl KeySet {
    /// Reads a JWK set. Keys for other purposes or of other kinds are passed over.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let set: Jwks = serde_json::from_slice(bytes).map_err(|error| format!("no JWK set: {error}"))?;
        let keys: Vec<Key> = set.keys.into_iter().take(MAX_KEYS).filter_map(Jwk::usable).collect();
        if keys.is_empty() {
            return Err("the JWK set holds no RSA or P-256 key for signatures".to_owned());
        }
        Ok(Self(keys))
    }

    /// Whether there is a key that this token could be signed with.
    pub(crate) fn fits(&self, token: &str) -> bool {
        Parts::split(token).is_ok_and(|parts| self.candidates(&parts.header).next().is_some())
    }

    fn candidates<'a>(&'a self, header: &'a Header) -> impl Iterator<Item = &'a Key> {
        self.0.iter().filter(move |key| {
            Some(key.algorithm) == header.algorithm()
                && header.kid.as_ref().is_none_or(|kid| key.id.as_ref() == Some(kid))
        })
    }
}

impl Jwk {
    fn usable(self) -> Option<Key> {
        if self.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return None;
        }
        let (algorithm, name, material) = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => {
                let material = Material::Rsa { n: bytes(self.n.as_deref()?)?, e: bytes(self.e.as_deref()?)? };
                (Algorithm::Rs256, "RS256", material)
            }
            ("EC", Some("P-256")) => {
                let (x, y) = (bytes(self.x.as_deref()?)?, bytes(self.y.as_deref()?)?);
                if x.len() != 32 || y.len() != 32 {
                    return None;
                }
                (Algorithm::Es256, "ES256", Material::P256([vec![4], x, y].concat()))
            }
            _ => return None,
        };
        if self.alg.as_deref().is_some_and(|alg| alg != name) {
            return None;
        }
        Some(Key { id: self.kid, algorithm, material })
    }
}

impl Key {
    fn verifies(&self, message: &[u8], signed: &[u8]) -> bool {
        match &self.material {
            Material::Rsa { n, e } => {
                // Leading zeros are not part of a number; `ring` wants none.
                let key = RsaPublicKeyComponents { n: without_zeros(n), e: without_zeros(e) };
                key.verify(&signature::RSA_PKCS1_2048_8192_SHA256, message, signed).is_ok()
            }
            Material::P256(point) => UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point)
                .verify(message, signed)
                .is_ok(),
        }
    }
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// What the token has to say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) nonce: &'a str,
    /// Seconds since 1970 UTC.
    pub(crate) now_s: i64,
}

/// What the token said, verified.
#[derive(Debug)]
pub(crate) struct Claims(Map<String, Json>);

impl Claims {
    /// A claim that is text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Json::as_str)
    }

    pub(crate) fn subject(&self) -> &str {
        self.text("sub").unwrap_or_default()
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Json::as_bool) == Some(true)
    }

    /// Authentication methods (RFC 8176).
    pub(crate) fn methods(&self) -> impl Iterator<Item = &str> {
        self.0.get("amr").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str)
    }

    fn seconds(&self, name: &str) -> Result<Option<i64>, &'static str> {
        match self.0.get(name) {
            None => Ok(None),
            // NumericDate may have a fraction (RFC 7519 §2); the second is enough.
            Some(Json::Number(number)) => number
                .as_i64()
                .or_else(|| number.as_f64().filter(|n| n.abs() < 1e15).map(truncated))
                .map(Some)
                .ok_or("malformed"),
            Some(_) => Err("malformed"),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the caller checked the bounds; the fraction is dropped on purpose"
)]
fn truncated(number: f64) -> i64 {
    number as i64
}

/// Verifies a token. The error is a word for the ledger.
pub(crate) fn verify(token: &str, keys: &KeySet, expected: &Expected<'_>) -> Result<Claims, &'static str> {
    let parts = Parts::split(token)?;
    if parts.header.algorithm().is_none() {
        return Err("algorithm");
    }
    // Extensions that must be understood (RFC 7515 §4.1.11): none is.
    if parts.header.crit.is_some() {
        return Err("malformed");
    }
    let mut candidates = keys.candidates(&parts.header).peekable();
    if candidates.peek().is_none() {
        return Err("key");
    }
    if !candidates.any(|key| key.verifies(parts.signed.as_bytes(), &parts.signature)) {
        return Err("signature");
    }
    let claims: Map<String, Json> = serde_json::from_slice(&parts.payload).map_err(|_| "malformed")?;
    let claims = Claims(claims);
    checked(&claims, expected)?;
    Ok(claims)
}

fn checked(claims: &Claims, expected: &Expected<'_>) -> Result<(), &'static str> {
    if claims.text("iss") != Some(expected.issuer) {
        return Err("issuer");
    }
    let audiences: Vec<&str> = match claims.0.get("aud") {
        Some(Json::String(one)) => vec![one.as_str()],
        Some(Json::Array(several)) => several.iter().map(|one| one.as_str().unwrap_or_default()).collect(),
        _ => Vec::new(),
    };
    if !audiences.contains(&expected.client_id) {
        return Err("audience");
    }
    let party = claims.text("azp");
    if party.is_some_and(|party| party != expected.client_id) || (audiences.len() > 1 && party.is_none()) {
        return Err("authorized-party");
    }
    let ends = claims.seconds("exp")?.ok_or("malformed")?;
    if ends.saturating_add(LEEWAY_S) <= expected.now_s {
        return Err("expired");
    }
    let issued = claims.seconds("iat")?.ok_or("malformed")?;
    let begins = claims.seconds("nbf")?.unwrap_or(issued);
    if issued.max(begins) > expected.now_s.saturating_add(LEEWAY_S) {
        return Err("not-yet-valid");
    }
    if issued.saturating_add(MAX_AGE_S) < expected.now_s {
        return Err("expired");
    }
    if expected.nonce.is_empty() || claims.text("nonce") != Some(expected.nonce) {
        return Err("nonce");
    }
    // OpenID Connect Core §2: at most 255 ASCII characters.
    if !(1..=255).contains(&claims.subject().len()) {
        return Err("subject");
    }
    Ok(())
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Json>,
}

impl Header {
    fn algorithm(&self) -> Option<Algorithm> {
        match self.alg.as_str() {
            "RS256" => Some(Algorithm::Rs256),
            "ES256" => Some(Algorithm::Es256),
            _ => None,
        }
    }
}

/// A token in compact form (RFC 7515 §7.1), taken apart.
struct Parts<'a> {
    header: Header,
    /// What the signature covers: header and payload as they came.
    signed: &'a str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> Parts<'a> {
    fn split(token: &'a str) -> Result<Self, &'static str> {
        if token.len() > MAX_TOKEN {
            return Err("malformed");
        }
        let (signed, signature) = token.rsplit_once('.').ok_or("malformed")?;
        let (header, payload) = signed.split_once('.').ok_or("malformed")?;
        if payload.contains('.') {
            return Err("malformed");
        }
        let header = bytes(header).ok_or("malformed")?;
        Ok(Self {
            header: serde_json::from_slice(&header).map_err(|_| "malformed")?,
            signed,
            payload: bytes(payload).ok_or("malformed")?,
            signature: bytes(signature).ok_or("malformed")?,
        })
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}
