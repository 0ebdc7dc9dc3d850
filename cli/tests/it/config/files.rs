//! Keys, and folders of files that are signed.

use std::os::unix::fs::PermissionsExt as _;

use bia::config::Variables;
use serde::Deserialize;
use serde_json::Value;

use crate::command::run;

use super::says;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Own {
    greeting: String,
}

#[tokio::test]
async fn a_folder_that_was_signed_is_taken_by_a_service_and_an_altered_one_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("configs")).unwrap();
    std::fs::write(at("configs/app.yaml"), "greeting: hello\n").unwrap();
    let run = |arguments: &[&str]| run(folder.path(), &[&["config"], arguments].concat());
    let ran = run(&["sign", "--new-key", "keys/own.pem", "--folder", "configs"]);
    says(&ran, 0, &["Created keys/\n"]);
    let mode = std::fs::metadata(at("keys/own.pem")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let public = std::fs::read_to_string(at("keys/own.pem.pub")).unwrap();
    assert_eq!(ran.out, public);
    assert_eq!(run(&["keygen", "keys/own.pem"]).code, 1, "a key is not lost");

    let verify = ["verify", "--folder", "configs", "--key", "keys/own.pem.pub"];
    let ran = run(&verify);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let path = at("configs").display().to_string();
    let flags = ["--config", &path, "--set", &format!("config.trust.key={}", public.trim())];
    let flags = flags.map(str::to_owned);
    let service = bia::config::<Own>().arguments(flags, &Variables::default()).await.unwrap();
    assert_eq!(service.get().greeting, "hello");

    std::fs::write(at("configs/app.yaml"), "greeting: evil\n").unwrap();
    std::fs::write(at("configs/more.yaml"), "").unwrap();
    let remedy = "`bia config sign --folder configs --key FILE`";
    says(&run(&verify), 1, &["is not as it was signed", remedy]);
    let sign = ["sign", "--key", "keys/own.pem", "--folder", "configs"];
    let ran = run(&[&sign[..], &["--dry-run"]].concat());
    assert!(ran.code == 0 && ran.err.contains("Would update"), "{}", ran.err);
    assert_eq!(run(&sign).code, 0);
    std::fs::remove_file(at("configs/more.yaml")).unwrap();
    let ran = run(&[&verify[..], &["--json"]].concat());
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        (ran.code, &told["version"], &told["is_signed_by_key"]),
        (1, &2.into(), &true.into())
    );
    assert_eq!(told["documents"][1]["state"], "missing");
    std::fs::write(at("configs/notes.txt"), "x").unwrap();
    says(&run(&sign), 1, &["notes.txt is no file of settings"]);
}

#[test]
fn a_key_that_was_made_to_sign_with_goes_again_if_it_signs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("configs")).unwrap();
    let run = |arguments: &[&str]| run(folder.path(), &[&["config"], arguments].concat());
    let sign = ["sign", "--new-key", "own.pem", "--folder", "configs"];
    let ran = run(&sign);
    says(&ran, 1, &["configs has no settings to sign"]);
    assert!(ran.out.is_empty() && !ran.err.contains("Created"), "{ran:?}");
    assert!(!at("own.pem").exists() && !at("own.pem.pub").exists());
    // In the folder itself it would be taken for settings.
    std::fs::write(at("configs/app.yaml"), "greeting: hello\n").unwrap();
    let ran = run(&["sign", "--new-key", "configs/own.pem", "--folder", "configs"]);
    says(&ran, 1, &["own.pem is no file of settings"]);
    assert_eq!(std::fs::read_dir(at("configs")).unwrap().count(), 1);

    let ran = run(&sign);
    says(&ran, 0, &["Created own.pem\n", "Created own.pem.pub\n", "Signed configs"]);
    let key = std::fs::read(at("own.pem")).unwrap();
    let ran = run(&sign);
    says(&ran, 1, &["own.pem is there already; nothing was written", "`--key own.pem`"]);
    assert!(!ran.err.contains("--force"), "{}", ran.err);
    assert_eq!(std::fs::read(at("own.pem")).unwrap(), key);
}
