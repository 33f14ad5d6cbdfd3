//! The status for Prometheus, in its text format 0.0.4
//! (`Content-Type: text/plain; version=0.0.4; charset=utf-8`).

use super::{Document, Overview};
use crate::{
    counters::Counters,
    protocol::environment::Environment,
    wire::{template::Value, writer::ResumableWriter},
};

/// `/_device/metrics`.
pub struct Metrics<'a>(pub Overview<'a>);

/// A line or two of [`Metrics`].
#[derive(Debug, Clone)]
pub enum MetricsRow {
    /// What the whole device has: uptime, version.
    Device {
        /// Milliseconds since the device started.
        uptime_ms: i64,
        /// Connection requests that the backlog has dropped.
        dropped: u64,
        /// The loss that the ping service simulates.
        loss_percent: Option<u8>,
    },
    /// The name, meaning and type of a family.
    Header {
        /// Which of the families.
        family: usize,
    },
    /// One service's value.
    Value {
        /// Which of the families.
        family: usize,
        /// Which of the services.
        service: usize,
        /// The value.
        value: u64,
    },
}

/// A number that each service has.
pub(super) struct Family {
    /// What the status calls it.
    pub key: &'static str,
    name: &'static str,
    help: &'static str,
    kind: &'static str,
    pub value: fn(&Counters) -> u64,
}

/// How many numbers each service has.
pub(super) const COUNT: usize = 9;

/// What each service counts, in the order in which it is shown.
pub(super) static FAMILIES: [Family; COUNT] = [
    Family {
        key: "open",
        name: "connections_open",
        help: "TCP connections open now.",
        kind: "gauge",
        value: |counters| counters.open.get().into(),
    },
    Family {
        key: "capacity",
        name: "connections_capacity",
        help: "TCP connections that may be open at once.",
        kind: "gauge",
        value: |counters| counters.capacity.get().into(),
    },
    Family {
        key: "parked",
        name: "connections_parked",
        help: "Connection requests that wait in the backlog now.",
        kind: "gauge",
        value: |counters| counters.parked.get().into(),
    },
    Family {
        key: "served",
        name: "served_total",
        help: "Connections accepted, or datagrams answered.",
        kind: "counter",
        value: |counters| counters.served.get().into(),
    },
    Family {
        key: "expired",
        name: "expired_total",
        help: "Connections that ran into a time limit or made room for another.",
        kind: "counter",
        value: |counters| counters.expired.get().into(),
    },
    Family {
        key: "peer_resets",
        name: "peer_resets_total",
        help: "Connections reset by the peer.",
        kind: "counter",
        value: |counters| counters.peer_resets.get().into(),
    },
    Family {
        key: "unanswered",
        name: "unanswered_total",
        help: "Datagrams left without an answer.",
        kind: "counter",
        value: |counters| counters.unanswered.get().into(),
    },
    Family {
        key: "bytes_in",
        name: "received_bytes_total",
        help: "Bytes of payload received.",
        kind: "counter",
        value: |counters| counters.bytes_in.get(),
    },
    Family {
        key: "bytes_out",
        name: "sent_bytes_total",
        help: "Bytes of payload sent.",
        kind: "counter",
        value: |counters| counters.bytes_out.get(),
    },
];

impl Document for Metrics<'_> {
    type Row = MetricsRow;

    fn row(&self, n: usize, env: &Environment<'_>) -> Option<MetricsRow> {
        let Self(overview) = self;
        let Some(n) = n.checked_sub(1) else {
            return Some(MetricsRow::Device {
                uptime_ms: env.now.total_millis(),
                dropped: env.registry.queue.dropped.into(),
                loss_percent: overview.ping.map(|ping| ping.loss_percent()),
            });
        };
        let rows_a_family = env.registry.services.len() + 1;
        let (family, row) = (n.checked_div(rows_a_family)?, n.checked_rem(rows_a_family)?);
        let Family { value, .. } = FAMILIES.get(family)?;
        let Some(service) = row.checked_sub(1) else { return Some(MetricsRow::Header { family }) };
        let value = value(&env.registry.services.get(service)?.counters);
        Some(MetricsRow::Value { family, service, value })
    }

    fn write(&self, row: &MetricsRow, env: &Environment<'_>, out: &mut ResumableWriter<'_>) {
        match *row {
            MetricsRow::Device { uptime_ms, dropped, loss_percent } => {
                self.write_device(uptime_ms.unsigned_abs(), dropped, loss_percent, out);
            }
            MetricsRow::Header { family } => {
                if let Some(Family { name, help, kind, .. }) = FAMILIES.get(family) {
                    write_header(name, help, kind, out);
                }
            }
            MetricsRow::Value { family, service, value } => {
                let (Some(family), Some(service)) =
                    (FAMILIES.get(family), env.registry.services.get(service))
                else {
                    return;
                };
                out.fill("bareserve_%{service=", &[Value::Text(family.name)]);
                write_label(service.name, out);
                out.fill("} %\n", &[Value::Number(value)]);
            }
        }
    }
}

impl Metrics<'_> {
    fn write_device(
        &self,
        uptime_ms: u64,
        dropped: u64,
        loss_percent: Option<u8>,
        out: &mut ResumableWriter<'_>,
    ) {
        write_header("info", "The device and its version.", "gauge", out);
        out.put("bareserve_info{name=");
        write_label(self.0.name, out);
        out.put(",version=");
        write_label(self.0.version, out);
        out.put("} 1\n");

        write_header("uptime_seconds", "Time since the device started.", "gauge", out);
        let millis = Value::Digits((uptime_ms % 1000) as u32, 3);
        let uptime = [Value::Number(uptime_ms / 1000), millis];
        out.fill("bareserve_uptime_seconds %.%\n", &uptime);

        let help = "Connection requests dropped because too many waited, or too long.";
        write_single("backlog_dropped_total", help, "counter", dropped, out);
        if let Some(loss) = loss_percent {
            let help = "Share of pings lost on purpose.";
            write_single("ping_loss_percent", help, "gauge", loss.into(), out);
        }
    }
}

/// Writes a family of one sample.
fn write_single(name: &str, help: &str, kind: &str, value: u64, out: &mut ResumableWriter<'_>) {
    write_header(name, help, kind, out);
    out.fill("bareserve_% %\n", &[Value::Text(name), Value::Number(value)]);
}

fn write_header(name: &str, help: &str, kind: &str, out: &mut ResumableWriter<'_>) {
    let [name, help, kind] = [name, help, kind].map(Value::Text);
    out.fill("# HELP bareserve_% %\n# TYPE bareserve_% %\n", &[name, help, name, kind]);
}

/// Writes a label's value with its quotes and the three escapes that the format has.
fn write_label(value: &str, out: &mut ResumableWriter<'_>) {
    out.put("\"");
    for byte in value.bytes() {
        match byte {
            b'\n' => out.put("\\n"),
            b'"' | b'\\' => out.bytes(&[b'\\', byte]),
            _ => out.bytes(&[byte]),
        }
    }
    out.put("\"");
}
