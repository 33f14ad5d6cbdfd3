//! The floor of `board bench`: a minimal web server on bare smoltcp sockets. It only finds the end of a
//! request and sends one of two fixed responses, as long as those of the firmware. Driver, clock, buffers
//! and compiler flags are the firmware's, and the loop is that of smoltcp's documentation.
#![no_std]
#![no_main]

use bareserve::clock::Uptime;
use cortex_m_rt::entry;
use lm3s6965evb::FrameBuffers;
use smoltcp::{
    iface::{Config, Interface, SocketSet, SocketStorage},
    socket::tcp::{self, SocketBuffer},
    time::Duration,
};
use support::{Alarm, Board, Ethernet, runner::ADDRESSES, sleep, systick::SysTickClock};

const CONNECTIONS: usize = 4;
const PORT: u16 = 80;

/// Responses of the same length as the firmware's to `GET /HelloWorld.html` and `GET /bareserve.png`.
const SMALL: &[u8; 153 + 113] = &answer(b"text/html; charset=utf-8\r\nContent-Length: 113");
const LARGE: &[u8; 139 + 4469] = &answer(b"image/png\r\nContent-Length: 4469");

const fn answer<const N: usize>(fields: &[u8]) -> [u8; N] {
    let head = b"HTTP/1.1 200 OK\r\nETag: \"0123456789abcdef\"\r\nCache-Control: no-cache\r\n\
        Accept-Ranges: bytes\r\nContent-Type: ";
    let mut whole = [b'.'; N];
    let mut place = 0;
    while place < head.len() {
        whole[place] = head[place];
        place += 1;
    }
    while place < head.len() + fields.len() {
        whole[place] = fields[place - head.len()];
        place += 1;
    }
    let end = b"\r\n\r\n";
    while place < head.len() + fields.len() + end.len() {
        whole[place] = end[place - head.len() - fields.len()];
        place += 1;
    }
    whole
}

struct Memory {
    frames: FrameBuffers,
    buffers: [([u8; 536], [u8; 1536]); CONNECTIONS],
}

/// The state of a connection.
#[derive(Default)]
struct Exchange {
    /// Bytes of the request received so far, and how many bytes of the final empty line are matched.
    received: usize,
    matched: usize,
    wants_large: bool,
    /// The part of the response that is still to be sent.
    answer: &'static [u8],
}

#[entry]
fn main() -> ! {
    static mut MEMORY: Memory =
        Memory { frames: FrameBuffers::new(), buffers: [([0; 536], [0; 1536]); CONNECTIONS] };
    let Memory { frames, buffers } = MEMORY;
    let Board { mut ethernet, mut alarm, clock, mut watchdog, interrupts, .. } =
        lm3s6965evb::start(frames);
    let mut uptime = Uptime::new(clock).unwrap_or_else(|_| unreachable!("SysTick is always read"));
    let mut config = Config::new(ethernet.hardware_address().into());
    config.random_seed = uptime.clock().ticks().into();
    let mut interface = Interface::new(config, &mut ethernet, uptime.now());
    interface.update_ip_addrs(|list| list.extend(ADDRESSES));
    let mut storage = [SocketStorage::EMPTY; CONNECTIONS];
    let mut sockets = SocketSet::new(&mut storage[..]);
    let mut exchanges = buffers.each_mut().map(|(rx, tx)| {
        let mut socket =
            tcp::Socket::new(SocketBuffer::new(&mut rx[..]), SocketBuffer::new(&mut tx[..]));
        socket.set_nagle_enabled(false);
        (sockets.add(socket), Exchange::default())
    });
    sleep::enable(&interrupts);
    loop {
        ethernet.acknowledge();
        alarm.acknowledge();
        sleep::clear(&interrupts);
        watchdog.feed();
        let now = uptime.now();
        interface.poll(now, &mut ethernet, &mut sockets);
        for (handle, exchange) in &mut exchanges {
            exchange.serve(sockets.get_mut(*handle));
        }
        let longest = SysTickClock::<{ lm3s6965evb::CLOCK_HZ }>::HALF_LAP;
        let delay = interface.poll_delay(now, &sockets).map_or(longest, |delay| delay.min(longest));
        if delay > Duration::ZERO {
            alarm.arm(delay);
            sleep::wait();
        }
    }
}

impl Exchange {
    fn serve(&mut self, socket: &mut tcp::Socket<'_>) {
        if !socket.is_open() {
            *self = Self::default();
            let _ = socket.listen(PORT);
        }
        // Repeats when a request wraps around the end of the ring buffer.
        while self.answer.is_empty() && socket.can_recv() {
            let _ = socket.recv(|input| (self.take(input), ()));
        }
        if !self.answer.is_empty() && socket.can_send() {
            let sent = socket.send_slice(self.answer).unwrap_or(0);
            self.answer = &self.answer[sent..];
        }
        if socket.state() == tcp::State::CloseWait && self.answer.is_empty() {
            socket.close();
        }
    }

    /// Consumes input up to the end of a request, and returns the number of bytes.
    fn take(&mut self, input: &[u8]) -> usize {
        for (place, &byte) in input.iter().enumerate() {
            // `GET /b`
            if self.received + place == 5 {
                self.wants_large = byte == b'b';
            }
            self.matched = match byte {
                b'\r' if self.matched == 2 => 3,
                b'\r' => 1,
                b'\n' if self.matched % 2 == 1 => self.matched + 1,
                _ => 0,
            };
            if self.matched == 4 {
                let answer: &'static [u8] = if self.wants_large { LARGE } else { SMALL };
                *self = Self { answer, ..Self::default() };
                return place + 1;
            }
        }
        self.received += input.len();
        input.len()
    }
}
