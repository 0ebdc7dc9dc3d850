//! Methods of a service's trait, as a user writes them: a head that fits, and a body that says that
//! there is none yet.

mod paths;
#[cfg(test)]
mod tests;

use bia_codegen::{Kind, Method};

pub(crate) use paths::{Words, join};

/// No line is longer, where that can be had: what rustfmt holds to.
const WIDTH: usize = 100;

/// The text of `method` in an `impl` at the left margin: four spaces in front of each line, a line
/// break behind the last. It speaks of `Context`, `Result`, `Stream` and `Streaming` as they are
/// called where [`imports`] is, and of the messages of its package as below `types`, such as `api`.
pub(crate) fn method(method: &Method, types: &str) -> String {
    write(method, &Words::imported(types), Layout::default())
}

/// What has to be imported of `bia` for [`method`] of all of `methods`: `["Context", "Result"]`.
pub(crate) fn imports<'a>(methods: impl IntoIterator<Item = &'a Method>) -> Vec<&'static str> {
    let kinds: Vec<Kind> = methods.into_iter().map(|method| method.kind).collect();
    let any = |wanted: [Kind; 2]| kinds.iter().any(|kind| wanted.contains(kind));
    let names = [
        ("Context", !kinds.is_empty()),
        ("Result", !kinds.is_empty()),
        ("Stream", any([Kind::ServerStream, Kind::Bidi])),
        ("Streaming", any([Kind::ClientStream, Kind::Bidi])),
    ];
    names.into_iter().filter_map(|(name, is_used)| is_used.then_some(name)).collect()
}

/// How lines begin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout<'a> {
    /// In front of the method.
    pub(crate) indent: &'a str,
    /// What a line has more than the one around it.
    pub(crate) step: &'a str,
}

impl Default for Layout<'_> {
    fn default() -> Self {
        Self { indent: "    ", step: "    " }
    }
}

impl Layout<'_> {
    /// How many columns the indentation takes; a tab takes four, as rustfmt has it.
    fn columns(&self) -> usize {
        self.indent.chars().map(|c| if c == '\t' { 4 } else { 1 }).sum()
    }
}

/// The text of `method` in the words of where it goes, with a line break behind each line.
pub(crate) fn write(method: &Method, words: &Words, layout: Layout<'_>) -> String {
    let mut lines = Lines { layout, text: String::new() };
    lines.head(method, words);
    // The text stands apart, so that no style of rustfmt breaks the line below it.
    lines.add(1, &format!("let todo = \"{} is not written yet\";", method.proto_name));
    lines.add(
        1,
        match method.kind {
            Kind::Unary | Kind::ClientStream => {
                r#"Err(bia::Error::unimplemented("UNIMPLEMENTED", todo))"#
            }
            // A stream that is never made must have a type all the same. Spelled out, so that no
            // import is left over when the body is written.
            Kind::ServerStream | Kind::Bidi => {
                r#"Err::<bia::Streaming<_>, _>(bia::Error::unimplemented("UNIMPLEMENTED", todo))"#
            }
        },
    );
    lines.add(0, "}");
    lines.text
}

struct Lines<'a> {
    layout: Layout<'a>,
    text: String,
}

impl Lines<'_> {
    /// Adds a line `depth` steps further in than the method.
    fn add(&mut self, depth: usize, line: &str) {
        self.text.push_str(self.layout.indent);
        self.text.push_str(&self.layout.step.repeat(depth));
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// All up to the opening brace, broken into lines as rustfmt does.
    fn head(&mut self, method: &Method, words: &Words) {
        let Words { context, result, .. } = words;
        let (name, argument, answer) =
            (&method.name, argument(method, words), answer(method, words));
        let columns = self.layout.columns();
        let line = format!(
            "async fn {name}(&self, _cx: &{context}, _{argument}) -> {result}<{answer}> {{"
        );
        if columns + line.chars().count() <= WIDTH {
            return self.add(0, &line);
        }
        self.add(0, &format!("async fn {name}("));
        self.add(1, "&self,");
        self.add(1, &format!("_cx: &{context},"));
        self.add(1, &format!("_{argument},"));
        // rustfmt counts the indentation twice here.
        let whole = format!(") -> {result}<{answer}>");
        let end = whole.chars().count() + 2 * columns;
        if end + 2 <= WIDTH {
            self.add(0, &format!("{whole} {{"));
        } else if end <= WIDTH + columns + 2 {
            self.add(0, &whole);
            self.add(0, "{");
        } else {
            self.add(0, &format!(") -> {result}<"));
            self.add(1, &format!("{answer},"));
            self.add(0, "> {");
        }
    }
}

/// The last argument: `request: api::GetUserRequest`.
fn argument(method: &Method, words: &Words) -> String {
    let input = words.message(method, &method.input);
    match method.kind {
        Kind::Unary | Kind::ServerStream => format!("request: {input}"),
        Kind::ClientStream | Kind::Bidi => format!("requests: {}<{input}>", words.streaming),
    }
}

/// What it answers: `api::User`, or a stream of such.
fn answer(method: &Method, words: &Words) -> String {
    let output = words.message(method, &method.output);
    let Words { result, stream, .. } = words;
    match method.kind {
        Kind::Unary | Kind::ClientStream => output,
        Kind::ServerStream | Kind::Bidi => {
            format!("impl {stream}<Item = {result}<{output}>> + Send")
        }
    }
}

/// The head of a method in one line, for telling what it should be.
pub(crate) fn head(method: &Method, words: &Words) -> String {
    let (name, argument, answer) = (&method.name, argument(method, words), answer(method, words));
    let Words { context, result, .. } = words;
    format!("async fn {name}(&self, cx: &{context}, {argument}) -> {result}<{answer}>")
}
