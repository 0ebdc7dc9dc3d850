use proptest::prelude::*;
use syn::visit::Visit;
use syn::{ImplItem, ItemImpl};

use super::*;

const METHOD: &str = "async fn put_in(&self) {\n    todo();\n}\n";

/// `METHOD` as it is written where lines begin with `indent`.
fn written(indent: &str, step: &str) -> String {
    METHOD.lines().map(|line| format!("{indent}{}\n", line.replace("    ", step))).collect()
}

struct First<'a>(Option<&'a ItemImpl>);

impl<'a> Visit<'a> for First<'a> {
    fn visit_item_impl(&mut self, item: &'a ItemImpl) {
        if item.trait_.is_some() && self.0.is_none() {
            self.0 = Some(item);
        }
    }
}

fn first(source: &Source) -> &ItemImpl {
    let mut first = First(None);
    first.visit_file(&source.syntax);
    first.0.unwrap()
}

fn names(item: &ItemImpl) -> Vec<String> {
    item.items
        .iter()
        .map(|it| match it {
            ImplItem::Fn(it) => it.sig.ident.to_string(),
            ImplItem::Const(it) => it.ident.to_string(),
            _ => "_".to_owned(),
        })
        .collect()
}

/// Puts a method behind item number `behind` of the first `impl` of a trait.
fn put_in(text: &str, behind: Option<usize>) -> String {
    let source = Source::parse("lib.rs", text.to_owned()).unwrap();
    let item = first(&source);
    let mut insertions = Insertions::default();
    add_methods(&source, item, behind, |indent, step| vec![written(indent, step)], &mut insertions);
    let after = source.spliced(insertions.clone()).unwrap();

    // Without what was put in, every byte is as it was.
    let (same, ranges) = insertions.into_text(text);
    assert_eq!(same, after);
    let mut left = after.clone();
    for range in ranges.into_iter().rev() {
        left.replace_range(range, "");
    }
    assert_eq!(left, text);

    // The method is where it was to be, and nothing else has moved.
    let mut expected = names(item);
    expected.insert(behind.map_or(0, |it| it + 1), "put_in".to_owned());
    let parsed = Source::parse("lib.rs", after.clone()).unwrap();
    assert_eq!(names(first(&parsed)), expected, "{after}");
    after
}

#[test]
fn an_empty_impl_on_one_line_is_opened() {
    assert_eq!(
        put_in("impl A for B {}", None),
        "impl A for B {\n    async fn put_in(&self) {\n        todo();\n    }\n}"
    );
    assert_eq!(
        put_in("mod m {\n  impl A for B { }\n}\n", None),
        "mod m {\n  impl A for B { \n    async fn put_in(&self) {\n      todo();\n    }\n  }\n}\n"
    );
}

#[test]
fn comments_stay_with_what_they_are_about() {
    let text = "\
impl A for B { // the API
    // about first
    fn first(&self) {} // behind first

    /* about second */ fn second(&self) {} /* behind
    second */ // still
    // nobody's, at the end }
}
";
    assert_eq!(
        put_in(text, None),
        "\
impl A for B { // the API
    async fn put_in(&self) {
        todo();
    }

    // about first
    fn first(&self) {} // behind first

    /* about second */ fn second(&self) {} /* behind
    second */ // still
    // nobody's, at the end }
}
"
    );
    assert_eq!(
        put_in(text, Some(0)),
        "\
impl A for B { // the API
    // about first
    fn first(&self) {} // behind first

    async fn put_in(&self) {
        todo();
    }

    /* about second */ fn second(&self) {} /* behind
    second */ // still
    // nobody's, at the end }
}
"
    );
    assert_eq!(
        put_in(text, Some(1)),
        "\
impl A for B { // the API
    // about first
    fn first(&self) {} // behind first

    /* about second */ fn second(&self) {} /* behind
    second */ // still

    async fn put_in(&self) {
        todo();
    }
    // nobody's, at the end }
}
"
    );
}

#[test]
fn what_is_only_a_comment_stays_on_top() {
    assert_eq!(
        put_in("impl A for B {\n    // to come: {\n}\n", None),
        "impl A for B {\n    // to come: {\n    async fn put_in(&self) {\n        todo();\n    }\n}\n"
    );
}

