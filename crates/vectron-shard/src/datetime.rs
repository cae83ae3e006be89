//! Points in time of texts, in the forms that the usual tools write (docs/adr/0039-dates-and-order.md): ISO 8601 and RFC 3339,
//! mail and HTTP dates, and what languages and databases make of a time. Nothing is guessed: a text whose day, year or zone may
//! be meant in two ways (`01/02/2024`, two digits of a year, `10:00 CET`) is not read. The result depends on the text alone:
//! there are no time zone rules, neither the machine's nor others.

use chrono::{DateTime, Datelike, NaiveDate, Weekday};
use std::fmt;

/// A longer text is no time.
const MAX_BYTES: usize = 128;
const DAY: i64 = 86_400;

/// A point in time, to the nanosecond. Their order is that of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Datetime {
    /// Since 1970-01-01T00:00:00Z, without leap seconds.
    pub seconds: i64,
    /// 0 to 999,999,999.
    pub nanos: u32,
}

impl Datetime {
    /// `None`: the text as a whole is no time in a form that is read. Without a zone it is UTC, without a time of day midnight,
    /// without a day or a month the first one. Digits of a fraction after the ninth are cut off. A leap second is the
    /// second after it. Years -262143 to 262142.
    pub fn parse(text: &str) -> Option<Self> {
        Self::read(text).map(|(time, _)| time)
    }

    /// As [`Datetime::parse`], without the texts that are as likely codes or numbers: only digits, a year or a month alone,
    /// days of the year and weeks without a time of day.
    pub fn parse_unmistakable(text: &str) -> Option<Self> {
        Self::read(text).filter(|(_, unmistakable)| *unmistakable).map(|(time, _)| time)
    }

    fn read(text: &str) -> Option<(Self, bool)> {
        let text = text.trim_matches(is_blank);
        if text.len() > MAX_BYTES {
            return None;
        }
        let mut reader = Reader { rest: text, unmistakable: false };
        let time = match text.chars().next()? {
            '0'..='9' | '+' | '-' | MINUS => reader.numbers_first(),
            'A'..='Z' | 'a'..='z' => reader.names_first(),
            _ => None,
        };
        Some((time?, reader.unmistakable))
    }
}

/// RFC 3339 in UTC with nine digits of a fraction; years beyond four digits have a sign, as ISO 8601 has it.
impl fmt::Display for Datetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(time) = DateTime::from_timestamp(self.seconds, self.nanos) else {
            return write!(f, "second {} since 1970", self.seconds);
        };
        let (time, year) = (time.naive_utc(), time.year());
        match (0..=9999).contains(&year) {
            true => write!(f, "{year:04}")?,
            false => write!(f, "{year:+07}")?,
        }
        write!(f, "{}", time.format("-%m-%dT%H:%M:%S%.9fZ"))
    }
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | '\u{a0}' | '\u{202f}')
}

const MINUS: char = '\u{2212}';
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
/// Hours east of Greenwich of the zones that RFC 2822 names (section 4.3). Elsewhere such letters have other meanings, too.
const MAIL_ZONES: [(&str, i64); 8] =
    [("est", -5), ("edt", -4), ("cst", -6), ("cdt", -5), ("mst", -7), ("mdt", -6), ("pst", -8), ("pdt", -7)];

/// A time of day.
#[derive(Clone, Copy, Default)]
struct Clock {
    /// Of the day; 86,400 at 24:00 and at a leap second.
    seconds: i64,
    nanos: u32,
    is_leap: bool,
}

