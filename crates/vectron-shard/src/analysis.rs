//! Words of a text: what an index keeps of it, and what a query asks for (docs/adr/0038-words.md).
//!
//! A text is brought into normal form (normal.rs), cut into segments by Unicode's word boundaries or, for code, by white
//! space, and each segment into tokens: prose.rs for scripts with spaces, runs.rs for those without, code.rs for code. A
//! word loses its case, the ending that its language gives it (Snowball), then what is folded (fold.rs). Nothing of this
//! depends on the processor or on the locale; it does on the versions of the tables, so that indexes of words are built
//! anew whenever a shard is opened and are never sent to another replica.

mod code;
mod fold;
mod languages;
mod normal;
mod phrase;
mod prose;
mod runs;
mod script;

pub use phrase::Phrase;

use crate::hash::routing_hash;
use crate::proto::PayloadIndex;
use crate::{Result, ShardError};
use fold::fold;
use frostem::Stemmer;
use languages::{LANGUAGES, Language};
use normal::{Normal, ZERO_WIDTH_SPACE};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use unicode_segmentation::UnicodeSegmentation;

/// A longer term is its beginning and a hash of the whole: it equals itself alone, and takes no more room than this.
pub const MAX_WORD_BYTES: usize = 128;
const HASH_DIGITS: usize = 16;
/// Stands for the usual words of the language among the stop words.
const LANGUAGE_STOP_WORDS: &str = "_language_";
const MAX_STOP_WORDS: usize = 10_000;

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A word: kept and asked for.
    Word,
    /// Another form of the word before it, kept at the same position; `asked`: who asks for the word takes it as well.
    Also { asked: bool },
    /// Taken in place of the word before it, where the other one is asked for. Not kept.
    Instead,
    /// Several words as one: kept, and adds to the score of who has it. Nobody needs it.
    Whole,
    /// Kept for who asks for just that.
    Within,
    /// A unit of a script without spaces: kept; `asked`: it is a word by itself.
    Unit { asked: bool },
    /// Two neighbouring units: kept; `asked`: they are of one word.
    Pair { asked: bool },
}

impl Role {
    fn is_kept(self) -> bool {
        self != Self::Instead
    }

    /// Whether it has a position of its own.
    fn is_counted(self) -> bool {
        matches!(self, Self::Word | Self::Unit { .. })
    }

    fn is_scored(self) -> bool {
        match self {
            Self::Word | Self::Whole => true,
            Self::Also { asked } | Self::Unit { asked } | Self::Pair { asked } => asked,
            Self::Instead | Self::Within => false,
        }
    }
}

/// A term of a text, and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Token<'a> {
    pub term: &'a str,
    pub role: Role,
    /// Of words and units, from 0; stop words have one, too.
    pub position: u32,
    /// Bytes of the normal form.
    start: usize,
    end: usize,
}

/// Takes the tokens of a text in their order.
struct Sink<'a, 'b> {
    stop_words: &'a HashSet<Box<str>>,
    position: u32,
    take: &'b mut dyn FnMut(Token<'_>),
}

impl Sink<'_, '_> {
    fn is_stop_word(&self, folded: &str) -> bool {
        !self.stop_words.is_empty() && self.stop_words.contains(folded)
    }

    fn put(&mut self, term: &str, role: Role, start: usize, end: usize) {
        if !term.is_empty() {
            (self.take)(Token { term: &bounded(term), role, position: self.position, start, end });
        }
    }

    /// At the position before this one.
    fn put_before(&mut self, term: &str, role: Role, start: usize, end: usize) {
        let position = self.position;
        self.position = position.saturating_sub(1);
        self.put(term, role, start, end);
        self.position = position;
    }

    fn next_position(&mut self) {
        self.position += 1;
    }
}

