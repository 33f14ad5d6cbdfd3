//! `time`: what time a server says it is.

use bareserve::time::{
    client::TimeClient,
    format::{TimeFormat, TimeText},
    seconds, timestamp,
    timestamp::Timestamp,
};

use super::{Server, printable, say};
use crate::{
    arguments::{Client, SECONDS_PORT},
    error::{Error, Failure},
};

/// What the course's client reads at most.
const BUFFER: usize = 1024;

/// Asks and prints the answer. That of RFC 868 is put into words, in UTC.
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
            // A time of 32 bits is always within what a timestamp can tell.
            let _ = Timestamp.write(seconds::decode([a, b, c, d]), 0, &mut text);
            say(printable(&String::from_utf8_lossy(&text)));
        }
        (_, text) => say(printable(&String::from_utf8_lossy(text))),
    }
    Ok(())
}
