//! The status for Prometheus, in its text format 0.0.4
//! (`Content-Type: text/plain; version=0.0.4; charset=utf-8`).

use core::fmt::{self, Display, Formatter, Write};

use super::{Document, Overview};
use crate::{counters::Counters, environment::Environment};

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
        dropped: u32,
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
struct Family {
    name: &'static str,
    help: &'static str,
    kind: &'static str,
    value: fn(&Counters) -> u64,
}

const FAMILIES: [Family; 8] = [
    Family {
        name: "connections_open",
        help: "TCP connections open now.",
        kind: "gauge",
        value: |counters| counters.open.get().into(),
    },
    Family {
        name: "connections_capacity",
        help: "TCP connections that may be open at once.",
        kind: "gauge",
        value: |counters| counters.capacity.get().into(),
    },
    Family {
        name: "connections_parked",
        help: "Connection requests that wait in the backlog now.",
        kind: "gauge",
        value: |counters| counters.parked.get().into(),
    },
    Family {
        name: "served_total",
        help: "Connections accepted, or datagrams answered.",
        kind: "counter",
        value: |counters| counters.served.get().into(),
    },
    Family {
        name: "expired_total",
        help: "Connections that ran into a time limit or made room for another.",
        kind: "counter",
        value: |counters| counters.expired.get().into(),
    },
    Family {
        name: "refused_total",
        help: "Connections reset by the peer, or datagrams left without an answer.",
        kind: "counter",
        value: |counters| counters.refused.get().into(),
    },
    Family {
        name: "received_bytes_total",
        help: "Bytes of payload received.",
        kind: "counter",
        value: |counters| counters.bytes_in.get(),
    },
    Family {
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
                dropped: overview.backlog.dropped.get(),
                loss_percent: overview.ping.map(|ping| ping.loss_percent()),
            });
        };
        let rows_a_family = overview.services.len() + 1;
        let (family, row) = (n.checked_div(rows_a_family)?, n.checked_rem(rows_a_family)?);
        let Family { value, .. } = FAMILIES.get(family)?;
        let Some(service) = row.checked_sub(1) else { return Some(MetricsRow::Header { family }) };
        let value = value(overview.services.get(service)?.counters);
        Some(MetricsRow::Value { family, service, value })
    }

    fn write(&self, row: &MetricsRow, out: &mut dyn Write) -> fmt::Result {
        match *row {
            MetricsRow::Device { uptime_ms, dropped, loss_percent } => {
                self.write_device(uptime_ms, dropped, loss_percent, out)
            }
            MetricsRow::Header { family } => {
                let Some(Family { name, help, kind, .. }) = FAMILIES.get(family) else {
                    return Ok(());
                };
                write_header(name, help, kind, out)
            }
            MetricsRow::Value { family, service, value } => {
                let (Some(family), Some(service)) =
                    (FAMILIES.get(family), self.0.services.get(service))
                else {
                    return Ok(());
                };
                let label = Label(service.name);
                writeln!(out, "bareserve_{}{{service={label}}} {value}", family.name)
            }
        }
    }
}

impl Metrics<'_> {
    fn write_device(
        &self,
        uptime_ms: i64,
        dropped: u32,
        loss_percent: Option<u8>,
        out: &mut dyn Write,
    ) -> fmt::Result {
        let (name, version) = (Label(self.0.name), Label(self.0.version));
        write_header("info", "The device and its version.", "gauge", out)?;
        writeln!(out, "bareserve_info{{name={name},version={version}}} 1")?;
        write_header("uptime_seconds", "Time since the device started.", "gauge", out)?;
        let (seconds, millis) = (uptime_ms.div_euclid(1000), uptime_ms.rem_euclid(1000));
        writeln!(out, "bareserve_uptime_seconds {seconds}.{millis:03}")?;
        let help = "Connection requests dropped because too many waited, or too long.";
        write_header("backlog_dropped_total", help, "counter", out)?;
        writeln!(out, "bareserve_backlog_dropped_total {dropped}")?;
        let Some(loss_percent) = loss_percent else { return Ok(()) };
        write_header("ping_loss_percent", "Share of pings lost on purpose.", "gauge", out)?;
        writeln!(out, "bareserve_ping_loss_percent {loss_percent}")
    }
}

fn write_header(name: &str, help: &str, kind: &str, out: &mut dyn Write) -> fmt::Result {
    writeln!(out, "# HELP bareserve_{name} {help}\n# TYPE bareserve_{name} {kind}")
}

/// A label's value with its quotes and the three escapes that the format has.
struct Label<'s>(&'s str);

impl Display for Label<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => {
                    f.write_char('\\')?;
                    f.write_char(c)?;
                }
                '\n' => f.write_str("\\n")?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}
