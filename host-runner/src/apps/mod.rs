//! Example applications for `--app`, written as a user of the library would write them: nothing in
//! them knows of a host, so a board can have them too.

mod clock;
mod echo;
mod todo;

#[cfg(test)]
mod tests;

use bareserve::{
    http::{Answer, Application, Begin, Method, Produced, Reply, Request, Status},
    protocol::environment::Environment,
};

use self::{clock::Clock, echo::Echo, todo::Todos};
use crate::arguments;

/// The one that was chosen, if any. A program that has only one puts it in the server's tuple
/// instead.
pub enum App {
    None,
    Todo(Box<Todos>),
    Clock(Clock),
    Echo(Echo),
}

impl App {
    /// The application that `--app` names.
    pub fn new(choice: Option<arguments::App>) -> Self {
        match choice {
            None => Self::None,
            Some(arguments::App::Todo) => Self::Todo(Box::new(Todos::new())),
            Some(arguments::App::Clock) => Self::Clock(Clock),
            Some(arguments::App::Echo) => Self::Echo(Echo),
        }
    }

    /// Whether it has a page of its own at `/`.
    pub fn has_root(&self) -> bool {
        matches!(self, Self::Echo(_))
    }
}

/// What the chosen one remembers of a request.
pub enum Exchange {
    Clock(clock::Ticks),
    Echo(echo::Progress),
}

impl Application for App {
    type Exchange = Exchange;

    fn methods(&self, path: &str) -> Option<&'static [Method]> {
        match self {
            Self::None => None,
            Self::Todo(todos) => todos.methods(path),
            Self::Clock(clock) => clock.methods(path),
            Self::Echo(echo) => echo.methods(path),
        }
    }

    fn wants_field(&self, path: &str, name: &str) -> bool {
        match self {
            Self::Echo(echo) => echo.wants_field(path, name),
            Self::None | Self::Todo(_) | Self::Clock(_) => false,
        }
    }

    fn begin(
        &mut self,
        request: &Request<'_>,
        _: &mut Option<Exchange>,
        env: &mut Environment<'_>,
    ) -> Result<Begin, Status> {
        // None of them streams a body in, so none has an exchange before it responds.
        match self {
            Self::None => Ok(Begin::Respond),
            Self::Todo(todos) => todos.begin(request, &mut None, env),
            Self::Clock(clock) => clock.begin(request, &mut None, env),
            Self::Echo(echo) => echo.begin(request, &mut None, env),
        }
    }

    fn respond(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Option<Exchange>,
        reply: Reply<'_>,
        env: &mut Environment<'_>,
    ) -> Answer {
        match self {
            Self::None => reply.error(Status::NOT_FOUND),
            Self::Todo(todos) => todos.respond(request, &mut None, reply, env),
            Self::Clock(clock) => {
                let mut ticks = None;
                let answer = clock.respond(request, &mut ticks, reply, env);
                *exchange = ticks.map(Exchange::Clock);
                answer
            }
            Self::Echo(echo) => {
                let mut progress = None;
                let answer = echo.respond(request, &mut progress, reply, env);
                *exchange = progress.map(Exchange::Echo);
                answer
            }
        }
    }

    fn produce(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Exchange,
        output: &mut [u8],
        env: &mut Environment<'_>,
    ) -> Produced {
        match (self, exchange) {
            (Self::Clock(clock), Exchange::Clock(ticks)) => {
                clock.produce(request, ticks, output, env)
            }
            (Self::Echo(echo), Exchange::Echo(progress)) => {
                echo.produce(request, progress, output, env)
            }
            _ => Produced::End,
        }
    }
}
