//! Settings that must be signed, from files and from the program's own sources.

use bia::config::trust::{KeyPair, manifest};
use bia::config::{MemorySource, Variables};
use serde::Deserialize;
use tempfile::TempDir;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Own {
    greeting: String,
}

fn write(folder: &TempDir, name: &str, text: &str) {
    std::fs::write(folder.path().join(name), text).unwrap();
}

/// Signs these files of a folder as they are.
fn sign(folder: &TempDir, key: &KeyPair, version: u64, names: &[&str]) {
    let texts = names.iter().map(|name| std::fs::read(folder.path().join(name)).unwrap());
    let texts: Vec<_> = texts.collect();
    let documents = names.iter().copied().zip(texts.iter().map(Vec::as_slice));
    let text = manifest(version, "2026-11-22T09:30:00Z", documents);
    write(folder, "manifest.sig", &key.sign(text.as_bytes()));
    write(folder, "manifest.json", &text);
}

async fn load(arguments: &[&str]) -> Result<bia::Config<Own>, bia::Exit> {
    let arguments = arguments.iter().map(|it| (*it).to_owned());
    bia::config::<Own>().arguments(arguments, &Variables::default()).await
}

async fn refused(arguments: &[&str]) -> String {
    load(arguments).await.unwrap_err().to_string()
}

#[tokio::test]
async fn files_must_be_signed_if_the_key_is_out_of_their_reach() {
    let (folder, key) = (tempfile::tempdir().unwrap(), KeyPair::generate().unwrap());
    let flag = format!("config.trust.key={}", key.public());
    let path = folder.path().display().to_string();
    let (one, other) = (format!("{path}/app.yaml"), format!("{path}/other.yaml"));
    write(&folder, "app.yaml", "greeting: hello");
    for what in [&path, &one] {
        let said = refused(&["--config", what, "--set", &flag]).await;
        assert!(said.contains("not trusted: it is not signed"), "{said}");
    }
    sign(&folder, &key, 1, &["app.yaml"]);
    for what in [&path, &one] {
        let config = load(&["--config", what, "--set", &flag]).await.unwrap();
        assert_eq!(config.get().greeting, "hello");
    }
    write(&folder, "app.yaml", "greeting: evil");
    write(&folder, "other.yaml", "greeting: evil");
    for (what, why) in [
        (&path, "app.yaml is not as it was signed"),
        (&one, "app.yaml is not as it was signed"),
        (&other, "other.yaml is not in manifest.json"),
    ] {
        let said = refused(&["--config", what, "--set", &flag]).await;
        assert!(said.contains(why), "{said}");
    }
    // The same without a key.
    let config = load(&["--config", &path]).await.unwrap();
    assert_eq!(config.get().greeting, "evil");
}

#[tokio::test]
async fn a_file_that_holds_the_key_is_taken_as_it_is_and_a_source_is_not() {
    let (folder, key) = (tempfile::tempdir().unwrap(), KeyPair::generate().unwrap());
    let text = format!("greeting: file\nconfig: {{trust: {{key: '{}'}}}}", key.public());
    write(&folder, "app.yaml", &text);
    let file = folder.path().join("app.yaml").display().to_string();
    assert_eq!(load(&["--config", &file]).await.unwrap().get().greeting, "file");
    let source = MemorySource::new();
    source.set("centre.yaml", "greeting: centre");
    let load = || {
        let arguments = ["--config".to_owned(), file.clone()];
        bia::config::<Own>().arguments(arguments, &Variables::default()).source(source.clone())
    };
    let exit = load().await.unwrap_err();
    assert!(exit.to_string().contains("it is not signed"), "{exit}");
    let text = manifest(1, "", [("centre.yaml", &b"greeting: centre"[..])]);
    source.set("manifest.sig", key.sign(text.as_bytes()));
    source.set("manifest.json", text);
    assert_eq!(load().await.unwrap().get().greeting, "centre");
}

#[tokio::test]
async fn a_change_that_is_not_signed_leaves_in_force_what_is() {
    let key = KeyPair::generate().unwrap();
    let source = MemorySource::new();
    let put = |version: u64, text: &'static str| {
        let manifest = manifest(version, "", [("app.yaml", text.as_bytes())]);
        source.set("app.yaml", text);
        source.set("manifest.sig", key.sign(manifest.as_bytes()));
        source.set("manifest.json", manifest);
    };
    put(1, "greeting: one");
    let flags = ["--set".to_owned(), format!("config.trust.key={}", key.public())];
    let config = bia::config::<Own>()
        .arguments(flags, &Variables::default())
        .source(source.clone())
        .await
        .unwrap();
    let _reloading = config.reloading();
    let mut greeting = config.watch(|own| own.greeting.clone());
    put(2, "greeting: two");
    assert_eq!(greeting.changed().await, "two");
    source.set("app.yaml", "greeting: evil");
    let refusal = async {
        loop {
            let report = config.report();
            if report["refusals"][0]["reason"].to_string().contains("is not as it was signed") {
                break;
            }
            // sleeps: a refusal is what does not come out of a watch.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), refusal).await.unwrap();
    assert_eq!(config.get().greeting, "two");
    put(3, "greeting: three");
    assert_eq!(greeting.changed().await, "three");
    let revision = config.report()["changes"][0]["sources"][0]["revision"].to_string();
    assert!(revision.contains("signed version 3"), "{revision}");
}