#[test]
fn inner_attributes_stay_first() {
    let text = "impl A for B {\n    #![expect(dead_code, reason = \"}\")]\n    //! And words.\n\n    fn a() {}\n}\n";
    let after = put_in(text, None);
    assert!(after.contains("//! And words.\n    async fn put_in"), "{after}");
}

#[test]
fn strings_and_macros_with_braces_do_not_mislead() {
    let text = r##"
macro_rules! api { () => { impl A for B { fn no(&self) {} } } }
/// ```
/// impl A for B { }
/// ```
const TEXT: &str = r#"impl A for C { fn x() { } "}}" "#;
impl<T: Fn() -> [u8; { 1 + 1 }]> A for B<T> where T: Sized {
    fn first(&self) -> &str { "}" }
    fn second(&self) -> char { '}' }
}
"##;
    let after = put_in(text, Some(0));
    assert!(after.contains(
        "\"}\" }\n\n    async fn put_in(&self) {\n        todo();\n    }\n    fn second"
    ));
}

#[test]
fn windows_line_breaks_tabs_and_a_byte_order_mark_are_kept() {
    let text =
        "\u{feff}// é 服务 🦀\r\nimpl A for B {\r\n\tfn größe(&self) {\r\n\t\tx();\r\n\t}\r\n}";
    let after = put_in(text, Some(0));
    assert!(after.starts_with('\u{feff}'));
    assert!(
        after.ends_with("\r\n\r\n\tasync fn put_in(&self) {\r\n\t\ttodo();\r\n\t}\r\n}"),
        "{after:?}"
    );
    assert_eq!(after.matches('\n').count(), after.matches("\r\n").count());
}

#[test]
fn a_line_for_the_shell_is_no_part_of_the_syntax() {
    let after =
        put_in("#!/usr/bin/env run-cargo-script\nimpl A for B {\n    fn a(&self) {}\n}\n", Some(0));
    assert!(after.starts_with("#!/usr/bin/env run-cargo-script\nimpl"));
    let broken =
        Source::parse("a.rs", "#!/bin/x\nfn a() {\n  let é = ;\n}".to_owned()).err().unwrap();
    assert_eq!((broken.line, broken.column), (3, 11), "{broken:?}");
}

#[test]
fn an_impl_full_of_attributes_is_understood() {
    let text = "\
#[cfg(all(feature = \"a\", not(test)))]
#[doc(hidden)]
impl A for B {
    const X: u8 = 1;
    #[cfg(unix)]
    #[tracing::instrument(skip_all, fields(id = %\"}\"))]
    /// Words.
    async fn a(&self) {}

    #[cfg(not(unix))] async fn a(&self) {}
}
";
    let after = put_in(text, Some(0));
    assert!(after.contains("const X: u8 = 1;\n\n    async fn put_in"), "{after}");
    assert!(put_in(text, Some(2)).ends_with(
        "async fn a(&self) {}\n\n    async fn put_in(&self) {\n        todo();\n    }\n}\n"
    ));
}

#[test]
fn what_shares_a_line_still_ends_up_on_the_right_side() {
    for behind in [None, Some(0), Some(1)] {
        put_in("impl A for B { fn a() {} fn b() {} }", behind);
        put_in("impl A for B { fn a() {} /* x */ fn b() {} /* y */ }", behind);
        put_in("impl A for B {fn a() {}\nfn b() {}}", behind);
    }
}

#[test]
fn what_would_change_is_refused() {
    let source = Source::parse("a.rs", "fn a() { b() }".to_owned()).unwrap();
    for (at, text) in [(8, "/*"), (9, "c"), (3, "\""), (14, "}")] {
        let mut insertions = Insertions::default();
        insertions.add(at, text);
        assert!(source.spliced(insertions).is_err(), "{at}: {text}");
    }
}

