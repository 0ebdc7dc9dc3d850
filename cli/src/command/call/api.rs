//! What a service can do: as it tells itself, or as its protos do.

use std::path::PathBuf;

use bia::Channel;
use bia_codegen::Compiler;
use prost_reflect::{DescriptorPool, MethodDescriptor, ServiceDescriptor};

use crate::error::{Error, Result};
use crate::nearest::nearest;
use crate::remote::{Reflection, reflect};

/// How the services begin that every gRPC service has beside its own.
const OF_GRPC: &str = "grpc.";

/// The services that can be called, and all that is known of them.
#[derive(Debug)]
pub(super) struct Api {
    pub(super) pool: DescriptorPool,
    /// A service's own first.
    pub(super) services: Vec<ServiceDescriptor>,
    /// The names of services of which no more is known.
    pub(super) untold: Vec<String>,
}

impl Api {
    /// What the service behind `channel` tells.
    pub(super) async fn told_by(channel: &Channel, headers: &[(String, String)]) -> Result<Self> {
        let told: Reflection = reflect(channel, headers).await?;
        let mut services: Vec<ServiceDescriptor> =
            told.services.iter().filter_map(|name| told.pool.get_service_by_name(name)).collect();
        services.sort_by_key(|service| service.full_name().starts_with(OF_GRPC));
        Ok(Self { pool: told.pool, services, untold: told.untold })
    }

    /// What these files say.
    pub(super) fn of_protos(files: &[PathBuf], folders: &[PathBuf]) -> Result<Self> {
        let compiler = folders.iter().fold(Compiler::new().files(files), Compiler::include);
        let model = compiler.model()?;
        let services = model.packages.iter().flat_map(|package| &package.services);
        let services = services.map(|service| service.descriptor.clone()).collect();
        Ok(Self { services, untold: Vec::new(), pool: model.pool })
    }

    /// The method of this name: `GetUser`, `UserService/GetUser`, `user.v1.UserService/GetUser`.
    pub(super) fn method(&self, wanted: &str) -> Result<MethodDescriptor> {
        let wanted = wanted.trim_matches('/');
        let all = || self.services.iter().flat_map(ServiceDescriptor::methods);
        let found: Vec<_> = all().filter(|method| is_called(method, wanted)).collect();
        match found.as_slice() {
            [one] => Ok(one.clone()),
            [] => Err(self.unknown(wanted)),
            several => {
                let names: Vec<_> = several.iter().map(operation).collect();
                Err(Error::usage(format!("several methods are called `{wanted}`"))
                    .with_hint(format!("say which: {}", names.join(", "))))
            }
        }
    }

    fn unknown(&self, wanted: &str) -> Error {
        let error = Error::usage(format!("there is no method `{wanted}`"));
        if let Some((service, _)) = wanted.rsplit_once('/')
            && let Some(untold) = self.untold.iter().find(|it| is_service(it, service))
        {
            return error.with_hint(format!(
                "of {untold} the service tells nothing but the name: name its proto with --proto"
            ));
        }
        if let Some(service) = self.services.iter().find(|it| is_service(it.full_name(), wanted)) {
            let methods: Vec<_> = service.methods().map(|it| it.name().to_owned()).collect();
            return Error::usage(format!("{} is a service, and no method", service.full_name()))
                .with_hint(format!("its methods are {}", methods.join(", ")));
        }
        let all = || self.services.iter().flat_map(ServiceDescriptor::methods);
        let names: Vec<_> = all().map(|method| operation(&method)).collect();
        // By the method's own name first: that is what is misspelt most.
        let own = wanted.rsplit(['/', '.']).next().unwrap_or(wanted);
        let methods: Vec<_> = all().map(|method| method.name().to_owned()).collect();
        let near = nearest(own, methods.iter().map(String::as_str), 3);
        let mut meant: Vec<_> = names
            .iter()
            .filter(|name| near.iter().any(|near| name.ends_with(&format!("/{near}"))))
            .map(String::as_str)
            .collect();
        if meant.is_empty() {
            meant = nearest(wanted, names.iter().map(String::as_str), 3);
        }
        error.with_hint(match (meant.as_slice(), names.len()) {
            ([], 0) => "no service is known there".to_owned(),
            ([], 1..=8) => format!("there are: {}", names.join(", ")),
            ([], many) => format!("there are {many}: --list shows them"),
            (meant, _) => format!("did you mean {}?", meant.join(" or ")),
        })
    }
}

/// `user.v1.UserService/GetUser`.
pub(super) fn operation(method: &MethodDescriptor) -> String {
    format!("{}/{}", method.parent_service().full_name(), method.name())
}

fn is_called(method: &MethodDescriptor, wanted: &str) -> bool {
    let (service, name) = match wanted.rsplit_once(['/', '.']) {
        Some((service, name)) => (Some(service), name),
        None => (None, wanted),
    };
    let of = method.parent_service();
    method.name() == name && service.is_none_or(|service| is_service(of.full_name(), service))
}

/// Whether `wanted` is the name or its last parts.
fn is_service(full_name: &str, wanted: &str) -> bool {
    full_name.strip_suffix(wanted).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// `unary`, `server stream`, `client stream`, `both stream`.
pub(super) fn kind(method: &MethodDescriptor) -> bia::Kind {
    match (method.is_client_streaming(), method.is_server_streaming()) {
        (false, false) => bia::Kind::Unary,
        (true, false) => bia::Kind::ClientStream,
        (false, true) => bia::Kind::ServerStream,
        (true, true) => bia::Kind::Bidi,
    }
}