fn bounded(term: &str) -> Cow<'_, str> {
    if term.len() <= MAX_WORD_BYTES {
        return Cow::Borrowed(term);
    }
    let fits = MAX_WORD_BYTES - HASH_DIGITS;
    let end = (0..=fits).rev().find(|at| term.is_char_boundary(*at)).unwrap_or(0);
    Cow::Owned(format!("{}{:016x}", &term[..end], routing_hash(term)))
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Prose,
    Code,
}

/// How a text becomes words; equal analysers give equal words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Analyzer {
    kind: Kind,
    /// Place in [`LANGUAGES`]; `None`: words are not stemmed.
    language: Option<usize>,
    /// Folded.
    stop_words: Arc<HashSet<Box<str>>>,
}

/// Words of which one is enough.
pub type OneOf = Vec<String>;

/// Where a token stands in the source, with what it is.
pub struct Analyzed {
    pub term: String,
    pub role: Role,
    pub position: u32,
    /// Bytes of the source.
    pub start: usize,
    pub end: usize,
}

impl Analyzer {
    /// By the settings of a text index. Errors say which setting is wrong.
    pub fn new(index: &PayloadIndex) -> Result<Self> {
        let wrong = |what: String| Err(ShardError::Invalid(what));
        let kind = match index.analyzer.as_str() {
            "" | "words" => Kind::Prose,
            "code" => Kind::Code,
            other => return wrong(format!("analyzer must be words or code, not {other:?}")),
        };
        let language = Language::find(&index.language)?;
        if kind == Kind::Code && language.is_some() {
            return wrong("the analyzer code does not stem words: omit the language".into());
        }
        if index.stop_words.len() > MAX_STOP_WORDS {
            return wrong(format!("a text index can have at most {MAX_STOP_WORDS} stop words"));
        }
        let mut analyzer = Self { kind, language, stop_words: Arc::default() };
        let mut stop_words = HashSet::new();
        for word in &index.stop_words {
            if word == LANGUAGE_STOP_WORDS {
                let Some(language) = analyzer.language() else {
                    return wrong(format!("the stop words {LANGUAGE_STOP_WORDS} require a language"));
                };
                stop_words.extend(language.stop_words()?.iter().map(|word| analyzer.folded(word)));
            } else if word.trim().is_empty() || word.contains(char::is_whitespace) {
                return wrong(format!("stop word {word:?} must be one word"));
            } else {
                stop_words.insert(analyzer.folded(word));
            }
        }
        analyzer.stop_words = Arc::new(stop_words);
        Ok(analyzer)
    }

    fn folded(&self, word: &str) -> Box<str> {
        let lower = self.lower(&Normal::of(word).text);
        fold(&lower).into()
    }

