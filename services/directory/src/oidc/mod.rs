//! Sign-in at an OpenID provider: authorization code with PKCE (RFC 7636, RFC 9700), `state` and `nonce`.
//!
//! A sign-in is bound to the browser that began it: the database keeps hashes of `state` and of a cookie, and both must
//! come back together, once. Who the person is here is decided by the personnel list: a verified token names a log-in,
//! and only somebody marked for this way of signing in is let on. The provider's subject is kept at the first sign-in,
//! so that a log-in name that is given to somebody else later opens nothing.

pub(crate) mod provider;
pub(crate) mod token;
pub(crate) mod web;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sekisho_identity::{FirstFactor, LoginStep, NewSession, Person, SignIn, Visit};
use sekisho_policy::ZoneId;
use sekisho_store::WriteTx;

use crate::Directory;
use crate::error::{DirectoryError, Result};
use provider::{Failure, Provider, Request};
use token::Claims;

/// How long a sign-in may take at the provider.
pub const FLOW_MS: i64 = 10 * 60_000;

/// Most sign-ins that are under way at the same time.
const MAX_FLOWS: i64 = 20_000;

/// A sign-in that has begun.
#[derive(Debug, Clone)]
pub struct OidcStart {
    /// Where the browser goes.
    pub location: String,
    /// What the browser has to bring back as a cookie (`HttpOnly`, `SameSite=Strict`), for [`FLOW_MS`].
    pub browser: String,
}

/// What the provider sent back with the browser.
#[derive(Debug, Clone, Default)]
pub struct OidcReturn {
    /// `state`
    pub state: String,
    /// `code`; empty when there is none.
    pub code: String,
    /// `error`; empty when there is none.
    pub error: String,
    /// `iss` (RFC 9207).
    pub issuer: Option<String>,
}

/// A sign-in that the provider has vouched for.
#[derive(Debug, Clone)]
pub struct OidcDone {
    /// The page that was asked for at the beginning.
    pub next: String,
    /// What comes now.
    pub step: OidcStep,
}

/// What comes after a verified answer.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum OidcStep {
    /// The second factor is asked for here.
    Second(LoginStep),
    /// The declaration accepts the provider's evidence of several factors in this zone.
    Session(Box<NewSession>),
}

struct Flow {
    nonce: String,
    verifier: String,
    next: String,
}

impl Directory {
    /// Begins a sign-in at the provider; `next` is the page to go to afterwards.
    ///
    /// # Errors
    /// `NotOffered`, `IssuerUnreachable`, or identity's `Locked`.
    pub fn oidc_begin(&self, visit: &Visit, next: &str) -> Result<OidcStart> {
        let provider = self.parts.provider.as_ref().ok_or(DirectoryError::NotOffered)?;
        let redirect = self.redirect(&visit.zone)?;
        self.identity.check_visit(visit)?;
        let (state, browser, nonce, verifier) = (random()?, random()?, random()?, random()?);
        let request = Request {
            redirect: &redirect,
            state: &state,
            nonce: &nonce,
            verifier: &verifier,
            ask_for_factors: provider.settings.mfa_zones.contains(&visit.zone),
        };
        let location =
            provider.address(&request, self.now_ms()).map_err(|failure| self.provider_failed(failure))?;
        let row = [
            fingerprint(&state),
            fingerprint(&browser),
            visit.zone.to_string(),
            nonce,
            verifier,
            next.chars().take(2_000).collect(),
        ];
        self.store.write(move |tx| keep(tx, row))?;
        Ok(OidcStart { location, browser })
    }

    /// Ends a sign-in with what the browser brought back; `browser` is the cookie's value.
    ///
    /// # Errors
    /// `AnswerRefused`, `NobodyHere`, `IssuerUnreachable`, or what identity says (locks, a missing second factor).
    pub fn oidc_finish(&self, visit: &Visit, browser: &str, back: &OidcReturn) -> Result<OidcDone> {
        let provider = self.parts.provider.as_ref().ok_or(DirectoryError::NotOffered)?;
        let redirect = self.redirect(&visit.zone)?;
        self.identity.check_visit(visit)?;
        let Some(flow) = self.take(visit, browser, &back.state)? else {
            return Err(self.refused(None, "state", visit)?);
        };
        if !back.error.is_empty() {
            // Nothing was guessed: somebody changed their mind, or the provider said no.
            return Err(DirectoryError::AnswerRefused("cancelled"));
        }
        let now_ms = self.now_ms();
        let outcome = match provider.came_from_here(back.issuer.as_deref(), now_ms) {
            Ok(true) if !back.code.is_empty() => {
                let request = Request {
                    redirect: &redirect,
                    state: &back.state,
                    nonce: &flow.nonce,
                    verifier: &flow.verifier,
                    ask_for_factors: false,
                };
                provider.redeem(&back.code, &request, now_ms)
            }
            Ok(true) => Err(Failure::Refused("code")),
            Ok(false) => Err(Failure::Refused("issuer")),
            Err(failure) => Err(failure),
        };
        let claims = match outcome {
            Ok(claims) => claims,
            Err(Failure::Refused(word)) => return Err(self.refused(None, word, visit)?),
            Err(failure) => return Err(self.provider_failed(failure)),
        };
        let person = self.person_of(provider, &claims, visit)?;
        let first = FirstFactor::Oidc {
            issuer: provider.settings.issuer.clone(),
            subject: claims.subject().to_owned(),
        };
        let step = if enough(provider, &claims, &visit.zone) {
            OidcStep::Session(Box::new(self.identity.external_suffices(&person.id, &first, visit)?))
        } else {
            OidcStep::Second(self.identity.external_accepted(&person.id, &first, visit)?)
        };
        Ok(OidcDone { next: flow.next, step })
    }

