use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use serde_json::{Value, json};
use tokio::time::Instant;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::{Context, Filter};
use tracing_subscriber::registry::LookupSpan;

use crate::config::{Invalid, duration};
use crate::context;

use super::pattern::Pattern;

/// How long a change holds that was made while running and did not say.
const LASTING: Duration = Duration::from_secs(600);

/// How long one may hold: somebody who forgets it must not fill disks for ever.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// How many changes hold at one time.
const MOST: usize = 64;

/// What is logged, which can change while the service runs. Cloning is cheap; all clones are one.
///
/// An event that no rule could let through costs what a disabled one costs; only while an operation
/// has a filter of its own is each event between the two looked at.
#[derive(Clone)]
pub(super) struct Levels(Arc<Inner>);

struct Inner {
    rules: ArcSwap<Rules>,
    changes: Mutex<Changes>,
}

/// What is in force.
struct Rules {
    base: EnvFilter,
    /// The first that has the operation counts.
    operations: Vec<(Pattern, EnvFilter)>,
}

struct Changes {
    filter: String,
    /// Which setting or variable said so.
    from: &'static str,
    operations: BTreeMap<String, String>,
    /// Over the settings, until they run out; later ones over earlier.
    passing: Vec<Passing>,
}

struct Passing {
    scope: Scope,
    filter: String,
    until: Instant,
}

/// What a passing change is about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Scope {
    All,
    Target(String),
    Operation(String),
}

/// A change of what is logged, which runs out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LogChange {
    /// A level, or targets with levels.
    pub(crate) filter: String,
    /// Of one target only; then `filter` is a level.
    pub(crate) target: Option<String>,
    /// Of the calls of one operation, or of all that begin with what stands before `*`.
    pub(crate) operation: Option<String>,
    /// How long it holds; 10 min if nothing is said, a day at most.
    pub(crate) lasting: Option<Duration>,
}

impl Levels {
    /// # Errors
    ///
    /// If a filter or the name of an operation cannot be read.
    pub(super) fn new(
        filter: &str,
        from: &'static str,
        operations: &BTreeMap<String, String>,
    ) -> Result<Self, Invalid> {
        let changes = Changes {
            filter: filter.to_owned(),
            from,
            operations: operations.clone(),
            passing: Vec::new(),
        };
        let rules = changes.rules()?;
        Ok(Self(Arc::new(Inner {
            rules: ArcSwap::from_pointee(rules),
            changes: Mutex::new(changes),
        })))
    }

    /// Takes new settings; what was changed while running stays over them until it runs out.
    pub(super) fn set(
        &self,
        filter: Option<&str>,
        operations: &BTreeMap<String, String>,
    ) -> Result<(), Invalid> {
        self.change(|changes| {
            if let Some(filter) = filter {
                filter.clone_into(&mut changes.filter);
            }
            changes.operations.clone_from(operations);
            Ok(())
        })
    }

    /// Makes a passing change, over one of the same scope.
    pub(super) fn pass(&self, change: LogChange, now: Instant) -> Result<(), Invalid> {
        let lasting = change.lasting.unwrap_or(LASTING);
        if lasting.is_zero() || lasting > LONGEST {
            let what = format!("expected up to 24h, found {}", duration::format(lasting));
            return Err(Invalid::new("for", what));
        }
        let scope = match (change.target, change.operation) {
            (None, None) => Scope::All,
            (Some(target), None) => Scope::Target(target),
            (None, Some(operation)) => Scope::Operation(operation),
            (Some(_), Some(_)) => {
                return Err(Invalid::new("target", "expected it or operation, found both"));
            }
        };
        self.change(|changes| {
            changes.passing.retain(|passing| passing.until > now && passing.scope != scope);
            if changes.passing.len() >= MOST {
                let what = format!("{MOST} changes hold already: take some back first");
                return Err(Invalid::new("level", what));
            }
            changes.passing.push(Passing { scope, filter: change.filter, until: now + lasting });
            Ok(())
        })
    }

    /// Takes every passing change back.
    pub(super) fn reset(&self) {
        // What is left was in force before.
        self.change(|changes| {
            changes.passing.clear();
            Ok(())
        })
        .ok();
    }

    /// Drops what has run out.
    pub(super) fn expire(&self, now: Instant) {
        let has_expired = self.changes().passing.iter().any(|passing| passing.until <= now);
        if has_expired {
            self.change(|changes| {
                changes.passing.retain(|passing| passing.until > now);
                Ok(())
            })
            .ok();
        }
    }

    /// What is in force, for people.
    pub(super) fn state(&self, now: Instant) -> Value {
        let changes = self.changes();
        let passing: Vec<_> = changes
            .passing
            .iter()
            .map(|passing| {
                let left = passing.until.saturating_duration_since(now);
                let mut state = json!({
                    "filter": passing.filter,
                    "left_seconds": left.as_secs_f64().round(),
                });
                match &passing.scope {
                    Scope::All => {}
                    Scope::Target(target) => state["target"] = target.as_str().into(),
                    Scope::Operation(operation) => state["operation"] = operation.as_str().into(),
                }
                state
            })
            .collect();
        json!({
            "filter": changes.filter,
            "from": changes.from,
            "operations": changes.operations,
            "passing": passing,
        })
    }

