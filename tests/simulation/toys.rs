//! Small protocols that pass through every phase.

use std::{cell::RefCell, rc::Rc};

use bareserve::{
    Environment,
    protocol::{
        datagram::DatagramProtocol,
        endpoints::Endpoints,
        stream::{Phase, Protocol},
    },
};

/// What happened to the connections of a protocol.
#[derive(Debug, Default)]
pub struct Tally {
    pub opened: usize,
    pub closed: usize,
    pub ends_of_input: usize,
    pub expired: usize,
    pub open_now: usize,
    pub most_open: usize,
    pub stored: Vec<Vec<u8>>,
}

pub type Shared = Rc<RefCell<Tally>>;

impl Tally {
    fn open(&mut self) {
        self.opened += 1;
        self.open_now += 1;
        self.most_open = self.most_open.max(self.open_now);
    }

    fn close(&mut self) {
        self.closed += 1;
        self.open_now = self.open_now.checked_sub(1).expect("closed once for each open");
    }
}

/// The byte at `place` of every answer.
pub fn pattern(place: usize) -> u8 {
    (place % 251) as u8
}

pub fn pattern_bytes(length: usize) -> Vec<u8> {
    (0..length).map(pattern).collect()
}

/// Sends `length` bytes on connect, then closes, as the time and file services do.
pub struct Speaker {
    pub length: usize,
    pub tally: Shared,
}

#[derive(Debug, Default, Clone)]
pub struct Speech {
    sent: usize,
    done: bool,
    open: bool,
}

impl Protocol for Speaker {
    type Connection = Speech;

    fn name(&self) -> &'static str {
        "speaker"
    }

    fn open(&mut self, connection: &mut Speech, _peer: Endpoints, _env: &mut Environment<'_>) {
        assert!(!connection.open, "opened twice");
        *connection = Speech { open: true, ..Speech::default() };
        self.tally.borrow_mut().open();
    }

    fn receive(&mut self, _: &mut Speech, input: &[u8], _: &mut Environment<'_>) -> usize {
        input.len()
    }

    fn end_of_input(&mut self, _: &mut Speech, _: &mut Environment<'_>) {
        self.tally.borrow_mut().ends_of_input += 1;
    }

    fn transmit(&mut self, speech: &mut Speech, out: &mut [u8], _: &mut Environment<'_>) -> usize {
        if speech.done {
            return 0;
        }
        let length = out.len().min(self.length - speech.sent);
        for (offset, byte) in out[..length].iter_mut().enumerate() {
            *byte = pattern(speech.sent + offset);
        }
        speech.sent += length;
        speech.done = speech.sent == self.length;
        length
    }

    fn phase(&self, speech: &Speech) -> Phase {
        if speech.done { Phase::Finished } else { Phase::Sending }
    }

    fn expire(&mut self, speech: &mut Speech, _: &mut Environment<'_>) {
        self.tally.borrow_mut().expired += 1;
        speech.done = true;
    }

    fn close(&mut self, speech: &mut Speech, _: &mut Environment<'_>) {
        assert!(speech.open, "closed while not open");
        speech.open = false;
        self.tally.borrow_mut().close();
    }
}

/// Requests of one line over a persistent connection: `get N` sends N bytes, `put N` takes N bytes and
/// answers `ok N`, `quit` answers `bye` and closes, `hush` never answers, `crash` resets, `refuse`
/// answers `no` and closes without reading further; any other line is sent back.
pub struct Lines {
    pub tally: Shared,
}

#[derive(Debug, Default, Clone)]
pub struct Dialogue {
    open: bool,
    fresh: bool,
    line: Vec<u8>,
    answer: Vec<u8>,
    answered: usize,
    body_left: usize,
    body: Vec<u8>,
    then: Then,
}

#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum Then {
    #[default]
    Next,
    Finish,
    Break,
    Hush,
}

impl Dialogue {
    fn owes(&self) -> bool {
        self.answered < self.answer.len()
    }

    fn say(&mut self, answer: &[u8]) {
        self.answer = answer.to_vec();
        self.answered = 0;
    }

