//! A software authenticator (ES256, attestation "none"), written from WebAuthn Level 3 §6 and RFC 9052, independent of
//! the relying party's code.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const ATTESTED: u8 = 0x40;

pub(super) struct Authenticator {
    key: SigningKey,
    credential: Vec<u8>,
    user_handle: Vec<u8>,
    rp_id: String,
    counter: u32,
    /// Whether the person unlocked it.
    pub(super) verifies_user: bool,
}

impl Authenticator {
    pub(super) fn new(seed: u8) -> Self {
        Self {
            key: SigningKey::from_slice(&[seed; 32]).unwrap(),
            credential: vec![seed; 24],
            user_handle: Vec::new(),
            rp_id: String::new(),
            counter: 0,
            verifies_user: true,
        }
    }

    /// `navigator.credentials.create(options)` on a page of `origin`.
    pub(super) fn create(&mut self, options: &Json, origin: &str) -> Json {
        let options = &options["publicKey"];
        self.rp_id = options["rp"]["id"].as_str().unwrap().to_owned();
        self.user_handle = unbase64(&options["user"]["id"]);
        let client_data = client_data("webauthn.create", &options["challenge"], origin);
        let mut data = self.data(ATTESTED);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.credential.len()).unwrap().to_be_bytes());
        data.extend(&self.credential);
        data.extend(self.cose_key());
        let mut object = vec![0xa3];
        object.extend(text("fmt"));
        object.extend(text("none"));
        object.extend(text("attStmt"));
        object.push(0xa0);
        object.extend(text("authData"));
        object.push(0x59);
        object.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        object.extend(data);
        json!({
            "id": base64(&self.credential), "rawId": base64(&self.credential), "type": "public-key",
            "response": { "attestationObject": base64(&object), "clientDataJSON": base64(&client_data), "transports": ["internal"] },
            "clientExtensionResults": {},
        })
    }

    /// `navigator.credentials.get(options)` on a page of `origin`.
    pub(super) fn get(&mut self, options: &Json, origin: &str) -> Json {
        self.counter += 1;
        let client_data = client_data("webauthn.get", &options["publicKey"]["challenge"], origin);
        let data = self.data(0);
        let mut signed = data.clone();
        signed.extend(Sha256::digest(&client_data));
        let signature: Signature = self.key.sign(&signed);
        json!({
            "id": base64(&self.credential), "rawId": base64(&self.credential), "type": "public-key",
            "response": {
                "authenticatorData": base64(&data), "clientDataJSON": base64(&client_data),
                "signature": base64(signature.to_der().as_bytes()), "userHandle": base64(&self.user_handle),
            },
            "clientExtensionResults": {},
        })
    }

    /// A copy that has been used less often.
    pub(super) fn rewind(&mut self) {
        self.counter = 0;
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let mut data = Sha256::digest(self.rp_id.as_bytes()).to_vec();
        data.push(flags | USER_PRESENT | if self.verifies_user { USER_VERIFIED } else { 0 });
        data.extend(self.counter.to_be_bytes());
        data
    }

    fn cose_key(&self) -> Vec<u8> {
        let point = self.key.verifying_key().to_sec1_bytes();
        let (x, y) = point[1..].split_at(32);
        let mut key = vec![0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
        key.extend(x);
        key.extend([0x22, 0x58, 0x20]);
        key.extend(y);
        key
    }
}

fn client_data(kind: &str, challenge: &Json, origin: &str) -> Vec<u8> {
    json!({ "type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false })
        .to_string()
        .into_bytes()
}

fn text(word: &str) -> Vec<u8> {
    let mut out = vec![0x60 | u8::try_from(word.len()).unwrap()];
    out.extend(word.as_bytes());
    out
}

fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn unbase64(value: &Json) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(value.as_str().unwrap()).unwrap()
}
