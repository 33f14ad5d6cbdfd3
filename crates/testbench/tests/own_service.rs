//! How an application tests a service of its own on a wire that loses 20 % of the frames.

use bareserve::{
    Environment,
    protocol::{
        endpoints::Endpoints,
        stream::{Phase, Protocol},
    },
};

/// A TCP protocol that answers each byte with its upper-case form.
struct Upper;

#[derive(Default)]
struct Reply {
    byte: Option<u8>,
    is_last: bool,
}

impl Protocol for Upper {
    type Connection = Reply;

    fn name(&self) -> &'static str {
        "upper"
    }

    fn open(&mut self, reply: &mut Reply, _: Endpoints, _: &mut Environment<'_>) {
        *reply = Reply::default();
    }

    fn receive(&mut self, reply: &mut Reply, input: &[u8], _: &mut Environment<'_>) -> usize {
        if reply.byte.is_some() {
            return 0;
        }
        reply.byte = input.first().map(u8::to_ascii_uppercase);
        usize::from(reply.byte.is_some())
    }

    fn end_of_input(&mut self, reply: &mut Reply, _: &mut Environment<'_>) {
        reply.is_last = true;
    }

    fn transmit(&mut self, reply: &mut Reply, output: &mut [u8], _: &mut Environment<'_>) -> usize {
        let (Some(first), Some(byte)) = (output.first_mut(), reply.byte.take()) else { return 0 };
        *first = byte;
        1
    }

    fn phase(&self, reply: &Reply) -> Phase {
        match reply.byte {
            Some(_) => Phase::Sending,
            None if reply.is_last => Phase::Finished,
            None => Phase::Idle,
        }
    }

    fn expire(&mut self, reply: &mut Reply, _: &mut Environment<'_>) {
        reply.is_last = true;
    }

    fn close(&mut self, _: &mut Reply, _: &mut Environment<'_>) {}
}

// The test: at most 20 lines, checked below.
use bareserve_testbench::{Bench, Duration, Ending, Faults, Step, seeds};

#[test]
fn every_byte_survives_a_loss_of_20_percent() {
    for seed in seeds(100) {
        let mut bench = Bench::new(seed, Faults::loss_percent(20));
        bench.tcp::<Upper, 2, 512, 512>(Upper, &[7777]);
        let text = "no byte is lost, doubled or out of order. ".repeat(20);
        let script = [Step::send(text.as_str()), Step::Read(text.len()), Step::Close];
        let client = bench.connect(7777, script);
        bench.run(Duration::from_secs(120));
        assert!(text.to_uppercase().as_bytes().starts_with(bench.received(client)));
        if bench.ending(client) == Some(Ending::Done) {
            assert_eq!(bench.received(client).len(), text.len());
        }
    }
}
// The end of the test.

#[test]
fn the_test_has_at_most_20_lines() {
    let source = include_str!("own_service.rs");
    let test = source.split("// The ").nth(1).map_or(0, |test| test.lines().skip(1).count());
    assert!((1..=20).contains(&test), "{test} lines");
}
