//! Writes the page `/metrics`: Prometheus' text format 0.0.4, or OpenMetrics 1.0 with exemplars.

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::time::UNIX_EPOCH;

use super::catalogue::Kind;
use super::reading::{Exemplar, Labels, Metric, Point, Reading, Spread, Value};

/// How the page is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Prometheus' own, which everything reads. It cannot say exemplars.
    Prometheus,
    /// OpenMetrics, which Prometheus asks for.
    OpenMetrics,
}

impl Format {
    /// The one that the header `accept` prefers; Prometheus' own if it does not care.
    pub(crate) fn of(accept: Option<&str>) -> Self {
        let mut best = (0.0, Self::Prometheus);
        for range in accept.unwrap_or_default().split(',') {
            let mut parts = range.split(';').map(str::trim);
            let format = match parts.next() {
                Some("application/openmetrics-text") => Self::OpenMetrics,
                Some("text/plain" | "text/*" | "*/*") => Self::Prometheus,
                _ => continue,
            };
            let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(1.0, |weight| {
                weight.parse::<f32>().ok().filter(|weight| weight.is_finite()).unwrap_or(0.0)
            });
            // Of two that are as welcome, the first.
            if weight > best.0 {
                best = (weight, format);
            }
        }
        best.1
    }

    /// The value of `content-type`.
    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// The page; `target` says who is speaking.
pub(crate) fn page(reading: &Reading, target: &[(String, String)], format: Format) -> String {
    let mut page = Page { text: String::with_capacity(16 * 1024), format };
    // A `String` takes whatever is written to it.
    let _written = page.all(reading, target);
    page.text
}

struct Page {
    text: String,
    format: Format,
}

impl Page {
    fn all(&mut self, reading: &Reading, target: &[(String, String)]) -> fmt::Result {
        if !target.is_empty() {
            let (name, kind) = match self.format {
                Format::Prometheus => ("target_info", "gauge"),
                Format::OpenMetrics => ("target", "info"),
            };
            self.head(name, kind, "", "Who is speaking.")?;
            let labels = target.iter().map(|(key, value)| (Cow::Owned(key.clone()), value.clone()));
            self.sample("target_info", "", &labels.collect(), None)?;
            self.text.push_str(" 1\n");
        }
        // Sorted by the names on the page, which two metrics may have in common that differ in OpenTelemetry:
        // the second would be refused by who reads it, with all the rest.
        let mut named: Vec<_> = reading.metrics().map(|metric| (shown(metric), metric)).collect();
        named.sort_by(|(a, _), (b, _)| a.cmp(b));
        named.dedup_by(|(b, _), (a, _)| a == b);
        for (name, metric) in named {
            self.metric(&name, metric)?;
        }
        if self.format == Format::OpenMetrics {
            self.text.push_str("# EOF\n");
        }
        Ok(())
    }

    fn metric(&mut self, name: &str, metric: &Metric) -> fmt::Result {
        let about = &metric.about;
        let (suffix, kind) = match about.kind {
            Kind::Counter => ("_total", "counter"),
            Kind::Gauge => ("", "gauge"),
            Kind::Histogram => ("", "histogram"),
        };
        // In OpenMetrics a counter is called without its ending.
        let titled = match self.format {
            Format::Prometheus => Cow::Owned(format!("{name}{suffix}")),
            Format::OpenMetrics => Cow::Borrowed(name),
        };
        self.head(&titled, kind, unit_word(&about.unit, about.kind), &about.help)?;
        for Point { labels, value } in &metric.points {
            match value {
                Value::Whole(value) => {
                    self.sample(name, suffix, labels, None)?;
                    writeln!(self.text, " {value}")?;
                }
                Value::Float(value) => {
                    self.sample(name, suffix, labels, None)?;
                    writeln!(self.text, " {}", Number(*value))?;
                }
                Value::Spread(spread) => self.spread(name, labels, spread)?,
            }
        }
        Ok(())
    }

    fn spread(&mut self, name: &str, labels: &Labels, spread: &Spread) -> fmt::Result {
        let mut count = 0;
        let bounds = spread.bounds.iter().copied().chain([f64::INFINITY]);
        for (place, (bound, more)) in bounds.zip(&spread.counts).enumerate() {
            count += more;
            self.sample(name, "_bucket", labels, Some(bound))?;
            write!(self.text, " {count}")?;
            if self.format == Format::OpenMetrics
                && let Some(Some(exemplar)) = spread.exemplars.get(place)
            {
                self.exemplar(exemplar)?;
            }
            self.text.push('\n');
        }
        self.sample(name, "_sum", labels, None)?;
        writeln!(self.text, " {}", Number(spread.sum))?;
        self.sample(name, "_count", labels, None)?;
        writeln!(self.text, " {count}")
    }

    fn exemplar(&mut self, exemplar: &Exemplar) -> fmt::Result {
        self.text.push_str(" # {trace_id=\"");
        hex(&mut self.text, &exemplar.ids.0)?;
        self.text.push_str("\",span_id=\"");
        hex(&mut self.text, &exemplar.ids.1)?;
        let at = exemplar.at.duration_since(UNIX_EPOCH).unwrap_or_default();
        write!(
            self.text,
            "\"}} {} {}.{:03}",
            Number(exemplar.value),
            at.as_secs(),
            at.subsec_millis()
        )
    }

