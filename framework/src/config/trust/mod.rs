//! Settings that are refused unless who may change them has signed them.
//!
//! Beside the documents of a source lie two more: `manifest.json` says which documents there are, the
//! SHA-256 of each, and a version ([`Manifest`]); `manifest.sig` holds a signature of the manifest's
//! bytes, ed25519 in base64. With a public key in `config.trust.key`, a source is taken as its
//! manifest says or not at all: a document that is altered, added or missing, a manifest that is not
//! signed with that key, and a version that goes back are refused, and what was in force stays.
//!
//! While new documents are written one after the other, what is read in between does not fit its
//! manifest: it is refused, and taken when the last one is there. Write the manifest's two last.
//!
//! To change the key, sign with both: `manifest.sig` may have a line for each. Then give every
//! instance the new one, and leave the old one's line away. A version is used up when it was seen,
//! also if its settings were refused: what is repaired is signed with a greater one.
//!
//! A manifest does not say whose settings it lists. Services and environments that must not be given
//! each other's settings have keys of their own.
//!
//! Other tools sign too:
//!
//! ```console
//! $ openssl genpkey -algorithm ed25519 -out key.pem
//! $ openssl pkey -in key.pem -pubout                   # config.trust.key
//! $ sha256sum app.yaml                                 # into manifest.json
//! $ openssl pkeyutl -sign -inkey key.pem -rawin -in manifest.json | base64 -w0 > manifest.sig
//! ```
//!
//! Or here:
//!
//! ```
//! # #[cfg(feature = "signing")] {
//! use bia::config::trust::{KeyPair, manifest};
//!
//! let key = KeyPair::generate().expect("the system has randomness");
//! let manifest = manifest(7, "2026-11-22T09:30:00Z", [("app.yaml", &b"server: {timeout: 1s}"[..])]);
//! let signature = key.sign(manifest.as_bytes());
//! assert!(key.public().verifies(manifest.as_bytes(), signature.as_bytes()));
//! # }
//! ```

#[cfg(feature = "signing")]
mod keys;
mod manifest;
mod settings;
mod signed;
#[cfg(feature = "signing")]
mod verifier;

#[cfg(feature = "signing")]
pub use self::keys::{KeyPair, PublicKey, manifest, sum};
pub use self::manifest::{MANIFEST, Manifest, SIGNATURE};
pub use self::settings::TrustSettings;
#[cfg(feature = "signing")]
pub use self::signed::check;
pub(crate) use self::signed::{Signed, Trust};

#[cfg(test)]
#[cfg(feature = "signing")]
mod tests;
