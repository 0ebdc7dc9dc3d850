//! Replaces the names of a template.

/// What is replaced by what, wherever it stands; of two that begin alike, the longer.
#[derive(Clone, Debug, Default)]
pub(super) struct Words(Vec<(String, String)>);

impl Words {
    pub(super) fn add(&mut self, from: impl Into<String>, to: impl Into<String>) {
        self.0.push((from.into(), to.into()));
        self.0.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
    }

    /// `text` with all of them replaced, in one go: what was put in is not looked at again.
    pub(super) fn apply(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if let Some((from, to)) = self.0.iter().find(|(from, _)| rest.starts_with(from)) {
                out.push_str(to);
                rest = rest.strip_prefix(from.as_str()).unwrap_or_default();
            } else {
                out.push(first);
                rest = rest.strip_prefix(first).unwrap_or_default();
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_name_wins_and_nothing_is_replaced_twice() {
        let mut words = Words::default();
        words.add("sample", "gadget");
        words.add("sample-service", "sample");
        words.add("gadget", "x");
        assert_eq!(words.apply("sample-service, sample, gadgets ü"), "sample, gadget, xs ü");
    }
}
