//! Telling the time: as text on connect, RFC 867, RFC 868.
