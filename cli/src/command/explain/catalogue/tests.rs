use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use super::*;

/// What looks like a reason and is none: variables, media, values of JSON, methods, time units.
const NONE: &[&str] = &[
    "API_DISABLED",
    "BIA_ENV",
    "MAPPED_LIBRARIES",
    "NULL_VALUE",
    "NO_COLOR",
    "OUT_DIR",
    "POD_IP",
    "RUST_LOG",
    "STATUS_ACTIVE",
    "XDG_RUNTIME_DIR",
];

/// What makes an error of a reason: functions of `Error`, and of the admin port's answers.
const MAKERS: &[&str] = &[
    "new",
    "bad_request",
    "unauthorized",
    "forbidden",
    "not_found",
    "conflict",
    "precondition_failed",
    "too_many_requests",
    "client_closed",
    "internal",
    "unimplemented",
    "unavailable",
    "deadline_exceeded",
    "from_grpc",
    "refusal",
];

fn is_reason(text: &str) -> bool {
    let is_word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_uppercase())
            && word.chars().all(|char| char.is_ascii_uppercase() || char.is_ascii_digit())
    };
    text.split('_').all(is_word)
}

/// Reasons of one file, without those of its tests.
#[derive(Default)]
struct Reasons(BTreeSet<String>);

impl Reasons {
    /// A text with a `_` may be a reason wherever it stands, a single word only where an error is made.
    fn add(&mut self, text: String, is_made: bool) {
        let is_other = ["OTEL_", "CARGO_", "BIA_"].iter().any(|start| text.starts_with(start))
            || NONE.contains(&text.as_str());
        let is_code = Code::ALL.iter().any(|code| code.name() == text);
        if is_reason(&text) && !is_other && (is_made || (text.contains('_') && !is_code)) {
            self.0.insert(text);
        }
    }

    fn tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Literal(literal) => {
                    if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                        self.add(text.value(), false);
                    }
                }
                _ => {}
            }
        }
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|it| {
        it.path().is_ident("test")
            || (it.path().is_ident("cfg") && {
                it.parse_args::<syn::Ident>().is_ok_and(|ident| ident == "test")
            })
    })
}

impl<'ast> Visit<'ast> for Reasons {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.tokens(item.tokens.clone());
    }

    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        self.add(text.value(), false);
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let syn::Expr::Path(path) = &*call.func
            && let Some(name) = path.path.segments.last()
            && let Some(of) = path.path.segments.iter().nth_back(1)
            && ["Error", "Answer", "Self"].iter().any(|it| of.ident == it)
            && MAKERS.contains(&name.ident.to_string().as_str())
        {
            for argument in &call.args {
                if let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = argument {
                    self.add(text.value(), true);
                }
            }
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        if let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = &*item.expr
            && !matches!(item.vis, syn::Visibility::Inherited)
        {
            // `pub const REASON: &str = "VALIDATOR"`.
            self.add(text.value(), true);
        }
        visit::visit_item_const(self, item);
    }
}

fn files(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the source of the framework") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() && name != "generated" && name != "tests" {
            files(&path, all);
        } else if name.ends_with(".rs") && name != "tests.rs" && name != "hostile.rs" {
            all.push(path);
        }
    }
}

/// Every reason that the framework makes, with a file that it stands in.
fn made() -> BTreeMap<String, PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../framework/src");
    let mut all = Vec::new();
    files(&source, &mut all);
    let mut made = BTreeMap::new();
    for path in all {
        let text = std::fs::read_to_string(&path).expect("a file");
        let file = syn::parse_file(&text).expect("Rust");
        let mut reasons = Reasons::default();
        reasons.visit_file(&file);
        made.extend(reasons.0.into_iter().map(|reason| (reason, path.clone())));
    }
    made
}

#[test]
fn every_reason_of_the_framework_is_explained_and_no_other() {
    let made = made();
    assert!(made.len() > 60, "they are not found any more: {made:?}");
    let told: BTreeSet<&str> = all().map(|entry| entry.reason).collect();
    let missing: Vec<_> =
        made.iter().filter(|(reason, _)| !told.contains(reason.as_str())).collect();
    assert!(missing.is_empty(), "not in the catalogue: {missing:#?}");
    let gone: Vec<_> = told.iter().filter(|reason| !made.contains_key(**reason)).collect();
    assert!(gone.is_empty(), "made by nobody any more: {gone:?}");
}

#[test]
fn every_entry_is_told_once_and_says_something() {
    let mut seen = BTreeSet::new();
    for entry in all() {
        assert!(seen.insert(entry.reason), "{} is there twice", entry.reason);
        assert!(is_reason(entry.reason), "{}", entry.reason);
        assert!(entry.means.ends_with('.'), "{}: sentences", entry.reason);
        assert!(!entry.remedy.ends_with('.'), "{}: no sentence", entry.reason);
        assert!(!entry.statuses.is_empty(), "{}", entry.reason);
        assert!(entry.statuses.iter().all(|it| (400..600).contains(it)), "{}", entry.reason);
    }
}
