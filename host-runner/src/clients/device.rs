//! Client sessions over a device's own stack, to servers reached through its TAP.

use std::{cell::Cell, net::SocketAddr};

use bareserve::{
    Context, Service,
    net::{tcp::client::TcpClient, udp::client::UdpClient},
    protocol::client::{DatagramSession, Failure as SessionFailure, Progress, StreamSession},
};
use smoltcp::time::Instant;

use crate::{
    clock::Clock,
    error::{Error, Failure},
    log::{Log, Verbosity},
    memory,
    network::{HostStack, Network},
    run::{self, StopSignals},
    tap::Tap,
};

/// Runs `session` over a TCP connection.
pub fn stream<S: StreamSession>(
    network: &Network,
    server: SocketAddr,
    session: &mut S,
    tick: impl FnMut(&S),
) -> Result<Result<(), SessionFailure>, Error> {
    let mut device = Device::new(network)?;
    let mut stack = device.stack(network)?;
    let mut client = stack.tcp_client(memory::tcp_client(), session)?;
    // Cannot fail: a new client has no connection.
    let _ = client.connect(server.into());
    let outcome = Cell::new(None);
    let mut service = MonitoredStream { client, tick, outcome: &outcome };
    device.run(&mut stack, &mut service, || outcome.get().is_some())?;
    outcome.get().ok_or_else(|| Failure("stopped by a signal".to_string()).into())
}

/// Runs `session` over UDP.
pub fn datagrams(
    network: &Network,
    server: SocketAddr,
    session: &mut impl DatagramSession,
) -> Result<(), Error> {
    let mut device = Device::new(network)?;
    let mut stack = device.stack(network)?;
    let client = stack.udp_client(memory::udp(), session, server.into())?;
    let is_over = Cell::new(false);
    let mut service = MonitoredDatagrams { client, is_over: &is_over };
    device.run(&mut stack, &mut service, || is_over.get())
}

/// The device that a client runs on: its TAP, clock, log and signals.
struct Device {
    tap: Option<Tap>,
    clock: Clock,
    signals: StopSignals,
}

impl Device {
    fn new(network: &Network) -> Result<Self, Failure> {
        let signals = StopSignals::new()?;
        let tap = Some(network.set_up_here(Verbosity::Quiet)?);
        Ok(Self { tap, clock: Clock::new(None), signals })
    }

    fn stack(&mut self, network: &Network) -> Result<HostStack<'static, Tap>, Failure> {
        let tap =
            self.tap.take().ok_or_else(|| Failure("the TAP is in use already".to_string()))?;
        Ok(network.stack(tap, memory::stack(1, 1), Log::new(Verbosity::Quiet)))
    }

    fn run(
        &mut self,
        stack: &mut HostStack<'_, Tap>,
        service: &mut dyn Service,
        mut is_done: impl FnMut() -> bool,
    ) -> Result<(), Error> {
        let Self { clock, signals, .. } = self;
        Ok(run::run(stack, &mut [service], clock, signals, None, &mut is_done)?)
    }
}

/// A TCP client that reports its outcome to the loop.
struct MonitoredStream<'o, S, T> {
    client: TcpClient<S>,
    tick: T,
    outcome: &'o Cell<Option<Result<(), SessionFailure>>>,
}

impl<S: StreamSession, T: FnMut(&S)> Service for MonitoredStream<'_, &mut S, T> {
    fn poll(&mut self, cx: &mut Context<'_, '_>) {
        self.client.poll(cx);
        (self.tick)(self.client.session());
        self.outcome.set(self.client.outcome());
    }

    fn poll_at(&self) -> Option<Instant> {
        self.client.poll_at()
    }
}

/// A UDP client that reports its end to the loop.
struct MonitoredDatagrams<'o, 'a, S> {
    client: UdpClient<'a, S>,
    is_over: &'o Cell<bool>,
}

impl<S: DatagramSession> Service for MonitoredDatagrams<'_, '_, S> {
    fn poll(&mut self, cx: &mut Context<'_, '_>) {
        self.client.poll(cx);
        self.is_over.set(self.client.progress() != Progress::Running);
    }

    fn poll_at(&self) -> Option<Instant> {
        self.client.poll_at()
    }
}
