//! Words of a text: Unicode word boundaries (UAX #29), compatibility decomposition without accents, lower case, and
//! where a language is given its Snowball stems (docs/adr/0023-text.md).

use crate::{Result, ShardError};
use rust_stemmers::{Algorithm, Stemmer};
use std::collections::BTreeMap;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

/// A longer word is cut.
const MAX_WORD_BYTES: usize = 128;

const LANGUAGES: [(&str, Algorithm); 18] = [
    ("arabic", Algorithm::Arabic),
    ("danish", Algorithm::Danish),
    ("dutch", Algorithm::Dutch),
    ("english", Algorithm::English),
    ("finnish", Algorithm::Finnish),
    ("french", Algorithm::French),
    ("german", Algorithm::German),
    ("greek", Algorithm::Greek),
    ("hungarian", Algorithm::Hungarian),
    ("italian", Algorithm::Italian),
    ("norwegian", Algorithm::Norwegian),
    ("portuguese", Algorithm::Portuguese),
    ("romanian", Algorithm::Romanian),
    ("russian", Algorithm::Russian),
    ("spanish", Algorithm::Spanish),
    ("swedish", Algorithm::Swedish),
    ("tamil", Algorithm::Tamil),
    ("turkish", Algorithm::Turkish),
];

/// How a text becomes words; equal analysers give equal words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Analyzer {
    /// Place in [`LANGUAGES`]; `None`: words are not stemmed.
    language: Option<usize>,
}

impl Analyzer {
    /// `language`: empty or `none`, or the English name of one with a Snowball stemmer.
    pub fn new(language: &str) -> Result<Self> {
        if language.is_empty() || language == "none" {
            return Ok(Self::default());
        }
        match LANGUAGES.iter().position(|(name, _)| *name == language) {
            Some(at) => Ok(Self { language: Some(at) }),
            None => {
                let known: Vec<&str> = LANGUAGES.iter().map(|(name, _)| *name).collect();
                let known = known.join(", ");
                Err(ShardError::Invalid(format!("language {language:?} is none of none, {known}")))
            }
        }
    }

    /// The words in their order.
    pub fn words(&self, text: &str) -> Vec<String> {
        let stemmer = self.language.map(|at| Stemmer::create(LANGUAGES[at].1));
        text.unicode_words()
            .map(|word| {
                let plain: String = match word.is_ascii() {
                    true => word.to_ascii_lowercase(),
                    false => {
                        word.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
                    }
                };
                let mut word = match &stemmer {
                    Some(stemmer) => stemmer.stem(&plain).into_owned(),
                    None => plain,
                };
                if word.len() > MAX_WORD_BYTES {
                    let end = (0..=MAX_WORD_BYTES).rev().find(|at| word.is_char_boundary(*at)).unwrap_or(0);
                    word.truncate(end);
                }
                word
            })
            .collect()
    }

    /// How often each word occurs, and how many words there are.
    pub fn counts(&self, text: &str, counts: &mut BTreeMap<String, u32>) -> u32 {
        let words = self.words(text);
        let length = words.len() as u32;
        words.into_iter().for_each(|word| *counts.entry(word).or_default() += 1);
        length
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lose_case_accents_and_endings() {
        let plain = Analyzer::new("").unwrap();
        assert_eq!(plain.words("Ein Café, ÉTÉ — don't!"), ["ein", "cafe", "ete", "don't"]);
        let english = Analyzer::new("english").unwrap();
        assert_eq!(english.words("running Runners ran"), ["run", "runner", "ran"]);
        assert!(Analyzer::new("klingon").is_err());
        assert!(plain.words(&"ä".repeat(500))[0].len() <= MAX_WORD_BYTES);
    }
}
