//! From the syntax of RE2, which patterns of rules are written in, to that of the crate `regex`.
//!
//! Both are of one family, but classes like `\d` are of ASCII here and of Unicode there, a bracket in
//! a class opens another there, and some escapes are known to one alone. What cannot be said there is
//! refused, so that a pattern never means something else.

use std::iter::Peekable;
use std::str::Chars;

/// The most that RE2 repeats.
const REPEAT: u32 = 1000;

/// The pattern as `regex` reads it, compiled once to see that it can be.
pub(super) fn translate(pattern: &str) -> Result<String, String> {
    let mut translator =
        Translator { left: pattern.chars().peekable(), out: String::new(), repeated: false };
    translator.run()?;
    match regex::bytes::Regex::new(&translator.out) {
        Ok(_) => Ok(translator.out),
        Err(error) => {
            let text = error.to_string();
            let reason = text.rsplit("error: ").next().unwrap_or_default();
            Err(reason.trim_end().to_owned())
        }
    }
}

/// The classes that have a name in brackets, which to `regex` is a class of letters if it knows none.
const NAMED: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
    "space", "upper", "word", "xdigit",
];

struct Translator<'a> {
    left: Peekable<Chars<'a>>,
    out: String,
    /// Whether what came last is a repetition.
    repeated: bool,
}

