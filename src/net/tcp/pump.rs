//! The loop between a TCP socket and whoever talks over it, server or client.

use smoltcp::socket::tcp::{Socket, State};

use crate::protocol::environment::Environment;

/// One side of a TCP connection. Behind `dyn`, so that the loop is compiled once.
pub(super) trait ByteStream {
    /// Takes bytes from the front of `input` and returns how many.
    fn receive(&mut self, input: &[u8], env: &mut Environment<'_>) -> usize;

    /// The peer will send nothing more.
    fn end_of_input(&mut self, env: &mut Environment<'_>);

    /// Writes to the front of `output` and returns how many bytes.
    fn transmit(&mut self, output: &mut [u8], env: &mut Environment<'_>) -> usize;

    /// Whether it has nothing more to say or hear.
    fn is_over(&self) -> bool;
}

/// What [`carry`] has moved, in bytes.
pub(super) struct Moved {
    pub bytes_in: usize,
    pub bytes_out: usize,
}

/// Moves bytes between socket and talker until neither has any for the other. `end_of_input` is
/// whether the talker knows of it.
pub(super) fn pump(
    socket: &mut Socket<'_>,
    talker: &mut dyn ByteStream,
    end_of_input: &mut bool,
    env: &mut Environment<'_>,
) -> Moved {
    let (mut bytes_in, mut bytes_out) = (0, 0);
    // Who has said all there was to say says more only when it has heard more.
    let mut may_answer = true;
    loop {
        while socket.can_recv() && !talker.is_over() {
            let taken = socket.recv(|input| {
                let taken = talker.receive(input, env).min(input.len());
                (taken, taken)
            });
            let Ok(taken @ 1..) = taken else { break };
            bytes_in += taken;
            may_answer = true;
        }
        // A connection that was reset has ended, but not its input.
        if !*end_of_input
            && !socket.may_recv()
            && socket.state() != State::Closed
            && !talker.is_over()
        {
            *end_of_input = true;
            talker.end_of_input(env);
            may_answer = true;
        }
        if !core::mem::take(&mut may_answer) {
            return Moved { bytes_in, bytes_out };
        }
        while socket.can_send() && !talker.is_over() {
            let given = socket.send(|output| {
                let given = talker.transmit(output, env).min(output.len());
                (given, given)
            });
            let Ok(given @ 1..) = given else { break };
            bytes_out += given;
        }
    }
}
