//! Clients that play scripts: many sockets on one smoltcp interface.

use std::collections::VecDeque;

use bareserve::entropy::{Entropy, SeededEntropy};
use smoltcp::{
    iface::{Config, Interface, SocketHandle, SocketSet, SocketStorage},
    socket::{
        tcp::{RecvError, Socket, SocketBuffer, State},
        udp,
    },
    time::{Duration, Instant},
    wire::{EthernetAddress, IpAddress, IpCidr, IpEndpoint},
};

use super::wire::End;

/// One thing that a client does. The next begins when it is done.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Sends all of it.
    Send(Vec<u8>),
    /// Reads exactly so many bytes.
    Read(usize),
    /// Reads until the other side closes.
    ReadToEnd,
    /// Reads up to `piece` bytes every `pause` until the other side closes.
    ReadSlowly { piece: usize, pause: Duration },
    /// Sends one byte after each pause, for ever.
    Dribble { byte: u8, pause: Duration },
    /// Does nothing, reads nothing.
    Wait(Duration),
    /// Waits until the connection is established.
    Established,
    /// Waits until the other side has closed or reset, reading nothing.
    AwaitEnd,
    /// Sends a FIN.
    Close,
    /// Sends a reset.
    Abort,
    /// Falls off the network.
    Vanish,
    /// Comes back to the network having forgotten the connection, and connects again from the same
    /// port.
    Reboot,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The script is played to its end.
    Done,
    /// Reset before the connection was established.
    Refused,
    /// Reset afterwards.
    Reset,
    /// The other side closed before the script was done.
    Closed,
    /// The client's own patience ended.
    GaveUp,
}

pub struct Client {
    handle: SocketHandle,
    pub port: u16,
    remote: IpEndpoint,
    script: VecDeque<Step>,
    sent: usize,
    step_received: usize,
    wake: Option<Instant>,
    pub start: Instant,
    give_up: Instant,
    started: bool,
    established: bool,
    pub received: Vec<u8>,
    pub ending: Option<Ending>,
    pub ended_at: Option<Instant>,
}

/// How clients are made.
#[derive(Debug, Clone, Copy)]
pub struct Manners {
    pub start: Instant,
    pub patience: Duration,
    pub rx: usize,
    pub tx: usize,
}

impl Default for Manners {
    fn default() -> Self {
        Self { start: Instant::ZERO, patience: Duration::from_secs(120), rx: 4096, tx: 4096 }
    }
}

pub struct Clients {
    pub end: End,
    pub interface: Interface,
    pub sockets: SocketSet<'static>,
    pub list: Vec<Client>,
    next_port: u16,
}

fn leak(size: usize) -> &'static mut [u8] {
    Box::leak(vec![0; size].into_boxed_slice())
}

impl Clients {
    pub fn new(mut end: End, addresses: &[IpCidr], seed: u64, most: usize) -> Self {
        let mac = EthernetAddress([2, 0, 0, 0, 0, 100]);
        let mut config = Config::new(mac.into());
        config.random_seed = SeededEntropy::new(seed).next_u64();
        let mut interface = Interface::new(config, &mut end, Instant::ZERO);
        interface.update_ip_addrs(|list| {
            for address in addresses {
                list.push(*address).unwrap();
            }
        });
        let storage: Vec<SocketStorage<'static>> =
            (0..most).map(|_| SocketStorage::EMPTY).collect();
        let sockets = SocketSet::new(Box::leak(storage.into_boxed_slice()) as &mut [_]);
        Self { end, interface, sockets, list: Vec::new(), next_port: 40_000 }
    }

    /// Adds a client that connects to `remote` and plays `script`; returns its place in the list.
    pub fn add(&mut self, remote: IpEndpoint, script: Vec<Step>, manners: Manners) -> usize {
        let rx = SocketBuffer::new(leak(manners.rx));
        let tx = SocketBuffer::new(leak(manners.tx));
        let handle = self.sockets.add(Socket::new(rx, tx));
        self.next_port += 1;
        self.list.push(Client {
            handle,
            port: self.next_port,
            remote,
            script: script.into(),
            sent: 0,
            step_received: 0,
            wake: None,
            start: manners.start,
            give_up: manners.start + manners.patience,
            started: false,
            established: false,
            received: Vec::new(),
            ending: None,
            ended_at: None,
        });
        self.list.len() - 1
    }

    pub fn add_udp(&mut self, port: u16, datagrams: usize) -> SocketHandle {
        let buffer = |count: usize| {
            let meta: Vec<_> = (0..count).map(|_| udp::PacketMetadata::EMPTY).collect();
            udp::PacketBuffer::new(
                Box::leak(meta.into_boxed_slice()) as &mut [_],
                leak(count * 2048),
            )
        };
        let mut socket = udp::Socket::new(buffer(datagrams), buffer(datagrams));
        socket.bind(port).unwrap();
        self.sockets.add(socket)
    }

    /// Lets another client connect from the port of this one.
    pub fn set_port(&mut self, client: usize, port: u16) {
        self.list[client].port = port;
    }

    pub fn poll(&mut self, now: Instant) {
        self.interface.poll(now, &mut self.end, &mut self.sockets);
        for client in &mut self.list {
            if client.ending.is_none() && client.start <= now {
                client.play(&mut self.interface, &mut self.sockets, &self.end, now);
            }
        }
        self.interface.poll(now, &mut self.end, &mut self.sockets);
    }

