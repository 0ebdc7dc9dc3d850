//! Names of services and of what they keep, in all the ways they are written.

use std::collections::BTreeSet;
use std::fmt;

use heck::{ToKebabCase as _, ToPascalCase as _, ToShoutySnakeCase as _, ToSnakeCase as _};
use proc_macro2::{TokenStream, TokenTree};

use crate::error::{Error, Result};

use super::template;
use super::words::Words;

/// What the name of a service in Consul, in Kubernetes and in DNS may have at most.
const LONGEST: usize = 63;

/// Crates that a service uses or that Rust brings, folders that cargo makes, and packages that are
/// carried: no package of a service can have these names.
const TAKEN: [&str; 33] = [
    "alloc",
    "api",
    "app",
    "bia",
    "bia_codegen",
    "buf",
    "build",
    "core",
    "data",
    "deps",
    "errors",
    "examples",
    "futures",
    "futures_util",
    "garde",
    "google",
    "grpc",
    "incremental",
    "main",
    "proc_macro",
    "prost",
    "rules",
    "schemars",
    "serde",
    "service",
    "settings",
    "sqlx",
    "std",
    "tempfile",
    "test",
    "tests",
    "tokio",
    "uuid",
];

/// The name of a service: `user-service`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name(String);

impl Name {
    /// # Errors
    ///
    /// It is no name, is too long, or could not be told from something else in the code: says what
    /// else would do.
    pub(crate) fn new(text: &str) -> Result<Self> {
        let name = Self::of_folder(text)?;
        match name.taken() {
            None => Ok(name),
            Some(why) => {
                Err(Error::usage(format!("`{text}` cannot be the name of a service: {why}"))
                    .with_hint(format!("say more of what it does: `my-{}-service`", name.base())))
            }
        }
    }

    /// Why the code of a service would not build with it.
    fn taken(&self) -> Option<String> {
        [self.0.replace('-', "_"), self.package()].into_iter().find_map(|word| {
            if is_keyword(&word) {
                return Some(format!("`{word}` is a word of Rust itself"));
            }
            let is_taken = TAKEN.contains(&word.as_str());
            is_taken.then(|| format!("the code of a service has another `{word}`"))
        })
    }

