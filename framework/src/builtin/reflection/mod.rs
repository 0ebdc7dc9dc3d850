//! `grpc.reflection`, v1 and v1alpha: what tools ask to know the methods and messages of an app.
//!
//! The two versions differ in their names only: the answers of one are those of the other, byte for
//! byte.

mod index;

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::stream::{Stream, StreamExt};
use prost::Message;

use crate::context::Context;
use crate::dispatch::Service;
use crate::error::{Code, Error, Result};
use crate::pb::grpc::reflection::v1::server_reflection_request::MessageRequest;
use crate::pb::grpc::reflection::v1::server_reflection_response::MessageResponse;
use crate::pb::grpc::reflection::v1::{
    ErrorResponse, ExtensionNumberResponse, FileDescriptorResponse, ListServiceResponse,
    ServerReflectionRequest, ServerReflectionResponse, ServiceResponse,
};
use crate::pb::grpc::reflection::v1alpha;
use crate::server::Stop;
use crate::wire::Streaming;

use super::generated::grpc::reflection as generated;

use self::index::Index;

/// Makes both versions of the service, for an app that serves `services` beside them.
pub(super) fn services<'a>(
    services: impl Iterator<Item = &'a Service>,
    stop: &Stop,
) -> [Service; 2] {
    let mut index = Index::default();
    // What stands in an error is named by its type alone.
    index.add_files("google.rpc", include_bytes!("../../pb/generated/google.rpc.bin"));
    for service in services {
        index.add(service.name(), service.descriptors());
    }
    // Each knows of the other, and of itself: its facts are known before it is made of the index.
    let facts = || Answers { index: Arc::default(), stop: Stop::new() };
    for own in
        [generated::v1::server_reflection(facts()), generated::v1alpha::server_reflection(facts())]
    {
        index.add(own.name(), own.descriptors());
    }
    let answers = Answers { index: Arc::new(index), stop: stop.clone() };
    [
        generated::v1::server_reflection(answers.clone()),
        generated::v1alpha::server_reflection(answers),
    ]
}

#[derive(Clone)]
struct Answers {
    index: Arc<Index>,
    stop: Stop,
}

impl generated::v1::ServerReflection for Answers {
    async fn server_reflection_info(
        &self,
        _: &Context,
        requests: Streaming<ServerReflectionRequest>,
    ) -> Result<impl Stream<Item = Result<ServerReflectionResponse>> + Send> {
        let mut sent = HashSet::new();
        let stop = self.stop.clone();
        let answers = requests.map(move |request| Ok(answer(&self.index, request?, &mut sent)));
        Ok(answers.take_until(async move { stop.begun().await }))
    }
}

impl generated::v1alpha::ServerReflection for Answers {
    async fn server_reflection_info(
        &self,
        _: &Context,
        requests: Streaming<v1alpha::ServerReflectionRequest>,
    ) -> Result<impl Stream<Item = Result<v1alpha::ServerReflectionResponse>> + Send> {
        let mut sent = HashSet::new();
        let stop = self.stop.clone();
        let answers = requests.map(move |request| {
            let request = recast(&request?)?;
            recast(&answer(&self.index, request, &mut sent))
        });
        Ok(answers.take_until(async move { stop.begun().await }))
    }
}

/// A message of one version as one of the other.
fn recast<To: Message + Default>(message: &impl Message) -> Result<To> {
    To::decode(message.encode_to_vec().as_slice()).map_err(Error::from_source)
}

/// Answers one request. `sent` are the files that this stream has sent already as dependencies.
fn answer(
    index: &Index,
    request: ServerReflectionRequest,
    sent: &mut HashSet<usize>,
) -> ServerReflectionResponse {
    let file = |found: Option<usize>, what: &str, sent: &mut HashSet<usize>| match found {
        Some(file) => MessageResponse::FileDescriptorResponse(FileDescriptorResponse {
            file_descriptor_proto: index.with_dependencies(file, sent),
        }),
        None => refusal(Code::NotFound, format!("there is no {what} here")),
    };
    let response = match &request.message_request {
        None => refusal(Code::InvalidArgument, "the request asks for nothing".to_owned()),
        Some(MessageRequest::FileByFilename(name)) => {
            file(index.file(name), &format!("file {name}"), sent)
        }
        Some(MessageRequest::FileContainingSymbol(symbol)) => {
            file(index.symbol(symbol), &format!("symbol {symbol}"), sent)
        }
        Some(MessageRequest::FileContainingExtension(extension)) => {
            let (of, number) = (&extension.containing_type, extension.extension_number);
            file(index.extension(of, number), &format!("extension {number} of {of}"), sent)
        }
        Some(MessageRequest::AllExtensionNumbersOfType(name)) => match index.extensions(name) {
            Some(numbers) => {
                MessageResponse::AllExtensionNumbersResponse(ExtensionNumberResponse {
                    base_type_name: name.clone(),
                    extension_number: numbers,
                })
            }
            None => refusal(Code::NotFound, format!("there is no message {name} here")),
        },
        Some(MessageRequest::ListServices(_)) => {
            let service = index.services().map(|name| ServiceResponse { name: name.to_owned() });
            MessageResponse::ListServicesResponse(ListServiceResponse {
                service: service.collect(),
            })
        }
    };
    ServerReflectionResponse {
        valid_host: request.host.clone(),
        original_request: Some(request),
        message_response: Some(response),
    }
}

/// What is not found is told in the stream, which goes on.
fn refusal(code: Code, message: String) -> MessageResponse {
    MessageResponse::ErrorResponse(ErrorResponse {
        error_code: code.number().into(),
        error_message: message,
    })
}

#[cfg(test)]
mod tests;
