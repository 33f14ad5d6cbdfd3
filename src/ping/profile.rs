//! What a ping server does with each datagram.

use core::{cell::Cell, fmt, str::FromStr};

use smoltcp::time::Duration;

/// How datagrams are answered. They are numbered 1, 2, 3 … in order of arrival.
///
/// As text, a profile is a list of settings separated by commas, applied from left to right to
/// [`Profile::DEFAULT`]. `Display` writes the same form:
///
/// | setting | meaning |
/// |---|---|
/// | `default`, `echo`, `course` | the profile of this name |
/// | `upper`, `unchanged` | [`Profile::transform`] |
/// | `loss=20%`, `loss=1/3`, `loss=none` | [`Profile::loss`]: each with this probability, the first of every three, none |
/// | `seed=7`, `seed=none` | [`Profile::seed`] |
/// | `limit=8`, `limit=none` | [`Profile::limit`] |
/// | `delay=50ms`, `delay=2s` | [`Profile::delay`], an hour at most |
/// | `read=1024`, `read=all` | [`Profile::read`] |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// How the answer's bytes differ from the datagram's.
    pub transform: Transform,
    /// Which datagrams are dropped.
    pub loss: Loss,
    /// The seed of random losses, for repeatable runs; `None`: from the device's entropy.
    pub seed: Option<u64>,
    /// The datagram with this number and all that follow it are dropped.
    pub limit: Option<u32>,
    /// The time from a datagram to its answer.
    pub delay: Duration,
    /// The bytes of a datagram that are read, as by `recvfrom`; the answer has no more.
    pub read: Option<u16>,
}

/// How an answer differs from its datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transform {
    /// The same bytes.
    Unchanged,
    /// ASCII letters in upper case.
    Upper,
}

/// Which datagrams are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// None.
    Never,
    /// The `nth` (1 to `of`) of every `of`.
    Every {
        /// The place of the dropped one, from 1.
        nth: u32,
        /// The length of the cycle; 0 drops none.
        of: u32,
    },
    /// Each with this probability in percent; 100 and more drop all.
    Percent(u8),
}

impl Profile {
    /// Upper case, no loss, no delay.
    pub const DEFAULT: Self = Self {
        transform: Transform::Upper,
        loss: Loss::Never,
        seed: None,
        limit: None,
        delay: Duration::ZERO,
        read: None,
    };

    /// Unchanged, no loss, no delay (RFC 862).
    pub const ECHO: Self = Self { transform: Transform::Unchanged, ..Self::DEFAULT };

    /// The course's server: reads 1,024 bytes, answers in upper case, drops the first of every three
    /// datagrams, and from the eighth on all. The first client gets answers to 2, 3, 5 and 6.
    pub const COURSE: Self = Self {
        loss: Loss::Every { nth: 1, of: 3 },
        limit: Some(8),
        read: Some(1024),
        ..Self::DEFAULT
    };

    fn named(name: &str) -> Option<Self> {
        match name {
            "default" => Some(Self::DEFAULT),
            "echo" => Some(Self::ECHO),
            "course" => Some(Self::COURSE),
            _ => None,
        }
    }

    /// Applies one setting. The error is what was expected instead.
    fn apply(&mut self, setting: &str) -> Result<(), &'static str> {
        if let Some(profile) = Self::named(setting) {
            *self = profile;
            return Ok(());
        }
        let (key, value) = setting.split_once('=').unwrap_or((setting, ""));
        match (key, value) {
            ("upper", "") => self.transform = Transform::Upper,
            ("unchanged", "") => self.transform = Transform::Unchanged,
            ("loss", _) => self.loss = loss(value).ok_or("loss=20%, loss=1/3 or loss=none")?,
            ("seed", "none") => self.seed = None,
            ("seed", _) => self.seed = Some(number(value).ok_or("seed=NUMBER or seed=none")?),
            ("limit", "none") => self.limit = None,
            ("limit", _) => {
                let limit = number(value).filter(|limit| *limit > 0);
                self.limit = Some(limit.ok_or("limit=NUMBER from 1, or limit=none")?);
            }
            ("delay", _) => {
                self.delay = delay(value).ok_or("delay=50ms or delay=2s, an hour at most")?;
            }
            ("read", "all") => self.read = None,
            ("read", _) => self.read = Some(number(value).ok_or("read=BYTES or read=all")?),
            _ => {
                return Err(
                    "default, echo, course, upper, unchanged, loss=, seed=, limit=, delay=, read=",
                );
            }
        }
        Ok(())
    }
}

/// The profile of a [`PingServer`](super::server::PingServer), shared with the code that changes it
/// while the server runs.
#[derive(Debug)]
pub struct SharedProfile {
    profile: Cell<Profile>,
    /// Grows with each restart.
    generation: Cell<u32>,
}

impl SharedProfile {
    /// Starts with `profile`.
    pub const fn new(profile: Profile) -> Self {
        Self { profile: Cell::new(profile), generation: Cell::new(0) }
    }

    /// The present profile.
    pub fn get(&self) -> Profile {
        self.profile.get()
    }

    /// Changes the profile and restarts.
    pub fn set(&self, profile: Profile) {
        self.profile.set(profile);
        self.restart();
    }

    /// Numbers datagrams from 1 again, so that a server at its limit answers again. Delayed answers
    /// are still sent.
    pub fn restart(&self) {
        self.generation.set(self.generation.get().wrapping_add(1));
    }

