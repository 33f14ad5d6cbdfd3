//! Parses the values of flags. An invalid value is refused with a description of the valid ones.

use bareserve::protocol::token::Token;
use std::{
    ffi::OsString,
    fmt::Display,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    ops::RangeInclusive,
    path::PathBuf,
    time::Duration,
};

use bareserve::ping::profile::Profile;
use bareserve_testbench::Faults;
use lexopt::Parser;

use super::impairment;
use crate::{
    error::UsageError,
    network::Prefix,
    publish::{Publish, Transport},
    tap::MAX_NAME,
};

/// A flag whose value is to be parsed next.
pub struct Flag<'p> {
    parser: &'p mut Parser,
    name: String,
}

impl<'p> Flag<'p> {
    pub fn new(parser: &'p mut Parser, name: &str) -> Self {
        Self { parser, name: name.to_string() }
    }

    /// The flag as written.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn path(&mut self, wanted: &str) -> Result<PathBuf, UsageError> {
        let value = self.raw(wanted)?;
        if value.is_empty() {
            return Err(self.refuse(wanted, ""));
        }
        Ok(value.into())
    }

    /// A file path relative to the served folder.
    pub fn file_name(&mut self) -> Result<String, UsageError> {
        self.parse("the path of a file inside the served folder, such as photo.jpg", |text| {
            (!text.is_empty() && bareserve::store::is_valid_path(text)).then(|| text.to_string())
        })
    }

    pub fn token(&mut self) -> Result<String, UsageError> {
        self.parse("the 32 characters after ?token= in the server's link", |text| {
            Token::from_text(text).map(|token| token.as_str().to_string())
        })
    }

    /// A host's name as clients send it: an IDN in ASCII.
    pub fn host_name(&mut self) -> Result<String, UsageError> {
        self.parse("a host name without a port, such as lamp.example", |text| {
            let is_label = |label: &str| {
                !label.is_empty()
                    && label
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
            };
            text.split('.').all(is_label).then(|| text.to_string())
        })
    }

    pub fn port(&mut self) -> Result<u16, UsageError> {
        self.parse("a port from 1 to 65535, such as 8080", port)
    }

    pub fn number(&mut self, range: RangeInclusive<usize>) -> Result<usize, UsageError> {
        let wanted = format!("a number from {} to {}", range.start(), range.end());
        self.parse(&wanted, |text| text.parse().ok().filter(|number| range.contains(number)))
    }

    /// A number of bytes, or of KiB, MiB or GiB with the letter behind it.
    pub fn size(&mut self) -> Result<u64, UsageError> {
        self.parse("a number of bytes, such as 500K, 10M or 2G", |text| {
            let units = [("K", 10), ("M", 20), ("G", 30)];
            let unit = |(letter, shift)| Some((text.strip_suffix(letter)?, shift));
            let (number, shift) = units.into_iter().find_map(unit).unwrap_or((text, 0));
            let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
            let number: u64 = number.parse().ok().filter(|_| is_number)?;
            number.checked_mul(1 << shift).filter(|size| *size > 0)
        })
    }

    pub fn one_of<T: Copy>(&mut self, choices: &[(&str, T)]) -> Result<T, UsageError> {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let wanted = format!("one of {}", names.join(", "));
        self.parse(&wanted, |text| {
            choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice)
        })
    }

    pub fn ping_profile(&mut self) -> Result<Profile, UsageError> {
        let value = self.raw("a profile, such as course or upper,loss=20%")?;
        value
            .to_string_lossy()
            .parse()
            .map_err(|error| UsageError(format!("{}: {error}", self.name)))
    }

    pub fn interface(&mut self) -> Result<String, UsageError> {
        self.parse(&wanted_interface(), |text| is_interface_name(text).then(|| text.to_string()))
    }

    /// Faults of a wire, written as `delay=20ms,loss=1%,rate=10mbit,queue=20`.
    pub fn impairment(&mut self) -> Result<Faults, UsageError> {
        let value = self.raw("faults, such as delay=20ms,loss=1%,rate=10mbit,queue=20")?;
        impairment::parse(&value.to_string_lossy())
            .map_err(|error| UsageError(format!("{}: {error}", self.name)))
    }

    pub fn prefix4(&mut self) -> Result<Prefix<Ipv4Addr>, UsageError> {
        self.parse("a host's address with prefix length, such as 192.168.69.1/24", |text| {
            prefix::<Ipv4Addr>(text, 30).filter(|Prefix { address, length }| {
                let host_bits = u32::MAX >> length;
                let host = address.to_bits() & host_bits;
                // Neither the network address nor the broadcast address.
                host != 0
                    && host != host_bits
                    && !(address.is_multicast()
                        || address.is_loopback()
                        || address.octets()[0] == 0)
                    && !address.is_broadcast()
            })
        })
    }

    pub fn prefix6(&mut self) -> Result<Prefix<Ipv6Addr>, UsageError> {
        self.parse("a host's address with prefix length, such as fd69::1/64", |text| {
            prefix::<Ipv6Addr>(text, 127).filter(|Prefix { address, .. }| {
                !(address.is_multicast() || address.is_loopback() || address.is_unspecified())
            })
        })
    }

    /// An offset from UTC in seconds, written as `+02:00`, `-0330`, `+2` or `Z`.
    pub fn utc_offset(&mut self) -> Result<i32, UsageError> {
        self.parse("an offset from UTC, such as +02:00, -03:30 or Z", utc_offset)
    }

    /// A duration, written as `1s`, `250ms` or `1.5` (seconds).
    pub fn duration(&mut self) -> Result<Duration, UsageError> {
        self.parse("a duration of at most one hour, such as 1s, 0.5s or 250ms", duration)
    }

    pub fn publish(&mut self) -> Result<Publish, UsageError> {
        self.parse(
            "[ADDR:]PORT:DEVICEPORT[/udp], such as 8080:80 or 127.0.0.1:5300:12000/udp",
            publish,
        )
    }

    fn parse<T>(
        &mut self,
        wanted: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, UsageError> {
        let value = self.raw(wanted)?;
        let text = value.to_str();
        text.and_then(parse).ok_or_else(|| self.refuse(wanted, &value.to_string_lossy()))
    }

    fn raw(&mut self, wanted: &str) -> Result<OsString, UsageError> {
        let name = &self.name;
        self.parser.value().map_err(|_| UsageError(format!("{name} needs a value: {wanted}")))
    }

    fn refuse(&self, wanted: &str, value: &str) -> UsageError {
        UsageError(format!("{} takes {wanted}, not '{}'", self.name, excerpt(value)))
    }
}

