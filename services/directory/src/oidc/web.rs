//! The two requests that are made of a provider: get a document, send a form. Only over TLS with the declared authority,
//! or in plain to this very machine; never through a redirect or a proxy, never more than a bounded answer.

use std::net::IpAddr;
use std::time::Duration;

use sekisho_policy::OidcSettings;
use ureq::http::Uri;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::error::Result;
use crate::trust;

/// The longest answer, in bytes.
const MAX_ANSWER: u64 = 1 << 20;

/// How long a request may take as a whole.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What came back: the status and the body.
pub(crate) type Answer = (u16, Vec<u8>);

/// The way to the provider; tests put their own in its place.
pub(crate) trait Web: Send + Sync {
    /// Gets a document. The error is for the log.
    fn get(&self, address: &str) -> std::result::Result<Answer, String>;
    /// Sends a form, with an `Authorization` line if one is given. The error is for the log and holds nothing sent.
    fn post(
        &self,
        address: &str,
        form: &str,
        authorization: Option<&str>,
    ) -> std::result::Result<Answer, String>;
}

/// HTTP as it is.
pub(crate) struct Network(ureq::Agent);

impl Network {
    pub(crate) fn open(settings: &OidcSettings) -> Result<Self> {
        const KEY: &str = "sign-in.oidc.ca_file";
        let mut tls = TlsConfig::builder().unversioned_rustls_crypto_provider(trust::provider());
        if settings.issuer.starts_with("https://") {
            let roots: Vec<Certificate<'static>> = trust::authorities(KEY, settings.ca_file.as_deref())?
                .iter()
                .map(|certificate| Certificate::from_der(certificate).to_owned())
                .collect();
            tls = tls.root_certs(RootCerts::new_with_certs(&roots));
        } else {
            // A provider on this machine has no certificate; an address with `https` would find nothing trusted.
            tls = tls.root_certs(RootCerts::new_with_certs(&[]));
        }
        let config = ureq::Agent::config_builder()
            .tls_config(tls.build())
            .timeout_global(Some(TIMEOUT))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .proxy(None)
            .user_agent("sekisho")
            .build();
        Ok(Self(config.new_agent()))
    }
}

impl Web for Network {
    fn get(&self, address: &str) -> std::result::Result<Answer, String> {
        let address = allowed(address)?;
        let answer = self.0.get(address).header("accept", "application/json").call();
        read(answer)
    }

    fn post(
        &self,
        address: &str,
        form: &str,
        authorization: Option<&str>,
    ) -> std::result::Result<Answer, String> {
        let address = allowed(address)?;
        let mut request = self
            .0
            .post(address)
            .header("accept", "application/json")
            .header("content-type", "application/x-www-form-urlencoded");
        if let Some(line) = authorization {
            request = request.header("authorization", line);
        }
        read(request.send(form))
    }
}

fn read(
    answer: std::result::Result<ureq::http::Response<ureq::Body>, ureq::Error>,
) -> std::result::Result<Answer, String> {
    let mut answer = answer.map_err(|error| error.to_string())?;
    let status = answer.status().as_u16();
    let body =
        answer.body_mut().with_config().limit(MAX_ANSWER).read_to_vec().map_err(|error| error.to_string())?;
    Ok((status, body))
}

/// An address that may be used: `https`, or `http` to a loopback address (RFC 8252 §8.3 for why only there).
pub(crate) fn allowed(address: &str) -> std::result::Result<&str, String> {
    let refused = |why: &str| Err(format!("{address}: {why}"));
    let Ok(uri) = address.parse::<Uri>() else { return refused("is no address") };
    let Some(authority) = uri.authority() else { return refused("has no host") };
    if authority.as_str().contains('@') {
        return refused("must not hold a name or password");
    }
    match uri.scheme_str() {
        Some("https") => Ok(address),
        Some("http") if loopback(authority.host()) => Ok(address),
        Some("http") => refused("must use https; plain http is for a provider on this machine only"),
        _ => refused("must begin with https://"),
    }
}

fn loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
