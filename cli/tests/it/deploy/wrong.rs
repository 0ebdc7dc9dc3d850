//! What cannot be done: a clear message, a hint, and nothing written.

use super::fixture::Workspace;

/// The error of `arguments`, which write nothing.
#[track_caller]
fn refused(workspace: &Workspace, arguments: &str, code: i32) -> String {
    let ran = workspace.deploy(arguments);
    assert_eq!(ran.code, code, "bia deploy {arguments}: {}{}", ran.out, ran.err);
    assert!(ran.err.contains("error: "), "{}", ran.err);
    assert!(!workspace.join("deploy").exists(), "bia deploy {arguments} wrote something");
    ran.err
}

#[test]
fn a_service_that_is_not_there_is_told_with_those_that_are() {
    let workspace = Workspace::new();
    let error = refused(&workspace, "kubernetes usr-service", 1);
    assert!(
        error.contains("no service `usr-service`") && error.contains("user-service"),
        "{error}"
    );
    // Nobody said which of three.
    let error = refused(&workspace, "helm", 2);
    assert!(error.contains("several services"), "{error}");
}

#[test]
fn a_name_that_kubernetes_would_refuse_is_refused_with_one_that_it_takes() {
    let workspace = Workspace::new();
    let main =
        workspace.read("user-service/src/main.rs").replace("\"user-service\"", "\"User_Service\"");
    workspace.write("user-service/src/main.rs", &main);
    for output in ["docker", "kubernetes", "helm", "compose", "github"] {
        let error = refused(&workspace, &format!("{output} user-service"), 1);
        assert!(error.contains("`User_Service` cannot be the name of a host"), "{error}");
        assert!(error.contains("--name user-service"), "{error}");
    }
    workspace.deployed("kubernetes user-service --name user-service");
    assert!(workspace.join("deploy/kubernetes/user-service/deployment.yaml").is_file());
}

#[test]
fn settings_that_the_service_would_not_start_with_are_told_with_their_place() {
    let workspace = Workspace::new();
    workspace.write("user-service/configs/app.yaml", "server: {adress: '0.0.0.0:8000'}\n");
    let error = refused(&workspace, "kubernetes user-service", 1);
    assert!(error.contains("server.adress") && error.contains("app.yaml:1"), "{error}");
    assert!(error.contains("address"), "the right one is named: {error}");
    let error = refused(&workspace, "kubernetes user-service --env prod", 1);
    assert!(error.contains("there is no") && error.contains("app.prod.yaml"), "{error}");
}

#[test]
fn a_service_without_settings_is_written_for_the_defaults_and_told() {
    let workspace = Workspace::new();
    let ran = workspace.deployed("kubernetes mail-service");
    assert!(ran.err.contains("warning: mail-service has no configs/app.yaml"), "{}", ran.err);
    let deployment = workspace.read("deploy/kubernetes/mail-service/deployment.yaml");
    assert!(deployment.contains("containerPort: 8000"), "{deployment}");
    assert!(!deployment.contains("/app/configs"), "{deployment}");
}

#[test]
fn protos_that_are_wrong_are_told_with_their_line() {
    let workspace = Workspace::new();
    workspace.write(
        "user-service/proto/user/v1/user.proto",
        "syntax = \"proto3\";\nmessage A { string }\n",
    );
    let error = refused(&workspace, "helm user-service", 1);
    assert!(error.contains("user.proto:2"), "{error}");
}

#[test]
fn arguments_that_make_no_sense_end_with_2() {
    let workspace = Workspace::new();
    for (arguments, said) in [
        ("kubernetes user-service --canary 100", "100"),
        ("kubernetes user-service --replicas 5 --max-replicas 2", "--max-replicas 2 is less"),
        ("kubernetes user-service --memory lots", "no quantity of Kubernetes"),
        ("kubernetes user-service --cpu -1", "-1"),
        ("kubernetes user-service --cpu 128Mi", "no quantity of Kubernetes"),
        ("kubernetes user-service --memory 12", "hint: with its unit: `--memory 12Mi`"),
        ("helm user-service --memory 500m", "less than a service starts with"),
        ("grafana --prometheus nope", "--prometheus nope is no http:// or https:// address"),
        ("grafana --traces jaeger:16686", "--traces jaeger:16686 is no http://"),
        ("kubernetes user-service --ingress http://x/y", "not the name of a host"),
        ("kubernetes user-service --consul consul:8500", "no http:// or https:// address"),
        ("helm user-service --image a;b", "cannot be the name of an image"),
        ("kubernetes user-service --image x:y:z", "hint: small letters, a tag or a digest"),
        ("kubernetes user-service --to Cargo.toml", "hint: name a folder below the workspace"),
        ("github --branch a..b", "not the name of a branch"),
        ("github --branch v*", "not the name of a branch"),
        ("github --branch feature/${{github.token}}", "not the name of a branch"),
        ("kubernetes user-service order-service --name both", "--name is for one service"),
        ("kubernetes user-service --name User_Service", "`--name user-service`"),
        ("docker user-service --to ../elsewhere", "not a folder below the workspace"),
        ("docker user-service --to /tmp/elsewhere", "not a folder below the workspace"),
        ("docker user-service --base alpine", "alpine"),
        ("docker user-service --diff --force", "--force"),
        ("", "Usage"),
    ] {
        let ran = workspace.deploy(arguments);
        assert_eq!(ran.code, 2, "{arguments}: {}", ran.err);
        assert!(ran.err.contains(said), "{arguments}: {}", ran.err);
        assert!(!workspace.join("deploy").exists());
    }
}

