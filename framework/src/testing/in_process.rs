use std::sync::{Mutex, PoisonError};

use tokio::io::duplex;
use tokio::task::JoinSet;

use crate::client::Channel;
use crate::context::Peer;
use crate::dispatch::Service;
use crate::error::Result;
use crate::rules::{AuthSetting, OperationSettings, Rules};
use crate::server::Stop;
use crate::telemetry::Telemetry;
use crate::transport::api::pipeline;
use crate::transport::connection::serve_io;
use crate::transport::{InForce, ServerSettings};

/// What may lie in a pipe between the two ends, in bytes.
pub(super) const PIPE: usize = 64 * 1024;

/// A channel to a service inside the process: no socket, but everything else as it is, both ends'
/// pipelines and the wire between them.
///
/// For tests of a service's handlers as a caller sees them. The service lives as long as the channel.
///
/// ```
/// # use bia::__codegen::{Facts, Handler, Reply, ServerCall};
/// # use bia::{Kind, Operation, Service};
/// # static GREET: Operation = Operation::new("/greet.v1.Greeter/Greet", Kind::Unary);
/// # static FACTS: Facts = Facts::new("greet.v1.Greeter", &[&GREET], &[]);
/// # struct Greeter;
/// # impl Handler for Greeter {
/// #     fn call(&self, _: usize, call: ServerCall) -> Reply {
/// #         call.unary(|_, name: String| async move { Ok(format!("hello {name}")) })
/// #     }
/// # }
/// # fn greeter(_: Greeter) -> Service { Service::new(&FACTS, Greeter) }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> bia::Result<()> {
/// let channel = bia::testing::in_process(greeter(Greeter))?;
/// // A generated client would stand on it: GreeterClient::new(channel).
/// let greeting: String = channel.unary(&GREET, "world".to_owned()).await?;
/// assert_eq!(greeting, "hello world");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Outside of a tokio runtime.
pub fn in_process(service: Service) -> Result<Channel> {
    let in_force = InForce::new(ServerSettings::default())?;
    // There is nobody to be asked who calls: it is the handlers that are tested.
    let open = OperationSettings { auth: Some(AuthSetting::Open), ..Default::default() };
    in_force.rules().set(Rules::new(&[("*".to_owned(), open)].into()));
    let pipeline = pipeline(&in_force, vec![service], &[], Telemetry::off())?;
    // Dropped with the channel, which ends what is in it.
    let served = Mutex::new(JoinSet::new());
    Channel::builder("in-process:0")
        .connect_with(move |_| {
            let (near, far) = duplex(PIPE);
            let mut served = served.lock().unwrap_or_else(PoisonError::into_inner);
            while served.try_join_next().is_some() {}
            let (pipeline, settings) = (pipeline.clone(), in_force.settings().full());
            served.spawn(serve_io(far, pipeline, settings, Peer::default(), Stop::new()));
            std::future::ready(Ok(near))
        })
        .build()
}
