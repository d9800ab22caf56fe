//! Check digits of Individual Numbers and Corporate Numbers, and readings that exclude them.

/// Whether 12 ASCII digits are an Individual Number (個人番号): the check digit fits and not all digits are the same.
///
/// With the first 11 digits counted from the lowest, Q = n+1 for n ≤ 6 and n−5 above; r = ΣPQ mod 11; the check digit
/// is 0 for r ≤ 1 and 11−r otherwise (平成26年総務省令第85号 第5条).
#[must_use]
pub fn individual_number_is_valid(text: &str) -> bool {
    ascii_digits(text).is_some_and(|digits| individual(&digits))
}

/// Whether 13 ASCII digits are a Corporate Number (法人番号): the leading check digit fits.
///
/// With the other 12 digits counted from the lowest, Q = 1 for odd n and 2 for even n; the check digit is
/// 9 − (ΣPQ mod 9) (平成26年財務省令第70号 第2条).
#[must_use]
pub fn corporate_number_is_valid(text: &str) -> bool {
    ascii_digits(text).is_some_and(|digits| corporate(&digits))
}

fn ascii_digits(text: &str) -> Option<Vec<u8>> {
    text.bytes().map(|b| if b.is_ascii_digit() { b.checked_sub(b'0') } else { None }).collect()
}

pub(crate) fn individual(digits: &[u8]) -> bool {
    let Some((check, body)) = digits.split_last() else { return false };
    if body.len() != 11 || body.iter().all(|d| d == check) {
        return false;
    }
    let sum: u32 =
        [6_u32, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2].iter().zip(body).map(|(q, p)| q * u32::from(*p)).sum();
    let r = sum % 11;
    u32::from(*check) == if r <= 1 { 0 } else { 11 - r }
}

pub(crate) fn corporate(digits: &[u8]) -> bool {
    let Some((check, body)) = digits.split_first() else { return false };
    if body.len() != 12 {
        return false;
    }
    let sum: u32 = body.iter().rev().zip([1_u32, 2].iter().cycle()).map(|(p, q)| q * u32::from(*p)).sum();
    u32::from(*check) == 9 - sum % 9
}

/// Luhn's check of payment cards.
pub(crate) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .zip([1_u32, 2].iter().cycle())
        .map(|(d, factor)| {
            let product = u32::from(*d) * factor;
            if product > 9 { product - 9 } else { product }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// How 12 digits read as a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Time {
    /// YYYYMMDDhhmm of 1900 to 2099.
    FullYear,
    /// YYMMDDhhmmss.
    ShortYear,
}

/// Whether 12 digits read as a time, and how.
pub(crate) fn reads_as_time(digits: &[u8]) -> Option<Time> {
    let pairs: Vec<u32> = digits
        .chunks_exact(2)
        .map(|pair| match pair {
            [a, b] => u32::from(*a) * 10 + u32::from(*b),
            _ => 0,
        })
        .collect();
    let day_fits = |month: u32, day: u32| {
        let last = match month {
            4 | 6 | 9 | 11 => 30,
            2 => 29,
            1..=12 => 31,
            _ => 0,
        };
        (1..=last).contains(&day)
    };
    match *pairs.as_slice() {
        [a, _, c, d, e, f] if (a == 19 || a == 20) && day_fits(c, d) && e < 24 && f < 60 => {
            Some(Time::FullYear)
        }
        [_, b, c, d, e, f] if day_fits(b, c) && d < 24 && e < 60 && f < 60 => Some(Time::ShortYear),
        _ => None,
    }
}
