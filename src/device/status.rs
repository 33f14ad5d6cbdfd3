//! The status as one line of JSON.

use super::{Document, Overview, metrics::FAMILIES};
use crate::{
    counters::{BacklogCounters, Counters},
    environment::Environment,
    wire::{
        json::write::{boolean, nullable, quote, signed},
        window::{Piece, Window},
    },
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

    fn write(&self, row: &StatusRow, out: &mut Window<'_>) {
        match row {
            StatusRow::Device { uptime_ms, unix_ms, utc_offset_s } => {
                self.write_device(*uptime_ms, *unix_ms, *utc_offset_s, out);
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
        out: &mut Window<'_>,
    ) {
        let Self(Overview { name, version, writable, authorized, files_root, .. }) = self;
        out.put("{\"device\":{\"name\":");
        quote(name, out);
        out.put(",\"version\":");
        quote(version, out);
        out.put(",\"uptime_ms\":");
        signed(uptime_ms, out);
        out.put(",\"unix_ms\":");
        nullable(unix_ms, out);
        out.put(",\"utc_offset_s\":");
        signed(utc_offset_s, out);
        out.put(",\"writable\":");
        boolean(*writable, out);
        out.put(",\"authorized\":");
        boolean(*authorized, out);
        out.put(",\"files_root\":");
        quote(files_root, out);
        out.put("},\"services\":[");
    }

    fn write_service(&self, index: usize, counters: &Counters, out: &mut Window<'_>) {
        let Some(service) = self.0.services.get(index) else { return };
        out.put(if index == 0 { "{\"name\":" } else { ",{\"name\":" });
        quote(service.name, out);
        let protocol = Piece::Text(service.transport.name());
        out.pieces(&[Piece::Text(",\"protocol\":\""), protocol, Piece::Text("\",\"ports\":[")]);
        for (n, port) in service.ports.iter().enumerate() {
            out.put(if n == 0 { "" } else { "," });
            out.number(u64::from(*port));
        }
        out.put("]");
        for family in &FAMILIES {
            let value = Piece::Number((family.value)(counters));
            out.pieces(&[Piece::Text(",\""), Piece::Text(family.key), Piece::Text("\":"), value]);
        }
        out.put("}");
    }
}

fn write_end(backlog: &BacklogCounters, ping: Option<&(u8, Counters)>, out: &mut Window<'_>) {
    let [waiting, capacity, dropped] = [&backlog.waiting, &backlog.capacity, &backlog.dropped]
        .map(|cell| Piece::Number(cell.get().into()));
    out.pieces(&[Piece::Text("],\"backlog\":{\"waiting\":"), waiting]);
    out.pieces(&[Piece::Text(",\"capacity\":"), capacity]);
    out.pieces(&[Piece::Text(",\"dropped\":"), dropped, Piece::Text("},\"ping\":")]);
    let Some((loss, counters)) = ping else { return out.put("null}") };
    let loss = Piece::Number((*loss).into());
    let [answered, lost] =
        [&counters.served, &counters.refused].map(|cell| Piece::Number(cell.get().into()));
    out.pieces(&[Piece::Text("{\"loss_percent\":"), loss, Piece::Text(",\"answered\":"), answered]);
    out.pieces(&[Piece::Text(",\"lost\":"), lost, Piece::Text("}}")]);
}
