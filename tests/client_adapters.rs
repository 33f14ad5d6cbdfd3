//! The client adapters over smoltcp: two stacks on a cable under virtual time, which loses frames
//! when told to.

use std::{cell::RefCell, collections::VecDeque, rc::Rc};

use bareserve::{
    Environment, Service, Stack,
    clock::UnixTime,
    echo::TcpEcho,
    entropy::{Entropy, SeededEntropy},
    net::{
        config::Config,
        resources::{StackResources, TcpClientResources, TcpResources, UdpResources},
        tcp::client::{ClientTimeouts, TcpClient},
        udp::client::UdpClient,
    },
    ping::{
        client::{PingClient, PingEvent, PingSettings},
        profile::{Profile, SharedProfile},
        server::{PingResources, PingServer},
    },
    protocol::client::{Failure, Progress, StreamSession},
    time::{
        client::{ClockSetter, TimeClient},
        seconds::Seconds,
        server::{TimeServer, UdpTime},
        timestamp::Timestamp,
    },
};
use smoltcp::{
    phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken},
    time::{Duration, Instant},
    wire::{EthernetAddress, IpAddress, IpCidr, IpEndpoint},
};

/// One direction of the cable.
#[derive(Default)]
struct Queue {
    frames: VecDeque<Vec<u8>>,
    loss_percent: u64,
    random: Option<SeededEntropy>,
}

struct End {
    rx: Rc<RefCell<Queue>>,
    tx: Rc<RefCell<Queue>>,
}

struct Frame(Vec<u8>);

impl RxToken for Frame {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, work: F) -> R {
        work(&self.0)
    }
}

struct Sender(Rc<RefCell<Queue>>);

impl TxToken for Sender {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, work: F) -> R {
        let mut frame = vec![0; length];
        let result = work(&mut frame);
        let queue = &mut *self.0.borrow_mut();
        let dice = queue.random.as_mut().map_or(100, |random| random.next_u64() % 100);
        if dice >= queue.loss_percent {
            queue.frames.push_back(frame);
        }
        result
    }
}

impl Device for End {
    type RxToken<'t> = Frame;
    type TxToken<'t> = Sender;

    fn receive(&mut self, _now: Instant) -> Option<(Frame, Sender)> {
        let frame = self.rx.borrow_mut().frames.pop_front()?;
        Some((Frame(frame), Sender(self.tx.clone())))
    }

    fn transmit(&mut self, _now: Instant) -> Option<Sender> {
        Some(Sender(self.tx.clone()))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = 1514;
        capabilities
    }
}

/// A stack with its own generator.
struct Host {
    stack: Stack<'static, End, SeededEntropy>,
    due: Option<Instant>,
}

impl Host {
    fn new(end: End, number: u8, seed: u64) -> Self {
        let config = Config::new(EthernetAddress([2, 0, 0, 0, 0, number]))
            .address(IpCidr::new(IpAddress::v4(10, 0, 0, number), 24));
        let resources = leak(StackResources::<4, 4>::new());
        let stack = Stack::new(end, config, SeededEntropy::new(seed), resources);
        Self { stack, due: Some(Instant::ZERO) }
    }

    fn turn(&mut self, now: Instant, service: &mut dyn Service) {
        self.due = self.stack.poll(now, &mut [service]).map(|wait| now + wait);
    }

    fn is_due(&mut self, now: Instant) -> bool {
        let has_frames = !self.stack.device().rx.borrow().frames.is_empty();
        has_frames || self.due.is_some_and(|due| due <= now)
    }
}

/// A server and a client; `loss_percent` of the frames in each direction are lost.
fn pair(seed: u64, loss_percent: u64) -> (Host, Host) {
    let direction = |seed| {
        let random = Some(SeededEntropy::new(seed));
        Rc::new(RefCell::new(Queue { frames: VecDeque::new(), loss_percent, random }))
    };
    let (there, back) = (direction(seed), direction(seed + 1_000));
    let server = End { rx: there.clone(), tx: back.clone() };
    let client = End { rx: back, tx: there };
    (Host::new(server, 1, seed + 2_000), Host::new(client, 2, seed + 3_000))
}

/// Turns both from `now` on until `is_done` says so of the client's service, or nothing is due
/// before `LIMIT`. Returns the time.
fn run<S: Service>(
    (server, served): (&mut Host, &mut dyn Service),
    (client, service): (&mut Host, &mut S),
    mut now: Instant,
    is_done: impl Fn(&S) -> bool,
) -> Instant {
    let mut turns_at_once = 0;
    client.due = Some(now);
    while !is_done(service) {
        assert!(turns_at_once < 1_000, "hot polling at {now}");
        turns_at_once += 1;
        if client.is_due(now) {
            client.turn(now, service);
        } else if server.is_due(now) {
            server.turn(now, served);
        } else {
            let Some(next) = [client.due, server.due].into_iter().flatten().min() else { break };
            if next > Instant::ZERO + LIMIT {
                break;
            }
            (now, turns_at_once) = (next, 0);
        }
    }
    now
}

