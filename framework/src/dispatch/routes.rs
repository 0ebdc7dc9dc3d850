use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use http::header::{ALLOW, HeaderValue};
use http::{Method, Request, Uri};

use crate::context::HttpCall;
use crate::error::{Error, Result};
use crate::json;
use crate::media::{self, Media};
use crate::operation::{Kind, Operation};

use super::binding::Binding;
use super::http::{Bound, Router};
use super::{Handler, Service};

/// One operation of a server and who runs it.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) operation: &'static Operation,
    pub(crate) handler: Arc<dyn Handler>,
    /// The operation's place in its own service.
    pub(crate) method: usize,
    /// How its messages look as JSON.
    pub(crate) json: json::Options,
}

/// Every operation of a server, found by its name.
pub(crate) struct Routes {
    routes: Vec<Route>,
    by_name: HashMap<&'static str, usize>,
    /// Services that take methods which are not listed.
    open: HashMap<&'static str, usize>,
    router: Router,
    bound: Vec<Bound>,
}

/// What a request over HTTP is for.
#[derive(Debug)]
pub(crate) struct Arrival {
    /// The place of the operation, if one is found.
    pub(crate) route: Option<usize>,
    pub(crate) call: HttpCall,
}

impl Routes {
    /// # Errors
    ///
    /// If two services have the same name, or are called by the same path over HTTP.
    ///
    /// `json` settles how messages look as JSON, of what the proto of a method says.
    pub(crate) fn new(
        services: Vec<Service>,
        json: impl Fn(json::Options) -> json::Options,
    ) -> Result<Self> {
        let mut all = Self {
            routes: Vec::new(),
            by_name: HashMap::new(),
            open: HashMap::new(),
            router: Router::new(),
            bound: Vec::new(),
        };
        let mut names = HashSet::new();
        for service in services {
            if !names.insert(service.name) {
                return Err(Error::internal(
                    "SERVICE_TWICE",
                    format!("the service {} is mounted twice; mount it once", service.name),
                ));
            }
            all.bind(&service, &json)?;
            for (method, operation) in service.operations.iter().copied().enumerate() {
                let place = all.routes.len();
                let handler = Arc::clone(&service.handler);
                let json = json(service.json_of(method));
                all.routes.push(Route { operation, handler, method, json });
                if service.open {
                    all.open.insert(service.name, place);
                } else {
                    all.by_name.insert(operation.name(), place);
                }
            }
        }
        Ok(all)
    }

    /// Two methods that no request could tell apart: `binding` of a service, and the one at `other`.
    fn taken(&self, service: &Service, binding: &Binding, other: usize) -> Error {
        let Binding { verb, template, method, .. } = binding;
        let name = |operation: Option<&&'static Operation>| operation.map_or("", |it| it.name());
        let first = self.bound.get(other);
        let first_template = first.map_or("", |it| it.binding.template);
        let first = first.map(|it| it.route).and_then(|route| {
            let own = route.checked_sub(self.routes.len());
            own.map_or_else(
                || self.routes.get(route).map(|it| &it.operation),
                |own| service.operations.get(own),
            )
        });
        Error::internal(
            "BINDING_TWICE",
            format!(
                "{verb} {template} calls {}, and {first_template} calls {}: a request fits both; \
                 change a path, or serve them in processes of their own",
                name(service.operations.get(*method)),
                name(first),
            ),
        )
    }

    /// Notes how the methods of a service, whose routes are next, are called over HTTP.
    fn bind(
        &mut self,
        service: &Service,
        json: impl Fn(json::Options) -> json::Options,
    ) -> Result<()> {
        if service.foreign {
            return Ok(());
        }
        let first = self.routes.len();
        let json = |method| json(service.json_of(method));
        for binding in service.http {
            let added = self.router.add(binding, self.bound.len());
            added.map_err(|other| self.taken(service, binding, other))?;
            let json = json(binding.method);
            self.bound.push(Bound { route: first + binding.method, binding: *binding, json });
        }
        for (method, operation) in service.operations.iter().enumerate() {
            if service.http.iter().all(|binding| binding.method != method) {
                let binding = Bound::implied(operation.name(), method);
                let added = self.router.add_name(&binding, self.bound.len());
                added.map_err(|other| self.taken(service, &binding, other))?;
                self.bound.push(Bound { route: first + method, binding, json: json(method) });
            }
        }
        Ok(())
    }

