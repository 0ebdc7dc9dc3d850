//! Asks a service what it can do: gRPC server reflection, v1, else v1alpha.

mod gather;
mod talk;
mod wire;

use std::time::Duration;

use bia::{Channel, Code};
use prost_reflect::DescriptorPool;

use crate::error::{Error, Result};

use self::gather::Gathered;
use self::talk::{Talk, V1, V1ALPHA};

/// How long a service may take to tell all.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a service tells of itself.
#[derive(Clone, Debug)]
pub(crate) struct Reflection {
    /// All that it has, options that are extensions too.
    pub(crate) pool: DescriptorPool,
    /// The full names of its services, in its order; reflection itself is not among them.
    pub(crate) services: Vec<String>,
    /// Those of its services of which it tells nothing but the name.
    pub(crate) untold: Vec<String>,
}

/// Asks what the service behind `channel` can do, with metadata `headers`.
///
/// # Errors
///
/// It has no reflection, with what to do then; it cannot be reached, does not answer in time, or
/// sends what makes no sense.
pub(crate) async fn reflect(channel: &Channel, headers: &[(String, String)]) -> Result<Reflection> {
    let target = channel.target();
    let told = tokio::time::timeout(PATIENCE, ask(channel, headers)).await;
    let told = told.map_err(|_elapsed| {
        Error::new(format!("{target} did not tell what it can do within {PATIENCE:?}"))
            .with_hint("name its protos with --proto FILE")
    })?;
    match told {
        Ok(gathered) => gathered.into_reflection(&target),
        Err(error) if error.grpc_code() == Code::Unimplemented => {
            Err(Error::new(format!("{target} has no reflection: it does not tell what it can do"))
                .with_hint("name its protos with --proto FILE"))
        }
        Err(error) => Err(Error::new(format!(
            "cannot ask {target} what it can do: {}",
            super::registry::whole(&error)
        ))
        .with_hint(hint(&error, channel))),
    }
}

fn hint(error: &bia::Error, channel: &Channel) -> &'static str {
    let nodes = channel.state().nodes;
    match error.grpc_code() {
        Code::Unavailable if !nodes.is_empty() && nodes.iter().all(|node| node.lane.is_some()) => {
            "all are in lanes: say which with --lane NAME; `bia services` tells who is in which"
        }
        Code::Unavailable => trust(error).unwrap_or(
            "does it run, is that its port for calls, and does it speak TLS (grpcs://)? \
             `bia services` tells who is there",
        ),
        Code::Unauthenticated | Code::PermissionDenied => {
            "show who you are with -H 'authorization: Bearer …', or name its protos with --proto FILE"
        }
        _ => "name its protos with --proto FILE",
    }
}

/// What to do where one of the two does not trust the other.
pub(crate) fn trust(error: &bia::Error) -> Option<&'static str> {
    let has = |words: &[&str]| words.iter().any(|word| error.message().contains(word));
    if has(&["alert: CertificateRequired", "alert: UnknownCA", "alert: DecryptError"]) {
        Some("it asks who calls: show a certificate that it trusts with --cert FILE --key FILE")
    } else if has(&["UnknownIssuer"]) {
        Some("nobody that we trust vouches for it: name who does with --ca FILE")
    } else if has(&["not valid for name", "NotValidForName"]) {
        Some("its certificate is of another name: say of which with --server-name NAME")
    } else {
        None
    }
}

/// Some servers have only the older version, of which the newer one is a copy under another name.
async fn ask(channel: &Channel, headers: &[(String, String)]) -> bia::Result<Gathered> {
    match Gathered::by(Talk::new(channel, &V1, headers)).await {
        Err(error) if error.grpc_code() == Code::Unimplemented => {
            Gathered::by(Talk::new(channel, &V1ALPHA, headers)).await
        }
        told => told,
    }
}
