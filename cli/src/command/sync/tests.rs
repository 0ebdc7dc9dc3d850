use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::implementation::in_file;
use super::*;
use crate::cli::{Colour, Talk};
use crate::splice::Source;

const SERVICE: &str = "src/service.rs";

fn shell() -> Shell {
    Shell::new(&Talk { quiet: true, color: Colour::Never })
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
    fs::write(path, text).expect("it can be written");
}

/// Brings the code in line with the protos, and says how many methods were new.
fn sync(member: &Member, root: &Path) -> usize {
    let model = member.model().expect("the protos are right");
    let mut plan = Plan::default();
    plan.add(member, &model, false, &shell()).expect("the code is right");
    let added = plan.findings.iter().filter(|it| it.kind == finding::Kind::Added).count();
    let mut changes = Changes::below(root);
    plan.write(&mut changes);
    changes.apply(Manner::Careful, &shell()).expect("it can be written");
    added
}

/// The methods of the only implementation.
fn methods(text: &str) -> Vec<String> {
    let source = Source::parse("service.rs", text.to_owned()).expect("it is Rust");
    let found = in_file(&source.syntax, &[], 0);
    found[0].methods().map(|(_, it)| it.sig.ident.to_string()).collect()
}

/// Whether all of `part` is in `whole`, in the same order.
fn is_within(part: &str, whole: &str) -> bool {
    let mut left = whole.bytes();
    part.bytes().all(|byte| left.any(|it| it == byte))
}

#[test]
fn whatever_is_there_all_that_is_missing_comes_in_the_order_of_the_proto() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let root = folder.path();
    write(
        root,
        "Cargo.toml",
        "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[dependencies]\nbia = \"0.1\"\n[build-dependencies]\nbia-codegen = \"0.1\"\n",
    );
    write(root, "build.rs", "fn main() { bia_codegen::compile(&[\"a.proto\"]) }");
    write(root, "src/main.rs", "mod service;\nbia::include_protos!();\nfn main() {}\n");
    let project = Project::find(root).expect("it is one");
    let member = project.service(Some("shop")).expect("it is a service");

    let names: Vec<usize> = (0..7).collect();
    let proto = Just(names.clone()).prop_shuffle();
    let there = prop::sample::subsequence(names, 0..7).prop_shuffle();
    let gaps = prop::collection::vec(
        prop::sample::select(vec![
            "\n",
            "\n\n    // about the next }\n    ",
            " ",
            "\n\t/* { */ ",
            "\n    #[inline]\n    ",
        ]),
        8,
    );
    let kinds = prop::collection::vec(0_usize..4, 7);
    let strategy = (proto, there, gaps, kinds, any::<bool>());
    let config = Config { cases: 48, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&strategy, |(proto, there, gaps, kinds, crlf)| {
        let rpc = |it: &usize| {
            let (input, output) =
                [("", ""), ("stream ", ""), ("", "stream "), ("stream ", "stream ")][kinds[*it]];
            format!("rpc Do{it}x({input}M) returns ({output}M);")
        };
        let rpcs: String = proto.iter().map(rpc).collect();
        write(
            root,
            "a.proto",
            &format!("syntax = \"proto3\"; package a; service A {{ {rpcs} }} message M {{}}"),
        );
        let mut text = "impl crate::a::A for B {".to_owned();
        for (it, gap) in there.iter().zip(&gaps) {
            text.push_str(&format!("{gap}async fn do{it}x(&self) {{ x(\"}}\") }}"));
        }
        text.push_str(&gaps[7].replace("#[inline]", ""));
        text.push_str("}\n");
        if crlf {
            text = text.replace('\n', "\r\n");
        }
        write(root, SERVICE, &text);

        let added = sync(member, root);
        prop_assert_eq!(added, proto.len() - there.len());
        let after = fs::read_to_string(root.join(SERVICE)).expect("it is there");
        prop_assert!(is_within(&text, &after), "{}", after);
        let found = methods(&after);
        // What was there is in its own order; what is new is behind what the proto has before it.
        let old: Vec<String> = there.iter().map(|it| format!("do{it}x")).collect();
        let kept: Vec<&String> = found.iter().filter(|it| old.contains(it)).collect();
        prop_assert_eq!(kept, old.iter().collect::<Vec<_>>());
        for (index, it) in proto.iter().enumerate() {
            let name = format!("do{it}x");
            let place = found.iter().position(|it| *it == name);
            prop_assert!(place.is_some(), "{} of {}", name, after);
            if !old.contains(&name) {
                let before = index.checked_sub(1).map(|it| format!("do{}x", proto[it]));
                let above = place.and_then(|it| it.checked_sub(1)).map(|it| found[it].clone());
                prop_assert_eq!(above, before, "{}", after);
            }
        }
        prop_assert_eq!(sync(member, root), 0);
        prop_assert_eq!(fs::read_to_string(root.join(SERVICE)).expect("it is there"), after);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
