//! Calls the user service from many tasks at one time, and tells what became of every call.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bia::registry::Endpoint;
use bia::{Call, Error, Result, Server, Stop, Streaming};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, Stream, TryStreamExt, stream};
use interop::api::fleet::v1::{
    CreateOrderRequest, GetUserRequest, ListUsersRequest, OrderServiceClient, User,
    UserServiceClient,
};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep, timeout};

use super::report::{Failed, Report};
use super::settings::LoadSettings;

/// How many messages a stream has, and how long it is from one to the next.
const MESSAGES: u32 = 8;
const EVERY: Duration = Duration::from_millis(25);

/// Every so many unary calls one takes its time.
const SLOW: u32 = 8;
const HELD_MS: u32 = 20;

/// A call that takes longer than this is taken for one that never ends.
const HUNG: Duration = Duration::from_secs(60);

const WINDOW: Duration = Duration::from_millis(100);

#[derive(Clone)]
pub(crate) struct Load {
    settings: LoadSettings,
    users: UserServiceClient,
    orders: Option<OrderServiceClient>,
    report: Arc<Mutex<Report>>,
}

/// What a caller calls.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Unary,
    ServerStream,
    ClientStream,
    Bidi,
    Order,
}

impl Load {
    pub(crate) fn new(
        settings: LoadSettings,
        users: UserServiceClient,
        orders: Option<OrderServiceClient>,
    ) -> Self {
        Self { settings, users, orders, report: Arc::default() }
    }

    /// Calls until it is to stop.
    async fn call(self, kind: Kind, stop: Stop) {
        let mut number = 0;
        while !stop.has_begun() {
            number += 1;
            let begun = Instant::now();
            let outcome = timeout(HUNG, self.one(kind, number)).await;
            let outcome = outcome.unwrap_or_else(|_| Err(wrong("it never ended")));
            self.note(kind, begun.elapsed(), outcome);
            // sleeps: the pace of the load.
            sleep(self.settings.pause).await;
        }
    }

    /// Makes one call, and returns who answered.
    async fn one(&self, kind: Kind, number: u32) -> Result<String> {
        match kind {
            Kind::Unary => {
                let user = self.timed(self.users.get_user(request(number))).await?;
                if user.id == number { Ok(user.node) } else { Err(wrong("another one's answer")) }
            }
            Kind::ServerStream => {
                let every_ms = u32::try_from(EVERY.as_millis()).unwrap_or(0);
                let request = ListUsersRequest { count: MESSAGES, every_ms };
                all(self.timed(self.users.list_users(request)).await?).await
            }
            Kind::ClientStream => {
                let count = self.timed(self.users.count_users(requests())).await?;
                if count.count == MESSAGES { Ok(count.node) } else { Err(wrong("lost messages")) }
            }
            Kind::Order => {
                let orders = self.orders.as_ref().ok_or_else(|| wrong("no order service"))?;
                let user = Some(request(number));
                let request = CreateOrderRequest { user, ..CreateOrderRequest::default() };
                let order = self.timed(orders.create_order(request)).await?;
                let user = order.user.filter(|user| user.id == number);
                user.map(|user| user.node).ok_or_else(|| wrong("another one's answer"))
            }
            Kind::Bidi => all(self.timed(self.users.sync_users(requests())).await?).await,
        }
    }

    fn timed<T>(&self, call: Call<T>) -> Call<T> {
        match self.settings.timeout {
            Some(timeout) => call.timeout(timeout),
            None => call,
        }
    }

    fn note(&self, kind: Kind, took: Duration, outcome: Result<String>) {
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let mut report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        report.slowest_ms = report.slowest_ms.max(took_ms);
        match outcome {
            Ok(node) => *report.answered.entry(node).or_default() += 1,
            Err(error) => report.failed.push(Failed {
                operation: format!("{kind:?}"),
                code: error.code(),
                reason: error.reason().to_owned(),
                message: error.message().to_owned(),
                took_ms,
            }),
        }
    }

    /// Writes down what ended since the last time.
    #[expect(clippy::print_stdout, reason = "what the test reads")]
    fn tell(&self, begun: Instant) -> Result<()> {
        let mut report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        report.at_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        println!("{}", serde_json::to_string(&*report).map_err(Error::from_source)?);
        *report = Report::default();
        Ok(())
    }

    async fn run(self, stop: Stop) -> Result<()> {
        let begun = Instant::now();
        let mut callers = JoinSet::new();
        let LoadSettings { unary, streams, orders, .. } = self.settings;
        for (kind, count) in [
            (Kind::Unary, unary),
            (Kind::ServerStream, streams),
            (Kind::ClientStream, streams),
            (Kind::Bidi, streams),
            (Kind::Order, orders),
        ] {
            for _ in 0..count {
                callers.spawn(self.clone().call(kind, stop.clone()));
            }
        }
        callers.spawn({
            // One that calls nobody is only connected.
            let stop = stop.clone();
            async move { stop.begun().await }
        });
        let mut ticks = interval(WINDOW);
        let ended = async { while callers.join_next().await.is_some() {} };
        tokio::pin!(ended);
        loop {
            tokio::select! {
                () = &mut ended => return self.tell(begun),
                () = stop.cut_off() => return self.tell(begun),
                _ = ticks.tick() => self.tell(begun)?,
            }
            if begun.elapsed() > self.settings.limit {
                // The test has forgotten us.
                stop.begin();
            }
        }
    }
}

fn request(id: u32) -> GetUserRequest {
    let hold_ms = if id.is_multiple_of(SLOW) { HELD_MS } else { 0 };
    GetUserRequest { id, hold_ms, failure: None }
}

/// Reads a stream to its end: who answered, if it was the whole.
async fn all(users: Streaming<User>) -> Result<String> {
    let users: Vec<User> = users.try_collect().await?;
    let is_whole = users.iter().map(|user| user.id).eq(0..MESSAGES);
    let node = users.into_iter().next().map(|user| user.node);
    node.filter(|_| is_whole).ok_or_else(|| wrong("lost messages"))
}

/// The messages of a stream, one after the other.
fn requests() -> impl Stream<Item = GetUserRequest> + Send {
    stream::unfold(0, |id| async move {
        if id > 0 {
            // sleeps: a stream that takes its time.
            sleep(EVERY).await;
        }
        (id < MESSAGES).then(|| (GetUserRequest { id, ..GetUserRequest::default() }, id + 1))
    })
}

fn wrong(what: &'static str) -> Error {
    Error::internal("NOT_AS_EXPECTED", what)
}

impl Server for Load {
    fn name(&self) -> &str {
        "load"
    }

    fn bind(&mut self) -> BoxFuture<'_, Result<Vec<Endpoint>>> {
        async { Ok(Vec::new()) }.boxed()
    }

    fn serve(self: Box<Self>, stop: Stop) -> BoxFuture<'static, Result<()>> {
        self.run(stop).boxed()
    }
}
