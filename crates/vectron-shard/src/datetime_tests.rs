//! The forms of times that are read, with what they mean, and those that are not.

use crate::datetime::Datetime;
use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};
use proptest::prelude::*;

/// 2024-01-02T10:00:00Z.
const TEN: i64 = 1_704_189_600;
/// 2024-01-02T00:00:00Z.
const MIDNIGHT: i64 = 1_704_153_600;

/// Text, seconds since 1970, nanoseconds.
const USUAL: [(&str, i64, u32); 26] = [
    // RFC 3339.
    ("2024-01-02T10:00:00Z", TEN, 0),
    ("2024-01-02T12:00:00.123456789+02:00", TEN, 123_456_789),
    // Python: isoformat and str, with a zone and without, datetime.date, email.utils.
    ("2024-01-02T10:00:00", TEN, 0),
    ("2024-01-02T10:00:00.123456", TEN, 123_456_000),
    ("2024-01-02 10:00:00", TEN, 0),
    ("2024-01-02 10:00:00.123456+00:00", TEN, 123_456_000),
    ("2024-01-02", MIDNIGHT, 0),
    ("Tue, 02 Jan 2024 10:00:00 +0000", TEN, 0),
    // PostgreSQL.
    ("2024-01-02 00:00:00+00", MIDNIGHT, 0),
    ("2024-01-02 15:30:00.5+05:30", TEN, 500_000_000),
    // MySQL, SQLite.
    ("2024-01-02 10:00", TEN, 0),
    ("20240102100000", TEN, 0),
    // HTTP, JavaScript.
    ("Tue, 02 Jan 2024 10:00:00 GMT", TEN, 0),
    ("Tue Jan 02 2024 11:00:00 GMT+0100 (Central European Standard Time)", TEN, 0),
    ("2024-01-02T10:00:00.000Z", TEN, 0),
    // Java: Instant, ZonedDateTime, OffsetDateTime, LocalDateTime, Date.
    ("2024-01-02T10:00:00.123456789Z", TEN, 123_456_789),
    ("2024-01-02T11:00+01:00[Europe/Berlin]", TEN, 0),
    ("2024-01-02T11:00+01:00", TEN, 0),
    ("2024-01-02T10:00", TEN, 0),
    ("Tue Jan 02 10:00:00 UTC 2024", TEN, 0),
    // Go, Ruby, C#.
    ("2024-01-02 10:00:00 +0000 UTC", TEN, 0),
    ("2024-01-02 10:00:00 UTC", TEN, 0),
    ("2024-01-02T11:00:00.0000000+01:00", TEN, 0),
    // Basic ISO 8601, ctime, slashes.
    ("20240102T100000Z", TEN, 0),
    ("Tue Jan  2 10:00:00 2024", TEN, 0),
    ("2024/01/02 10:00:00", TEN, 0),
];