impl Translator<'_> {
    fn run(&mut self) -> Result<(), String> {
        while let Some(char) = self.left.next() {
            let was_repeated = std::mem::take(&mut self.repeated);
            match char {
                '\\' => self.escape()?,
                '[' => self.class()?,
                '(' => self.group()?,
                '*' | '+' | '?' => {
                    if was_repeated {
                        return Err(format!("'{char}' repeats a repetition"));
                    }
                    self.out.push(char);
                    self.lazy();
                }
                '{' => match self.bounds()? {
                    Some(_) if was_repeated => {
                        return Err("'{' repeats a repetition".to_owned());
                    }
                    Some(bounds) => {
                        self.out.push_str(&bounds);
                        self.lazy();
                    }
                    None => self.out.push_str("\\{"),
                },
                ')' | '|' | '^' | '$' | '.' => self.out.push(char),
                char => self.literal(char),
            }
        }
        Ok(())
    }

    fn lazy(&mut self) {
        if self.left.next_if_eq(&'?').is_some() {
            self.out.push('?');
        }
        self.repeated = true;
    }

    fn literal(&mut self, char: char) {
        self.out.push_str(&regex::escape(char.encode_utf8(&mut [0; 4])));
    }

    /// `{2}`, `{2,}` or `{2,3}` whose brace has been read; none if the brace is a character.
    fn bounds(&mut self) -> Result<Option<String>, String> {
        let mut ahead = self.left.clone();
        let mut inner = String::new();
        loop {
            match ahead.next() {
                Some('}') => break,
                Some(char) if char.is_ascii_digit() || char == ',' => inner.push(char),
                _ => return Ok(None),
            }
        }
        let (least, most) = inner.split_once(',').unwrap_or((&inner, ""));
        let is_number = |text: &str| !text.is_empty() && !text.contains(',');
        if !is_number(least) || !(most.is_empty() || is_number(most)) {
            return Ok(None);
        }
        for number in [least, most] {
            if !number.is_empty() && number.parse().map_or(true, |number: u32| number > REPEAT) {
                return Err(format!("a repetition has at most {REPEAT} times"));
            }
        }
        self.left = ahead;
        Ok(Some(format!("{{{inner}}}")))
    }

    /// A group whose parenthesis has been read.
    fn group(&mut self) -> Result<(), String> {
        self.out.push('(');
        if self.left.next_if_eq(&'?').is_none() {
            return Ok(());
        }
        self.out.push('?');
        match self.left.peek() {
            Some('P' | '<') => {
                if self.left.next_if_eq(&'P').is_some() {
                    self.out.push('P');
                }
                let mut ahead = self.left.clone();
                let named = ahead.next() == Some('<') && !matches!(ahead.next(), Some('=' | '!'));
                if !named {
                    return Err("groups that look around are not known".to_owned());
                }
                self.left.next();
                self.out.push('<');
                for char in self.left.by_ref() {
                    self.out.push(char);
                    if char == '>' {
                        return Ok(());
                    }
                }
                Err("a group's name does not end".to_owned())
            }
            Some('=' | '!') => Err("groups that look around are not known".to_owned()),
            _ => {
                for char in self.left.by_ref() {
                    self.out.push(char);
                    match char {
                        ':' | ')' => return Ok(()),
                        'i' | 'm' | 's' | 'U' | '-' => {}
                        char => return Err(format!("a group has no flag '{char}'")),
                    }
                }
                Err("a group does not end".to_owned())
            }
        }
    }

    /// What stands behind a backslash, outside of classes.
    fn escape(&mut self) -> Result<(), String> {
        let Some(char) = self.left.next() else {
            return Err("nothing stands behind the last backslash".to_owned());
        };
        match char {
            'A' | 'z' => self.out.extend(['\\', char]),
            'b' => self.out.push_str(r"(?-u:\b)"),
            'B' => self.out.push_str(r"(?-u:\B)"),
            'C' => return Err(r"'\C' takes characters apart".to_owned()),
            'Q' => self.quoted(),
            // Without regard to case they would take letters that are not of ASCII.
            'd' | 'D' | 's' | 'S' | 'w' | 'W' => {
                let class = perl(char);
                self.out.push_str(&format!("(?-i:{class})"));
            }
            char => self.shared_escape(char)?,
        }
        Ok(())
    }

    /// `\Q...\E`, of which the beginning has been read.
    fn quoted(&mut self) {
        while let Some(char) = self.left.next() {
            if char == '\\' && self.left.next_if_eq(&'E').is_some() {
                return;
            }
            self.literal(char);
        }
    }

    /// Escapes that are the same inside and outside of classes.
    fn shared_escape(&mut self, char: char) -> Result<(), String> {
        match char {
            'a' | 'f' | 'n' | 'r' | 't' | 'v' => self.out.extend(['\\', char]),
            'p' | 'P' => self.property(char)?,
            'x' => self.hexadecimal()?,
            '0' => self.octal(0),
            '1'..='7' if matches!(self.left.peek(), Some('0'..='7')) => {
                self.octal(char.to_digit(8).unwrap_or(0));
            }
            '0'..='9' => return Err(format!("'\\{char}' refers to a group, which is not known")),
            char if char.is_ascii_punctuation() => self.literal(char),
            char => return Err(format!("'\\{char}' is not known")),
        }
        Ok(())
    }

    fn octal(&mut self, first: u32) {
        let mut number = first;
        for _ in 0..2 {
            let Some(digit) = self.left.next_if(|char| matches!(char, '0'..='7')) else { break };
            number = number * 8 + digit.to_digit(8).unwrap_or(0);
        }
        self.out.push_str(&format!("\\x{{{number:x}}}"));
    }

    fn hexadecimal(&mut self) -> Result<(), String> {
        let digits: String = if self.left.next_if_eq(&'{').is_some() {
            let digits: String = self.left.by_ref().take_while(|char| *char != '}').collect();
            digits
        } else {
            self.left.by_ref().take(2).collect()
        };
        let number = u32::from_str_radix(&digits, 16).ok().filter(|_| !digits.starts_with('+'));
        match number.and_then(char::from_u32) {
            Some(_) => {
                self.out.push_str(&format!("\\x{{{digits}}}"));
                Ok(())
            }
            None => Err(format!("'\\x{digits}' is no character")),
        }
    }

    /// `\pL`, `\p{Greek}` and what negates them.
    fn property(&mut self, sign: char) -> Result<(), String> {
        let name: String = if self.left.next_if_eq(&'{').is_some() {
            self.left.by_ref().take_while(|char| *char != '}').collect()
        } else {
            self.left.next().into_iter().collect()
        };
        let (name, is_not) = match name.strip_prefix('^') {
            Some(name) => (name, sign == 'p'),
            None => (name.as_str(), sign == 'P'),
        };
        let is_name = |char: char| char.is_ascii_alphanumeric() || char == '_';
        if name.is_empty() || !name.chars().all(is_name) {
            return Err(format!("'\\{sign}{{{name}}}' is no class of characters"));
        }
        let sign = if is_not { 'P' } else { 'p' };
        self.out.push_str(&format!("\\{sign}{{{name}}}"));
        Ok(())
    }

    /// A class whose bracket has been read.
    fn class(&mut self) -> Result<(), String> {
        self.out.push('[');
        if self.left.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        let mut is_first = true;
        loop {
            let Some(char) = self.left.next() else {
                return Err("a class does not end".to_owned());
            };
            match char {
                ']' if !is_first => break,
                '[' if self.left.peek() == Some(&':') => self.named_class()?,
                '\\' => match self.left.next() {
                    None => return Err("a class does not end".to_owned()),
                    Some(char @ ('d' | 'D' | 's' | 'S' | 'w' | 'W')) => {
                        self.out.push_str(perl(char));
                    }
                    Some(char) => self.shared_escape(char)?,
                },
                // A range, unless it stands at an end.
                '-' if !is_first && self.left.peek() != Some(&']') => self.out.push('-'),
                char => self.class_literal(char),
            }
            is_first = false;
        }
        self.out.push(']');
        Ok(())
    }

    fn class_literal(&mut self, char: char) {
        if char.is_ascii() && !char.is_ascii_alphanumeric() {
            self.out.push_str(&format!("\\x{{{:x}}}", u32::from(char)));
        } else {
            self.out.push(char);
        }
    }

    /// `[:alpha:]`, of which the first bracket has been read.
    fn named_class(&mut self) -> Result<(), String> {
        let mut name = String::from("[");
        for char in self.left.by_ref() {
            name.push(char);
            if name.ends_with(":]") && name.len() > 3 {
                let inner = name[2..name.len() - 2].trim_start_matches('^');
                if !NAMED.contains(&inner) {
                    break;
                }
                self.out.push_str(&name);
                return Ok(());
            }
            if !(char.is_ascii_lowercase() || matches!(char, ':' | '^')) {
                break;
            }
        }
        Err(format!("'{name}' is no class of characters"))
    }
}

