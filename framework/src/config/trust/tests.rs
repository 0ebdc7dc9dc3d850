use crate::config::{Invalid, MemorySource, Source};

use super::*;

/// Made with Python's `cryptography`, and the same with OpenSSL.
const VECTOR: [&str; 4] = [
    "{\"version\": 7, \"created\": \"2026-11-22T09:30:00Z\", \"documents\": {\"app.yaml\": \
     \"4e692caa5717e1266949bfbc7ef91dd12592c6aeb6117c15b816911ab1b8aa69\"}}",
    "03or27lZIYRmdRiW33WGBoxOTYrrAs1yQhwCIa/rfcGap6/gRWjC05jA/EUMcAyVvFvVdzFYbJV6ejzXMmATAQ==",
    "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAA6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=\n\
     -----END PUBLIC KEY-----\n",
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n\
     -----END PRIVATE KEY-----\n",
];
const DOCUMENT: &str = "server: {timeout: 1s}\n";

fn trust(settings: &TrustSettings) -> Trust {
    let trust = Trust::default();
    trust.set(settings).unwrap();
    trust
}

fn with_key(key: &KeyPair) -> TrustSettings {
    TrustSettings { key: key.public().to_string(), ..TrustSettings::default() }
}

/// A source below `config/` and the key that it is signed with.
struct Place {
    source: MemorySource,
    key: KeyPair,
    settings: TrustSettings,
}

impl Place {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let settings = with_key(&key);
        Self { source: MemorySource::new(), key, settings }
    }

    /// Puts documents there, and a manifest that fits them.
    fn sign(&self, version: u64, documents: &[(&str, &str)]) {
        for (name, text) in documents {
            self.source.set(&format!("config/{name}"), (*text).to_owned());
        }
        let documents = documents.iter().map(|(name, text)| (*name, text.as_bytes()));
        let text = manifest(version, "", documents);
        self.source.set("config/manifest.sig", self.key.sign(text.as_bytes()));
        self.source.set("config/manifest.json", text);
    }

    fn signed(&self) -> Signed<MemorySource> {
        Signed::new(self.source.clone(), trust(&self.settings))
    }
}

async fn refused(source: &dyn Source) -> String {
    let error = source.load().await.unwrap_err();
    assert_eq!(error.reason(), "CONFIG_UNTRUSTED");
    let cause = std::error::Error::source(&error).unwrap();
    assert!(cause.is::<Invalid>(), "it was read and is wrong: that is no outage");
    error.message().to_owned()
}

#[test]
fn what_other_tools_sign_is_understood_and_the_other_way_round() {
    let [manifest, signature, public, private] = VECTOR;
    let key = PublicKey::parse(public).unwrap();
    assert!(key.verifies(manifest.as_bytes(), signature.as_bytes()));
    let pair = KeyPair::parse(private).unwrap();
    assert_eq!(pair.public(), key);
    assert_eq!(pair.sign(manifest.as_bytes()).trim(), signature);
    assert_eq!(pair.to_pem(), private);
    let read: Manifest = serde_json::from_str(manifest).unwrap();
    let made = super::manifest(7, "2026-11-22T09:30:00Z", [("app.yaml", DOCUMENT.as_bytes())]);
    assert_eq!(serde_json::from_str::<Manifest>(&made).unwrap(), read);
}

#[test]
fn a_key_is_read_in_each_of_its_forms() {
    let [.., public, private] = VECTOR;
    let key = PublicKey::parse(public).unwrap();
    let inner = public.lines().nth(1).unwrap();
    for text in [key.to_string().as_str(), inner, &public.replace('\n', "\r\n")] {
        assert_eq!(PublicKey::parse(text), Some(key.clone()), "{text}");
    }
    assert_eq!(KeyPair::parse(private.lines().nth(1).unwrap()).unwrap().public(), key);
    for text in ["", "no key", private, "MCowBQYDK2VwAyEA", "AAAA"] {
        assert_eq!(PublicKey::parse(text), None, "{text}");
    }
    assert!(!format!("{:?}", KeyPair::parse(private).unwrap()).contains("AAECAwQ"));
}

