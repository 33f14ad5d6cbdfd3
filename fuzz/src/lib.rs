//! One function for each protocol core, which takes any bytes and panics if the core violates its
//! contract: it ends, its output is bounded, and cuts in the input do not change it.
//!
//! They are run by:
//! - `cargo +nightly fuzz run json` (needs `cargo install cargo-fuzz`), guided by coverage;
//! - `cargo run --release --manifest-path fuzz/Cargo.toml --bin mutate -- --inputs 1000000 --seed 1`,
//!   on stable, every core with mutations of its seeds;
//! - the workspace's test `mutated_inputs`, a part of the latter.
//!
//! To add a core: a function here, its row in [`CORES`], and for cargo-fuzz a file in
//! `fuzz_targets/` with its `[[bin]]`.

pub mod mutation;

mod cut;
mod datagrams;
mod fields;
mod file_transfer;
mod flow;
mod frames;
mod http;
mod line;
mod wire;

#[path = "../../tests/common/conversation.rs"]
mod conversation;
#[allow(dead_code, reason = "tests use the rest")]
#[path = "../../tests/common/memory_store.rs"]
mod memory_store;

pub use datagrams::{clients, ping};
pub use fields::{field, form};
pub use file_transfer::{file_client, file_request};
pub use flow::flow;
pub use frames::syn;
pub use http::http;
pub use line::line;
pub use wire::{base64, json};

/// A core under test.
pub struct Core {
    /// The name on the command line.
    pub name: &'static str,
    /// Panics if the core misbehaves.
    pub run: fn(&[u8]),
    /// Valid and invalid inputs to mutate.
    pub seeds: &'static [&'static [u8]],
}

/// All cores.
pub const CORES: &[Core] = &[
    Core { name: "json", run: json, seeds: wire::JSON },
    Core { name: "base64", run: base64, seeds: wire::BASE64 },
    Core { name: "file_request", run: file_request, seeds: file_transfer::REQUESTS },
    Core { name: "file_client", run: file_client, seeds: file_transfer::ANSWERS },
    Core { name: "http", run: http, seeds: http::REQUESTS },
    Core { name: "field", run: field, seeds: fields::VALUES },
    Core { name: "form", run: form, seeds: fields::FORMS },
    Core { name: "line", run: line, seeds: line::LINES },
    Core { name: "flow", run: flow, seeds: flow::STEPS },
    Core { name: "ping", run: ping, seeds: datagrams::PINGS },
    Core { name: "clients", run: clients, seeds: datagrams::ANSWERS },
    Core { name: "syn", run: syn, seeds: frames::FRAMES },
];