/// The classes that RE2 has of Perl, which are of ASCII.
fn perl(char: char) -> &'static str {
    match char {
        'd' => "[0-9]",
        'D' => "[^0-9]",
        's' => r"[\t\n\x0c\r ]",
        'S' => r"[^\t\n\x0c\r ]",
        'w' => "[0-9A-Za-z_]",
        _ => "[^0-9A-Za-z_]",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is_match(pattern: &str, text: &str) -> bool {
        let translated = translate(pattern).unwrap_or_else(|e| panic!("{pattern}: {e}"));
        regex::bytes::Regex::new(&translated).expect("it was compiled").is_match(text.as_bytes())
    }

    #[test]
    fn a_pattern_means_what_it_means_to_re2() {
        let cases = [
            // Classes are of ASCII.
            (r"^\d+$", "12", "1٢"),
            (r"^\w$", "a", "ä"),
            (r"^[\w-]+$", "a-b", "ä"),
            (r"^\s$", " ", "\u{a0}"),
            (r"^[^\d]$", "a", "1"),
            (r"^\D$", "ä", "1"),
            (r"\bä", "aä", "bb"),
            // What `regex` reads otherwise.
            (r"^[a[b]+$", "[", "c"),
            (r"^[a&&b]+$", "&", "c"),
            (r"^[*--]+$", "+", "a"),
            (r"^[]a]$", "]", "b"),
            (r"^[^]a]$", "b", "]"),
            (r"^[a-c-]$", "-", "d"),
            (r"^a{,2}$", "a{,2}", "aa"),
            (r"^a{2}$", "aa", "a"),
            (r"^a{2,}b{1,2}?$", "aaab", "ab"),
            (r"^\<\>$", "<>", "a"),
            (r"^\Qa.b\E+$", "a.bb", "aab"),
            (r"^\101\x41\x{41}\0$", "AAA\0", "A"),
            (r"^\pL\p{Greek}\P{Greek}\p{^Greek}$", "aαaa", "aaaa"),
            (r"^[[:alpha:]_]+[[:^alpha:]]$", "a_1", "1"),
            (r"(?i)^k$", "\u{212a}", "x"),
            (r"^.$", "ä", "\n"),
            (r"(?s)^.$", "\n", ""),
            (r"^(?P<year>\d{4})$", "2026", "26"),
            (r"^(?:a|b)+?$", "ab", "c"),
            (r"^é$", "é", "e"),
        ];
        for (pattern, right, wrong) in cases {
            assert!(is_match(pattern, right), "{pattern} matches {right:?}");
            assert!(!is_match(pattern, wrong), "{pattern} does not match {wrong:?}");
        }
    }
    #[test]
    fn what_re2_does_not_know_is_refused() {
        let cases = [
            ("(", "unclosed group"),
            (")", "unopened group"),
            ("[a", "a class does not end"),
            ("a**", "'*' repeats a repetition"),
            ("a{2}{3}", "'{' repeats a repetition"),
            ("a{1001}", "a repetition has at most 1000 times"),
            ("(?=a)", "groups that look around are not known"),
            ("(?<!a)", "groups that look around are not known"),
            ("(?x)a", "a group has no flag 'x'"),
            (r"(a)\1", r"'\1' refers to a group, which is not known"),
            (r"\C", r"'\C' takes characters apart"),
            (r"\Z", r"'\Z' is not known"),
            (r"\x{110000}", r"'\x110000' is no character"),
            ("[[:nope:]]", "'[:nope:]' is no class of characters"),
            (r"\p{Nope}", "Unicode property not found"),
            (r"\", "nothing stands behind the last backslash"),
            ("[b-a]", "invalid character class range, the start must be <= the end"),
        ];
        for (pattern, reason) in cases {
            let error = translate(pattern).expect_err(pattern);
            assert!(error.contains(reason), "{pattern}: {error}");
        }
    }
}