fn leak<T>(value: T) -> &'static mut T {
    Box::leak(Box::new(value))
}

const SERVER: IpAddress = IpAddress::v4(10, 0, 0, 1);
const DATE: UnixTime = UnixTime(1_681_923_870_293_444);
const LIMIT: Duration = Duration::from_secs(3_000);

fn time_server(host: &mut Host) -> impl Service + use<> {
    let resources = leak(TcpResources::<_, 2, 64, 64>::new());
    host.stack.tcp(resources, TimeServer(Timestamp), &[9999]).unwrap()
}

fn time_client(host: &mut Host) -> TcpClient<TimeClient<'static>> {
    let session = TimeClient::new(leak([0; 1024]));
    host.stack.tcp_client(leak(TcpClientResources::<64, 64>::new()), session).unwrap()
}

fn fetch_time(server: &mut Host, client: &mut Host, port: u16) -> TcpClient<TimeClient<'static>> {
    let mut served = time_server(server);
    let mut service = time_client(client);
    service.connect(IpEndpoint::new(SERVER, port)).unwrap();
    assert!(service.connect(IpEndpoint::new(SERVER, port)).is_err());
    run((server, &mut served), (client, &mut service), Instant::ZERO, |s| s.outcome().is_some());
    service
}

#[test]
fn time_over_a_cable_that_loses_frames() {
    for seed in 0..50 {
        let (mut server, mut client) = pair(seed, if seed == 0 { 0 } else { 20 });
        server.stack.wall_clock().set(Instant::ZERO, DATE);
        let mut service = fetch_time(&mut server, &mut client, 9999);
        let text = service.session().text().to_vec();
        // Either all of it or an error, never a part taken for all.
        match service.outcome() {
            Some(Ok(())) => assert!(text.starts_with(b"2023-04-19 17:") && text.len() == 26),
            outcome => assert!(seed > 0 && matches!(outcome, Some(Err(_))), "{seed}: {outcome:?}"),
        }
    }
}

#[test]
fn a_client_says_why_it_failed() {
    let outcome_of = |port, loss, clock_is_set| {
        let (mut server, mut client) = pair(1, loss);
        if clock_is_set {
            server.stack.wall_clock().set(Instant::ZERO, DATE);
        }
        fetch_time(&mut server, &mut client, port).outcome()
    };
    assert_eq!(outcome_of(9999, 0, true), Some(Ok(())));
    assert_eq!(outcome_of(9998, 0, true), Some(Err(Failure::Refused)));
    assert_eq!(outcome_of(9999, 100, true), Some(Err(Failure::ConnectTimedOut)));
    assert_eq!(outcome_of(9999, 0, false), Some(Err(Failure::GaveUp)));
    assert_eq!(outcome_of(0, 0, true), Some(Err(Failure::Unreachable)));
}

/// Sends some bytes, expects them back, and half-closes only by being done.
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

    /// Nobody is asked anything who has all there is to have.
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

fn echo_client(seed: u64, loss_percent: u64, timeouts: ClientTimeouts) -> TcpClient<Mirror> {
    let (mut server, mut client) = pair(seed, loss_percent);
    let resources = leak(TcpResources::<_, 1, 512, 512>::new());
    let mut served = server.stack.tcp(resources, TcpEcho::<64>, &[7]).unwrap();
    let session = Mirror::new(20_000);
    let resources = leak(TcpClientResources::<512, 512>::new());
    let service = client.stack.tcp_client(resources, session).unwrap();
    let mut service = service.with_timeouts(timeouts);
    service.connect(IpEndpoint::new(SERVER, 7)).unwrap();
    run((&mut server, &mut served), (&mut client, &mut service), Instant::ZERO, |s| {
        s.outcome().is_some()
    });
    service
}