    /// Changes it whole or not at all.
    fn change(
        &self,
        change: impl FnOnce(&mut Changes) -> Result<(), Invalid>,
    ) -> Result<(), Invalid> {
        let mut changes = self.changes();
        let mut next = changes.clone();
        change(&mut next)?;
        self.0.rules.store(Arc::new(next.rules()?));
        *changes = next;
        drop(changes);
        tracing::callsite::rebuild_interest_cache();
        Ok(())
    }

    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.0.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clone for Changes {
    fn clone(&self) -> Self {
        Self {
            filter: self.filter.clone(),
            from: self.from,
            operations: self.operations.clone(),
            passing: self
                .passing
                .iter()
                .map(|it| Passing {
                    scope: it.scope.clone(),
                    filter: it.filter.clone(),
                    until: it.until,
                })
                .collect(),
        }
    }
}

impl Changes {
    fn rules(&self) -> Result<Rules, Invalid> {
        let mut base = self.filter.clone();
        let mut from = self.from;
        let mut operations = Vec::new();
        for passing in &self.passing {
            match &passing.scope {
                Scope::All => {
                    base.clone_from(&passing.filter);
                    from = "level";
                }
                Scope::Operation(operation) => {
                    let filter = filter(&passing.filter, "level")?;
                    operations.push((Pattern::read(operation, || "operation".to_owned())?, filter));
                }
                Scope::Target(_) => {}
            }
        }
        // Behind the base, whichever came first: they say more.
        for passing in &self.passing {
            if let Scope::Target(target) = &passing.scope {
                let is_name = !target.is_empty()
                    && target.bytes().all(|byte| {
                        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | b'-' | b'.')
                    });
                if !is_name || passing.filter.parse::<LevelFilter>().is_err() {
                    let what = format!(
                        "expected a target and a level, bia::access and debug, found {target:?} \
                         and {:?}",
                        passing.filter
                    );
                    return Err(Invalid::new("target", what));
                }
                base.push_str(&format!(",{target}={}", passing.filter));
            }
        }
        // The last that was said is asked first, then the settings: a name before a part of one.
        operations.reverse();
        let mut set: Vec<_> = self.operations.iter().collect();
        set.sort_by_key(|(operation, _)| {
            (operation.ends_with('*'), std::cmp::Reverse(operation.len()))
        });
        for (operation, text) in set {
            let key = format!("telemetry.logs.operations.{operation}");
            let pattern = Pattern::read(operation, || key.clone())?;
            operations.push((pattern, filter(text, &key)?));
        }
        Ok(Rules { base: filter(&base, from)?, operations })
    }
}

impl Rules {
    /// What the call that is being served is logged by, if it has something of its own.
    fn of_operation(&self) -> Option<&EnvFilter> {
        if self.operations.is_empty() {
            return None;
        }
        let cx = context::Context::current()?;
        let name = cx.operation().name();
        self.operations.iter().find(|(pattern, _)| pattern.has(name)).map(|(_, filter)| filter)
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Filter<S> for Levels {
    fn enabled(&self, meta: &Metadata<'_>, cx: &Context<'_, S>) -> bool {
        let rules = self.0.rules.load();
        let filter = rules.of_operation().unwrap_or(&rules.base);
        Filter::enabled(filter, meta, cx)
    }

    fn callsite_enabled(&self, meta: &'static Metadata<'static>) -> Interest {
        let rules = self.0.rules.load();
        let of = |filter| <EnvFilter as Filter<S>>::callsite_enabled(filter, meta);
        let base = of(&rules.base);
        let differs = rules.operations.iter().any(|(_, filter)| {
            let own = of(filter);
            own.is_never() != base.is_never() || own.is_always() != base.is_always()
        });
        if differs { Interest::sometimes() } else { base }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        let rules = self.0.rules.load();
        let of = |filter| <EnvFilter as Filter<S>>::max_level_hint(filter);
        let operations = rules.operations.iter().map(|(_, filter)| filter);
        std::iter::once(&rules.base)
            .chain(operations)
            .map(of)
            .try_fold(LevelFilter::OFF, |a, b| b.map(|b| a.max(b)))
    }

    fn on_new_span(
        &self,
        attributes: &tracing::span::Attributes<'_>,
        id: &tracing::span::Id,
        cx: Context<'_, S>,
    ) {
        Filter::on_new_span(&self.0.rules.load().base, attributes, id, cx);
    }

    fn on_record(
        &self,
        id: &tracing::span::Id,
        values: &tracing::span::Record<'_>,
        cx: Context<'_, S>,
    ) {
        Filter::on_record(&self.0.rules.load().base, id, values, cx);
    }

    fn on_enter(&self, id: &tracing::span::Id, cx: Context<'_, S>) {
        Filter::on_enter(&self.0.rules.load().base, id, cx);
    }

    fn on_exit(&self, id: &tracing::span::Id, cx: Context<'_, S>) {
        Filter::on_exit(&self.0.rules.load().base, id, cx);
    }

    fn on_close(&self, id: tracing::span::Id, cx: Context<'_, S>) {
        Filter::on_close(&self.0.rules.load().base, id, cx);
    }
}

/// The variable that stands over the setting.
pub(super) const VARIABLE: &str = "RUST_LOG";

/// Reads a filter; `key` is what said it.
pub(super) fn filter(text: &str, key: &str) -> Result<EnvFilter, Invalid> {
    let invalid = |why: &dyn fmt::Display| {
        let what = format!(
            "{text:?} is no filter ({why}): write a level (error, warn, info, debug, trace) \
             or targets with levels, info,bia=debug"
        );
        Invalid::new(key, what)
    };
    // A mistyped level would be the name of a target, and nothing else be logged any more. The
    // variable means what it means to every program.
    let is_none = |part: &&str| !part.contains(['=', '[']) && part.parse::<LevelFilter>().is_err();
    if key != VARIABLE
        && let Some(part) = text.split(',').map(str::trim).find(is_none)
    {
        return Err(invalid(&format_args!("{part:?} is no level")));
    }
    EnvFilter::try_new(text).map_err(|error| invalid(&error))
}

impl fmt::Debug for Levels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Levels").field("filter", &self.changes().filter).finish_non_exhaustive()
    }
}