/// Checks the name of a TAP that `wire` joins.
pub fn interface(name: &str) -> Result<String, UsageError> {
    if is_interface_name(name) {
        return Ok(name.to_string());
    }
    Err(UsageError(format!("wire takes {}, not '{}'", wanted_interface(), excerpt(name))))
}

fn wanted_interface() -> String {
    format!("an interface name of at most {MAX_NAME} bytes without spaces, / : or %, such as tap0")
}

fn is_interface_name(text: &str) -> bool {
    !matches!(text, "" | "." | "..")
        && text.len() <= MAX_NAME
        && !text.chars().any(|c| c.is_whitespace() || c.is_control() || "/:%".contains(c))
}

/// A value for a message: without control characters, so that the message stays one line.
fn excerpt(value: &str) -> String {
    value.chars().filter(|c| !c.is_control()).take(80).collect()
}

/// Checks that the addresses at the two ends of the link differ and are in one network. `version` is
/// the suffix of the flags' names: empty for IPv4, `6` for IPv6.
pub fn check_pair<A>(version: &str, device: Prefix<A>, host: Prefix<A>) -> Result<(), UsageError>
where
    A: Copy + PartialEq + Display + Into<IpAddr>,
{
    if device.address == host.address {
        return Err(UsageError(format!(
            "--address{version} and --host-address{version} are both {}: give two different addresses of one network",
            device.address
        )));
    }
    let same_network =
        bits(device.address.into(), device.length) == bits(host.address.into(), device.length);
    if device.length != host.length || !same_network {
        return Err(UsageError(format!(
            "--host-address{version} {host} is outside the network of --address{version} {device}: give two addresses of one network"
        )));
    }
    Ok(())
}