const OTHERS: [(&str, i64, u32); 62] = [
    ("2024-01-02t10:00:00z", TEN, 0),
    ("  2024-01-02T10:00:00Z\n", TEN, 0),
    ("2024-01-02T10:00:00,25Z", TEN, 250_000_000),
    ("2024-01-02T10:00:00.1234567899999Z", TEN, 123_456_789),
    ("2024-01-02T10:00:00.9999999999Z", TEN, 999_999_999),
    ("2024-01-02T10", TEN, 0),
    ("2024-01-02T10Z", TEN, 0),
    ("2024-01-02T1000", TEN, 0),
    ("2024-01-02T04:00:00\u{2212}06:00", TEN, 0),
    ("2024-01-02T10:00:00-00:00", TEN, 0),
    ("2024-01-02 10:00:00 Z", TEN, 0),
    ("2024-01-02 10:00:00 GMT", TEN, 0),
    ("2024-01-02 10:00:00UTC", TEN, 0),
    ("2024-01-02 11:00:00 UTC+01:00", TEN, 0),
    ("2024-01-02 10:00:00.0000000 +00:00", TEN, 0),
    ("2024-01-02 11:00:00.123456789 +0100 CET", TEN, 123_456_789),
    ("2024-01-02 11:00:00.5 +0100 CET m=+0.000012345", TEN, 500_000_000),
    ("2024-01-02 07:00:00 -0300 -03", TEN, 0),
    ("2024-01-02 10:00:00 +0000 m=-1.5", TEN, 0),
    ("2024-01-02 00:00:00+0000", MIDNIGHT, 0),
    ("2024-01-02 00:00:00+00:00:00", MIDNIGHT, 0),
    ("2024-01-02 10:53:28+00:53:28", TEN, 0),
    ("2024-01-02T24:00:00Z", MIDNIGHT + 86_400, 0),
    ("2024-01-02T24:00", MIDNIGHT + 86_400, 0),
    ("2016-12-31T23:59:60Z", 1_483_228_800, 0),
    ("2016-12-31T15:59:60.5-08:00", 1_483_228_800, 500_000_000),
    ("2024-01-02Z", MIDNIGHT, 0),
    ("2024-01-02+01:00", MIDNIGHT - 3600, 0),
    ("2024-1-2 9:05", MIDNIGHT + 9 * 3600 + 300, 0),
    ("20240102", MIDNIGHT, 0),
    ("20240102T1000Z", TEN, 0),
    ("20240102T100000.5+0000", TEN, 500_000_000),
    ("20240102100000.5Z", TEN, 500_000_000),
    ("20240102T110000+01", TEN, 0),
    ("2024-002", MIDNIGHT, 0),
    ("2024002T100000Z", TEN, 0),
    ("2024-W01-2", MIDNIGHT, 0),
    ("2024W012T100000Z", TEN, 0),
    ("2024-W01", MIDNIGHT - 86_400, 0),
    ("2024-01", MIDNIGHT - 86_400, 0),
    ("2024", MIDNIGHT - 86_400, 0),
    ("2024:01:02 10:00:00", TEN, 0),
    ("2024/1/2", MIDNIGHT, 0),
    ("2 Jan 2024 10:00:00 GMT", TEN, 0),
    ("Tue, 02 Jan 2024 05:00:00 EST", TEN, 0),
    ("Tue, 2 Jan 2024 10:00 +0000 (a comment)", TEN, 0),
    ("02-Jan-2024 10:00:00", TEN, 0),
    ("02/Jan/2024:10:00:00 +0000", TEN, 0),
    ("2 January 2024", MIDNIGHT, 0),
    ("January 2, 2024", MIDNIGHT, 0),
    ("Jan. 2, 2024, 10:00:00 AM", TEN, 0),
    ("January 2, 2024 at 10:00 PM", TEN + 12 * 3600, 0),
    ("2024-01-02 12:30 am", MIDNIGHT + 1800, 0),
    ("Jan 2, 2024, 10:00:00\u{202f}AM", TEN, 0),
    ("Tuesday, January 2, 2024", MIDNIGHT, 0),
    ("Tue Jan  2 11:00:00 2024 +0100", TEN, 0),
    ("Tue Jan  2 10:00:00 AM UTC 2024", TEN, 0),
    ("+002024-01-02T10:00:00Z", TEN, 0),
    ("-000001-12-31T00:00:00Z", -62_167_219_200 - 86_400, 0),
    ("0000-01-01", -62_167_219_200, 0),
    ("10000-01-01", 253_402_300_800, 0),
    ("1969-12-31T23:59:59.25Z", -1, 250_000_000),
];

const NOT_READ: [&str; 67] = [
    "",
    " ",
    "yesterday",
    "now",
    "today",
    "infinity",
    "-infinity",
    "NaT",
    "null",
    "12",
    "123",
    "12345",
    "1704189600",
    "1704189600000",
    "1704189600.5",
    "-2024",
    "+2024",
    "12345-06",
    "2024-1",
    "2024.01",
    "2024.01.02",
    "v2024-01-02",
    // The day and the month may be meant either way, the year may be of two centuries, the zone of several countries.
    "01/02/2024",
    "13/01/2024",
    "01-02-2024",
    "01.02.2024",
    "02.01.2024 10:00",
    "24-01-02",
    "01/02/24",
    "02 Jan 24 10:00 GMT",
    "Tuesday, 02-Jan-24 10:00:00 GMT",
    "02-JAN-24 10.00.00.000000 AM",
    "2024-01-02 10:00:00 CET",
    "2024-01-02 10:00:00 EST",
    "2024-01-02T10:00:00[Europe/Berlin]",
    "2024-01-02T10:00:00 Europe/Berlin",
    "Tue Jan 02 10:00:00 CET 2024",
    // No such day or time.
    "2024-02-30",
    "2023-02-29T00:00:00Z",
    "2024-13-01",
    "2024-00-10",
    "0000-00-00 00:00:00",
    "2024-01-02T25:00:00Z",
    "2024-01-02T24:00:01Z",
    "2024-01-02T10:60:00Z",
    "2024-01-02T10:00:61Z",
    "2024-01-02T10:00:60Z",
    "2024-366T",
    "2023-366",
    "2023-W53-1",
    "2024-W01-8",
    "2024-01-02T10:00:00+24:00",
    "2024-01-02T13:00 PM",
    "Wed, 02 Jan 2024 10:00:00 GMT",
    // What follows, or is missing, makes it something else.
    "2024-01-02T",
    "2024-01-02T10:00:",
    "2024-01-02T10:00:00.",
    "2024-01-02T10:00:00Z+01:00",
    "2024-01-02 10:00:00 x",
    "0044-03-15 BC",
    "+262142-12-31T23:59:59-01:00",
    "-262143-01-01T00:00:00+01:00",
    "999999-01-01",
    "2024-01-02/2024-01-03",
    "2024-01-02T10:00:00ZZ",
    "2024-01-02-report",
    "-0000-01-01",
];

