//! A JSON API: lamps that clients switch. `cargo run --example json_api` prints what each of some
//! requests is answered with.

mod in_process;

use bareserve::{
    Environment,
    http::{Reply, Request, Result, Route, Routes, Status, get, put},
};
use serde::{Deserialize, Serialize};

#[derive(Default, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lamp {
    on: bool,
    brightness: u8,
}

#[derive(Default)]
struct App {
    lamps: [Lamp; 4],
}

// A JSON route is an entry here and a function: four lines.
const ROUTES: &[Route<App>] = &[
    get("/lamps", App::all).json(),
    get("/lamps/:number", App::one).json(),
    put("/lamps/:number", App::set).json().body(64),
];

impl App {
    fn all(&mut self, _: &Request, reply: Reply, _: &mut Environment) -> Result {
        Ok(reply.ok().json(&self.lamps))
    }

    fn one(&mut self, request: &Request, reply: Reply, _: &mut Environment) -> Result {
        Ok(reply.ok().json(self.lamp(request)?))
    }

    fn set(&mut self, request: &Request, reply: Reply, _: &mut Environment) -> Result {
        *self.lamp(request)? = request.json()?;
        Ok(reply.status(Status::NO_CONTENT).empty())
    }

    fn lamp(&mut self, request: &Request) -> Result<&mut Lamp> {
        let number: usize = request.parse("number")?;
        self.lamps.get_mut(number).ok_or(Status::NOT_FOUND.because("there are four lamps"))
    }
}

fn main() {
    let mut device = in_process::Device::new(Routes::new(ROUTES, App::default()));
    device.ask("GET", "/lamps", "");
    device.ask("PUT", "/lamps/2", r#"{"on": true, "brightness": 80}"#);
    device.ask("GET", "/lamps/2", "");
    device.ask("PUT", "/lamps/2", r#"{"on": "yes"}"#);
    device.ask("PUT", "/lamps/2", &" ".repeat(65));
    device.ask("GET", "/lamps/7", "");
    device.ask("DELETE", "/lamps/2", "");
}
