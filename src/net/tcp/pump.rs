//! The loop that moves bytes between a TCP socket and a server's or client's protocol.

use smoltcp::socket::tcp::{Socket, State};

use crate::{
    net::guard::{FlowHandle, Flows},
    protocol::environment::Environment,
};

/// A protocol's end of a TCP connection. Used as `dyn`, so that the loop is compiled once.
pub trait ByteStream {
    /// Consumes bytes from the front of `input` and returns how many.
    fn receive(&mut self, input: &[u8], env: &mut Environment<'_>) -> usize;

    /// The peer will send nothing more.
    fn end_of_input(&mut self, env: &mut Environment<'_>);

    /// Writes to the front of `output` and returns how many bytes.
    fn transmit(&mut self, output: &mut [u8], env: &mut Environment<'_>) -> usize;

    /// Whether it has nothing more to send or to receive.
    fn is_over(&self) -> bool;
}

/// The bytes that [`pump`] has moved.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moved {
    pub bytes_in: usize,
    pub bytes_out: usize,
}

/// Moves bytes between socket and stream until neither direction makes progress, or the path has no room
/// for more. `end_of_input` records whether [`ByteStream::end_of_input`] has been called.
pub(super) fn pump(
    socket: &mut Socket<'_>,
    stream: &mut dyn ByteStream,
    end_of_input: &mut bool,
    (flows, flow): (&mut Flows<'_>, FlowHandle),
    env: &mut Environment<'_>,
) -> Moved {
    let (mut bytes_in, mut bytes_out) = (0, 0);
    flows.update(flow, socket.send_queue(), env.now);
    // A stream that has nothing left to transmit is asked again only after new input.
    let mut may_transmit = true;
    loop {
        while socket.can_recv() && !stream.is_over() {
            let taken = socket.recv(|input| {
                let taken = stream.receive(input, env).min(input.len());
                (taken, taken)
            });
            let Ok(taken @ 1..) = taken else { break };
            bytes_in += taken;
            may_transmit = true;
        }
        // After a reset the input is incomplete, so its end is not reported.
        if !*end_of_input
            && !socket.may_recv()
            && socket.state() != State::Closed
            && !stream.is_over()
        {
            *end_of_input = true;
            stream.end_of_input(env);
            may_transmit = true;
        }
        if !core::mem::take(&mut may_transmit) {
            flows.wrote(flow, bytes_out, env.now);
            return Moved { bytes_in, bytes_out };
        }
        while socket.can_send() && !stream.is_over() {
            let room = flows.room(flow, socket.send_queue());
            if room == 0 {
                break;
            }
            let given = socket.send(|output| {
                let output = output.get_mut(..room.min(output.len())).unwrap_or_default();
                let given = stream.transmit(output, env).min(output.len());
                (given, given)
            });
            let Ok(given @ 1..) = given else { break };
            bytes_out += given;
        }
    }
}