#[test]
fn usual_forms_are_read_to_the_nanosecond() {
    for (text, seconds, nanos) in USUAL.into_iter().chain(OTHERS) {
        assert_eq!(Datetime::parse(text), Some(Datetime { seconds, nanos }), "{text:?}");
    }
}

#[test]
fn what_is_no_time_or_may_be_meant_in_two_ways_is_not_read() {
    for text in NOT_READ {
        assert_eq!(Datetime::parse(text), None, "{text:?}");
    }
}

#[test]
fn codes_and_numbers_are_no_unmistakable_times() {
    for text in
        ["2024", "2024-01", "20240102", "20240102100000", "2024-002", "2024-W01", "2024-W01-2", "2024W012"]
    {
        assert!(Datetime::parse(text).is_some(), "{text}");
        assert_eq!(Datetime::parse_unmistakable(text), None, "{text}");
    }
    for text in
        ["2024-01-02", "2024/1/2", "20240102T1000", "2024-W01-2T10:00", "2 January 2024", "Jan 2, 2024"]
    {
        assert_eq!(Datetime::parse_unmistakable(text), Datetime::parse(text), "{text}");
        assert!(Datetime::parse(text).is_some(), "{text}");
    }
}

#[test]
fn times_are_in_the_order_of_time_across_zones_and_fractions() {
    let rising = [
        "-000001-01-01T00:00:00Z",
        "1969-12-31T23:59:59.999999999Z",
        "1970-01-01T00:00:00Z",
        "2024-01-02T11:59:59.999999999+02:00",
        "2024-01-02 10:00:00",
        "2024-01-02T10:00:00.000000001Z",
        "2024-01-02T05:00:00.1-05:00",
        "Tue, 02 Jan 2024 10:00:01 GMT",
        "12024-01-01",
    ];
    let times: Vec<_> = rising.iter().map(|text| Datetime::parse(text).unwrap()).collect();
    assert!(times.is_sorted_by(|a, b| a < b), "{times:?}");
}

proptest! {
    /// What chrono writes of any time, in its forms, is that time.
    #[test]
    fn a_time_is_read_as_it_was_written(
        seconds in -62_135_596_800i64..253_402_300_799,
        nanos in 0u32..1_000_000_000,
        minutes in -1439i32..1440,
    ) {
        let time = DateTime::<Utc>::from_timestamp(seconds, nanos).unwrap();
        let zone = chrono::FixedOffset::east_opt(minutes * 60).unwrap();
        let local = time.with_timezone(&zone);
        prop_assume!((1..=9999).contains(&local.year()));
        let exactly = Some(Datetime { seconds, nanos });
        for form in ["%Y-%m-%dT%H:%M:%S%.9f%:z", "%Y-%m-%d %H:%M:%S%.9f%z", "%Y%m%dT%H%M%S%.9f%z",
            "%Y/%m/%d %H:%M:%S%.9f %z", "%G-W%V-%u %H:%M:%S%.9f%:z", "%Y-%jT%H:%M:%S%.9f%:z",
            "%d %B %Y %H:%M:%S%.9f %z", "%b %d, %Y, %I:%M:%S%.9f %p %:z"] {
            let text = local.format(form).to_string();
            prop_assert_eq!(Datetime::parse(&text), exactly, "{}", text);
        }
        prop_assert_eq!(Datetime::parse(&local.to_rfc3339()), exactly);
        let whole = Some(Datetime { seconds, nanos: 0 });
        let text = local.with_nanosecond(0).unwrap().to_rfc2822();
        prop_assert_eq!(Datetime::parse(&text), whole, "{}", text);
        let text = time.format("%a %b %e %H:%M:%S %Y").to_string();
        prop_assert_eq!(Datetime::parse(&text), whole, "{}", text);
        prop_assert_eq!(Datetime::parse(&(local + TimeDelta::zero()).to_string()), exactly);
    }

    /// What a time is written as, which is what a cursor holds, is that time, to the ends of the calendar.
    #[test]
    fn a_written_time_is_read_back(seconds in prop_oneof![
        any::<i64>(), -8_334_601_228_900i64..8_210_266_876_800, -62_230_000_000i64..-62_100_000_000,
    ], nanos in 0u32..1_000_000_000) {
        let time = Datetime { seconds, nanos };
        let is_known = DateTime::from_timestamp(seconds, nanos).is_some();
        prop_assert_eq!(Datetime::parse_unmistakable(&time.to_string()), is_known.then_some(time), "{}", time);
    }

    /// No text whatever panics, and what is read is read with blanks around it, too.
    #[test]
    fn any_text_is_read_or_not(text in "[0-9TZWJanFeb:+/., \\-\u{2212}\\[\\]()ü]{0,40}") {
        let read = Datetime::parse(&text);
        prop_assert_eq!(Datetime::parse(&format!(" {text}\t")), read);
    }
}
