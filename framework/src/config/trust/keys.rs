use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use super::manifest::Manifest;

/// What stands before the 32 bytes of a public key in DER (RFC 8410 §4).
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// What stands before the 32 bytes of a private key in DER (RFC 8410 §7), in the version that every
/// tool reads.
const PKCS8: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// A public key that signatures are checked with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Reads a key: PEM, or base64 of its DER or of its 32 bytes. None if it is none of these.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let der = unarmoured(text, "PUBLIC KEY")?;
        let bytes = der.strip_prefix(&SPKI).unwrap_or(&der);
        bytes.try_into().ok().map(Self)
    }

    /// Whether one of the lines of `signatures`, each in base64, is this key's for the bytes of a
    /// manifest.
    #[must_use]
    pub fn verifies(&self, manifest: &[u8], signatures: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, self.0);
        let signatures = std::str::from_utf8(signatures).unwrap_or_default();
        signatures.lines().filter(|line| !line.trim().is_empty()).take(MOST_SIGNATURES).any(
            |line| STANDARD.decode(line.trim()).is_ok_and(|it| key.verify(manifest, &it).is_ok()),
        )
    }
}

/// More signatures than that are nobody's change of keys.
const MOST_SIGNATURES: usize = 16;

impl std::fmt::Display for PublicKey {
    /// Base64 of its 32 bytes, as `config.trust.key` takes it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

/// A private key that settings are signed with.
pub struct KeyPair {
    seed: [u8; 32],
    pair: Ed25519KeyPair,
}

impl KeyPair {
    /// Makes a new one; none if the system has no randomness to give.
    #[must_use]
    pub fn generate() -> Option<Self> {
        let mut seed = [0; 32];
        SystemRandom::new().fill(&mut seed).ok()?;
        Self::from_seed(seed)
    }

    /// Reads one as `openssl genpkey -algorithm ed25519` writes it: PKCS#8 in PEM, or base64 of it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let der = unarmoured(text, "PRIVATE KEY")?;
        // A later version of the format goes on with the public key, which is made anew here.
        let seed = der.strip_prefix(&PKCS8).or_else(|| {
            let at = der.windows(2).position(|it| it == [0x04, 0x20])? + 2;
            der.get(at..at + 32)
        })?;
        Self::from_seed(seed.try_into().ok()?)
    }

    fn from_seed(seed: [u8; 32]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).ok()?;
        Some(Self { seed, pair })
    }

    /// The key as PKCS#8 in PEM, as other tools read it. Whoever has it can sign.
    #[must_use]
    pub fn to_pem(&self) -> String {
        let der = STANDARD.encode([&PKCS8[..], &self.seed].concat());
        format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n")
    }

    /// What others check with.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.pair.public_key().as_ref());
        PublicKey(bytes)
    }

    /// Signs the bytes of a manifest: one line for the document [`SIGNATURE`](super::SIGNATURE).
    #[must_use]
    pub fn sign(&self, manifest: &[u8]) -> String {
        format!("{}\n", STANDARD.encode(self.pair.sign(manifest)))
    }
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyPair").field("public", &self.public()).finish_non_exhaustive()
    }
}

/// The text of a manifest for these documents, each a name below the manifest's folder and its
/// bytes; sign it with [`KeyPair::sign`], byte for byte.
#[must_use]
pub fn manifest<'a>(
    version: u64,
    created: &str,
    documents: impl IntoIterator<Item = (&'a str, &'a [u8])>,
) -> String {
    let documents = documents.into_iter().map(|(name, bytes)| (name.to_owned(), sum(bytes)));
    let manifest =
        Manifest { version, created: created.to_owned(), documents: documents.collect() };
    let mut text = serde_json::to_string_pretty(&manifest).unwrap_or_default();
    text.push('\n');
    text
}

/// The SHA-256 of bytes in hexadecimal, as a manifest has it.
#[must_use]
pub fn sum(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes within PEM of this label, or within base64.
fn unarmoured(text: &str, label: &str) -> Option<Vec<u8>> {
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let inner = match text.split_once(&begin) {
        Some((_, rest)) => rest.split_once(&end)?.0,
        None => text,
    };
    let inner: String = inner.chars().filter(|it| !it.is_whitespace()).collect();
    STANDARD.decode(inner).ok()
}
