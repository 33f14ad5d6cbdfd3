//! The grammar of numbers (RFC 8259 section 6) as a state machine over bytes.

/// The part of a number that was read last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    Start,
    Minus,
    /// A leading zero: no other digit may follow.
    Zero,
    Integer,
    Point,
    Fraction,
    E,
    Sign,
    Exponent,
}

/// A transition: in one of some states, a byte from `first` to `last` leads to the state `next`.
struct Rule {
    /// The states, one bit for each.
    states: u16,
    first: u8,
    last: u8,
    next: Number,
}

impl Rule {
    const fn new(states: &[Number], [first, last]: [u8; 2], next: Number) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < states.len() {
            bits |= 1 << states[at] as u16;
            at += 1;
        }
        Self { states: bits, first, last, next }
    }
}

static RULES: [Rule; 11] = {
    use Number::*;
    [
        Rule::new(&[Start], *b"--", Minus),
        Rule::new(&[Start, Minus], *b"00", Zero),
        Rule::new(&[Start, Minus], *b"19", Integer),
        Rule::new(&[Integer], *b"09", Integer),
        Rule::new(&[Zero, Integer], *b"..", Point),
        Rule::new(&[Point, Fraction], *b"09", Fraction),
        Rule::new(&[Zero, Integer, Fraction], *b"ee", E),
        Rule::new(&[Zero, Integer, Fraction], *b"EE", E),
        Rule::new(&[E], *b"++", Sign),
        Rule::new(&[E], *b"--", Sign),
        Rule::new(&[E, Sign, Exponent], *b"09", Exponent),
    ]
};

impl Number {
    /// The state after `byte`; `None` if `byte` does not belong to the number.
    pub fn push(self, byte: u8) -> Option<Self> {
        let fits = |rule: &&Rule| {
            rule.states >> self as u16 & 1 == 1 && (rule.first..=rule.last).contains(&byte)
        };
        RULES.iter().find(fits).map(|rule| rule.next)
    }

    /// Whether the number is complete.
    pub fn is_complete(self) -> bool {
        matches!(self, Self::Zero | Self::Integer | Self::Fraction | Self::Exponent)
    }
}
