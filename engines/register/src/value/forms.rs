//! Codes and addresses with a form of their own: check digits, MAC, IP, URL, mail, telephone. Each reader returns
//! the one canonical spelling or the sentence that says why not and what to write.

use std::net::IpAddr;

use super::spelling::{compact, narrow};
use crate::text::Text;

/// The check digit of a 法人番号: 9 − (Σ PnQn mod 9) over the twelve digits of the basic number, counted from the
/// lowest, Q = 1 for odd and 2 for even places (平成26年財務省令第70号第2条). `None` unless twelve digits are given.
#[must_use]
pub fn corporate_number_digit(basic: &str) -> Option<u32> {
    let digits = digits(basic, 12)?;
    let sum: u32 = digits.iter().rev().zip([1_u32, 2].iter().cycle()).map(|(p, q)| p * q).sum();
    9_u32.checked_sub(sum % 9)
}

/// The check digit of a 全国地方公共団体コード: (11 − Σ(6,5,4,3,2 · digits) mod 11) mod 10 (JIS X 0401, X 0402).
/// `None` unless five digits are given.
#[must_use]
pub fn municipality_code_digit(five: &str) -> Option<u32> {
    let digits = digits(five, 5)?;
    let sum: u32 = digits.iter().zip([6_u32, 5, 4, 3, 2]).map(|(p, q)| p * q).sum();
    Some((11_u32.checked_sub(sum % 11)?) % 10)
}

fn digits(text: &str, count: usize) -> Option<Vec<u32>> {
    let digits: Option<Vec<u32>> =
        text.chars().map(|c| if c.is_ascii_digit() { c.to_digit(10) } else { None }).collect();
    digits.filter(|digits| digits.len() == count)
}

/// 13 digits, also with `T` in front (適格請求書発行事業者の登録番号) and hyphens in between.
pub(super) fn corporate_number(text: &str) -> Result<String, Text> {
    let compact = compact(text);
    let number: String =
        compact.strip_prefix(['T', 't']).unwrap_or(&compact).chars().filter(|c| *c != '-').collect();
    let (check, basic) = match number.split_at_checked(1) {
        Some(parts) if digits(&number, 13).is_some() => parts,
        _ => {
            return Err(Text::new(
                format!("法人番号は13桁の数字です: {}", shown(text)),
                format!("a corporate number has 13 digits: {}", shown(text)),
            ));
        }
    };
    if corporate_number_digit(basic).is_some_and(|digit| digit.to_string() == check) {
        Ok(number)
    } else {
        Err(Text::new(
            format!("法人番号の検査用数字（先頭の1桁）が合いません。番号を確かめてください: {}", shown(text)),
            format!(
                "the check digit (the first one) of the corporate number is wrong; check the number: {}",
                shown(text)
            ),
        ))
    }
}

/// Six digits of which the last is the check digit; the prefecture is 01 to 47.
pub(super) fn municipality_code(text: &str) -> Result<String, Text> {
    let code: String = compact(text).chars().filter(|c| *c != '-').collect();
    let (five, check) = match code.split_at_checked(5) {
        Some(parts) if digits(&code, 6).is_some() => parts,
        _ => {
            return Err(Text::new(
                format!("全国地方公共団体コードは検査数字を含む6桁の数字です: {}", shown(text)),
                format!("a local government code has six digits with the check digit: {}", shown(text)),
            ));
        }
    };
    let prefecture: u32 = five.get(..2).and_then(|two| two.parse().ok()).unwrap_or(0);
    if !(1..=47).contains(&prefecture) {
        return Err(Text::new(
            format!("都道府県コードは01から47までです: {}", shown(text)),
            format!("the first two digits (prefecture) must be 01 to 47: {}", shown(text)),
        ));
    }
    if municipality_code_digit(five).is_some_and(|digit| digit.to_string() == check) {
        Ok(code)
    } else {
        Err(Text::new(
            format!(
                "全国地方公共団体コードの検査数字（末尾の1桁）が合いません。コードを確かめてください: {}",
                shown(text)
            ),
            format!(
                "the check digit (the last one) of the local government code is wrong; check the code: {}",
                shown(text)
            ),
        ))
    }
}

/// So many digits, no more, no less.
pub(super) fn code(text: &str, count: u8) -> Result<String, Text> {
    let code = compact(text);
    if digits(&code, usize::from(count)).is_some() {
        Ok(code)
    } else {
        Err(Text::new(
            format!("{count}桁の数字を入力してください: {}", shown(text)),
            format!("enter {count} digits: {}", shown(text)),
        ))
    }
}

