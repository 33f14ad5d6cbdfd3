//! A protocol in lines over the stack's sockets.

use bareserve::{
    Environment,
    protocol::line::{Flow, LineProtocol, Lines},
    wire::{template::Value, writer::ResumableWriter},
};
use bareserve_testbench::{Bench, ClientSettings, Ending, Faults, Step, seeds};
use smoltcp::time::Duration;

const PORT: u16 = 4000;
/// The longest line and reply.
const SIZE: usize = 32;

/// Numbers the lines of a connection and repeats them. `quit` closes.
struct Numbered;

impl LineProtocol for Numbered {
    type Session = u64;

    fn name(&self) -> &'static str {
        "numbered"
    }

    fn line(
        &mut self,
        lines: &mut u64,
        line: &[u8],
        reply: &mut ResumableWriter<'_>,
        _: &mut Environment<'_>,
    ) -> Flow {
        *lines += 1;
        reply.render("% %\r\n", &[Value::Number(*lines), Value::Bytes(line)]);
        if line == b"quit" { Flow::Close } else { Flow::Continue }
    }
}

/// Windows of 64 bytes: lines and replies are cut anywhere, and the server waits for room.
fn bench(seed: u64, faults: Faults) -> Bench {
    let mut bench = Bench::new(seed, faults);
    bench.tcp::<Lines<Numbered, SIZE>, 2, 64, 64>(Lines(Numbered), &[PORT]);
    bench
}

fn settings() -> ClientSettings {
    ClientSettings { timeout: Duration::from_secs(600), rx: 64, ..ClientSettings::default() }
}

#[test]
fn pipelined_lines_are_answered_in_order_on_a_wire_that_loses_frames() {
    let lines: Vec<String> = (1..=40).map(|n| format!("{}\n", "x".repeat(n % 20))).collect();
    let request = lines.concat() + "quit\n" + "after the end\n";
    let replies = (1..).zip(lines.iter().map(|line| line.trim_end()).chain(["quit"]));
    let expected: String = replies.map(|(n, line)| format!("{n} {line}\r\n")).collect();
    let mut completed = 0;
    for seed in seeds(50) {
        let faults = if seed == 0 { Faults::NONE } else { Faults::loss_percent(10) };
        let mut bench = bench(seed, faults);
        let script = [Step::send(request.as_str()), Step::Read(expected.len()), Step::ReadToEnd];
        let clients = [(); 2].map(|()| bench.connect_with(PORT, script.to_vec(), settings()));
        bench.run(Duration::from_secs(700));
        for client in clients {
            let received = bench.received(client);
            assert!(expected.as_bytes().starts_with(received), "{seed}: another reply");
            completed += usize::from(received.len() == expected.len());
        }
    }
    assert!(completed >= 90, "{completed} of 100 conversations are complete");
}

#[test]
fn the_connection_closes_after_a_line_that_is_too_long_and_after_a_timeout() {
    let within = Duration::from_secs(200);
    let too_long = "y".repeat(SIZE + 1);
    for (script, received) in [
        (vec![Step::send(format!("a\n{too_long}")), Step::ReadToEnd], "1 a\r\n"),
        (vec![Step::send("a\nb"), Step::ReadToEnd], "1 a\r\n"),
        (vec![Step::send("a\n"), Step::ReadToEnd], "1 a\r\n"),
        (vec![Step::send("a\nb\nc"), Step::Close, Step::ReadToEnd], "1 a\r\n2 b\r\n"),
        (vec![Step::ReadToEnd], ""),
    ] {
        let mut bench = bench(1, Faults::NONE);
        let client = bench.connect_with(PORT, script.clone(), settings());
        bench.run(within);
        assert_eq!(bench.ending(client), Some(Ending::Done), "{script:?}");
        assert_eq!(bench.received(client), received.as_bytes(), "{script:?}");
        // The connection is free for the next peer.
        let next = bench.connect(PORT, [Step::send("quit\n"), Step::ReadToEnd]);
        bench.run(within);
        assert_eq!(bench.received(next), b"1 quit\r\n", "{script:?}");
    }
}
