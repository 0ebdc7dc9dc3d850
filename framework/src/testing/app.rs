use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::app::{App, Exit, Started};
use crate::client::Channel;
use crate::error::{Error, Result};

/// An app that runs while a test does.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), bia::Exit> {
/// use bia::testing::TestApp;
///
/// let config = bia::Config::<()>::for_test("")?;
/// let app = bia::App::new("user-service", "1.0.0", &config)?;
/// app.check("database", || async { Ok(()) });
///
/// let app = TestApp::spawn(app).await?;
/// println!("its pages are at http://{}/healthz", app.admin_address().unwrap());
/// app.stop().await
/// # }
/// ```
///
/// Dropping it ends the app without any order, as killing the process would.
pub struct TestApp {
    started: Started,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<Result<(), Exit>>,
}

impl TestApp {
    /// Starts an app and waits until it is up: it serves, is ready and registered (or the first
    /// attempt to register has failed), and its own steps of the start are done.
    ///
    /// # Errors
    ///
    /// If it does not come up: what [`App::run`] would have returned.
    pub async fn spawn(app: App) -> Result<Self, Exit> {
        let (stop, stopped) = oneshot::channel::<()>();
        let (up, started) = oneshot::channel();
        let stopped = async {
            if stopped.await.is_err() {
                // Dropped: the task is aborted, nobody asks to stop in order.
                std::future::pending::<()>().await;
            }
        };
        let mut task = tokio::spawn(app.run_telling(stopped, Some(up)));
        match started.await {
            Ok(started) => Ok(Self { started, stop: Some(stop), task }),
            Err(_ended) => match ended(&mut task).await {
                Ok(()) => Err(Exit::failure("the app ended before it was up")),
                Err(exit) => Err(exit),
            },
        }
    }

    /// Where calls come in by, as a client in the test reaches it.
    ///
    /// `None` if the app serves nothing.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.address_of("api")
    }

    /// Where the pages for operators are.
    ///
    /// `None` if they are switched off.
    #[must_use]
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.address_of("admin")
    }

    /// Where a server of this name can be reached.
    #[must_use]
    pub fn address_of(&self, server: &str) -> Option<SocketAddr> {
        let (_, endpoints) = self.started.bound.iter().find(|(name, _)| name == server)?;
        let endpoint = endpoints.first()?;
        let host: IpAddr = endpoint.host().parse().ok()?;
        let host = if host.is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { host };
        Some(SocketAddr::new(host, endpoint.port()))
    }

    /// A channel to where calls come in by, with the default settings.
    ///
    /// # Errors
    ///
    /// If the app serves nothing.
    pub fn channel(&self) -> Result<Channel> {
        let address = self.address().ok_or_else(|| {
            Error::not_found("NOTHING_SERVED", "the app serves nothing: give it a service")
        })?;
        Channel::builder(address.to_string()).build()
    }

    /// Stops the app in order and waits until it has.
    ///
    /// # Errors
    ///
    /// What [`App::run`] would have returned.
    pub async fn stop(mut self) -> Result<(), Exit> {
        self.begin_stop();
        ended(&mut self.task).await
    }

    /// Asks the app to stop in order and does not wait.
    pub fn begin_stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // It may have ended by itself.
            stop.send(()).ok();
        }
    }

    /// Waits until the app ends, by itself or because it was asked to.
    ///
    /// # Errors
    ///
    /// What [`App::run`] would have returned.
    pub async fn ended(mut self) -> Result<(), Exit> {
        ended(&mut self.task).await
    }
}

async fn ended(task: &mut JoinHandle<Result<(), Exit>>) -> Result<(), Exit> {
    match task.await {
        Ok(outcome) => outcome,
        Err(error) => {
            Err(Error::internal("APP_PANICKED", "the app panicked").with_source(error).into())
        }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for TestApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestApp").field("bound", &self.started.bound).finish_non_exhaustive()
    }
}
