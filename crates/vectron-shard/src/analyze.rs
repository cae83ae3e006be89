//! The call that shows what becomes of a text.

use crate::analysis::{Analyzed, Analyzer, Role};
use crate::path::Path;
use crate::proto::{AnalyzeOp, Analyzed as Answer, IndexKind, PayloadIndex, Token};
use crate::{Result, Shard, ShardError};

const MAX_TEXT_BYTES: usize = 64 << 10;

impl Shard {
    /// The tokens of a text, as an index that is declared makes them, or one that is described.
    pub fn analyze(&self, op: &AnalyzeOp) -> Result<Answer> {
        let AnalyzeOp { text, path, index } = op;
        let wrong = |what: String| Err(ShardError::Invalid(what));
        if text.len() > MAX_TEXT_BYTES {
            return wrong(format!("a text to analyze can have at most {MAX_TEXT_BYTES} bytes"));
        }
        let analyzer = match index {
            Some(_) if !path.is_empty() => {
                return wrong("only one of path and index can be set".into());
            }
            Some(index) => Analyzer::new(index)?,
            None if path.is_empty() => Analyzer::default(),
            None => self.declared_analyzer(path)?,
        };
        Ok(Answer { tokens: tokens(text, analyzer.analyze(text)) })
    }

    fn declared_analyzer(&self, path: &str) -> Result<Analyzer> {
        let parsed = Path::parse(path).map_err(ShardError::Invalid)?;
        let fields = self.fields.read();
        let is_it = |index: &&PayloadIndex| index.kind() == IndexKind::Text && index.path == path;
        if fields.schema().message().indexes.iter().any(|index| is_it(&index)) {
            return Ok(fields.schema().analyzer(&parsed));
        }
        Err(ShardError::Invalid(format!("{path:?} has no payload index of type text: create one first")))
    }
}

fn tokens(text: &str, analyzed: Vec<Analyzed>) -> Vec<Token> {
    let utf16 = Utf16::of(text);
    let token = |Analyzed { term, role, position, start, end }: Analyzed| {
        let (kind, asked) = shown(role);
        Token {
            text: term,
            start: utf16.at(start),
            end: utf16.at(end),
            position,
            word: text.get(start..end).unwrap_or_default().into(),
            kind: kind.into(),
            asked,
        }
    };
    analyzed.into_iter().map(token).collect()
}

fn shown(role: Role) -> (&'static str, bool) {
    match role {
        Role::Word => ("word", true),
        Role::Also { asked } => ("variant", asked),
        Role::Instead => ("query", true),
        Role::Whole => ("whole", false),
        Role::Within => ("part", false),
        Role::Unit { asked } => ("unit", asked),
        Role::Pair { asked } => ("pair", asked),
    }
}

/// UTF-16 code units up to each byte of a text.
struct Utf16(Vec<u32>);

impl Utf16 {
    fn of(text: &str) -> Self {
        let mut units = Vec::with_capacity(text.len() + 1);
        let mut count = 0;
        for c in text.chars() {
            units.extend(std::iter::repeat_n(count, c.len_utf8()));
            count += c.len_utf16() as u32;
        }
        units.push(count);
        Self(units)
    }

    fn at(&self, byte: usize) -> u32 {
        self.0.get(byte).or(self.0.last()).copied().unwrap_or(0)
    }
}
