//! Time limits: each ends a connection properly and frees its slot.

use std::rc::Rc;

use bareserve::{net::tcp::timeouts::Timeouts, protocol::environment::Outcome};
use smoltcp::{
    time::Duration,
    wire::{IpAddress, IpEndpoint, TcpControl},
};

use crate::{
    clients::{Ending, Manners, Step, at},
    frames::syn,
    toys::{Lines, Shared, Speaker, pattern_bytes},
    wire::Faults,
    world::World,
};

const MINUTE: Duration = Duration::from_secs(60);

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn lines<const N: usize>(world: &mut World) -> Shared {
    let tally = Shared::default();
    world.serve::<_, N, 2048, 4096>(Lines { tally: Rc::clone(&tally) }, &[7]);
    tally
}

fn assert_all_free(world: &World, tally: &Shared) {
    assert_eq!(world.counters(0).open.get(), 0);
    assert_eq!(tally.borrow().open_now, 0);
}

/// Whether `time` is at or a little after `limit`.
fn about(time: Duration, limit: Duration) -> bool {
    time >= limit && time < limit + ms(500)
}

#[test]
fn half_open_is_forgotten_without_a_word() {
    let mut world = World::new(1, Faults::NONE);
    let tally = lines::<2>(&mut world);
    let remote = IpEndpoint::new(IpAddress::v4(10, 0, 0, 100), 50_000);
    world.client(vec![Step::Established, Step::Wait(ms(5)), Step::Abort]);
    world.run(MINUTE);
    world.listen_in();
    world.cable.borrow_mut().vanished.insert(50_000);
    world.inject(syn(remote, at(7), 77));
    world.pass(Timeouts::DEFAULT.half_open - ms(100));
    assert_eq!(world.counters(0).open.get(), 1);
    world.pass(ms(200));
    assert_all_free(&world, &tally);
    world.pass(MINUTE);
    let heard = world.heard(50_000);
    assert!(
        heard.len() > 1 && heard.iter().all(|said| said.control == TcpControl::Syn),
        "{heard:?}"
    );
    assert_eq!(tally.borrow().opened, 1);
}

/// Plays a script against a fresh device; returns the world when the client has ended.
fn play(script: Vec<Step>) -> (World, Shared, usize) {
    let mut world = World::new(1, Faults::NONE);
    let tally = lines::<2>(&mut world);
    let client = world.client(script);
    world.run(MINUTE * 5);
    (world, tally, client)
}

#[test]
fn first_byte() {
    let (mut world, tally, client) = play(vec![Step::ReadToEnd, Step::Close]);
    assert_eq!(world.ending(client), Some(Ending::Done));
    assert!(about(world.took(client), Timeouts::DEFAULT.first_byte), "{}", world.took(client));
    world.pass(ms(100));
    assert_all_free(&world, &tally);
    assert_eq!(world.log.outcomes, [Outcome::TimedOut]);
}

#[test]
fn head_in_all() {
    let dribble = Step::Dribble { byte: b'a', pause: Duration::from_secs(1) };
    let (mut world, tally, client) = play(vec![dribble]);
    assert_eq!(world.ending(client), Some(Ending::Closed));
    assert!(about(world.took(client), Timeouts::DEFAULT.head), "{}", world.took(client));
    world.pass(Duration::from_secs(3));
    assert_all_free(&world, &tally);
}

#[test]
fn a_late_head_is_told_so() {
    let script = vec![Step::Send(b"hel".to_vec()), Step::ReadToEnd, Step::Close];
    let (world, _, client) = play(script);
    assert_eq!(world.received(client), b"late\n");
}

#[test]
fn the_head_of_each_request_has_its_own_time() {
    // Each send ends one line and begins the next; together they take longer than one may.
    let mut script = vec![Step::Send(b"a".to_vec())];
    for _ in 0..6 {
        script.push(Step::Wait(Timeouts::DEFAULT.head / 2));
        script.push(Step::Send(b"a\na".to_vec()));
        script.push(Step::Read(3));
    }
    script[3] = Step::Read(3);
    let (world, _, client) = play(script);
    assert_eq!(world.ending(client), Some(Ending::Done));
}

#[test]
fn idle_between_requests() {
    let script = vec![Step::Send(b"a\n".to_vec()), Step::ReadToEnd, Step::Close];
    let (mut world, tally, client) = play(script);
    assert!(about(world.took(client), Timeouts::DEFAULT.idle), "{}", world.took(client));
    world.pass(ms(100));
    assert_all_free(&world, &tally);
}

#[test]
fn body_without_progress() {
    let script = vec![Step::Send(b"put 100\nabc".to_vec()), Step::ReadToEnd, Step::Close];
    let (mut world, tally, client) = play(script);
    // The first look finds the bytes that came at the beginning.
    assert!(world.took(client) <= Timeouts::DEFAULT.progress * 2 + ms(100));
    world.pass(ms(100));
    assert_all_free(&world, &tally);
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
    let mut world = World::new(1, Faults::NONE);
    lines::<2>(&mut world);
    let manners = Manners { patience: MINUTE * 10, ..Manners::default() };
    let client = world.client_of(7, script, manners);
    world.run(MINUTE * 10);
    assert_eq!(world.received(client), b"ok 20\n");
}