    fn obey(&mut self) {
        let line = String::from_utf8_lossy(&self.line).trim_end().to_owned();
        let number = |text: &str| text.trim().parse::<usize>().unwrap_or(0);
        if let Some(length) = line.strip_prefix("get ") {
            self.say(&pattern_bytes(number(length)));
        } else if let Some(length) = line.strip_prefix("put ") {
            self.body_left = number(length);
            self.body.clear();
        } else {
            match line.as_str() {
                "quit" => {
                    (self.answer, self.answered, self.then) = (b"bye\n".into(), 0, Then::Finish)
                }
                "refuse" => {
                    (self.answer, self.answered, self.then) = (b"no\n".into(), 0, Then::Finish)
                }
                "crash" => self.then = Then::Break,
                "hush" => self.then = Then::Hush,
                _ => self.say(&self.line.clone()),
            }
        }
        self.line.clear();
    }
}

impl Lines {
    fn assert_not_over(&self, d: &Dialogue) {
        let over = matches!(self.phase(d), Phase::Finished | Phase::Broken);
        assert!(d.open && !over, "called after its end");
    }
}

impl Protocol for Lines {
    type Connection = Dialogue;

    fn name(&self) -> &'static str {
        "lines"
    }

    fn open(&mut self, connection: &mut Dialogue, _peer: Endpoints, _env: &mut Environment<'_>) {
        assert!(!connection.open, "opened twice");
        *connection = Dialogue { open: true, fresh: true, ..Dialogue::default() };
        self.tally.borrow_mut().open();
    }

    fn receive(&mut self, d: &mut Dialogue, input: &[u8], _: &mut Environment<'_>) -> usize {
        self.assert_not_over(d);
        let mut taken = 0;
        while let Some(&byte) = input.get(taken) {
            if d.owes() || d.then != Then::Next {
                break;
            }
            d.fresh = false;
            if d.body_left > 0 {
                d.body.push(byte);
                d.body_left -= 1;
                if d.body_left == 0 {
                    let body = std::mem::take(&mut d.body);
                    d.say(format!("ok {}\n", body.len()).as_bytes());
                    self.tally.borrow_mut().stored.push(body);
                }
            } else {
                d.line.push(byte);
                if byte == b'\n' {
                    d.obey();
                }
            }
            taken += 1;
        }
        taken
    }

    fn end_of_input(&mut self, d: &mut Dialogue, _: &mut Environment<'_>) {
        self.tally.borrow_mut().ends_of_input += 1;
        self.assert_not_over(d);
        d.then = Then::Finish;
    }

    fn transmit(&mut self, d: &mut Dialogue, out: &mut [u8], _: &mut Environment<'_>) -> usize {
        self.assert_not_over(d);
        let rest = &d.answer[d.answered..];
        let length = rest.len().min(out.len());
        out[..length].copy_from_slice(&rest[..length]);
        d.answered += length;
        length
    }

    fn phase(&self, d: &Dialogue) -> Phase {
        match d.then {
            Then::Break => Phase::Broken,
            _ if d.owes() => Phase::Sending,
            Then::Finish => Phase::Finished,
            Then::Hush => Phase::StreamIdle,
            Then::Next if d.body_left > 0 => Phase::Body,
            Then::Next if !d.line.is_empty() => Phase::Head,
            Then::Next if d.fresh => Phase::FirstByte,
            Then::Next => Phase::Idle,
        }
    }

    fn expire(&mut self, d: &mut Dialogue, _: &mut Environment<'_>) {
        self.tally.borrow_mut().expired += 1;
        if !d.line.is_empty() {
            d.say(b"late\n");
        }
        d.then = Then::Finish;
    }

    fn close(&mut self, d: &mut Dialogue, _: &mut Environment<'_>) {
        assert!(d.open, "closed while not open");
        d.open = false;
        self.tally.borrow_mut().close();
    }
}

/// Sends datagrams back.
pub struct Echo {
    pub locals: Rc<RefCell<Vec<Endpoints>>>,
}

impl DatagramProtocol for Echo {
    fn name(&self) -> &'static str {
        "echo"
    }

    fn answer(
        &mut self,
        _datagram: &mut [u8],
        length: usize,
        endpoints: Endpoints,
        _env: &mut Environment<'_>,
    ) -> Option<usize> {
        self.locals.borrow_mut().push(endpoints);
        Some(length)
    }
}
