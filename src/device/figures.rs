//! The numbers that the page and the metrics show of each service.

use crate::counters::Counters;

/// A number of each service.
pub(super) struct Figure {
    /// Its member in the status.
    pub key: &'static str,
    /// Its family in the metrics, without the prefix.
    pub name: &'static str,
    /// One sentence for `# HELP`.
    pub help: &'static str,
    /// `gauge` or `counter`, for `# TYPE`.
    pub kind: &'static str,
    /// Reads it.
    pub value: fn(&Counters) -> u64,
}

/// The count of numbers of each service.
pub(super) const COUNT: usize = 9;

/// The numbers in the order in which they are shown.
pub(super) static FIGURES: [Figure; COUNT] = [
    Figure {
        key: "open",
        name: "connections_open",
        help: "TCP connections open now.",
        kind: "gauge",
        value: |counters| counters.open.get().into(),
    },
    Figure {
        key: "capacity",
        name: "connections_capacity",
        help: "TCP connections that may be open at once.",
        kind: "gauge",
        value: |counters| counters.capacity.get().into(),
    },
    Figure {
        key: "parked",
        name: "connections_parked",
        help: "Connection requests queued now.",
        kind: "gauge",
        value: |counters| counters.parked.get().into(),
    },
    Figure {
        key: "served",
        name: "served_total",
        help: "TCP connections accepted, or UDP datagrams answered.",
        kind: "counter",
        value: |counters| counters.served.get().into(),
    },
    Figure {
        key: "expired",
        name: "expired_total",
        help: "TCP connections ended by a timeout or evicted for another.",
        kind: "counter",
        value: |counters| counters.expired.get().into(),
    },
    Figure {
        key: "peer_resets",
        name: "peer_resets_total",
        help: "TCP connections reset by the peer.",
        kind: "counter",
        value: |counters| counters.peer_resets.get().into(),
    },
    Figure {
        key: "unanswered",
        name: "unanswered_total",
        help: "UDP datagrams received and not answered.",
        kind: "counter",
        value: |counters| counters.unanswered.get().into(),
    },
    Figure {
        key: "bytes_in",
        name: "received_bytes_total",
        help: "Bytes of payload received.",
        kind: "counter",
        value: |counters| counters.bytes_in.get(),
    },
    Figure {
        key: "bytes_out",
        name: "sent_bytes_total",
        help: "Bytes of payload sent.",
        kind: "counter",
        value: |counters| counters.bytes_out.get(),
    },
];
