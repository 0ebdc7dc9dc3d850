use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The document that says which documents there are: its name beside them.
pub const MANIFEST: &str = "manifest.json";
/// The document that holds the signatures of the manifest: its name beside it.
pub const SIGNATURE: &str = "manifest.sig";

/// What is signed: which documents there are, and the sum of each.
///
/// ```json
/// {
///   "version": 7,
///   "created": "2026-11-22T09:30:00Z",
///   "documents": {
///     "app.yaml": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
///   }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Manifest {
    /// Grows with each signing: a smaller one is refused where a greater one was seen.
    pub version: u64,
    /// When it was signed, for people.
    #[serde(default)]
    pub created: String,
    /// By the name of a document below the manifest's own folder, `app.yaml` or `deep/app.yaml`, the
    /// SHA-256 of its bytes in hexadecimal.
    pub documents: BTreeMap<String, String>,
}
