//! How generated clients call: by whatever protocol the channel speaks.

use crate::dispatch::Binding;
use crate::message::{Request, Response};
use crate::operation::Operation;
use crate::wire::Streaming;

use super::call::Call;
use super::channel::Channel;

/// Calls a method of one message each way; `rule` is how its proto has it called over HTTP.
pub fn unary<Req: Request, Res: Response>(
    channel: &Channel,
    operation: &'static Operation,
    rule: Option<&'static Binding>,
    request: Req,
) -> Call<Res> {
    let _http = rule;
    channel.unary(operation, request)
}

/// Calls a method that streams to the caller.
pub fn server_stream<Req: Request, Res: Response>(
    channel: &Channel,
    operation: &'static Operation,
    rule: Option<&'static Binding>,
    request: Req,
) -> Call<Streaming<Res>> {
    let _http = rule;
    channel.server_stream(operation, request)
}
