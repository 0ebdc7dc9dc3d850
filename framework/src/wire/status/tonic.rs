//! `tonic::Status` to and from our errors, for users who bring tonic along.

use prost::Message;
use tonic::Code as Theirs;

use crate::error::{Code, Error};

use super::{Status, details, shortened, told};

/// Keeps code, message, reason, metadata and details. What else the status holds stays behind as the source.
impl From<tonic::Status> for Error {
    fn from(status: tonic::Status) -> Self {
        let code = Code::from_number(i64::from(i32::from(status.code())));
        // A success is no error; whoever makes one of it has lost what went wrong.
        let code = if code == Code::Ok { Code::Unknown } else { code };
        let decoded = Status::decode(status.details()).ok();
        told(code, status.message().to_owned(), decoded).with_source(status)
    }
}

/// Keeps all four fields and the details, cut to what clients take; the source is left out, as on every way out of the process.
impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        let code = error.grpc_code();
        let message = shortened(error.message()).into_owned();
        let details = details(&error, code, &message);
        let details = details.map_or_else(Vec::new, |status| status.encode_to_vec());
        Self::with_details(Theirs::from(i32::from(code.number())), message, details.into())
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn an_error_goes_through_a_status_of_tonic_unharmed() {
        for code in [404, 418, 402, 503] {
            let error = Error::new(code, "REASON", "what a person is told").with("id", "7");
            let back = Error::from(tonic::Status::from(error));
            assert_eq!(back, Error::new(code, "REASON", "what a person is told").with("id", "7"));
        }
    }

    #[test]
    fn a_status_that_only_grpc_can_say_stays_what_it_is() {
        let error = Error::from(tonic::Status::data_loss("gone"));
        assert_eq!((error.grpc_code(), error.message()), (Code::DataLoss, "gone"));
        assert!(error.source().is_some());
    }

    #[test]
    fn a_source_does_not_go_into_a_status() {
        let error =
            Error::internal("DB", "cannot save").with_source(std::io::Error::other("secret"));
        assert!(!format!("{:?}", tonic::Status::from(error)).contains("secret"));
    }
}