#[tokio::test]
async fn what_was_signed_is_taken_without_its_manifest() {
    let place = Place::new();
    place.sign(7, &[("app.yaml", DOCUMENT), ("deep/more.yaml", "a: 1")]);
    let snapshot = place.signed().load().await.unwrap();
    let names: Vec<_> = snapshot.documents.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["config/app.yaml", "config/deep/more.yaml"]);
    assert!(snapshot.revision.ends_with(", signed version 7"), "{}", snapshot.revision);
}

#[tokio::test]
async fn without_a_key_a_manifest_is_no_setting_and_all_is_taken() {
    let place = Place::new();
    place.sign(7, &[("app.yaml", DOCUMENT)]);
    place.source.set("config/app.yaml", "a: 2");
    let all = Signed::new(place.source.clone(), trust(&TrustSettings::default()));
    let documents = all.load().await.unwrap().documents;
    assert_eq!(documents.len(), 1);
    place.source.remove("config/manifest.sig");
    assert_eq!(
        all.load().await.unwrap().documents.len(),
        2,
        "some manifest.json of the program's own"
    );
}

#[tokio::test]
async fn what_is_altered_added_missing_or_not_signed_is_refused() {
    type Harm = fn(&MemorySource);
    let table: [(&str, Harm); 8] = [
        ("config/app.yaml is not as it was signed", |it| it.set("config/app.yaml", "a: 2")),
        ("config/new.yaml is not in manifest.json", |it| it.set("config/new.yaml", "a: 2")),
        ("elsewhere.yaml is not in manifest.json", |it| it.set("elsewhere.yaml", "a: 2")),
        ("config/more.yaml is in manifest.json and missing", |it| it.remove("config/more.yaml")),
        ("manifest.json is missing", |it| it.remove("config/manifest.json")),
        ("it is not signed", |it| {
            it.remove("config/manifest.json");
            it.remove("config/manifest.sig");
        }),
        ("manifest.sig holds no signature of manifest.json by the key", |it| {
            it.set("config/manifest.json", "{\"version\": 8, \"documents\": {}}");
        }),
        ("manifest.sig holds no signature of manifest.json by the key", |it| {
            let other = KeyPair::generate().unwrap();
            let text = manifest(8, "", [("app.yaml", DOCUMENT.as_bytes()), ("more.yaml", b"a: 1")]);
            it.set("config/manifest.sig", other.sign(text.as_bytes()));
            it.set("config/manifest.json", text);
        }),
    ];
    for (expected, harm) in table {
        let place = Place::new();
        place.sign(7, &[("app.yaml", DOCUMENT), ("more.yaml", "a: 1")]);
        let signed = place.signed();
        signed.load().await.unwrap();
        harm(&place.source);
        let message = refused(&signed).await;
        assert!(message.starts_with("memory: not trusted: "), "{message}");
        assert!(message.contains(expected), "{expected}: {message}");
        place.sign(8, &[("app.yaml", DOCUMENT), ("more.yaml", "a: 1")]);
        place.source.remove("config/new.yaml");
        place.source.remove("elsewhere.yaml");
        signed.load().await.unwrap();
    }
}

#[tokio::test]
async fn a_manifest_that_lies_deeper_signs_nothing_above_it() {
    let place = Place::new();
    place.sign(1, &[("app.yaml", DOCUMENT)]);
    for name in ["manifest.json", "manifest.sig"] {
        let bytes = place.source.load().await.unwrap().documents;
        let own = bytes.into_iter().find(|it| it.name == format!("config/{name}")).unwrap();
        place.source.remove(&own.name);
        place.source.set(&format!("config/deep/{name}"), own.bytes);
    }
    place.source.set("config/deep/app.yaml", DOCUMENT);
    place.source.set("config/app.yaml", "a: evil");
    assert!(refused(&place.signed()).await.contains("config/app.yaml is not in manifest.json"));
}

