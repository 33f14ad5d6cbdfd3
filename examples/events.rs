//! Server-sent events: a counter. `cargo run --example events` prints what a browser receives in the
//! first three seconds, and what it receives when it comes back after a lost connection.

mod in_process;

use bareserve::{
    Environment,
    http::{EventWriter, Reply, Request, Result, Route, Routes, events, get},
    wire::template::Value,
};
use smoltcp::time::{Duration, Instant};

struct App;

const ROUTES: &[Route<App>] = &[get("/", App::page), events("/seconds", App::tick)];

impl App {
    fn page(&mut self, _: &Request, reply: Reply, _: &mut Environment) -> Result {
        Ok(reply.ok().html(PAGE))
    }

    // A stream of events is an entry in the table and this function: eight lines.
    fn tick(&mut self, events: &mut EventWriter, env: &mut Environment) -> Option<Instant> {
        let number = events.last_id() + 1;
        events.id(number);
        events.event("second");
        events.render("% seconds", &[Value::Number(number)]);
        Some(env.now + Duration::from_secs(1))
    }
}

const PAGE: &str = "<!doctype html>
<title>Seconds</title>
<h1 id=count></h1>
<script>
new EventSource(\"/seconds\").addEventListener(\"second\", (event) => {
  document.getElementById(\"count\").textContent = event.data;
});
</script>
";

fn main() {
    let mut device = in_process::Device::new(Routes::new(ROUTES, App));
    device.ask("GET", "/", "");
    device.listen("/seconds", "", 3);
    device.listen("/seconds", "Last-Event-ID: 3\r\n", 2);
}
