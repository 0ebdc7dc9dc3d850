//! JSON values as they come, each in a frame of gRPC: the elements of one array, or values one behind
//! the other.
//!
//! Where a value ends is found by its brackets and quotes alone; whether it is JSON is seen by who
//! reads it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::Frame;

use crate::body::Body;
use crate::error::{Error, Result};

use super::super::coding::too_large;
use super::chunks::framed;

/// Finds the values in a text that comes in pieces.
#[derive(Debug)]
struct Values {
    /// What was not given out yet; it begins with a value, once one has begun.
    text: BytesMut,
    /// How much of it was looked at.
    seen: usize,
    /// The most bytes of a value.
    limit: usize,
    place: Place,
    depth: usize,
    in_array: bool,
    has_begun: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Between,
    /// In a value that is neither object, array nor text: it ends where something else begins.
    Bare,
    Brackets,
    Quotes {
        escaped: bool,
    },
    /// Behind the end of the array.
    Behind,
}

impl Values {
    fn new(limit: usize) -> Self {
        Self {
            text: BytesMut::new(),
            seen: 0,
            limit,
            place: Place::Between,
            depth: 0,
            in_array: false,
            has_begun: false,
        }
    }

    /// The next value that is whole.
    fn next(&mut self, has_ended: bool) -> Result<Option<Bytes>> {
        while let Some(&byte) = self.text.get(self.seen) {
            match self.place {
                Place::Between | Place::Behind => self.begin(byte)?,
                Place::Bare => {
                    if matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b']') {
                        return Ok(Some(self.cut()));
                    }
                    self.seen += 1;
                }
                Place::Quotes { escaped: true } => {
                    self.place = Place::Quotes { escaped: false };
                    self.seen += 1;
                }
                Place::Quotes { escaped: false } => {
                    self.seen += 1;
                    match byte {
                        b'\\' => self.place = Place::Quotes { escaped: true },
                        b'"' if self.depth == 0 => return Ok(Some(self.cut())),
                        b'"' => self.place = Place::Brackets,
                        _ => {}
                    }
                }
                Place::Brackets => {
                    self.seen += 1;
                    match byte {
                        b'"' => self.place = Place::Quotes { escaped: false },
                        b'{' | b'[' => self.depth += 1,
                        b'}' | b']' => {
                            self.depth -= 1;
                            if self.depth == 0 {
                                return Ok(Some(self.cut()));
                            }
                        }
                        _ => {}
                    }
                }
            }
            if self.seen > self.limit {
                return Err(too_large(self.limit));
            }
        }
        match self.place {
            Place::Bare if has_ended => Ok(Some(self.cut())),
            Place::Between if has_ended && self.in_array => Err(cut_off()),
            Place::Bare | Place::Brackets | Place::Quotes { .. } if has_ended => Err(cut_off()),
            _ => Ok(None),
        }
    }

    /// Looks at what stands between two values; a value that begins there becomes the text's first.
    fn begin(&mut self, byte: u8) -> Result<()> {
        let is_space = matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        if self.place == Place::Behind && !is_space {
            return Err(Error::bad_request(
                "CODEC",
                "something stands behind the end of the array",
            ));
        }
        let place = match byte {
            b'[' if !self.has_begun => {
                self.in_array = true;
                None
            }
            b']' if self.in_array => {
                self.place = Place::Behind;
                None
            }
            b',' if self.in_array => None,
            _ if is_space => None,
            b'{' | b'[' => {
                self.depth = 1;
                Some(Place::Brackets)
            }
            b'"' => Some(Place::Quotes { escaped: false }),
            _ => Some(Place::Bare),
        };
        self.has_begun |= !is_space;
        match place {
            // What lies between is passed over, however much of it there is.
            None => drop(self.text.split_to(1)),
            Some(place) => {
                self.place = place;
                self.seen = 1;
            }
        }
        Ok(())
    }

    fn cut(&mut self) -> Bytes {
        self.place = Place::Between;
        self.text.split_to(std::mem::take(&mut self.seen)).freeze()
    }
}

fn cut_off() -> Error {
    Error::bad_request("CODEC", "the body ends in the middle of a message or of the array of them")
}

