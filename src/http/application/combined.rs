//! Applications made of others: none, an optional one, several in a row.

use super::{Application, BodyMode, BodyPoll};
use crate::{
    http::{
        body_writer::BodyWriter,
        methods::Methods,
        request::Request,
        response::{Answer, Reply},
        result::Result,
        status::Status,
    },
    protocol::environment::Environment,
};

/// No resources.
impl Application for () {
    type Exchange = ();

    const CAN_WAIT: bool = false;

    fn methods(&self, _: &str) -> Option<Methods> {
        None
    }

    fn respond(
        &mut self,
        _: &Request<'_>,
        _: &mut Option<()>,
        reply: Reply<'_>,
        _: &mut Environment<'_>,
    ) -> Answer {
        reply.error(Status::NOT_FOUND)
    }
}

/// No resources while it is `None`.
impl<A: Application> Application for Option<A> {
    type Exchange = A::Exchange;

    const CAN_WAIT: bool = A::CAN_WAIT;

    fn methods(&self, path: &str) -> Option<Methods> {
        self.as_ref()?.methods(path)
    }

    fn wants_field(&self, path: &str, name: &str) -> bool {
        self.as_ref().is_some_and(|application| application.wants_field(path, name))
    }

    fn begin(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Option<Self::Exchange>,
        env: &mut Environment<'_>,
    ) -> Result<BodyMode> {
        self.as_mut().ok_or(Status::NOT_FOUND)?.begin(request, exchange, env)
    }

    fn receive(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Self::Exchange,
        piece: &[u8],
        scratch: &mut [u8],
        env: &mut Environment<'_>,
    ) -> Result<usize> {
        let application = self.as_mut().ok_or(Status::NOT_FOUND)?;
        application.receive(request, exchange, piece, scratch, env)
    }

    fn respond(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Option<Self::Exchange>,
        reply: Reply<'_>,
        env: &mut Environment<'_>,
    ) -> Answer {
        match self {
            Some(application) => application.respond(request, exchange, reply, env),
            None => reply.error(Status::NOT_FOUND),
        }
    }

    fn produce(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Self::Exchange,
        output: &mut BodyWriter<'_>,
        env: &mut Environment<'_>,
    ) -> BodyPoll {
        match self {
            Some(application) => application.produce(request, exchange, output, env),
            None => BodyPoll::End,
        }
    }

    fn speaks_json(&self, path: &str) -> bool {
        self.as_ref().is_some_and(|application| application.speaks_json(path))
    }
}

/// A borrowed application.
impl<A: Application> Application for &mut A {
    type Exchange = A::Exchange;

    const CAN_WAIT: bool = A::CAN_WAIT;

    fn methods(&self, path: &str) -> Option<Methods> {
        (**self).methods(path)
    }

    fn wants_field(&self, path: &str, name: &str) -> bool {
        (**self).wants_field(path, name)
    }

    fn begin(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Option<Self::Exchange>,
        env: &mut Environment<'_>,
    ) -> Result<BodyMode> {
        (**self).begin(request, exchange, env)
    }

    fn receive(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Self::Exchange,
        piece: &[u8],
        scratch: &mut [u8],
        env: &mut Environment<'_>,
    ) -> Result<usize> {
        (**self).receive(request, exchange, piece, scratch, env)
    }

    fn respond(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Option<Self::Exchange>,
        reply: Reply<'_>,
        env: &mut Environment<'_>,
    ) -> Answer {
        (**self).respond(request, exchange, reply, env)
    }

    fn produce(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Self::Exchange,
        output: &mut BodyWriter<'_>,
        env: &mut Environment<'_>,
    ) -> BodyPoll {
        (**self).produce(request, exchange, output, env)
    }

    fn speaks_json(&self, path: &str) -> bool {
        (**self).speaks_json(path)
    }
}

