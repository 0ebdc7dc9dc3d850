//! An output is made again after a change; what a person did to it is not lost.

use super::fixture::Workspace;

const DEPLOYMENT: &str = "deploy/kubernetes/order-service/deployment.yaml";

#[test]
fn a_second_run_changes_nothing() {
    let workspace = Workspace::new();
    for output in ["docker", "compose", "kubernetes", "helm"] {
        let arguments = format!("{output} --all-services");
        let arguments = if output == "compose" { output } else { &arguments };
        workspace.deployed(arguments);
        let before = workspace.tree("deploy");
        let ran = workspace.deployed(arguments);
        assert!(!ran.err.contains("Updated") && !ran.err.contains("Created"), "{}", ran.err);
        assert_eq!(workspace.tree("deploy"), before);
        assert_eq!(workspace.deploy(&format!("{arguments} --diff")).code, 0);
    }
}

#[test]
fn a_change_of_the_settings_is_taken_over_without_a_question() {
    let workspace = Workspace::new();
    workspace.deployed("kubernetes order-service");
    let settings = workspace.read("order-service/configs/app.yaml").replace("45s", "60s");
    workspace.write("order-service/configs/app.yaml", &settings);
    let ran = workspace.deployed("kubernetes order-service");
    assert!(ran.err.contains("Updated") && ran.err.contains("deployment.yaml"), "{}", ran.err);
    assert!(workspace.read(DEPLOYMENT).contains("terminationGracePeriodSeconds: 70"));
}

#[test]
fn an_edited_file_is_refused_and_nothing_else_is_written_either() {
    let workspace = Workspace::new();
    workspace.deployed("kubernetes order-service");
    let edited =
        workspace.read(DEPLOYMENT).replace("revisionHistoryLimit: 5", "revisionHistoryLimit: 9");
    workspace.write(DEPLOYMENT, &edited);
    let settings = workspace.read("order-service/configs/app.yaml").replace(":8100", ":8200");
    workspace.write("order-service/configs/app.yaml", &settings);
    let before = workspace.tree("deploy");
    let ran = workspace.deploy("kubernetes order-service");
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("deployment.yaml was edited"), "{}", ran.err);
    assert!(ran.err.contains("--diff") && ran.err.contains("--force"), "{}", ran.err);
    assert_eq!(workspace.tree("deploy"), before);

    let ran = workspace.deploy("kubernetes order-service --dry-run");
    assert_eq!(ran.code, 0);
    assert!(
        ran.err.contains("Would update") && ran.err.contains("`--force` would replace it"),
        "{}",
        ran.err
    );
    assert_eq!(workspace.tree("deploy"), before);

    let ran = workspace.deploy("kubernetes order-service --diff");
    assert_eq!(ran.code, 1);
    for line in [
        "-  revisionHistoryLimit: 9",
        "+  revisionHistoryLimit: 5",
        "+              containerPort: 8200",
    ] {
        assert!(ran.out.lines().any(|it| it == line), "{line}: {}", ran.out);
    }
    assert_eq!(workspace.tree("deploy"), before);

    workspace.deployed("kubernetes order-service --force");
    assert!(workspace.read(DEPLOYMENT).contains("revisionHistoryLimit: 5"));
    let ran = workspace.deployed("kubernetes order-service");
    assert!(!ran.err.contains("Updated"), "{}", ran.err);
}

#[test]
fn a_file_of_somebody_else_is_not_replaced() {
    let workspace = Workspace::new();
    workspace.write("deploy/docker/user-service/Dockerfile", "FROM mine\n");
    let ran = workspace.deploy("docker user-service");
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("Dockerfile was edited, or is not from bia"), "{}", ran.err);
    // Compose builds with it, and does not make one of its own.
    workspace.deployed("compose user-service");
    assert_eq!(workspace.read("deploy/docker/user-service/Dockerfile"), "FROM mine\n");
}

#[test]
fn what_is_no_part_of_the_output_any_more_goes_unless_it_was_edited() {
    let workspace = Workspace::new();
    workspace.deployed("kubernetes order-service --canary --monitor");
    workspace.deployed("kubernetes user-service");
    let monitor = "deploy/kubernetes/order-service/servicemonitor.yaml";
    workspace.write(monitor, "# mine\n");
    let ran = workspace.deployed("kubernetes order-service");
    assert!(ran.err.contains("Removed") && ran.err.contains("canary-routing.yaml"), "{}", ran.err);
    assert!(
        ran.err.contains("servicemonitor.yaml is part of this no more, and was edited: it stays"),
        "{}",
        ran.err
    );
    assert!(!workspace.join("deploy/kubernetes/order-service/canary-deployment.yaml").exists());
    assert_eq!(workspace.read(monitor), "# mine\n");
    assert!(workspace.join("deploy/kubernetes/user-service/deployment.yaml").is_file());
}

