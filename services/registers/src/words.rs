//! Searching: the words of a query in the form in which the tables hold their text, and patterns for them.

use sekisho_register::search_key;

/// Most words of one search; more would only slow it down.
const WORDS: usize = 8;

/// The words of a search, folded; each has to be found.
pub(crate) fn words(query: &str) -> Vec<String> {
    search_key(query).split_whitespace().take(WORDS).map(str::to_owned).collect()
}

/// A `LIKE` pattern that finds `word` anywhere; the escape character is `\`.
pub(crate) fn pattern(word: &str) -> String {
    let mut out = String::with_capacity(word.len().saturating_add(2));
    out.push('%');
    for c in word.chars() {
        if matches!(c, '%' | '_' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('%');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_cut_at_blanks_of_any_width() {
        assert_eq!(words("  ＵＳＢ　ＡＢＣ "), ["usb", "abc"]);
        assert!(words(" 　 ").is_empty());
    }

    #[test]
    fn wildcards_in_a_search_are_taken_literally() {
        assert_eq!(pattern("50%_\\"), "%50\\%\\_\\\\%");
    }
}
