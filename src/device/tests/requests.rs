//! The bodies of PUT requests.

use super::*;

#[test]
fn the_loss_is_shown_and_changed_in_percent() {
    let profile = SharedProfile::new(Profile::COURSE);
    let ping = PingEntry { profile: &profile };
    assert_eq!(ping.loss_percent(), 33);
    for percent in [0, 1, 50, 100] {
        ping.set_loss_percent(percent);
        assert_eq!(ping.loss_percent(), percent);
    }
    assert_eq!(profile.get().limit, Profile::COURSE.limit);
}

#[test]
fn loss_requests_are_one_number_from_0_to_100() {
    assert_eq!(LossRequest::parse(br#"{"loss": 20}"#), Some(LossRequest { loss: 20 }));
    assert_eq!(LossRequest::parse(br#" {"loss":100} "#), Some(LossRequest { loss: 100 }));
    for bad in [
        &b""[..],
        b"20",
        b"{}",
        br#"{"loss":101}"#,
        br#"{"loss":-1}"#,
        br#"{"loss":256}"#,
        br#"{"loss":1.5}"#,
        br#"{"loss":"1"}"#,
        br#"{"loss":1,"x":[[[[]]]]}"#,
        br#"{"loss":1}{"loss":2}"#,
        b"{\"loss\":\xff}",
    ] {
        assert_eq!(LossRequest::parse(bad), None, "{}", bad.escape_ascii());
    }
}

#[test]
fn dates_are_seconds_json_or_rfc_3339() {
    for (text, micros) in [
        ("0", 0),
        (" 1700000000\n", 1_700_000_000_000_000),
        (r#"{"unix": 1700000000}"#, 1_700_000_000_000_000),
        ("1970-01-01T00:00:00Z", 0),
        ("2000-02-29t12:00:00z", 951_825_600_000_000),
        ("2023-11-14 22:13:20.5Z", 1_700_000_000_500_000),
        ("2023-11-14T22:13:20.123456789Z", 1_700_000_000_123_456),
        ("2023-11-14T23:13:20+01:00", 1_700_000_000_000_000),
        ("2023-11-14T18:43:20-03:30", 1_700_000_000_000_000),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000_000),
        ("9999-12-31T23:59:59Z", 253_402_300_799_000_000),
    ] {
        assert_eq!(parse_date(text.as_bytes()), Some(UnixTime(micros)), "{text}");
    }
    for bad in [
        "",
        "-1",
        "1.5",
        "99999999999999999999",
        "253402300800",
        "{\"unix\":-1}",
        "{\"unix\":9223372036854775807}",
        "{\"unix\":1,\"x\":2}",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+00:01",
        "2023-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2023-13-01T00:00:00Z",
        "2023-00-01T00:00:00Z",
        "2023-01-00T00:00:00Z",
        "2023-01-01T24:00:00Z",
        "2023-01-01T00:60:00Z",
        "2023-01-01T00:00:61Z",
        "2023-01-01T00:00:00",
        "2023-01-01T00:00:00.Z",
        "2023-01-01T00:00:00Zx",
        "2023-01-01T00:00:00+24:00",
        "2023-1-1T00:00:00Z",
        "２０２３",
    ] {
        assert_eq!(parse_date(bad.as_bytes()), None, "{bad}");
    }
    assert_eq!(parse_date(b"\xff"), None);
}

/// Every day from 1970 to 2400 follows the day before.
#[test]
fn dates_run_through_the_calendar() {
    let mut expected = 0;
    for year in 1970..2400 {
        for month in 1..=12 {
            for day in 1..=31 {
                let text = format!("{year:04}-{month:02}-{day:02}T00:00:00Z");
                if let Some(date) = parse_date(text.as_bytes()) {
                    assert_eq!(date.seconds(), expected, "{text}");
                    expected += 86_400;
                }
            }
        }
    }
    // 430 years: 104 of those divisible by 4 except 2100, 2200, 2300 and with 2000.
    assert_eq!(expected, (430 * 365 + 107 - 3) * 86_400);
}
