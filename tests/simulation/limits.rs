//! Timeouts: each ends a connection in order and frees its slot.

use std::rc::Rc;

use bareserve::{net::tcp::timeouts::Timeouts, protocol::environment::Outcome};
use bareserve_testbench::{
    Bench, ClientSettings, Ending, Faults, Step,
    frames::{device, syn},
};
use smoltcp::{
    time::Duration,
    wire::{IpAddress, IpEndpoint, TcpControl},
};

use crate::toys::{Lines, Shared, Speaker, pattern_bytes};

const MINUTE: Duration = Duration::from_secs(60);

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn lines<const N: usize>(bench: &mut Bench) -> Shared {
    let tally = Shared::default();
    bench.tcp::<_, N, 2048, 4096>(Lines { tally: Rc::clone(&tally) }, &[7]);
    tally
}

fn assert_all_free(bench: &Bench, tally: &Shared) {
    assert_eq!(bench.counters(0).open.get(), 0);
    assert_eq!(tally.borrow().open_now, 0);
}

/// Whether `time` is at or a little after `limit`.
fn about(time: Duration, limit: Duration) -> bool {
    time >= limit && time < limit + ms(500)
}

#[test]
fn a_half_open_connection_expires_without_a_reset() {
    let mut bench = Bench::new(1, Faults::NONE);
    let tally = lines::<2>(&mut bench);
    let remote = IpEndpoint::new(IpAddress::v4(10, 0, 0, 100), 50_000);
    bench.connect(7, vec![Step::Established, Step::Wait(ms(5)), Step::Abort]);
    bench.run(MINUTE);
    bench.wire_mut().record_device();
    bench.wire_mut().cut(50_000);
    bench.inject(syn(remote, device(7), 77));
    bench.pass(Timeouts::DEFAULT.half_open - ms(100));
    assert_eq!(bench.counters(0).open.get(), 1);
    bench.pass(ms(200));
    assert_all_free(&bench, &tally);
    bench.pass(MINUTE);
    let heard = bench.segments_to(50_000);
    assert!(
        heard.len() > 1 && heard.iter().all(|said| said.control == TcpControl::Syn),
        "{heard:?}"
    );
    assert_eq!(tally.borrow().opened, 1);
}

/// Plays a script against a fresh device; returns the bench when the client has ended.
fn play(script: Vec<Step>) -> (Bench, Shared, usize) {
    let mut bench = Bench::new(1, Faults::NONE);
    let tally = lines::<2>(&mut bench);
    let client = bench.connect(7, script);
    bench.run(MINUTE * 5);
    (bench, tally, client)
}

#[test]
fn first_byte() {
    let (mut bench, tally, client) = play(vec![Step::ReadToEnd, Step::Close]);
    assert_eq!(bench.ending(client), Some(Ending::Done));
    assert!(about(bench.took(client), Timeouts::DEFAULT.first_byte), "{}", bench.took(client));
    bench.pass(ms(100));
    assert_all_free(&bench, &tally);
    assert_eq!(bench.log().outcomes(), [Outcome::TimedOut]);
}

#[test]
fn head_in_all() {
    let dribble = Step::Dribble { byte: b'a', pause: Duration::from_secs(1) };
    let (mut bench, tally, client) = play(vec![dribble]);
    assert_eq!(bench.ending(client), Some(Ending::Closed));
    assert!(about(bench.took(client), Timeouts::DEFAULT.head), "{}", bench.took(client));
    bench.pass(Duration::from_secs(3));
    assert_all_free(&bench, &tally);
}

#[test]
fn a_late_head_is_answered() {
    let script = vec![Step::Send(b"hel".to_vec()), Step::ReadToEnd, Step::Close];
    let (bench, _, client) = play(script);
    assert_eq!(bench.received(client), b"late\n");
}

#[test]
fn the_head_of_each_request_has_its_own_time() {
    // Each send ends one line and begins the next; together they take longer than one line may.
    let mut script = vec![Step::Send(b"a".to_vec())];
    for _ in 0..6 {
        script.push(Step::Wait(Timeouts::DEFAULT.head / 2));
        script.push(Step::Send(b"a\na".to_vec()));
        script.push(Step::Read(3));
    }
    script[3] = Step::Read(3);
    let (bench, _, client) = play(script);
    assert_eq!(bench.ending(client), Some(Ending::Done));
}

#[test]
fn idle_between_requests() {
    let script = vec![Step::Send(b"a\n".to_vec()), Step::ReadToEnd, Step::Close];
    let (mut bench, tally, client) = play(script);
    assert!(about(bench.took(client), Timeouts::DEFAULT.idle), "{}", bench.took(client));
    bench.pass(ms(100));
    assert_all_free(&bench, &tally);
}

#[test]
fn body_without_progress() {
    let script = vec![Step::Send(b"put 100\nabc".to_vec()), Step::ReadToEnd, Step::Close];
    let (mut bench, tally, client) = play(script);
    // The first check finds the bytes that arrived at the beginning.
    assert!(bench.took(client) <= Timeouts::DEFAULT.progress * 2 + ms(100));
    bench.pass(ms(100));
    assert_all_free(&bench, &tally);
    assert!(tally.borrow().stored.is_empty());
}

#[test]
fn a_slow_body_that_moves_is_not_cut() {
    let mut script = vec![Step::Send(b"put 20\n".to_vec())];
    for _ in 0..20 {
        script.push(Step::Wait(Timeouts::DEFAULT.progress - ms(1000)));
        script.push(Step::Send(b"b".to_vec()));
    }
    script.push(Step::Read(6));
    let mut bench = Bench::new(1, Faults::NONE);
    lines::<2>(&mut bench);
    let settings = ClientSettings { timeout: MINUTE * 10, ..ClientSettings::default() };
    let client = bench.connect_with(7, script, settings);
    bench.run(MINUTE * 10);
    assert_eq!(bench.received(client), b"ok 20\n");
}

