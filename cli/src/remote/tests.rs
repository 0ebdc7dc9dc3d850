use std::fs;
use std::path::Path;

use bia::config::Variables;
use clap::Parser;
use tempfile::TempDir;

use super::*;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    whereabouts: Whereabouts,
}

/// The registries that are looked into; of one that cannot be, why.
fn registries(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Vec<String> {
    let cli = Cli::parse_from(std::iter::once(&"bia").chain(arguments));
    let variables = Variables::new(variables.iter().copied());
    let all = cli.whereabouts.registries_at(folder, &variables).told().into_iter();
    all.map(|it| it.unwrap_or_else(|error| error.to_string())).collect()
}

#[test]
fn places_are_read_as_people_write_them() {
    let table = [
        ("user-service", Some("user-service")),
        ("discovery:///user-service", Some("user-service")),
        ("127.0.0.1:8000", Some("127.0.0.1:8000")),
        (":8000", Some("127.0.0.1:8000")),
        ("[::1]:8000", Some("[::1]:8000")),
        ("grpc://localhost:8000/", Some("localhost:8000")),
        ("grpcs://users.example:443", Some("grpcs://users.example:443")),
        ("", None),
        ("grpc://users", None),
        ("user service", None),
        ("a:b", None),
        ("127.0.0.1", None),
        ("::1", None),
        ("unix:///run/x.sock", None),
        ("grpc://a:1/x", None),
    ];
    for (text, expected) in table {
        let place = text.parse::<Place>().ok().map(|place| place.to_string());
        assert_eq!(place.as_deref(), expected, "{text:?}");
    }
    let error = "https://users:443".parse::<Place>().expect_err("it is HTTP");
    assert!(error.hint().is_some_and(|hint| hint.contains("grpcs://users:443")));
}

#[test]
fn a_name_that_nobody_has_is_compared_with_those_there_are() {
    let names = ["user-service", "order-service", "GetUser", "ListUsers", "UpdateUser"];
    let near = |name: &str| crate::nearest::nearest(name, names, 2);
    assert_eq!(near("usr-service"), ["user-service"]);
    assert_eq!(near("suer-service")[0], "user-service");
    assert_eq!(near("getuser"), ["GetUser"]);
    assert_eq!(near("Users"), ["ListUsers"]);
    assert_eq!(near("payment"), [""; 0]);
    assert_eq!(near(""), [""; 0]);
}

#[test]
fn the_registry_is_the_one_that_is_said_else_the_local_one_and_that_of_the_settings() {
    let folder = TempDir::new().expect("a folder");
    let leases = folder.path().join("leases");
    let runtime = [("XDG_RUNTIME_DIR", folder.path().to_str().expect("text"))];
    let told = |arguments: &[&str], variables: &[(&str, &str)]| {
        registries(folder.path(), arguments, &[&runtime[..], variables].concat())
    };
    let at = |path: &Path| format!("local folder {}", path.display());
    let local = at(&folder.path().join("bia"));
    let local = local.as_str();
    let leases_path = leases.to_str().expect("text");
    assert_eq!(told(&[], &[]), [local]);
    assert_eq!(told(&["--registry-path", leases_path], &[]), [at(&leases)]);
    assert_eq!(told(&["--registry", "none"], &[]), [""; 0]);
    assert_eq!(told(&["--registry", "consul"], &[]), ["consul at http://127.0.0.1:8500"]);
    assert_eq!(told(&["--consul", "c:1"], &[]), ["consul at http://c:1"]);
    assert_eq!(told(&[], &[("BIA_REGISTRY__KIND", "none")]), [local], "of `bia run`");
    let of_consul = [("CONSUL_HTTP_ADDR", "c:2"), ("CONSUL_HTTP_SSL", "true")];
    assert_eq!(told(&["--registry", "consul"], &of_consul), ["consul at https://c:2"]);
    assert_eq!(told(&[], &of_consul), [local], "services do not go by it");

    fs::create_dir(folder.path().join("configs")).expect("a folder");
    let settings = "registry: {kind: consul, consul: {address: 'http://${AGENT:a}:3', token: t}}\n\
                    own: '${NOT_HERE}'\n";
    fs::write(folder.path().join("configs/app.yaml"), settings).expect("a file");
    let (a, b) = ("consul at http://a:3", "consul at http://b:3");
    assert_eq!(told(&[], &[]), [local, a]);
    assert_eq!(told(&[], &[("AGENT", "b")]), [local, b]);
    assert_eq!(told(&[], &[("BIA_REGISTRY__LOCAL__PATH", leases_path)]), [at(&leases).as_str(), a]);
    assert_eq!(told(&["--registry", "consul"], &[]), [a]);
    assert_eq!(told(&["--consul", "c:1"], &[]), ["consul at http://c:1"]);
    assert_eq!(told(&["--registry", "local"], &[]), [local]);
    let prod = "registry: {kind: none}";
    fs::write(folder.path().join("configs/app.prod.yaml"), prod).expect("a file");
    assert_eq!(told(&[], &[("BIA_ENV", "prod")]), [local]);
}

#[test]
fn settings_that_are_wrong_stand_in_the_way_of_nobody_else() {
    let folder = TempDir::new().expect("a folder");
    let runtime = [("XDG_RUNTIME_DIR", folder.path().to_str().expect("text"))];
    fs::create_dir(folder.path().join("configs")).expect("a folder");
    fs::write(folder.path().join("configs/app.yaml"), "registry: {kind: cnsul}").expect("a file");
    let all = registries(folder.path(), &[], &runtime);
    assert!(all[0].starts_with("local folder"), "{all:?}");
    assert!(all[1].contains("app.yaml:1"), "{all:?}");
    assert_eq!(registries(folder.path(), &["--registry", "none"], &[]), [""; 0]);
}
