//! Time-based one-time passwords (RFC 6238: SHA-1, 6 digits, 30 s). One step of clock difference is tolerated either
//! way, and a step is accepted once.

use serde::Serialize;
use totp_rs::{Builder, Totp};

use crate::base32;
use crate::error::{IdentityError, Result};
use crate::keys::random;

/// What a person puts into an authenticator app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TotpSetup {
    /// The secret in base32, for typing.
    pub secret: String,
    /// `otpauth://totp/…`
    pub uri: String,
    /// The URI as a QR code: a self-contained SVG element without script or style.
    pub qr_svg: String,
}

/// What a code turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeCheck {
    /// Right; the step must now be remembered.
    Fits {
        step: i64,
    },
    /// Right, but its step or a later one was accepted before.
    Used,
    Wrong,
}

/// A fresh secret of 160 bits (RFC 4226 §4 R6).
pub(crate) fn new_secret() -> Result<[u8; 20]> {
    random()
}

/// Checks a code at a time. `last_step` is the last accepted step.
pub(crate) fn check(secret: &[u8], code: &str, now_ms: i64, last_step: i64) -> Result<CodeCheck> {
    let code: String = code.chars().filter(|c| !c.is_whitespace() && *c != '-').map(narrow).collect();
    if code.len() != 6 || !code.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(CodeCheck::Wrong);
    }
    let seconds =
        u64::try_from(now_ms / 1000).map_err(|_| IdentityError::Crypto("the clock is before 1970"))?;
    let Some(step) = generator(secret)?.check(&code, seconds) else {
        return Ok(CodeCheck::Wrong);
    };
    let step = i64::try_from(step).map_err(|_| IdentityError::Crypto("the clock is out of range"))?;
    Ok(if step > last_step { CodeCheck::Fits { step } } else { CodeCheck::Used })
}

/// Everything for the enrolment page.
pub(crate) fn setup(secret: &[u8], issuer: &str, login: &str) -> Result<TotpSetup> {
    let coded = base32::encode(secret);
    let issuer = percent(&issuer.replace(':', " "));
    let uri = format!(
        "otpauth://totp/{issuer}:{}?secret={coded}&issuer={issuer}&algorithm=SHA1&digits=6&period=30",
        percent(login)
    );
    let qr_svg = qr_svg(&uri)?;
    Ok(TotpSetup { secret: coded, uri, qr_svg })
}

fn generator(secret: &[u8]) -> Result<Totp> {
    Builder::new()
        .with_secret(secret.to_vec())
        .with_skew(1)
        .build()
        .map_err(|_| IdentityError::Damaged("a TOTP secret".to_owned()))
}

/// Japanese input methods often leave digits in full width.
fn narrow(c: char) -> char {
    match c {
        '０'..='９' => u32::from(c).checked_sub(0xff10).and_then(|d| char::from_digit(d, 10)).unwrap_or(c),
        other => other,
    }
}

/// RFC 3986 percent-encoding of everything but unreserved characters.
fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

fn qr_svg(text: &str) -> Result<String> {
    use qrcodegen::{QrCode, QrCodeEcc};
    const QUIET: i32 = 4;
    let code = QrCode::encode_text(text, QrCodeEcc::Medium)
        .map_err(|_| IdentityError::Config("the issuer is too long for a QR code".to_owned()))?;
    let size = code.size();
    let mut path = String::new();
    for y in 0..size {
        for x in 0..size {
            if code.get_module(x, y) {
                path.push_str(&format!("M{},{}h1v1h-1z", x.saturating_add(QUIET), y.saturating_add(QUIET)));
            }
        }
    }
    let side = size.saturating_add(2 * QUIET);
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\" role=\"img\" \
         aria-label=\"QR\"><path fill=\"#fff\" d=\"M0,0h{side}v{side}h-{side}z\"/><path fill=\"#000\" d=\"{path}\"/></svg>"
    ))
}

#[cfg(test)]
pub(crate) fn code_at(secret: &[u8], now_ms: i64) -> String {
    generator(secret).unwrap().generate(u64::try_from(now_ms / 1000).unwrap()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn rfc_6238_vectors_hold() {
        // Appendix B gives eight digits; the last six of them are the six-digit code.
        for (seconds, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (2_000_000_000, "279037")]
        {
            let fits = CodeCheck::Fits { step: seconds / 30 };
            assert_eq!(check(SECRET, code, seconds * 1000, 0).unwrap(), fits);
        }
    }

    #[test]
    fn one_step_of_clock_difference_is_tolerated_and_two_are_not() {
        let now = 1_700_000_010_000;
        for (offset, fits) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let code = code_at(SECRET, now + offset * 30_000);
            assert_eq!(check(SECRET, &code, now, 0).unwrap() != CodeCheck::Wrong, fits, "{offset}");
        }
    }

    #[test]
    fn a_step_is_accepted_once() {
        let now = 1_700_000_010_000;
        let code = code_at(SECRET, now);
        let CodeCheck::Fits { step } = check(SECRET, &code, now, 0).unwrap() else { panic!("refused") };
        assert_eq!(check(SECRET, &code, now, step).unwrap(), CodeCheck::Used);
        assert_eq!(check(SECRET, &code_at(SECRET, now - 30_000), now, step).unwrap(), CodeCheck::Used);
    }

    #[test]
    fn full_width_digits_and_spaces_are_read() {
        let now = 59_000;
        assert_eq!(check(SECRET, "２８７ ０８２", now, 0).unwrap(), CodeCheck::Fits { step: 1 });
        for wrong in ["", "28708", "2870822", "28708a", "あいうえおか"] {
            assert_eq!(check(SECRET, wrong, now, 0).unwrap(), CodeCheck::Wrong);
        }
    }

    #[test]
    fn the_uri_is_escaped_and_the_qr_code_is_plain_svg() {
        let setup = setup(SECRET, "伊万里市:関所", "yamada@x").unwrap();
        assert!(setup.uri.starts_with(
            "otpauth://totp/%E4%BC%8A%E4%B8%87%E9%87%8C%E5%B8%82%20%E9%96%A2%E6%89%80:yamada%40x?"
        ));
        assert!(setup.uri.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&"));
        assert!(
            setup.qr_svg.starts_with("<svg ")
                && setup.qr_svg.ends_with("</svg>")
                && !setup.qr_svg.contains("style")
        );
    }
}
