use std::fmt::Write as _;
use std::hash::{BuildHasher as _, RandomState};

use proptest::collection::vec;
use proptest::prelude::any;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngSeed, TestRunner};

use crate::tools::tool;

use super::breaking::{laxer, rules};
use super::verdicts;

/// How many pairs are judged at once.
const PAIRS: usize = 150;
/// How many bytes spell a field, and the whole proto.
const FIELD: usize = 8;
const LENGTH: usize = 122;

/// A proto that bytes spell: any bytes give one that is right, and a byte that differs is an edit of one place.
struct Spelled<'a> {
    bytes: std::slice::Iter<'a, u8>,
    is_old_syntax: bool,
    text: String,
}

fn spell(bytes: &[u8]) -> String {
    let mut proto = Spelled { bytes: bytes.iter(), is_old_syntax: false, text: String::new() };
    proto.is_old_syntax = proto.next() % 2 == 1;
    let syntax = if proto.is_old_syntax { "proto2" } else { "proto3" };
    proto.line(&format!("syntax = \"{syntax}\";\npackage t.v1;"));
    // Types that may be mentioned, whatever the bytes are.
    proto.line("message M2 { optional string key = 1; }\nenum E1 { E1_Z = 0; E1_A = 1; }");
    proto.service();
    for name in ["M0", "M1"] {
        proto.message(name);
    }
    proto.enumeration();
    proto.text
}

impl Spelled<'_> {
    fn next(&mut self) -> u8 {
        self.bytes.next().copied().unwrap_or(0)
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::from(self.next()) % of.len()]
    }

    fn line(&mut self, line: &str) {
        writeln!(self.text, "{line}").expect("a String takes it");
    }

    fn service(&mut self) {
        self.line("service S {");
        for name in ["A", "B"] {
            let stream = ["", "", "stream "];
            let (from, input) = (self.pick(&stream), self.pick(&["M0", "M1", "M2"]));
            let (to, output) = (self.pick(&stream), self.pick(&["M0", "M1", "M2"]));
            let level = self.pick(&["", "NO_SIDE_EFFECTS", "IDEMPOTENT"]);
            let level = match level {
                "" => ";".to_owned(),
                level => format!(" {{ option idempotency_level = {level}; }}"),
            };
            if self.pick(&[true, true, true, false]) {
                self.line(&format!("  rpc {name}({from}{input}) returns ({to}{output}){level}"));
            }
        }
        self.line("}");
    }

    fn message(&mut self, name: &str) {
        let mut fields = [const { String::new() }; 3];
        let mut reserved = Vec::new();
        for number in 1..=6 {
            let name = format!("f_{number}");
            let behind = self.bytes.as_slice().get(FIELD..).unwrap_or_default().iter();
            match self.next() % 16 {
                0 => {}
                1 => reserved.push(number.to_string()),
                2 => reserved.push(format!("\"{name}\"")),
                3 => reserved.extend([number.to_string(), format!("\"{name}\"")]),
                _ => {
                    let (oneof, field) = self.field(&name, number);
                    writeln!(fields[oneof], "  {field}").expect("a String takes it");
                }
            }
            self.bytes = behind;
        }
        self.line(&format!("message {name} {{"));
        let [plain, first, second] = fields;
        self.text.push_str(&plain);
        for (name, fields) in [("one", first), ("two", second)] {
            if !fields.is_empty() {
                self.line(&format!("  oneof {name} {{\n{fields}  }}"));
            }
        }
        for item in reserved {
            self.line(&format!("  reserved {item};"));
        }
        let range = self.pick(&["20 to 30", "20 to 25", "20, 23 to 30", "20 to 40"]);
        self.line(&format!("  reserved {range};"));
        self.extensions(name);
        self.line("}");
    }

    /// What the field is in, of three, and how it reads.
    fn field(&mut self, name: &str, number: u32) -> (usize, String) {
        let mut name = name.to_owned();
        let mut number = number;
        match self.next() % 16 {
            0 => name.push('x'),
            1 => number += 10,
            _ => {}
        }
        let kind = self.kind();
        let json = self.pick(&["", "", "", "", "other"]);
        let mut options = match json {
            "" => Vec::new(),
            json => vec![format!("json_name = \"{json}{number}\"")],
        };
        let oneof = usize::from(self.next() % 8);
        let form = self.next() % 8;
        if (1..=2).contains(&oneof) {
            return (oneof, format!("{kind} {name} = {number}{};", bracketed(&options)));
        }
        if form == 0 {
            let key = self.pick(&["string", "int32", "bool", "int64"]);
            return (0, format!("map<{key}, {kind}> {name} = {number}{};", bracketed(&options)));
        }
        let label = match (self.is_old_syntax, form) {
            (_, 1 | 2) => "repeated ",
            (true, 3) => "required ",
            (true, _) | (false, 3) => "optional ",
            (false, _) => "",
        };
        let default = self.next() % 4;
        if self.is_old_syntax && label != "repeated " && default > 0 && kind == "int32" {
            options.push(format!("default = {default}"));
        }
        (0, format!("{label}{kind} {name} = {number}{};", bracketed(&options)))
    }

    fn kind(&mut self) -> &'static str {
        self.pick(&[
            "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64",
            "sfixed32", "sfixed64", "float", "double", "bool", "string", "bytes", "E0", "E1", "M1",
            "M2",
        ])
    }

    fn extensions(&mut self, name: &str) {
        let last = self.pick(&[199, 150]);
        let (kind, is_there) = (self.kind(), self.pick(&[true, true, false]));
        if self.is_old_syntax {
            self.line(&format!("  extensions 100 to {last};"));
            if is_there {
                self.line(&format!("  extend {name} {{ optional {kind} e_{name} = 120; }}"));
            }
        }
    }

    fn enumeration(&mut self) {
        self.line("enum E0 {\n  E0_Z = 0;");
        for number in 1..=4 {
            let name = format!("E0_{number}");
            match self.next() % 8 {
                0 => {}
                1 => self.line(&format!("  reserved {number};")),
                2 => self.line(&format!("  reserved \"{name}\";")),
                3 => self.line(&format!("  reserved {number};\n  reserved \"{name}\";")),
                4 => self.line(&format!("  {name}_X = {number};")),
                5 => self.line(&format!("  {name} = {};", number + 10)),
                _ => self.line(&format!("  {name} = {number};")),
            }
        }
        let range = self.pick(&["30 to max", "31 to max", "30 to 99"]);
        self.line(&format!("  reserved {range};\n}}"));
    }
}