    /// What a request over HTTP is for.
    pub(crate) fn arrive<B>(&self, request: &Request<B>, is_preflight: bool) -> Arrival {
        let (method, uri) = (request.method(), request.uri());
        let binding = self.router.find(method, uri.path());
        let bound = binding.and_then(|binding| self.bound.get(binding));
        let kind = bound.and_then(|bound| self.kind(bound));
        let offers = Media::of(kind.unwrap_or(Kind::Unary));
        let call = HttpCall {
            method: method.clone(),
            path: Uri::path_and_query(uri).cloned(),
            template: bound.map(|bound| bound.binding.template),
            binding,
            media: media::negotiate(request.headers(), offers),
            is_preflight,
        };
        Arrival { route: bound.map(|bound| bound.route), call }
    }

    /// What a request that is to become a socket is for: the method that a caller streams to, whatever
    /// verb its proto says, since a socket is always asked for by GET.
    pub(crate) fn arrive_by_socket<B>(&self, request: &Request<B>) -> Arrival {
        let path = request.uri().path();
        let streams = |place: &usize| {
            let kind = self.bound.get(*place).and_then(|bound| self.kind(bound));
            matches!(kind, Some(Kind::ClientStream | Kind::Bidi))
        };
        let verbs = std::iter::once(Method::GET)
            .chain(self.allowed(path).into_iter().filter_map(|verb| verb.parse().ok()));
        let mut found = verbs.filter_map(|verb| self.router.find(&verb, path)).filter(streams);
        let binding = found.next();
        let bound = binding.and_then(|binding| self.bound.get(binding));
        let call = HttpCall {
            method: request.method().clone(),
            path: Uri::path_and_query(request.uri()).cloned(),
            template: bound.map(|bound| bound.binding.template),
            binding,
            media: Some(Media::Json),
            is_preflight: false,
        };
        Arrival { route: bound.map(|bound| bound.route), call }
    }

    fn kind(&self, bound: &Bound) -> Option<Kind> {
        self.routes.get(bound.route).map(|route| route.operation.kind())
    }

    /// How a call that arrived is bound; an error that says why it is not.
    ///
    /// # Errors
    ///
    /// If nothing is at its path, or not by its verb.
    pub(crate) fn bound(&self, call: &HttpCall) -> Result<Bound> {
        if let Some(bound) = call.binding.and_then(|binding| self.bound.get(binding)) {
            return Ok(*bound);
        }
        let path = call.path();
        let allowed = self.allowed(path);
        if !allowed.is_empty() {
            return Err(not_allowed(&call.method, path, &allowed));
        }
        Err(match self.find(path) {
            Some(place) => self.elsewhere(place, path),
            None => Error::not_found("PATH_UNKNOWN", format!("there is nothing at {path}")),
        })
    }

    /// The verbs that a path can be called with over HTTP.
    pub(crate) fn allowed(&self, path: &str) -> Vec<&'static str> {
        self.router.allowed(path)
    }

    /// What is to be said of an operation that was called by its name and is called otherwise.
    fn elsewhere(&self, place: usize, path: &str) -> Error {
        let told = self.bound.iter().find(|bound| bound.route == place);
        let how = match told {
            Some(Bound { binding, .. }) => format!(", or as {} {}", binding.verb, binding.template),
            None => String::new(),
        };
        let message = format!("{path} is served as application/grpc over HTTP/2{how}");
        Error::new(415, "CONTENT_TYPE_UNSUPPORTED", message)
    }

    /// The place of the operation that a path names.
    pub(crate) fn find(&self, path: &str) -> Option<usize> {
        if let Some(place) = self.by_name.get(path) {
            return Some(*place);
        }
        if self.open.is_empty() {
            return None;
        }
        let (service, _) = path.strip_prefix('/')?.rsplit_once('/')?;
        self.open.get(service).copied()
    }

    pub(crate) fn get(&self, place: usize) -> Option<&Route> {
        self.routes.get(place)
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &Route> {
        self.routes.iter()
    }
}

fn not_allowed(method: &Method, path: &str, allowed: &[&str]) -> Error {
    let allowed = allowed.join(", ");
    let message = format!("{path} cannot be called by {method}; it can by {allowed}");
    let mut error = Error::new(405, "METHOD_NOT_ALLOWED", message);
    if let Ok(allowed) = HeaderValue::try_from(allowed) {
        error.add_trailer(ALLOW, allowed);
    }
    error
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|route| route.operation.name())).finish()
    }
}