#[test]
fn an_answer_that_nobody_reads() {
    let mut world = World::new(1, Faults::NONE);
    let tally = lines::<2>(&mut world);
    let script = vec![Step::Send(b"get 100000\n".to_vec()), Step::AwaitEnd];
    let client = world.client(script);
    world.run(MINUTE * 3);
    assert_eq!(world.ending(client), Some(Ending::Done));
    assert!(
        world.took(client) <= Timeouts::DEFAULT.progress * 2 + ms(100),
        "{}",
        world.took(client)
    );
    world.pass(Duration::from_secs(3));
    assert_all_free(&world, &tally);
}

#[test]
fn a_client_that_never_closes_is_reset_after_the_linger_time() {
    let script = vec![Step::Send(b"quit\n".to_vec()), Step::Read(4), Step::Wait(MINUTE)];
    let mut world = World::new(1, Faults::NONE);
    let tally = lines::<2>(&mut world);
    world.client(script);
    world.pass(Timeouts::DEFAULT.linger - ms(100));
    assert_eq!(world.counters(0).open.get(), 1);
    world.pass(ms(200));
    assert_all_free(&world, &tally);
}

#[test]
fn a_client_that_half_closes_gets_its_answer_and_is_let_go() {
    let script = vec![Step::Send(b"get 9000\n".to_vec()), Step::Close, Step::ReadToEnd];
    let (mut world, tally, client) = play(script);
    assert_eq!(world.ending(client), Some(Ending::Done));
    assert_eq!(world.received(client), pattern_bytes(9000));
    world.pass(ms(100));
    assert_all_free(&world, &tally);
    assert_eq!(world.log.outcomes, [Outcome::Completed]);
}

#[test]
fn a_client_that_half_closes_and_vanishes_is_let_go() {
    for script in [
        vec![Step::Established, Step::Close, Step::Wait(ms(5)), Step::Vanish],
        vec![Step::Send(b"quit\n".to_vec()), Step::Read(4), Step::Vanish],
        vec![Step::Established, Step::Vanish, Step::Close],
        vec![Step::Send(b"get 90000\n".to_vec()), Step::Read(100), Step::Vanish],
        vec![Step::Send(b"hush\n".to_vec()), Step::Wait(ms(5)), Step::Vanish, Step::Close],
    ] {
        let (mut world, tally, _) = play(script.clone());
        let quiet = script[0] == Step::Send(b"hush\n".to_vec());
        world.pass(MINUTE);
        assert_eq!(tally.borrow().opened, 1);
        if quiet {
            // An endless answer has no limit by itself: it goes when its next bytes find nobody, or
            // when somebody waits.
            for _ in 0..3 {
                world.client(vec![Step::Send(b"quit\n".to_vec()), Step::Read(4), Step::Close]);
            }
            world.run(MINUTE);
        } else {
            assert_all_free(&world, &tally);
        }
    }
}

#[test]
fn a_reset_frees_the_slot_at_once_and_is_no_end_of_input() {
    let script = vec![Step::Send(b"put 100\nabc".to_vec()), Step::Wait(ms(50)), Step::Abort];
    let (mut world, tally, _) = play(script);
    world.pass(ms(10));
    assert_all_free(&world, &tally);
    assert_eq!(tally.borrow().ends_of_input, 0);
    assert_eq!(world.log.outcomes, [Outcome::Reset]);
}

#[test]
fn a_protocol_that_gives_up_resets() {
    let (mut world, tally, client) = play(vec![Step::Send(b"crash\n".to_vec()), Step::ReadToEnd]);
    assert_eq!(world.ending(client), Some(Ending::Reset));
    world.pass(ms(10));
    assert_all_free(&world, &tally);
    assert_eq!(world.log.outcomes, [Outcome::Aborted]);
}

#[test]
fn closing_right_after_writing_truncates_nothing() {
    let mut world = World::new(1, Faults::NONE);
    let tally = Shared::default();
    let protocol = Speaker { length: 60_000, tally: Rc::clone(&tally) };
    world.serve::<_, 2, 2048, 65_536>(protocol, &[7]);
    let slow = Step::ReadSlowly { piece: 100, pause: ms(100) };
    let manners = Manners { patience: MINUTE * 10, rx: 1000, ..Manners::default() };
    let client = world.client_of(7, vec![slow, Step::Close], manners);
    world.run(MINUTE * 10);
    assert_eq!(world.ending(client), Some(Ending::Done));
    assert_eq!(world.received(client), pattern_bytes(60_000));
    assert!(world.took(client) > Duration::from_secs(55), "{}", world.took(client));
    world.pass(ms(100));
    assert_all_free(&world, &tally);
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
    let (mut world, tally, client) = play(script);
    assert_eq!(world.ending(client), Some(Ending::Done));
    assert_eq!(world.received(client), b"no\n");
    world.pass(ms(100));
    assert_all_free(&world, &tally);
}
