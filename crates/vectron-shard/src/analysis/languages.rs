//! What is known of each language: its Snowball stemmer, its usual words, what its apostrophes mean.

use crate::{Result, ShardError};
use frostem::Algorithm;

/// What an apostrophe within a word means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Apostrophe {
    /// Nothing that is known.
    Joins,
    /// One of these words stands shortened before it, as in l'article.
    Elides(&'static [&'static str]),
    /// A word of the grammar hangs on after it, as in John's.
    Contracts,
    /// An ending hangs on after it, as in Ankara'nın.
    Inflects,
}

/// A language whose endings are cut.
pub struct Language {
    pub name: &'static str,
    pub algorithm: Algorithm,
    /// Its code in the lists of usual words.
    stop_words: &'static str,
    pub apostrophe: Apostrophe,
}

const FRENCH: &[&str] = &[
    "l", "m", "t", "qu", "n", "s", "j", "d", "c", "jusqu", "quoiqu", "lorsqu", "puisqu", "presqu", "quelqu",
    "entr",
];
const CATALAN: &[&str] = &["d", "l", "m", "n", "s", "t"];
const ITALIAN: &[&str] = &[
    "c", "l", "all", "dall", "dell", "nell", "sull", "coll", "pell", "gl", "agl", "dagl", "degl", "negl",
    "sugl", "un", "m", "t", "s", "v", "d", "quell", "quest", "bell", "sant", "nessun", "alcun", "ciascun",
    "senz", "anch", "com", "dov", "tutt", "mezz",
];
const IRISH: &[&str] = &["d", "m", "b", "h"];
const PORTUGUESE: &[&str] = &["d", "n", "pel"];
const ESPERANTO: &[&str] = &["l"];

const fn of(
    name: &'static str,
    algorithm: Algorithm,
    stop_words: &'static str,
    apostrophe: Apostrophe,
) -> Language {
    Language { name, algorithm, stop_words, apostrophe }
}

pub const LANGUAGES: [Language; 34] = {
    use Algorithm as A;
    use Apostrophe::{Contracts, Elides, Inflects, Joins};
    [
        of("arabic", A::Arabic, "ar", Joins),
        of("armenian", A::Armenian, "", Joins),
        of("basque", A::Basque, "eu", Joins),
        of("catalan", A::Catalan, "ca", Elides(CATALAN)),
        of("czech", A::Czech, "", Joins),
        of("danish", A::Danish, "da", Contracts),
        of("dutch", A::Dutch, "nl", Contracts),
        of("english", A::English, "en", Contracts),
        of("esperanto", A::Esperanto, "", Elides(ESPERANTO)),
        of("estonian", A::Estonian, "", Inflects),
        of("finnish", A::Finnish, "fi", Inflects),
        of("french", A::French, "fr", Elides(FRENCH)),
        of("german", A::German, "de", Contracts),
        of("greek", A::Greek, "el", Joins),
        of("hindi", A::Hindi, "", Joins),
        of("hungarian", A::Hungarian, "hu", Joins),
        of("indonesian", A::Indonesian, "id", Joins),
        of("irish", A::Irish, "", Elides(IRISH)),
        of("italian", A::Italian, "it", Elides(ITALIAN)),
        of("lithuanian", A::Lithuanian, "", Joins),
        of("nepali", A::Nepali, "ne", Joins),
        of("norwegian", A::Norwegian, "no", Contracts),
        of("persian", A::Persian, "", Joins),
        of("polish", A::Polish, "", Inflects),
        of("portuguese", A::Portuguese, "pt", Elides(PORTUGUESE)),
        of("romanian", A::Romanian, "ro", Joins),
        of("russian", A::Russian, "ru", Joins),
        of("serbian", A::Serbian, "", Joins),
        of("spanish", A::Spanish, "es", Joins),
        of("swedish", A::Swedish, "sv", Contracts),
        of("tamil", A::Tamil, "ta", Joins),
        of("turkish", A::Turkish, "tr", Inflects),
        of("ukrainian", A::Ukrainian, "", Joins),
        of("yiddish", A::Yiddish, "", Joins),
    ]
};

impl Language {
    /// Place of the language in [`LANGUAGES`]; `None` for an empty name or `none`.
    pub fn find(name: &str) -> Result<Option<usize>> {
        if name.is_empty() || name == "none" {
            return Ok(None);
        }
        if let Some(at) = LANGUAGES.iter().position(|language| language.name == name) {
            return Ok(Some(at));
        }
        let known = LANGUAGES.each_ref().map(|language| language.name).join(", ");
        Err(ShardError::Invalid(format!(
            "language must be none, {known}, not {name:?}; texts of other languages, such as Chinese, Japanese, Korean and \
             Thai, require no language"
        )))
    }

    /// The usual words, which say little of what a text is about.
    pub fn stop_words(&self) -> Result<&'static [&'static str]> {
        stop_words::lookup(self.stop_words).ok_or_else(|| {
            let listed = LANGUAGES.iter().filter(|language| !language.stop_words.is_empty());
            let listed = listed.map(|language| language.name).collect::<Vec<_>>().join(", ");
            ShardError::Invalid(format!(
                "there is no list of the usual stop words of {} (only of {listed}): list the stop words",
                self.name
            ))
        })
    }
}

/// Whether a word may stand shortened before an apostrophe in one of the languages that do that.
pub fn may_be_elided(word: &str) -> bool {
    FRENCH.contains(&word) || ITALIAN.contains(&word) || word.chars().nth(1).is_none()
}