    fn head(&mut self, name: &str, kind: &str, unit: &str, help: &str) -> fmt::Result {
        if !help.is_empty() {
            write!(self.text, "# HELP {name} ")?;
            for letter in help.chars() {
                match letter {
                    '\\' => self.text.push_str("\\\\"),
                    '\n' => self.text.push_str("\\n"),
                    '"' if self.format == Format::OpenMetrics => self.text.push_str("\\\""),
                    letter => self.text.push(letter),
                }
            }
            self.text.push('\n');
        }
        writeln!(self.text, "# TYPE {name} {kind}")?;
        if self.format == Format::OpenMetrics && !unit.is_empty() && name.ends_with(unit) {
            writeln!(self.text, "# UNIT {name} {unit}")?;
        }
        Ok(())
    }

    /// A line up to its value.
    fn sample(
        &mut self,
        name: &str,
        suffix: &str,
        labels: &Labels,
        le: Option<f64>,
    ) -> fmt::Result {
        self.text.push_str(name);
        self.text.push_str(suffix);
        let mut open = '{';
        for (name, value) in merged(labels) {
            write!(self.text, "{open}{name}=\"")?;
            for letter in value.chars() {
                match letter {
                    '\\' => self.text.push_str("\\\\"),
                    '\n' => self.text.push_str("\\n"),
                    '"' => self.text.push_str("\\\""),
                    letter => self.text.push(letter),
                }
            }
            self.text.push('"');
            open = ',';
        }
        if let Some(bound) = le {
            // As OpenMetrics writes numbers, in both formats: it is the same series in both.
            let bound = if bound.is_infinite() { "+Inf".to_owned() } else { format!("{bound:?}") };
            write!(self.text, "{open}le=\"{bound}\"")?;
            open = ',';
        }
        if open == ',' {
            self.text.push('}');
        }
        Ok(())
    }
}

/// The labels by their names on the page; of those that come to the same one, the values are joined, as
/// OpenTelemetry's rules for Prometheus say.
fn merged(labels: &Labels) -> Vec<(String, Cow<'_, str>)> {
    let mut merged: Vec<(String, Cow<'_, str>)> = Vec::with_capacity(labels.len());
    for (name, value) in labels {
        let name = label_name(name);
        match merged.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = format!("{known};{value}").into(),
            None => merged.push((name, value.into())),
        }
    }
    merged
}

/// A number as both formats write it.
struct Number(f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_nan() {
            f.write_str("NaN")
        } else if self.0.is_infinite() {
            f.write_str(if self.0 > 0.0 { "+Inf" } else { "-Inf" })
        } else {
            write!(f, "{}", self.0)
        }
    }
}

fn hex(text: &mut String, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(text, "{byte:02x}"))
}

fn shown(metric: &Metric) -> String {
    let about = &metric.about;
    base_name(about.known_as.unwrap_or(&about.name), &about.unit, about.kind)
}

/// The name on the page, with its unit, without `_total`.
pub(super) fn base_name(name: &str, unit: &str, kind: Kind) -> String {
    let mut name = plain(name, ':');
    if kind == Kind::Counter
        && let Some(bare) = name.strip_suffix("_total")
    {
        name.truncate(bare.len());
    }
    let word = unit_word(unit, kind);
    if !word.is_empty() && !name.ends_with(word) {
        name.push('_');
        name.push_str(word);
    }
    name
}

/// The name of a label on the page.
pub(super) fn label_name(name: &str) -> String {
    plain(name, '_')
}

/// With what a name may not hold replaced; `also` may be in it too.
fn plain(name: &str, also: char) -> String {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == also;
    let mut plain: String =
        name.chars().map(|letter| if fits(letter) { letter } else { '_' }).collect();
    if plain.is_empty() || plain.starts_with(|first: char| first.is_ascii_digit()) {
        plain.insert(0, '_');
    }
    plain
}

/// How a unit of UCUM is written out, as OpenTelemetry's rules for Prometheus have it; nothing for what
/// only says what is counted.
fn unit_word(unit: &str, kind: Kind) -> &'static str {
    match unit {
        "d" => "days",
        "h" => "hours",
        "min" => "minutes",
        "s" => "seconds",
        "ms" => "milliseconds",
        "us" => "microseconds",
        "ns" => "nanoseconds",
        "By" => "bytes",
        "KiBy" => "kibibytes",
        "MiBy" => "mebibytes",
        "GiBy" => "gibibytes",
        "KBy" => "kilobytes",
        "MBy" => "megabytes",
        "GBy" => "gigabytes",
        "By/s" => "bytes_per_second",
        "m" => "meters",
        "V" => "volts",
        "A" => "amperes",
        "J" => "joules",
        "W" => "watts",
        "g" => "grams",
        "Cel" => "celsius",
        "Hz" => "hertz",
        "%" => "percent",
        "1" if kind == Kind::Gauge => "ratio",
        _ => "",
    }
}

#[cfg(test)]
mod tests;
