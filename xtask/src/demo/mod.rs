//! `cargo xtask demo`: two services that find each other, on a machine that has nothing but Rust.

mod service;

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use self::service::{Ports, Service};
use crate::error::{About as _, Error, Result};
use crate::exec::{cargo, run};
use crate::net::{LOOPBACK, free_ports, is_free};
use crate::root::{Cache, repository, target};
use crate::servers::{self, Own, PARTS};
use crate::ui;
use crate::wait::{self, Stopwatch};

/// Where the services listen when nobody asked for free ports: their API, then admin.
const USER_PORTS: Ports = Ports { api: 8000, admin: 8001 };
const ORDER_PORTS: Ports = Ports { api: 8100, admin: 8101 };

/// What the person asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wishes {
    /// End after the calls, and listen on free ports so that nothing on this machine is in the way.
    once: bool,
    /// Through a real Consul.
    consul: bool,
}

impl Wishes {
    fn read(arguments: &[&str]) -> Result<Self> {
        let mut wishes = Self { once: false, consul: false };
        for argument in arguments {
            match *argument {
                "--once" => wishes.once = true,
                "--consul" => wishes.consul = true,
                other => {
                    let usage = "cargo xtask demo [--once] [--consul]";
                    return Err(Error::usage(format!(
                        "`{other}` is no flag of the demo\n\n{usage}"
                    )));
                }
            }
        }
        Ok(wishes)
    }
}

/// Builds the services and the client that calls them.
///
/// # Errors
///
/// They do not build.
pub(crate) fn build() -> Result<()> {
    let packages =
        ["--package", "user-service", "--package", "order-service", "--package", "demo-client"];
    run(cargo().arg("build").args(packages))
}

/// # Errors
///
/// The services do not build, do not get ready, do not answer as they should, or do not stop with 0.
pub(crate) fn main(arguments: &[&str]) -> Result<()> {
    let wishes = Wishes::read(arguments)?;
    let interrupted = listen_for_signals()?;
    let (user_ports, order_ports) = ports(wishes)?;
    ui::say("building user-service, order-service and the client that calls them");
    build()?;

    let watch = Stopwatch::start();
    let place = Place::make()?;
    let registry = Registry::start(wishes, &place)?;
    ui::out(format_args!("registry       {}", registry.words));
    // One after the other: order-service finds user-service with the first look at the registry, and
    // the calls below do not have to wait for the next.
    let ready = |name, ports| -> Result<Service> {
        let mut service = Service::start(name, ports, &place.folder, &registry.settings)?;
        service.until_ready(&interrupted)?;
        ui::out(service.addresses());
        Ok(service)
    };
    let mut services = [ready("user-service", user_ports)?, ready("order-service", order_ports)?];

    let mut client = Command::new(target("debug/demo-client"));
    client.current_dir(repository().join("examples/demo-client"));
    client.args(registry.settings.iter().flat_map(|setting| ["--set", setting]));
    ui::out("");
    let called = run(&mut client);
    if called.is_ok() {
        ui::say(format_args!("\nall calls done, {} after the start", watch.text()));
    }
    if called.is_ok() && !wishes.once {
        ui::say("both services run until Ctrl-C; their logs are in");
        ui::say(format_args!("  {}", place.folder.display()));
        let page = format!("http://127.0.0.1:{}", user_ports.api);
        ui::say(format_args!("try `curl {page}/v1/users`, or open {page}/docs"));
        until_over(&mut services, &interrupted)?;
    }
    // The one that calls goes first, so that it never misses the other.
    let [mut users, mut orders] = services;
    interrupted.store(false, Ordering::Relaxed);
    let stopped = [orders.stop(&interrupted), users.stop(&interrupted)];
    let failures = [called].into_iter().chain(stopped).filter_map(Result::err);
    if let Some(first) = failures.into_iter().next() {
        return Err(first.with_hint(place.keep()));
    }
    Ok(())
}

