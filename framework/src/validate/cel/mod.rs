//! Rules that are written in CEL, run by the crate `cel`. Not for use by hand: it changes with the generator.
//!
//! An expression is compiled once. What it is asked of is made a value of CEL for each check, whole:
//! such a rule costs microseconds, where a standard one costs nanoseconds.

mod functions;
mod value;

use std::sync::{Arc, LazyLock, OnceLock};

use ::cel::common::ast::{CallExpr, EntryExpr, Expr, LiteralValue};
use ::cel::common::types::CelTimestamp;
use ::cel::common::value::Val;
use ::cel::parser::Expression;
use ::cel::{Context, Env, Value as Outcome};

use super::Violations;

pub use value::{Key, Message, ToCel, list, map};

/// A value of CEL.
pub type Value = Box<dyn Val>;

/// What expressions may call: the standard library, that of strings, and what protovalidate adds.
static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib();
    // Each is declared once, and so nothing is refused.
    let _unused = ::cel::extensions::strings(&mut env);
    let _unused = functions::add(&mut env);
    Arc::new(env)
});

/// A rule in CEL.
#[derive(Debug)]
pub struct Rule {
    id: &'static str,
    /// What a person is told; empty if the expression says it.
    message: &'static str,
    expression: &'static str,
    compiled: OnceLock<Option<Expression>>,
}

impl Rule {
    /// A rule whose expression the generator has parsed once already.
    #[must_use]
    pub const fn new(id: &'static str, message: &'static str, expression: &'static str) -> Self {
        Self { id, message, expression, compiled: OnceLock::new() }
    }

    /// Adds a violation at `path` unless the expression is true, or an empty text, of `this`. `rule` is
    /// the value of a predefined rule.
    pub fn check(
        &self,
        this: Value,
        rule: Option<Value>,
        path: &'static str,
        violations: &mut Violations,
    ) {
        let compiled = self.compiled.get_or_init(|| {
            let mut parsed = ENV.parser().parse(self.expression).ok()?;
            presence(&mut parsed.expr);
            Some(parsed)
        });
        let Some(expression) = compiled else {
            violations.add(path, self.id, "the rule cannot be compiled");
            return;
        };
        let mut context = Context::with_env(Arc::clone(&ENV));
        context.add_variable_as_val("this", this);
        context.add_variable_as_val("now", Box::new(CelTimestamp::from(value::now())));
        if let Some(rule) = rule {
            context.add_variable_as_val("rule", rule);
        }
        match Outcome::resolve(expression, &context) {
            Ok(Outcome::Bool(true)) => {}
            Ok(Outcome::Bool(false)) if self.message.is_empty() => {
                violations.add(path, self.id, format!("\"{}\" returned false", self.expression));
            }
            Ok(Outcome::Bool(false)) => violations.add(path, self.id, self.message),
            Ok(Outcome::String(text)) if text.is_empty() => {}
            Ok(Outcome::String(text)) => violations.add(path, self.id, text.as_str().to_owned()),
            // What cannot be decided is not let through.
            Ok(_) => violations.add(path, self.id, "the rule is neither true nor false"),
            Err(error) => {
                violations.add(path, self.id, format!("the rule cannot be decided: {error}"));
            }
        }
    }
}

/// Makes `has(a.b)` a call of ours. To the crate a field that can be read is there; a field of a
/// message can always be read.
fn presence(expr: &mut Expr) {
    match expr {
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => {}
        Expr::Select(select) => {
            presence(&mut select.operand.expr);
            if select.test {
                let mut operand = std::mem::take(&mut *select.operand);
                operand.id = 0;
                let field =
                    Expr::Literal(LiteralValue::String(std::mem::take(&mut select.field).into()));
                let field = ::cel::IdedExpr { id: 0, expr: field };
                *expr = Expr::Call(CallExpr {
                    func_name: functions::HAS.to_owned(),
                    target: None,
                    args: vec![operand, field],
                });
            }
        }
        Expr::Call(call) => {
            call.target.iter_mut().for_each(|target| presence(&mut target.expr));
            call.args.iter_mut().for_each(|arg| presence(&mut arg.expr));
        }
        Expr::List(list) => {
            list.elements.iter_mut().for_each(|element| presence(&mut element.expr));
        }
        Expr::Map(map) => map.entries.iter_mut().for_each(|entry| presence_of(&mut entry.expr)),
        Expr::Struct(made) => {
            made.entries.iter_mut().for_each(|entry| presence_of(&mut entry.expr));
        }
        Expr::Comprehension(inner) => {
            for part in [
                &mut inner.iter_range,
                &mut inner.accu_init,
                &mut inner.loop_cond,
                &mut inner.loop_step,
                &mut inner.result,
            ] {
                presence(&mut part.expr);
            }
        }
    }
}

fn presence_of(entry: &mut EntryExpr) {
    match entry {
        EntryExpr::StructField(field) => presence(&mut field.value.expr),
        EntryExpr::MapEntry(entry) => {
            presence(&mut entry.key.expr);
            presence(&mut entry.value.expr);
        }
    }
}

#[cfg(test)]
mod tests;
