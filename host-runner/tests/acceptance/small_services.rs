//! Time, echo and UDP ping with external clients and raw sockets.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream, UdpSocket},
    time::Duration,
};

use crate::{
    case::{Case, case},
    course::PROFILE,
    device::{ADDRESS, Device},
    programs::output_of,
};

/// The cases of this file.
pub fn cases() -> Vec<Case> {
    vec![
        case("time::netcat_reads_the_time", netcat_reads_the_time),
        case("time::daytime_over_tcp_and_udp", daytime_over_tcp_and_udp),
        case("time::rfc868_over_tcp_and_udp", rfc868_over_tcp_and_udp),
        case("echo::tcp", echo_over_tcp),
        case("echo::udp", echo_over_udp),
        case("echo::never_answers_another_echo", never_answers_another_echo),
        case("ping::sizes", ping_sizes),
        case("ping::fragmented_datagram", fragmented_datagram)
            .tap_only("a board keeps no reassembly buffer"),
        case("ping::limit_and_loss_from_the_command_line", limit_and_loss)
            .with_options(&["--ping-profile", "upper,limit=4"])
            .tap_only(PROFILE),
    ]
}

fn netcat_reads_the_time(device: &Device) {
    let time = output_of(&device.folder, "nc", &["-w", "5", "-d", &ADDRESS.to_string(), "9999"]);
    assert_eq!(time.len(), 26, "{time:?}");
}

fn daytime_over_tcp_and_udp(_: &Device) {
    let over_tcp = String::from_utf8(read_to_end(13)).expect("ASCII");
    let over_udp = String::from_utf8(ask(13, b"")).expect("ASCII");
    for line in [over_tcp, over_udp] {
        assert!(line.ends_with("\r\n") && line.len() < 80 && line.contains("20"), "{line:?}");
    }
}

fn rfc868_over_tcp_and_udp(_: &Device) {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970")
        .as_secs();
    for answer in [read_to_end(37), ask(37, b"")] {
        let seconds = u32::from_be_bytes(answer.try_into().expect("four bytes"));
        // RFC 868 counts from 1900: 70 years before 1970, 17 of them leap years.
        let unix = u64::from(seconds) - 2_208_988_800;
        assert!(unix.abs_diff(now) < 60, "{unix} instead of {now}");
    }
}

fn echo_over_tcp(_: &Device) {
    let mut stream = connect(7);
    let sent: Vec<u8> = (0..200_000_u32).map(|i| (i % 251) as u8).collect();
    let mut writer = stream.try_clone().expect("the stream twice");
    let copy = sent.clone();
    let writing = std::thread::spawn(move || {
        writer.write_all(&copy).expect("all written");
        writer.shutdown(Shutdown::Write).expect("half-closed");
    });
    let mut back = Vec::new();
    stream.read_to_end(&mut back).expect("all read");
    writing.join().expect("written");
    assert!(back == sent, "{} bytes came back of {}", back.len(), sent.len());
}

fn echo_over_udp(_: &Device) {
    assert_eq!(ask(7, b"\x00binary\xff"), b"\x00binary\xff");
}

fn never_answers_another_echo(_: &Device) {
    for port in [7, 13, 19, 37] {
        let socket =
            UdpSocket::bind(("0.0.0.0", port)).expect("a privileged port in our own namespace");
        socket.set_read_timeout(Some(Duration::from_millis(200))).expect("a timeout");
        socket.send_to(b"loop", (ADDRESS, 7)).expect("sent");
        assert!(socket.recv(&mut [0; 16]).is_err(), "port {port} was answered");
    }
    assert_eq!(ask(7, b"still here"), b"still here");
}

fn ping_sizes(_: &Device) {
    assert_eq!(ask(12000, b""), b"");
    assert_eq!(ask(12000, b"Ping 1 1700000000.123456"), b"PING 1 1700000000.123456");
    let long = vec![b'x'; 1472];
    assert_eq!(ask(12000, &long), vec![b'X'; 1472]);
}

fn fragmented_datagram(_: &Device) {
    let answer = ask(12000, &vec![b'x'; 2000]);
    assert_eq!(answer, vec![b'X'; 2000]);
}

fn limit_and_loss(_: &Device) {
    for _ in 0..3 {
        assert_eq!(ask(12000, b"a"), b"A");
    }
    let socket = UdpSocket::bind("0.0.0.0:0").expect("a socket");
    socket.set_read_timeout(Some(Duration::from_millis(200))).expect("a timeout");
    socket.send_to(b"a", (ADDRESS, 12000)).expect("sent");
    assert!(socket.recv(&mut [0; 16]).is_err(), "answered beyond its limit");
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect((ADDRESS, port)).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    stream
}

fn read_to_end(port: u16) -> Vec<u8> {
    let mut answer = Vec::new();
    connect(port).read_to_end(&mut answer).expect("an answer and its end");
    answer
}

fn ask(port: u16, request: &[u8]) -> Vec<u8> {
    let socket = UdpSocket::bind("0.0.0.0:0").expect("a socket");
    socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
    socket.connect((ADDRESS, port)).expect("an address");
    socket.send(request).expect("sent");
    let mut answer = vec![0; 4096];
    let length = socket
        .recv(&mut answer)
        .unwrap_or_else(|error| panic!("no answer from port {port}: {error}"));
    answer.truncate(length);
    answer
}
