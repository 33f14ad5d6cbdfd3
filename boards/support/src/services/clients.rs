//! The board's clients of a host: time over TCP and the file that the host offers, repeated until the
//! host answers, then ten pings. The log shows the results.

use bareserve::{
    Context, Service,
    file_transfer::client::{ClientError, Fetch, Sink, StoreSink},
    net::{
        resources::{TcpClientResources, UdpResources},
        tcp::client::TcpClient,
        udp::client::UdpClient,
    },
    ping::{
        client::{PingClient, PingEvent, PingSettings},
        server as ping,
    },
    protocol::{
        client::{Failure, Progress, StreamSession},
        environment::{Environment, Event},
    },
    store::{StoreError, is_valid_name},
    time::{client::TimeClient, timestamp},
    wire::template::{Template, Value},
};
use smoltcp::{
    phy::Device,
    time::{Duration, Instant},
    wire::{IpAddress, IpEndpoint},
};

use super::{Services, SetupError, store::Store};
use crate::{board::Uart, static_cell::StaticCell};

/// The port on which a host offers a file.
const FILE_PORT: u16 = 5566;

/// The name under which the host's file is stored, independent of its name on the host: it hides no
/// other file, and browsers do not render it as a page.
const FILE_NAME: &str = "from-host";

/// The time between two attempts while the host does not answer.
const RETRY: Duration = Duration::from_secs(10);

const PINGS: PingSettings = PingSettings {
    count: 10,
    timeout: Duration::from_secs(1),
    interval: Duration::from_millis(100),
};

/// The clients of the three services: two sockets, 1.5 KB. Responses are short, so the window is small.
pub struct ClientsMemory {
    clients: StaticCell<Clients>,
    tcp: TcpClientResources<128, 64>,
    time: [u8; 32],
    ping: UdpResources<2, 64>,
}

impl ClientsMemory {
    /// Sockets that it takes.
    pub const SOCKETS: usize = 1 + 1;

    /// Not started.
    pub const fn new() -> Self {
        Self {
            clients: StaticCell::new(),
            tcp: TcpClientResources::new(),
            time: [0; 32],
            ping: UdpResources::new(),
        }
    }

    /// Starts the clients of `host`, and stores its file in `store`.
    ///
    /// # Errors
    /// [`SetupError`]
    // Not inlined, so that the set-up's variables do not enlarge the stack frame of the main loop.
    #[inline(never)]
    pub fn start<E: Device, U: Uart>(
        &'static mut self,
        services: &mut Services<E, U>,
        host: IpAddress,
        store: Store,
    ) -> Result<(), SetupError> {
        let Self { clients, tcp, time, ping } = self;
        let tasks =
            HostTasks { host, time: TimeClient::new(time), fetch: fetch(store), has_time: false };
        let pings = PingClient::new(host, PINGS, ignore as fn(PingEvent));
        let ping_server = IpEndpoint::new(host, ping::PORT);
        let clients = clients.put(Clients {
            tcp: services.stack.tcp_client(tcp, tasks)?,
            ping: services.stack.udp_client(ping, pings, ping_server)?,
            store,
            stage: Stage::Pausing(Instant::ZERO),
        });
        services.run(clients)
    }
}

impl Default for ClientsMemory {
    fn default() -> Self {
        Self::new()
    }
}

struct Clients {
    tcp: TcpClient<HostTasks>,
    ping: UdpClient<'static, PingClient<fn(PingEvent)>>,
    store: Store,
    stage: Stage,
}

enum Stage {
    /// When the next connection begins.
    Pausing(Instant),
    Connected,
    Pinging,
    Done,
}

impl Service for Clients {
    fn poll(&mut self, cx: &mut Context<'_, '_>) {
        match self.stage {
            Stage::Pausing(until) if until <= cx.environment.now => {
                let server = self.tcp.session().server();
                let _ = self.tcp.connect(server);
                self.stage = Stage::Connected;
            }
            Stage::Pausing(_) | Stage::Done => return,
            Stage::Connected | Stage::Pinging => {}
        }
        match self.stage {
            Stage::Pinging => {
                self.ping.poll(cx);
                if self.ping.progress() != Progress::Running {
                    self.stage = Stage::Done;
                    let server = IpEndpoint::new(self.tcp.session().host, ping::PORT);
                    let statistics = self.ping.session().statistics();
                    let values = [statistics.received, statistics.sent];
                    let values = &values.map(|count| Value::Number(count.into()));
                    report(server, "% of % pings answered", values, &mut cx.environment);
                }
            }
            _ => {
                self.tcp.poll(cx);
                if self.tcp.outcome().is_some() {
                    self.stage = self.next_stage(cx.environment.now);
                }
            }
        }
    }

