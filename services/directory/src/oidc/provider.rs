//! The provider: its description (OpenID Connect Discovery 1.0), its keys, and the exchange of a code for a verified ID
//! token. Description and keys are kept for an hour; an unknown key makes the keys be asked for anew, not more often
//! than every ten seconds.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sekisho_policy::OidcSettings;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::token::{self, Claims, Expected, KeySet};
use super::web::{Web, allowed};

/// How long description and keys are kept.
const KEPT_MS: i64 = 3_600_000;

/// Least time between two requests for the keys.
const KEYS_AGAIN_MS: i64 = 10_000;

/// Why there is no verified token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The provider can't be reached, or breaks its own specification. For the log.
    Provider(String),
    /// The answer is refused, with a word for the ledger.
    Refused(&'static str),
}

pub(crate) struct Provider {
    pub(crate) settings: OidcSettings,
    secret: Option<Zeroizing<String>>,
    web: Arc<dyn Web>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    description: Option<(Arc<Description>, i64)>,
    keys: Option<(Arc<KeySet>, i64)>,
}

/// The part of the provider's description that is used.
#[derive(Debug, Deserialize)]
pub(crate) struct Description {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

#[derive(Deserialize)]
struct TokenAnswer {
    id_token: Option<Zeroizing<String>>,
    error: Option<String>,
}

/// One sign-in as the provider has to know it.
pub(crate) struct Request<'a> {
    pub(crate) redirect: &'a str,
    pub(crate) state: &'a str,
    pub(crate) nonce: &'a str,
    pub(crate) verifier: &'a str,
    /// Whether evidence of several factors is asked for.
    pub(crate) ask_for_factors: bool,
}

impl Provider {
    pub(crate) fn new(settings: &OidcSettings, secret: Option<Zeroizing<String>>, web: Arc<dyn Web>) -> Self {
        Self { settings: settings.clone(), secret, web, kept: Mutex::default() }
    }

