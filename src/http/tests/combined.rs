//! Applications made of others.

use super::{Bench, statuses, std::format};
use crate::http::{Application, Route, Routes, any, get};

/// The path that only this table has, and one that all have.
const A: &[Route<()>] = &[
    get("/a", |(), _, reply, _| Ok(reply.ok().text("a"))),
    any("/all", |(), _, _, _| Err(crate::http::Status::CONFLICT.because("a"))),
];
const B: &[Route<()>] = &[
    get("/b", |(), _, reply, _| Ok(reply.ok().text("b"))).fields(&["X"]).body(10),
    any("/all", |(), _, _, _| Err(crate::http::Status::CONFLICT.because("b"))).json(),
];
const C: &[Route<()>] = &[
    get("/c", |(), request, reply, _| Ok(reply.ok().text(request.field("X").unwrap_or("none"))))
        .fields(&["X"]),
    any("/all", |(), _, _, _| Err(crate::http::Status::CONFLICT.because("c"))),
];
const D: &[Route<()>] = &[
    get("/d", |(), _, reply, _| Ok(reply.ok().stream())).streamed(|(), _, out| out.put("d")),
    any("/all", |(), _, _, _| Err(crate::http::Status::CONFLICT.because("d"))).json(),
];

fn routes(table: &'static [Route<()>]) -> Routes<()> {
    Routes::new(table, ())
}

fn ask(application: impl Application, path: &str) -> (u16, bool, super::String) {
    let mut bench: Bench<_> = Bench::new(application);
    let answer = bench.ask(format!("GET {path} HTTP/1.1\r\nHost: a\r\nX: x\r\n\r\n").as_bytes());
    let (head, body) = answer.split_once("\r\n\r\n").expect("an empty line");
    (statuses(&answer)[0], head.contains("problem+json"), body.into())
}

#[test]
fn the_first_that_knows_the_path_answers() {
    for (path, expected) in
        [("/a", "a"), ("/b", "b"), ("/c", "x"), ("/d", "0001\r\nd\r\n0\r\n\r\n")]
    {
        let text = |body: &str| (200, false, body.into());
        let four = || (routes(A), routes(B), routes(C), routes(D));
        assert_eq!(ask(four(), path), text(expected));
        let (a, b, c, d) = four();
        assert_eq!(ask((a, (b, (c, d))), path), text(expected));
        let (a, b, c, d) = four();
        assert_eq!(ask((a, b, (c, d)), path), text(expected));
        let (a, b, c, d) = four();
        assert_eq!(ask(((a, b), c, d), path), text(expected));
        let (a, b, c, d) = four();
        assert_eq!(ask((Some(a), None::<Routes<()>>, (Some(b), c), Some(d)), path), text(expected));
    }
}

#[test]
fn errors_are_those_of_the_application_that_answers() {
    let page = |reason: &str| format!("</h1>\n<p>{reason}</p>\n");
    let json = |reason: &str| format!("409, \"detail\": \"{reason}\"}}\n");
    let check = |(status, is_json, body): (u16, bool, super::String), end: super::String| {
        assert_eq!((status, is_json), (409, end.starts_with("409")), "{body}");
        assert!(body.ends_with(&end), "{body}");
    };
    check(ask((routes(A), routes(B)), "/all"), page("a"));
    check(ask((routes(B), routes(A)), "/all"), json("b"));
    check(ask((routes(A), routes(B), routes(D)), "/all"), page("a"));
    check(ask((routes(B), routes(A), routes(C)), "/all"), json("b"));
    check(ask((None::<()>, None::<()>, routes(D)), "/all"), json("d"));
    check(ask(((), None::<()>, (), routes(D)), "/all"), json("d"));
    check(ask((routes(C), routes(B), routes(B), routes(B)), "/all"), page("c"));
    check(ask(((), routes(B), routes(A), routes(A)), "/all"), json("b"));
}

#[test]
fn without_an_application_every_path_is_404() {
    assert_eq!(ask((), "/").0, 404);
    assert_eq!(ask(None::<Routes<()>>, "/a").0, 404);
    assert_eq!(ask(Some(routes(A)), "/b").0, 404);
    assert_eq!(ask((None::<Routes<()>>, None::<Routes<()>>, None::<Routes<()>>), "/a").0, 404);
}