#[test]
fn calls_go_before_run_and_modules_behind_modules() {
    let change = |text: &str| {
        let source = Source::parse("main.rs", text.to_owned()).unwrap();
        let mut insertions = Insertions::default();
        declare_module(&source, "mod jobs;", "jobs", &mut insertions);
        let runs = into_app(&source, ".server(x())", &mut insertions);
        let made = behind_app(&source, |app| format!("let c = {app}.channel();"), &mut insertions);
        (source.spliced(insertions).unwrap(), runs, made)
    };
    let (text, runs, made) = change(
        "mod a; // first\nmod b;\n\nfn main() {\n    let app = bia::App::new(\"x\")?;\n    app.check(1)\n        .serve(run())\n        .run()\n        .await\n}\n\n#[cfg(test)]\nmod tests {}\n",
    );
    assert!(runs && made);
    assert_eq!(
        text,
        "mod a; // first\nmod b;\nmod jobs;\n\nfn main() {\n    let app = bia::App::new(\"x\")?;\n    let c = app.channel();\n    app.check(1)\n        .serve(run())\n        .server(x())\n        .run()\n        .await\n}\n\n#[cfg(test)]\nmod tests {}\n"
    );
    let (text, runs, made) = change("fn main() { App::new(1).run().await }");
    assert_eq!(
        (text.as_str(), runs, made),
        ("mod jobs;\n\nfn main() { App::new(1).server(x()).run().await }", true, false)
    );
    // Two of them: nobody knows which is meant.
    assert!(!change("mod jobs;\nfn main() { if x { a.run() } else { b.run() } }").1);
    assert!(!change("fn main() { self.run(); Command::new(1).run(); }").1);
}

/// White space and comments between things.
fn gap() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop::sample::select(vec![
            " ",
            "\n",
            "\n\n",
            "    ",
            "\t",
            "// } é\n",
            "/* { */",
            "/* a\n * /* b */ 服 */",
            "\n    // c\n",
        ]),
        0..4,
    )
    .prop_map(|parts| parts.concat())
}

fn item() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "fn ITEM(&self) {}",
        "async fn ITEM<'a>(&'a self, x: &'a str) -> Result<(), E> {\n        x.y(\"}\", '}')\n    }",
        "#[cfg(unix)]\n    /// Docs of {\n    fn ITEM() -> u8 { 1 }",
        "const ITEM: &str = r#\"impl A for B { \"# ;",
        "#[inline] fn ITEM() { mac! { } } ",
        "fn ITEM() {\n\t\tlet c = |x: u8| { x };\n\t}",
        "/** block { */ fn ITEM() {}",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn however_a_file_is_written_only_the_method_is_new(
        head in prop::sample::select(vec!["", "\u{feff}", "#![deny(x)]\n", "mod m {\n    impl X {}\n}\n", "#!/bin/sh\n"]),
        items in prop::collection::vec((gap(), item()), 0..5),
        (last, tail) in (gap(), prop::sample::select(vec!["", "\n", "\nfn after() {}", " struct S;\n"])),
        (behind, crlf) in (0_usize..6, any::<bool>()),
    ) {
        let mut text = format!("{head}impl<T> a::A for B<T> {{");
        for (index, (gap, item)) in items.iter().enumerate() {
            text.push_str(gap);
            text.push_str(&item.replace("ITEM", &format!("item{index}")));
        }
        text.push_str(&last);
        text.push('}');
        text.push_str(tail);
        if crlf {
            text = text.replace('\n', "\r\n");
        }
        let behind = behind.checked_sub(1).filter(|it| *it < items.len());
        let after = put_in(&text, behind);
        if crlf && text.contains('\n') {
            prop_assert_eq!(after.matches('\n').count(), after.matches("\r\n").count());
        }
        // It has lines of its own.
        let line = after.lines().find(|line| line.contains("fn put_in")).unwrap();
        prop_assert!(line.trim_start().starts_with("async fn put_in"), "{}", line);
    }

    #[test]
    fn no_text_makes_it_fall_over(text in "[a-z{}()\"'/*\\\\#! \n\r\té🦀]{0,60}") {
        if let Err(broken) = Source::parse("a.rs", text.clone()) {
            prop_assert!(broken.line >= 1 && broken.line <= text.matches('\n').count() + 1);
        }
    }
}
