//! What is to be known of the scripts.

use unicode_normalization::char::is_combining_mark;
use unicode_script::{Script, UnicodeScript};

/// Whether words are written without spaces between them in the script of the letter, or with endings that hang on
/// without one (Korean).
pub fn is_run(c: char) -> bool {
    if c < '\u{E00}' {
        return false;
    }
    let letter = c.is_alphanumeric() || is_combining_mark(c);
    let script = || {
        use Script::*;
        let runs = [
            Han,
            Hiragana,
            Katakana,
            Bopomofo,
            Hangul,
            Thai,
            Lao,
            Khmer,
            Myanmar,
            Tai_Le,
            New_Tai_Lue,
            Tai_Tham,
            Tai_Viet,
            Yi,
            Nushu,
            Tangut,
        ];
        runs.contains(&c.script())
    };
    // The sound mark that prolongs and those of voicing belong to both kana.
    letter && (matches!(c, '\u{30FC}' | '\u{3099}' | '\u{309A}') || script())
}

/// Whether an apostrophe is a sign within a word, in the script of the letters.
pub fn has_apostrophes(word: &str) -> bool {
    word.chars().any(|c| matches!(c.script(), Script::Cyrillic | Script::Hebrew))
}