    pub fn poll_at(&mut self, now: Instant) -> Option<Instant> {
        let scripts = self.list.iter().filter(|client| client.ending.is_none()).map(|client| {
            if client.started { client.wake.unwrap_or(client.give_up) } else { client.start }
        });
        scripts.chain(self.interface.poll_at(now, &self.sockets)).min()
    }

    pub fn all_ended(&self) -> bool {
        self.list.iter().all(|client| client.ending.is_some())
    }
}

impl Client {
    fn play(
        &mut self,
        interface: &mut Interface,
        sockets: &mut SocketSet<'static>,
        end: &End,
        now: Instant,
    ) {
        let socket = sockets.get_mut::<Socket>(self.handle);
        if !self.started {
            self.started = true;
            socket.set_ack_delay(None);
            socket.connect(interface.context(), self.remote, self.port).unwrap();
        }
        loop {
            self.established |= !matches!(socket.state(), State::SynSent | State::Closed);
            let Some(step) = self.script.front().cloned() else {
                return self.end(Ending::Done, now);
            };
            if now >= self.give_up {
                socket.abort();
                return self.end(Ending::GaveUp, now);
            }
            match self.perform(step, socket, interface, end, now) {
                Progress::Done => {
                    self.script.pop_front();
                    (self.sent, self.step_received, self.wake) = (0, 0, None);
                }
                Progress::Waiting => return,
                Progress::Failed(ending) => return self.end(ending, now),
            }
        }
    }

    fn end(&mut self, ending: Ending, now: Instant) {
        self.ending = Some(ending);
        self.ended_at = Some(now);
    }

    fn perform(
        &mut self,
        step: Step,
        socket: &mut Socket<'static>,
        interface: &mut Interface,
        end: &End,
        now: Instant,
    ) -> Progress {
        let dead = socket.state() == State::Closed && !socket.can_recv();
        let lost = if self.established { Ending::Reset } else { Ending::Refused };
        match step {
            Step::Established if self.established => Progress::Done,
            Step::Established if dead => Progress::Failed(lost),
            Step::Established => Progress::Waiting,
            Step::Send(bytes) => {
                if dead {
                    return Progress::Failed(lost);
                }
                if socket.can_send() {
                    self.sent += socket.send_slice(&bytes[self.sent..]).unwrap();
                }
                if self.sent == bytes.len() { Progress::Done } else { Progress::Waiting }
            }
            Step::Read(length) => match self.read(socket, length - self.step_received) {
                Read::Open if self.step_received == length => Progress::Done,
                Read::Open => Progress::Waiting,
                Read::End => Progress::Failed(Ending::Closed),
                Read::Lost => Progress::Failed(lost),
            },
            Step::ReadToEnd => match self.read(socket, usize::MAX) {
                Read::Open => Progress::Waiting,
                Read::End => Progress::Done,
                Read::Lost => Progress::Failed(lost),
            },
            Step::ReadSlowly { piece, pause } => {
                if self.wake.is_some_and(|wake| now < wake) {
                    return Progress::Waiting;
                }
                self.wake = Some(now + pause);
                match self.read(socket, piece) {
                    Read::Open => Progress::Waiting,
                    Read::End => Progress::Done,
                    Read::Lost => Progress::Failed(lost),
                }
            }
            Step::Dribble { byte, pause } => {
                match self.read(socket, usize::MAX) {
                    Read::Open => {}
                    Read::End => return Progress::Failed(Ending::Closed),
                    Read::Lost => return Progress::Failed(lost),
                }
                if self.wake.is_none_or(|wake| now >= wake) && socket.can_send() {
                    socket.send_slice(&[byte]).unwrap();
                    self.wake = Some(now + pause);
                }
                Progress::Waiting
            }
            Step::Wait(time) => {
                let wake = *self.wake.get_or_insert(now + time);
                if now >= wake { Progress::Done } else { Progress::Waiting }
            }
            Step::AwaitEnd => {
                let over = matches!(socket.state(), State::Closed | State::CloseWait);
                if over { Progress::Done } else { Progress::Waiting }
            }
            Step::Close => {
                socket.close();
                Progress::Done
            }
            Step::Abort => {
                socket.abort();
                Progress::Done
            }
            Step::Vanish => {
                end.cable.borrow_mut().vanished.insert(self.port);
                Progress::Done
            }
            Step::Reboot => {
                // Listening forgets a connection without a word to the peer.
                socket.abort();
                socket.listen(self.port).unwrap();
                socket.close();
                end.cable.borrow_mut().vanished.remove(&self.port);
                self.established = false;
                socket.connect(interface.context(), self.remote, self.port).unwrap();
                Progress::Done
            }
        }
    }

    fn read(&mut self, socket: &mut Socket<'static>, most: usize) -> Read {
        let mut left = most;
        let mut buffer = [0; 4096];
        while left > 0 {
            let length = left.min(buffer.len());
            match socket.recv_slice(&mut buffer[..length]) {
                Ok(0) => break,
                Ok(taken) => {
                    self.received.extend(&buffer[..taken]);
                    self.step_received += taken;
                    left -= taken;
                }
                Err(RecvError::Finished) => return Read::End,
                Err(RecvError::InvalidState) if self.established => return Read::Lost,
                Err(RecvError::InvalidState) if socket.state() == State::Closed => {
                    return Read::Lost;
                }
                Err(RecvError::InvalidState) => break,
            }
        }
        Read::Open
    }
}

enum Progress {
    Done,
    Waiting,
    Failed(Ending),
}

enum Read {
    Open,
    End,
    Lost,
}

/// `10.0.0.1` with `port`.
pub fn at(port: u16) -> IpEndpoint {
    IpEndpoint::new(IpAddress::v4(10, 0, 0, 1), port)
}
