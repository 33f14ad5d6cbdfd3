//! The status as one line of JSON.

use core::fmt::{self, Write};

use super::{
    Document, Overview,
    json::{Nullable, Quoted},
    metrics::FAMILIES,
};
use crate::{
    counters::{BacklogCounters, Counters},
    environment::Environment,
};

/// `status.json`; its shape is described at the [module](super#status).
pub struct Status<'a>(pub Overview<'a>);

/// A part of the status: a copy of the numbers in it.
#[derive(Debug, Clone)]
pub enum StatusRow {
    /// From the start to the list of services.
    Device {
        /// Milliseconds since the device started.
        uptime_ms: i64,
        /// The date in milliseconds since 1970, if known.
        unix_ms: Option<i64>,
        /// Seconds that local time is ahead of UTC.
        utc_offset_s: i64,
    },
    /// One service.
    Service {
        /// Its place in the list.
        index: usize,
        /// What it has counted.
        counters: Counters,
    },
    /// The rest.
    End {
        /// The queue.
        backlog: BacklogCounters,
        /// The ping service: loss in percent, and what it has counted.
        ping: Option<(u8, Counters)>,
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
            });
        };
        if let Some(service) = overview.services.get(after_device) {
            let counters = service.counters.clone();
            return Some(StatusRow::Service { index: after_device, counters });
        }
        (after_device == overview.services.len()).then(|| StatusRow::End {
            backlog: overview.backlog.clone(),
            ping: overview.ping.map(|ping| (ping.loss_percent(), ping.counters.clone())),
        })
    }

    fn write(&self, row: &StatusRow, out: &mut dyn Write) -> fmt::Result {
        match row {
            StatusRow::Device { uptime_ms, unix_ms, utc_offset_s } => {
                self.write_device(*uptime_ms, *unix_ms, *utc_offset_s, out)
            }
            StatusRow::Service { index, counters } => self.write_service(*index, counters, out),
            StatusRow::End { backlog, ping } => write_end(backlog, ping.as_ref(), out),
        }
    }
}

impl Status<'_> {
    fn write_device(
        &self,
        uptime_ms: i64,
        unix_ms: Option<i64>,
        utc_offset_s: i64,
        out: &mut dyn Write,
    ) -> fmt::Result {
        let Self(Overview { name, version, writable, authorized, files_root, .. }) = self;
        write!(out, "{{\"device\":{{\"name\":{},\"version\":{}", Quoted(name), Quoted(version))?;
        write!(out, ",\"uptime_ms\":{uptime_ms},\"unix_ms\":{}", Nullable(unix_ms))?;
        write!(out, ",\"utc_offset_s\":{utc_offset_s},\"writable\":{writable}")?;
        write!(out, ",\"authorized\":{authorized}")?;
        write!(out, ",\"files_root\":{}}},\"services\":[", Quoted(files_root))
    }

    fn write_service(&self, index: usize, counters: &Counters, out: &mut dyn Write) -> fmt::Result {
        let Some(service) = self.0.services.get(index) else { return Ok(()) };
        let comma = if index == 0 { "" } else { "," };
        write!(out, "{comma}{{\"name\":{}", Quoted(service.name))?;
        write!(out, ",\"protocol\":\"{}\",\"ports\":[", service.transport.name())?;
        for (n, port) in service.ports.iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            write!(out, "{comma}{port}")?;
        }
        out.write_str("]")?;
        for family in &FAMILIES {
            write!(out, ",\"{}\":{}", family.key, (family.value)(counters))?;
        }
        out.write_str("}")
    }
}

fn write_end(
    backlog: &BacklogCounters,
    ping: Option<&(u8, Counters)>,
    out: &mut dyn Write,
) -> fmt::Result {
    let [waiting, capacity, dropped] =
        [&backlog.waiting, &backlog.capacity, &backlog.dropped].map(|cell| u64::from(cell.get()));
    write!(out, "],\"backlog\":{{\"waiting\":{waiting},\"capacity\":{capacity}")?;
    write!(out, ",\"dropped\":{dropped}}},\"ping\":")?;
    match ping {
        Some((loss, counters)) => {
            let [answered, lost] =
                [&counters.served, &counters.refused].map(|cell| u64::from(cell.get()));
            write!(out, "{{\"loss_percent\":{loss},\"answered\":{answered},\"lost\":{lost}}}}}")
        }
        None => out.write_str("null}"),
    }
}