#[test]
fn echo_brings_every_byte_back_under_loss() {
    let mut completed = 0;
    for seed in 0..50 {
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
    assert!(completed > 25, "{completed} of 50 completed");
}

#[test]
fn a_server_that_stops_answering_is_given_up() {
    // The cable takes no time, so that nothing but a loss makes a pause.
    let timeouts = ClientTimeouts { progress: Duration::from_micros(1), ..ClientTimeouts::DEFAULT };
    assert_eq!(echo_client(3, 0, timeouts).outcome(), Some(Ok(())));
    let mut service = echo_client(3, 10, timeouts);
    assert_eq!(service.outcome(), Some(Err(Failure::Stalled)));
    assert_eq!(service.session().ended, Some(Err(Failure::Stalled)));
}

#[test]
fn a_client_connects_as_often_as_it_is_told_to() {
    let (mut server, mut client) = pair(4, 0);
    server.stack.wall_clock().set(Instant::ZERO, DATE);
    let (mut served, mut service) = (time_server(&mut server), time_client(&mut client));
    let mut now = Instant::ZERO;
    for _ in 0..5 {
        *service.session() = TimeClient::new(leak([0; 1024]));
        service.connect(IpEndpoint::new(SERVER, 9999)).unwrap();
        assert_eq!(service.outcome(), None);
        let (server, client) = ((&mut server, &mut served as _), (&mut client, &mut service));
        now = run(server, client, now, |s| s.outcome().is_some());
        assert_eq!(service.outcome(), Some(Ok(())));
        assert_eq!(service.session().text().len(), 26);
    }
}

#[test]
fn the_clock_is_set_over_udp_whatever_is_lost() {
    for seed in 0..50 {
        let (mut server, mut client) = pair(seed, 40);
        server.stack.wall_clock().set(Instant::ZERO, DATE);
        let resources = leak(UdpResources::<4, 64>::new());
        let mut served = server.stack.udp(resources, UdpTime(Seconds), 37).unwrap();
        let resources = leak(UdpResources::<1, 64>::new());
        let remote = IpEndpoint::new(SERVER, 37);
        let mut service = client.stack.udp_client(resources, ClockSetter::new(), remote).unwrap();
        let done = |s: &UdpClient<'_, ClockSetter>| s.progress() != Progress::Running;
        let now = run((&mut server, &mut served), (&mut client, &mut service), Instant::ZERO, done);
        assert_eq!(service.progress(), Progress::Succeeded, "seed {seed}");
        let date = client.stack.wall_clock().at(now).unwrap();
        let exact = server.stack.wall_clock().at(now).unwrap();
        assert!((0..1_000_000).contains(&(exact.0 - date.0)), "seed {seed}");
    }
}

#[test]
fn pings_of_the_course() {
    let (mut server, mut client) = pair(5, 0);
    let control =
        leak(SharedProfile::new(Profile { delay: Duration::from_millis(3), ..Profile::COURSE }));
    let ping = PingServer::new(control, leak(PingResources::<2, 64>::new()).split());
    let resources = leak(UdpResources::<4, 1472>::new());
    let mut served = server.stack.udp(resources, ping, 12000).unwrap();
    let events = Rc::new(RefCell::new(Vec::new()));
    let report = |event: PingEvent| events.borrow_mut().push(event.to_string());
    let resources = leak(UdpResources::<4, 64>::new());
    let session = PingClient::new(SERVER, PingSettings::COURSE, report);
    let remote = IpEndpoint::new(SERVER, 12000);
    let mut service = client.stack.udp_client(resources, session, remote).unwrap();
    run((&mut server, &mut served), (&mut client, &mut service), Instant::ZERO, |s| {
        s.progress() != Progress::Running
    });
    let expected: Vec<String> = (1..=9)
        .map(|sequence| match sequence {
            2 | 3 | 5 | 6 => format!("Sequence {sequence}: Reply from 10.0.0.1    RTT = 0.003s"),
            _ => format!("Sequence {sequence}: Request timed out."),
        })
        .collect();
    assert_eq!(*events.borrow(), expected);
    let counters = &server.stack.registry().services[0].counters;
    assert_eq!((counters.served.get(), counters.unanswered.get()), (4, 5));
    assert_eq!(
        service.session().statistics().to_string(),
        "9 packets sent, 4 received, 55.6% loss\n\
         RTT min/avg/max/stddev = 3.000/3.000/3.000/0.000 ms"
    );
}

#[test]
fn what_is_sent_to_everybody_is_not_answered() {
    for (address, is_answered) in [
        (SERVER, true),
        (IpAddress::v4(10, 0, 0, 255), false),
        (IpAddress::v4(255, 255, 255, 255), false),
    ] {
        let (mut server, mut client) = pair(6, 0);
        server.stack.wall_clock().set(Instant::ZERO, DATE);
        let resources = leak(UdpResources::<4, 64>::new());
        let mut served = server.stack.udp(resources, UdpTime(Seconds), 37).unwrap();
        let resources = leak(UdpResources::<4, 64>::new());
        let remote = IpEndpoint::new(address, 37);
        let mut service = client.stack.udp_client(resources, ClockSetter::new(), remote).unwrap();
        let done = |s: &UdpClient<'_, ClockSetter>| s.progress() != Progress::Running;
        run((&mut server, &mut served), (&mut client, &mut service), Instant::ZERO, done);
        let counters = &server.stack.registry().services[0].counters;
        assert_eq!(counters.served.get() > 0, is_answered, "{address}");
        assert_eq!(counters.unanswered.get() > 0, !is_answered, "{address}");
    }
}
