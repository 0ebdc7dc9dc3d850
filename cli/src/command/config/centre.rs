//! The settings of one service as they are in Consul.

use bia::backend::consul::{ConsulKeys, Key};
use bia::config::trust::{MANIFEST, Manifest, SIGNATURE, TrustSettings};
use bia::config::{Snapshot, Tree, nearest};

use crate::error::{Error, Result};

use super::local::Local;

/// Where settings are, and what is known of their service.
#[derive(Debug)]
pub(super) struct Centre {
    pub(super) keys: ConsulKeys,
    /// The service of the project at hand, if there is one.
    pub(super) local: Option<Local>,
    /// Whether the settings are that service's.
    pub(super) is_own: bool,
    /// Whom the service trusts, as far as that is known here.
    pub(super) trust: TrustSettings,
}

/// All that is there at one moment.
#[derive(Clone, Debug)]
pub(super) struct Held {
    /// The folder of the layers, with its slash; that of the one key, if there is one.
    pub(super) folder: String,
    /// In the order in which later ones stand over earlier ones; manifest and signature are not among them.
    pub(super) layers: Vec<Key>,
    pub(super) manifest: Option<Key>,
    pub(super) signature: Option<Key>,
}

impl Centre {
    /// Reads all layers.
    pub(super) async fn read(&self) -> Result<Held> {
        let layers = self.keys.layers().await.map_err(|error| self.told(&error))?;
        let place = self.keys.place();
        let folder = match self.keys.is_prefix() {
            true => place.to_owned(),
            false => {
                place.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"))
            }
        };
        let mut held = Held { folder, layers, manifest: None, signature: None };
        held.manifest = held.take(MANIFEST);
        held.signature = held.take(SIGNATURE);
        Ok(held)
    }

    /// How the whole is called.
    pub(super) fn name(&self) -> String {
        format!("{} at consul {}", self.keys.place().trim_end_matches('/'), self.keys.address())
    }

    /// What Consul said, with what to do on a command line.
    pub(super) fn told(&self, error: &bia::Error) -> Error {
        let place = self.keys.place();
        let hint = match error.reason() {
            "CONSUL_UNREACHABLE" => {
                "`--consul ADDRESS` or the variable CONSUL_HTTP_ADDR says where Consul answers"
                    .to_owned()
            }
            "CONSUL_FORBIDDEN" => format!(
                "give a token by CONSUL_HTTP_TOKEN that may do it: key_prefix \"{place}\" {{ policy = \"write\" }}, \
                 and to record the change key_prefix \"{}\" {{ policy = \"write\" }}",
                self.history()
            ),
            _ if error.message().contains("No cluster leader") => {
                "the servers of Consul are choosing a leader: try again in some seconds".to_owned()
            }
            _ => return Error::new(error.message()),
        };
        Error::new(error.message()).with_hint(hint)
    }

    /// Where what was changed is written down: beside the layers, and hidden from whoever reads the
    /// folder above. Not below them, or each service would read all of it with each change.
    pub(super) fn history(&self) -> String {
        let place = self.keys.place().trim_end_matches('/');
        match place.rsplit_once('/') {
            Some((above, name)) => format!("{above}/.history/{name}/"),
            None => format!(".history/{place}/"),
        }
    }
}

impl Held {
    fn take(&mut self, name: &str) -> Option<Key> {
        let at =
            self.layers.iter().position(|it| it.name.strip_prefix(&self.folder) == Some(name))?;
        Some(self.layers.remove(at))
    }

    /// The name of a layer below the folder.
    pub(super) fn short<'a>(&self, key: &'a Key) -> &'a str {
        key.name.strip_prefix(&self.folder).unwrap_or(&key.name)
    }

    pub(super) fn names(&self) -> Vec<&str> {
        self.layers.iter().map(|it| self.short(it)).collect()
    }

    /// The layer of this name, short or whole.
    pub(super) fn layer(&self, name: &str) -> Option<&Key> {
        self.layers.iter().find(|it| self.short(it) == name || it.name == name)
    }

    /// The layer of this name.
    ///
    /// # Errors
    ///
    /// There is none: tells which there are.
    pub(super) fn the_layer(&self, name: &str) -> Result<&Key> {
        self.layer(name).ok_or_else(|| {
            let error = Error::new(format!("there is no layer {name} below {}", self.folder));
            let names = self.names();
            match nearest(name, names.iter().copied()) {
                Some(meant) => error.with_hint(format!("did you mean {meant}?")),
                None if names.is_empty() => {
                    error.with_hint("there is none at all, or the token may not read them")
                }
                None => error.with_hint(format!("there are: {}", names.join(", "))),
            }
        })
    }

    /// All layers, merged as a service does it.
    ///
    /// # Errors
    ///
    /// One cannot be read: with its line.
    pub(super) fn tree(&self) -> Result<Tree> {
        let mut tree = Tree::new();
        for key in &self.layers {
            tree.add(self.tree_of(key)?);
        }
        Ok(tree)
    }

    /// One layer by itself.
    pub(super) fn tree_of(&self, key: &Key) -> Result<Tree> {
        let mut tree = Tree::new();
        let name = self.short(key);
        tree.add_file(name.as_ref(), &text(key)).map_err(|it| {
            Error::new(it.to_string()).with_hint(format!("repair {name} first: {}", by_hand(name)))
        })?;
        Ok(tree)
    }

    /// Whether there is a manifest, or a part of one.
    pub(super) fn is_signed(&self) -> bool {
        self.manifest.is_some() || self.signature.is_some()
    }

    /// What the manifest says, if there is one that is understood.
    pub(super) fn signed(&self) -> Option<Manifest> {
        serde_json::from_slice(&self.manifest.as_ref()?.bytes).ok()
    }

    /// All of it as a service reads it.
    pub(super) fn snapshot(&self) -> Snapshot {
        let signed = self.manifest.iter().chain(&self.signature);
        Snapshot::of(self.layers.iter().chain(signed).cloned().map(Into::into).collect())
    }
}

/// How a layer that cannot be read is put right.
pub(super) fn by_hand(layer: &str) -> String {
    let file = layer.rsplit('/').next().unwrap_or(layer);
    format!(
        "`bia config get --layer {layer} --raw > {file}` gets it, and \
         `bia config set --file {file} --layer {layer}` puts what you made of it in its place"
    )
}

/// The text of a layer: that it is one was seen when it was read.
pub(super) fn text(key: &Key) -> String {
    String::from_utf8_lossy(&key.bytes).into_owned()
}