#[tokio::test]
async fn a_version_that_goes_back_is_refused_unless_allowed() {
    let mut place = Place::new();
    let signed = place.signed();
    for version in [7, 7, 9] {
        place.sign(version, &[("app.yaml", &format!("a: {version}"))]);
        signed.load().await.unwrap();
    }
    place.sign(8, &[("app.yaml", "a: 8")]);
    let message = refused(&signed).await;
    assert!(message.contains("its version 8 goes back behind 9: sign it with a greater one"));
    place.sign(9, &[("app.yaml", "a: other")]);
    assert!(refused(&signed).await.contains("its version 9 was another one before"));
    place.sign(10, &[("app.yaml", "a: 8")]);
    signed.load().await.unwrap();
    place.settings.allow_rollback = true;
    let lenient = place.signed();
    for version in [9, 3, 3] {
        place.sign(version, &[("app.yaml", "a: any")]);
        lenient.load().await.unwrap();
    }
}

#[tokio::test]
async fn versions_are_remembered_over_a_restart_where_a_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut place = Place::new();
    place.settings.state_file = Some(folder.path().join("versions.json"));
    place.sign(7, &[("app.yaml", DOCUMENT)]);
    place.signed().load().await.unwrap();
    place.sign(6, &[("app.yaml", DOCUMENT)]);
    assert!(refused(&place.signed()).await.contains("its version 6 goes back behind 7"));
    place.settings.state_file = Some(folder.path().join("no").join("versions.json"));
    let message = refused(&place.signed()).await;
    assert!(message.contains("cannot be kept in config.trust.state_file"), "{message}");
    std::fs::write(folder.path().join("torn.json"), "{").unwrap();
    place.settings.state_file = Some(folder.path().join("torn.json"));
    let error = Trust::default().set(&place.settings).unwrap_err();
    assert_eq!(error.key(), Some("config.trust.state_file"));
}

#[tokio::test]
async fn keys_are_changed_by_signing_with_both() {
    let place = Place::new();
    let new = KeyPair::generate().unwrap();
    let text = manifest(1, "", [("app.yaml", DOCUMENT.as_bytes())]);
    place.source.set("app.yaml", DOCUMENT);
    let both = format!("{}\n{}", place.key.sign(text.as_bytes()), new.sign(text.as_bytes()));
    place.source.set("manifest.sig", both);
    place.source.set("manifest.json", text);
    for key in [&place.key, &new] {
        let signed = Signed::new(place.source.clone(), trust(&with_key(key)));
        signed.load().await.unwrap();
    }
}

#[tokio::test]
async fn files_of_a_folder_are_signed_by_the_manifest_beside_them() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new();
    let name = |name: &str| folder.path().join(name).display().to_string();
    place.source.set(&name("app.yaml"), DOCUMENT);
    let signed = Signed::files(place.source.clone(), trust(&place.settings), folder.path());
    assert!(refused(&signed).await.contains("it is not signed"));
    let documents = [("app.yaml", DOCUMENT.as_bytes()), ("app.prod.yaml", b"a: 1")];
    let text = manifest(1, "", documents);
    std::fs::write(name("manifest.sig"), place.key.sign(text.as_bytes())).unwrap();
    std::fs::write(name("manifest.json"), text).unwrap();
    let documents = signed.load().await.unwrap().documents;
    assert_eq!(documents.len(), 1, "the others may be for other environments");
    place.source.set(&name("app.prod.yaml"), "a: 2");
    assert!(refused(&signed).await.contains("app.prod.yaml is not as it was signed"));
}

#[test]
fn a_key_that_is_none_is_refused_with_what_was_expected() {
    let folder = tempfile::tempdir().unwrap();
    let file = |text: &str| {
        let path = folder.path().join("key.pem");
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let check = |key: &str| {
        let settings = TrustSettings { key: key.to_owned(), ..TrustSettings::default() };
        Trust::default().set(&settings)
    };
    check(&file(VECTOR[2])).unwrap();
    let private = file(VECTOR[3]);
    let table = [
        ("nonsense", "expected an ed25519 public key"),
        ("/no/such/key.pem", "cannot read file /no/such/key.pem"),
        (private.as_str(), "holds no key: expected an ed25519 public key"),
    ];
    for (key, expected) in table {
        let error = check(key).unwrap_err();
        assert_eq!(error.key(), Some("config.trust.key"));
        assert!(error.to_string().contains(expected), "{error}");
    }
}
