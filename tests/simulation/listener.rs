//! The listener: the backlog, the pool, and who is served when.

use std::rc::Rc;

use smoltcp::time::Duration;

use crate::common::{
    World,
    clients::{Ending, Manners, Step},
    toys::{Lines, Shared, Speaker, pattern_bytes},
    wire::Faults,
};

const MINUTE: Duration = Duration::from_secs(60);

fn speaker(world: &mut World, length: usize) -> Shared {
    let tally = Shared::default();
    let protocol = Speaker { length, tally: tally.clone() };
    world.serve::<_, 8, 2048, 4096>(protocol, &[7]);
    tally
}

#[test]
fn one_client_is_served() {
    let mut world = World::new(1, Faults::NONE);
    let tally = speaker(&mut world, 10_000);
    let client = world.client(vec![Step::ReadToEnd, Step::Close]);
    world.run(MINUTE);
    assert_eq!(world.ending(client), Some(Ending::Done));
    assert_eq!(world.received(client), pattern_bytes(10_000));
    assert_eq!(tally.borrow().opened, 1);
}

#[test]
fn a_dialogue() {
    let mut world = World::new(1, Faults::NONE);
    let tally = Shared::default();
    world.serve::<_, 2, 2048, 4096>(Lines { tally: Rc::clone(&tally) }, &[7]);
    let client = world.client(vec![
        Step::Send(b"hel".to_vec()),
        Step::Wait(Duration::from_millis(5)),
        Step::Send(b"lo\n".to_vec()),
        Step::Read(6),
        Step::Send(b"get 9000\nput 5\nabcdequit\n".to_vec()),
        Step::ReadToEnd,
        Step::Close,
    ]);
    world.run(MINUTE);
    assert_eq!(world.ending(client), Some(Ending::Done));
    let expected = [b"hello\n".to_vec(), pattern_bytes(9000), b"ok 5\nbye\n".to_vec()].concat();
    assert_eq!(world.received(client), expected);
    assert_eq!(tally.borrow().stored, [b"abcde"]);
}

#[test]
fn clients_beyond_the_pool_wait_and_none_is_refused() {
    let mut world = World::with_backlog::<512>(1, Faults::NONE, 520);
    let tally = speaker(&mut world, 80_000);
    for _ in 0..512 {
        world.client_of(7, vec![Step::ReadToEnd, Step::Close], Manners::default());
    }
    world.run(MINUTE);
    for client in 0..512 {
        assert_eq!(world.ending(client), Some(Ending::Done), "client {client}");
        assert_eq!(world.received(client).len(), 80_000);
    }
    assert_eq!(tally.borrow().most_open, 8);
    assert_eq!(tally.borrow().opened, 512);
    println!("512 clients took {}", world.now);
}

#[test]
fn a_port_that_nobody_serves_answers_with_a_reset() {
    let mut world = World::new(1, Faults::NONE);
    speaker(&mut world, 10);
    let client = world.client_of(8, vec![Step::ReadToEnd], Manners::default());
    world.run(MINUTE);
    assert_eq!(world.ending(client), Some(Ending::Refused));
}