    /// Differs from an earlier value if the server is to restart.
    pub(super) fn generation(&self) -> u32 {
        self.generation.get()
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl FromStr for Profile {
    type Err = ProfileError;

    fn from_str(text: &str) -> Result<Self, ProfileError> {
        let mut profile = Self::DEFAULT;
        for setting in text.split(',') {
            profile.apply(setting).map_err(|expected| ProfileError::new(setting, expected))?;
        }
        Ok(profile)
    }
}

/// Parses `20%`, `1/3` or `none`.
fn loss(text: &str) -> Option<Loss> {
    if text == "none" {
        return Some(Loss::Never);
    }
    if let Some(percent) = text.strip_suffix('%') {
        return number(percent).filter(|percent| *percent <= 100).map(Loss::Percent);
    }
    let (nth, of) = text.split_once('/')?;
    let (nth, of) = (number(nth)?, number(of)?);
    (1 <= nth && nth <= of).then_some(Loss::Every { nth, of })
}

/// Parses `50ms` or `2s`.
fn delay(text: &str) -> Option<Duration> {
    let delay = match text.strip_suffix("ms") {
        Some(millis) => Duration::from_millis(number::<u32>(millis)?.into()),
        None => Duration::from_secs(number::<u32>(text.strip_suffix('s')?)?.into()),
    };
    (delay <= Duration::from_secs(3600)).then_some(delay)
}

/// Parses decimal digits only; `parse` alone would accept a sign.
fn number<T: FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.transform {
            Transform::Unchanged => "unchanged",
            Transform::Upper => "upper",
        })?;
        match self.loss {
            Loss::Never => {}
            Loss::Every { nth, of } => write!(f, ",loss={nth}/{of}")?,
            Loss::Percent(percent) => write!(f, ",loss={percent}%")?,
        }
        if let Some(seed) = self.seed {
            write!(f, ",seed={seed}")?;
        }
        if let Some(limit) = self.limit {
            write!(f, ",limit={limit}")?;
        }
        if self.delay > Duration::ZERO {
            write!(f, ",delay={}ms", self.delay.total_millis())?;
        }
        if let Some(read) = self.read {
            write!(f, ",read={read}")?;
        }
        Ok(())
    }
}

/// A setting that is not one of [`Profile`]'s. `Display` is one line, whatever the setting holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileError {
    /// The setting, its first 32 bytes at most.
    setting: heapless::String<32>,
    expected: &'static str,
}

impl ProfileError {
    fn new(setting: &str, expected: &'static str) -> Self {
        let mut copy = heapless::String::new();
        // The rest of a long setting is left out of the message.
        let _ = setting.chars().try_for_each(|letter| copy.push(letter));
        Self { setting: copy, expected }
    }
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Escaped, so that the message remains one line.
        write!(
            f,
            "invalid ping profile setting '{}': expected {}",
            self.setting.escape_debug(),
            self.expected
        )
    }
}

impl core::error::Error for ProfileError {}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::string::ToString;

    use super::*;
    use crate::entropy::{Entropy, SeededEntropy};

    #[test]
    fn names_and_settings_are_parsed() {
        let profile = |text: &str| text.parse::<Profile>().unwrap();
        assert_eq!(profile("default"), Profile::DEFAULT);
        assert_eq!(profile("echo"), Profile::ECHO);
        assert_eq!(profile("course"), Profile::COURSE);
        assert_eq!(
            profile("upper,loss=20%,delay=50ms,limit=8"),
            Profile {
                loss: Loss::Percent(20),
                delay: Duration::from_millis(50),
                limit: Some(8),
                ..Profile::DEFAULT
            }
        );
        assert_eq!(
            profile("course,loss=none,limit=none,read=all,unchanged,delay=2s,seed=9"),
            Profile { delay: Duration::from_secs(2), seed: Some(9), ..Profile::ECHO }
        );
        assert_eq!(profile("echo,default"), Profile::DEFAULT);
    }

    #[test]
    fn invalid_settings_are_reported_in_one_line() {
        let error = |text: &str| text.parse::<Profile>().unwrap_err().to_string();
        assert_eq!(
            error("upper,loss=20"),
            "invalid ping profile setting 'loss=20': expected loss=20%, loss=1/3 or loss=none"
        );
        for wrong in [
            "",
            "upper,",
            ",upper",
            "Course",
            "upper=1",
            " upper",
            "loss",
            "loss=",
            "loss=%",
            "loss=101%",
            "loss=-1%",
            "loss=0/3",
            "loss=4/3",
            "loss=1/0",
            "loss=/",
            "limit=0",
            "limit=+8",
            "limit=4294967296",
            "limit=",
            "delay=5",
            "delay=ms",
            "delay=s",
            "delay=3601s",
            "delay=99999999999ms",
            "read=65536",
            "read=",
            "seed=x",
            "bad\nline",
            "\u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}",
        ] {
            let message = error(wrong);
            assert!(message.starts_with("invalid ping profile setting '"), "{message}");
            assert!(!message.contains('\n'), "{message}");
        }
    }

    #[test]
    fn any_profile_survives_display_and_parse() {
        let mut entropy = SeededEntropy::new(6);
        for _ in 0..10_000 {
            let mut next = || entropy.next_u64() as u32;
            let of = next() % 9 + 1;
            let profile = Profile {
                transform: if next() % 2 == 0 { Transform::Upper } else { Transform::Unchanged },
                loss: match next() % 3 {
                    0 => Loss::Never,
                    1 => Loss::Every { nth: next() % of + 1, of },
                    _ => Loss::Percent((next() % 101) as u8),
                },
                seed: (next() % 2 == 0).then(|| next().into()),
                limit: (next() % 2 == 0).then(|| next().max(1)),
                delay: Duration::from_millis((next() % 3_600_001).into()),
                read: (next() % 2 == 0).then(|| next() as u16),
            };
            assert_eq!(profile.to_string().parse(), Ok(profile));
        }
    }
}