fn ports(wishes: Wishes) -> Result<(Ports, Ports)> {
    if wishes.once {
        let free = free_ports(4, &[LOOPBACK])?;
        return match free.as_slice() {
            [a, b, c, d] => Ok((Ports { api: *a, admin: *b }, Ports { api: *c, admin: *d })),
            _ => Err(Error::new("there are not four free ports")),
        };
    }
    for port in [USER_PORTS.api, USER_PORTS.admin, ORDER_PORTS.api, ORDER_PORTS.admin] {
        if !is_free(port) {
            return Err(Error::new(format!("port {port} is taken by another program")).with_hint(
                "stop that program, or use `cargo xtask demo --once`, which takes free ports",
            ));
        }
    }
    Ok((USER_PORTS, ORDER_PORTS))
}

/// Turns Ctrl-C and its like into a flag: the services must be stopped in order before we end.
fn listen_for_signals() -> Result<Arc<AtomicBool>> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&flag))
            .about(|| "listen for Ctrl-C".to_owned())?;
    }
    Ok(flag)
}

fn until_over(services: &mut [Service], interrupted: &AtomicBool) -> Result<()> {
    // A year: whoever leaves a demo running for longer has found another use for it.
    let limit = std::time::Duration::from_secs(365 * 24 * 3600);
    let mut ended = None;
    wait::until(limit, || {
        ended = services.iter_mut().find_map(Service::ended);
        ended.is_some() || interrupted.load(Ordering::Relaxed)
    });
    ended.map_or(Ok(()), |message| Err(Error::new(message)))
}

/// The folder of one demo: databases, logs, and the leases of the local registry.
struct Place {
    folder: PathBuf,
    is_kept: std::cell::Cell<bool>,
}

impl Place {
    fn make() -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("bia-demo-{}", std::process::id()));
        crate::root::empty_folder(&folder)?;
        Ok(Self { folder, is_kept: std::cell::Cell::new(false) })
    }

    /// Leaves the folder for whoever looks for the reason of a failure.
    fn keep(&self) -> String {
        self.is_kept.set(true);
        format!("the logs are in {}", self.folder.display())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.is_kept.get() && std::fs::remove_dir_all(&self.folder).is_err() {
            ui::say(format_args!("warning: {} stays", self.folder.display()));
        }
    }
}

/// Where the services find each other; a Consul that was started for the demo ends with it.
struct Registry {
    words: String,
    /// As `KEY=VALUE`, for the services and the client alike.
    settings: Vec<String>,
    _consul: Option<Own>,
}

impl Registry {
    fn start(wishes: Wishes, place: &Place) -> Result<Self> {
        if !wishes.consul {
            let path = place.folder.join("registry");
            let settings = vec![
                "registry.kind=local".to_owned(),
                format!("registry.local.path={}", path.display()),
            ];
            return Ok(Self {
                words: format!("local, {}", path.display()),
                settings,
                _consul: None,
            });
        }
        let cache = Cache::open()?;
        let parts: Vec<_> = PARTS.iter().filter(|part| part.name == "consul").collect();
        if let Some(missing) = servers::install(&cache, &parts)?.pop() {
            return Err(Error::new(missing.why));
        }
        let consul = Own::start(&cache, "consul")?;
        let address = consul.variables().iter().find(|(key, _)| key == "BIA_CONSUL_ADDRESS");
        let address = address.map(|(_, value)| value.clone()).unwrap_or_default();
        let settings =
            vec!["registry.kind=consul".to_owned(), format!("registry.consul.address={address}")];
        Ok(Self { words: format!("Consul, {address}"), settings, _consul: Some(consul) })
    }
}

#[cfg(test)]
mod tests {
    use super::Wishes;

    #[test]
    fn flags_are_read_in_any_order_and_others_refused() {
        let read = |arguments: &[&str]| Wishes::read(arguments).map_err(|error| error.to_string());
        assert_eq!(read(&["--consul", "--once"]), Ok(Wishes { once: true, consul: true }));
        assert_eq!(read(&[]), Ok(Wishes { once: false, consul: false }));
        assert!(read(&["--twice"]).is_err_and(|text| text.starts_with("`--twice` is no flag")));
    }
}
