//! The `ping` subcommand: measures UDP round trips.

use bareserve::{
    ping::{
        client::{PingClient, PingEvent, PingSettings},
        server,
    },
    protocol::client::{DatagramSession, Progress},
};

use super::{Server, print_line};
use crate::{
    arguments::{Client, Ping},
    error::{Error, Failure},
};

/// Prints a line for each ping, then the statistics. Fails if no ping was answered.
pub fn ping(client: &Client, options: &Ping) -> Result<(), Error> {
    let server = Server::find(client, server::PORT)?;
    let settings = PingSettings {
        count: options.count,
        timeout: options.timeout.into(),
        interval: options.interval.into(),
    };
    let report = |event: PingEvent| print_line(event);
    let mut session = PingClient::new(server.address().ip().into(), settings, report);
    server.datagrams(&mut session)?;
    print_line(session.statistics());
    if session.progress() == Progress::Failed || session.statistics().received == 0 {
        return Err(Failure(format!("{}: no ping was answered", server.address())).into());
    }
    Ok(())
}
