//! A share of what `fuzz/` runs, with every test run.

#[path = "../fuzz/src/lib.rs"]
mod fuzz;

const INPUTS: u64 = 5_000;
const SEED: u64 = 1;

#[test]
fn no_core_breaks_its_promises_on_mutated_inputs() {
    for core in fuzz::CORES {
        for index in 0..INPUTS {
            let input = fuzz::mutation::input(core.seeds, SEED, index);
            if std::panic::catch_unwind(|| (core.run)(&input)).is_err() {
                panic!(
                    "{} fails on input {index} of seed {SEED}; again, alone: cargo run --release \
                     --manifest-path fuzz/Cargo.toml --bin mutate -- --core {} --seed {SEED} \
                     --input {index}",
                    core.name, core.name
                );
            }
        }
    }
}

#[test]
fn every_seed_runs() {
    for core in fuzz::CORES {
        assert!(!core.seeds.is_empty());
        for seed in core.seeds {
            (core.run)(seed);
        }
    }
}
