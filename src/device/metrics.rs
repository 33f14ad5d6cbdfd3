//! The status in the text format 0.0.4 of Prometheus
//! (`Content-Type: text/plain; version=0.0.4; charset=utf-8`).

use core::num::NonZeroUsize;

use super::{
    document::{Document, Row},
    figures::{FIGURES, Figure},
    overview::Overview,
};
use crate::{counters::ServiceEntry, protocol::environment::Environment, wire::template::Value};

/// `/_device/metrics`; the [module](super#metrics) documents the series.
pub struct Metrics<'a>(pub Overview<'a>);

impl<'a> Document<'a> for Metrics<'a> {
    fn row(&self, n: usize, env: &Environment<'_>, row: &mut Row<'a>) -> bool {
        let services = env.registry.services;
        let rows_of_a_family = NonZeroUsize::MIN.saturating_add(services.len());
        match n.checked_sub(2) {
            None if n == 0 => self.device(env, row),
            None => self.ping(row),
            Some(n) => {
                let Some(family) = FIGURES.get(n / rows_of_a_family) else { return false };
                match (n % rows_of_a_family).checked_sub(1).and_then(|index| services.get(index)) {
                    None => header(family, row),
                    Some(service) => sample(family, service, row),
                }
            }
        }
        true
    }
}

impl<'a> Metrics<'a> {
    /// The families of the whole device: version, uptime and queue.
    fn device(&self, env: &Environment<'_>, row: &mut Row<'a>) {
        let Self(overview) = self;
        let uptime_ms = env.now.total_millis().unsigned_abs();
        row.begin(
            "# HELP bareserve_info Name and version of the device.\n\
             # TYPE bareserve_info gauge\n\
             bareserve_info{name=%,version=%} 1\n\
             # HELP bareserve_uptime_seconds Time since the device started.\n\
             # TYPE bareserve_uptime_seconds gauge\n\
             bareserve_uptime_seconds %.%\n\
             # HELP bareserve_backlog_dropped_total Connection requests dropped: the queue was full, or \
             they had expired.\n\
             # TYPE bareserve_backlog_dropped_total counter\n\
             bareserve_backlog_dropped_total %\n",
        )
        .value(Value::Label(overview.name))
        .value(Value::Label(overview.version))
        .number(uptime_ms / 1000)
        .value(Value::Digits((uptime_ms % 1000) as u32, 3))
        .number(env.registry.queue.dropped.into());
    }

    /// The simulated loss of the ping service, if there is one.
    fn ping(&self, row: &mut Row<'a>) {
        let Some(ping) = self.0.ping else {
            row.begin("");
            return;
        };
        row.begin(
            "# HELP bareserve_ping_loss_percent Share of pings that are dropped on purpose.\n\
             # TYPE bareserve_ping_loss_percent gauge\n\
             bareserve_ping_loss_percent %\n",
        )
        .number(ping.loss_percent().into());
    }
}

fn header(family: &'static Figure, row: &mut Row<'_>) {
    row.begin("# HELP bareserve_% %\n# TYPE bareserve_% %\n")
        .text(family.name)
        .text(family.help)
        .text(family.name)
        .text(if family.name.ends_with("_total") { "counter" } else { "gauge" });
}

/// One service's sample of a family.
fn sample(family: &'static Figure, service: &ServiceEntry, row: &mut Row<'_>) {
    // The same service may run over TCP and UDP, and more than once over one of them. Its first port
    // belongs to no other service over this transport protocol.
    let port = service.ports.first().copied().unwrap_or_default();
    row.begin("bareserve_%{service=%,protocol=\"%\",port=\"%\"} %\n")
        .text(family.name)
        .value(Value::Label(service.name))
        .text(service.transport.name())
        .number(port.into())
        .number((family.value)(&service.counters));
}
