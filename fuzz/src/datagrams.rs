//! UDP: the ping server and the clients.

use bareserve::{
    echo::UdpEcho,
    ping::{
        client::{PingClient, PingSettings},
        profile::{Profile, SharedProfile},
        server::{PingResources, PingServer},
    },
    protocol::{
        client::{DatagramSession, Progress, StreamSession},
        datagram::DatagramProtocol,
        endpoints::Endpoints,
    },
    time::{
        client::{ClockSetter, TimeClient},
        timestamp,
    },
};
use smoltcp::{
    time::Duration,
    wire::{IpAddress, IpEndpoint},
};

use super::{conversation::Bench, cut::cut};

/// Seeds of [`ping`]: a profile in its text form, then datagrams, one in each line.
pub const PINGS: &[&[u8]] = &[
    b"course\nPing 1 1700000000.123456\nPing 2 1700000001.123456\n\nPing 3 1700000002.0",
    b"upper,loss=20%,seed=7,limit=8,delay=50ms\na\nb\nc\nd\ne\nf\ng\nh\ni",
    b"unchanged,loss=1/3,read=4\nlonger than four\n\xff\x00\x80",
    b"echo,delay=1s\nx",
];

/// Seeds of [`clients`]: answers of servers.
pub const ANSWERS: &[&[u8]] = &[
    b"2023-04-19 17:04:30.293444",
    b"2023-04-19 17:04:30",
    b"PING 1 0.000000",
    b"ping 1 0.000000",
    b"\xe7\x00\x00\x00",
    b"PING 4294967295 99999999999999999999.999999",
];

fn endpoints() -> Endpoints {
    let remote = IpEndpoint::new(IpAddress::v4(192, 168, 69, 100), 40_000);
    Endpoints { remote, local: IpEndpoint::new(IpAddress::v4(192, 168, 69, 1), 12000) }
}

/// A profile is either parsed, and then `Display` writes a text that parses to the same profile, or
/// rejected with an error of one line. An answer is never longer than its request, and no request is
/// answered twice.
pub fn ping(data: &[u8]) {
    let mut lines = data.split(|&byte| byte == b'\n');
    let text = String::from_utf8_lossy(lines.next().unwrap_or_default());
    let profile = match text.parse::<Profile>() {
        Ok(profile) => profile,
        Err(error) => {
            assert!(!error.to_string().contains('\n'));
            Profile::DEFAULT
        }
    };
    assert_eq!(profile.to_string().parse::<Profile>(), Ok(profile));

    let shared = SharedProfile::new(profile);
    let mut resources = PingResources::<4, 64>::new();
    let mut server = PingServer::new(&shared, &mut resources);
    let mut bench = Bench::new();
    let (mut requests, mut answers) = (0, 0);
    let mut buffer = [0; 256];
    for request in lines {
        let request = request.get(..buffer.len()).unwrap_or(request);
        buffer[..request.len()].copy_from_slice(request);
        requests += 1;
        let answer = server.answer(&mut buffer, request.len(), endpoints(), &mut bench.env());
        if let Some(length) = answer {
            assert!(length <= request.len());
            answers += 1;
        }
        buffer[..request.len()].copy_from_slice(request);
        let echo = UdpEcho.answer(&mut buffer, request.len(), endpoints(), &mut bench.env());
        assert_eq!(echo.map(|length| &buffer[..length]), Some(request));
    }
    let mut env = bench.env();
    env.now += Duration::from_secs(3600);
    while server.transmit(&mut buffer, &mut env).is_some() {
        answers += 1;
    }
    assert!(answers <= requests);
}

/// No client accepts an invalid answer, at any cut.
pub fn clients(data: &[u8]) {
    if let Some(time) = timestamp::parse(data) {
        assert!(data.len() >= 19, "{time:?}");
    }
    let mut memory = [0; 1024];
    let mut client = TimeClient::new(&mut memory);
    let mut bench = Bench::new();
    for part in cut(data) {
        let taken = client.receive(part, &mut bench.env());
        assert!(taken <= part.len());
    }
    client.end_of_input(&mut bench.env());
    assert!(data.starts_with(client.text()));
    assert_ne!(client.progress(), Progress::Running);

    let mut setter = ClockSetter::new();
    setter.receive(data, &mut bench.env());
    assert_eq!(setter.progress() == Progress::Succeeded, data.len() == 4);

    let mut received = 0;
    let server = IpAddress::v4(192, 168, 69, 1);
    let settings = PingSettings { count: 2, ..PingSettings::COURSE };
    let mut client = PingClient::new(server, settings, |_| received += 1);
    let mut request = [0; 64];
    let length = client.transmit(&mut request, &mut bench.env()).expect("the first request");
    client.receive(data, &mut bench.env());
    let is_answer = data.eq_ignore_ascii_case(&request[..length]);
    assert_eq!(received == 1, is_answer);
}
