//! The client adapters over smoltcp: a client's stack and a server's on a simulated wire.

use std::{cell::RefCell, rc::Rc};

use bareserve::{
    Environment, Service,
    clock::WallClock,
    echo::TcpEcho,
    net::{
        tcp::client::{ClientTimeouts, TcpClient},
        udp::client::UdpClient,
    },
    ping::{
        client::{PingClient, PingEvent, PingSettings},
        profile::{Profile, SharedProfile},
        server::{PingResources, PingServer},
    },
    protocol::client::{DatagramSession, Failure, Progress, StreamSession},
    time::{
        client::{ClockSetter, TimeClient},
        seconds::Seconds,
        server::{TimeServer, UdpTime},
        timestamp::Timestamp,
    },
};
use bareserve_testbench::{Faults, Pair, seeds};
use smoltcp::{
    time::Duration,
    wire::{IpAddress, IpEndpoint},
};

const SERVER: IpAddress = IpAddress::v4(10, 0, 0, 1);
const LIMIT: Duration = Duration::from_secs(3_000);

/// A wire that takes no time and loses `percent` of the frames in each direction.
fn pair(seed: u64, percent: u16) -> Pair {
    Pair::new(seed, Faults { delay: core::time::Duration::ZERO, ..Faults::loss_percent(percent) })
}

fn leak<T>(value: T) -> &'static mut T {
    Box::leak(Box::new(value))
}

fn time_server(pair: &mut Pair) -> impl Service + use<> {
    pair.server.tcp::<_, 2, 64, 64>(TimeServer(Timestamp), &[9999])
}

fn time_client(pair: &mut Pair) -> TcpClient<TimeClient<'static>> {
    pair.client.tcp_client::<_, 64>(TimeClient::new(leak([0; 1024])))
}

fn has_outcome<S: StreamSession>(client: &TcpClient<S>) -> bool {
    client.outcome().is_some()
}

fn is_over<S: DatagramSession>(client: &UdpClient<'_, S>) -> bool {
    client.progress() != Progress::Running
}

fn fetch_time(pair: &mut Pair, port: u16) -> TcpClient<TimeClient<'static>> {
    let mut served = time_server(pair);
    let mut service = time_client(pair);
    service.connect(Pair::server_at(port)).unwrap();
    assert!(service.connect(Pair::server_at(port)).is_err());
    pair.run(LIMIT, &mut served, &mut service, has_outcome);
    service
}

#[test]
fn time_over_a_wire_that_loses_frames() {
    for seed in seeds(50) {
        let mut service = fetch_time(&mut pair(seed, if seed == 0 { 0 } else { 20 }), 9999);
        let text = service.session().text().to_vec();
        // The whole text or an error, never a part of the text as a success.
        match service.outcome() {
            Some(Ok(())) => assert!(text.starts_with(b"2023-04-19 17:") && text.len() == 26),
            outcome => assert!(seed > 0 && matches!(outcome, Some(Err(_))), "{seed}: {outcome:?}"),
        }
    }
}

#[test]
fn a_client_says_why_it_failed() {
    let outcome_of = |port, loss, clock_is_set: bool| {
        let mut pair = pair(1, loss);
        if !clock_is_set {
            *pair.server.stack().wall_clock() = WallClock::new();
        }
        fetch_time(&mut pair, port).outcome()
    };
    assert_eq!(outcome_of(9999, 0, true), Some(Ok(())));
    assert_eq!(outcome_of(9998, 0, true), Some(Err(Failure::Refused)));
    assert_eq!(outcome_of(9999, 100, true), Some(Err(Failure::ConnectTimedOut)));
    assert_eq!(outcome_of(9999, 0, false), Some(Err(Failure::GaveUp)));
    assert_eq!(outcome_of(0, 0, true), Some(Err(Failure::Unreachable)));
}

/// Sends some bytes, expects them back, and succeeds with the last of them.
struct Mirror {
    sent: Vec<u8>,
    offered: usize,
    received: Vec<u8>,
    ended: Option<Result<(), Failure>>,
}

impl Mirror {
    fn new(length: usize) -> Self {
        let sent: Vec<u8> = (0..length).map(|at| (at * 7 + at / 256) as u8).collect();
        Self { sent, offered: 0, received: Vec::new(), ended: None }
    }

    /// No method is called once the session has succeeded or ended.
    fn assert_running(&self) {
        assert_eq!((self.progress(), self.ended), (Progress::Running, None));
    }
}

impl StreamSession for Mirror {
    fn receive(&mut self, input: &[u8], _env: &mut Environment<'_>) -> usize {
        self.assert_running();
        self.received.extend_from_slice(input);
        input.len()
    }

    fn end_of_input(&mut self, _env: &mut Environment<'_>) {
        self.assert_running();
    }

    fn transmit(&mut self, output: &mut [u8], _env: &mut Environment<'_>) -> usize {
        self.assert_running();
        let rest = &self.sent[self.offered..];
        let given = rest.len().min(output.len());
        output[..given].copy_from_slice(&rest[..given]);
        self.offered += given;
        given
    }

    fn progress(&self) -> Progress {
        if self.received.len() < self.sent.len() { Progress::Running } else { Progress::Succeeded }
    }

    fn end(&mut self, result: Result<(), Failure>, _env: &mut Environment<'_>) {
        assert!(self.ended.replace(result).is_none(), "ended twice");
    }
}

