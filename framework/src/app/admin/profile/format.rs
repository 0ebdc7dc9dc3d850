//! The format of pprof, `perftools.profiles.Profile` of its `profile.proto`, gzip'd.

use std::collections::HashMap;
use std::io::{self, Write as _};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use flate2::Compression;
use flate2::write::GzEncoder;
use prost::Message;

/// One function on a stack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Frame {
    pub(super) name: String,
    /// Empty and 0 if they are not known.
    pub(super) file: String,
    pub(super) line: i64,
}

/// Collects samples. Each string, function and place is written once.
pub(super) struct Encoder {
    profile: Profile,
    strings: HashMap<String, i64>,
    functions: HashMap<(i64, i64), u64>,
    locations: HashMap<Vec<Frame>, u64>,
    thread: i64,
}

impl Encoder {
    /// `kinds` are the two numbers of each sample, with their units. A sample is taken for each `period`
    /// of the second one, on average. `duration` is how long that was done.
    pub(super) fn new(kinds: [(&str, &str); 2], period: i64, duration: Duration) -> Self {
        let mut encoder = Self {
            profile: Profile::default(),
            strings: HashMap::new(),
            functions: HashMap::new(),
            locations: HashMap::new(),
            thread: 0,
        };
        // The first string is the empty one.
        encoder.string("");
        encoder.thread = encoder.string("thread");
        let kinds = kinds.map(|(kind, unit)| encoder.value_type(kind, unit));
        let program = std::env::current_exe().unwrap_or_default().display().to_string();
        let filename = encoder.string(&program);
        encoder.profile.sample_type = kinds.to_vec();
        encoder.profile.period_type = Some(kinds[1]);
        encoder.profile.default_sample_type = kinds[1].r#type;
        encoder.profile.period = period;
        encoder.profile.duration_nanos = nanoseconds(duration);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        encoder.profile.time_nanos = nanoseconds(now.saturating_sub(duration));
        // Says that names need not be looked up again, which a reader could not do elsewhere.
        encoder.profile.mapping = vec![Mapping {
            id: 1,
            filename,
            has_functions: true,
            has_filenames: true,
            has_line_numbers: true,
            has_inline_frames: true,
        }];
        encoder
    }

    /// Adds a stack, from the innermost place outwards; a place with several functions is one whose
    /// first ones were inlined into the next.
    pub(super) fn add(&mut self, stack: &[Vec<Frame>], values: [i64; 2], thread: &str) {
        let location_id = stack.iter().map(|place| self.location(place)).collect();
        let label = if thread.is_empty() {
            Vec::new()
        } else {
            vec![Label { key: self.thread, str: self.string(thread) }]
        };
        let value = values.to_vec();
        self.profile.sample.push(Sample { location_id, value, label });
    }

    pub(super) fn finish(mut self) -> io::Result<Vec<u8>> {
        let mut strings: Vec<_> = self.strings.into_iter().collect();
        strings.sort_unstable_by_key(|(_, index)| *index);
        self.profile.string_table = strings.into_iter().map(|(string, _)| string).collect();
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(&self.profile.encode_to_vec())?;
        gzip.finish()
    }

    fn location(&mut self, place: &[Frame]) -> u64 {
        if let Some(id) = self.locations.get(place) {
            return *id;
        }
        let line = place
            .iter()
            .map(|frame| Line { function_id: self.function(frame), line: frame.line })
            .collect();
        let id = self.locations.len() as u64 + 1;
        self.locations.insert(place.to_vec(), id);
        self.profile.location.push(Location { id, mapping_id: 1, line });
        id
    }

    fn function(&mut self, frame: &Frame) -> u64 {
        let (name, filename) = (self.string(&frame.name), self.string(&frame.file));
        if let Some(id) = self.functions.get(&(name, filename)) {
            return *id;
        }
        let id = self.functions.len() as u64 + 1;
        self.functions.insert((name, filename), id);
        self.profile.function.push(Function { id, name, filename });
        id
    }

    fn value_type(&mut self, kind: &str, unit: &str) -> ValueType {
        ValueType { r#type: self.string(kind), unit: self.string(unit) }
    }

    fn string(&mut self, text: &str) -> i64 {
        if let Some(index) = self.strings.get(text) {
            return *index;
        }
        let index = i64::try_from(self.strings.len()).unwrap_or(0);
        self.strings.insert(text.to_owned(), index);
        index
    }
}

pub(super) fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

// The messages, without the fields that are never set.

#[derive(Clone, PartialEq, Message)]
struct Profile {
    #[prost(message, repeated, tag = "1")]
    sample_type: Vec<ValueType>,
    #[prost(message, repeated, tag = "2")]
    sample: Vec<Sample>,
    #[prost(message, repeated, tag = "3")]
    mapping: Vec<Mapping>,
    #[prost(message, repeated, tag = "4")]
    location: Vec<Location>,
    #[prost(message, repeated, tag = "5")]
    function: Vec<Function>,
    #[prost(string, repeated, tag = "6")]
    string_table: Vec<String>,
    #[prost(int64, tag = "9")]
    time_nanos: i64,
    #[prost(int64, tag = "10")]
    duration_nanos: i64,
    #[prost(message, optional, tag = "11")]
    period_type: Option<ValueType>,
    #[prost(int64, tag = "12")]
    period: i64,
    #[prost(int64, tag = "14")]
    default_sample_type: i64,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct ValueType {
    #[prost(int64, tag = "1")]
    r#type: i64,
    #[prost(int64, tag = "2")]
    unit: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Sample {
    #[prost(uint64, repeated, tag = "1")]
    location_id: Vec<u64>,
    #[prost(int64, repeated, tag = "2")]
    value: Vec<i64>,
    #[prost(message, repeated, tag = "3")]
    label: Vec<Label>,
}

#[derive(Clone, PartialEq, Message)]
struct Label {
    #[prost(int64, tag = "1")]
    key: i64,
    #[prost(int64, tag = "2")]
    str: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Mapping {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(int64, tag = "5")]
    filename: i64,
    #[prost(bool, tag = "7")]
    has_functions: bool,
    #[prost(bool, tag = "8")]
    has_filenames: bool,
    #[prost(bool, tag = "9")]
    has_line_numbers: bool,
    #[prost(bool, tag = "10")]
    has_inline_frames: bool,
}

#[derive(Clone, PartialEq, Message)]
struct Location {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(uint64, tag = "2")]
    mapping_id: u64,
    #[prost(message, repeated, tag = "4")]
    line: Vec<Line>,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct Line {
    #[prost(uint64, tag = "1")]
    function_id: u64,
    #[prost(int64, tag = "2")]
    line: i64,
}

/// Without the name that the linker knows: a reader would make its own of it, as of C++.
#[derive(Clone, Copy, PartialEq, Message)]
struct Function {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(int64, tag = "2")]
    name: i64,
    #[prost(int64, tag = "4")]
    filename: i64,
}
