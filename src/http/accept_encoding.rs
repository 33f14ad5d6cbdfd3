//! Accept-Encoding (RFC 9110 section 12.5.3): whether a client prefers the gzip variant.
//!
//! ```
//! use bareserve::{http::accept_encoding::AcceptEncoding, store::Encoding};
//!
//! let mut accepted = AcceptEncoding::default();
//! accepted.add(b"br, gzip;q=0.8");
//! assert_eq!(accepted.choose(true), Some(Encoding::Gzip));
//! assert_eq!(accepted.choose(false), Some(Encoding::Identity));
//! ```

use super::{bytes::is_same_name, parameters};
use crate::store::Encoding;

/// A weight in thousandths (RFC 9110 section 12.4.2).
type Weight = u16;

/// The weights that a request's Accept-Encoding fields give to the encodings of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AcceptEncoding {
    gzip: Option<Weight>,
    identity: Option<Weight>,
    /// `*`: all codings that are not named.
    others: Option<Weight>,
}

impl AcceptEncoding {
    /// Adds the value of an Accept-Encoding field; a request may have several. Invalid elements are
    /// ignored.
    pub fn add(&mut self, value: &[u8]) {
        for element in parameters::list(value) {
            let (coding, parameters) = parameters::split(element);
            let Some(weight) = weight(parameters) else { continue };
            // Names of codings are case-insensitive; `x-gzip` is `gzip` (section 8.4.1).
            let place = match coding {
                b"*" => &mut self.others,
                _ if is_same_name(coding, b"gzip") => &mut self.gzip,
                _ if is_same_name(coding, b"x-gzip") => &mut self.gzip,
                _ if is_same_name(coding, b"identity") => &mut self.identity,
                _ => continue,
            };
            *place = Some(weight);
        }
    }

    /// The encoding to send of a file that has an identity variant and, if `has_gzip`, a gzip variant.
    /// `None` if the client accepts neither: the response is 406, or the identity variant.
    ///
    /// Without an Accept-Encoding field every coding is acceptable, and the result is identity.
    pub fn choose(&self, has_gzip: bool) -> Option<Encoding> {
        // A coding that is not named has the weight of `*`. Without `*` it is not acceptable, except
        // identity.
        let gzip = self.gzip.or(self.others).filter(|_| has_gzip).unwrap_or(0);
        let identity = self.identity.or(self.others);
        match (gzip, identity) {
            (0, Some(0)) => None,
            (0, _) => Some(Encoding::Identity),
            (_, Some(identity)) if identity > gzip => Some(Encoding::Identity),
            _ => Some(Encoding::Gzip),
        }
    }
}

/// The weight of an element: 1000 without the parameter `q`, `None` if a parameter is invalid.
fn weight(parameters: parameters::Parameters<'_>) -> Option<Weight> {
    let mut weight = 1000;
    for parameter in parameters {
        let (name, value) = parameter.ok()?;
        if is_same_name(name, b"q") {
            weight = qvalue(value.raw())?;
        }
    }
    Some(weight)
}

/// `0`, `0.` and up to three digits, `1`, or `1.` and up to three zeros.
fn qvalue(text: &[u8]) -> Option<Weight> {
    let (whole, fraction) = match text {
        [whole] => (whole, &b""[..]),
        [whole, b'.', fraction @ ..] if fraction.len() <= 3 => (whole, fraction),
        _ => return None,
    };
    let whole = match whole {
        b'0' => 0,
        b'1' => 1000,
        _ => return None,
    };
    let mut weight = whole;
    for (digit, unit) in fraction.iter().zip([100, 10, 1]) {
        weight += Weight::from(char::from(*digit).to_digit(10)? as u8) * unit;
    }
    (weight <= 1000).then_some(weight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::{Entropy, SeededEntropy};
    use Encoding::{Gzip, Identity};

    fn choose(values: &[&str]) -> Option<Encoding> {
        let mut accept = AcceptEncoding::default();
        values.iter().for_each(|value| accept.add(value.as_bytes()));
        // Without the variant, gzip is never chosen.
        assert_ne!(accept.choose(false), Some(Gzip));
        accept.choose(true)
    }

    #[test]
    fn chooses_as_rfc_9110_section_12_5_3_says() {
        for (value, expected) in [
            ("", Some(Identity)),
            ("gzip", Some(Gzip)),
            ("GZip", Some(Gzip)),
            ("x-gzip", Some(Gzip)),
            ("compress, gzip", Some(Gzip)),
            ("gzip, deflate, br, zstd", Some(Gzip)),
            ("deflate, br", Some(Identity)),
            ("*", Some(Gzip)),
            ("compress;q=0.5, gzip;q=1.0", Some(Gzip)),
            ("gzip;q=1.0, identity; q=0.5, *;q=0", Some(Gzip)),
            ("gzip;q=0.5, identity;q=0.6", Some(Identity)),
            ("gzip;q=0.001", Some(Gzip)),
            ("gzip ; Q=0.5 ,identity;q=0.5", Some(Gzip)),
            ("gzip;q=0", Some(Identity)),
            ("gzip;q=0, *", Some(Identity)),
            ("*;q=0", None),
            ("*;q=0, identity;q=0.1", Some(Identity)),
            ("identity;q=0", None),
            ("identity;q=0, gzip;q=0", None),
            ("identity;q=0, gzip", Some(Gzip)),
            ("identity;q=0, *", Some(Gzip)),
            ("gzip;q=1.001", Some(Identity)),
            ("gzip;q=0.0001", Some(Identity)),
            ("gzip;q=2", Some(Identity)),
            ("gzip;q=", Some(Identity)),
            ("gzip;q=-1", Some(Identity)),
            ("gzip;q", Some(Identity)),
            ("gzip q=1", Some(Identity)),
            ("gzipped", Some(Identity)),
            (",, gzip ,", Some(Gzip)),
            ("gzip;q=0.", Some(Identity)),
            ("gzip;q=1.", Some(Gzip)),
        ] {
            assert_eq!(choose(&[value]), expected, "{value}");
        }
        assert_eq!(choose(&[]), Some(Identity));
        assert_eq!(choose(&["br", "gzip"]), Some(Gzip));
    }

    #[test]
    fn mutated_values_do_not_panic() {
        let mut entropy = SeededEntropy::new(6);
        for _ in 0..100_000 {
            let mut value = *b"gzip;q=0.5, identity;q=0.25, *;q=\"0\"";
            for _ in 0..3 {
                let random = entropy.next_u64();
                value[random as usize % 36] = (random >> 32) as u8;
            }
            AcceptEncoding::default().add(&value);
        }
    }
}
