//! Runs on a bad cable, each from its seed: every transfer completes intact or fails with an error.

use std::rc::Rc;

use smoltcp::time::{Duration, Instant};

use crate::common::{
    World,
    clients::{Ending, Manners, Step},
    seeds,
    toys::{Lines, Shared, Speaker, pattern_bytes},
    wire::Faults,
};

const SEEDS: u64 = 200;
const CLIENTS: u64 = 8;
const HOUR: Duration = Duration::from_secs(3600);

fn manners(client: u64) -> Manners {
    Manners {
        start: Instant::from_millis(client as i64 * 37),
        patience: Duration::from_secs(300),
        ..Manners::default()
    }
}

/// How many transfers of all runs completed, and how many there were.
#[derive(Default)]
struct Score {
    completed: u64,
    failed: u64,
    gave_up: u64,
}

impl Score {
    fn count(&mut self, ending: Option<Ending>) {
        match ending.expect("every client ends") {
            Ending::Done => self.completed += 1,
            Ending::Refused => panic!("refused"),
            Ending::GaveUp => self.gave_up += 1,
            Ending::Reset | Ending::Closed => self.failed += 1,
        }
    }

    fn report(&self, what: &str) {
        let Self { completed, failed, gave_up } = self;
        println!("{what}: {completed} intact, {failed} cut by the device, {gave_up} gave up");
    }

    fn mostly_complete(&self, what: &str) {
        self.report(what);
        let all = self.completed + self.failed + self.gave_up;
        assert!(self.completed * 10 >= all * 9, "nine in ten transfers get through");
    }
}

#[test]
fn downloads() {
    download_all::<8>().mostly_complete("downloads");
}

#[test]
fn downloads_while_others_wait() {
    download_all::<3>().report("downloads from 3 connections");
}

fn download_all<const N: usize>() -> Score {
    let mut score = Score::default();
    for seed in seeds(SEEDS) {
        let mut world = World::new(seed, Faults::HARSH);
        let tally = Shared::default();
        let protocol = Speaker { length: 12_000, tally: Rc::clone(&tally) };
        world.serve::<_, N, 2048, 4096>(protocol, &[7]);
        let script = || vec![Step::ReadToEnd, Step::Close];
        for client in 0..CLIENTS {
            world.client_of(7, script(), manners(client));
        }
        world.run(HOUR);
        for client in 0..CLIENTS as usize {
            let ending = world.ending(client);
            if ending == Some(Ending::Done) {
                assert_eq!(world.received(client), pattern_bytes(12_000), "client {client}");
            } else {
                assert!(pattern_bytes(12_000).starts_with(world.received(client)));
            }
            score.count(ending);
        }
        free_in_the_end(&mut world, &tally);
    }
    score
}

#[test]
fn dialogues() {
    talk_all::<8>().mostly_complete("dialogues");
}

#[test]
fn dialogues_while_others_wait() {
    talk_all::<3>().report("dialogues on 3 connections");
}

fn talk_all<const N: usize>() -> Score {
    let mut score = Score::default();
    for seed in seeds(SEEDS) {
        let mut world = World::new(seed, Faults::HARSH);
        let tally = Shared::default();
        world.serve::<_, N, 2048, 4096>(Lines { tally: Rc::clone(&tally) }, &[7]);
        let body = pattern_bytes(5000);
        let put = [b"put 5000\n".to_vec(), body.clone()].concat();
        for client in 0..CLIENTS {
            let script = vec![
                Step::Send(b"hello\n".to_vec()),
                Step::Read(6),
                Step::Send(put.clone()),
                Step::Send(b"get 3000\nquit\n".to_vec()),
                Step::ReadToEnd,
                Step::Close,
            ];
            world.client_of(7, script, manners(client));
        }
        world.run(HOUR);
        let answer =
            [b"hello\nok 5000\n".to_vec(), pattern_bytes(3000), b"bye\n".to_vec()].concat();
        for client in 0..CLIENTS as usize {
            let ending = world.ending(client);
            if ending == Some(Ending::Done) && !answer.starts_with(world.received(client)) {
                panic!("client {client} received something else");
            }
            // A connection that expired between two messages was closed in order, and cut short.
            let cut = world.received(client).len() < answer.len();
            score.count(if cut && ending == Some(Ending::Done) {
                Some(Ending::Closed)
            } else {
                ending
            });
        }
        assert!(tally.borrow().stored.iter().all(|stored| *stored == body));
        free_in_the_end(&mut world, &tally);
    }
    score
}

#[test]
fn a_seed_replays_exactly() {
    let run = || {
        let mut world = World::new(77, Faults::HARSH);
        world.cable.borrow_mut().capturing = true;
        let tally = Shared::default();
        world.serve::<_, 4, 2048, 4096>(Lines { tally }, &[7]);
        for client in 0..CLIENTS {
            let script = vec![Step::Send(b"get 9000\nquit\n".to_vec()), Step::ReadToEnd];
            world.client_of(7, script, manners(client));
        }
        world.run(HOUR);
        let frames = std::mem::take(&mut world.cable.borrow_mut().captured);
        (world.now, frames)
    };
    let (first, second) = (run(), run());
    assert!(first.1.len() > 100);
    assert!(first == second, "two runs of one seed differ");
}

fn free_in_the_end(world: &mut World, tally: &Shared) {
    world.pass(Duration::from_secs(120));
    assert_eq!(world.counters[0].open.get(), 0, "all connections are free");
    assert_eq!(world.counters[0].parked.get(), 0, "nobody waits");
    assert_eq!(tally.borrow().opened, tally.borrow().closed);
}
