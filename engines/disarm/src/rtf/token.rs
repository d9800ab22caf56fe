//! Cuts RTF into tokens as leniently as Word does.
//!
//! Whatever trick separates one reader from another (letters cut by line ends, numbers of absurd length, `\bin` in the
//! middle of hexadecimal digits, blanks and braces between them) yields plain tokens here; nothing is searched for by
//! pattern, so nothing can hide from a pattern.

/// A piece of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Open,
    Close,
    /// A control word and its number.
    Word(&'a str, Option<i32>),
    /// A backslash and one character that is no letter.
    Symbol(u8),
    /// A byte of text.
    Byte(u8),
    /// A byte of text given by two digits.
    Hex(u8),
    /// What follows `\bin`.
    Binary(&'a [u8]),
}

pub(super) struct Tokens<'a> {
    rest: &'a [u8],
}

impl<'a> Tokens<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What is left to read.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn skip(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    fn control(&mut self) -> Option<Token<'a>> {
        let first = *self.rest.first()?;
        if !first.is_ascii_alphabetic() {
            self.skip(1);
            return Some(match first {
                b'\'' => self.hex(),
                b'\r' | b'\n' => Token::Word("par", None),
                b'\t' => Token::Word("tab", None),
                other => Token::Symbol(other),
            });
        }
        let letters = self.rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let word = std::str::from_utf8(self.rest.get(..letters)?).unwrap_or_default();
        self.skip(letters);
        let number = self.number();
        if self.rest.first() == Some(&b' ') {
            self.skip(1);
        }
        if word == "bin" {
            let count = usize::try_from(number.unwrap_or(0)).unwrap_or(0).min(self.rest.len());
            let data = self.rest.get(..count)?;
            self.skip(count);
            return Some(Token::Binary(data));
        }
        Some(Token::Word(word, number))
    }

    /// Digits of any number; what does not fit is the largest that does.
    fn number(&mut self) -> Option<i32> {
        let negative = self.rest.first() == Some(&b'-');
        let digits = self.rest.get(usize::from(negative)..)?;
        let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            // A minus without digits is a delimiter that Word swallows.
            if negative {
                self.skip(1);
            }
            return None;
        }
        let value = digits.iter().take(count).fold(0_i32, |value, digit| {
            value.saturating_mul(10).saturating_add(i32::from(digit.wrapping_sub(b'0')))
        });
        self.skip(count + usize::from(negative));
        Some(if negative { value.saturating_neg() } else { value })
    }

    fn hex(&mut self) -> Token<'a> {
        let digit = |at: usize| char::from(*self.rest.get(at)?).to_digit(16);
        match (digit(0), digit(1)) {
            (Some(high), Some(low)) => {
                self.skip(2);
                Token::Hex(u8::try_from(high * 16 + low).unwrap_or(b'?'))
            }
            // Not a byte: the apostrophe is left out, what follows is read as it stands.
            _ => Token::Word("", None),
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let first = *self.rest.first()?;
            self.skip(1);
            match first {
                b'{' => return Some(Token::Open),
                b'}' => return Some(Token::Close),
                b'\\' => return self.control(),
                b'\r' | b'\n' | 0 => {}
                b'\t' => return Some(Token::Word("tab", None)),
                byte => return Some(Token::Byte(byte)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_spellings_become_plain_tokens() {
        let tokens: Vec<Token<'_>> =
            Tokens::new(b"{\\rt\\b0 x\\'8 \\'82\\bin3 }}}\\ob\nj\\fs99999999999-\\u-5?\\*}").collect();
        assert_eq!(
            tokens,
            [
                Token::Open,
                Token::Word("rt", None),
                Token::Word("b", Some(0)),
                Token::Byte(b'x'),
                Token::Word("", None),
                Token::Byte(b'8'),
                Token::Byte(b' '),
                Token::Hex(0x82),
                Token::Binary(b"}}}"),
                Token::Word("ob", None),
                Token::Byte(b'j'),
                Token::Word("fs", Some(i32::MAX)),
                Token::Byte(b'-'),
                Token::Word("u", Some(-5)),
                Token::Byte(b'?'),
                Token::Symbol(b'*'),
                Token::Close,
            ]
        );
    }
}
