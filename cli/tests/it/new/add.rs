//! `bia add service`.

use std::fs;

use super::{empty, good, text, tree};
use crate::command::run;

#[test]
fn a_service_joins_a_workspace_on_ports_of_its_own_and_comments_stay() {
    let folder = empty();
    good(folder.path(), &["new", "shop", "--workspace", "--service", "user-service", "-q"]);
    let shop = folder.path().join("shop");
    let manifest = text(shop.join("Cargo.toml"));
    let commented = manifest.replace("[workspace]\n", "[workspace]\n# what we sell\n");
    fs::write(shop.join("Cargo.toml"), &commented).expect("a file");

    // From wherever in the workspace it is asked for.
    let ran = good(shop.join("services/user-service/src"), &["add", "service", "order-service"]);
    assert!(ran.err.contains("--port 8100"), "{}", ran.err);
    assert_eq!(
        text(shop.join("Cargo.toml")),
        commented.replace(
            "\"services/user-service\"]",
            "\"services/user-service\", \"services/order-service\"]"
        )
    );
    let yaml = text(shop.join("services/order-service/configs/app.yaml"));
    assert!(yaml.contains("0.0.0.0:8100") && yaml.contains("127.0.0.1:8101"), "{yaml}");
    assert!(shop.join("proto/order/v1/order.proto").is_file());
    let build = text(shop.join("services/order-service/build.rs"));
    assert!(build.contains("\"../../proto/order/v1/order.proto\""), "{build}");

    let ran = run(&shop, &["add", "service", "order-service"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("services/order-service is there already"), "{}", ran.err);
    let again = good(&shop, &["upgrade", "--dry-run"]);
    assert!(again.err.contains("Yours Cargo.toml"), "{}", again.err);
    assert!(!again.err.contains("Conflict"), "{}", again.err);
}

#[test]
fn a_workspace_can_begin_without_a_service() {
    let folder = empty();
    let ran = good(folder.path(), &["new", "shop", "--workspace"]);
    assert!(ran.err.contains("bia add service"), "{}", ran.err);
    good(folder.path().join("shop"), &["add", "service", "user-service", "-q"]);
    let manifest = text(folder.path().join("shop/Cargo.toml"));
    assert!(manifest.contains("members = [\"services/user-service\"]"), "{manifest}");
}

#[test]
fn a_workspace_that_others_made_gets_what_a_service_inherits() {
    let folder = empty();
    let theirs = "[workspace] # ours\nmembers = [\n    \"tools\",\n]\n\n[workspace.dependencies]\ntokio = \"1.40\"\n";
    fs::write(folder.path().join("Cargo.toml"), theirs).expect("a file");
    good(folder.path(), &["add", "service", "user-service", "-q"]);
    let manifest = text(folder.path().join("Cargo.toml"));
    assert!(manifest.contains("    \"tools\",\n    \"services/user-service\",\n]"), "{manifest}");
    assert!(manifest.contains("tokio = \"1.40\"\n") && manifest.contains("\nbia = "), "{manifest}");
}

#[test]
fn one_service_by_itself_has_no_place_for_another_and_is_told_what_to_do() {
    let folder = empty();
    good(folder.path(), &["new", "user-service", "-q"]);
    let single = folder.path().join("user-service");
    let before = tree(&single);
    let ran = run(&single, &["add", "service", "order-service"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("one service by itself"), "{}", ran.err);
    assert!(ran.err.contains("--workspace --service user-service"), "{}", ran.err);
    assert_eq!(tree(&single), before);
    let nowhere = run(folder.path(), &["add", "service", "order-service"]);
    assert!(nowhere.err.contains("in no workspace"), "{}", nowhere.err);
}
