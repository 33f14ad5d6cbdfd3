//! The status in the text format 0.0.4 of Prometheus
//! (`Content-Type: text/plain; version=0.0.4; charset=utf-8`).

use super::{
    document::Document,
    figures::{FIGURES, Figure},
    overview::Overview,
};
use crate::{
    protocol::environment::Environment,
    wire::{template::Value, writer::ResumableWriter},
};

/// `/_device/metrics`; the [module](super#metrics) documents the series.
pub struct Metrics<'a>(pub Overview<'a>);

/// One or more lines of [`Metrics`]: a copy of the numbers in them.
#[derive(Debug, Clone)]
pub enum MetricsRow {
    /// The families of the whole device, among them uptime and version.
    Device {
        /// Milliseconds since the device started.
        uptime_ms: i64,
        /// Connection requests dropped from the queue.
        dropped: u64,
        /// The simulated loss of the ping service, if there is one.
        loss_percent: Option<u8>,
    },
    /// The lines `# HELP` and `# TYPE` of a family.
    Header {
        /// The index of the family.
        family: usize,
    },
    /// One service's sample.
    Value {
        /// The index of the family.
        family: usize,
        /// The index of the service.
        service: usize,
        /// The value.
        value: u64,
    },
}

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
        let Figure { value, .. } = FIGURES.get(family)?;
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
                if let Some(Figure { name, help, kind, .. }) = FIGURES.get(family) {
                    write_header(name, help, kind, out);
                }
            }
            MetricsRow::Value { family, service, value } => {
                let (Some(family), Some(service)) =
                    (FIGURES.get(family), env.registry.services.get(service))
                else {
                    return;
                };
                out.render("bareserve_%{service=", &[Value::Text(family.name)]);
                write_label(service.name, out);
                // The same service may run over TCP and UDP, and more than once over one of them. Its
                // first port belongs to no other service over this transport protocol.
                let protocol = Value::Text(service.transport.name());
                let port = Value::Number(service.ports.first().copied().unwrap_or_default().into());
                let values = [protocol, port, Value::Number(value)];
                out.render(",protocol=\"%\",port=\"%\"} %\n", &values);
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
        write_header("info", "Name and version of the device.", "gauge", out);
        out.put("bareserve_info{name=");
        write_label(self.0.name, out);
        out.put(",version=");
        write_label(self.0.version, out);
        out.put("} 1\n");

        write_header("uptime_seconds", "Time since the device started.", "gauge", out);
        let millis = Value::Digits((uptime_ms % 1000) as u32, 3);
        let uptime = [Value::Number(uptime_ms / 1000), millis];
        out.render("bareserve_uptime_seconds %.%\n", &uptime);

        let help = "Connection requests dropped: the queue was full, or they had expired.";
        write_single("backlog_dropped_total", help, "counter", dropped, out);
        if let Some(loss) = loss_percent {
            let help = "Share of pings that are dropped on purpose.";
            write_single("ping_loss_percent", help, "gauge", loss.into(), out);
        }
    }
}

/// Writes a family of one sample.
fn write_single(name: &str, help: &str, kind: &str, value: u64, out: &mut ResumableWriter<'_>) {
    write_header(name, help, kind, out);
    out.render("bareserve_% %\n", &[Value::Text(name), Value::Number(value)]);
}

fn write_header(name: &str, help: &str, kind: &str, out: &mut ResumableWriter<'_>) {
    let [name, help, kind] = [name, help, kind].map(Value::Text);
    out.render("# HELP bareserve_% %\n# TYPE bareserve_% %\n", &[name, help, name, kind]);
}

/// Writes a label's value in quotes, with the three escapes of the format.
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
