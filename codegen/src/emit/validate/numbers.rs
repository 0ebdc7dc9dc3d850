//! Rules of what is counted: numbers, durations and times.

use proc_macro2::TokenStream;
use quote::quote;

use super::literal::{self, Number};
use super::options::Options;
use super::{At, Rules, check};

/// A bound, whether its own value is allowed, and how rules and words call it.
struct Bound {
    rule: &'static str,
    value: Number,
    words: &'static str,
    operator: TokenStream,
}

impl Rules<'_> {
    /// The rules of `x`, whose ids begin with `kind`.
    pub(super) fn number(
        &mut self,
        kind: &str,
        rules: &Options,
        path: &str,
        at: &At,
    ) -> TokenStream {
        let mut code = TokenStream::new();
        if let Some(value) = rules.get("const").as_ref().and_then(Number::of) {
            let (literal, text) = (value.tokens(), value.text());
            let message = format!("must equal {text}");
            code.extend(check(&quote!(x != #literal), path, &format!("{kind}.const"), &message));
        }
        code.extend(self.range(kind, rules, path, at));
        for (rule, negated, words) in
            [("in", true, "must be in list"), ("not_in", false, "must not be in list")]
        {
            let values: Vec<_> = rules.list(rule).iter().filter_map(Number::of).collect();
            if !values.is_empty() {
                let literals = values.iter().map(|value| value.tokens());
                let found = quote!(#(x == #literals)||*);
                let broken = if negated { quote!(!(#found)) } else { found };
                let list = literal::list(values.iter().map(|value| value.text()));
                let message = format!("{words} {list}");
                code.extend(check(&broken, path, &format!("{kind}.{rule}"), &message));
            }
        }
        if rules.is("finite") {
            let id = format!("{kind}.finite");
            code.extend(check(&quote!(!x.is_finite()), path, &id, "must be finite"));
        }
        code
    }

    fn range(&mut self, kind: &str, rules: &Options, path: &str, at: &At) -> TokenStream {
        let bounds = [
            ("gt", "greater than", quote!(>)),
            ("gte", "greater than or equal to", quote!(>=)),
            ("lt", "less than", quote!(<)),
            ("lte", "less than or equal to", quote!(<=)),
        ];
        let mut bounds: Vec<_> = bounds
            .into_iter()
            .filter_map(|(rule, words, operator)| {
                let value = Number::of(&rules.get(rule)?)?;
                Some(Bound { rule, value, words, operator })
            })
            .collect();
        bounds.retain(|bound| {
            if bound.value.is_nan() {
                self.refuse(
                    &at.within(&[rules.number(bound.rule)]),
                    "nothing is greater or less than nan",
                    "give a number",
                );
            }
            !bound.value.is_nan()
        });
        // What is not a number is within no bounds, and so each is asked for what it allows.
        let allows = |bound: &Bound| {
            let (operator, value) = (&bound.operator, bound.value.tokens());
            quote!(x #operator #value)
        };
        let words = |bound: &Bound| format!("{} {}", bound.words, bound.value.text());
        match bounds.as_slice() {
            [low, high] if high.value.is_below(low.value) => {
                let (above, below) = (allows(low), allows(high));
                let id = format!("{kind}.{}_{}_exclusive", low.rule, high.rule);
                let message = format!("must be {} or {}", words(low), words(high));
                check(&quote!(!(#above || #below)), path, &id, &message)
            }
            [low, high] => {
                let (above, below) = (allows(low), allows(high));
                let id = format!("{kind}.{}_{}", low.rule, high.rule);
                let message = format!("must be {} and {}", words(low), words(high));
                check(&quote!(!(#above && #below)), path, &id, &message)
            }
            [bound] => {
                let allowed = allows(bound);
                let id = format!("{kind}.{}", bound.rule);
                check(&quote!(!(#allowed)), path, &id, &format!("must be {}", words(bound)))
            }
            _ => TokenStream::new(),
        }
    }

    pub(super) fn duration(&mut self, rules: &Options, path: &str, at: &At) -> TokenStream {
        let checks = self.number("duration", rules, path, at);
        self.as_nanos(&checks)
    }

    pub(super) fn timestamp(&mut self, rules: &Options, path: &str, at: &At) -> TokenStream {
        let mut code = self.number("timestamp", rules, path, at);
        let bia = &self.model.runtime;
        let now = quote!(#bia::__codegen::rules::now());
        for (rule, broken, words) in [
            ("lt_now", quote!(x > #now), "must be less than now"),
            ("gt_now", quote!(x < #now), "must be greater than now"),
        ] {
            if rules.is(rule) {
                code.extend(check(&broken, path, &format!("timestamp.{rule}"), words));
            }
        }
        if let Some(within) = rules.message("within") {
            let within = literal::nanos(&within.0);
            if within < 0 {
                self.refuse(
                    &at.within(&[rules.number("within")]),
                    "no time is within a negative duration of now",
                    "give a positive duration",
                );
            }
            let within = Number::Duration(within);
            let literal = within.tokens();
            let message = format!("must be within {} of now", within.text());
            let broken = quote!((x - #now).abs() > #literal);
            code.extend(check(&broken, path, "timestamp.within", &message));
        }
        self.as_nanos(&code)
    }

    /// Makes `x` what the rules in `code` compare.
    fn as_nanos(&self, code: &TokenStream) -> TokenStream {
        if code.is_empty() {
            return TokenStream::new();
        }
        let bia = &self.model.runtime;
        quote!({ let x = #bia::__codegen::rules::nanos(x.seconds, x.nanos); #code })
    }
}
