//! Parses the faults of a wire: `delay=20ms,loss=1%,rate=10mbit,queue=20`.

use std::time::Duration;

use bareserve_testbench::Faults;

/// No faults, and no delay either.
pub const NONE: Faults = Faults { delay: Duration::ZERO, ..Faults::NONE };

const LONGEST_DELAY: Duration = Duration::from_secs(60);

/// The most frames that a queue may be given.
const LONGEST_QUEUE: usize = 1_000_000;

/// Parses comma-separated faults.
///
/// # Errors
/// Returns one line that names the mistake and the correction.
pub fn parse(text: &str) -> Result<Faults, String> {
    let mut faults = NONE;
    let mut seen = Vec::new();
    for setting in text.split(',') {
        let (name, value) = setting.split_once('=').unwrap_or((setting, ""));
        let wanted = match name {
            "delay" => "a time of at most a minute, such as 20ms, 0.2ms, 200us or 1s",
            "loss" => "a percentage, such as 1% or 0.1%",
            "rate" => "bits per second, such as 10mbit, 500kbit or 1gbit",
            "queue" => "a number of frames from 1 to 1000000, such as 20",
            _ => {
                let name = printable(name);
                return Err(format!(
                    "unknown fault '{name}': the faults are delay, loss, rate, queue"
                ));
            }
        };
        if seen.contains(&name) {
            return Err(format!("{name} is given twice: remove one"));
        }
        seen.push(name);
        set(&mut faults, name, value)
            .ok_or_else(|| format!("{name} takes {wanted}, not '{}'", printable(value)))?;
    }
    if faults.queue.is_some() && faults.rate.is_none() {
        return Err(
            "queue needs a rate, as frames wait for it: add one, such as rate=10mbit".into()
        );
    }
    Ok(faults)
}

/// Sets one fault; `None` if the value is invalid.
fn set(faults: &mut Faults, name: &str, value: &str) -> Option<()> {
    match name {
        "delay" => faults.delay = delay(value)?,
        "loss" => faults.loss = per_thousand(value)?,
        "rate" => faults.rate = Some(rate(value)?),
        _ => {
            let queue = whole(value)?.try_into().ok();
            faults.queue = Some(queue.filter(|frames| (1..=LONGEST_QUEUE).contains(frames))?);
        }
    }
    Some(())
}

fn delay(text: &str) -> Option<Duration> {
    // Before `s`, as both others end with it.
    let units = [("ms", 1e-3), ("us", 1e-6), ("s", 1.0)];
    let (number, unit) =
        units.into_iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)))?;
    let is_plain = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let seconds = number.parse::<f64>().ok().filter(|_| is_plain)? * unit;
    (seconds <= LONGEST_DELAY.as_secs_f64()).then(|| Duration::from_secs_f64(seconds))
}

/// `1%` and `0.5%`, with one decimal at most: 10 and 5 of 1,000 frames.
fn per_thousand(text: &str) -> Option<u16> {
    let number = text.strip_suffix('%')?;
    let (percent, tenth) = number.split_once('.').unwrap_or((number, "0"));
    let tenth = whole(tenth).filter(|tenth| *tenth <= 9)?;
    let total = whole(percent)?.checked_mul(10)?.checked_add(tenth)?;
    u16::try_from(total).ok().filter(|total| *total <= 1000)
}

fn rate(text: &str) -> Option<u64> {
    let units = [("kbit", 1_000), ("mbit", 1_000_000), ("gbit", 1_000_000_000)];
    let (number, unit) =
        units.into_iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)))?;
    whole(number)?.checked_mul(unit).filter(|rate| *rate > 0)
}

/// A whole number; Rust's `parse` would accept a sign.
fn whole(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

/// Without control characters, so that a message stays one line.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}
