use std::path::PathBuf;

/// The section `config.trust`: whose settings are taken.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize, schemars::JsonSchema,
)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct TrustSettings {
    /// The public key (ed25519) that settings must be signed with; empty, the default: none need be.
    ///
    /// Base64 of its 32 bytes or of its DER, PEM, or the path of a file with one of these. With a key,
    /// what comes from the configuration centre and from a program's own sources is refused unless it
    /// is signed. Files too, if the key is a variable or a flag; if it stands in a file itself, whoever
    /// can write files could replace it as well, so that they are taken as they are.
    pub key: String,
    /// Whether a version may go back, default no: whoever can write to the centre could otherwise put
    /// old settings in force again, which were signed once.
    pub allow_rollback: bool,
    /// A file in which the versions are kept that were taken, so that they cannot go back over a
    /// restart either; default: none, they are remembered as long as the process runs.
    pub state_file: Option<PathBuf>,
}

impl TrustSettings {
    /// Whether settings must be signed.
    #[must_use]
    pub fn is_set(&self) -> bool {
        !self.key.trim().is_empty()
    }
}
