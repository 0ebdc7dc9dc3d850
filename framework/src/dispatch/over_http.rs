//! Methods of each kind, called over HTTP.

use std::future::ready;

use crate::context::{Context, Inbound};
use crate::error::Result;
use crate::message::{Request, Response as Answer};
use crate::wire::Streaming;

use super::call::{Limits, Reply, failed};
use super::http::{Bound, Exchange};
use super::out::{self, Out};

/// One message each way.
pub(super) fn unary<Req, Res, F, Fut>(
    inbound: Inbound,
    bound: Bound,
    limits: Limits,
    handler: F,
) -> Reply
where
    Req: Request,
    Res: Answer,
    F: FnOnce(Context, Req) -> Fut + Send + 'static,
    Fut: Future<Output = Result<Res>> + Send + 'static,
{
    match Exchange::open::<Res>(inbound, bound, limits) {
        Err(error) => Box::pin(ready(Err(error))),
        Ok((exchange, unread)) => Box::pin(async move {
            let request = exchange.read::<Req>(unread).await?;
            let cx = &exchange.cx;
            match cx.scope(handler(cx.clone(), request)).await {
                Ok(reply) => exchange.answer(reply),
                Err(error) => Err(failed(cx, error)),
            }
        }),
    }
}

/// Many messages in, one out.
pub(super) fn client_stream<Req, Res, F, Fut>(
    inbound: Inbound,
    bound: Bound,
    limits: Limits,
    handler: F,
) -> Reply
where
    Req: Request,
    Res: Answer,
    F: FnOnce(Context, Streaming<Req>) -> Fut + Send + 'static,
    Fut: Future<Output = Result<Res>> + Send + 'static,
{
    let opened = Exchange::open::<Res>(inbound, bound, limits).and_then(|(exchange, unread)| {
        let requests = exchange.requests::<Req>(unread)?;
        Ok((exchange, requests))
    });
    match opened {
        Err(error) => Box::pin(ready(Err(error))),
        Ok((exchange, requests)) => Box::pin(async move {
            let cx = &exchange.cx;
            match cx.scope(handler(cx.clone(), requests)).await {
                Ok(reply) => exchange.answer(reply),
                Err(error) => Err(failed(cx, error)),
            }
        }),
    }
}

/// One message in, many out.
pub(super) fn server_stream<Req, Res, F, Fut>(
    inbound: Inbound,
    bound: Bound,
    limits: Limits,
    handler: F,
) -> Reply
where
    Req: Request,
    Res: Answer,
    F: FnOnce(Context, Req, Out<Res>) -> Fut + Send + 'static,
    Fut: Future<Output = Result<()>> + Send + 'static,
{
    match Exchange::open::<Res>(inbound, bound, limits) {
        Err(error) => Box::pin(ready(Err(error))),
        Ok((exchange, unread)) => Box::pin(async move {
            let request = exchange.read::<Req>(unread).await?;
            let (cx, writing) = (exchange.cx.clone(), exchange.writing::<Res>());
            let (out, slot) = Out::new(cx.clone(), writing);
            let run = Box::pin(cx.scope(handler(cx.clone(), request, out)));
            out::respond(cx, writing, slot, run).await
        }),
    }
}

/// Many messages each way.
pub(super) fn bidi<Req, Res, F, Fut>(
    inbound: Inbound,
    bound: Bound,
    limits: Limits,
    handler: F,
) -> Reply
where
    Req: Request,
    Res: Answer,
    F: FnOnce(Context, Streaming<Req>, Out<Res>) -> Fut + Send + 'static,
    Fut: Future<Output = Result<()>> + Send + 'static,
{
    let opened = Exchange::open::<Res>(inbound, bound, limits).and_then(|(exchange, unread)| {
        let requests = exchange.requests::<Req>(unread)?;
        Ok((exchange, requests))
    });
    match opened {
        Err(error) => Box::pin(ready(Err(error))),
        Ok((exchange, requests)) => Box::pin(async move {
            let (cx, writing) = (exchange.cx.clone(), exchange.writing::<Res>());
            let (out, slot) = Out::new(cx.clone(), writing);
            let run = Box::pin(cx.scope(handler(cx.clone(), requests, out)));
            out::respond(cx, writing, slot, run).await
        }),
    }
}
