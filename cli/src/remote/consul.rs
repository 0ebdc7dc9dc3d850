//! What Consul's own variables say of an agent, for all that talk to one.

use std::path::PathBuf;

use bia::config::Variables;

use crate::error::{About as _, Result};

/// Where an agent is and how it is spoken to, as far as a flag or `CONSUL_…` say it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Agent {
    /// With `https://` if `CONSUL_HTTP_SSL` asks for it and it has no scheme; default: `CONSUL_HTTP_ADDR`.
    pub(crate) address: Option<String>,
    /// Default: `CONSUL_HTTP_TOKEN`, else what the file `CONSUL_HTTP_TOKEN_FILE` holds.
    pub(crate) token: Option<String>,
    /// Default: `CONSUL_CACERT`.
    pub(crate) ca_file: Option<PathBuf>,
    /// `CONSUL_CLIENT_CERT` and `CONSUL_CLIENT_KEY`: both, or neither.
    pub(crate) certificate: Option<(PathBuf, PathBuf)>,
    /// `CONSUL_NAMESPACE`.
    pub(crate) namespace: Option<String>,
}

impl Agent {
    /// Puts the variables below what was said.
    ///
    /// # Errors
    ///
    /// The file of the token cannot be read, and no other token goes before it.
    pub(crate) fn or(self, variables: &Variables) -> Result<Self> {
        let said = |name: &str| {
            let value = variables.get(&format!("CONSUL_{name}"))?.trim();
            (!value.is_empty()).then(|| value.to_owned())
        };
        let file = |name: &str| said(name).map(PathBuf::from);
        let is_tls = matches!(said("HTTP_SSL").as_deref(), Some("true" | "1"));
        let address = self.address.or_else(|| said("HTTP_ADDR"));
        let token = match (self.token.or_else(|| said("HTTP_TOKEN")), said("HTTP_TOKEN_FILE")) {
            (None, Some(path)) => {
                let text = std::fs::read_to_string(&path).about(|| {
                    format!("read the token in {path}, which CONSUL_HTTP_TOKEN_FILE names")
                })?;
                Some(text.trim().to_owned())
            }
            (token, _) => token,
        };
        Ok(Self {
            address: address.map(|address| match is_tls && !address.contains("://") {
                true => format!("https://{address}"),
                false => address,
            }),
            token,
            ca_file: self.ca_file.or_else(|| file("CACERT")),
            certificate: self.certificate.or_else(|| file("CLIENT_CERT").zip(file("CLIENT_KEY"))),
            namespace: self.namespace.or_else(|| said("NAMESPACE")),
        })
    }

    /// Whether what settings say of the agent at `address` is said of this one too. A token and a
    /// certificate go to no other agent than the one that they were written for.
    pub(crate) fn is_at(&self, address: &str) -> bool {
        self.address.as_deref().is_none_or(|own| normal(own) == normal(address))
    }
}

/// An address as it is compared with others.
pub(super) fn normal(address: &str) -> String {
    let address = address.trim().trim_end_matches('/').to_ascii_lowercase();
    if address.contains("://") { address } else { format!("http://{address}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> Variables {
        Variables::new([
            ("CONSUL_HTTP_ADDR", " c:8501 "),
            ("CONSUL_HTTP_SSL", "true"),
            ("CONSUL_HTTP_TOKEN_FILE", "/not/here"),
            ("CONSUL_CLIENT_CERT", "cert.pem"),
            ("CONSUL_NAMESPACE", ""),
        ])
    }

    #[test]
    fn what_is_said_goes_over_the_variables() {
        let agent = agent_of("t").or(&variables()).expect("the file is not asked for");
        assert_eq!(agent.address.as_deref(), Some("https://c:8501"));
        assert_eq!((agent.token.as_deref(), agent.namespace), (Some("t"), None));
        assert_eq!(agent.certificate, None, "one without its key is none");
        let said = Agent { address: Some("http://d:1".to_owned()), ..agent_of("t") };
        let agent = said.or(&variables()).expect("it is right");
        assert_eq!(agent.address.as_deref(), Some("http://d:1"));
    }

    #[test]
    fn a_file_of_a_token_that_is_not_there_is_told() {
        let error = Agent::default().or(&variables()).expect_err("it is not there").to_string();
        assert!(error.contains("/not/here") && error.contains("CONSUL_HTTP_TOKEN_FILE"), "{error}");
    }

    #[test]
    fn settings_are_of_an_agent_however_its_address_is_written() {
        let agent = Agent { address: Some("C:8500".to_owned()), ..Agent::default() };
        assert!(agent.is_at("http://c:8500/") && !agent.is_at("https://c:8500"));
        assert!(Agent::default().is_at("http://anywhere"));
    }

    fn agent_of(token: &str) -> Agent {
        Agent { token: Some(token.to_owned()), ..Agent::default() }
    }
}
