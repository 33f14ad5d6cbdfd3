//! From a request to the head of its answer, by the application or in its place.

use super::{KeepAlive, Session};
use crate::http::{
    application::Application,
    method::Method,
    request::Request,
    response::{Draft, Output, Terms},
    status::Status,
};

impl<A: Application> Session<'_, '_, A> {
    /// Lets the application answer.
    pub(super) fn respond(&mut self) {
        let (kept, staging) = (self.state.head.kept_len(), self.state.staging());
        let Some((front, room)) = self.buffer.split_at_mut_checked(staging) else { return };
        let (front, body) = front.split_at_checked(kept).unwrap_or_default();
        let request = Request::with_path(&self.state.head, front, body);
        let terms = Terms {
            date: self.date.at(self.env.date()),
            version: request.version(),
            persistent: self.state.keep_alive == KeepAlive::Open,
            is_head: request.is_head(),
            allow: self.state.allow,
        };
        let mut draft = Draft { output: Output::new(room), terms };
        let exchange = &mut self.state.exchange;
        let answer = self.application.respond(&request, exchange, draft.reply(), self.env);
        if answer.len.is_some() {
            self.state.begin_writing(&answer);
        } else {
            self.answer(Status::INTERNAL_SERVER_ERROR);
        }
    }

    /// Answers in the application's place.
    #[inline(never)]
    pub(super) fn answer(&mut self, status: Status) {
        let head = &self.state.head;
        let Some((front, room)) = self.buffer.split_at_mut_checked(self.state.staging()) else {
            return;
        };
        let request = Request::new(head, front, &[]);
        let terms = Terms {
            date: self.date.at(self.env.date()),
            version: head.version,
            persistent: self.state.keep_alive == KeepAlive::Open,
            is_head: head.method == Some(Method::Head),
            allow: self.state.allow,
        };
        let mut draft = Draft { output: Output::new(room), terms };
        let response = draft.reply().status(status);
        let answer = match status {
            Status::NO_CONTENT => response.allow().empty(),
            Status::SEE_OTHER => self.access.admit(&request, response),
            _ => response.page(),
        };
        self.state.begin_writing(&answer);
    }
}
