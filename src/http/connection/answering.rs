//! Composes the response to a request, by the application or by the server itself.

use super::{ConnectionMut, KeepAlive, Writing};
use crate::http::{
    application::Application,
    output::Output,
    problem::Problem,
    request::Request,
    response::{Composed, Draft, ResponseContext},
    status::Status,
};

/// The response, the error response to its problem, and the error response to a problem with that.
const ATTEMPTS: u8 = 3;

impl<A: Application> ConnectionMut<'_, '_, A> {
    /// Answers the request: instead of the application if the state has a refusal. If the application
    /// cannot answer yet, the response stays due.
    pub(super) fn answer(&mut self) {
        for _ in 0..ATTEMPTS {
            match self.compose() {
                Ok(response) => return self.state.begin_writing(response),
                Err(Problem { status: Status::NOT_YET, .. }) if A::CAN_WAIT => {
                    self.state.writing = Writing::Due;
                    return;
                }
                Err(Problem { status, reason }) => {
                    self.state.refusal = Some(status);
                    self.state.reason = reason;
                }
            }
        }
        self.state.writing = Writing::Broken;
    }

    #[inline(never)]
    fn compose(&mut self) -> Result<Composed, Problem> {
        let (kept, staging) = (self.state.head.kept_len(), self.state.staging());
        let (front, room) = self.buffer.split_at_mut_checked(staging).unwrap_or_default();
        let (front, body) = front.split_at_checked(kept).unwrap_or_default();
        let request = Request::with_path(&self.state.head, front, body);
        let context = ResponseContext {
            date: self.date.at(self.env.date()),
            version: request.version(),
            persistent: self.state.keep_alive == KeepAlive::Open,
            is_head: request.is_head(),
            is_untrusted: false,
            allow: self.state.allow,
        };
        let mut draft = Draft { output: Output::new(room), context };
        let reply = draft.reply();
        let Some(status) = self.state.refusal else {
            let exchange = &mut self.state.exchange;
            return self.application.respond(&request, exchange, reply, self.env).0;
        };
        let reason = self.state.reason;
        let response = reply.status(status);
        let answer = match status {
            Status::NO_CONTENT => response.allow().empty(),
            Status::SEE_OTHER => self.admission.links.redirect_with_cookie(&request, response),
            _ if self.application.speaks_json(request.path()) => {
                response.demanded_fields().problem_details(reason)
            }
            _ => response.demanded_fields().page(reason),
        };
        answer.0
    }
}
