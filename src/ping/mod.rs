//! Datagram echo with a profile of losses and delays, and its client.
