use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::config::{Flat, Invalid, Notes, Shown, Snapshot, Tree, Variables};

use super::super::settings::Settings;
use super::layers::Layers;

/// What a program demands of its settings beyond their types.
pub(super) type Check<T> = Box<dyn Fn(&T) -> Result<(), Invalid> + Send + Sync>;

/// Settings that are right, as they would be in force.
pub(super) struct Candidate<T> {
    pub(super) own: T,
    pub(super) settings: Arc<Settings>,
    pub(super) view: View,
}

/// Settings as they are shown and compared.
pub(super) struct View {
    framework: Tree,
    framework_notes: Notes,
    own: Tree,
    own_notes: Notes,
    settings: Arc<Settings>,
    /// Every value that a layer sets.
    pub(super) flat: Flat,
}

impl<T: DeserializeOwned> Candidate<T> {
    /// Makes settings of what the sources say, and looks at whether they are right: also with the
    /// change that is being rolled out.
    pub(super) fn of<'a>(
        layers: &Layers,
        snapshots: impl IntoIterator<Item = &'a Snapshot> + Clone,
        checks: &[Check<T>],
    ) -> Result<Self, Invalid> {
        let tree = layers.merged(snapshots.clone())?;
        let staged = layers.staged(snapshots).and_then(|staged| {
            staged.map(|tree| Self::new(tree, &layers.variables, checks, &[])).transpose()
        });
        let hidden = match &staged {
            Ok(Some(staged)) => staged.secrets(),
            Ok(None) | Err(_) => Vec::new(),
        };
        let candidate = Self::new(tree, &layers.variables, checks, &hidden)?;
        staged.map(|_right| candidate)
    }

    fn secrets(&self) -> Vec<String> {
        let View { framework_notes, own_notes, .. } = &self.view;
        framework_notes.secrets().chain(own_notes.secrets()).map(str::to_owned).collect()
    }

    /// Makes settings of layers, and looks at whether they are right. `hidden` is what is secret of the
    /// change that is being rolled out.
    fn new(
        mut tree: Tree,
        variables: &Variables,
        checks: &[Check<T>],
        hidden: &[String],
    ) -> Result<Self, Invalid> {
        let mut faults = Faults::default();
        let is_resolved = faults.pass(tree.resolve(variables)).is_some();
        let whole = tree.clone();
        let mut framework = tree.take(&Settings::SECTIONS);
        inherit(&mut framework);
        let settings = faults.pass(framework.decode::<Settings>(&[]));
        let own = unwound("reading the settings", || tree.decode::<T>(&Settings::SECTIONS));
        let own = faults.pass(own);
        // What stands for a placeholder that has no value is none of theirs.
        if let Some((settings, notes)) = settings.as_ref().filter(|_| is_resolved) {
            let checked = settings.check(variables);
            faults.pass(checked.map_err(|invalid| framework.locate(invalid, notes)));
        }
        if let Some((own, notes)) = own.as_ref().filter(|_| is_resolved) {
            for check in checks {
                let checked = unwound("the check of the settings", || check(own));
                faults.pass(checked.map_err(|invalid| tree.locate(invalid, notes)));
            }
        }
        let ((settings, mut framework_notes), (own, own_notes)) = faults.none((settings, own))?;
        let settings = Arc::new(settings);
        let own_hidden = framework_notes.secrets().chain(own_notes.secrets());
        let hidden = own_hidden.map(str::to_owned).chain(hidden.iter().cloned());
        for path in hidden.collect::<Vec<_>>() {
            framework_notes.hide(format!("rollout.change.{path}"));
        }
        let flat = Flat::of(&whole, &[&framework_notes, &own_notes]);
        let view = View {
            framework,
            framework_notes,
            own: tree,
            own_notes,
            settings: Arc::clone(&settings),
            flat,
        };
        Ok(Self { own, settings, view })
    }
}

/// What is wrong with settings, all of it.
#[derive(Default)]
struct Faults(Vec<Invalid>);

impl Faults {
    fn pass<R>(&mut self, outcome: Result<R, Invalid>) -> Option<R> {
        outcome.map_err(|invalid| self.0.extend(invalid.into_all())).ok()
    }

    /// Both, if nothing is wrong.
    fn none<A, B>(self, both: (Option<A>, Option<B>)) -> Result<(A, B), Invalid> {
        let mut faults: Vec<Invalid> = Vec::new();
        for fault in self.0 {
            if !faults.iter().any(|told| is_same(told, &fault)) {
                faults.push(fault);
            }
        }
        match (Invalid::of(faults), both) {
            (None, (Some(a), Some(b))) => Ok((a, b)),
            (invalid, _) => Err(invalid.unwrap_or_else(|| Invalid::from("settings are wrong"))),
        }
    }
}

/// Whether two are one fault: of one key, or of one line that `clients.*` have from `client`.
fn is_same(told: &Invalid, fault: &Invalid) -> bool {
    let is_inherited = || {
        told.place().is_some()
            && told.place() == fault.place()
            && [told, fault].iter().all(|it| it.key().is_some_and(|key| key.starts_with("client")))
    };
    fault.key().is_some() && told.key() == fault.key() || is_inherited()
}

/// Runs code of the program. Where it panics it has not said that the settings are right.
fn unwound<R>(what: &str, run: impl FnOnce() -> Result<R, Invalid>) -> Result<R, Invalid> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        Err(Invalid::from(format!("{what} panicked: {}", said(panic.as_ref()))))
    })
}

/// What a panic said.
pub(super) fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

impl View {
    fn shown(&self) -> Shown {
        let mut shown = Shown::default();
        shown.add_layers(&self.own, &self.own_notes);
        let settings = serde_json::to_value(&*self.settings).unwrap_or_default();
        shown.add_effective(&settings, &self.framework, &self.framework_notes);
        shown
    }

    /// As `--print-config` prints it.
    pub(super) fn to_yaml(&self) -> String {
        self.shown().to_yaml().trim_end().to_owned()
    }

    /// Variables that were meant to be settings, and are not read.
    pub(super) fn warnings(&self) -> Vec<String> {
        // Also those of sections that no layer names.
        let shown = self.shown();
        let keys = shown.entries().map(|(key, ..)| key);
        self.own.unread(&[&self.framework_notes, &self.own_notes], keys)
    }

    /// By key: the value as it is shown, and where it came from.
    pub(super) fn to_json(&self) -> Value {
        let shown = self.shown();
        let entries = shown.entries().map(|(key, text, origin)| {
            (key.to_owned(), json!({ "value": text, "origin": origin }))
        });
        Value::Object(entries.collect())
    }
}

/// Puts `client` under each of `clients`, so that these say only what is different.
fn inherit(framework: &mut Tree) {
    let Some(clients) = framework.section("clients") else { return };
    let common = framework.section("client").unwrap_or_default();
    let mut whole = Tree::new();
    for name in clients.keys() {
        if let Some(own) = clients.section(name) {
            whole.add_section(name, common.clone());
            whole.add_section(name, own);
        }
    }
    framework.add_section("clients", whole);
}