fn bracketed(options: &[String]) -> String {
    if options.is_empty() { String::new() } else { format!(" [{}]", options.join(", ")) }
}

#[test]
fn no_random_edit_passes_that_buf_refuses_on_the_wire_or_in_json() {
    let test = "no_random_edit_passes_that_buf_refuses_on_the_wire_or_in_json";
    let Some(buf) = tool("buf", test) else { return };
    let rules = rules(&buf);
    let config = Config::default();
    let seed = match config.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => RandomState::new().hash_one(test),
    };
    let mut runner = TestRunner::new(Config { rng_seed: RngSeed::Fixed(seed), ..config });
    // One edit each: a second one would hide that the first is not seen.
    let pairs = (vec(any::<u8>(), LENGTH), 0..LENGTH, 1_u8..).prop_map(|(mut bytes, at, by)| {
        let old = spell(&bytes);
        bytes[at] = bytes[at].wrapping_add(by);
        (old, spell(&bytes))
    });
    let pairs = vec(pairs, PAIRS).new_tree(&mut runner).expect("no pair is refused").current();
    let mut refused = 0;
    for ((old, new), verdict) in pairs.iter().zip(verdicts(&buf, &pairs)) {
        refused += usize::from(!verdict.buf.is_empty());
        if let Some(lax) = laxer(&verdict, &rules) {
            panic!(
                "we let pass {lax}; PROPTEST_RNG_SEED={seed} makes the same protos\n{old}\n— becomes —\n{new}"
            );
        }
    }
    // Else it would be shown of nothing.
    assert!(refused > PAIRS / 10, "buf refuses only {refused}; PROPTEST_RNG_SEED={seed}");
}
