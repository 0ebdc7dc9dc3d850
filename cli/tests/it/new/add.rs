//! `bia add service`.

use std::fs;

use super::{empty, good, repository, text, tree};
use crate::command::run;
use crate::formatted::is_laid_out;

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
fn a_port_that_a_neighbour_has_for_calls_or_for_its_pages_is_refused_with_one_that_is_free() {
    let folder = empty();
    good(folder.path(), &["new", "shop", "--workspace", "--service", "user-service", "-q"]);
    let shop = folder.path().join("shop");
    let before = tree(&shop);
    for (port, told) in [
        ("8000", "port 8000 is `server.address` of user-service"),
        ("8001", "port 8001 is `admin.address` of user-service"),
        (
            "7999",
            "port 8000, on which the service would tell of itself, is `server.address` of user-service",
        ),
    ] {
        let ran = run(&shop, &["add", "service", "order-service", "--port", port]);
        assert!(ran.code == 2 && ran.err.contains(told), "{port}: {ran:?}");
        assert!(ran.err.contains("hint: take `--port 8100`"), "{}", ran.err);
    }
    assert_eq!(tree(&shop), before);
    good(&shop, &["add", "service", "order-service", "--port", "8002", "-q"]);
    // Its own ports are in nobody's way.
    good(&shop, &["add", "service", "order-service", "--port", "8003", "--force", "-q"]);
}

#[test]
fn a_service_keeps_clear_of_the_ports_of_services_that_lie_elsewhere() {
    let folder = empty();
    good(folder.path(), &["new", "shop", "--workspace", "--service", "user-service", "-q"]);
    let shop = folder.path().join("shop");
    fs::rename(shop.join("services/user-service"), shop.join("users")).expect("moved");
    let manifest = text(shop.join("Cargo.toml")).replace("services/user-service", "users");
    fs::write(shop.join("Cargo.toml"), manifest).expect("a file");
    let ran = good(&shop, &["add", "service", "order-service"]);
    assert!(ran.err.contains("--port 8100"), "{}", ran.err);
}