struct Reader<'a> {
    rest: &'a str,
    /// Whether what was read can hardly be anything but a time.
    unmistakable: bool,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn take(&mut self, wanted: impl Fn(char) -> bool) -> Option<char> {
        let next = self.peek().filter(|c| wanted(*c))?;
        self.rest = &self.rest[next.len_utf8()..];
        Some(next)
    }

    fn has(&mut self, wanted: char) -> bool {
        self.take(|c| c == wanted).is_some()
    }

    /// How many there were.
    fn blanks(&mut self) -> usize {
        std::iter::from_fn(|| self.take(is_blank)).count()
    }

    /// The digits or letters that follow.
    fn run(&mut self, wanted: impl Fn(&char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !wanted(&c)).unwrap_or(self.rest.len());
        let (run, rest) = self.rest.split_at(end);
        self.rest = rest;
        run
    }

    fn digits(&self) -> usize {
        self.rest.bytes().take_while(u8::is_ascii_digit).count()
    }

    /// The next `count` digits; others may follow.
    fn number(&mut self, count: usize) -> Option<i64> {
        if self.digits() < count {
            return None;
        }
        let (number, rest) = self.rest.split_at(count);
        self.rest = rest;
        number.parse().ok()
    }

    /// One or two digits that end there.
    fn short(&mut self) -> Option<i64> {
        let count = self.digits();
        (1..=2).contains(&count).then(|| self.number(count))?
    }

    /// Two digits, of which no third follows.
    fn two(&mut self) -> Option<i64> {
        (self.digits() == 2).then(|| self.number(2))?
    }

    /// The place of the name that follows as a whole, in full or as its first letters, at least three.
    fn name(&mut self, names: &[&str]) -> Option<usize> {
        let before = self.rest;
        let word = self.run(char::is_ascii_alphabetic).to_ascii_lowercase();
        let is_it = |name: &&str| word == **name || (name.starts_with(&word) && matches!(word.len(), 3 | 4));
        let found = names.iter().position(is_it);
        if found.is_none() {
            self.rest = before;
        }
        found
    }

    fn word(&mut self, wanted: &str) -> bool {
        let before = self.rest;
        let found = self.run(char::is_ascii_alphabetic).eq_ignore_ascii_case(wanted);
        if !found {
            self.rest = before;
        }
        found
    }

    /// `2024-01-02...`, `20240102...`, `2024-W01-2...`, `2 January 2024...`
    fn numbers_first(&mut self) -> Option<Datetime> {
        let sign = self.take(|c| matches!(c, '+' | '-' | MINUS));
        let count = self.digits();
        if let (None, 1..=2) = (sign, count) {
            return self.day_first(None);
        }
        let date = match (sign, count) {
            (None, 14) => {
                let date = ymd(self.number(4)?, self.number(2)?, self.number(2)?)?;
                let clock = self.basic_clock()?;
                return self.zoned(date, clock, false);
            }
            (None, 8) => ymd(self.number(4)?, self.number(2)?, self.number(2)?)?,
            // Seven digits alone may be anything.
            (None, 7) if self.rest[7..].starts_with(['T', 't']) => yo(self.number(4)?, self.number(3)?)?,
            (None, 4) | (Some(_), 4..=6) => {
                let year = self.number(count)?;
                let year = match sign {
                    None | Some('+') => year,
                    // There is no year -0.
                    Some(_) => Some(-year).filter(|year| *year != 0)?,
                };
                self.after_year(year, sign.is_none())?
            }
            (None, 5..=6) => {
                let year = self.number(count)?;
                self.after_year(year, false)?
            }
            _ => return None,
        };
        self.timed(date, false)
    }

    /// `-01-02`, `/1/2`, `:01:02`, `-002`, `-W01-2`, `W012`; `-01` or nothing when the year, or the month, may stand `alone`.
    fn after_year(&mut self, year: i64, alone: bool) -> Option<NaiveDate> {
        if self.has('W') {
            let (week, day) = (self.number(2)?, self.number(1)?);
            return week_day(year, week, day);
        }
        let Some(separator) = self.take(|c| matches!(c, '-' | '/' | ':')) else {
            return (alone && self.rest.is_empty()).then(|| ymd(year, 1, 1))?;
        };
        match (separator, self.digits()) {
            ('-', 0) if self.has('W') => {
                let week = self.two()?;
                let day = if self.has('-') { self.number(1)? } else { 1 };
                week_day(year, week, day)
            }
            ('-', 3) => yo(year, self.number(3)?),
            ('-', 2) if alone && self.rest.len() == 2 => ymd(year, self.number(2)?, 1),
            (':', count) if count != 2 => None,
            _ => {
                let month = self.short()?;
                let day = if self.has(separator) { self.short()? } else { return None };
                self.unmistakable = true;
                ymd(year, month, day)
            }
        }
    }

    /// `2 January 2024...`, `02-Jan-2024...`, `02/Jan/2024:10:00:00...`; the weekday before it is known.
    fn day_first(&mut self, weekday: Option<usize>) -> Option<Datetime> {
        let day = self.short()?;
        let separator = match self.take(|c| matches!(c, '-' | '/')) {
            Some(separator) => separator,
            None => (self.blanks() > 0).then_some(' ')?,
        };
        let month = self.name(&MONTHS)?;
        self.unmistakable = true;
        let separated = if separator == ' ' { self.blanks() > 0 } else { self.has(separator) };
        let year = (separated && self.digits() == 4).then(|| self.number(4))??;
        let date = on(weekday, ymd(year, month as i64 + 1, day)?)?;
        if separator == '/' && self.has(':') {
            let clock = self.clock()?;
            return self.zoned(date, clock, false);
        }
        self.timed(date, separator == ' ')
    }

    /// `Tue, 02 Jan 2024...`, `Tue Jan 02 2024...`, `Tue Jan  2 10:00:00 UTC 2024`, `January 2, 2024...`
    fn names_first(&mut self) -> Option<Datetime> {
        let weekday = self.name(&WEEKDAYS);
        if weekday.is_some() {
            self.has(',');
            (self.blanks() > 0).then_some(())?;
            if self.digits() > 0 {
                return self.day_first(weekday);
            }
        }
        let month = self.name(&MONTHS)? as i64 + 1;
        self.unmistakable = true;
        self.has('.');
        (self.blanks() > 0).then_some(())?;
        let day = self.short()?;
        self.has(',');
        (self.blanks() > 0).then_some(())?;
        if self.digits() == 4 {
            let date = on(weekday, ymd(self.number(4)?, month, day)?)?;
            return self.timed(date, false);
        }
        // The time stands before the year, and the zone before or after that.
        let clock = self.clock()?;
        (self.blanks() > 0).then_some(())?;
        let mut offset = self.utc();
        if offset.is_some() {
            (self.blanks() > 0).then_some(())?;
        }
        let year = (self.digits() == 4).then(|| self.number(4))??;
        let date = on(weekday, ymd(year, month, day)?)?;
        if offset.is_none() && self.blanks() > 0 {
            offset = Some(self.offset()?);
        }
        self.rest.is_empty().then(|| instant(date, clock, offset.unwrap_or(0)))?
    }

    /// What follows the day: a time of day and a zone, each of them or none. `mail`: zones may have the names of RFC 2822.
    fn timed(&mut self, date: NaiveDate, mail: bool) -> Option<Datetime> {
        let by_letter = self.take(|c| matches!(c, 'T' | 't')).is_some();
        if !by_letter {
            let comma = self.has(',');
            let blanks = self.blanks();
            if comma && blanks == 0 {
                return None;
            }
            if blanks > 0 && self.word("at") {
                self.blanks();
            }
            if blanks == 0 || self.digits() == 0 {
                return self.zoned(date, Clock::default(), false);
            }
        }
        let clock = self.clock()?;
        self.unmistakable = true;
        self.zoned(date, clock, mail)
    }

    /// `10`, `10:00`, `9:30:15.123 PM`, `100000,5`, `1000`
    fn clock(&mut self) -> Option<Clock> {
        let count = self.digits();
        if matches!(count, 4 | 6) {
            return self.basic_clock();
        }
        let mut hour = self.short()?;
        let (mut minute, mut second, mut nanos) = (0, 0, 0);
        if self.has(':') {
            minute = self.two()?;
            if self.has(':') {
                second = self.two()?;
                nanos = self.fraction()?;
            }
        }
        let before = self.rest;
        self.blanks();
        match (self.word("am"), self.word("pm")) {
            (false, false) => self.rest = before,
            (_, pm) if (1..=12).contains(&hour) => hour = hour % 12 + if pm { 12 } else { 0 },
            _ => return None,
        }
        clock(hour, minute, second, nanos)
    }

    /// Without colons: four or six digits.
    fn basic_clock(&mut self) -> Option<Clock> {
        let (hour, minute) = (self.number(2)?, self.number(2)?);
        if self.digits() == 0 {
            return clock(hour, minute, 0, 0);
        }
        let second = self.two()?;
        let nanos = self.fraction()?;
        clock(hour, minute, second, nanos)
    }

    /// Nanoseconds; 0 where there is no fraction.
    fn fraction(&mut self) -> Option<u32> {
        if self.rest.starts_with(['.', ',']) && self.rest[1..].starts_with(|c: char| c.is_ascii_digit()) {
            self.rest = &self.rest[1..];
            let digits = self.run(char::is_ascii_digit).bytes().map(|digit| u32::from(digit - b'0'));
            let nine = digits.chain(std::iter::repeat(0)).take(9);
            return Some(nine.fold(0, |nanos, digit| nanos * 10 + digit));
        }
        Some(0)
    }

    /// The zone at the end. What names it once more, after its offset, does not matter.
    fn zoned(&mut self, date: NaiveDate, clock: Clock, mail: bool) -> Option<Datetime> {
        self.blanks();
        if self.rest.is_empty() {
            return instant(date, clock, 0);
        }
        let by_number = self.rest.starts_with(['+', '-', MINUS]);
        let offset = match by_number {
            true => self.offset()?,
            false => self.utc().or_else(|| self.mail_zone().filter(|_| mail))?,
        };
        self.zone_name(by_number)?;
        self.rest.is_empty().then(|| instant(date, clock, offset))?
    }

    /// `Z`, `UTC`, `UT`, `GMT`, or one of the latter with an offset. `None`: something else, which stays.
    fn utc(&mut self) -> Option<i64> {
        if self.word("z") {
            return Some(0);
        }
        let found = ["utc", "gmt", "ut"].iter().any(|name| self.word(name));
        match found && self.rest.starts_with(['+', '-', MINUS]) {
            true => self.offset(),
            false => found.then_some(0),
        }
    }

    fn mail_zone(&mut self) -> Option<i64> {
        MAIL_ZONES.iter().find(|(name, _)| self.word(name)).map(|(_, hours)| hours * 3600)
    }

    /// Seconds east: `+01`, `+0100`, `+01:00`, `-01:00:30`.
    fn offset(&mut self) -> Option<i64> {
        let sign = if self.take(|c| matches!(c, '+' | '-' | MINUS))? == '+' { 1 } else { -1 };
        let with_colons = self.digits() == 2;
        if !matches!(self.digits(), 2 | 4 | 6) {
            return None;
        }
        let hours = self.number(2)?;
        let mut part = || match with_colons {
            true if self.has(':') => self.two(),
            false if self.digits() > 0 => self.number(2),
            _ => Some(0),
        };
        let (minutes, seconds) = (part()?, part()?);
        (hours < 24 && minutes < 60 && seconds < 60).then_some(sign * (hours * 3600 + minutes * 60 + seconds))
    }

    /// Other names of the zone: `[Europe/Berlin][u-ca=iso8601]`, `(Central European Standard Time)`; after a number also `CET` or
    /// `+0100`, and the reading of a monotonic clock that Go adds.
    fn zone_name(&mut self, by_number: bool) -> Option<()> {
        while self.has('[') {
            let name = self.run(|c| *c != ']');
            if name.is_empty() || !self.has(']') {
                return None;
            }
        }
        if self.blanks() == 0 {
            return Some(());
        }
        if self.has('(') {
            self.run(|c| *c != ')');
            return self.has(')').then_some(());
        }
        if !by_number {
            return None;
        }
        if self.rest.starts_with(['+', '-']) {
            self.offset()?;
        } else if !self.rest.starts_with("m=") && self.run(char::is_ascii_uppercase).len() < 3 {
            return None;
        }
        self.blanks();
        if self.rest.starts_with("m=") {
            self.rest = &self.rest[2..];
            self.run(|c| matches!(c, '+' | '-' | '.' | '0'..='9'));
        }
        Some(())
    }
}

