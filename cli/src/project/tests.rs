use std::path::{Path, PathBuf};

use super::*;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace")
}

#[test]
fn the_services_of_a_workspace_are_those_with_a_program_and_protos() {
    let project =
        Project::find(&repository().join("examples/user-service/src")).expect("it is one");
    assert_eq!(project.root, repository());
    let names: Vec<&str> = project.services().map(|it| it.name.as_str()).collect();
    assert!(names.contains(&"user-service") && names.contains(&"order-service"), "{names:?}");
    assert!(!names.contains(&"bia") && !names.contains(&"bia-codegen"), "{names:?}");
    let service = project.service(Some("user-service")).expect("it is there");
    assert_eq!(service.folder, repository().join("examples/user-service"));
    let error = project.service(Some("usr-service")).expect_err("it is not there");
    assert!(error.hint().is_some_and(|hint| hint.contains("user-service")));
}

#[test]
fn the_protos_of_a_service_are_those_of_its_build_script() {
    let project = Project::find(repository()).expect("it is one");
    let service = project.service(Some("user-service")).expect("it is there");
    let model = service.model().expect("its protos are right");
    let services: Vec<&str> = model
        .packages
        .iter()
        .flat_map(|package| &package.services)
        .map(|service| service.full_name.as_str())
        .collect();
    assert_eq!(services, ["user.v1.UserService"]);
}

#[test]
fn a_folder_outside_of_every_project_is_told() {
    let error = Project::find(Path::new("/")).expect_err("it is none");
    assert!(error.to_string().contains("no Rust project"), "{error}");
}

#[test]
fn a_build_script_is_read_however_it_is_written() {
    let read = |text: &str| BuildScript::read(&syn::parse_file(text).expect("it is Rust"));
    let paths = |paths: &[&str]| paths.iter().map(PathBuf::from).collect::<Vec<_>>();
    let plain =
        read(r#"fn main() -> R { bia_codegen::compile(&["a/v1/a.proto", "b/v1/b.proto"]) }"#);
    assert_eq!(plain.files, paths(&["a/v1/a.proto", "b/v1/b.proto"]));
    let long = read(
        r#"fn main() -> R {
            println!("cargo:rerun-if-changed=migrations");
            bia_codegen::Compiler::new() // the API
                .file("../proto/a.proto")
                .files(["b.proto", r"c.proto"])
                .include("../shared")
                .mocks(true)
                .compile()
        }"#,
    );
    assert_eq!(long.files, paths(&["../proto/a.proto", "b.proto", "c.proto"]));
    assert_eq!(long.includes, paths(&["../shared"]));
}