    fn person_of(&self, provider: &Provider, claims: &Claims, visit: &Visit) -> Result<Person> {
        let claim = provider.settings.login_claim.as_str();
        // An address that the provider has not checked was typed by anybody.
        let trusted = claim != "email" || claims.flag("email_verified");
        let login = claims.text(claim).filter(|login| trusted && !login.is_empty());
        let person = match login {
            Some(login) => self.identity.person_by_login(login)?,
            None => None,
        };
        match person {
            Some(person) if person.active && self.identity.sign_in_of(&person.id)? == SignIn::Oidc => {
                Ok(person)
            }
            person => {
                let _ = self.refused(person.as_ref(), "person", visit)?;
                Err(DirectoryError::NobodyHere)
            }
        }
    }

    /// Fetches a sign-in that is under way, once.
    fn take(&self, visit: &Visit, browser: &str, state: &str) -> Result<Option<Flow>> {
        let keys = [fingerprint(state), fingerprint(browser), visit.zone.to_string()];
        self.store.write(move |tx| {
            let now = tx.now_ms();
            let rows = tx.query(
                "DELETE FROM directory_flows WHERE state = ?1 AND browser = ?2 AND zone = ?3 \
                 RETURNING nonce, verifier, next, expires_ms",
                &keys.map(Into::into),
            )?;
            let Some(row) = rows.first() else { return Ok(None) };
            if row.get_i64("expires_ms")? <= now {
                return Ok(None);
            }
            Ok(Some(Flow {
                nonce: row.get_text("nonce")?.to_owned(),
                verifier: row.get_text("verifier")?.to_owned(),
                next: row.get_text("next")?.to_owned(),
            }))
        })
    }

    fn refused(&self, person: Option<&Person>, word: &'static str, visit: &Visit) -> Result<DirectoryError> {
        self.identity.external_refused(person.map(|person| &person.id), &format!("oidc-{word}"), visit)?;
        Ok(DirectoryError::AnswerRefused(word))
    }

    fn provider_failed(&self, failure: Failure) -> DirectoryError {
        match failure {
            Failure::Refused(word) => DirectoryError::AnswerRefused(word),
            Failure::Provider(what) => {
                crate::note("openid-provider", &what);
                DirectoryError::IssuerUnreachable
            }
        }
    }

    fn redirect(&self, zone: &ZoneId) -> Result<String> {
        let origin = self.parts.origins.get(zone).ok_or(DirectoryError::NotOffered)?;
        Ok(format!("{origin}{RETURN_PATH}"))
    }
}

/// The path of each zone's listener to which the provider sends the browser back.
pub const RETURN_PATH: &str = "/login/oidc/return";

/// Whether the provider's evidence of several factors is declared to be enough in this zone.
fn enough(provider: &Provider, claims: &Claims, zone: &ZoneId) -> bool {
    let settings = &provider.settings;
    let level = claims.text("acr").is_some_and(|acr| settings.mfa_acr.iter().any(|accepted| accepted == acr));
    let method = claims.methods().any(|method| settings.mfa_amr.iter().any(|accepted| accepted == method));
    settings.mfa_zones.contains(zone) && (level || method)
}

fn keep(tx: &mut WriteTx, row: [String; 6]) -> Result<()> {
    let now = tx.now_ms();
    tx.execute("DELETE FROM directory_flows WHERE expires_ms <= ?1", &[now.into()])?;
    let open = tx.query("SELECT COUNT(*) AS open FROM directory_flows", &[])?;
    if open.first().map_or(Ok(0), |row| row.get_i64("open"))? >= MAX_FLOWS {
        return Err(sekisho_identity::IdentityError::Locked { until_ms: now.saturating_add(60_000) }.into());
    }
    let [state, browser, zone, nonce, verifier, next] = row;
    tx.execute(
        "INSERT INTO directory_flows (state, browser, zone, nonce, verifier, next, expires_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        &[
            state.into(),
            browser.into(),
            zone.into(),
            nonce.into(),
            verifier.into(),
            next.into(),
            now.saturating_add(FLOW_MS).into(),
        ],
    )?;
    Ok(())
}

/// 256 random bits as text; also fit for a PKCE verifier (RFC 7636 §4.1).
fn random() -> Result<String> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)
        .map_err(|_| sekisho_identity::IdentityError::Crypto("the operating system gave no randomness"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// What the database keeps of a random value.
fn fingerprint(value: &str) -> String {
    URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, value.as_bytes()))
}