/// The exchange of two applications in a row.
#[derive(Debug)]
pub enum Either<A, B> {
    /// The first answers.
    First(Option<A>),
    /// The second answers.
    Second(Option<B>),
}

/// The first answers for every path that it knows, the second for the others.
impl<A: Application, B: Application> Application for (A, B) {
    type Exchange = Either<A::Exchange, B::Exchange>;

    const CAN_WAIT: bool = A::CAN_WAIT || B::CAN_WAIT;

    fn methods(&self, path: &str) -> Option<Methods> {
        self.0.methods(path).or_else(|| self.1.methods(path))
    }

    fn wants_field(&self, path: &str, name: &str) -> bool {
        match self.0.methods(path) {
            Some(_) => self.0.wants_field(path, name),
            None => self.1.wants_field(path, name),
        }
    }

    fn begin(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Option<Self::Exchange>,
        env: &mut Environment<'_>,
    ) -> Result<BodyMode> {
        match choose(self, request, exchange) {
            Either::First(exchange) => self.0.begin(request, exchange, env),
            Either::Second(exchange) => self.1.begin(request, exchange, env),
        }
    }

    fn receive(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Self::Exchange,
        piece: &[u8],
        scratch: &mut [u8],
        env: &mut Environment<'_>,
    ) -> Result<usize> {
        match exchange {
            Either::First(Some(exchange)) => self.0.receive(request, exchange, piece, scratch, env),
            Either::Second(Some(exchange)) => {
                self.1.receive(request, exchange, piece, scratch, env)
            }
            Either::First(None) | Either::Second(None) => Ok(piece.len()),
        }
    }

    fn respond(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Option<Self::Exchange>,
        reply: Reply<'_>,
        env: &mut Environment<'_>,
    ) -> Answer {
        match choose(self, request, exchange) {
            Either::First(exchange) => self.0.respond(request, exchange, reply, env),
            Either::Second(exchange) => self.1.respond(request, exchange, reply, env),
        }
    }

    fn produce(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Self::Exchange,
        output: &mut BodyWriter<'_>,
        env: &mut Environment<'_>,
    ) -> BodyPoll {
        match exchange {
            Either::First(Some(exchange)) => self.0.produce(request, exchange, output, env),
            Either::Second(Some(exchange)) => self.1.produce(request, exchange, output, env),
            Either::First(None) | Either::Second(None) => BodyPoll::End,
        }
    }

    fn speaks_json(&self, path: &str) -> bool {
        // In this order it compiles to nothing where neither does.
        self.0.speaks_json(path) || self.1.speaks_json(path) && self.0.methods(path).is_none()
    }
}

/// Notes in `exchange` which of two applications answers, when the request begins.
fn choose<'x, A: Application, B: Application>(
    (first, _): &(A, B),
    request: &Request<'_>,
    exchange: &'x mut Option<Either<A::Exchange, B::Exchange>>,
) -> &'x mut Either<A::Exchange, B::Exchange> {
    exchange.get_or_insert_with(|| match first.methods(request.path()) {
        Some(_) => Either::First(None),
        None => Either::Second(None),
    })
}

/// Three in a row.
impl<A: Application, B: Application, C: Application> Application for (A, B, C) {
    type Exchange = Either<A::Exchange, Either<B::Exchange, C::Exchange>>;

    const CAN_WAIT: bool = A::CAN_WAIT || B::CAN_WAIT || C::CAN_WAIT;

    fn methods(&self, path: &str) -> Option<Methods> {
        let (a, b, c) = self;
        a.methods(path).or_else(|| b.methods(path)).or_else(|| c.methods(path))
    }

    fn wants_field(&self, path: &str, name: &str) -> bool {
        let (a, b, c) = self;
        match (a.methods(path), b.methods(path)) {
            (Some(_), _) => a.wants_field(path, name),
            (None, Some(_)) => b.wants_field(path, name),
            (None, None) => c.wants_field(path, name),
        }
    }