#[test]
fn services_of_a_workspace_for_which_no_port_is_left_are_refused() {
    let folder = empty();
    let services = ["--service", "a-service", "--service", "b-service"];
    let new = ["new", "shop", "--workspace", "--port", "65500"];
    let ran = run(folder.path(), &[&new[..], &services].concat());
    assert!(ran.code == 2 && ran.err.contains("no port left for `b-service`"), "{ran:?}");
    assert!(ran.err.contains("hint: ") && tree(folder.path()).is_empty(), "{ran:?}");
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
fn what_a_workspace_is_made_with_holds_for_the_services_that_join_it() {
    let folder = empty();
    let choices = ["--registry", "consul", "--database", "none"];
    let ran = good(folder.path(), &[&["new", "shop", "--workspace"][..], &choices].concat());
    assert!(ran.err.contains("Kept --registry consul --database none: so"), "{}", ran.err);
    let shop = folder.path().join("shop");
    let ran = good(&shop, &["add", "service", "user-service", "--faces", "grpc"]);
    let told = "user-service: --registry consul --database none --faces grpc --port 8000";
    assert!(ran.err.contains(told), "{}", ran.err);
    let yaml = text(shop.join("services/user-service/configs/app.yaml"));
    assert!(yaml.contains("kind: consul") && !yaml.contains("data:"), "{yaml}");
    // What is said of one goes over it, and is not kept.
    let ran = good(&shop, &["add", "service", "order-service", "--registry", "local"]);
    assert!(ran.err.contains("--registry local --database none --faces all"), "{}", ran.err);
    let ran = good(&shop, &["add", "service", "mail-service"]);
    assert!(ran.err.contains("--registry consul --database none --faces all"), "{}", ran.err);
}

#[test]
fn what_is_of_one_service_is_refused_for_a_workspace_without_any() {
    let folder = empty();
    for flag in [["--port", "9000"], ["--resource", "gadget"]] {
        let ran = run(folder.path(), &[&["new", "shop", "--workspace"][..], &flag].concat());
        assert!(
            ran.code == 2 && ran.err.contains(&format!("`{}` is of a service", flag[0])),
            "{ran:?}"
        );
        assert!(ran.err.contains(&format!("`bia add service NAME {} …`", flag[0])), "{}", ran.err);
    }
    assert!(tree(folder.path()).is_empty());
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
fn a_name_that_leads_to_the_package_of_another_service_is_told_as_that() {
    let folder = empty();
    good(folder.path(), &["new", "shop", "--workspace", "--service", "config-service", "-q"]);
    let shop = folder.path().join("shop");
    let before = tree(&shop);
    for more in [&[][..], &["--dry-run"], &["--force"]] {
        let ran = run(&shop, &[&["add", "service", "config"], more].concat());
        assert_eq!(ran.code, 2, "{}", ran.err);
        let told =
            "`config` and `config-service`, which is there, would have the same package, config.v1";
        assert!(ran.err.contains(told), "{}", ran.err);
        assert!(ran.err.contains("hint: take a name that differs in more"), "{}", ran.err);
        assert!(ran.err.contains("--from proto/config/v1/config.proto"), "{}", ran.err);
    }
    // Not the record alone tells it.
    fs::remove_dir_all(shop.join(".bia")).expect("it is there");
    let ran = run(&shop, &["add", "service", "config"]);
    assert!(ran.code == 2 && ran.err.contains("the same package"), "{}", ran.err);
    assert_eq!(
        tree(&shop),
        before.into_iter().filter(|it| !it.starts_with(".bia")).collect::<Vec<_>>()
    );
    // What it names as the remedy is one.
    good(&shop, &["add", "service", "config", "--from", "proto/config/v1/config.proto", "-q"]);
}

#[test]
fn a_name_that_a_crate_of_the_workspace_has_is_refused() {
    let folder = empty();
    good(folder.path(), &["new", "shop", "--workspace", "-q"]);
    let shop = folder.path().join("shop");
    fs::create_dir_all(shop.join("tools/src")).expect("a folder");
    fs::write(shop.join("tools/src/lib.rs"), "").expect("a file");
    fs::write(shop.join("tools/Cargo.toml"), "[package]\nname = \"tools\"\n").expect("a file");
    let manifest = text(shop.join("Cargo.toml")).replace("members = []", "members = [\"tools\"]");
    fs::write(shop.join("Cargo.toml"), manifest).expect("a file");
    let ran = run(&shop, &["add", "service", "tools"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.err.contains("has a crate `tools` already, in tools\n"), "{}", ran.err);
    assert!(!shop.join("services").exists());
}

#[test]
fn a_service_is_laid_out_as_the_workspace_that_it_joins() {
    let folder = empty();
    fs::write(folder.path().join("Cargo.toml"), "[workspace]\nmembers = []\n").expect("a file");
    fs::write(folder.path().join("rustfmt.toml"), "hard_tabs = true\n").expect("a file");
    good(folder.path(), &["add", "service", "stock-service", "-q"]);
    let proto = repository().join("examples/proto/user/v1/user.proto").display().to_string();
    good(folder.path(), &["add", "service", "people-service", "--from", &proto, "-q"]);
    assert!(text(folder.path().join("services/stock-service/src/main.rs")).contains("\n\tlet "));
    is_laid_out(folder.path());
    // An upgrade compares with the template, and finds nothing to do.
    let again = good(folder.path(), &["upgrade", "--dry-run"]);
    assert!(!again.err.contains("Conflict") && !again.err.contains("Updated"), "{}", again.err);
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

#[test]
fn a_service_that_is_made_anew_keeps_its_port() {
    let folder = empty();
    good(folder.path(), &["new", "shop", "--workspace", "-q"]);
    let root = folder.path().join("shop");
    for name in ["user-service", "order-service"] {
        good(&root, &["add", "service", name, "-q"]);
    }
    let settings = || text(root.join("services/order-service/configs/app.yaml"));
    let before = settings();
    assert!(before.contains(":8100"), "{before}");
    good(&root, &["add", "service", "order-service", "--force", "-q"]);
    assert_eq!(settings(), before);
}