#[test]
fn an_option_that_is_not_given_again_is_told_with_the_command_that_had_it() {
    let workspace = Workspace::new();
    let first = "kubernetes order-service --image registry.example/order --canary 10";
    workspace.deployed(first);
    let told = format!(
        "warning: deploy/kubernetes/order-service was written by `bia deploy {first}`; \
         now it is by `bia deploy kubernetes order-service`"
    );
    for how in [" --diff", " --dry-run", ""] {
        let ran = workspace.deploy(&format!("kubernetes order-service{how}"));
        assert!(ran.err.contains(&told), "{how}: {}", ran.err);
    }
    // The same again is no news, and neither is the first of another service.
    for again in ["kubernetes order-service", "kubernetes user-service"] {
        let ran = workspace.deployed(again);
        assert!(!ran.err.contains("was written by"), "{}", ran.err);
    }
}

#[test]
fn a_dry_run_writes_nothing() {
    let workspace = Workspace::new();
    for output in [
        "docker user-service",
        "compose",
        "kubernetes user-service",
        "helm user-service",
        "github",
        "grafana",
    ] {
        let ran = workspace.deployed(&format!("{output} --dry-run"));
        assert!(ran.err.contains("Would create"), "{}", ran.err);
        assert!(
            !workspace.join("deploy").exists() && !workspace.join(".github").exists(),
            "{output}"
        );
    }
}

#[test]
fn the_outputs_lie_where_they_are_wanted_and_find_each_other_there() {
    let workspace = Workspace::new();
    workspace.deployed("compose user-service --to ops/here");
    assert!(workspace.join("ops/here/docker/user-service/Dockerfile").is_file());
    let compose = super::yaml::document(&workspace.read("ops/here/compose/compose.yaml"));
    let build = &compose["services"]["user-service"]["build"];
    assert_eq!(build["context"], "../../..");
    assert_eq!(build["dockerfile"], "ops/here/docker/user-service/Dockerfile");
}

#[test]
fn compose_asks_an_image_for_its_health_only_in_a_way_that_it_has() {
    let workspace = Workspace::new();
    workspace.deployed("docker user-service --base debian");
    workspace.deployed("docker order-service --base scratch");
    workspace.deployed("compose");
    let compose = super::yaml::document(&workspace.read("deploy/compose/compose.yaml"));
    // Debian's has a check of its own, and would not build from a bare image.
    let of_debian = &compose["services"]["user-service"];
    assert!(of_debian.get("healthcheck").is_none() && of_debian["build"].get("args").is_none());
    for bare in ["order-service", "mail-service"] {
        let service = &compose["services"][bare];
        assert_eq!(service["healthcheck"]["test"][1], "/busybox/wget");
        assert!(
            service["build"]["args"]["BASE_IMAGE"].as_str().is_some_and(|it| it.contains("debug"))
        );
    }
}

#[test]
fn it_does_not_matter_with_which_others_a_service_was_written() {
    let workspace = Workspace::new();
    for output in ["docker", "kubernetes", "helm"] {
        workspace.deployed(&format!("{output} --all-services"));
        let before = workspace.tree("deploy");
        workspace.deployed(&format!("{output} order-service"));
        assert_eq!(workspace.tree("deploy"), before);
    }
    workspace.deployed("kubernetes --all-services --image registry.example/shop");
    let alone = "kubernetes order-service --image registry.example/shop/order-service --diff";
    let ran = workspace.deploy(alone);
    assert_eq!(ran.code, 0, "{}", ran.out);
}

#[test]
fn what_to_type_next_is_told_once_something_is_there() {
    let workspace = Workspace::new();
    for (output, next) in [
        (
            "docker user-service --to .",
            "docker build -f ./docker/user-service/Dockerfile -t user-service .",
        ),
        ("compose", "docker compose -f deploy/compose/compose.yaml up --build"),
        ("kubernetes user-service", "kubectl apply -k deploy/kubernetes/user-service"),
        ("helm user-service", "helm upgrade --install user-service deploy/helm/user-service"),
    ] {
        assert!(!workspace.deployed(&format!("{output} --dry-run")).err.contains("next: "));
        let ran = workspace.deployed(output);
        assert!(ran.err.contains(&format!("next: `{next}`")), "{}", ran.err);
    }
    assert!(workspace.join("docker/user-service/Dockerfile").is_file());
}

#[test]
fn what_to_run_again_stands_in_what_was_written() {
    let workspace = Workspace::new();
    let arguments =
        "kubernetes order-service --database postgres --canary 10 --collector http://c:4317";
    workspace.deployed(arguments);
    let deployment = workspace.read(DEPLOYMENT);
    let first = deployment.lines().next().expect("it has lines");
    let told = first.split('`').nth(1).expect("it is quoted");
    let words: Vec<&str> = told.split(' ').skip(1).collect();
    let ran = crate::command::run(workspace.path(), &[&words[..], &["--diff"]].concat());
    assert_eq!(ran.code, 0, "{told}: {}", ran.out);
}
