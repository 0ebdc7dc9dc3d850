#[path = "../../../tests/it/fixture/otlp.rs"]
#[expect(dead_code, reason = "the tests of the whole use the rest")]
mod fixture;

pub(crate) use fixture::*;
