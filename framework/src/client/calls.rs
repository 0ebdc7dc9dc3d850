//! How generated clients call: by whatever protocol the channel speaks.

use crate::dispatch::Binding;
use crate::message::{Request, Response};
use crate::operation::Operation;
use crate::wire::Streaming;

use super::call::Call;
use super::channel::Channel;
use super::http;
use super::settings::Protocol;

/// Calls a method of one message each way; `rule` is how its proto has it called over HTTP.
pub fn unary<Req: Request, Res: Response>(
    channel: &Channel,
    operation: &'static Operation,
    rule: Option<&'static Binding>,
    request: Req,
) -> Call<Res> {
    let pool = channel.pool();
    if pool.way.protocol == Protocol::Grpc {
        return channel.unary(operation, request);
    }
    let terms = pool.terms();
    let told = http::told(operation, rule, &request, terms);
    Call::new(channel.clone(), terms, operation, told, http::one)
}

/// Calls a method that streams to the caller.
pub fn server_stream<Req: Request, Res: Response>(
    channel: &Channel,
    operation: &'static Operation,
    rule: Option<&'static Binding>,
    request: Req,
) -> Call<Streaming<Res>> {
    let pool = channel.pool();
    if pool.way.protocol == Protocol::Grpc {
        return channel.server_stream(operation, request);
    }
    let terms = pool.terms();
    let told = http::told(operation, rule, &request, terms);
    Call::new(channel.clone(), terms, operation, told, http::many)
}
