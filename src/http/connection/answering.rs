//! From a request to the head of its response, by the application or in its place.

use super::{ConnectionMut, KeepAlive};
use crate::http::{
    application::Application,
    method::Method,
    output::Output,
    problem::Problem,
    request::Request,
    response::{Draft, ResponseContext},
    status::Status,
};

impl<A: Application> ConnectionMut<'_, '_, A> {
    /// Lets the application answer.
    pub(super) fn respond(&mut self) {
        let (kept, staging) = (self.state.head.kept_len(), self.state.staging());
        let Some((front, room)) = self.buffer.split_at_mut_checked(staging) else { return };
        let (front, body) = front.split_at_checked(kept).unwrap_or_default();
        let request = Request::with_path(&self.state.head, front, body);
        let context = ResponseContext {
            date: self.date.at(self.env.date()),
            version: request.version(),
            persistent: self.state.keep_alive == KeepAlive::Open,
            is_head: request.is_head(),
            allow: self.state.allow,
        };
        let mut draft = Draft { output: Output::new(room), context };
        let exchange = &mut self.state.exchange;
        let answer = self.application.respond(&request, exchange, draft.reply(), self.env);
        match answer.0 {
            Ok(response) => self.state.begin_writing(response),
            Err(problem) => self.answer(problem),
        }
    }

    /// Answers in the application's place.
    #[inline(never)]
    pub(super) fn answer(&mut self, problem: Problem) {
        self.state.reason = problem.reason;
        // A reason or a body that does not fit is left out.
        if !self.try_answer(problem, true) {
            self.try_answer(problem.status.into(), false);
        }
    }

    /// Returns whether the response fits into the buffer. Its body is the application's own if
    /// `is_explained`.
    fn try_answer(&mut self, problem: Problem, is_explained: bool) -> bool {
        let head = &self.state.head;
        let Some((front, room)) = self.buffer.split_at_mut_checked(self.state.staging()) else {
            return true;
        };
        let request = Request::new(head, front, &[]);
        let context = ResponseContext {
            date: self.date.at(self.env.date()),
            version: head.version,
            persistent: self.state.keep_alive == KeepAlive::Open,
            is_head: head.method == Some(Method::Head),
            allow: self.state.allow,
        };
        let mut draft = Draft { output: Output::new(room), context };
        let response = draft.reply().status(problem.status).demanded_fields();
        let answer = match problem.status {
            Status::NO_CONTENT => response.allow().empty(),
            Status::SEE_OTHER => self.access.redirect_with_cookie(&request, response),
            _ if is_explained && head.is_complete() => {
                self.application.explain(&request, problem, response)
            }
            _ => response.page(problem.reason),
        };
        match answer.0 {
            Ok(response) => self.state.begin_writing(response),
            Err(_) => return false,
        }
        true
    }
}
