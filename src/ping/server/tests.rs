extern crate std;

use std::{vec, vec::Vec};

use smoltcp::wire::{IpAddress, IpEndpoint};

use super::*;
use crate::clock::WallClock;

fn endpoints() -> Endpoints {
    let remote = IpEndpoint::new(IpAddress::v4(192, 168, 69, 100), 40_000);
    Endpoints { remote, local: IpEndpoint::new(IpAddress::v4(192, 168, 69, 1), PORT) }
}

fn at<T>(now: Instant, work: impl FnOnce(&mut Environment<'_>) -> T) -> T {
    work(&mut Environment {
        now,
        wall_clock: &mut WallClock::new(),
        entropy: &mut SeededEntropy::new(0),
        observer: &mut (),
        registry: Default::default(),
    })
}

fn ask(server: &mut PingServer<'_>, datagram: &[u8], now: Instant) -> Option<Vec<u8>> {
    let mut bytes = vec![0; 1472];
    bytes[..datagram.len()].copy_from_slice(datagram);
    let length = at(now, |env| server.answer(&mut bytes, datagram.len(), endpoints(), env))?;
    Some(bytes[..length].to_vec())
}

/// The numbers of the answered ones among `datagrams` datagrams.
fn answered(server: &mut PingServer<'_>, datagrams: u32) -> Vec<u32> {
    (1..=datagrams).filter(|_| ask(server, b"x", Instant::ZERO).is_some()).collect()
}

fn without_memory(shared: &SharedProfile) -> PingServer<'_> {
    PingServer::new(shared, PingMemory { queue: &mut [], bytes: &mut [] })
}

#[test]
fn course_answers_2_3_5_6_and_none_after_its_limit() {
    let shared = SharedProfile::new(Profile::COURSE);
    let mut server = without_memory(&shared);
    assert_eq!(answered(&mut server, 100), [2, 3, 5, 6]);
    shared.restart();
    assert_eq!(answered(&mut server, 100), [2, 3, 5, 6]);
    shared.set(Profile::DEFAULT);
    assert_eq!(answered(&mut server, 3), [1, 2, 3]);
}

#[test]
fn course_answers_1024_bytes_in_upper_case() {
    let shared = SharedProfile::new(Profile { loss: Loss::Never, ..Profile::COURSE });
    let mut server = without_memory(&shared);
    let mut answer = |datagram: &[u8]| ask(&mut server, datagram, Instant::ZERO).unwrap();
    assert_eq!(answer(b"Ping 1 1700000000.123456"), b"PING 1 1700000000.123456");
    assert_eq!(answer("grün ß {z".as_bytes()), "GRüN ß {Z".as_bytes());
    assert_eq!(answer(b""), b"");
    assert_eq!(answer(&[b'a'; 1472]), [b'A'; 1024]);
    assert_eq!(answer(&[b'a'; 1024]), [b'A'; 1024]);
}

#[test]
fn other_profiles_answer_long_datagrams_whole() {
    let shared = SharedProfile::new(Profile::ECHO);
    let mut server = without_memory(&shared);
    assert_eq!(ask(&mut server, &[b'a'; 1472], Instant::ZERO).unwrap(), [b'a'; 1472]);
}

#[test]
fn random_losses_follow_the_seed_and_the_percentage() {
    let shared = SharedProfile::new("loss=20%,seed=11".parse().unwrap());
    let mut server = without_memory(&shared);
    let first = answered(&mut server, 10_000);
    assert!((7_800..8_200).contains(&first.len()), "{}", first.len());
    shared.restart();
    assert_eq!(answered(&mut server, 10_000), first);
    shared.set("loss=100%".parse().unwrap());
    assert!(answered(&mut server, 100).is_empty());
    shared.set("loss=0%".parse().unwrap());
    assert_eq!(answered(&mut server, 100).len(), 100);
    shared.set(Profile { loss: Loss::Every { nth: 0, of: 0 }, ..Profile::ECHO });
    assert_eq!(answered(&mut server, 100).len(), 100);
}

#[test]
fn delayed_answers_are_sent_when_due_in_order_and_only_those_that_fit() {
    let shared = SharedProfile::new("delay=50ms".parse().unwrap());
    let mut memory = PingResources::<3, 4>::new();
    let mut server = PingServer::new(&shared, &mut memory);
    let millis = Instant::from_millis_const;
    for (now, text) in [(0, b"a"), (10, b"b"), (10, b"c"), (20, b"d")] {
        assert_eq!(ask(&mut server, text, millis(now)), None);
    }
    let next = |server: &mut PingServer<'_>, now| {
        let mut bytes = [0; 8];
        let (length, to) = at(millis(now), |env| server.transmit(&mut bytes, env))?;
        assert_eq!(to, endpoints());
        Some(bytes[..length].to_vec())
    };
    assert_eq!(server.poll_at(), Some(millis(50)));
    assert_eq!(next(&mut server, 49), None);
    assert_eq!(next(&mut server, 50).unwrap(), b"A");
    assert_eq!(next(&mut server, 50), None);
    // Longer than its share: dropped. The next answer takes the free slot.
    assert_eq!(ask(&mut server, b"12345", millis(55)), None);
    assert_eq!(ask(&mut server, b"1234", millis(55)), None);
    assert_eq!(server.poll_at(), Some(millis(60)));
    let rest: Vec<_> = core::iter::from_fn(|| next(&mut server, 1_000)).collect();
    assert_eq!(rest, [b"B".to_vec(), b"C".to_vec(), b"1234".to_vec()]);
    assert_eq!(server.poll_at(), None);
}

#[test]
fn a_delay_without_memory_drops_every_answer() {
    let shared = SharedProfile::new("delay=50ms".parse().unwrap());
    let mut server = without_memory(&shared);
    assert_eq!(answered(&mut server, 10), []);
    assert_eq!(server.poll_at(), None);
}

/// Random datagrams while the profile changes at random: no panic, and no answer is longer than its
/// datagram.
#[test]
fn profiles_may_change_at_any_time() {
    let mut random = SeededEntropy::new(8);
    let shared = SharedProfile::new(Profile::DEFAULT);
    let mut memory = PingResources::<4, 32>::new();
    let mut server = PingServer::new(&shared, &mut memory);
    for step in 0..50_000 {
        let now = Instant::from_millis(step);
        let mut bytes = [0; 64];
        random.fill(&mut bytes);
        if random.next_u64().is_multiple_of(50) {
            shared.set(Profile {
                loss: Loss::Every { nth: (step % 5) as u32, of: (step % 4) as u32 },
                delay: Duration::from_millis(random.next_u64() % 8),
                read: (step % 2 == 0).then_some(20),
                ..Profile::DEFAULT
            });
        }
        let length = random.next_u64() as usize % 65;
        if let Some(answer) = at(now, |env| server.answer(&mut bytes, length, endpoints(), env)) {
            assert!(answer <= length);
        }
        while at(now, |env| server.transmit(&mut bytes, env)).is_some() {}
        assert!(server.poll_at().is_none_or(|due| due > now));
    }
}