    fn language(&self) -> Option<&'static Language> {
        self.language.map(|at| &LANGUAGES[at])
    }

    fn stemmer(&self) -> Option<(Stemmer, &'static Language)> {
        self.language().map(|language| (Stemmer::new(language.algorithm), language))
    }

    /// Calls `take` with each token. Linear in the length of the text.
    fn tokens(&self, text: &str, take: &mut dyn FnMut(Token<'_>)) {
        let mut sink = Sink { stop_words: &self.stop_words, position: 0, take };
        match self.kind {
            Kind::Prose => self.prose_tokens(text, &mut sink),
            Kind::Code => code_tokens(text, &mut sink),
        }
    }

    fn prose_tokens(&self, text: &str, sink: &mut Sink<'_, '_>) {
        // The run that is being gathered.
        let mut run: Option<(usize, usize)> = None;
        for (at, segment) in text.unicode_word_indices() {
            for (offset, piece, is_run) in by_script(segment) {
                let (start, end) = (at + offset, at + offset + piece.len());
                let goes_on = |(_, run_end): &(usize, usize)| {
                    is_run && text[*run_end..start].chars().all(|c| c == ZERO_WIDTH_SPACE)
                };
                match &mut run {
                    Some(known) if goes_on(known) => known.1 = end,
                    _ => {
                        if let Some((from, to)) = run.take() {
                            runs::tokens(&text[from..to], from, sink);
                        }
                        if is_run {
                            run = Some((start, end));
                        } else {
                            self.prose(piece, start, sink);
                        }
                    }
                }
            }
        }
        if let Some((from, to)) = run {
            runs::tokens(&text[from..to], from, sink);
        }
    }

    /// How often the text has each term that is kept, added to `counts`; how many words it has.
    pub fn counts(&self, text: &str, counts: &mut BTreeMap<String, u32>) -> u32 {
        let (mut words, mut kept) = (0, false);
        self.tokens(&Normal::of(text).text, &mut |token| {
            words += u32::from(token.role.is_counted());
            if token.role.is_kept() {
                kept = true;
                add(counts, token.term);
            }
        });
        words.max(u32::from(kept))
    }

    /// How often a query has each term that is scored.
    pub fn scored(&self, query: &str) -> BTreeMap<String, u32> {
        let mut counts = BTreeMap::new();
        self.tokens(&Normal::of(query).text, &mut |token| {
            if token.role.is_scored() {
                add(&mut counts, token.term);
            }
        });
        counts
    }

    /// What a text must have one each of, to have every word of the query; empty: the query has no words.
    pub fn asked(&self, query: &str) -> Vec<OneOf> {
        let mut groups: Vec<OneOf> = Vec::new();
        self.tokens(&Normal::of(query).text, &mut |token| match token.role {
            Role::Word | Role::Unit { asked: true } | Role::Pair { asked: true } => {
                groups.push(vec![token.term.to_owned()]);
            }
            Role::Also { asked: true } | Role::Instead => {
                groups.iter_mut().last().into_iter().for_each(|group| group.push(token.term.to_owned()));
            }
            _ => {}
        });
        groups.sort_unstable();
        groups.dedup();
        groups
    }

    /// Whether the text has one of each.
    pub fn has(&self, text: &str, asked: &[OneOf]) -> bool {
        let mut left: Vec<&OneOf> = asked.iter().collect();
        self.tokens(&Normal::of(text).text, &mut |token| {
            if token.role.is_kept() {
                left.retain(|group| !group.iter().any(|term| term == token.term));
            }
        });
        left.is_empty()
    }

    /// Every token with its place in the text.
    pub fn analyze(&self, text: &str) -> Vec<Analyzed> {
        let normal = Normal::of(text);
        let mut all = Vec::new();
        self.tokens(&normal.text, &mut |Token { term, role, position, start, end }| {
            let (start, end) = normal.source_of(start, end);
            all.push(Analyzed { term: term.to_owned(), role, position, start, end });
        });
        all
    }
}

fn code_tokens(text: &str, sink: &mut Sink<'_, '_>) {
    for piece in text.split(char::is_whitespace) {
        let at = piece.as_ptr() as usize - text.as_ptr() as usize;
        for (offset, part, is_run) in by_script(piece) {
            match is_run {
                true => runs::tokens(part, at + offset, sink),
                false => code::tokens(part, at + offset, sink),
            }
        }
    }
}

fn add(counts: &mut BTreeMap<String, u32>, term: &str) {
    match counts.get_mut(term) {
        Some(count) => *count += 1,
        None => drop(counts.insert(term.to_owned(), 1)),
    }
}

/// The stretches of a segment, each with its offset and whether its script has no spaces.
fn by_script(segment: &str) -> impl Iterator<Item = (usize, &str, bool)> {
    let mut rest = if segment.is_empty() { None } else { Some(0) };
    std::iter::from_fn(move || {
        let from = rest?;
        let stretch = &segment[from..];
        let is_run = !segment.is_ascii() && stretch.starts_with(script::is_run);
        let end = match segment.is_ascii() {
            true => None,
            false => stretch.find(|c| script::is_run(c) != is_run),
        };
        rest = end.map(|end| from + end);
        Some((from, &stretch[..end.unwrap_or(stretch.len())], is_run))
    })
}

#[cfg(test)]
mod tests;
