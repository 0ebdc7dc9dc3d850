//! A channel to where a service is.

use std::sync::{Arc, Mutex, PoisonError};

use bia::app::Settings;
use bia::balance::{Balancer, LeastCost, Node, Pick};
use bia::registry::{Endpoint, Listed};
use bia::{Channel, ClientSettings};

use crate::error::{Error, Result};
use crate::nearest::nearest;

use super::arguments::Dial;
use super::place::Place;
use super::registry::{Registry, whole};

/// What is read of one answer at most, in bytes: more than a service takes, for who looks at it.
const LARGEST: usize = 64 << 20;

/// The way to a service.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) channel: Channel,
    last: Arc<Mutex<Option<String>>>,
}

impl Connection {
    /// The node that the last call went to, with its instance's id where it has one.
    pub(crate) fn node(&self) -> Option<String> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Makes a channel to `place`. Whether anybody answers there, calls tell.
///
/// # Errors
///
/// The registry cannot be asked or knows nobody of the name, with who it knows; nobody there speaks
/// gRPC; a certificate that cannot be used.
pub(crate) async fn connect(
    place: &Place,
    registry: Option<&Registry>,
    dial: &Dial,
) -> Result<Connection> {
    let mut settings = Settings::default().client;
    settings.max_message_size = LARGEST;
    settings.tls.ca.clone_from(&dial.ca);
    settings.tls.certificate.clone_from(&dial.cert);
    settings.tls.key.clone_from(&dial.key);
    settings.tls.server_name.clone_from(&dial.server_name);
    settings.tls.enabled = dial.tls || settings.tls.is_on();
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
            let registry = registry.ok_or_else(|| no_registry(service))?;
            let listed = registry.list(service).await?;
            let fit = fit(service, &listed, registry).await?;
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
                    settings.tls.enabled |= speaks_only_tls(&fit);
                    Channel::builder(format!("discovery:///{service}"))
                        .discovery(registry.discovery())
                }
            }
        }
    };
    let last = Arc::default();
    let noting = Noting { last: Arc::clone(&last), inner: LeastCost };
    let builder = builder.settings(settings).balancer(Arc::new(noting));
    let channel = builder.build().map_err(|error| Error::new(whole(&error)))?;
    Ok(Connection { channel, last })
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
async fn fit<'a>(
    service: &str,
    listed: &'a [Listed],
    registry: &Registry,
) -> Result<Vec<&'a Listed>> {
    if listed.is_empty() {
        return Err(nobody(service, registry).await);
    }
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

fn no_registry(service: &str) -> Error {
    Error::new(format!("cannot look `{service}` up without a registry")).with_hint(
        "call an address, as 127.0.0.1:8000, or say --registry local or --registry consul",
    )
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

/// Nobody has the name: who else is there?
pub(crate) async fn nobody(service: &str, registry: &Registry) -> Error {
    let names = registry.services().await.unwrap_or_default();
    let error =
        Error::new(format!("nobody is registered as `{service}` in {}", registry.describe()));
    let near = nearest(service, names.iter().map(String::as_str), 3);
    match (near.as_slice(), registry) {
        ([], _) if !names.is_empty() => {
            error.with_hint(format!("there are: {}", shortened(&names)))
        }
        ([], Registry::Local(_)) => error.with_hint(
            "it is empty: start a service with `bia run`, name the Consul that it registers in with \
             --consul, or call an address",
        ),
        ([], Registry::Consul(_)) => {
            error.with_hint("it is empty: is it the Consul that services register in? --consul ADDRESS")
        }
        (near, _) => error.with_hint(format!("did you mean {}?", near.join(" or "))),
    }
}

fn shortened(names: &[String]) -> String {
    const MOST: usize = 12;
    let mut text = names.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > MOST {
        text.push_str(&format!(" and {} more", names.len() - MOST));
    }
    text
}

/// Picks as calls do by default, and notes whom.
#[derive(Debug)]
struct Noting {
    last: Arc<Mutex<Option<String>>>,
    inner: LeastCost,
}

impl Balancer for Noting {
    fn pick(&self, nodes: &[Arc<Node>], call: &Pick<'_>) -> Option<usize> {
        let picked = self.inner.pick(nodes, call)?;
        let node = nodes.get(picked)?;
        let told = match node.instance().id.as_str() {
            "" => node.address().to_owned(),
            id => format!("{} (instance {id})", node.address()),
        };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(told);
        Some(picked)
    }
}
