//! The least that answers HTTP over smoltcp: four sockets and a fixed answer to whatever ends in an
//! empty line. What `board bench` compares the web server with.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use lm3s6965evb::FrameBuffers;
use smoltcp::{
    iface::{Config, Interface, SocketSet, SocketStorage},
    socket::tcp::{Socket, SocketBuffer, State},
    time::{Duration, Instant},
};
use support::{Alarm as _, Ethernet as _, network::ADDRESSES, sleep};

const CONNECTIONS: usize = 4;

/// The longest sleep.
const LONGEST: Duration = Duration::from_millis(500);

/// About as long as what the web server answers to the same request.
const SMALL: &[u8] = b"HTTP/1.1 200 OK\r\n\
    Content-Type: text/html; charset=utf-8\r\n\
    ETag: \"0123456789abcdef-71\"\r\n\
    Accept-Ranges: bytes\r\n\
    Cache-Control: no-cache\r\n\
    Content-Length: 113\r\n\r\n\
    ................................................................................\
    .................................";

/// The length of what is asked for by `GET /b…`.
const LARGE: usize = 4469;

struct Memory {
    frames: FrameBuffers,
    sockets: [SocketStorage<'static>; CONNECTIONS],
    rx: [[u8; 536]; CONNECTIONS],
    tx: [[u8; 1792]; CONNECTIONS],
}

#[entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory {
        frames: FrameBuffers::new(),
        sockets: [SocketStorage::EMPTY; CONNECTIONS],
        rx: [[0; 536]; CONNECTIONS],
        tx: [[0; 1792]; CONNECTIONS],
    };
    let Memory { frames, sockets, rx, tx } = MEMORY;
    let mut board = lm3s6965evb::start(frames);
    let address = board.ethernet.hardware_address();
    let now = |board: &lm3s6965evb::Board<'_>| {
        Instant::from_micros(i64::from(board.clock.ticks()) * 2 / 25)
    };
    let mut interface =
        Interface::new(Config::new(address.into()), &mut board.ethernet, Instant::ZERO);
    interface.update_ip_addrs(|list| list.extend(ADDRESSES));
    let mut sockets = SocketSet::new(&mut sockets[..]);
    for (rx, tx) in rx.iter_mut().zip(tx) {
        let mut socket =
            Socket::new(SocketBuffer::new(&mut rx[..]), SocketBuffer::new(&mut tx[..]));
        socket.set_nagle_enabled(false);
        socket.set_ack_delay(None);
        sockets.add(socket);
    }
    let mut left = [0; CONNECTIONS];
    sleep::enable(&board.interrupts);
    loop {
        board.ethernet.acknowledge();
        board.alarm.acknowledge();
        sleep::clear(&board.interrupts);
        board.watchdog.feed();
        interface.poll(now(&board), &mut board.ethernet, &mut sockets);
        for ((_, socket), left) in sockets.iter_mut().zip(&mut left) {
            let smoltcp::socket::Socket::Tcp(socket) = socket else { continue };
            serve(socket, left);
        }
        interface.poll_egress(now(&board), &mut board.ethernet, &mut sockets);
        match interface.poll_delay(now(&board), &sockets) {
            Some(Duration::ZERO) => continue,
            delay => board.alarm.arm(delay.unwrap_or(LONGEST).min(LONGEST)),
        }
        sleep::wait();
    }
}

fn serve(socket: &mut Socket<'_>, left: &mut usize) {
    if !socket.is_open() {
        let _ = socket.listen(80);
        *left = 0;
    }
    let request = socket.recv(|bytes| {
        let is_whole = bytes.ends_with(b"\r\n\r\n");
        (
            if is_whole { bytes.len() } else { 0 },
            is_whole.then(|| bytes.starts_with(b"GET /bareserve")),
        )
    });
    match request {
        Ok(Some(true)) => {
            let _ = socket.send_slice(b"HTTP/1.1 200 OK\r\nContent-Length: 4469\r\n\r\n");
            *left = LARGE;
        }
        Ok(Some(false)) => {
            let _ = socket.send_slice(SMALL);
        }
        _ => {}
    }
    while *left > 0 && socket.can_send() {
        let Ok(sent) = socket.send(|room| {
            let length = room.len().min(*left);
            room[..length].fill(b'x');
            (length, length)
        }) else {
            break;
        };
        *left -= sent;
    }
    if socket.state() == State::CloseWait && *left == 0 {
        socket.close();
    }
}
