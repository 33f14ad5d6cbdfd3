//! The status as one line of JSON.

use super::{
    document::{Document, Row},
    figures::FIGURES,
    overview::Overview,
};
use crate::{
    counters::{ServiceEntry, Transport},
    ping::server as ping,
    protocol::environment::Environment,
    wire::template::{Value, boolean},
};

/// `status.json`; the [module](super#status) documents its members.
pub struct Status<'a>(pub Overview<'a>);

/// The rows of a service.
const ROWS_OF_A_SERVICE: usize = 3;

impl<'a> Document<'a> for Status<'a> {
    fn row(&self, n: usize, env: &Environment<'_>, row: &mut Row<'a>) -> bool {
        let Some(n) = n.checked_sub(1) else {
            self.device(env, row);
            return true;
        };
        let (index, part) = (n / ROWS_OF_A_SERVICE, n % ROWS_OF_A_SERVICE);
        match (env.registry.services.get(index), part) {
            (Some(service), 0) => name(service, index == 0, row),
            (Some(service), 1) => ports(service, row),
            (Some(service), _) => figures(service, row),
            (None, 0) => queue(env, row),
            (None, 1) => self.ping(env, row),
            (None, _) => return false,
        }
        true
    }
}

impl<'a> Status<'a> {
    /// From the first byte to the list of services.
    fn device(&self, env: &Environment<'_>, row: &mut Row<'a>) {
        let Self(overview) = self;
        let date = env.date().map(|date| Value::Signed(date.0.div_euclid(1000)));
        row.begin(
            "{\"device\":{\"name\":%,\"version\":%,\"uptime_ms\":%,\"unix_ms\":%,\
             \"utc_offset_s\":%,\"connections\":%,\"writable\":%,\"authorized\":%,\"files_root\":%},\
             \"services\":[",
        )
        .value(Value::Json(overview.name))
        .value(Value::Json(overview.version))
        .number(env.now.total_millis().unsigned_abs())
        .value(date.unwrap_or(Value::Text("null")))
        .value(Value::Signed(env.wall_clock.utc_offset_seconds().into()))
        .number(env.registry.connections.into())
        .value(boolean(overview.writable))
        .value(boolean(overview.authorized))
        .value(Value::Json(overview.files_root));
    }

    /// The last row: loss in percent, datagrams answered, datagrams lost.
    fn ping(&self, env: &Environment<'_>, row: &mut Row<'a>) {
        let Some(entry) = self.0.ping else {
            row.begin("null}");
            return;
        };
        row.begin("{\"loss_percent\":%,\"answered\":%,\"lost\":%}}")
            .number(entry.loss_percent().into());
        let (answered, lost) =
            env.registry.find(ping::NAME, Transport::Udp).map_or((0, 0), |service| {
                (service.counters.served.get(), service.counters.unanswered.get())
            });
        row.number(answered.into()).number(lost.into());
    }
}

fn name(service: &ServiceEntry, is_first: bool, row: &mut Row<'_>) {
    row.begin("%{\"name\":%,\"protocol\":\"%\",\"ports\":[")
        .text(if is_first { "" } else { "," })
        .value(Value::Json(service.name))
        .text(service.transport.name());
}

fn ports(service: &ServiceEntry, row: &mut Row<'_>) {
    row.begin(match service.ports.len() {
        0 => "",
        1 => "%",
        2 => "%,%",
        3 => "%,%,%",
        _ => "%,%,%,%",
    });
    for port in &service.ports {
        row.number(u64::from(*port));
    }
}

fn figures(service: &ServiceEntry, row: &mut Row<'_>) {
    row.begin(
        "],\"open\":%,\"capacity\":%,\"parked\":%,\"served\":%,\"expired\":%,\"peer_resets\":%,\
         \"unanswered\":%,\"bytes_in\":%,\"bytes_out\":%}",
    );
    for figure in &FIGURES {
        row.number((figure.value)(&service.counters));
    }
}

fn queue(env: &Environment<'_>, row: &mut Row<'_>) {
    let queue = env.registry.queue;
    row.begin("],\"backlog\":{\"waiting\":%,\"capacity\":%,\"dropped\":%},\"ping\":")
        .number(queue.waiting.into())
        .number(queue.capacity.into())
        .number(queue.dropped.into());
}
