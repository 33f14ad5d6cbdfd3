//! A client that plays a script over one TCP socket.

use std::{cell::RefCell, collections::VecDeque};

use smoltcp::{
    iface::{Interface, SocketHandle, SocketSet},
    socket::tcp::{RecvError, Socket, State},
    time::Instant,
    wire::IpEndpoint,
};

use crate::{
    script::{ClientSettings, Ending, Step},
    wire::Wire,
};

/// A simulated TCP client.
#[derive(Debug)]
pub struct Client {
    handle: SocketHandle,
    pub(crate) port: u16,
    remote: IpEndpoint,
    script: VecDeque<Step>,
    /// Of the current step: bytes sent and received, and when it continues.
    sent: usize,
    step_received: usize,
    wake: Option<Instant>,
    settings: ClientSettings,
    started: bool,
    established: bool,
    received: Vec<u8>,
    ending: Option<(Ending, Instant)>,
}

/// The result of a step.
enum Progress {
    Complete,
    Waiting,
    Failed(Ending),
}

/// The state of the connection after reading.
enum Read {
    Open,
    End,
    Lost,
}

impl Client {
    pub(crate) fn new(
        handle: SocketHandle,
        port: u16,
        remote: IpEndpoint,
        script: VecDeque<Step>,
        settings: ClientSettings,
    ) -> Self {
        Self {
            handle,
            port,
            remote,
            script,
            sent: 0,
            step_received: 0,
            wake: None,
            settings,
            started: false,
            established: false,
            received: Vec::new(),
            ending: None,
        }
    }

    /// Its TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// All bytes it has received.
    pub fn received(&self) -> &[u8] {
        &self.received
    }

    /// How it ended; `None` while its script runs.
    pub fn ending(&self) -> Option<Ending> {
        self.ending.map(|ending| ending.0)
    }

    /// When it started.
    pub fn started_at(&self) -> Instant {
        self.settings.start
    }

    /// When it ended.
    pub fn ended_at(&self) -> Option<Instant> {
        self.ending.map(|ending| ending.1)
    }

    fn gives_up_at(&self) -> Instant {
        self.settings.start + self.settings.timeout
    }

    pub(crate) fn poll_at(&self) -> Option<Instant> {
        match self.ending {
            Some(_) => None,
            None if self.started => Some(self.wake.unwrap_or(self.gives_up_at())),
            None => Some(self.settings.start),
        }
    }

    pub(crate) fn poll(
        &mut self,
        interface: &mut Interface,
        sockets: &mut SocketSet<'static>,
        wire: &RefCell<Wire>,
        now: Instant,
    ) {
        if self.ending.is_some() || now < self.settings.start {
            return;
        }
        let socket = sockets.get_mut::<Socket<'_>>(self.handle);
        if !self.started {
            self.started = true;
            socket.set_ack_delay(self.settings.ack_delay);
            self.connect(socket, interface);
        }
        loop {
            self.established |= !matches!(socket.state(), State::SynSent | State::Closed);
            let Some(step) = self.script.pop_front() else {
                return self.end(Ending::Done, now);
            };
            if now >= self.gives_up_at() {
                socket.abort();
                return self.end(Ending::GaveUp, now);
            }
            match self.perform(&step, socket, interface, wire, now) {
                Progress::Complete => (self.sent, self.step_received, self.wake) = (0, 0, None),
                Progress::Waiting => return self.script.push_front(step),
                Progress::Failed(ending) => return self.end(ending, now),
            }
        }
    }

    fn connect(&self, socket: &mut Socket<'_>, interface: &mut Interface) {
        let connected = socket.connect(interface.context(), self.remote, self.port);
        connected.expect("the client's socket is closed and the endpoint is valid");
    }

    fn end(&mut self, ending: Ending, now: Instant) {
        self.ending = Some((ending, now));
    }

    fn perform(
        &mut self,
        step: &Step,
        socket: &mut Socket<'_>,
        interface: &mut Interface,
        wire: &RefCell<Wire>,
        now: Instant,
    ) -> Progress {
        let is_dead = socket.state() == State::Closed && !socket.can_recv();
        let lost = if self.established { Ending::Reset } else { Ending::Refused };
        match *step {
            Step::Established if self.established => Progress::Complete,
            Step::Established | Step::Send(_) if is_dead => Progress::Failed(lost),
            Step::Established => Progress::Waiting,
            Step::Send(ref bytes) => {
                if let Ok(sent) = socket.send_slice(&bytes[self.sent..]) {
                    self.sent += sent;
                }
                complete_if(self.sent == bytes.len())
            }
            Step::Read(length) => match self.read(socket, length - self.step_received) {
                Read::Open => complete_if(self.step_received == length),
                Read::End => Progress::Failed(Ending::Closed),
                Read::Lost => Progress::Failed(lost),
            },
            Step::ReadToEnd => match self.read(socket, usize::MAX) {
                Read::Open => Progress::Waiting,
                Read::End => Progress::Complete,
                Read::Lost => Progress::Failed(lost),
            },
            Step::ReadSlowly { piece, pause } => {
                if self.wake.is_some_and(|wake| now < wake) {
                    return Progress::Waiting;
                }
                self.wake = Some(now + pause);
                match self.read(socket, piece) {
                    Read::Open => Progress::Waiting,
                    Read::End => Progress::Complete,
                    Read::Lost => Progress::Failed(lost),
                }
            }
            Step::Dribble { byte, pause } => {
                match self.read(socket, usize::MAX) {
                    Read::Open => {}
                    Read::End => return Progress::Failed(Ending::Closed),
                    Read::Lost => return Progress::Failed(lost),
                }
                if self.wake.is_none_or(|wake| now >= wake) && socket.send_slice(&[byte]) == Ok(1) {
                    self.wake = Some(now + pause);
                }
                Progress::Waiting
            }
            Step::Wait(time) => complete_if(now >= *self.wake.get_or_insert(now + time)),
            Step::AwaitEnd => {
                complete_if(matches!(socket.state(), State::Closed | State::CloseWait))
            }
            Step::Close => {
                socket.close();
                Progress::Complete
            }
            Step::Abort => {
                socket.abort();
                Progress::Complete
            }
            Step::Vanish => {
                wire.borrow_mut().cut(self.port);
                Progress::Complete
            }
            Step::Reboot => {
                // Listening drops the connection without sending a frame.
                socket.abort();
                socket.listen(self.port).expect("the port is not 0");
                socket.close();
                wire.borrow_mut().restore(self.port);
                self.established = false;
                self.connect(socket, interface);
                Progress::Complete
            }
        }
    }

    fn read(&mut self, socket: &mut Socket<'_>, most: usize) -> Read {
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
                Err(RecvError::InvalidState)
                    if self.established || socket.state() == State::Closed =>
                {
                    return Read::Lost;
                }
                Err(RecvError::InvalidState) => break,
            }
        }
        Read::Open
    }
}

fn complete_if(is_complete: bool) -> Progress {
    if is_complete { Progress::Complete } else { Progress::Waiting }
}
