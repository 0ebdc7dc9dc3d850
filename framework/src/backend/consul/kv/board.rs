use futures_core::future::BoxFuture;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::backend::consul::ConsulSettings;
use crate::backend::consul::api::{Api, Entry, Scope};
use crate::config::rollout::{Board, Posted};
use crate::error::Result;

use super::settings::ConsulSourceSettings;

/// The folder below the prefix in which instances tell each other of rollouts. It is hidden: no layer.
const FOLDER: &str = ".rollout";

/// What nobody is called: the key that says who has the change. Names of instances have a prefix.
const ASSIGNMENT: &str = "assignment";
const INSTANCES: &str = "instances/";

/// A board in the keys of Consul, beside those that are layers. Needs `key_prefix:write` below
/// `.rollout`.
pub(crate) struct ConsulBoard {
    api: Api,
    folder: String,
}

impl ConsulBoard {
    /// The board of the prefix that the settings name; none if they name a single key.
    ///
    /// # Errors
    ///
    /// As [`ConsulSource::new`](super::ConsulSource::new).
    pub(crate) fn new(
        settings: &ConsulSourceSettings,
        registry: &ConsulSettings,
    ) -> Result<Option<Self>> {
        let Scope::Prefix(prefix) = super::scope(settings)? else { return Ok(None) };
        // A word of one instance is for all: the leader's word is asked for.
        let settings = ConsulSettings { stale: false, ..settings.over(registry) };
        let api = Api::new(&settings, super::SECTION)?;
        Ok(Some(Self { api, folder: format!("{prefix}{FOLDER}/") }))
    }

    fn key(&self, rollout: &str, name: &str) -> String {
        format!("{}{rollout}/{name}", self.folder)
    }

    fn note(&self, rollout: &str, instance: &str) -> String {
        // A name may hold anything; a key must not have a slash of its own in it.
        let instance = instance.replace('%', "%25").replace('/', "%2F");
        self.key(rollout, &format!("{INSTANCES}{instance}"))
    }
}

impl Board for ConsulBoard {
    fn name(&self) -> String {
        format!("consul {}", self.folder.trim_end_matches('/'))
    }

    fn read<'a>(&'a self, rollout: &'a str) -> BoxFuture<'a, Result<Posted>> {
        Box::pin(async move {
            let folder = self.key(rollout, "");
            let keys = self.api.keys(&Scope::Prefix(folder.clone()), None).await?;
            let mut posted = Posted::default();
            for entry in keys.entries {
                let (text, mark) = (text(&entry), entry.modify_index);
                let Some(name) = entry.key.strip_prefix(&folder) else { continue };
                if name == ASSIGNMENT {
                    posted.assignment = Some((text, mark));
                } else if let Some(instance) = name.strip_prefix(INSTANCES) {
                    let instance = instance.replace("%2F", "/").replace("%25", "%");
                    posted.notes.insert(instance, text);
                }
            }
            Ok(posted)
        })
    }

    fn post<'a>(
        &'a self,
        rollout: &'a str,
        instance: &'a str,
        note: String,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.api.write(&self.note(rollout, instance), note, None).await.map(drop)
        })
    }

    fn remove<'a>(&'a self, rollout: &'a str, instance: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { self.api.delete(&self.note(rollout, instance)).await })
    }

    fn assign<'a>(
        &'a self,
        rollout: &'a str,
        assignment: String,
        mark: Option<u64>,
    ) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move {
            // 0 stands for a key that is not there.
            let mark = Some(mark.unwrap_or_default());
            self.api.write(&self.key(rollout, ASSIGNMENT), assignment, mark).await
        })
    }
}

/// The value as text; what is none is nothing that an instance has written.
fn text(entry: &Entry) -> String {
    let bytes = entry.value.as_deref().and_then(|value| STANDARD.decode(value).ok());
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}
