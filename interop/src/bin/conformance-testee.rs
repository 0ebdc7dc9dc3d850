//! What protobuf's own conformance runner asks: reads a message in one format and writes it in another.

use std::io::{self, Read, Write};

use bia::json::{self, Defaults, Json, Options, Types, Unknown};
use bia::prost::Message;
use interop::keeping::conformance::conformance_request::Payload;
use interop::keeping::conformance::conformance_response::Result as Outcome;
use interop::keeping::conformance::{
    ConformanceRequest, ConformanceResponse, FailureSet, TestCategory, WireFormat,
};
use interop::keeping::protobuf_test_messages::{proto2, proto3};

fn main() -> io::Result<()> {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let mut length = [0; 4];
    // The runner closes the pipe when it is done.
    while input.read_exact(&mut length).is_ok() {
        let length = usize::try_from(u32::from_le_bytes(length)).map_err(io::Error::other)?;
        let mut request = vec![0; length];
        input.read_exact(&mut request)?;
        let request = ConformanceRequest::decode(&request[..]).map_err(io::Error::other)?;
        let response = ConformanceResponse { result: Some(answer(&request)), ..Default::default() };
        let response = response.encode_to_vec();
        let length = u32::try_from(response.len()).map_err(io::Error::other)?;
        output.write_all(&length.to_le_bytes())?;
        output.write_all(&response)?;
        output.flush()?;
    }
    Ok(())
}

fn answer(request: &ConformanceRequest) -> Outcome {
    match request.message_type.as_str() {
        "conformance.FailureSet" => Outcome::ProtobufPayload(FailureSet::default().encode_to_vec()),
        "protobuf_test_messages.proto3.TestAllTypesProto3" => {
            convert::<proto3::TestAllTypesProto3>(request)
        }
        "protobuf_test_messages.proto2.TestAllTypesProto2" => {
            convert::<proto2::TestAllTypesProto2>(request)
        }
        // Editions are refused by the generator, with a remedy.
        other => Outcome::Skipped(format!("no {other} here")),
    }
}

fn convert<M: Message + Default + Json>(request: &ConformanceRequest) -> Outcome {
    let unknown = match request.test_category() {
        TestCategory::JsonIgnoreUnknownParsingTest => Unknown::Ignored,
        _ => Unknown::Refused,
    };
    let options = Options::new()
        .with_defaults(Defaults::Omitted)
        .with_unknown(unknown)
        .with_types(Types::new(&[proto2::TYPES, proto3::TYPES]));
    let message = match &request.payload {
        Some(Payload::ProtobufPayload(bytes)) => {
            M::decode(&bytes[..]).map_err(|error| error.to_string())
        }
        Some(Payload::JsonPayload(text)) => {
            json::from_slice::<M>(text.as_bytes(), &options).map_err(|error| error.to_string())
        }
        _ => return Outcome::Skipped("neither binary nor JSON".to_owned()),
    };
    let message = match message {
        Ok(message) => message,
        Err(error) => return Outcome::ParseError(error),
    };
    match request.requested_output_format() {
        WireFormat::Protobuf => Outcome::ProtobufPayload(message.encode_to_vec()),
        WireFormat::Json => match json::to_string(&message, &options) {
            Ok(text) => Outcome::JsonPayload(text),
            Err(error) => Outcome::SerializeError(error.to_string()),
        },
        _ => Outcome::Skipped("neither binary nor JSON".to_owned()),
    }
}
