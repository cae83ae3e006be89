//! Scripts that are written without spaces. A run of them is kept as its units (a character, or what a reader takes for one:
//! a consonant with its vowel signs), as pairs of neighbouring units, and as the words of a dictionary. A text has every
//! word that stands in it, wherever the dictionary cuts; what is asked for is cut by the dictionary.

use super::{MAX_WORD_BYTES, Role, Sink};
use crate::analysis::normal::ZERO_WIDTH_SPACE;
use icu_segmenter::options::WordBreakInvariantOptions;
use icu_segmenter::{WordSegmenter, WordSegmenterBorrowed};
use std::sync::LazyLock;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

/// Longest words of a dictionary that count as one, in units: more is text that the dictionary does not know.
const MAX_UNITS: usize = 16;

static DICTIONARIES: LazyLock<WordSegmenterBorrowed<'static>> =
    LazyLock::new(|| WordSegmenter::new_dictionary(WordBreakInvariantOptions::default()));

/// Where each unit begins and ends in the run.
fn units(run: &str) -> Vec<(usize, usize)> {
    let mut units: Vec<(usize, usize)> = Vec::new();
    let mut joinable = false;
    for (at, cluster) in run.grapheme_indices(true) {
        if cluster.starts_with(ZERO_WIDTH_SPACE) {
            joinable = false;
            continue;
        }
        let end = at + cluster.len();
        match units.last_mut() {
            Some((start, unit_end)) if joinable && joins(&run[*start..*unit_end], cluster) => *unit_end = end,
            _ => units.push((at, end)),
        }
        joinable = true;
    }
    units
}

/// Whether no word ends between the two, in the scripts whose syllables Unicode takes apart.
fn joins(before: &str, cluster: &str) -> bool {
    let (Some(last), Some(first)) = (before.chars().next_back(), cluster.chars().next()) else {
        return false;
    };
    let is_leading_vowel = |c: char| matches!(c, '\u{E40}'..='\u{E44}' | '\u{EC0}'..='\u{EC4}');
    let is_following_vowel = matches!(
        first,
        '\u{E30}' | '\u{E32}' | '\u{E33}' | '\u{E45}' | '\u{EB0}' | '\u{EB2}' | '\u{EB3}' | '\u{EBD}'
    );
    let stacks = matches!(last, '\u{17D2}' | '\u{1039}');
    // A consonant without its vowel ends the syllable before it.
    let is_final = || cluster.contains('\u{103A}');
    // A silent ห before another consonant is part of its syllable.
    let is_led = (before == "ห" && matches!(first, 'ง' | 'ญ' | 'น' | 'ม' | 'ย' | 'ร' | 'ล' | 'ว'))
        || (before == "ຫ" && matches!(first, 'ງ' | 'ຍ' | 'ນ' | 'ມ' | 'ຣ' | 'ລ' | 'ວ' | 'ຼ'));
    (is_leading_vowel(last) && before.len() == last.len_utf8())
        || is_led
        || is_following_vowel
        || stacks
        || is_final()
        || is_combining_mark(first)
}

/// For each unit, at which unit the word of the dictionary that it belongs to begins, and after which it ends.
fn dictionary_words(run: &str, units: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut is_start = vec![false; units.len() + 1];
    let mut stretch_at = 0;
    for stretch in run.split(ZERO_WIDTH_SPACE) {
        for cut in DICTIONARIES.segment_str(stretch) {
            if let Ok(unit) = units.binary_search_by_key(&(stretch_at + cut), |(start, _)| *start) {
                is_start[unit] = true;
            }
        }
        let after = stretch_at + stretch.len();
        stretch_at = after + ZERO_WIDTH_SPACE.len_utf8();
        let next = units.partition_point(|(start, _)| *start < after);
        is_start[next] = true;
    }
    let starts = (0..units.len()).filter(|unit| *unit == 0 || is_start[*unit]).chain([units.len()]);
    let starts: Vec<usize> = starts.collect();
    starts.windows(2).map(|pair| (pair[0], pair[1])).collect()
}

/// The tokens of a run that begins at the byte `at` of the text.
pub fn tokens(run: &str, at: usize, sink: &mut Sink<'_, '_>) {
    let units = units(run);
    let joined = |from: usize, to: usize| {
        let part = &run[units[from].0..units[to - 1].1];
        let mut text = std::borrow::Cow::Borrowed(part);
        if part.contains(ZERO_WIDTH_SPACE) {
            text = part.replace(ZERO_WIDTH_SPACE, "").into();
        }
        (text, at + units[from].0, at + units[to - 1].1)
    };
    for (from, to) in dictionary_words(run, &units) {
        let (word, start, end) = joined(from, to);
        let is_stop_word = sink.is_stop_word(&word);
        let asked = !is_stop_word;
        for unit in from..to {
            let (text, unit_start, unit_end) = joined(unit, unit + 1);
            let asked_alone = asked && to - from == 1;
            sink.put(&text, Role::Unit { asked: asked_alone }, unit_start, unit_end);
            if unit + 1 < units.len() {
                let (pair, pair_start, pair_end) = joined(unit, unit + 2);
                sink.put(&pair, Role::Pair { asked: asked && unit + 1 < to }, pair_start, pair_end);
            }
            if unit == from && asked && (2..=MAX_UNITS).contains(&(to - from)) && word.len() <= MAX_WORD_BYTES
            {
                sink.put(&word, Role::Whole, start, end);
            }
            sink.next_position();
        }
    }
}
