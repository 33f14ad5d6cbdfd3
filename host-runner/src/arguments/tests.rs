use std::{ffi::OsString, net::Ipv4Addr, path::PathBuf, time::Duration};

use bareserve::ping::profile::Profile;

use bareserve_testbench::Faults;

use super::*;
use crate::{network::Prefix, publish::Transport};

fn parse(line: &str) -> Result<Command, UsageError> {
    super::parse(line.split_whitespace().map(OsString::from))
}

fn serve(line: &str) -> Serve {
    match parse(line) {
        Ok(Command::Serve(serve)) => serve,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn defaults_match_the_help() {
    assert_eq!(serve(""), Serve::default());
    let help = help::text();
    for default in [
        "[default: tap0]",
        "[default: 192.168.69.1/24]",
        "[default: 192.168.69.100/24]",
        "[default: fd69::1/64]",
        "[default: 1500]",
        "[default: 80, 6789]",
        "[default: 9999]",
        "[default: 5566]",
        "[default: 5567]",
        "[default: 12000]",
        "[default: 8]",
        "[default: 512]",
        "[default: 9]",
        "[default: 1s]",
    ] {
        assert!(help.contains(default), "--help does not show {default}");
    }
    assert!(
        help.lines().all(|line| line.len() <= 100),
        "--help has a line longer than 100 columns"
    );
}

#[test]
fn every_flag_is_in_the_help() {
    let help = help::text();
    let source = include_str!("../arguments.rs");
    let flags = source.split('"').filter(|word| {
        word.strip_prefix("--").is_some_and(|name| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        })
    });
    let mut count = 0;
    for flag in flags {
        assert!(help.contains(flag), "--help does not mention {flag}");
        count += 1;
    }
    assert!(count > 25, "only {count} flags found");
}

#[test]
fn flags_set_their_options() {
    let serve = serve(
        "--tap web0 --address 10.1.2.3/16 --host-address=10.1.9.9/16 --address6 fd00::2/120 \
         --host-address6 fd00::3/120 --mtu 9000 --root /srv --file a/b.jpg --http-port 81 \
         --http-port 8080 --time-port 1 --file-port 2 --file-request-port 3 --ping-port 4 \
         --ping-profile course --connections 3 --backlog 9 --writable --listings \
         --utc-offset -03:30 --publish 8080:81 --publish 0.0.0.0:5300:4/udp \
         --publish [::1]:99:1/tcp --app clock -v \
         --host-name lamp.example --host-name xn--bcher-kva --max-upload 3M --max-files 7",
    );
    assert_eq!(serve.limits, Limits { upload: Some(3 << 20), files: Some(7) });
    assert_eq!(serve.host_names, ["lamp.example", "xn--bcher-kva"]);
    assert_eq!(serve.network.tap, "web0");
    let address = Prefix { address: Ipv4Addr::new(10, 1, 2, 3), length: 16 };
    assert_eq!(serve.network.address, address);
    assert_eq!(serve.network.host_address.to_string(), "10.1.9.9/16");
    assert_eq!(serve.network.address6.to_string(), "fd00::2/120");
    assert_eq!(serve.network.host_address6.to_string(), "fd00::3/120");
    assert_eq!(serve.network.mtu, 9000);
    assert_eq!(serve.root, Some(PathBuf::from("/srv")));
    assert_eq!(serve.file.as_deref(), Some("a/b.jpg"));
    assert_eq!(serve.http_ports, [81, 8080]);
    assert_eq!((serve.time_port, serve.file_port), (1, 2));
    assert_eq!((serve.file_request_port, serve.ping_port), (3, 4));
    assert_eq!(serve.ping_profile, Profile::COURSE);
    assert_eq!((serve.connections, serve.backlog), (3, 9));
    assert!(serve.is_writable && serve.has_listings);
    assert_eq!(serve.utc_offset, Some(-12_600));
    assert_eq!(serve.app, Some(App::Clock));
    assert_eq!(serve.verbosity, Verbosity::Debug);
    let [web, ping, time] = serve.publish.as_slice() else { panic!("{:?}", serve.publish) };
    assert_eq!(web.to_string(), "127.0.0.1:8080:81");
    assert_eq!(web.transport, Transport::Tcp);
    assert_eq!(ping.to_string(), "0.0.0.0:5300:4/udp");
    assert_eq!(time.to_string(), "[::1]:99:1");
}

#[test]
fn utc_offsets_are_parsed() {
    let offset = |text| serve(&format!("--utc-offset {text}")).utc_offset;
    assert_eq!(offset("Z"), Some(0));
    assert_eq!(offset("+2"), Some(7200));
    assert_eq!(offset("+02:00"), Some(7200));
    assert_eq!(offset("+0545"), Some(20_700));
    assert_eq!(offset("-12:00"), Some(-43_200));
    assert_eq!(offset("+14:00"), Some(50_400));
}

#[test]
fn subcommands_are_parsed() {
    let Ok(Command::Time(client)) = parse("time 192.168.69.1") else { panic!() };
    assert_eq!((client.host.as_str(), client.port), ("192.168.69.1", None));
    let Ok(Command::Time(client)) = parse("time [fd69::1]:37 --quiet") else { panic!() };
    assert_eq!((client.host.as_str(), client.port), ("fd69::1", Some(37)));
    assert_eq!(client.verbosity, Verbosity::Quiet);
    let Ok(Command::Fetch(client, fetch)) = parse("fetch host.local:1 --name x/y --output /tmp")
    else {
        panic!()
    };
    assert_eq!((client.host.as_str(), client.port), ("host.local", Some(1)));
    assert_eq!(fetch, Fetch { name: Some("x/y".into()), output: "/tmp".into() });
    let Ok(Command::Send(_, send)) = parse("send fd69::1 ./a.jpg") else { panic!() };
    assert_eq!(send, Send { path: "./a.jpg".into(), token: None });
    let token = "0123456789abcdef0123456789abcdef";
    let Ok(Command::Send(_, send)) = parse(&format!("send --token {token} a b")) else { panic!() };
    assert_eq!(send.token.as_deref(), Some(token));
    let Ok(Command::Ping(_, ping)) = parse("ping --count 3 a --timeout 250ms --interval 0.5")
    else {
        panic!()
    };
    let (timeout, interval) = (Duration::from_millis(250), Duration::from_millis(500));
    assert_eq!(ping, Ping { count: 3, timeout, interval });
    let Ok(Command::Ping(client, ping)) = parse("ping 10.0.0.9 --from-device --tap t1") else {
        panic!()
    };
    assert_eq!(client.from_device.map(|network| network.tap).as_deref(), Some("t1"));
    assert_eq!(ping, Ping::default());
    let Ok(Command::Wire(wire)) = parse("wire w0 w1") else { panic!() };
    assert_eq!((wire.taps, wire.seed), (["w0".to_string(), "w1".to_string()], 0));
    assert_eq!(wire.faults, Faults { delay: Duration::ZERO, ..Faults::NONE });
    let line = "wire w0 --impair delay=0.2ms,loss=0.5%,rate=10mbit,queue=20 w1 --seed 7 -q";
    let Ok(Command::Wire(wire)) = parse(line) else { panic!() };
    assert_eq!((wire.seed, wire.verbosity), (7, Verbosity::Quiet));
    let delay = Duration::from_micros(200);
    let (rate, queue) = (Some(10_000_000), Some(20));
    assert_eq!(wire.faults, Faults { delay, loss: 5, rate, queue, ..Faults::NONE });
    assert!(matches!(parse("--help"), Ok(Command::Print(text)) if text.contains("Usage")));
    assert!(matches!(parse("ping -h"), Ok(Command::Print(_))));
    assert!(matches!(parse("-V"), Ok(Command::Print(text)) if text.starts_with("host-runner 0.")));
}

/// Each mistake is refused in one line that names it and a valid alternative.
#[test]
fn mistakes_are_named_with_their_correction() {
    let mistakes = [
        ("--tap", "--tap needs a value: an interface name of at most 15 bytes"),
        ("--tap sixteen-letters-x", "not 'sixteen-letters-x'"),
        ("--tap a/b", "such as tap0, not 'a/b'"),
        ("--tap tap%d", "not 'tap%d'"),
        ("--tap ..", "not '..'"),
        ("--tap=", "not ''"),
        ("--address 192.168.69.1", "such as 192.168.69.1/24, not '192.168.69.1'"),
        ("--address 192.168.69.1/33", "not '192.168.69.1/33'"),
        ("--address 192.168.69.1/+24", "not '192.168.69.1/+24'"),
        ("--address 192.168.69.0/24", "not '192.168.69.0/24'"),
        ("--address 192.168.69.255/24", "not '192.168.69.255/24'"),
        ("--address 256.1.1.1/24", "not '256.1.1.1/24'"),
        ("--address 127.0.0.1/8", "not '127.0.0.1/8'"),
        ("--address 224.0.0.1/24", "not '224.0.0.1/24'"),
        ("--address fd69::1/64", "not 'fd69::1/64'"),
        (
            "--address 10.0.0.1/24",
            "192.168.69.100/24 is outside the network of --address 10.0.0.1/24",
        ),
        ("--host-address 192.168.70.1/24", "is outside the network of --address 192.168.69.1/24"),
        ("--host-address 192.168.69.9/25", "is outside the network"),
        ("--host-address 192.168.69.1/24", "are both 192.168.69.1: give two different addresses"),
        ("--address6 192.168.69.1/24", "such as fd69::1/64"),
        ("--address6 ff02::1/64", "not 'ff02::1/64'"),
        ("--address6 fd70::1/64", "--host-address6 fd69::100/64 is outside the network"),
        ("--mtu 100", "--mtu takes a number from 1280 to 65521, not '100'"),
        ("--mtu 65522", "not '65522'"),
        ("--root=", "--root takes a folder"),
        ("--file ../x", "--file takes the path of a file inside the served folder"),
        ("--file /etc/passwd", "not '/etc/passwd'"),
        ("--file a//b", "not 'a//b'"),
        ("--http-port 0", "--http-port takes a port from 1 to 65535, such as 8080, not '0'"),
        ("--http-port 65536", "not '65536'"),
        ("--http-port +80", "not '+80'"),
        ("--http-port -1", "not '-1'"),
        ("--http-port http", "not 'http'"),
        (
            "--http-port 80 --http-port 80",
            "TCP port 80 is used by both --http-port and --http-port",
        ),
        ("--http-port 9999", "TCP port 9999 is used by both --http-port and --time-port"),
        (
            "--time-port 7",
            "TCP port 7 is used by both --time-port and echo: choose another with --time-port",
        ),
        ("--ping-port 13", "UDP port 13 is used by both --ping-port and daytime"),
        ("--file-port 5567", "--file-request-port"),
        (
            "--http-port 1 --http-port 2 --http-port 3 --http-port 4 --http-port 5 --http-port 6 \
             --http-port 8 --http-port 9 --http-port 10 --http-port 11 --http-port 12",
            "--http-port is given 11 times: at most 10 are supported",
        ),
        ("--host-name a:80", "--host-name takes a host name without a port, such as lamp.example"),
        ("--host-name http://a", "not 'http://a'"),
        ("--host-name a..b", "not 'a..b'"),
        ("--host-name b\u{fc}cher", "not 'b"),
        ("--max-upload 10MB", "--max-upload takes a number of bytes, such as 500K, 10M or 2G"),
        ("--max-upload 0", "not '0'"),
        ("--max-upload +1", "not '+1'"),
        ("--max-upload 99999999999G", "not '99999999999G'"),
        ("--max-files 0", "--max-files takes a number from 1 to 1000000, not '0'"),
        ("--max-files 3", "which need --writable: add it"),
        ("--time-port x", "--time-port takes a port"),
        ("--file-port x", "--file-port takes a port"),
        ("--file-request-port x", "--file-request-port takes a port"),
        ("--ping-port x", "--ping-port takes a port"),
        ("--ping-profile lossy", "--ping-profile: invalid ping profile setting 'lossy': expected"),
        ("--app doom", "--app takes one of todo, clock, echo, not 'doom'"),
        ("--connections 0", "--connections takes a number from 1 to 1024, not '0'"),
        ("--connections many", "not 'many'"),
        ("--backlog 0", "--backlog takes a number from 1 to 65536"),
        ("--writable=yes", "takes no value"),
        ("--utc-offset 2", "such as +02:00, -03:30 or Z, not '2'"),
        ("--utc-offset +25:00", "not '+25:00'"),
        ("--utc-offset +02:60", "not '+02:60'"),
        ("--utc-offset UTC", "not 'UTC'"),
        ("--publish 8080", "--publish takes [ADDR:]PORT:DEVICEPORT[/udp], such as 8080:80"),
        ("--publish 0:80", "not '0:80'"),
        ("--publish 8080:0", "not '8080:0'"),
        ("--publish 8080:80/sctp", "not '8080:80/sctp'"),
        ("--publish localhost:8080:80", "not 'localhost:8080:80'"),
        ("--publish ::1:8080:80", "not '::1:8080:80'"),
        ("--publish [::1:8080:80", "not '[::1:8080:80'"),
        ("--publish 8080:80:", "not '8080:80:'"),
        (
            "--publish 8080:80 --publish 8080:81",
            "forwards 127.0.0.1:8080 to two ports of the device",
        ),
        ("--colour", "unknown flag --colour: see host-runner --help"),
        ("-x", "unknown flag -x"),
        ("pign", "unknown command 'pign': the commands are time, fetch, send, ping, wire"),
        ("--quiet ping", "unknown command 'ping'"),
        ("time", "time lacks an argument: usage: host-runner time ADDR[:PORT]"),
        ("time a b", "unexpected argument 'b'"),
        ("time a:b", "time takes ADDR[:PORT], such as 192.168.69.1 or [fd69::1]:9999, not 'a:b'"),
        ("time a:0", "not 'a:0'"),
        ("time [::1", "not '[::1'"),
        ("time [::1]9", "not '[::1]9'"),
        ("time :9999", "not ':9999'"),
        ("time a --count 3", "unknown flag --count"),
        ("fetch a --name ../x", "--name takes the path of a file"),
        (
            "send a b --token secret",
            "--token takes the 32 characters after ?token= in the server's link",
        ),
        ("send a", "send lacks an argument: usage: host-runner send ADDR[:PORT] FILE"),
        ("ping a --count 0", "--count takes a number from 1 to 1000000"),
        ("ping a --timeout fast", "such as 1s, 0.5s or 250ms, not 'fast'"),
        ("ping a --timeout -1s", "not '-1s'"),
        ("ping a --interval 2h", "not '2h'"),
        ("ping a --interval 1e9", "not '1e9'"),
        ("ping a --interval .", "not '.'"),
        (
            "ping a --tap tap0",
            "--tap configures a device's TAP, but ping uses the kernel's network stack: add --from-device",
        ),
        ("ping a --from-device --tap", "--tap needs a value"),
        ("wire", "wire joins two TAPs, and 0 are given: usage: host-runner wire TAP TAP"),
        ("wire w0", "wire joins two TAPs, and 1 are given"),
        ("wire w0 w1 w2", "and 3 are given"),
        ("wire w0 w0", "wire joins two TAPs, and w0 is given twice"),
        ("wire w0 a/b", "wire takes an interface name of at most 15 bytes"),
        ("wire w0 w1 --tap w2", "unknown flag --tap"),
        ("wire w0 w1 --seed x", "--seed takes a number from 0 to 4294967295, not 'x'"),
        ("wire w0 w1 --impair", "--impair needs a value: faults, such as delay=20ms,loss=1%"),
        (
            "wire w0 w1 --impair=",
            "--impair: unknown fault '': the faults are delay, loss, rate, queue",
        ),
        ("wire w0 w1 --impair lag=1s", "--impair: unknown fault 'lag'"),
        ("wire w0 w1 --impair delay=1ms,", "unknown fault ''"),
        (
            "wire w0 w1 --impair delay",
            "delay takes a time of at most a minute, such as 20ms, 0.2ms, 200us or 1s, not ''",
        ),
        ("wire w0 w1 --impair delay=20", "such as 20ms, 0.2ms, 200us or 1s, not '20'"),
        ("wire w0 w1 --impair delay=-1ms", "not '-1ms'"),
        ("wire w0 w1 --impair delay=61s", "not '61s'"),
        ("wire w0 w1 --impair loss=1", "loss takes a percentage, such as 1% or 0.1%, not '1'"),
        ("wire w0 w1 --impair loss=101%", "not '101%'"),
        ("wire w0 w1 --impair loss=0.15%", "not '0.15%'"),
        ("wire w0 w1 --impair rate=10", "rate takes bits per second, such as 10mbit"),
        ("wire w0 w1 --impair rate=0mbit", "not '0mbit'"),
        ("wire w0 w1 --impair rate=+1mbit", "not '+1mbit'"),
        ("wire w0 w1 --impair rate=99999999999gbit", "not '99999999999gbit'"),
        ("wire w0 w1 --impair queue=0,rate=1mbit", "queue takes a number of frames from 1 to"),
        (
            "wire w0 w1 --impair queue=20",
            "queue needs a rate, as frames wait for it: add one, such as rate=10mbit",
        ),
        ("wire w0 w1 --impair loss=1%,loss=2%", "loss is given twice: remove one"),
    ];
    for (line, expected) in mistakes {
        match parse(line) {
            Err(UsageError(text)) => {
                assert!(text.contains(expected), "{line}: {text:?} does not contain {expected:?}");
                assert!(!text.contains('\n'), "{line}: more than one line: {text:?}");
            }
            Ok(command) => panic!("{line}: accepted as {command:?}"),
        }
    }
}

#[test]
fn control_characters_are_removed_from_messages() {
    let odd = ["--tap", "a\nb\u{1b}[31m"].map(OsString::from);
    let Err(UsageError(text)) = super::parse(odd) else { panic!() };
    assert!(text.contains("not 'ab[31m'"), "{text:?}");
    assert!(!text.chars().any(char::is_control));
}
