//! A channel to where a service is.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use bia::app::Settings;
use bia::balance::{Balancer, LeastCost, Node, Pick};
use bia::registry::{Endpoint, Listed};
use bia::{Channel, ClientSettings};

use crate::error::{Error, Result};
use crate::shell::Shell;

use super::arguments::{Dial, Whereabouts};
use super::place::Place;
use super::registries::Found;
use super::registry::{Registry, whole};

/// What is read of one answer at most, in bytes: more than a service takes, for who looks at it.
const LARGEST: usize = 64 << 20;

/// The way to a service.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) channel: Channel,
    /// Where its name was found, if it was called by one.
    pub(crate) registry: Option<Registry>,
    /// The lanes that it has instances in; none if it is an instance or an address that is called.
    lanes: Option<BTreeSet<String>>,
    last: Arc<Mutex<Option<Picked>>>,
}

impl Connection {
    /// Says so if the last call was in a lane and went to somebody who is not.
    pub(crate) fn tell_of_lane(&self, dial: &Dial, place: &Place, shell: &Shell) {
        let (Some(lane), Some(lanes)) = (&dial.lane, &self.lanes) else { return };
        let Place::Service(service) = place else { return };
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(Picked { told, .. }) = last.filter(|it| it.lane.as_ref() != Some(lane)) else {
            return;
        };
        let is_there = if lanes.contains(lane) { "can be reached" } else { "is there" };
        let others: Vec<_> = lanes.iter().filter(|it| *it != lane).map(String::as_str).collect();
        let others = match others.as_slice() {
            [] => String::new(),
            others => format!("; it has instances in {}", others.join(", ")),
        };
        shell.warn(format_args!(
            "no instance of `{service}` in the lane `{lane}` {is_there}: the call went to {told}, which is in none{others}"
        ));
    }

    /// The node that the last call went to, with its instance's id where it has one.
    pub(crate) fn node(&self) -> Option<String> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().map(|picked| picked.told.clone())
    }
}

/// A node that a call went to.
#[derive(Clone, Debug)]
struct Picked {
    told: String,
    lane: Option<String>,
}

/// Makes a channel to `place`. Whether anybody answers there, calls tell.
///
/// # Errors
///
/// No registry can be asked or knows the name, with the names that they know; nobody there speaks gRPC;
/// a certificate that cannot be used.
pub(crate) async fn connect(
    place: &Place,
    whereabouts: &Whereabouts,
    dial: &Dial,
    shell: &Shell,
) -> Result<Connection> {
    let mut settings = Settings::default().client;
    settings.max_message_size = LARGEST;
    settings.tls.ca.clone_from(&dial.ca);
    settings.tls.certificate.clone_from(&dial.cert);
    settings.tls.key.clone_from(&dial.key);
    settings.tls.server_name.clone_from(&dial.server_name);
    settings.tls.enabled = dial.tls || settings.tls.is_on();
    let (mut through, mut lanes) = (None, None);
    let builder = match (place, &dial.instance) {
        (Place::Address(endpoint), None) => {
            settings.tls.enabled |= endpoint.scheme() == "grpcs";
            at_address(endpoint, &mut settings)
        }
        (Place::Address(endpoint), Some(_)) => {
            return Err(Error::usage(format!(
                "--instance picks one of a service's instances, and {} is one",
                endpoint.authority()
            )));
        }
        (Place::Service(service), instance) => {
            let is_meant = |it: &Listed| match instance {
                Some(instance) => is_called(it, instance),
                None => it.fault.is_none(),
            };
            let registries = whereabouts.registries()?;
            let Found { registry, listed } = registries.find(service, is_meant, shell).await?;
            let fit = fit(service, &listed)?;
            let found = registry.discovery();
            through = Some(registry);
            match instance {
                Some(instance) => {
                    let one = one_of(&listed, instance, service)?;
                    settings.tls.enabled |= speaks_only_tls(&[one]);
                    let scheme = if settings.tls.enabled { "grpcs" } else { "grpc" };
                    let endpoint = one.instance.endpoint(scheme);
                    let endpoint = endpoint.ok_or_else(|| no_grpc(service, &[one]))?;
                    settings.tls.server_name.get_or_insert_with(|| service.clone());
                    at_address(endpoint, &mut settings)
                }
                None => {
                    lanes = Some(
                        fit.iter().filter_map(|it| it.instance.lane()).map(str::to_owned).collect(),
                    );
                    settings.tls.enabled |= speaks_only_tls(&fit);
                    Channel::builder(format!("discovery:///{service}")).discovery(found)
                }
            }
        }
    };
    let last = Arc::default();
    let noting = Noting { last: Arc::clone(&last), inner: LeastCost };
    let builder = builder.settings(settings).balancer(Arc::new(noting));
    let channel = builder.build().map_err(|error| unusable(&error))?;
    Ok(Connection { channel, registry: through, lanes, last })
}

