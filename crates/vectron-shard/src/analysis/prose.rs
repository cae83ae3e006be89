//! Words of scripts with spaces, from the segments of Unicode's word boundaries (UAX #29). A segment that joins words by a dot, a
//! colon or an apostrophe is its words, and counts once more as a whole: `Node.js` is found by `node`, and first by itself.

use super::{Analyzer, MAX_WORD_BYTES, Role, Sink};
use crate::analysis::fold::{fold, prepared};
use crate::analysis::languages::{Apostrophe, may_be_elided};
use crate::analysis::script::has_apostrophes;
use unicode_normalization::char::is_combining_mark;

/// Fewest letters of a stem without accents that is asked for beside the one of the word as it is written.
const LEAST_OTHER_STEM: usize = 4;
/// What hangs on after an apostrophe and is no word of its own.
const CONTRACTED: [&str; 7] = ["s", "d", "m", "ll", "re", "ve", "n"];

/// A part of a segment between two separators.
struct Part<'a> {
    text: &'a str,
    /// Where it begins in the segment.
    at: usize,
    /// The separator before it.
    after: Option<char>,
}

impl Part<'_> {
    fn is_number(&self) -> bool {
        self.text.bytes().all(|byte| byte.is_ascii_digit())
    }
}

fn parts(segment: &str) -> Vec<Part<'_>> {
    // The middle dot of the Catalan l·l and the sign of Hebrew abbreviations are parts of the word.
    let is_letter = |c: char| {
        c.is_alphanumeric() || matches!(c, '\u{B7}' | '"') || (!c.is_ascii() && is_combining_mark(c))
    };
    let mut parts = Vec::new();
    let (mut start, mut after) = (None, None);
    for (at, c) in segment.char_indices() {
        match (is_letter(c), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                parts.push(Part { text: &segment[from..at], at: from, after });
                (start, after) = (None, Some(c));
            }
            (false, None) => after = Some(c),
            (true, Some(_)) => {}
        }
    }
    if let Some(from) = start {
        parts.push(Part { text: &segment[from..], at: from, after });
    }
    parts
}