    fn begin(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Option<Self::Exchange>,
        env: &mut Environment<'_>,
    ) -> Result<BodyMode> {
        let (a, b, c) = self;
        (a, (b, c)).begin(request, exchange, env)
    }

    fn receive(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Self::Exchange,
        piece: &[u8],
        scratch: &mut [u8],
        env: &mut Environment<'_>,
    ) -> Result<usize> {
        let (a, b, c) = self;
        (a, (b, c)).receive(request, exchange, piece, scratch, env)
    }

    fn respond(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Option<Self::Exchange>,
        reply: Reply<'_>,
        env: &mut Environment<'_>,
    ) -> Answer {
        let (a, b, c) = self;
        (a, (b, c)).respond(request, exchange, reply, env)
    }

    fn produce(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Self::Exchange,
        output: &mut BodyWriter<'_>,
        env: &mut Environment<'_>,
    ) -> BodyPoll {
        let (a, b, c) = self;
        (a, (b, c)).produce(request, exchange, output, env)
    }

    fn speaks_json(&self, path: &str) -> bool {
        let (a, b, c) = self;
        match (a.methods(path), b.methods(path)) {
            (Some(_), _) => a.speaks_json(path),
            (None, Some(_)) => b.speaks_json(path),
            (None, None) => c.speaks_json(path),
        }
    }
}

/// Four in a row.
impl<A: Application, B: Application, C: Application, D: Application> Application for (A, B, C, D) {
    type Exchange = Either<A::Exchange, Either<B::Exchange, Either<C::Exchange, D::Exchange>>>;

    const CAN_WAIT: bool = A::CAN_WAIT || B::CAN_WAIT || C::CAN_WAIT || D::CAN_WAIT;

    fn methods(&self, path: &str) -> Option<Methods> {
        let (a, b, c, d) = self;
        let first_two = a.methods(path).or_else(|| b.methods(path));
        first_two.or_else(|| c.methods(path)).or_else(|| d.methods(path))
    }

    fn wants_field(&self, path: &str, name: &str) -> bool {
        let (a, b, c, d) = self;
        match (a.methods(path), b.methods(path), c.methods(path)) {
            (Some(_), ..) => a.wants_field(path, name),
            (None, Some(_), _) => b.wants_field(path, name),
            (None, None, Some(_)) => c.wants_field(path, name),
            (None, None, None) => d.wants_field(path, name),
        }
    }

    fn begin(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Option<Self::Exchange>,
        env: &mut Environment<'_>,
    ) -> Result<BodyMode> {
        let (a, b, c, d) = self;
        (a, (b, (c, d))).begin(request, exchange, env)
    }

    fn receive(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Self::Exchange,
        piece: &[u8],
        scratch: &mut [u8],
        env: &mut Environment<'_>,
    ) -> Result<usize> {
        let (a, b, c, d) = self;
        (a, (b, (c, d))).receive(request, exchange, piece, scratch, env)
    }

    fn respond(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Option<Self::Exchange>,
        reply: Reply<'_>,
        env: &mut Environment<'_>,
    ) -> Answer {
        let (a, b, c, d) = self;
        (a, (b, (c, d))).respond(request, exchange, reply, env)
    }

    fn produce(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Self::Exchange,
        output: &mut BodyWriter<'_>,
        env: &mut Environment<'_>,
    ) -> BodyPoll {
        let (a, b, c, d) = self;
        (a, (b, (c, d))).produce(request, exchange, output, env)
    }

    fn speaks_json(&self, path: &str) -> bool {
        let (a, b, c, d) = self;
        match (a.methods(path), b.methods(path), c.methods(path)) {
            (Some(_), ..) => a.speaks_json(path),
            (None, Some(_), _) => b.speaks_json(path),
            (None, None, Some(_)) => c.speaks_json(path),
            (None, None, None) => d.speaks_json(path),
        }
    }
}
