//! The normal form that words are cut from: compatibility composition (NFKC), one apostrophe, ASCII digits, nothing that is
//! invisible; and where each piece of it came from.

use std::borrow::Cow;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};
use unicode_segmentation::UnicodeSegmentation;

/// Ends a word in scripts without spaces, and shows nothing.
pub const ZERO_WIDTH_SPACE: char = '\u{200B}';

/// The digits zero of the decimal number systems; each is followed by its other nine.
const ZEROS: [char; 36] = [
    '\u{660}', '\u{6F0}', '\u{7C0}', '\u{966}', '\u{9E6}', '\u{A66}', '\u{AE6}', '\u{B66}', '\u{BE6}',
    '\u{C66}', '\u{CE6}', '\u{D66}', '\u{DE6}', '\u{E50}', '\u{ED0}', '\u{F20}', '\u{1040}', '\u{1090}',
    '\u{17E0}', '\u{1810}', '\u{1946}', '\u{19D0}', '\u{1A80}', '\u{1A90}', '\u{1B50}', '\u{1BB0}',
    '\u{1C40}', '\u{1C50}', '\u{A620}', '\u{A8D0}', '\u{A900}', '\u{A9D0}', '\u{A9F0}', '\u{AA50}',
    '\u{ABF0}', '\u{FF10}',
];

/// A text in normal form.
pub struct Normal<'a> {
    pub text: Cow<'a, str>,
    /// Where each grapheme cluster begins, in the normal form and in the source. Empty: both are the same text.
    clusters: Vec<(usize, usize)>,
    source: usize,
}

impl<'a> Normal<'a> {
    pub fn of(source: &'a str) -> Self {
        if is_normal(source) {
            return Self { text: Cow::Borrowed(source), clusters: Vec::new(), source: source.len() };
        }
        let mut text = String::with_capacity(source.len());
        let mut clusters = Vec::with_capacity(source.len());
        for (at, cluster) in source.grapheme_indices(true) {
            clusters.push((text.len(), at));
            push(&mut text, cluster);
        }
        Self { text: Cow::Owned(text), clusters, source: source.len() }
    }

    /// The bytes of the source that the bytes of the normal form come from.
    pub fn source_of(&self, start: usize, end: usize) -> (usize, usize) {
        if self.clusters.is_empty() {
            return (start, end);
        }
        let first = self.clusters.partition_point(|(normal, _)| *normal <= start);
        let after = self.clusters.partition_point(|(normal, _)| *normal < end);
        let at = |cluster: usize| self.clusters.get(cluster).map_or(self.source, |(_, source)| *source);
        (at(first.saturating_sub(1)), at(after))
    }
}

fn is_normal(text: &str) -> bool {
    let is_kept = |c: char| replaced(c) == Some(c) && !matches!(c, '\u{E4D}' | '\u{ECD}');
    text.is_ascii() || (text.chars().all(is_kept) && is_nfkc_quick(text.chars()) == IsNormalized::Yes)
}

fn push(text: &mut String, cluster: &str) {
    if cluster.is_ascii() {
        return text.push_str(cluster);
    }
    // The vowel AM of Thai and Lao is one letter to its readers and to the dictionaries, and two to NFKC.
    let mut rest = cluster;
    while let Some(at) = rest.find(['\u{E33}', '\u{EB3}']) {
        let (before, from) = rest.split_at(at);
        text.extend(before.chars().filter_map(replaced).nfkc());
        let mut chars = from.chars();
        text.extend(chars.next());
        rest = chars.as_str();
    }
    if rest.starts_with(['\u{E32}', '\u{EB2}']) && join_am(text, rest) {
        return;
    }
    text.extend(rest.chars().filter_map(replaced).nfkc().filter_map(replaced));
}

/// The vowel AM written as its two halves, perhaps around a tone mark.
fn join_am(text: &mut String, rest: &str) -> bool {
    let (half, whole) =
        if rest.starts_with('\u{E32}') { ('\u{E4D}', '\u{E33}') } else { ('\u{ECD}', '\u{EB3}') };
    let tone =
        text.chars().next_back().filter(|c| matches!(c, '\u{E48}'..='\u{E4B}' | '\u{EC8}'..='\u{ECB}'));
    let before = &text[..text.len() - tone.map_or(0, char::len_utf8)];
    let Some(base) = before.strip_suffix(half) else { return false };
    text.truncate(base.len());
    text.extend(tone);
    text.push(whole);
    text.push_str(&rest[half.len_utf8()..]);
    true
}

/// What a character stands for; `None`: for nothing that is seen.
fn replaced(c: char) -> Option<char> {
    if c.is_ascii() {
        return Some(c);
    }
    match c {
        // Apostrophes, and what stands for them where keyboards have none.
        '\u{B4}'
        | '\u{2B9}'..='\u{2BC}'
        | '\u{55A}'
        | '\u{5F3}'
        | '\u{2018}'
        | '\u{2019}'
        | '\u{201B}'
        | '\u{2032}'
        | '\u{FF07}' => Some('\''),
        '\u{5F4}' => Some('"'),
        '\u{2010}' | '\u{2011}' | '\u{2212}' => Some('-'),
        '\u{AD}'
        | '\u{34F}'
        | '\u{61C}'
        | '\u{115F}'
        | '\u{1160}'
        | '\u{17B4}'
        | '\u{17B5}'
        | '\u{180B}'..='\u{180F}'
        | '\u{200C}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}'
        | '\u{FFA0}'
        | '\u{E0100}'..='\u{E01EF}' => None,
        // The kashida makes a word longer to the eye, not another one.
        '\u{640}' => None,
        c => {
            let zero = ZEROS.iter().rev().find(|zero| **zero <= c);
            match zero.map(|zero| c as u32 - *zero as u32) {
                Some(digit @ 0..=9) => char::from_digit(digit, 10),
                _ => Some(c),
            }
        }
    }
}