    /// A name that is no more than that of a folder: a workspace's.
    ///
    /// # Errors
    ///
    /// It is no name, or is too long.
    pub(crate) fn of_folder(text: &str) -> Result<Self> {
        let refuse = |why: &str, hint: String| {
            Err(Error::usage(format!("`{text}` is no name: {why}")).with_hint(hint))
        };
        let kebab = text.to_kebab_case();
        if text.is_empty() {
            return refuse("it is empty", "name it after what it does: `user-service`".to_owned());
        }
        if text.starts_with(|first: char| first.is_ascii_digit()) {
            return refuse(
                "it begins with a digit",
                format!("put a word in front: `the{}`", kebab.trim_matches('-')),
            );
        }
        if text.len() > LONGEST {
            let hint =
                format!("registries and DNS take {LONGEST} characters; these are {}", text.len());
            return refuse("it is too long", hint);
        }
        if !is_kebab(text) {
            let all = [kebab.clone(), format!("my-{kebab}-service")];
            let is_fit = |it: &String| {
                is_kebab(it) && it.len() <= LONGEST && Self(it.clone()).taken().is_none()
            };
            let example = all.into_iter().find(is_fit);
            let example = example.unwrap_or_else(|| "user-service".to_owned());
            return refuse(
                "it is not of small letters and digits, with `-` between words that begin with a letter",
                format!("for example `{example}`"),
            );
        }
        Ok(Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Without what only says that it is a service: `user`.
    pub(crate) fn base(&self) -> &str {
        ["-service", "-svc"].iter().find_map(|end| self.0.strip_suffix(end)).unwrap_or(&self.0)
    }

    /// The first part of its package: `user` of `user.v1`.
    pub(crate) fn package(&self) -> String {
        self.base().to_snake_case()
    }

    /// How its types begin: `User`.
    pub(crate) fn pascal(&self) -> String {
        self.base().to_pascal_case()
    }

    pub(super) fn put_into(&self, words: &mut Words) {
        words.add("sample-service", &self.0);
        words.add("sample", self.package());
        words.add("Sample", self.pascal());
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether it is small letters and digits, with `-` between words that begin with a letter.
fn is_kebab(text: &str) -> bool {
    text.split('-').all(|part| {
        part.starts_with(|first: char| first.is_ascii_lowercase())
            && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    })
}

fn is_keyword(word: &str) -> bool {
    syn::parse_str::<syn::Ident>(word).is_err()
}

/// What a service keeps, in the singular: `user`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resource(String);

/// What a service keeps whose name says nothing that could be kept.
const ANYTHING: &str = "item";

impl Resource {
    /// # Errors
    ///
    /// It is no word, or the code has another one.
    pub(crate) fn new(text: &str) -> Result<Self> {
        let resource = Self(text.to_snake_case());
        let is_word = !text.is_empty()
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
            && resource.0.split('_').all(|part| part.starts_with(|c: char| c.is_ascii_lowercase()));
        if !is_word {
            return Err(Error::usage(format!("`{text}` is no word for what a service keeps"))
                .with_hint("one thing, in the singular: `user`, `order-item`"));
        }
        if resource.is_taken() {
            return Err(Error::usage(format!("the code of a service has another `{text}`"))
                .with_hint(format!("say more of what it is: `--resource my-{text}`")));
        }
        Ok(resource)
    }

    /// One that was looked at before.
    pub(super) fn made(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// What a service of this name most likely keeps.
    pub(crate) fn of(name: &Name) -> Self {
        let resource = Self(singular(&name.package()));
        if resource.is_taken() { Self(ANYTHING.to_owned()) } else { resource }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// As a type: `User`.
    pub(crate) fn pascal(&self) -> String {
        self.0.to_pascal_case()
    }

    pub(crate) fn plural(&self) -> String {
        plural(&self.0)
    }

    pub(super) fn put_into(&self, words: &mut Words) {
        let plural = self.plural();
        words.add("/v1/gadgets", format!("/v1/{plural}"));
        words.add("gadgets", &plural);
        words.add("Gadgets", plural.to_pascal_case());
        words.add("gadget", &self.0);
        words.add("Gadget", self.0.to_pascal_case());
        words.add("GADGET", self.0.to_shouty_snake_case());
    }

    /// Whether it would be taken for something else: a word of Rust, of SQL, or of the template.
    fn is_taken(&self) -> bool {
        let plural = self.plural();
        let in_sql = ["values", "references", "constraints", "checks"];
        let words = words_of_template();
        is_keyword(&self.0)
            || in_sql.contains(&plural.as_str())
            || [&self.0, &plural, &self.0.to_pascal_case(), &plural.to_pascal_case()]
                .into_iter()
                .any(|word| words.contains(word))
    }
}

/// All names that the code of the template has beside its own.
fn words_of_template() -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for (name, text) in template::of("service") {
        if name.ends_with(".rs")
            && let Ok(tokens) = text.parse::<TokenStream>()
        {
            collect(tokens, &mut words);
        }
    }
    words
}

fn collect(tokens: TokenStream, words: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => collect(group.stream(), words),
            TokenTree::Ident(word) => {
                words.insert(word.to_string());
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

fn singular(word: &str) -> String {
    let cut = |end: &str, by: &str| Some(format!("{}{by}", word.strip_suffix(end)?));
    if let Some(word) = cut("ies", "y") {
        return word;
    }
    for end in ["sses", "xes", "ches", "shes"] {
        if word.ends_with(end) {
            return word.strip_suffix("es").unwrap_or(word).to_owned();
        }
    }
    if ["ss", "us", "is"].iter().any(|end| word.ends_with(end)) {
        return word.to_owned();
    }
    cut("s", "").filter(|word| !word.is_empty()).unwrap_or_else(|| word.to_owned())
}

fn plural(word: &str) -> String {
    if let Some(stem) = word.strip_suffix('y')
        && !stem.ends_with(['a', 'e', 'i', 'o', 'u'])
    {
        return format!("{stem}ies");
    }
    if ["s", "x", "z", "ch", "sh"].iter().any(|end| word.ends_with(end)) {
        return format!("{word}es");
    }
    format!("{word}s")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn a_name_tells_the_package_the_types_and_what_is_kept() {
        for (text, package, types, resource, plural) in [
            ("user-service", "user", "User", "user", "users"),
            ("payments", "payments", "Payments", "payment", "payments"),
            ("order-items-svc", "order_items", "OrderItems", "order_item", "order_items"),
            ("categories", "categories", "Categories", "category", "categories"),
            ("s3-store", "s3_store", "S3Store", "s3_store", "s3_stores"),
            ("value-service", "value", "Value", "item", "items"),
            ("client-service", "client", "Client", "item", "items"),
        ] {
            let name = name(text);
            let kept = Resource::of(&name);
            let all = (name.package(), name.pascal(), kept.as_str().to_owned(), kept.plural());
            let expected = (package, types, resource, plural);
            assert_eq!((all.0.as_str(), all.1.as_str(), all.2.as_str(), all.3.as_str()), expected);
        }
    }

    #[test]
    fn a_name_that_cannot_be_is_refused_with_one_that_can() {
        for (text, why, hint) in [
            ("", "empty", "user-service"),
            ("UserService", "small letters", "`user-service`"),
            ("user_service", "small letters", "`user-service`"),
            ("größe", "small letters", "user-service"),
            ("a--b", "small letters", "`a-b`"),
            ("../x", "small letters", "`x`"),
            ("7-wonders", "digit", "`the7-wonders`"),
            ("Self", "small letters", "`my-self-service`"),
            ("2Fast", "digit", "`the2fast`"),
            ("type", "a word of Rust", "my-type-service"),
            ("match-service", "a word of Rust", "my-match-service"),
            ("tokio", "another `tokio`", "my-tokio-service"),
            ("std-service", "another `std`", "my-std-service"),
            ("test", "another `test`", "my-test-service"),
            ("settings-service", "another `settings`", "my-settings-service"),
            (&"long-".repeat(20), "too long", "63"),
        ] {
            let error = Name::new(text).expect_err(text);
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().contains(why), "{text}: {error}");
            let told = error.hint().unwrap_or_default();
            assert!(told.contains(hint), "{text}: {told}");
            // What is proposed is taken.
            if let Some(proposed) = told.split('`').nth(1) {
                assert!(Name::new(proposed).is_ok(), "{text}: {told}");
            }
        }
    }

    #[test]
    fn what_is_kept_has_no_name_that_the_code_has_too() {
        for taken in ["result", "request", "type", "vec", "value", "option", "database", "page"] {
            assert!(Resource::new(taken).is_err(), "{taken}");
        }
        assert_eq!(Resource::new("OrderItem").expect("a word").as_str(), "order_item");
        assert!(Resource::new("two words").is_err());
        assert!(Resource::new("4").is_err());
    }
}
