//! Compares the device with nginx (one worker, the kernel's stack, CUBIC) through the same wire: paths
//! with delay, loss, a limited rate and a queue. Prints the median MB/s of both and their ratio (device
//! to nginx), for downloads and uploads of 1 MB where the row does not say otherwise. Each transfer has a new wire with a seed of its own, and is
//! measured from the start of the connection to the last byte.
//!
//! `cargo bench -p host-runner --bench paths`, with nginx installed. Options, after `--`:
//!
//! | option | |
//! |---|---|
//! | `--row NAME` | one row of the table; repeatable |
//! | `--only device` or `--only nginx` | one side |
//! | `--direction down` or `--direction up` | one direction |
//! | `--runs N` | transfers of each row [5] |
//! | `--limit SECONDS` | after so long a transfer counts as never finished [20] |
//! | `--seed N` | the seed of the first run [1] |
//! | `--verbose` | prints each transfer, and the counters of its wire |

#[path = "paths/client.rs"]
mod client;
#[path = "../tests/acceptance/device.rs"]
#[allow(dead_code, reason = "shared with the acceptance suite, which uses all of it")]
mod device;
#[path = "../tests/acceptance/namespace.rs"]
mod namespace;
#[path = "paths/options.rs"]
mod options;
#[path = "../tests/acceptance/programs.rs"]
#[allow(dead_code, reason = "shared with the acceptance suite, which uses all of it")]
mod programs;
#[path = "paths/topology.rs"]
mod topology;

use client::{Outcome, Transfer};
use options::{Direction, Options};
use topology::Network;

/// A path, and what is transferred through it.
pub struct Row {
    /// Selects it on the command line.
    pub name: &'static str,
    what: &'static str,
    impairment: &'static str,
    size: usize,
}

const MEGABYTE: usize = 1_000_000;

/// Times are round trips; the wire's delay is that of one direction.
#[rustfmt::skip]
const ROWS: [Row; 10] = [
    Row { name: "a", what: "10 Mbit/s, 20 ms, queue of 20", impairment: "rate=10mbit,delay=10ms,queue=20", size: MEGABYTE },
    Row { name: "b60", what: "100 Mbit/s, 2 ms, queue of 40, 60 KB", impairment: "rate=100mbit,delay=1ms,queue=40", size: 60_000 },
    Row { name: "b", what: "100 Mbit/s, 2 ms, queue of 40", impairment: "rate=100mbit,delay=1ms,queue=40", size: MEGABYTE },
    Row { name: "c", what: "20 ms, 1 % loss", impairment: "delay=10ms,loss=1%", size: MEGABYTE },
    Row { name: "d", what: "0.4 ms, 1 % loss", impairment: "delay=200us,loss=1%", size: MEGABYTE },
    Row { name: "e", what: "50 ms", impairment: "delay=25ms", size: MEGABYTE },
    Row { name: "f", what: "20 ms", impairment: "delay=10ms", size: MEGABYTE },
    Row { name: "e10", what: "50 ms, 10 MB", impairment: "delay=25ms", size: 10 * MEGABYTE },
    Row { name: "f10", what: "20 ms, 10 MB", impairment: "delay=10ms", size: 10 * MEGABYTE },
    Row { name: "g", what: "50 ms, 1 % loss", impairment: "delay=25ms,loss=1%", size: MEGABYTE },
];

fn main() {
    let options = Options::parse(&ROWS).unwrap_or_else(|mistake| {
        eprintln!("paths: {mistake}");
        std::process::exit(2);
    });
    namespace::enter();
    let network = Network::new(options.is_verbose);
    println!("{:<5}{:<38}{:<6}{:>22}{:>22}{:>8}", "", "", "", "device", "nginx", "ratio");
    for row in ROWS.iter().filter(|row| options.has_row(row.name)) {
        for direction in options.directions() {
            measure(&network, &options, row, direction);
        }
    }
}

/// Measures a line of the table, both sides alternately, and prints it.
fn measure(network: &Network, options: &Options, row: &Row, direction: Direction) {
    let mut outcomes = [Vec::new(), Vec::new()];
    for seed in options.seeds() {
        for side in options.sides() {
            let transfer = Transfer { direction, size: row.size, limit: options.limit };
            let outcome = network.transfer(side, row.impairment, seed, transfer);
            if options.is_verbose {
                println!("     {} {direction} seed {seed} {side}: {outcome}", row.name);
            }
            outcomes[side as usize].push(outcome);
        }
    }
    let [device, nginx] = outcomes.map(|outcomes| Figure::of(row.size, &outcomes));
    let ratio = match (device.median, nginx.median) {
        (Some(device), Some(nginx)) if nginx > 0.0 => format!("{:.2}", device / nginx),
        _ => String::new(),
    };
    let direction = direction.to_string();
    println!(
        "{:<5}{:<38}{direction:<6}{:>22}{:>22}{ratio:>8}",
        row.name, row.what, device.text, nginx.text
    );
}

/// The median of some transfers.
struct Figure {
    /// In MB/s; a transfer that did not finish counts as 0. `None` if none was measured.
    median: Option<f64>,
    text: String,
}

impl Figure {
    fn of(size: usize, outcomes: &[Outcome]) -> Self {
        let count =
            |wanted: fn(&Outcome) -> bool| outcomes.iter().filter(|one| wanted(one)).count();
        let late = count(|outcome| matches!(outcome, Outcome::Late));
        let failed = count(|outcome| matches!(outcome, Outcome::Failed(_)));
        let mut rates: Vec<f64> = outcomes.iter().map(|outcome| outcome.rate(size)).collect();
        rates.sort_by(f64::total_cmp);
        let median = (!rates.is_empty()).then(|| rates[rates.len() / 2]);
        let mut text = match median {
            None => String::new(),
            Some(0.0) => "never".to_owned(),
            Some(median) => format!("{median:.2}"),
        };
        for (count, what) in [(late, "late"), (failed, "failed")] {
            if count > 0 {
                text += &format!(", {count} {what}");
            }
        }
        Self { median, text }
    }
}
