//! The settings of a service as it would read them itself, from its files alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bia::config::Variables;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::runtime;

/// What the files say, with the framework's defaults for the rest.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) framework: Arc<bia::Settings>,
    /// The service's own sections, as they are written.
    pub(super) own: BTreeMap<String, Value>,
    /// The files, relative to the folder of the crate.
    pub(super) files: Vec<PathBuf>,
}

/// Reads `configs/app.*` of the crate in `folder`, and `configs/app.ENV.*` over it.
///
/// Nothing but files is read: no variable that only this machine has, and no Consul.
///
/// # Errors
///
/// There is no file for `env`, or what they say is wrong: key, file, line and what was expected.
pub(super) fn read(folder: &Path, env: Option<&str>) -> Result<Read> {
    let mut files: Vec<PathBuf> = file(folder, "app").into_iter().collect();
    if let Some(env) = env {
        let of_env = file(folder, &format!("app.{env}")).ok_or_else(|| {
            let path = folder.join("configs").join(format!("app.{env}.yaml"));
            Error::new(format!("there is no {}", path.display()))
                .with_hint("`--env` names a file that the service reads over configs/app.yaml")
        })?;
        files.push(of_env);
    }
    if files.is_empty() {
        let framework = Arc::new(bia::Settings::default());
        return Ok(Read { framework, own: BTreeMap::new(), files });
    }
    let mut arguments = Vec::new();
    for file in &files {
        arguments.extend(["--config".to_owned(), folder.join(file).display().to_string()]);
    }
    // What lies in Consul is for who runs there.
    for key in ["config.consul.prefix", "config.consul.key"] {
        arguments.extend(["--set".to_owned(), format!("{key}=")]);
    }
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    // Placeholders may need one; settings of the framework in the shell of whoever runs this do not count.
    let foreign =
        variables.filter(|(name, _)| !name.starts_with("BIA_") && !name.starts_with("OTEL_"));
    let variables = Variables::new(foreign.filter(|(name, _)| name != "RUST_LOG"));
    let config = runtime::block_on(async {
        bia::config::<BTreeMap<String, Value>>().arguments(arguments, &variables).await.map_err(
            |exit| {
                Error::new(exit.to_string())
                    .with_hint("the service would not start with it either; `cargo run -- --check-config` says the same")
            },
        )
    })?;
    let own = config.get().clone();
    Ok(Read { framework: config.settings(), own, files })
}

fn file(folder: &Path, name: &str) -> Option<PathBuf> {
    let endings = ["yaml", "yml", "toml", "json"];
    let mut paths =
        endings.iter().map(|ending| Path::new("configs").join(format!("{name}.{ending}")));
    paths.find(|path| folder.join(path).is_file())
}
