//! A set of methods, as the Allow field lists them (RFC 9110 section 10.2.1).

use super::method::Method;

/// The methods that a resource has. GET includes HEAD; OPTIONS is always there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Methods(u8);

/// Those that a set can have, in the order of the Allow field.
const ORDER: [Method; 5] = [Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete];

impl Methods {
    /// None.
    pub const NONE: Self = Self(0);
    /// GET, and with it HEAD.
    pub const GET: Self = Self(bit(Method::Get) | bit(Method::Head));
    /// POST.
    pub const POST: Self = Self(bit(Method::Post));
    /// PUT.
    pub const PUT: Self = Self(bit(Method::Put));
    /// PATCH (RFC 5789).
    pub const PATCH: Self = Self(bit(Method::Patch));
    /// DELETE.
    pub const DELETE: Self = Self(bit(Method::Delete));
    /// All of these.
    pub const ALL: Self =
        Self::GET.and(Self::POST).and(Self::PUT).and(Self::PATCH).and(Self::DELETE);

    /// These and those: `Methods::GET.and(Methods::PUT)`.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Whether `method` is one of them.
    pub const fn contains(self, method: Method) -> bool {
        self.0 & bit(method) != 0
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each of them, in the order of the Allow field.
    pub fn iter(self) -> impl Iterator<Item = Method> {
        ORDER.into_iter().filter(move |method| self.contains(*method))
    }
}

/// None for CONNECT, which no resource has.
const fn bit(method: Method) -> u8 {
    (1_u16 << method as u16) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_put_in() {
        let set = Methods::DELETE.and(Methods::GET);
        assert!(set.iter().eq([Method::Get, Method::Delete]));
        assert!(set.contains(Method::Head) && !set.contains(Method::Post));
        assert!(Methods::ALL.iter().eq(ORDER));
        for method in [Method::Options, Method::Trace, Method::Connect] {
            assert!(!Methods::ALL.contains(method));
        }
        assert!(Methods::NONE.is_empty() && !set.is_empty());
    }
}
