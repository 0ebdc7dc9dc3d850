//! Source text without what is not code: comments, strings and characters become spaces.
//!
//! Line breaks and positions stay, so that a place in the masked text is the place in the file.

/// Blanks comments and the insides of literals.
pub(super) fn mask(source: &str) -> String {
    let mut masked = Masked { source: source.as_bytes(), code: Vec::new() };
    while masked.here() < masked.source.len() {
        masked.step();
    }
    // Every byte that is not ASCII was blanked or copied as it stood, so this never replaces anything.
    String::from_utf8_lossy(&masked.code).into_owned()
}

struct Masked<'a> {
    source: &'a [u8],
    /// As long as what has been read.
    code: Vec<u8>,
}

impl Masked<'_> {
    fn here(&self) -> usize {
        self.code.len()
    }

    fn rest(&self) -> &[u8] {
        self.source.get(self.here()..).unwrap_or_default()
    }

    fn step(&mut self) {
        let rest = self.rest();
        if rest.starts_with(b"//") {
            let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            return self.blank(length);
        }
        if rest.starts_with(b"/*") {
            let length = block_comment(rest);
            return self.blank(length);
        }
        if let Some(length) = string(rest).filter(|_| !self.is_inside_word()) {
            return self.blank(length);
        }
        if let Some(length) = character(rest) {
            return self.blank(length);
        }
        self.code.push(rest[0]);
    }

    /// Whether the last byte belongs to a name: in `for"` the `r` opens no raw string.
    fn is_inside_word(&self) -> bool {
        let in_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        self.code.last().is_some_and(in_name) && self.rest().first().is_some_and(in_name)
    }

    fn blank(&mut self, length: usize) {
        for index in 0..length {
            let byte = self.source.get(self.here()).copied().unwrap_or(b' ');
            let edge = index == 0 || index + 1 == length;
            self.code.push(match byte {
                b'\n' => b'\n',
                // The quotes stay, so that `f("")` does not turn into `f(  )`.
                b'"' if edge => b'"',
                _ => b' ',
            });
        }
    }
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0_usize);
    while at < rest.len() {
        match rest.get(at..at + 2) {
            Some(b"/*") => (depth, at) = (depth + 1, at + 2),
            Some(b"*/") => {
                (depth, at) = (depth.saturating_sub(1), at + 2);
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    rest.len()
}

/// The length of the string literal at the start, plain or raw, with its prefix.
fn string(rest: &[u8]) -> Option<usize> {
    let prefix = rest.iter().take(2).take_while(|byte| b"bcr".contains(byte)).count();
    let is_raw = rest.get(..prefix)?.contains(&b'r');
    let hashes = rest.get(prefix..)?.iter().take_while(|byte| **byte == b'#').count();
    let open = prefix + hashes;
    if rest.get(open) != Some(&b'"') || (hashes > 0 && !is_raw) {
        return None;
    }
    let mut at = open + 1;
    while let Some(byte) = rest.get(at) {
        let closes =
            rest.get(at + 1..at + 1 + hashes).is_some_and(|end| end.iter().all(|b| *b == b'#'));
        match byte {
            b'\\' if !is_raw => at += 2,
            b'"' if closes => return Some(at + 1 + hashes),
            _ => at += 1,
        }
    }
    Some(rest.len())
}

/// The length of the character literal at the start; a lifetime is none.
fn character(rest: &[u8]) -> Option<usize> {
    let text = rest.strip_prefix(b"'")?;
    if text.first() == Some(&b'\\') {
        let end = text.iter().skip(2).position(|byte| *byte == b'\'')?;
        return Some(end + 4);
    }
    // One character of up to four bytes, then the closing quote.
    let width = match text.first()? {
        byte if byte.is_ascii() => 1,
        byte if *byte < 0xE0 => 2,
        byte if *byte < 0xF0 => 3,
        _ => 4,
    };
    (text.get(width) == Some(&b'\'')).then_some(width + 2)
}

#[cfg(test)]
mod tests {
    use super::mask;

    #[test]
    fn comments_and_literals_vanish_and_places_stay() {
        for (source, expected) in [
            ("a // b\nc", "a     \nc"),
            ("a /* b /* c */ d */ e", "a                   e"),
            (r#"f("x\"y", 1)"#, r#"f("    ", 1)"#),
            (r##"f(r#"x"y"#, 1)"##, r##"f(        , 1)"##),
            ("f('\"', b'x', '\\'', 'é')", "f(   , b   ,     ,     )"),
            ("fn f<'a>(x: &'a str)", "fn f<'a>(x: &'a str)"),
            ("\"a\nb\"", "\" \n \""),
            ("for\"x\"", "for\" \""),
        ] {
            let masked = mask(source);
            assert_eq!(masked, expected);
            assert_eq!(masked.len(), source.len());
        }
    }
}
