//! All metrics as they are at one moment: what is written as text, and what is sent by OTLP.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::SystemTime;

use super::catalogue::{Family, Kind};
use super::instrument::{Ids, as_float};

/// All metrics at one moment, by name.
#[derive(Debug, Default)]
pub(crate) struct Reading(BTreeMap<Cow<'static, str>, Metric>);

/// One metric with all its series.
#[derive(Debug)]
pub(crate) struct Metric {
    /// What it is called, measures and means.
    pub(crate) about: About,
    /// Its series.
    pub(crate) points: Vec<Point>,
}

/// What is known of a metric, of ours or of the user's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) name: Cow<'static, str>,
    pub(crate) known_as: Option<&'static str>,
    pub(crate) kind: Kind,
    pub(crate) unit: Cow<'static, str>,
    pub(crate) help: Cow<'static, str>,
}

/// One series: what it is told apart by, and its value.
#[derive(Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) labels: Labels,
    pub(crate) value: Value,
}

pub(crate) type Labels = Vec<(Cow<'static, str>, String)>;

/// The value of a series.
#[derive(Debug, PartialEq)]
pub(crate) enum Value {
    Whole(i64),
    Float(f64),
    Spread(Spread),
}

/// The value of a histogram.
#[derive(Debug, PartialEq)]
pub(crate) struct Spread {
    /// The upper bound of each range, inclusive.
    pub(crate) bounds: Vec<f64>,
    /// How many values fell in each, not added up; one more than there are bounds.
    pub(crate) counts: Vec<u64>,
    pub(crate) sum: f64,
    /// One for each range, or none at all.
    pub(crate) exemplars: Vec<Option<Exemplar>>,
}

/// One value and the call that it comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Exemplar {
    pub(crate) ids: Ids,
    pub(crate) value: f64,
    pub(crate) at: SystemTime,
}

impl From<&'static Family> for About {
    fn from(family: &'static Family) -> Self {
        Self {
            name: family.name.into(),
            known_as: family.known_as,
            kind: family.kind,
            unit: family.unit.into(),
            help: family.help.into(),
        }
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Whole(value)
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        i64::try_from(value).map_or_else(|_| Self::Float(as_float(value)), Self::Whole)
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        u64::try_from(value).map_or(Self::Whole(i64::MAX), Self::from)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Whole(value.into())
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<std::time::Duration> for Value {
    fn from(value: std::time::Duration) -> Self {
        Self::Float(value.as_secs_f64())
    }
}

impl From<Spread> for Value {
    fn from(value: Spread) -> Self {
        Self::Spread(value)
    }
}

impl Reading {
    /// Adds a series of one of our metrics: the values of its labels in the order of the catalogue; an
    /// empty one says that the label is not there.
    pub(crate) fn add<const N: usize>(
        &mut self,
        family: &'static Family,
        labels: [&str; N],
        value: impl Into<Value>,
    ) {
        debug_assert_eq!(family.labels.len(), N, "{}: a value for each label", family.name);
        let labels = family.labels.iter().zip(labels).filter(|(_, value)| !value.is_empty());
        let labels = labels.map(|(name, value)| ((*name).into(), value.to_owned())).collect();
        self.push(&family.into(), Point { labels, value: value.into() });
    }

    /// Adds a series, unless there is a metric of that name that means something else: two meanings under
    /// one name would be none.
    pub(crate) fn push(&mut self, about: &About, point: Point) {
        let made = || Metric { about: about.clone(), points: Vec::new() };
        let metric = self.0.entry(about.name.clone()).or_insert_with(made);
        if metric.about.kind == about.kind && metric.about.unit == about.unit {
            metric.points.push(point);
        }
    }

    /// Every metric, in the order of their names.
    pub(crate) fn metrics(&self) -> impl Iterator<Item = &Metric> {
        self.0.values()
    }

    /// The series of one metric.
    pub(crate) fn of(&self, family: &Family) -> &[Point] {
        self.0.get(family.name).map_or(&[], |metric| &metric.points)
    }
}

impl Point {
    #[cfg(test)]
    pub(crate) fn label(&self, name: &str) -> &str {
        self.labels.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// How many values a histogram has counted.
    #[cfg(test)]
    pub(crate) fn count(&self) -> u64 {
        match &self.value {
            Value::Spread(spread) => spread.counts.iter().sum(),
            Value::Whole(_) | Value::Float(_) => 0,
        }
    }
}
