use crate::config::trust::{Signed, Trust};
use crate::config::{Invalid, Source};

use super::layers::Bootstrap;

/// The sources over the files: the configuration centre that the settings name, then those of the
/// program; as far as they are signed, if they must be.
pub(super) fn sources(
    bootstrap: &Bootstrap,
    of_files: &Trust,
    own: Vec<Box<dyn Source>>,
) -> Result<Vec<Box<dyn Source>>, Invalid> {
    let trust = match bootstrap.is_key_apart {
        // Which versions were seen is known in one place.
        true => of_files.clone(),
        false => Trust::default(),
    };
    trust.set(&bootstrap.config.trust)?;
    let all = centre(bootstrap)?.into_iter().chain(own);
    Ok(all.map(|source| Box::new(Signed::new(source, trust.clone())) as _).collect())
}

#[cfg(feature = "consul")]
fn centre(bootstrap: &Bootstrap) -> Result<Option<Box<dyn Source>>, Invalid> {
    use crate::backend::consul::ConsulSource;

    let settings = &bootstrap.config.consul;
    if !settings.is_set() {
        return Ok(None);
    }
    if bootstrap.config.trust.is_set() && settings.prefix.is_empty() {
        let what = "a single key has no manifest beside it: set config.consul.prefix where config.trust.key is set";
        return Err(Invalid::new("config.consul.key", what));
    }
    match ConsulSource::new(settings, &bootstrap.registry.consul) {
        Ok(source) => Ok(Some(Box::new(source))),
        Err(error) => Err(super::super::in_setting("config.consul", &error)),
    }
}

#[cfg(not(feature = "consul"))]
#[expect(clippy::unnecessary_wraps, reason = "the same shape with and without the feature")]
fn centre(_: &Bootstrap) -> Result<Option<Box<dyn Source>>, Invalid> {
    Ok(None)
}