/// The first `length` bits of an address.
fn bits(address: IpAddr, length: u8) -> u128 {
    let (bits, width) = match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    };
    bits.checked_shr(width - u32::from(length)).unwrap_or(0)
}

/// Splits `ADDR[:PORT]`; an IPv6 address with a port is in brackets.
pub fn target(command: &str, text: &str) -> Result<(String, Option<u16>), UsageError> {
    let error = || {
        UsageError(format!(
            "{command} takes ADDR[:PORT], such as 192.168.69.1 or [fd69::1]:9999, not '{text}'"
        ))
    };
    if text.parse::<Ipv6Addr>().is_ok() {
        return Ok((text.to_string(), None));
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (address, after) = rest.split_once(']').ok_or_else(error)?;
        address.parse::<Ipv6Addr>().map_err(|_| error())?;
        let port = match after.strip_prefix(':') {
            Some(digits) => Some(port(digits).ok_or_else(error)?),
            None if after.is_empty() => None,
            None => return Err(error()),
        };
        return Ok((address.to_string(), port));
    }
    let (host, port) = match text.split_once(':') {
        Some((host, digits)) => (host, Some(port(digits).ok_or_else(error)?)),
        None => (text, None),
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    if host.is_empty() || !host.chars().all(is_name) {
        return Err(error());
    }
    Ok((host.to_string(), port))
}

fn port(text: &str) -> Option<u16> {
    digits(text)?.parse().ok().filter(|port| *port != 0)
}

/// Returns the text if it consists of digits only; Rust's `parse` would accept a sign.
fn digits(text: &str) -> Option<&str> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

fn prefix<A: std::str::FromStr>(text: &str, longest: u8) -> Option<Prefix<A>> {
    let (address, length) = text.split_once('/')?;
    let length = digits(length)?.parse().ok().filter(|length| (1..=longest).contains(length))?;
    Some(Prefix { address: address.parse().ok()?, length })
}

fn utc_offset(text: &str) -> Option<i32> {
    if text == "Z" {
        return Some(0);
    }
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match rest.split_once(':') {
        Some(parts) => parts,
        None if rest.len() == 4 => rest.split_at_checked(2)?,
        None => (rest, "0"),
    };
    let number = |text, max| digits(text)?.parse().ok().filter(|number: &i32| *number <= max);
    let total_minutes = number(hours, 18)? * 60 + number(minutes, 59)?;
    (total_minutes <= 18 * 60).then_some(sign * total_minutes * 60)
}

fn duration(text: &str) -> Option<Duration> {
    let (number, seconds_per_unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (text.strip_suffix('s').unwrap_or(text), 1.0),
    };
    let is_plain = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let seconds = number.parse::<f64>().ok().filter(|_| is_plain)? * seconds_per_unit;
    (seconds <= 3600.0).then(|| Duration::from_secs_f64(seconds))
}

fn publish(text: &str) -> Option<Publish> {
    let (rest, transport) = match text.rsplit_once('/') {
        Some((rest, "udp")) => (rest, Transport::Udp),
        Some((rest, "tcp")) => (rest, Transport::Tcp),
        Some(_) => return None,
        None => (text, Transport::Tcp),
    };
    let (listen, device_port) = rest.rsplit_once(':')?;
    let listen = match listen.rsplit_once(':') {
        None => SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port(listen)?),
        Some((address, digits)) => {
            let address = match address.strip_prefix('[') {
                Some(rest) => IpAddr::V6(rest.strip_suffix(']')?.parse().ok()?),
                None => IpAddr::V4(address.parse().ok()?),
            };
            SocketAddr::new(address, port(digits)?)
        }
    };
    Some(Publish { listen, device_port: port(device_port)?, transport })
}
