//! Letters that count as equal. Marks that a reader may leave out are dropped: accents of Latin and Greek letters, stress on
//! Cyrillic ones, the vowel points of Hebrew and Arabic. Marks that make another letter stay: й and ї, the vowels and
//! nuktas of Indic scripts, voicing of kana. Stems are folded, not what is stemmed: endings have accents.

use std::borrow::Cow;
use unicode_normalization::char::{decompose_canonical, is_combining_mark};
use unicode_script::{Script, UnicodeScript};

/// `word`: in lower case, in normal form.
pub fn fold(word: &str) -> Cow<'_, str> {
    if word.is_ascii() && !word.contains(['\'', '"']) {
        return Cow::Borrowed(word);
    }
    let mut folded = String::with_capacity(word.len());
    let mut base = Script::Unknown;
    for c in word.chars() {
        let script = c.script();
        let is_mark = !c.is_ascii() && is_combining_mark(c);
        if !is_mark {
            base = script;
        }
        match base {
            _ if matches!(c, '\'' | '"' | '\u{B7}') => {}
            _ if c.is_ascii() => folded.push(c),
            Script::Latin | Script::Greek => decompose_canonical(c, |part| {
                if !is_combining_mark(part) {
                    push_letter(&mut folded, part);
                }
            }),
            Script::Cyrillic => push_cyrillic(&mut folded, c),
            Script::Hebrew | Script::Arabic => decompose_canonical(c, |part| {
                if !is_combining_mark(part) {
                    folded.push(arabic_letter(part));
                }
            }),
            _ => folded.push(c),
        }
    }
    Cow::Owned(folded)
}

/// Latin letters that Unicode does not take apart, and the sigma at the end of a word.
fn push_letter(folded: &mut String, letter: char) {
    let plain = match letter {
        'ß' | 'ẞ' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        'ĳ' => "ij",
        'ø' => "o",
        'ł' | 'ƚ' => "l",
        'đ' | 'ð' | 'ɖ' | 'ɗ' => "d",
        'ħ' => "h",
        'ı' | 'ɨ' => "i",
        'ŧ' => "t",
        'ŋ' => "n",
        'ĸ' | 'ƙ' => "k",
        'ɓ' | 'ƀ' => "b",
        'ɠ' | 'ǥ' => "g",
        'ƴ' => "y",
        'ƶ' => "z",
        'ſ' => "s",
        'ς' => "σ",
        other => return folded.push(other),
    };
    folded.push_str(plain);
}

/// Stress is dropped and ё is е, as most texts print both; other marks make letters of their own (й, ї, ў, ѓ, ќ).
fn push_cyrillic(folded: &mut String, c: char) {
    match c {
        'ё' | 'ѐ' => folded.push('е'),
        'ѝ' => folded.push('и'),
        '\u{300}' | '\u{301}' => {}
        other => folded.push(other),
    }
}

/// Forms of one letter in the alphabets of Arabic, Persian and Urdu.
fn arabic_letter(letter: char) -> char {
    match letter {
        'ی' | 'ى' | 'ے' | 'ۍ' => 'ي',
        'ک' => 'ك',
        'ہ' | 'ھ' | 'ە' | 'ة' | 'ۃ' => 'ه',
        'ٱ' => 'ا',
        other => other,
    }
}

/// What a stemmer is given: marks that no ending has are gone, and letters are those of its language.
pub fn prepared<'a>(language: &str, word: &'a str) -> Cow<'a, str> {
    if word.is_ascii() {
        return Cow::Borrowed(word);
    }
    match language {
        "greek" => fold(word),
        "persian" => {
            let letters = word.chars().filter(|c| !is_combining_mark(*c));
            Cow::Owned(
                letters
                    .map(|c| match c {
                        'ي' | 'ى' => 'ی',
                        'ك' => 'ک',
                        c => c,
                    })
                    .collect(),
            )
        }
        // The usual plural of words in -ão, which Snowball takes for another ending.
        "portuguese" if word.ends_with("ões") => {
            Cow::Owned(format!("{}ão", word.strip_suffix("ões").unwrap_or(word)))
        }
        "arabic" => Cow::Owned(word.chars().filter(|c| !is_combining_mark(*c)).collect()),
        _ if word.chars().any(|c| c.script() == Script::Cyrillic) => fold(word),
        _ => Cow::Borrowed(word),
    }
}