    fn poll_at(&self) -> Option<Instant> {
        match self.stage {
            Stage::Pausing(until) => Some(until),
            Stage::Connected => self.tcp.poll_at(),
            Stage::Pinging => self.ping.poll_at(),
            Stage::Done => None,
        }
    }
}

impl Clients {
    /// A connection is over.
    fn next_stage(&mut self, now: Instant) -> Stage {
        let tasks = self.tcp.session();
        let has_succeeded = tasks.progress() == Progress::Succeeded;
        // A file that was received but not stored is not requested again.
        if tasks.has_time && tasks.has_answer() {
            return Stage::Pinging;
        }
        tasks.has_time |= has_succeeded;
        tasks.time.restart();
        tasks.fetch = fetch(self.store);
        Stage::Pausing(if has_succeeded { now } else { now + RETRY })
    }
}

/// The tasks over TCP, one after the other.
struct HostTasks {
    host: IpAddress,
    time: TimeClient<'static>,
    fetch: Fetch<'static, FileSink>,
    /// Whether the time has been received.
    has_time: bool,
}

impl HostTasks {
    fn server(&self) -> IpEndpoint {
        let port = if self.has_time { FILE_PORT } else { timestamp::PORT };
        IpEndpoint::new(self.host, port)
    }

    /// Whether a complete file or an invalid one was received.
    fn has_answer(&self) -> bool {
        !matches!(
            self.fetch.outcome(),
            None | Some(Err(ClientError::Connection(_) | ClientError::Incomplete))
        )
    }

    fn current(&mut self) -> &mut dyn StreamSession {
        if self.has_time { &mut self.fetch } else { &mut self.time }
    }
}

impl StreamSession for HostTasks {
    fn receive(&mut self, input: &[u8], env: &mut Environment<'_>) -> usize {
        self.current().receive(input, env)
    }

    fn end_of_input(&mut self, env: &mut Environment<'_>) {
        self.current().end_of_input(env);
    }

    fn transmit(&mut self, output: &mut [u8], env: &mut Environment<'_>) -> usize {
        self.current().transmit(output, env)
    }

    fn progress(&self) -> Progress {
        if self.has_time { self.fetch.progress() } else { self.time.progress() }
    }

    fn end(&mut self, result: Result<(), Failure>, env: &mut Environment<'_>) {
        self.current().end(result, env);
        let (server, has_succeeded) = (self.server(), self.progress() == Progress::Succeeded);
        if self.has_time && has_succeeded {
            let size = Value::Number(self.fetch.received());
            report(server, "% bytes stored", &[size], env);
        } else if self.has_time && self.has_answer() {
            report(server, "its file is of no use", &[], env);
        } else if has_succeeded {
            let time = Value::Text(plain(self.time.text()).unwrap_or("unknown"));
            report(server, "it is %", &[time], env);
        }
    }
}

/// The transfer of the file that the host offers.
// Called twice; not inlined, to save flash.
#[inline(never)]
fn fetch(store: Store) -> Fetch<'static, FileSink> {
    Fetch::offered(FileSink(StoreSink::new(store)))
}

/// The store, under [`FILE_NAME`].
struct FileSink(StoreSink<Store>);

impl Sink for FileSink {
    type Error = StoreError;

    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.0.write(bytes)
    }

    fn finish(&mut self, _: &str) -> Result<(), StoreError> {
        self.0.finish(FILE_NAME)
    }

    fn discard(&mut self) {
        self.0.discard();
    }
}

// A call instead of a copy for each result.
#[inline(never)]
fn report(remote: IpEndpoint, form: &str, values: &[Value<'_>], env: &mut Environment<'_>) {
    let what = Template { text: form, values };
    env.observer.event(Event::Note { service: "client", remote, what });
}

fn ignore(_: PingEvent) {}

/// A received text, if a log may show it: printable characters, without line breaks and escape sequences.
fn plain(text: &[u8]) -> Option<&str> {
    core::str::from_utf8(text).ok().map(str::trim_ascii).filter(|text| is_valid_name(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_gets_no_control_characters_from_outside() {
        assert_eq!(plain(b"2023-04-19 17:04:30.293444\r\n"), Some("2023-04-19 17:04:30.293444"));
        for text in [&b"12:00\n0.000 http: forged"[..], b"\x1b[2J", b"a\0b", b"\xff", b" \r\n"] {
            assert_eq!(plain(text), None, "{text:?}");
        }
    }
}