fn ymd(year: i64, month: i64, day: i64) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?)
}

fn yo(year: i64, day: i64) -> Option<NaiveDate> {
    NaiveDate::from_yo_opt(year.try_into().ok()?, day.try_into().ok()?)
}

/// `day`: 1 is Monday.
fn week_day(year: i64, week: i64, day: i64) -> Option<NaiveDate> {
    let day = Weekday::try_from(u8::try_from(day.checked_sub(1)?).ok()?).ok()?;
    NaiveDate::from_isoywd_opt(year.try_into().ok()?, week.try_into().ok()?, day)
}

/// The date, when it is on that day of the week: a text that contradicts itself is none.
fn on(weekday: Option<usize>, date: NaiveDate) -> Option<NaiveDate> {
    let is_on = |weekday| date.weekday().num_days_from_monday() as usize == weekday;
    weekday.is_none_or(is_on).then_some(date)
}

fn clock(hour: i64, minute: i64, second: i64, nanos: u32) -> Option<Clock> {
    let is_end = hour == 24 && minute == 0 && second == 0 && nanos == 0;
    let fits = (hour < 24 || is_end) && minute < 60 && second <= 60;
    fits.then_some(Clock { seconds: hour * 3600 + minute * 60 + second, nanos, is_leap: second == 60 })
}

/// `offset`: seconds east.
fn instant(date: NaiveDate, clock: Clock, offset: i64) -> Option<Datetime> {
    let days = i64::from(date.num_days_from_ce()) - EPOCH_DAYS;
    let seconds = days * DAY + clock.seconds - offset;
    // Leap seconds end a day of UTC.
    let fits = !clock.is_leap || seconds.rem_euclid(DAY) == 0;
    // At the ends of the calendar a zone may lead out of it.
    let is_known = DateTime::from_timestamp(seconds, clock.nanos).is_some();
    (fits && is_known).then_some(Datetime { seconds, nanos: clock.nanos })
}

/// 1970-01-01, as chrono counts days.
const EPOCH_DAYS: i64 = 719_163;
