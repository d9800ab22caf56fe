//! Portable SQL text: one scanner that knows string literals, quoted names and comments, and on top of it
//! the rewriting of placeholders and types, the splitting of scripts, and the name of the table a statement changes.
//! It never interprets a statement further than that.

use std::borrow::Cow;

/// Which database reads the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// A piece of SQL text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    /// A bare word: letters, digits, `_`.
    Word(&'a str),
    /// A quoted name or a string literal, with its quotes, or a comment.
    Quoted(&'a str),
    /// `?12`
    Placeholder(&'a str),
    /// Anything else, one character or a run of blanks.
    Other(&'a str),
}

/// Rewrites `?1` to `$1` for PostgreSQL; leaves literals, names and comments alone.
pub(crate) fn placeholders(dialect: Dialect, sql: &str) -> Cow<'_, str> {
    if dialect == Dialect::Sqlite || !sql.contains('?') {
        return Cow::Borrowed(sql);
    }
    let mut out = String::with_capacity(sql.len());
    for token in tokens(sql) {
        match token {
            Token::Placeholder(text) => {
                out.push('$');
                out.push_str(text.trim_start_matches('?'));
            }
            Token::Word(text) | Token::Quoted(text) | Token::Other(text) => out.push_str(text),
        }
    }
    Cow::Owned(out)
}

/// Splits a script into statements and writes the portable types in the dialect's words.
pub(crate) fn ddl(dialect: Dialect, script: &str) -> Vec<String> {
    let mut out = Vec::new();
    for statement in statements(script) {
        let mut text = String::with_capacity(statement.len() + 16);
        for token in tokens(statement) {
            match token {
                Token::Word(word) => text.push_str(type_name(dialect, word)),
                Token::Quoted(t) | Token::Placeholder(t) | Token::Other(t) => text.push_str(t),
            }
        }
        if dialect == Dialect::Sqlite && is_create_table(statement) {
            text.push_str(" STRICT");
        }
        out.push(text);
    }
    out
}

fn type_name(dialect: Dialect, word: &str) -> &str {
    match (dialect, word) {
        (Dialect::Postgres, "BLOB") => "BYTEA",
        (Dialect::Postgres, "TEXT") => "TEXT COLLATE \"C\"",
        (Dialect::Sqlite, "BIGINT") => "INTEGER",
        (_, other) => other,
    }
}

fn is_create_table(statement: &str) -> bool {
    let words: Vec<String> = words(statement).take(2).map(str::to_ascii_uppercase).collect();
    matches!(words.as_slice(), [a, b] if a == "CREATE" && b == "TABLE")
}

/// The statements of a script, without the semicolons and empty ones.
pub(crate) fn statements(script: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut from = 0usize;
    let mut at = 0usize;
    for token in tokens(script) {
        let len = match token {
            Token::Word(t) | Token::Quoted(t) | Token::Placeholder(t) | Token::Other(t) => t.len(),
        };
        if token == Token::Other(";") {
            out.extend(script.get(from..at));
            from = at + len;
        }
        at += len;
    }
    out.extend(script.get(from..));
    out.into_iter().map(str::trim).filter(|s| words(s).next().is_some()).collect()
}

/// What a statement does to which table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// SELECT, VALUES, WITH … : reads only.
    Read,
    /// INSERT, UPDATE or DELETE on this table (lower case).
    Change(String),
    /// Anything else (DDL, PRAGMA, transaction control): not for callers.
    Other(String),
}

/// Reads the first words of a statement.
pub(crate) fn effect(sql: &str) -> Effect {
    let mut words = words(sql);
    let first = words.next().unwrap_or_default().to_ascii_uppercase();
    let target = match first.as_str() {
        "SELECT" | "VALUES" => return Effect::Read,
        // A leading WITH may hide a change in both databases, so it has to be a pure query.
        "WITH" => {
            let hidden =
                words.any(|w| ["INSERT", "UPDATE", "DELETE"].iter().any(|c| w.eq_ignore_ascii_case(c)));
            return if hidden {
                Effect::Other("WITH … INSERT/UPDATE/DELETE".to_owned())
            } else {
                Effect::Read
            };
        }
        "INSERT" => words.next().filter(|w| w.eq_ignore_ascii_case("INTO")).and_then(|_| words.next()),
        "UPDATE" => words.next(),
        "DELETE" => words.next().filter(|w| w.eq_ignore_ascii_case("FROM")).and_then(|_| words.next()),
        _ => None,
    };
    match target {
        Some(table) if !table.is_empty() => Effect::Change(table.to_ascii_lowercase()),
        _ => Effect::Other(first),
    }
}

fn words(sql: &str) -> impl Iterator<Item = &str> {
    tokens(sql).filter_map(|t| match t {
        Token::Word(w) => Some(w),
        // A quoted name counts as a word; a comment doesn't.
        Token::Quoted(q) if q.starts_with('"') => Some(q.trim_matches('"')),
        _ => None,
    })
}

fn tokens(sql: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = sql;
    std::iter::from_fn(move || {
        let (token, len) = next_token(rest)?;
        rest = rest.get(len..).unwrap_or_default();
        Some(token)
    })
}

fn next_token(rest: &str) -> Option<(Token<'_>, usize)> {
    let first = rest.chars().next()?;
    let len = match first {
        '\'' | '"' => quoted_len(rest, first),
        '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
        '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |at| at + 2),
        '?' => 1 + run(rest, 1, |c| c.is_ascii_digit()),
        c if is_word(c) => run(rest, 0, is_word),
        c if c.is_whitespace() => run(rest, 0, char::is_whitespace),
        c => c.len_utf8(),
    };
    let text = rest.get(..len)?;
    let token = match first {
        '\'' | '"' => Token::Quoted(text),
        '-' | '/' if len > 1 => Token::Quoted(text),
        '?' if len > 1 => Token::Placeholder(text),
        c if is_word(c) => Token::Word(text),
        _ => Token::Other(text),
    };
    Some((token, len))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Bytes of the run of characters that satisfy `is`, after `skip` bytes.
fn run(text: &str, skip: usize, is: impl Fn(char) -> bool) -> usize {
    text.get(skip..).unwrap_or_default().chars().take_while(|c| is(*c)).map(char::len_utf8).sum()
}

/// Length of a literal with its quotes; a doubled quote stays inside. An open literal runs to the end.
fn quoted_len(rest: &str, quote: char) -> usize {
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == quote {
            if chars.peek().is_some_and(|(_, n)| *n == quote) {
                chars.next();
            } else {
                return at + 1;
            }
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_rewritten_outside_literals_only() {
        let check = |sql: &str, expect: &str| assert_eq!(placeholders(Dialect::Postgres, sql), expect);
        check("SELECT ?1, '?1', \"?2\" -- ?3\n, ?12", "SELECT $1, '?1', \"?2\" -- ?3\n, $12");
        check("SELECT 'it''s ?1', /* ?2 */ ?2", "SELECT 'it''s ?1', /* ?2 */ $2");
        check("SELECT 'open ?1", "SELECT 'open ?1");
        check("SELECT '伊万里?1' || ?1", "SELECT '伊万里?1' || $1");
        assert_eq!(placeholders(Dialect::Sqlite, "SELECT ?1"), "SELECT ?1");
    }

    #[test]
    fn types_are_mapped_and_sqlite_tables_become_strict() {
        let script = "CREATE TABLE t (id BIGINT PRIMARY KEY, b BLOB, t TEXT DEFAULT 'BLOB;x');\nCREATE INDEX i ON t (t);";
        assert_eq!(
            ddl(Dialect::Sqlite, script),
            [
                "CREATE TABLE t (id INTEGER PRIMARY KEY, b BLOB, t TEXT DEFAULT 'BLOB;x') STRICT",
                "CREATE INDEX i ON t (t)"
            ]
        );
        assert_eq!(
            ddl(Dialect::Postgres, script).first().map(String::as_str),
            Some("CREATE TABLE t (id BIGINT PRIMARY KEY, b BYTEA, t TEXT COLLATE \"C\" DEFAULT 'BLOB;x')")
        );
    }

    #[test]
    fn the_changed_table_is_recognised() {
        let check = |sql: &str, expect: Effect| assert_eq!(effect(sql), expect, "{sql}");
        check("select 1", Effect::Read);
        check("-- x\n insert INTO Foo (a) VALUES (1)", Effect::Change("foo".into()));
        check("UPDATE \"Foo\" SET a=1", Effect::Change("foo".into()));
        check("DELETE FROM foo", Effect::Change("foo".into()));
        check("DROP TABLE foo", Effect::Other("DROP".into()));
        check("WITH x AS (SELECT 1) SELECT * FROM x", Effect::Read);
        check("WITH x AS (SELECT 1) DELETE FROM x", Effect::Other("WITH … INSERT/UPDATE/DELETE".into()));
        check("INSERT OR REPLACE INTO foo VALUES (1)", Effect::Other("INSERT".into()));
        check("", Effect::Other(String::new()));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_scanned_without_loss(text in ".{0,200}") {
            let joined: String = tokens(&text).map(|t| match t {
                Token::Word(t) | Token::Quoted(t) | Token::Placeholder(t) | Token::Other(t) => t,
            }).collect();
            assert_eq!(joined, text);
            let _ = (effect(&text), ddl(Dialect::Postgres, &text));
        }
    }
}
