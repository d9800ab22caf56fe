//! 全国地方公共団体コード (JIS X 0401 and X 0402): two digits of the prefecture, three of the body, one check digit.

/// Why a text is not a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeError {
    /// Not six ASCII digits.
    Form,
    /// The prefecture is not 01 to 47.
    Prefecture,
    /// The check digit is wrong; this is the right one.
    CheckDigit(u32),
}

/// Checks form, prefecture and check digit: (11 − Σ(6,5,4,3,2 · digits) mod 11) mod 10.
pub(crate) fn check(text: &str) -> Result<(), CodeError> {
    let digits: Option<Vec<u32>> =
        text.chars().map(|c| if c.is_ascii_digit() { c.to_digit(10) } else { None }).collect();
    let Some(&[a, b, c, d, e, check]) = digits.as_deref() else { return Err(CodeError::Form) };
    let prefecture = a * 10 + b;
    if !(1..=47).contains(&prefecture) {
        return Err(CodeError::Prefecture);
    }
    let sum = a * 6 + b * 5 + c * 4 + d * 3 + e * 2;
    let expected = (11 - sum % 11) % 10;
    if check == expected { Ok(()) } else { Err(CodeError::CheckDigit(expected)) }
}
