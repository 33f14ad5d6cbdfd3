//! The status as one line of JSON.

use super::{
    document::Document,
    figures::{COUNT, FIGURES},
    overview::Overview,
};
use crate::{
    counters::{QueueFigures, Transport},
    ping::server as ping,
    protocol::environment::Environment,
    wire::{
        template::{Value, boolean},
        writer::ResumableWriter,
    },
};

/// `status.json`; the [module](super#status) documents its members.
pub struct Status<'a>(pub Overview<'a>);

/// A part of the status: a copy of the numbers in it.
#[derive(Debug, Clone)]
pub enum StatusRow {
    /// From the first byte to the list of services.
    Device {
        /// Milliseconds since the device started.
        uptime_ms: i64,
        /// The date in milliseconds since 1970-01-01 00:00 UTC, if known.
        unix_ms: Option<i64>,
        /// Seconds that local time is ahead of UTC.
        utc_offset_s: i64,
        /// TCP connections in all pools.
        connections: u32,
    },
    /// One service.
    Service {
        /// Its index in the list.
        index: usize,
        /// Its numbers, in the order in which they are shown.
        values: [u64; COUNT],
    },
    /// The rest: the queue and the ping service.
    End {
        /// The counters of the queue.
        backlog: QueueFigures,
        /// The ping service: loss in percent, datagrams answered, datagrams lost.
        ping: Option<[u32; 3]>,
    },
}

impl Document for Status<'_> {
    type Row = StatusRow;

    fn row(&self, n: usize, env: &Environment<'_>) -> Option<StatusRow> {
        let Self(overview) = self;
        let Some(after_device) = n.checked_sub(1) else {
            return Some(StatusRow::Device {
                uptime_ms: env.now.total_millis(),
                unix_ms: env.date().map(|date| date.0.div_euclid(1000)),
                utc_offset_s: env.wall_clock.utc_offset_seconds().into(),
                connections: env.registry.connections,
            });
        };
        if let Some(service) = env.registry.services.get(after_device) {
            let mut values = [0; COUNT];
            for (value, figure) in values.iter_mut().zip(&FIGURES) {
                *value = (figure.value)(&service.counters);
            }
            return Some(StatusRow::Service { index: after_device, values });
        }
        (after_device == env.registry.services.len()).then(|| StatusRow::End {
            backlog: env.registry.queue,
            ping: overview.ping.map(|entry| {
                let loss = entry.loss_percent().into();
                let entry = env.registry.find(ping::NAME, Transport::Udp);
                let (answered, lost) = entry.map_or((0, 0), |entry| {
                    (entry.counters.served.get(), entry.counters.unanswered.get())
                });
                [loss, answered, lost]
            }),
        })
    }

    fn write(&self, row: &StatusRow, env: &Environment<'_>, out: &mut ResumableWriter<'_>) {
        match row {
            StatusRow::Device { uptime_ms, unix_ms, utc_offset_s, connections } => {
                self.write_device(*uptime_ms, *unix_ms, *utc_offset_s, *connections, out);
            }
            StatusRow::Service { index, values } => write_service(*index, values, env, out),
            StatusRow::End { backlog, ping } => write_end(backlog, *ping, out),
        }
    }
}

impl Status<'_> {
    fn write_device(
        &self,
        uptime_ms: i64,
        unix_ms: Option<i64>,
        utc_offset_s: i64,
        connections: u32,
        out: &mut ResumableWriter<'_>,
    ) {
        let overview = &self.0;
        out.render(
            "{\"device\":{\"name\":%,\"version\":%,\"uptime_ms\":%,\"unix_ms\":%,\
             \"utc_offset_s\":%,\"connections\":%,\"writable\":%,\"authorized\":%,\"files_root\":%},\
             \"services\":[",
            &[
                Value::Json(overview.name),
                Value::Json(overview.version),
                Value::Signed(uptime_ms),
                unix_ms.map_or(Value::Text("null"), Value::Signed),
                Value::Signed(utc_offset_s),
                Value::Number(connections.into()),
                boolean(overview.writable),
                boolean(overview.authorized),
                Value::Json(overview.files_root),
            ],
        );
    }
}

fn write_service(
    index: usize,
    values: &[u64; COUNT],
    env: &Environment<'_>,
    out: &mut ResumableWriter<'_>,
) {
    let Some(service) = env.registry.services.get(index) else { return };
    out.put(if index == 0 { "" } else { "," });
    out.render(
        "{\"name\":%,\"protocol\":\"%\",\"ports\":[",
        &[Value::Json(service.name), Value::Text(service.transport.name())],
    );
    for (n, port) in service.ports.iter().enumerate() {
        out.put(if n == 0 { "" } else { "," });
        out.number(u64::from(*port));
    }
    out.put("]");
    for (figure, value) in FIGURES.iter().zip(values) {
        out.render(",\"%\":%", &[Value::Text(figure.key), Value::Number(*value)]);
    }
    out.put("}");
}

fn write_end(backlog: &QueueFigures, ping: Option<[u32; 3]>, out: &mut ResumableWriter<'_>) {
    out.render(
        "],\"backlog\":{\"waiting\":%,\"capacity\":%,\"dropped\":%},\"ping\":",
        &[backlog.waiting, backlog.capacity, backlog.dropped].map(|n| Value::Number(n.into())),
    );
    let Some(ping) = ping else { return out.put("null}") };
    let values = ping.map(|number| Value::Number(number.into()));
    out.render("{\"loss_percent\":%,\"answered\":%,\"lost\":%}}", &values);
}