#[test]
fn an_answer_that_is_not_read() {
    let mut bench = Bench::new(1, Faults::NONE);
    let tally = lines::<2>(&mut bench);
    let script = vec![Step::Send(b"get 100000\n".to_vec()), Step::AwaitEnd];
    let client = bench.connect(7, script);
    bench.run(MINUTE * 3);
    assert_eq!(bench.ending(client), Some(Ending::Done));
    assert!(
        bench.took(client) <= Timeouts::DEFAULT.progress * 2 + ms(100),
        "{}",
        bench.took(client)
    );
    bench.pass(Duration::from_secs(3));
    assert_all_free(&bench, &tally);
}

#[test]
fn a_client_that_never_closes_is_reset_after_the_linger_time() {
    let script = vec![Step::Send(b"quit\n".to_vec()), Step::Read(4), Step::Wait(MINUTE)];
    let mut bench = Bench::new(1, Faults::NONE);
    let tally = lines::<2>(&mut bench);
    bench.connect(7, script);
    bench.pass(Timeouts::DEFAULT.linger - ms(100));
    assert_eq!(bench.counters(0).open.get(), 1);
    bench.pass(ms(200));
    assert_all_free(&bench, &tally);
}

#[test]
fn a_client_that_half_closes_gets_its_answer_and_is_closed() {
    let script = vec![Step::Send(b"get 9000\n".to_vec()), Step::Close, Step::ReadToEnd];
    let (mut bench, tally, client) = play(script);
    assert_eq!(bench.ending(client), Some(Ending::Done));
    assert_eq!(bench.received(client), pattern_bytes(9000));
    bench.pass(ms(100));
    assert_all_free(&bench, &tally);
    assert_eq!(bench.log().outcomes(), [Outcome::Completed]);
}

#[test]
fn a_client_that_half_closes_and_vanishes_is_closed() {
    for script in [
        vec![Step::Established, Step::Close, Step::Wait(ms(5)), Step::Vanish],
        vec![Step::Send(b"quit\n".to_vec()), Step::Read(4), Step::Vanish],
        vec![Step::Established, Step::Vanish, Step::Close],
        vec![Step::Send(b"get 90000\n".to_vec()), Step::Read(100), Step::Vanish],
        vec![Step::Send(b"hush\n".to_vec()), Step::Wait(ms(5)), Step::Vanish, Step::Close],
    ] {
        let (mut bench, tally, _) = play(script.clone());
        let quiet = script[0] == Step::Send(b"hush\n".to_vec());
        bench.pass(MINUTE);
        assert_eq!(tally.borrow().opened, 1);
        if quiet {
            // An endless answer has no timeout of its own: the connection ends when its next bytes are
            // not acknowledged, or when another request waits.
            for _ in 0..3 {
                bench.connect(7, vec![Step::Send(b"quit\n".to_vec()), Step::Read(4), Step::Close]);
            }
            bench.run(MINUTE);
        } else {
            assert_all_free(&bench, &tally);
        }
    }
}

#[test]
fn a_reset_frees_the_slot_at_once_and_is_no_end_of_input() {
    let script = vec![Step::Send(b"put 100\nabc".to_vec()), Step::Wait(ms(50)), Step::Abort];
    let (mut bench, tally, _) = play(script);
    bench.pass(ms(10));
    assert_all_free(&bench, &tally);
    assert_eq!(tally.borrow().ends_of_input, 0);
    assert_eq!(bench.log().outcomes(), [Outcome::Reset]);
}

#[test]
fn a_protocol_that_gives_up_resets() {
    let (mut bench, tally, client) = play(vec![Step::Send(b"crash\n".to_vec()), Step::ReadToEnd]);
    assert_eq!(bench.ending(client), Some(Ending::Reset));
    bench.pass(ms(10));
    assert_all_free(&bench, &tally);
    assert_eq!(bench.log().outcomes(), [Outcome::Aborted]);
}

#[test]
fn closing_right_after_writing_truncates_nothing() {
    let mut bench = Bench::new(1, Faults::NONE);
    let tally = Shared::default();
    let protocol = Speaker { length: 60_000, tally: Rc::clone(&tally) };
    bench.tcp::<_, 2, 2048, 65_536>(protocol, &[7]);
    let slow = Step::ReadSlowly { piece: 100, pause: ms(100) };
    let settings = ClientSettings { timeout: MINUTE * 10, rx: 1000, ..ClientSettings::default() };
    let client = bench.connect_with(7, vec![slow, Step::Close], settings);
    bench.run(MINUTE * 10);
    assert_eq!(bench.ending(client), Some(Ending::Done));
    assert_eq!(bench.received(client), pattern_bytes(60_000));
    assert!(bench.took(client) > Duration::from_secs(55), "{}", bench.took(client));
    bench.pass(ms(100));
    assert_all_free(&bench, &tally);
}

#[test]
fn a_client_that_still_sends_reads_the_answer_before_the_end() {
    let mut script = vec![Step::Send(b"refuse\n".to_vec())];
    for _ in 0..20 {
        script.push(Step::Send(vec![b'x'; 3000]));
        script.push(Step::Wait(ms(5)));
    }
    script.push(Step::ReadToEnd);
    script.push(Step::Close);
    let (mut bench, tally, client) = play(script);
    assert_eq!(bench.ending(client), Some(Ending::Done));
    assert_eq!(bench.received(client), b"no\n");
    bench.pass(ms(100));
    assert_all_free(&bench, &tally);
}
