use crate::context::TraceId;
use crate::telemetry::settings::TraceSettings;

/// What goes on all the time and tells nothing: kept only if a rule says so.
const HOUSEKEEPING: &str = "/grpc.health.v1.Health/*";

/// Decides which traces are kept.
#[derive(Clone, Debug)]
pub(super) struct Sampler {
    parent_based: bool,
    #[cfg(feature = "otlp")]
    errors: bool,
    part: Part,
    rules: Vec<(Pattern, Part)>,
}

impl Sampler {
    pub(super) fn new(settings: &TraceSettings) -> Self {
        let rules = settings.rules.iter().map(|rule| (rule.operations.as_str(), rule.ratio));
        let rules = rules.chain([(HOUSEKEEPING, 0.0)]);
        Self {
            parent_based: settings.parent_based,
            #[cfg(feature = "otlp")]
            errors: settings.errors,
            part: Part::new(settings.ratio),
            rules: rules
                .map(|(operations, ratio)| (Pattern::new(operations), Part::new(ratio)))
                .collect(),
        }
    }

    /// Whether a trace is kept that goes through `operation`; `caller` is what the caller decided.
    pub(super) fn decide(&self, trace: TraceId, caller: Option<bool>, operation: &str) -> bool {
        if let Some(decided) = caller.filter(|_| self.parent_based) {
            return decided;
        }
        let rule = self.rules.iter().find(|(pattern, _)| pattern.matches(operation));
        rule.map_or(self.part, |(_, part)| *part).holds(trace)
    }

    /// Whether the spans of calls that failed are kept although their traces are not.
    #[cfg(feature = "otlp")]
    pub(super) fn keeps_errors(&self) -> bool {
        self.errors
    }
}

/// A part of all traces, told by their ids as other SDKs do: the lower 63 bits are below a bound.
#[derive(Clone, Copy, Debug)]
enum Part {
    All,
    Below(u64),
}

impl Part {
    fn new(ratio: f64) -> Self {
        if ratio >= 1.0 {
            return Self::All;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the product is within 0..2^63, and as exact as the ratio is"
        )]
        let bound = (ratio.max(0.0) * (1_u64 << 63) as f64) as u64;
        Self::Below(bound)
    }

    fn holds(self, trace: TraceId) -> bool {
        match self {
            Self::All => true,
            Self::Below(bound) => {
                let [.., a, b, c, d, e, f, g, h] = trace.to_bytes();
                u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> 1 < bound
            }
        }
    }
}

/// Names of operations, with `*` for anything.
#[derive(Clone, Debug)]
struct Pattern(Vec<String>);

impl Pattern {
    fn new(text: &str) -> Self {
        Self(text.split('*').map(str::to_owned).collect())
    }

    fn matches(&self, operation: &str) -> bool {
        let [first, rest @ ..] = self.0.as_slice() else { return false };
        let Some(mut left) = operation.strip_prefix(first.as_str()) else { return false };
        let Some((last, middle)) = rest.split_last() else { return left.is_empty() };
        for part in middle {
            match left.find(part.as_str()) {
                Some(at) => left = &left[at + part.len()..],
                None => return false,
            }
        }
        left.ends_with(last.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::settings::TraceRule;

    fn id(low: u64) -> TraceId {
        TraceId::new((1_u128 << 64 | u128::from(low)).to_be_bytes()).unwrap()
    }

    fn sampler(change: impl FnOnce(&mut TraceSettings)) -> Sampler {
        let mut settings = TraceSettings::default();
        change(&mut settings);
        Sampler::new(&settings)
    }

    #[test]
    fn a_ratio_keeps_that_part_by_the_id_alone() {
        let quarter = sampler(|settings| settings.ratio = 0.25);
        let edge = 1_u64 << 62;
        assert!(quarter.decide(id(edge - 1), None, "/a.A/B"));
        assert!(!quarter.decide(id(edge), None, "/a.A/B"));
        let none = sampler(|settings| settings.ratio = 0.0);
        assert!(!none.decide(id(0), None, "/a.A/B"));
        assert!(sampler(|_| {}).decide(id(u64::MAX), None, "/a.A/B"));
    }

    #[test]
    fn what_the_caller_decided_holds_unless_it_is_switched_off() {
        let none = sampler(|settings| settings.ratio = 0.0);
        assert!(none.decide(id(7), Some(true), "/a.A/B"));
        assert!(!sampler(|_| {}).decide(id(7), Some(false), "/a.A/B"));
        let own = sampler(|settings| settings.parent_based = false);
        assert!(own.decide(id(7), Some(false), "/a.A/B"));
    }

    #[test]
    fn the_first_rule_that_names_the_operation_holds() {
        let rule = |operations: &str, ratio| TraceRule { operations: operations.to_owned(), ratio };
        let sampler = sampler(|settings| {
            settings.ratio = 1.0;
            settings.rules = vec![rule("/a.A/B", 1.0), rule("/a.A/*", 0.0)];
        });
        let keeps = |operation| sampler.decide(id(7), None, operation);
        assert_eq!((keeps("/a.A/B"), keeps("/a.A/C"), keeps("/b.B/C")), (true, false, true));
    }

    #[test]
    fn checks_of_health_are_kept_only_if_a_rule_says_so() {
        const CHECK: &str = "/grpc.health.v1.Health/Check";
        assert!(!sampler(|_| {}).decide(id(7), None, CHECK));
        let rule = TraceRule { operations: "/grpc.health.*".to_owned(), ratio: 1.0 };
        assert!(sampler(|settings| settings.rules = vec![rule]).decide(id(7), None, CHECK));
    }

    #[test]
    fn a_star_stands_for_anything() {
        let table = [
            ("/a.A/B", "/a.A/B", true),
            ("/a.A/B", "/a.A/BC", false),
            ("/a.A/*", "/a.A/B", true),
            ("/a.A/*", "/a.AA/B", false),
            ("*", "/a.A/B", true),
            ("*/B", "/a.A/B", true),
            ("/a.*/B", "/a.A/B", true),
            ("/a.*/B", "/a.A/C", false),
            ("/*.A/*t", "/a.b.A/Get", true),
            ("/a*a", "/a", false),
            ("", "/a.A/B", false),
        ];
        for (pattern, operation, expected) in table {
            assert_eq!(Pattern::new(pattern).matches(operation), expected, "{pattern} {operation}");
        }
    }
}