#[test]
fn a_database_that_nobody_has_cannot_be_chosen() {
    let error = refused(&Workspace::new(), "kubernetes mail-service --database postgres", 1);
    assert!(error.contains("name no database") && error.contains("hint"), "{error}");
}

#[test]
fn a_password_in_the_settings_is_told_and_gets_into_no_file() {
    let workspace = Workspace::new();
    workspace.write(
        "order-service/configs/app.yaml",
        "data: {url: 'postgres://shop:hunter2@db/orders'}\n",
    );
    for output in ["docker", "compose", "kubernetes", "helm"] {
        let ran = workspace.deployed(&format!("{output} order-service"));
        assert!(
            ran.err.contains("data.url in the settings of order-service holds a password"),
            "{}",
            ran.err
        );
        assert!(!ran.err.contains("hunter2"));
    }
    for (path, text) in workspace.tree("deploy") {
        assert!(!text.contains("hunter2"), "{path}");
    }
}

#[test]
fn a_framework_outside_of_the_context_is_told_with_a_remedy() {
    let workspace = Workspace::new();
    let outside = tempfile::TempDir::new().expect("a folder");
    let write = |path: &str, text: &str| std::fs::write(outside.path().join(path), text);
    write(
        "Cargo.toml",
        "[package]\nname = \"bia\"\nversion = \"0.1.0\"\n[lib]\npath = \"lib.rs\"\n",
    )
    .and_then(|()| write("lib.rs", ""))
    .expect("it is ours");
    let manifest = workspace.read("user-service/Cargo.toml");
    let path = format!("bia = {{ path = \"{}\" }}", outside.path().display());
    workspace.write("user-service/Cargo.toml", &manifest.replace("bia = \"0.1.0\"", &path));
    let ran = workspace.deployed("docker user-service");
    assert!(ran.err.contains("outside of the context of the build"), "{}", ran.err);
    assert!(ran.err.contains("hint: name a published version"), "{}", ran.err);
    assert!(!ran.err.contains("docker build"), "what cannot go well is no next step: {}", ran.err);
}

#[test]
fn a_framework_in_the_context_is_told_where_it_is_named_from_the_root_of_this_machine() {
    let workspace = Workspace::new();
    workspace.write(
        "vendor/bia/framework/Cargo.toml",
        "[package]\nname = \"bia\"\nversion = \"0.1.0\"\n[lib]\npath = \"lib.rs\"\n",
    );
    workspace.write("vendor/bia/framework/lib.rs", "");
    let manifest = workspace.read("Cargo.toml");
    workspace.write("Cargo.toml", &format!("{manifest}exclude = [\"vendor\"]\n"));
    let manifest = workspace.read("user-service/Cargo.toml");
    let take = |path: &str| {
        let named = format!("bia = {{ path = \"{path}\" }}");
        workspace.write("user-service/Cargo.toml", &manifest.replace("bia = \"0.1.0\"", &named));
        workspace.deployed("docker user-service").err
    };
    let root = workspace.path().canonicalize().expect("it is there");
    let said = take(&root.join("vendor/bia/framework").display().to_string());
    assert!(said.contains("in the build that folder has another name"), "{said}");
    assert!(said.contains("`vendor/bia/framework` from the workspace's"), "{said}");
    let said = take("../vendor/bia/framework");
    assert!(!said.contains("warning"), "{said}");
}

#[test]
fn a_folder_that_cannot_be_written_to_is_told_and_stays_as_it_is() {
    let workspace = Workspace::new();
    // A file where a folder must be, which not even root can write into.
    workspace.write("deploy/kubernetes", "in the way");
    let ran = workspace.deploy("kubernetes user-service");
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(
        ran.err.contains("error: cannot") && ran.err.contains("deploy/kubernetes"),
        "{}",
        ran.err
    );
    assert_eq!(workspace.tree("deploy").len(), 1);
}

