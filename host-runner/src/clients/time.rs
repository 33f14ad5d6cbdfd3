//! The `time` subcommand: asks a server for the time.

use bareserve::time::{
    client::TimeClient,
    format::{TimeFormat, TimeText},
    seconds, timestamp,
    timestamp::Timestamp,
};

use super::{Server, print_line, printable};
use crate::{
    arguments::{Client, SECONDS_PORT},
    error::{Error, Failure},
};

/// The longest answer in bytes, as for the course's client.
const BUFFER: usize = 1024;

/// Asks and prints the answer. The binary answer of RFC 868 is printed as a timestamp in UTC.
pub fn time(client: &Client) -> Result<(), Error> {
    let server = Server::find(client, timestamp::PORT)?;
    let mut buffer = [0; BUFFER];
    let mut session = TimeClient::new(&mut buffer);
    server.stream(&mut session, |_| ())?.map_err(|failure| {
        Failure(format!("{}: {failure}: it may not know the time", server.address()))
    })?;
    match (server.address().port(), session.text()) {
        (SECONDS_PORT, &[a, b, c, d]) => {
            let mut text = TimeText::new();
            // Cannot fail: every 32-bit time is in the range of a timestamp.
            let _ = Timestamp.write(seconds::decode([a, b, c, d]), 0, &mut text);
            print_line(printable(&String::from_utf8_lossy(&text)));
        }
        (_, text) => print_line(printable(&String::from_utf8_lossy(text))),
    }
    Ok(())
}
