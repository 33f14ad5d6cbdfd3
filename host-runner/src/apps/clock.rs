//! `clock`: server-sent events, and a page that shows them.
//!
//! | route | what |
//! |---|---|
//! | `GET /clock` | the page |
//! | `GET /clock/events` | the device's date, now and whenever a second begins |

use bareserve::{
    http::{Answer, Application, Method, Produced, Reply, Request, Status, date, segments},
    protocol::environment::Environment,
};
use smoltcp::time::{Duration, Instant};

/// The application: it needs no state.
pub struct Clock;

/// One browser's stream of events.
pub struct Ticks {
    /// The event that is on its way.
    event: heapless::String<64>,
    /// How much of it is out.
    sent: usize,
    /// When the next one is due.
    due: Instant,
}

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

impl Application for Clock {
    type Exchange = Ticks;

    fn methods(&self, path: &str) -> Option<&'static [Method]> {
        match segments(path, &mut [""; 2]) {
            ["clock"] | ["clock", "events"] => Some(&[Method::Get]),
            _ => None,
        }
    }

    fn respond(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Option<Ticks>,
        reply: Reply<'_>,
        env: &mut Environment<'_>,
    ) -> Answer {
        match request.segments(&mut [""; 2]) {
            ["clock"] => reply.ok().html(PAGE),
            ["clock", "events"] => {
                *exchange = Some(Ticks { event: heapless::String::new(), sent: 0, due: env.now });
                reply.ok().events()
            }
            _ => reply.error(Status::NOT_FOUND),
        }
    }

    fn produce(
        &mut self,
        _: &Request<'_>,
        ticks: &mut Ticks,
        output: &mut [u8],
        env: &mut Environment<'_>,
    ) -> Produced {
        if ticks.sent == ticks.event.len() {
            if env.now < ticks.due {
                return Produced::Wait(Some(ticks.due));
            }
            ticks.begin_event(env);
        }
        let rest = ticks.event.as_bytes().get(ticks.sent..).unwrap_or_default();
        let length = rest.len().min(output.len());
        if let (Some(room), Some(rest)) = (output.get_mut(..length), rest.get(..length)) {
            room.copy_from_slice(rest);
        }
        ticks.sent += length;
        Produced::Bytes(length)
    }
}

impl Ticks {
    fn begin_event(&mut self, env: &Environment<'_>) {
        let date = env.date().map(date::format);
        let text = date.as_ref().and_then(|text| core::str::from_utf8(text).ok());
        self.event.clear();
        // The longest event, with a date of 29 characters, fits.
        for part in ["data: ", text.unwrap_or("The clock is not set."), "\n\n"] {
            let _ = self.event.push_str(part);
        }
        self.sent = 0;
        let since_tick = env.date().map_or(0, |date| date.subsec_micros());
        self.due = env.now + Duration::from_micros(1_000_000 - u64::from(since_tick));
    }
}