    /// Where the browser goes (OpenID Connect Core §3.1.2.1 with RFC 7636).
    pub(crate) fn address(&self, request: &Request<'_>, now_ms: i64) -> Result<String, Failure> {
        let description = self.description(now_ms)?;
        let scopes = self.scopes();
        let factors = self.settings.mfa_acr.join(" ");
        let challenge =
            URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, request.verifier.as_bytes()));
        let mut fields = vec![
            ("response_type", "code"),
            ("client_id", self.settings.client_id.as_str()),
            ("redirect_uri", request.redirect),
            ("scope", scopes.as_str()),
            ("state", request.state),
            ("nonce", request.nonce),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        if request.ask_for_factors && !factors.is_empty() {
            fields.push(("acr_values", factors.as_str()));
        }
        let joint = if description.authorization_endpoint.contains('?') { '&' } else { '?' };
        Ok(format!("{}{joint}{}", description.authorization_endpoint, form(&fields)))
    }

    /// Whether the `iss` of a return (RFC 9207) is this provider's. One that promised to send it must do so.
    pub(crate) fn came_from_here(&self, issuer: Option<&str>, now_ms: i64) -> Result<bool, Failure> {
        Ok(match issuer {
            Some(issuer) => issuer == self.settings.issuer,
            None => !self.description(now_ms)?.authorization_response_iss_parameter_supported,
        })
    }

    /// Exchanges the code for an ID token and verifies it.
    pub(crate) fn redeem(&self, code: &str, request: &Request<'_>, now_ms: i64) -> Result<Claims, Failure> {
        let description = self.description(now_ms)?;
        let token = self.exchange(&description, code, request)?;
        let mut keys = self.keys(&description, now_ms, KEPT_MS)?;
        if !keys.fits(&token) {
            keys = self.keys(&description, now_ms, KEYS_AGAIN_MS)?;
        }
        let expected = Expected {
            issuer: &self.settings.issuer,
            client_id: &self.settings.client_id,
            nonce: request.nonce,
            now_s: now_ms.div_euclid(1000),
        };
        token::verify(&token, &keys, &expected).map_err(Failure::Refused)
    }

    fn scopes(&self) -> String {
        let more = self.settings.scopes.iter().map(String::as_str).filter(|scope| *scope != "openid");
        std::iter::once("openid").chain(more).collect::<Vec<_>>().join(" ")
    }

    fn exchange(
        &self,
        description: &Description,
        code: &str,
        request: &Request<'_>,
    ) -> Result<Zeroizing<String>, Failure> {
        let client = self.settings.client_id.as_str();
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", request.redirect),
            ("code_verifier", request.verifier),
        ];
        let methods = &description.token_endpoint_auth_methods_supported;
        let offers = |method: &str| methods.iter().any(|offered| offered == method);
        let mut authorization = None;
        match &self.secret {
            // RFC 6749 §2.3.1: both parts are form-encoded before they are joined.
            Some(secret) if methods.is_empty() || offers("client_secret_basic") => {
                let joined = Zeroizing::new(format!("{}:{}", encoded(client), encoded(secret)));
                authorization = Some(Zeroizing::new(format!("Basic {}", STANDARD.encode(joined.as_bytes()))));
            }
            Some(secret) => fields.extend([("client_id", client), ("client_secret", secret.as_str())]),
            None => fields.push(("client_id", client)),
        }
        let body = Zeroizing::new(form(&fields));
        let line = authorization.as_ref().map(|line| line.as_str());
        let (status, body) =
            self.web.post(&description.token_endpoint, &body, line).map_err(Failure::Provider)?;
        let answer: TokenAnswer = serde_json::from_slice(&body)
            .map_err(|_| Failure::Provider(format!("the token endpoint answered {status} without JSON")))?;
        match (status, answer.id_token, answer.error.as_deref()) {
            (200, Some(token), _) => Ok(token),
            (200, None, _) => Err(Failure::Refused("no-id-token")),
            (400, _, Some("invalid_grant")) => Err(Failure::Refused("code")),
            (_, _, error) => {
                let word: String = error
                    .unwrap_or("no reason")
                    .chars()
                    .filter(|c| c.is_ascii_alphanumeric() || "_- ".contains(*c))
                    .take(60)
                    .collect();
                Err(Failure::Provider(format!("the token endpoint answered {status} ({word})")))
            }
        }
    }

    fn description(&self, now_ms: i64) -> Result<Arc<Description>, Failure> {
        if let Some((description, at)) = &self.kept().description
            && now_ms.saturating_sub(*at) < KEPT_MS
        {
            return Ok(Arc::clone(description));
        }
        let issuer = &self.settings.issuer;
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let description: Description =
            serde_json::from_slice(&self.document(&address)?).map_err(|error| {
                Failure::Provider(format!("{address}: is no description of a provider ({error})"))
            })?;
        // Discovery §4.3: exactly the same, or somebody else's description was read.
        if description.issuer != *issuer {
            return Err(Failure::Provider(format!("{address}: describes another issuer")));
        }
        for endpoint in
            [&description.authorization_endpoint, &description.token_endpoint, &description.jwks_uri]
        {
            allowed(endpoint).map_err(Failure::Provider)?;
        }
        let description = Arc::new(description);
        self.kept().description = Some((Arc::clone(&description), now_ms));
        Ok(description)
    }

    fn keys(&self, description: &Description, now_ms: i64, at_most_ms: i64) -> Result<Arc<KeySet>, Failure> {
        if let Some((keys, at)) = &self.kept().keys
            && now_ms.saturating_sub(*at) < at_most_ms
        {
            return Ok(Arc::clone(keys));
        }
        let keys = KeySet::parse(&self.document(&description.jwks_uri)?)
            .map_err(|what| Failure::Provider(format!("{}: {what}", description.jwks_uri)))?;
        let keys = Arc::new(keys);
        self.kept().keys = Some((Arc::clone(&keys), now_ms));
        Ok(keys)
    }

    fn document(&self, address: &str) -> Result<Vec<u8>, Failure> {
        match self.web.get(address).map_err(Failure::Provider)? {
            (200, body) => Ok(body),
            (status, _) => Err(Failure::Provider(format!("{address}: answered {status}"))),
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `application/x-www-form-urlencoded`.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    fields
        .iter()
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect::<Vec<_>>()
        .join("&")
}

fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