pub(super) struct Split {
    body: Body,
    values: Values,
    ended: bool,
}

impl Split {
    /// Values of at most `limit` bytes.
    pub(super) fn body(body: Body, limit: usize) -> Body {
        Body::new(Self { body, values: Values::new(limit), ended: false })
    }
}

impl http_body::Body for Split {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        loop {
            let ended = self.ended;
            if let Some(value) = self.values.next(ended)? {
                return Poll::Ready(Some(Ok(Frame::data(framed(&value)))));
            }
            if ended {
                return Poll::Ready(None);
            }
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                None => self.ended = true,
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.values.text.extend_from_slice(&data);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(limit: usize, pieces: &[&[u8]]) -> Result<Vec<String>> {
        let mut values = Values::new(limit);
        let mut found = Vec::new();
        for (piece, ended) in pieces.iter().map(|piece| (*piece, false)).chain([(&b""[..], true)]) {
            values.text.extend_from_slice(piece);
            while let Some(value) = values.next(ended)? {
                found.push(String::from_utf8_lossy(&value).into_owned());
            }
        }
        Ok(found)
    }

    #[test]
    fn values_are_found_in_an_array_in_lines_and_side_by_side() {
        let table: &[(&str, &[&str])] = &[
            ("", &[]),
            ("[]", &[]),
            (" [ ] \n", &[]),
            (r#"[{"a":1},{"b":[2]}]"#, &[r#"{"a":1}"#, r#"{"b":[2]}"#]),
            ("{\"a\":1}\n{\"a\":2}\n", &[r#"{"a":1}"#, r#"{"a":2}"#]),
            (r#"{"a":1}{"a":2}"#, &[r#"{"a":1}"#, r#"{"a":2}"#]),
            (r#"{"a":"}\"]"} "#, &[r#"{"a":"}\"]"}"#]),
            (r#"["one", "t\"wo"]"#, &[r#""one""#, r#""t\"wo""#]),
            ("1 2\n3", &["1", "2", "3"]),
            ("[1,2,3]", &["1", "2", "3"]),
            ("nonsense", &["nonsense"]),
        ];
        for (text, expected) in table {
            assert_eq!(all(100, &[text.as_bytes()]).unwrap(), *expected, "{text}");
        }
    }

    #[test]
    fn what_is_cut_off_is_an_error() {
        for text in ["[", "[1", "[1,", "{", r#"{"a""#, r#""a"#, "[{}", "[] 1"] {
            assert_eq!(all(100, &[text.as_bytes()]).unwrap_err().code(), 400, "{text}");
        }
    }

    #[test]
    fn a_value_without_an_end_is_refused_once_it_is_too_long() {
        assert_eq!(all(10, &[b"[\"aaaaaaaaaaaaaaaa"]).unwrap_err().code(), 413);
        assert_eq!(all(10, &[&b" ".repeat(100), b"1"]).unwrap(), ["1"]);
    }

    proptest! {
        #[test]
        fn it_does_not_matter_where_the_wire_cuts(
            values in prop::collection::vec("[a-z\\\\\"{}\\[\\], ]{0,12}", 0..6),
            cuts in prop::collection::vec(1_usize..5, 1..60),
            array: bool,
        ) {
            let values: Vec<_> = values.iter().map(|text| serde_json::json!({"a": text}).to_string()).collect();
            let text = if array { format!("[{}]", values.join(",")) } else { values.join("\n") };
            let mut rest = text.as_bytes();
            let mut pieces = Vec::new();
            for cut in cuts {
                let (piece, more) = rest.split_at(cut.min(rest.len()));
                pieces.push(piece);
                rest = more;
            }
            pieces.push(rest);
            prop_assert_eq!(all(1000, &pieces).unwrap(), values);
        }

        #[test]
        fn garbage_is_never_a_panic(text in prop::collection::vec(any::<u8>(), 0..200), brackets in "[\\[\\]{}\",:\\\\ a1]{0,60}") {
            drop(all(50, &[&text]));
            drop(all(50, &[brackets.as_bytes()]));
        }
    }
}
