//! `clock`: server-sent events, and a page that shows them.
//!
//! | route | response |
//! |---|---|
//! | `GET /clock` | the page |
//! | `GET /clock/events` | the device's date, now and whenever a second begins |

use bareserve::{
    http::{EventWriter, Reply, Request, Result, Route, date, events, get},
    protocol::environment::Environment,
};
use smoltcp::time::{Duration, Instant};

/// The application: it needs no state.
pub struct Clock;

pub const ROUTES: &[Route<Clock>] =
    &[get("/clock", Clock::page), events("/clock/events", Clock::tick)];

const PAGE: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width\">
<meta name=\"color-scheme\" content=\"light dark\">
<title>Clock</title>
<link rel=\"icon\" href=\"/_device/icon.svg\">
<h1 id=\"time\" style=\"font: 2em system-ui; text-align: center; margin-top: 30vh\">…</h1>
<script>
new EventSource(\"/clock/events\").onmessage = (event) => {
  document.getElementById(\"time\").textContent = event.data;
};
</script>
</html>
";

impl Clock {
    fn page(&mut self, _: &Request, reply: Reply, _: &mut Environment) -> Result {
        Ok(reply.ok().html(PAGE))
    }

    fn tick(&mut self, events: &mut EventWriter, env: &mut Environment) -> Option<Instant> {
        let date = env.date();
        let text = date.map(date::format);
        let text = text.as_ref().and_then(|text| core::str::from_utf8(text).ok());
        events.data(text.unwrap_or("The clock is not set."));
        let since_tick = date.map_or(0, |date| date.subsec_micros());
        Some(env.now + Duration::from_micros(1_000_000 - u64::from(since_tick)))
    }
}