/// `AA-BB-CC-DD-EE-FF`, `aabb.ccdd.eeff` and the like as `aa:bb:cc:dd:ee:ff`.
pub(super) fn mac(text: &str) -> Result<String, Text> {
    let compact = compact(text).to_ascii_lowercase();
    let digits: Vec<char> = compact.chars().filter(|c| !matches!(c, ':' | '-' | '.')).collect();
    if digits.len() != 12 || !digits.iter().all(char::is_ascii_hexdigit) {
        return Err(Text::new(
            format!("MACアドレスは 00:1a:2b:3c:4d:5e の形で入力してください: {}", shown(text)),
            format!("write a MAC address as 00:1a:2b:3c:4d:5e: {}", shown(text)),
        ));
    }
    let pairs: Vec<String> = digits.chunks(2).map(|pair| pair.iter().collect()).collect();
    Ok(pairs.join(":"))
}

/// An address, or a network as `192.168.1.0/24` whose host bits are zero.
pub(super) fn ip(text: &str) -> Result<String, Text> {
    let compact = compact(text);
    let wrong = || {
        Text::new(
            format!("IPアドレスは 192.168.1.10 又は 192.168.1.0/24 の形で入力してください: {}", shown(text)),
            format!("write an IP address as 192.168.1.10 or 192.168.1.0/24: {}", shown(text)),
        )
    };
    let Some((address, prefix)) = compact.split_once('/') else {
        return compact.parse::<IpAddr>().map(|ip| ip.to_string()).map_err(|_| wrong());
    };
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    if prefix.is_empty() || prefix.len() > 3 || !prefix.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let prefix: u32 = prefix.parse().map_err(|_| wrong())?;
    let network = match address {
        IpAddr::V4(v4) if prefix <= 32 => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(prefix)).unwrap_or(0);
            IpAddr::from(std::net::Ipv4Addr::from_bits(v4.to_bits() & mask))
        }
        IpAddr::V6(v6) if prefix <= 128 => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(prefix)).unwrap_or(0);
            IpAddr::from(std::net::Ipv6Addr::from_bits(v6.to_bits() & mask))
        }
        _ => return Err(wrong()),
    };
    if network == address {
        Ok(format!("{network}/{prefix}"))
    } else {
        Err(Text::new(
            format!(
                "ネットワークは {network}/{prefix} と書いてください（ホスト部に値があります）: {}",
                shown(text)
            ),
            format!("write the network as {network}/{prefix} (host bits are set): {}", shown(text)),
        ))
    }
}

/// An http or https address; the path is kept as written.
pub(super) fn url(text: &str) -> Result<String, Text> {
    let url = text.trim();
    let wrong = || {
        Text::new(
            format!("URLは https:// 又は http:// で始まる形で入力してください: {}", shown(text)),
            format!("write an address that begins with https:// or http://: {}", shown(text)),
        )
    };
    let (scheme, rest) = url.split_once("://").ok_or_else(wrong)?;
    if !(scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")) {
        return Err(wrong());
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once(':').map_or(authority, |(host, port)| {
        if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) { host } else { authority }
    });
    let fit = !host.is_empty()
        && url.chars().count() <= 2000
        && !host.contains(['@', '\\'])
        && !url.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '"' | '<' | '>' | '`'));
    if fit { Ok(format!("{}://{rest}", scheme.to_ascii_lowercase())) } else { Err(wrong()) }
}

/// A mail address; the domain in lower case.
pub(super) fn mail(text: &str) -> Result<String, Text> {
    let compact = compact(text);
    let fit = |local: &str, domain: &str| {
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        (1..=64).contains(&local.len())
            && local.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_{|}~.".contains(&b))
            && domain.len() <= 253
            && domain.contains('.')
            && domain.split('.').all(label)
    };
    match compact.split_once('@') {
        Some((local, domain)) if fit(local, domain) => Ok(format!("{local}@{}", domain.to_ascii_lowercase())),
        _ => Err(Text::new(
            format!("メールアドレスとして読めません: {}", shown(text)),
            format!("not a mail address: {}", shown(text)),
        )),
    }
}

/// A telephone number as written, in ASCII: digits, hyphens, brackets, `+`, and 内線.
pub(super) fn phone(text: &str) -> Result<String, Text> {
    let narrow = narrow(text).replace('ー', "-");
    let plain = narrow.replace("内線", "");
    let digits = plain.chars().filter(char::is_ascii_digit).count();
    let fit = (2..=24).contains(&digits)
        && plain.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '(' | ')' | '+' | ' '));
    if fit {
        Ok(narrow.split_whitespace().collect::<Vec<_>>().join(" "))
    } else {
        Err(Text::new(
            format!("電話番号として読めません（例 0955-23-2111、内線 123）: {}", shown(text)),
            format!("not a telephone number (for example 0955-23-2111): {}", shown(text)),
        ))
    }
}

/// What was written, short enough for a message and without what would disturb it.
pub(crate) fn shown(text: &str) -> String {
    let mut shown: String =
        text.trim().chars().take(60).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.trim().chars().count() > 60 {
        shown.push('…');
    }
    shown
}