/// A number with separators, without those of its thousands and with a dot before its decimals; `None`: it is none.
fn number(parts: &[Part<'_>]) -> Option<String> {
    let (first, rest) = parts.split_first()?;
    if rest.is_empty() || !parts.iter().all(Part::is_number) {
        return None;
    }
    let separator = rest[0].after?;
    let grouped = |rest: &[Part<'_>]| {
        (1..=3).contains(&first.text.len())
            && rest.iter().all(|part| part.text.len() == 3 && part.after == Some(separator))
    };
    let digits = |parts: &[Part<'_>]| parts.iter().map(|part| part.text).collect::<String>();
    let (last, groups) = rest.split_last()?;
    if (rest.len() > 1 || separator != '.') && grouped(rest) {
        return Some(digits(parts));
    }
    if groups.is_empty() {
        return Some(format!("{}.{}", first.text, last.text));
    }
    let has_decimals = last.after != Some(separator) && grouped(groups);
    has_decimals.then(|| format!("{}.{}", digits(&parts[..parts.len() - 1]), last.text))
}

impl Analyzer {
    /// The tokens of a segment that begins at the byte `at` of the text.
    pub(super) fn prose(&self, segment: &str, at: usize, sink: &mut Sink<'_, '_>) {
        let parts = parts(segment);
        let end = at + segment.len();
        if let Some(number) = number(&parts) {
            sink.put(&number, Role::Word, at, end);
            return sink.next_position();
        }
        if parts.len() > 2 && parts.iter().all(Part::is_number) {
            // Two numbers of a version or an address would be asked for as one with decimals.
            for pair in parts.windows(2).filter(|pair| pair[1].after == Some('.')) {
                sink.put(&format!("{}.{}", pair[0].text, pair[1].text), Role::Within, at + pair[0].at, end);
            }
        }
        let mut groups = parts.chunk_by(|_, next| next.after == Some('\'')).peekable();
        let mut is_first = true;
        while let Some(group) = groups.next() {
            if is_first && groups.peek().is_some() {
                let whole = fold(&self.lower(segment)).into_owned();
                sink.put(&whole, Role::Whole, at, end);
            }
            is_first = false;
            match group {
                [part] => self.word(part.text, at + part.at, sink),
                _ => self.with_apostrophes(segment, group, at, sink),
            }
        }
    }

    /// A word in lower case, by the letters of the language.
    pub(super) fn lower(&self, word: &str) -> String {
        match self.language().map(|language| language.name) {
            Some("turkish") => word.replace('I', "ı").replace('İ', "i").to_lowercase(),
            _ if word.is_ascii() => word.to_ascii_lowercase(),
            // The sigma at the end of a word is folded, wherever a word ends.
            _ => word.to_lowercase(),
        }
    }

    /// A word without separators, and its position.
    fn word(&self, word: &str, at: usize, sink: &mut Sink<'_, '_>) {
        self.word_as(word, at, at + word.len(), sink);
        sink.next_position();
    }

    fn word_as(&self, word: &str, at: usize, end: usize, sink: &mut Sink<'_, '_>) {
        let lower = self.lower(word);
        let folded = fold(&lower);
        if sink.is_stop_word(&folded) {
            return;
        }
        let Some((stemmer, language)) = self.stemmer().filter(|_| lower.len() <= MAX_WORD_BYTES) else {
            return sink.put(&folded, Role::Word, at, end);
        };
        let prepared = prepared(language.name, &lower);
        let stem = stemmer.stem(&prepared);
        let stem = fold(&stem);
        sink.put(&stem, Role::Word, at, end);
        if *folded != *prepared {
            // Who leaves the accents out finds the word, too.
            let other = stemmer.stem(&folded);
            let other = fold(&other);
            if other != stem {
                let asked = other.chars().count() >= LEAST_OTHER_STEM;
                sink.put(&other, Role::Also { asked }, at, end);
            }
        }
    }

    /// Parts of one word, or of two, around apostrophes.
    fn with_apostrophes(&self, segment: &str, parts: &[Part<'_>], at: usize, sink: &mut Sink<'_, '_>) {
        let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return };
        let (start, end) = (at + first.at, at + last.at + last.text.len());
        let whole = || &segment[first.at..last.at + last.text.len()];
        if has_apostrophes(whole()) {
            // Of how the letter before it is spoken in Ukrainian, Belarusian and Hebrew.
            self.word_as(&whole().replace('\'', ""), start, end, sink);
            return sink.next_position();
        }
        let rule = self.language().map_or(Apostrophe::Joins, |language| language.apostrophe);
        let (head, tail) = (self.lower(first.text), self.lower(last.text));
        match (rule, parts) {
            (Apostrophe::Elides(shortened), [_, word]) if shortened.contains(&head.as_str()) => {
                return self.word(word.text, at + word.at, sink);
            }
            (Apostrophe::Contracts, [_, _]) if tail == "t" => {
                self.word_as(whole(), start, end, sink);
                return sink.next_position();
            }
            (Apostrophe::Contracts, [word, _]) if CONTRACTED.contains(&tail.as_str()) => {
                return self.word(word.text, at + word.at, sink);
            }
            (Apostrophe::Inflects, [word, _]) if head.chars().count() > 1 => {
                return self.word(word.text, at + word.at, sink);
            }
            _ => {}
        }
        let joined = self.lower(whole());
        sink.put(&fold(&joined), Role::Whole, start, end);
        // What may be left out is not asked for: l'eau is found by eau and finds it.
        let has_word = |part: &Part<'_>| !may_be_elided(&self.lower(part.text));
        let any = parts.iter().any(has_word);
        for (place, part) in parts.iter().enumerate() {
            let from = at + part.at;
            let is_last = place + 1 == parts.len();
            if has_word(part) || (is_last && !any) {
                self.word(part.text, from, sink);
            } else {
                let lower = self.lower(part.text);
                sink.put(&fold(&lower), Role::Whole, from, from + part.text.len());
            }
        }
    }
}
