//! Runs mutated inputs through every core: see the crate's documentation.

use std::{panic, process::ExitCode, time::Instant};

use bareserve_fuzz::{CORES, Core, mutation};

const USAGE: &str = "usage: mutate [--inputs N] [--seed N] [--core NAME] [--input INDEX]";

struct Options {
    inputs: u64,
    seed: u64,
    core: Option<String>,
    /// The only core to run.
    input: Option<u64>,
}

fn main() -> ExitCode {
    let Some(options) = options(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let wanted = |core: &&Core| options.core.as_ref().is_none_or(|name| name == core.name);
    if !CORES.iter().any(|core| wanted(&core)) {
        eprintln!(
            "no such core; there are: {}",
            CORES.iter().map(|c| c.name).collect::<Vec<_>>().join(" ")
        );
        return ExitCode::from(2);
    }
    let failures = CORES.iter().filter(wanted).filter(|core| !run(core, &options)).count();
    if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs one core, prints the result, and returns whether it passed.
fn run(core: &Core, options: &Options) -> bool {
    let range = options.input.map_or(0..options.inputs, |index| index..index + 1);
    let (start, mut bytes, mut slowest) = (Instant::now(), 0, (0.0, 0));
    for index in range.clone() {
        let input = mutation::input(core.seeds, options.seed, index);
        bytes += input.len();
        let begin = Instant::now();
        if panic::catch_unwind(|| (core.run)(&input)).is_err() {
            println!("{}: FAILED on input {index} of seed {}:", core.name, options.seed);
            println!("  {}", input.escape_ascii());
            println!("  again: --core {} --seed {} --input {index}", core.name, options.seed);
            return false;
        }
        let took = begin.elapsed().as_secs_f64();
        if took > slowest.0 {
            slowest = (took, index);
        }
    }
    println!(
        "{}: {} inputs, {bytes} bytes, {:.1} s; slowest {:.1} ms (input {})",
        core.name,
        range.end - range.start,
        start.elapsed().as_secs_f64(),
        slowest.0 * 1e3,
        slowest.1,
    );
    true
}

fn options(mut arguments: impl Iterator<Item = String>) -> Option<Options> {
    let mut options = Options { inputs: 100_000, seed: 1, core: None, input: None };
    while let Some(flag) = arguments.next() {
        let value = arguments.next()?;
        match flag.as_str() {
            "--inputs" => options.inputs = value.parse().ok()?,
            "--seed" => options.seed = value.parse().ok()?,
            "--core" => options.core = Some(value),
            "--input" => options.input = Some(value.parse().ok()?),
            _ => return None,
        }
    }
    Some(options)
}
