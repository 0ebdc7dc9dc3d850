//! What an agent says of itself: for people who look for what is wrong.

use http::Method;
use serde::Deserialize;

use crate::error::Result;

use super::api::{Api, Ask};

/// What the agent at an address is, and whether it can do its work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AgentStatus {
    /// Its version, `1.20.1`; empty if the token may not know (`agent:read`).
    pub version: String,
    /// Its datacenter; empty if the token may not know.
    pub datacenter: String,
    /// Where the servers' leader is; none while they have none, and nothing can be written.
    pub leader: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Itself {
    config: Config,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Config {
    version: String,
    datacenter: String,
}

/// Asks for all of it. A token that is set is asked about too: one that the agent does not know is an
/// error, one that may not know the agent's version is none.
pub(super) async fn status(api: &Api) -> Result<AgentStatus> {
    let leader: String = api.read("/v1/status/leader", "ask for the leader").await?;
    if api.has_token()
        && let Err(error) =
            api.read::<serde::de::IgnoredAny>("/v1/acl/token/self", "ask for the token").await
        // An agent without access control knows no tokens, and asks for none.
        && !error.message().contains("ACL support disabled")
    {
        return Err(error);
    }
    let itself: Itself = match api.read("/v1/agent/self", "ask the agent what it is").await {
        Err(error) if matches!(error.code(), 401 | 403) => Itself::default(),
        asked => asked?,
    };
    let Config { version, datacenter } = itself.config;
    Ok(AgentStatus { version, datacenter, leader: Some(leader).filter(|it| !it.is_empty()) })
}

impl Api {
    async fn read<T: serde::de::DeserializeOwned>(&self, path: &str, what: &str) -> Result<T> {
        let (query, body, limit) = (String::new(), Vec::new(), self.timeout());
        let ask = Ask { method: Method::GET, path: path.to_owned(), query, body, limit, what };
        let (_, body) = self.request(ask).await?;
        serde_json::from_slice(&body).map_err(|error| self.not_understood(what, error))
    }
}
