//! The numbers that the page and the metrics show of each service.

use crate::counters::Counters;

/// A number of each service.
pub(super) struct Figure {
    /// Its family in the metrics, without the prefix. The name of a counter ends in `_total`, that of a
    /// gauge does not.
    pub name: &'static str,
    /// One sentence for `# HELP`.
    pub help: &'static str,
    /// Reads it.
    pub value: fn(&Counters) -> u64,
}

/// The count of numbers of each service.
pub(super) const COUNT: usize = 9;

/// The numbers in the order in which they are shown; their members of the status are named in its row.
pub(super) static FIGURES: [Figure; COUNT] = [
    Figure {
        name: "connections_open",
        help: "TCP connections open now.",
        value: |counters| counters.open.get().into(),
    },
    Figure {
        name: "connections_capacity",
        help: "TCP connections that may be open at once.",
        value: |counters| counters.capacity.get().into(),
    },
    Figure {
        name: "connections_parked",
        help: "Connection requests queued now.",
        value: |counters| counters.parked.get().into(),
    },
    Figure {
        name: "served_total",
        help: "TCP connections accepted, or UDP datagrams answered.",
        value: |counters| counters.served.get().into(),
    },
    Figure {
        name: "expired_total",
        help: "TCP connections ended by a timeout or evicted for another.",
        value: |counters| counters.expired.get().into(),
    },
    Figure {
        name: "peer_resets_total",
        help: "TCP connections reset by the peer.",
        value: |counters| counters.peer_resets.get().into(),
    },
    Figure {
        name: "unanswered_total",
        help: "UDP datagrams received and not answered.",
        value: |counters| counters.unanswered.get().into(),
    },
    Figure {
        name: "received_bytes_total",
        help: "Bytes of payload received.",
        value: |counters| counters.bytes_in.get(),
    },
    Figure {
        name: "sent_bytes_total",
        help: "Bytes of payload sent.",
        value: |counters| counters.bytes_out.get(),
    },
];