#[test]
fn a_port_that_is_free_by_chance_is_replaced_by_one_that_is_known() {
    let workspace = Workspace::new();
    let settings =
        "server: {address: '127.0.0.1:0'}\nadmin: {address: ''}\nstop: {drain_delay: 0s}\n";
    workspace.write("user-service/configs/app.yaml", settings);
    let ran = workspace.deployed("kubernetes user-service");
    for said in [
        "server.address of user-service",
        "admin.address of user-service",
        "stop.drain_delay of user-service is 0",
    ] {
        assert!(ran.err.contains(said), "{said}: {}", ran.err);
    }
    let config = workspace.read("deploy/kubernetes/user-service/configmap.yaml");
    assert!(
        config.contains("address: 0.0.0.0:8000") && config.contains("address: 0.0.0.0:8001"),
        "{config}"
    );
}

#[test]
fn nothing_is_asked_of_a_consul_that_the_settings_name() {
    let workspace = Workspace::new();
    let settings = workspace.read("order-service/configs/app.yaml")
        + "config: {consul: {prefix: config/orders, address: 'http://127.0.0.1:1'}, start_timeout: 60s}\n";
    workspace.write("order-service/configs/app.yaml", &settings);
    workspace.deployed("kubernetes order-service");
}

#[test]
fn a_branch_is_one_that_git_and_the_workflow_take() {
    let workspace = Workspace::new();
    let github = |branch: &str| {
        let arguments = ["deploy", "github", "user-service", "--branch", branch];
        crate::command::run(workspace.path(), &arguments)
    };
    for branch in ["", "a b", "a\nb", "a\"b", "/a", "a/", "a//b", ".a", "a.lock", "HEAD", "-a"] {
        let ran = github(branch);
        assert_eq!(ran.code, 2, "{branch:?}: {}", ran.err);
        assert!(!workspace.join(".github").exists(), "{branch:?}");
    }
    let ran = github("release/1.2-b_c");
    assert_eq!(ran.code, 0, "{}", ran.err);
    let workflow = workspace.read(".github/workflows/bia.yml");
    assert!(workflow.contains("branches: [\"release/1.2-b_c\"]"), "{workflow}");
}

#[test]
fn a_password_that_is_typed_is_refused_with_where_it_belongs_and_not_said_again() {
    let workspace = Workspace::new();
    for (arguments, remedy) in [
        ("kubernetes user-service --consul http://u:hunter2@h:8500", "the Secret NAME-consul"),
        ("helm user-service --consul https://hunter2@h:8500/x", "the Secret NAME-consul"),
        (
            "kubernetes user-service --collector http://u:hunter2@h:4317",
            "BIA_TELEMETRY__OTLP__HEADERS__AUTHORIZATION",
        ),
        ("grafana --prometheus http://u:hunter2@h:9090", "basicAuthUser"),
        ("grafana --traces http://u:hunter2@h:3200", "basicAuthUser"),
    ] {
        let error = refused(&workspace, arguments, 2);
        assert!(error.contains(remedy) && !error.contains("hunter2"), "{error}");
    }
}

#[test]
fn every_secret_in_the_settings_is_told_and_none_that_is_a_placeholder() {
    let workspace = Workspace::new();
    workspace.write(
        "order-service/configs/app.yaml",
        "registry: {kind: consul, consul: {token: hunter2, address: 'http://u:hunter2@consul:8500'}}\n\
         telemetry: {otlp: {endpoint: 'http://u:hunter2@collector:4317'}}\n\
         mail: {password: hunter2, token: '${MAIL_TOKEN:hunter3}', secret: ''}\n",
    );
    let ran = workspace.deployed("kubernetes order-service");
    for (key, variable) in [
        ("registry.consul.token", "BIA_REGISTRY__CONSUL__TOKEN"),
        ("registry.consul.address", "BIA_REGISTRY__CONSUL__ADDRESS"),
        ("telemetry.otlp.endpoint", "BIA_TELEMETRY__OTLP__ENDPOINT"),
        ("mail.password", "BIA_MAIL__PASSWORD"),
    ] {
        let told = format!("{key} in the settings of order-service holds a secret");
        assert!(ran.err.contains(&told) && ran.err.contains(variable), "{}", ran.err);
    }
    assert!(!ran.err.contains("hunter") && !ran.err.contains("mail.token"), "{}", ran.err);
    assert!(!ran.err.contains("mail.secret"), "{}", ran.err);
    for (path, text) in workspace.tree("deploy") {
        assert!(!text.contains("hunter"), "{path}");
    }
}