fn echo_client(seed: u64, loss_percent: u16, timeouts: ClientTimeouts) -> TcpClient<Mirror> {
    let mut pair = pair(seed, loss_percent);
    let mut served = pair.server.tcp::<_, 1, 512, 512>(TcpEcho::<64>, &[7]);
    let mut service = pair.client.tcp_client::<_, 512>(Mirror::new(20_000)).with_timeouts(timeouts);
    service.connect(Pair::server_at(7)).unwrap();
    pair.run(LIMIT, &mut served, &mut service, has_outcome);
    service
}

#[test]
fn echo_brings_every_byte_back_under_loss() {
    let mut completed = 0;
    let mut runs = 0;
    for seed in seeds(50) {
        runs += 1;
        let mut service =
            echo_client(seed, if seed == 0 { 0 } else { 10 }, ClientTimeouts::DEFAULT);
        let outcome = service.outcome();
        let session = service.session();
        assert_eq!(session.ended, outcome, "seed {seed}");
        if outcome == Some(Ok(())) {
            assert!(session.received == session.sent, "seed {seed}");
            completed += 1;
        } else {
            assert!(seed > 0 && outcome.is_some(), "seed {seed}: {outcome:?}");
        }
    }
    // One seed alone may have bad luck.
    assert!(runs < 50 || completed > 25, "{completed} of {runs} completed");
}

#[test]
fn a_server_that_stops_answering_is_given_up() {
    // The wire takes no time, so that only a loss makes a pause.
    let timeouts = ClientTimeouts { progress: Duration::from_micros(1), ..ClientTimeouts::DEFAULT };
    assert_eq!(echo_client(3, 0, timeouts).outcome(), Some(Ok(())));
    let mut service = echo_client(3, 10, timeouts);
    assert_eq!(service.outcome(), Some(Err(Failure::Stalled)));
    assert_eq!(service.session().ended, Some(Err(Failure::Stalled)));
}

#[test]
fn a_client_connects_several_times() {
    let mut pair = pair(4, 0);
    let (mut served, mut service) = (time_server(&mut pair), time_client(&mut pair));
    for _ in 0..5 {
        *service.session() = TimeClient::new(leak([0; 1024]));
        service.connect(Pair::server_at(9999)).unwrap();
        assert_eq!(service.outcome(), None);
        pair.run(LIMIT, &mut served, &mut service, has_outcome);
        assert_eq!(service.outcome(), Some(Ok(())));
        assert_eq!(service.session().text().len(), 26);
    }
}

#[test]
fn the_clock_is_set_over_udp_despite_loss() {
    for seed in seeds(50) {
        let mut pair = pair(seed, 40);
        *pair.client.stack().wall_clock() = WallClock::new();
        let mut served = pair.server.udp::<_, 4, 64>(UdpTime(Seconds), 37);
        let mut service =
            pair.client.udp_client::<_, 1, 64>(ClockSetter::new(), Pair::server_at(37));
        pair.run(LIMIT, &mut served, &mut service, is_over);
        assert_eq!(service.progress(), Progress::Succeeded, "seed {seed}");
        let date = pair.client.stack().wall_clock().at(pair.now).unwrap();
        let exact = pair.server.stack().wall_clock().at(pair.now).unwrap();
        assert!((0..1_000_000).contains(&(exact.0 - date.0)), "seed {seed}");
    }
}

#[test]
fn pings_of_the_course() {
    let mut pair = pair(5, 0);
    let control =
        leak(SharedProfile::new(Profile { delay: Duration::from_millis(3), ..Profile::COURSE }));
    let ping = PingServer::new(control, leak(PingResources::<2, 64>::new()));
    let mut served = pair.server.udp::<_, 4, 1472>(ping, 12000);
    let events = Rc::new(RefCell::new(Vec::new()));
    let report = |event: PingEvent| events.borrow_mut().push(event.to_string());
    let session = PingClient::new(SERVER, PingSettings::COURSE, report);
    let mut service = pair.client.udp_client::<_, 4, 64>(session, Pair::server_at(12000));
    pair.run(LIMIT, &mut served, &mut service, is_over);
    let expected: Vec<String> = (1..=9)
        .map(|sequence| match sequence {
            2 | 3 | 5 | 6 => format!("Sequence {sequence}: Reply from 10.0.0.1    RTT = 0.003s"),
            _ => format!("Sequence {sequence}: Request timed out."),
        })
        .collect();
    assert_eq!(*events.borrow(), expected);
    let counters = pair.server.counters(0);
    assert_eq!((counters.served.get(), counters.unanswered.get()), (4, 5));
    assert_eq!(
        service.session().statistics().to_string(),
        "9 packets sent, 4 received, 55.6% loss\n\
         RTT min/avg/max/stddev = 3.000/3.000/3.000/0.000 ms"
    );
}

#[test]
fn a_broadcast_is_not_answered() {
    for (address, is_answered) in [
        (SERVER, true),
        (IpAddress::v4(10, 0, 0, 255), false),
        (IpAddress::v4(255, 255, 255, 255), false),
    ] {
        let mut pair = pair(6, 0);
        let mut served = pair.server.udp::<_, 4, 64>(UdpTime(Seconds), 37);
        let remote = IpEndpoint::new(address, 37);
        let mut service = pair.client.udp_client::<_, 1, 64>(ClockSetter::new(), remote);
        pair.run(LIMIT, &mut served, &mut service, is_over);
        let counters = pair.server.counters(0);
        assert_eq!(counters.served.get() > 0, is_answered, "{address}");
        assert_eq!(counters.unanswered.get() > 0, !is_answered, "{address}");
    }
}
