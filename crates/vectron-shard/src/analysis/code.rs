//! Words of code and file names: identifiers, taken apart at a change of case, an underscore and digits, and whole; endings of
//! files and dotted names; the names of languages that end in signs (C++, C#, .NET).

use super::{Role, Sink, bounded};
use crate::analysis::fold::fold;
use unicode_normalization::char::is_combining_mark;

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || (!c.is_ascii() && is_combining_mark(c))
}

#[derive(PartialEq)]
enum Kind {
    Lower,
    Upper,
    Digit,
}

fn kind(c: char) -> Kind {
    if c.is_numeric() {
        Kind::Digit
    } else if c.is_uppercase() {
        Kind::Upper
    } else {
        Kind::Lower
    }
}

/// Where each part of an identifier begins and ends: `HTTPServer2` is HTTP, Server and 2.
fn parts(identifier: &str) -> Vec<(usize, usize)> {
    let mut parts: Vec<(usize, usize)> = Vec::new();
    let chars: Vec<(usize, char)> = identifier.char_indices().collect();
    for (place, &(at, c)) in chars.iter().enumerate() {
        let end = at + c.len_utf8();
        if !is_letter(c) {
            continue;
        }
        let before = place.checked_sub(1).map(|before| chars[before].1).filter(|c| is_letter(*c));
        let cut = before.is_none_or(|before| match (kind(before), kind(c)) {
            (Kind::Lower, Kind::Upper) => true,
            // The last of several capitals begins the word that follows.
            (Kind::Upper, Kind::Upper) => {
                chars.get(place + 1).is_some_and(|(_, next)| next.is_lowercase() && is_letter(*next))
            }
            (Kind::Upper, Kind::Lower) => false,
            (before, now) => before != now,
        });
        match parts.last_mut() {
            Some((_, part_end)) if !cut || (!c.is_ascii() && is_combining_mark(c)) => *part_end = end,
            _ => parts.push((at, end)),
        }
    }
    parts
}

/// The signs that belong to the name before them.
fn signs(rest: &str) -> &str {
    let signs = ["++", "#"].into_iter().find(|signs| rest.starts_with(signs)).unwrap_or("");
    // A number may follow: C++17.
    let goes_on = |c: char| (is_letter(c) && !c.is_numeric()) || matches!(c, '_' | '+' | '#');
    let goes_on = rest[signs.len()..].chars().next().is_some_and(goes_on);
    if goes_on { "" } else { signs }
}

fn lower(text: &str) -> String {
    let lower = text.to_lowercase();
    fold(&lower).into_owned()
}

/// The tokens of a piece without white space that begins at the byte `at` of the text.
pub fn tokens(piece: &str, at: usize, sink: &mut Sink<'_, '_>) {
    let is_in_name = |c: char| is_letter(c) || c == '_';
    let mut rest = 0;
    let mut names = 0;
    while let Some(from) = piece[rest..].find(is_in_name).map(|from| rest + from) {
        let length = piece[from..].find(|c| !is_in_name(c)).unwrap_or(piece.len() - from);
        let name_end = from + length;
        let end = name_end + signs(&piece[name_end..]).len();
        let dotted = piece[..from].ends_with('.');
        // The dot of .NET or .gitignore begins the name; that of Node.js is between two.
        let begins = dotted && !piece[..from - 1].ends_with(is_in_name);
        name(piece, at, (from, name_end, end), (dotted, begins), sink);
        names += 1;
        rest = end;
    }
    if names > 1 {
        wholes(piece, at, sink);
    }
}

/// `from`, `name_end`, `end`: of the identifier, and of the signs after it.
fn name(
    piece: &str,
    at: usize,
    (from, name_end, end): (usize, usize, usize),
    (dotted, begins): (bool, bool),
    sink: &mut Sink<'_, '_>,
) {
    let bare = &piece[from..name_end];
    if !bare.contains(is_letter) {
        return;
    }
    let whole = lower(&piece[from..end]);
    let has_signs = end > name_end;
    if dotted {
        let with_dot = format!(".{whole}");
        if begins {
            sink.put(&with_dot, Role::Word, at + from - 1, at + end);
            sink.put(&whole, Role::Within, at + from, at + end);
            return sink.next_position();
        }
        sink.put(&with_dot, Role::Within, at + from - 1, at + end);
    }
    if has_signs {
        sink.put(&whole, Role::Word, at + from, at + end);
        if bare.chars().nth(1).is_some() {
            sink.put(&lower(bare), Role::Within, at + from, at + name_end);
        }
        return sink.next_position();
    }
    let parts = parts(bare);
    if let [(start, part_end)] = parts[..] {
        word(&lower(&bare[start..part_end]), at + from + start, at + from + part_end, sink);
        return;
    }
    // Without its underscores: loadInvoice is load_invoice.
    let joined: String = whole.chars().filter(|c| *c != '_').collect();
    let joined = bounded(&joined);
    let mut is_first = true;
    for (start, part_end) in parts {
        let (start_at, end_at) = (at + from + start, at + from + part_end);
        let part = lower(&bare[start..part_end]);
        if sink.is_stop_word(&part) {
            sink.next_position();
            continue;
        }
        sink.put(&part, Role::Word, start_at, end_at);
        sink.put(&joined, Role::Instead, at + from, at + name_end);
        if std::mem::take(&mut is_first) {
            sink.put(&joined, Role::Whole, at + from, at + name_end);
        }
        sink.next_position();
    }
}

fn word(term: &str, start: usize, end: usize, sink: &mut Sink<'_, '_>) {
    if !sink.is_stop_word(term) {
        sink.put(term, Role::Word, start, end);
    }
    sink.next_position();
}

/// The piece as a whole, and the name of the file that a path ends in.
fn wholes(piece: &str, at: usize, sink: &mut Sink<'_, '_>) {
    let is_edge = |c: char| !is_letter(c) && !matches!(c, '_' | '+' | '#' | '.');
    let trimmed = piece.trim_matches(is_edge).trim_end_matches(is_sentence_end);
    let from = at + (trimmed.as_ptr() as usize - piece.as_ptr() as usize);
    if !trimmed.contains(is_letter) {
        return;
    }
    sink.put_before(&lower(trimmed), Role::Whole, from, from + trimmed.len());
    if let Some(slash) = trimmed.rfind(['/', '\\']) {
        let file = &trimmed[slash + 1..];
        if file.contains(|c: char| !is_letter(c)) {
            sink.put_before(&lower(file), Role::Whole, from + slash + 1, from + trimmed.len());
        }
    }
}

fn is_sentence_end(c: char) -> bool {
    !is_letter(c) && !matches!(c, '_' | '+' | '#')
}