/// What cannot be used, by the names that it has on a command line.
fn unusable(error: &bia::Error) -> Error {
    let names = [
        ("client.tls.ca ", "--ca "),
        ("client.tls.certificate ", "--cert "),
        ("client.tls.key ", "--key "),
    ];
    let what = names.iter().fold(whole(error), |told, (setting, flag)| told.replace(setting, flag));
    Error::new(what)
}

/// Whoever names an address wants an answer of it, also if it says that it does not serve.
fn at_address(endpoint: &Endpoint, settings: &mut ClientSettings) -> bia::client::ChannelBuilder {
    settings.health_check = false;
    if !settings.tls.enabled {
        // A name is only looked at where there is TLS, and would switch it on.
        settings.tls.server_name = None;
    }
    Channel::builder(format!("direct:///{}", endpoint.authority()))
}

/// Those of `listed` that calls go to: at least one, and all of them speak gRPC.
fn fit<'a>(service: &str, listed: &'a [Listed]) -> Result<Vec<&'a Listed>> {
    let fit: Vec<&Listed> = listed.iter().filter(|it| it.fault.is_none()).collect();
    if fit.is_empty() {
        let faults = listed
            .iter()
            .filter_map(|it| Some(format!("\n  {}: {}", it.instance.id, it.fault.as_ref()?)));
        return Err(Error::new(format!(
            "no instance of `{service}` is fit to be called:{}",
            faults.collect::<String>()
        ))
        .with_hint("one of them can be called all the same: --instance ID"));
    }
    let speaks =
        |it: &&Listed| ["grpc", "grpcs"].iter().any(|it2| it.instance.endpoint(it2).is_some());
    if !fit.iter().any(speaks) {
        return Err(no_grpc(service, &fit));
    }
    Ok(fit)
}

/// Whether gRPC is there with TLS alone.
fn speaks_only_tls(listed: &[&Listed]) -> bool {
    let has = |scheme: &str| listed.iter().any(|it| it.instance.endpoint(scheme).is_some());
    has("grpcs") && !has("grpc")
}

/// Whether an instance may be meant by `wanted`: its id, the beginning of it, or where it is.
fn is_called(listed: &Listed, wanted: &str) -> bool {
    let is_at = |it: &Endpoint| it.authority() == wanted;
    listed.instance.id.starts_with(wanted) || listed.instance.endpoints.iter().any(is_at)
}

fn one_of<'a>(listed: &'a [Listed], wanted: &str, service: &str) -> Result<&'a Listed> {
    let is_at = |it: &&Listed| it.instance.endpoints.iter().any(|at| at.authority() == wanted);
    let whole =
        listed.iter().find(|it| it.instance.id == wanted).or_else(|| listed.iter().find(is_at));
    if let Some(one) = whole {
        return Ok(one);
    }
    let begins: Vec<_> = listed.iter().filter(|it| it.instance.id.starts_with(wanted)).collect();
    if let [one] = begins[..] {
        return Ok(one);
    }
    let all = listed.iter().map(|it| {
        let at = it.instance.endpoint("grpc").or_else(|| it.instance.endpoints.first());
        let at = at.map(|at| format!(" at {}", at.authority())).unwrap_or_default();
        format!("{}{at}", it.instance.id)
    });
    let how = if begins.is_empty() { "no instance" } else { "more than one instance" };
    Err(Error::new(format!("`{service}` has {how} `{wanted}`"))
        .with_hint(format!("there are: {}", all.collect::<Vec<_>>().join(", "))))
}

fn no_grpc(service: &str, listed: &[&Listed]) -> Error {
    let announced = listed.iter().flat_map(|it| &it.instance.endpoints).map(ToString::to_string);
    let announced: Vec<_> = announced.collect();
    let announced = match announced.as_slice() {
        [] => "no address at all".to_owned(),
        announced => announced.join(", "),
    };
    Error::new(format!("`{service}` speaks no gRPC: it announces {announced}"))
        .with_hint("call its HTTP face with curl, or its gRPC port by its address")
}

/// Picks as calls do by default, and notes whom.
#[derive(Debug)]
struct Noting {
    last: Arc<Mutex<Option<Picked>>>,
    inner: LeastCost,
}

impl Balancer for Noting {
    fn pick(&self, nodes: &[Arc<Node>], call: &Pick<'_>) -> Option<usize> {
        let picked = self.inner.pick(nodes, call)?;
        let node = nodes.get(picked)?;
        let instance = node.instance();
        let told = match instance.id.as_str() {
            "" => node.address().to_owned(),
            id => format!("{} (instance {id})", node.address()),
        };
        let lane = instance.lane().map(str::to_owned);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Picked { told, lane });
        Some(picked)
    }
}
