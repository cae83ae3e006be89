//! Words that stand next to each other.

use super::{Analyzer, Normal, OneOf, Role};
use crate::{Result, ShardError};
use std::collections::{HashMap, HashSet};

/// Most words of a phrase.
const MAX_WORDS: usize = 256;

/// What a text must have in a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Phrase {
    /// Rising distances from the first word, which is at 0; stop words leave gaps.
    words: Vec<(u32, OneOf)>,
    asked: Vec<OneOf>,
}

impl Phrase {
    /// Refuses a phrase without words, and one of too many.
    pub fn new(analyzer: &Analyzer, phrase: &str) -> Result<Self> {
        let mut words: Vec<(u32, OneOf)> = Vec::new();
        analyzer.tokens(&Normal::of(phrase).text, &mut |token| match token.role {
            Role::Word | Role::Unit { .. } => words.push((token.position, vec![token.term.to_owned()])),
            Role::Also { asked: true } => {
                words.iter_mut().last().into_iter().for_each(|(_, group)| group.push(token.term.to_owned()));
            }
            _ => {}
        });
        let Some(&(first, _)) = words.first() else {
            return Err(ShardError::Invalid(format!("the phrase {phrase:?} must contain at least one word")));
        };
        if words.len() > MAX_WORDS {
            return Err(ShardError::Invalid(format!(
                "a phrase can have at most {MAX_WORDS} words, not {}",
                words.len()
            )));
        }
        words.iter_mut().for_each(|(position, _)| *position -= first);
        Ok(Self { words, asked: analyzer.asked(phrase) })
    }

    /// What a text that has the phrase has, in any order.
    pub fn asked(&self) -> &[OneOf] {
        &self.asked
    }

    pub fn is_one_word(&self) -> bool {
        self.words.len() == 1 && self.asked.len() == 1
    }

    pub fn is_in(&self, analyzer: &Analyzer, text: &str) -> bool {
        let wanted: HashSet<&str> =
            self.words.iter().flat_map(|(_, group)| group).map(String::as_str).collect();
        // Where each wanted word stands.
        let mut places: HashMap<&str, HashSet<u32>> = HashMap::new();
        analyzer.tokens(&Normal::of(text).text, &mut |token| {
            if matches!(token.role, Role::Word | Role::Unit { .. } | Role::Also { .. })
                && let Some(word) = wanted.get(token.term)
            {
                places.entry(word).or_default().insert(token.position);
            }
        });
        let stands = |group: &OneOf, at: u32| {
            group.iter().any(|word| places.get(word.as_str()).is_some_and(|places| places.contains(&at)))
        };
        let Some((_, first)) = self.words.first() else { return false };
        let starts = first.iter().filter_map(|word| places.get(word.as_str())).flatten();
        starts
            .into_iter()
            .any(|start| self.words.iter().all(|(distance, group)| stands(group, start + distance)))
    }
}
