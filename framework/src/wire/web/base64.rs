//! base64 that comes in pieces, cut anywhere and padded in the middle.

use ::base64::Engine;
use ::base64::alphabet::STANDARD;
use ::base64::engine::DecodePaddingMode;
use ::base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;

use crate::error::{Error, Result};

/// Written with padding, read with or without: what is left at the end of a body may have none.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How many characters are decoded together.
const QUAD: usize = 4;

pub(super) fn encode(data: &[u8]) -> String {
    BASE64.encode(data)
}

/// Decodes one text after another, each padded by itself or running on.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    /// The beginning of a quad whose end is to come.
    kept: Vec<u8>,
}

impl Decoder {
    /// What can be decoded now.
    pub(super) fn push(&mut self, text: &[u8]) -> Result<Bytes> {
        let mut out = Vec::with_capacity((self.kept.len() + text.len()) / QUAD * 3);
        let mut text = text;
        if !self.kept.is_empty() {
            let missing = (QUAD - self.kept.len()).min(text.len());
            self.kept.extend_from_slice(&text[..missing]);
            text = &text[missing..];
            if self.kept.len() < QUAD {
                return Ok(Bytes::new());
            }
            decode(&self.kept, &mut out)?;
            self.kept.clear();
        }
        let (whole, rest) = text.split_at(text.len() - text.len() % QUAD);
        self.kept.extend_from_slice(rest);
        let mut whole = whole;
        while !whole.is_empty() {
            // Up to the end of the quad that is padded.
            let padded = whole.iter().position(|byte| *byte == b'=');
            let end = padded.map_or(whole.len(), |place| (place / QUAD + 1) * QUAD);
            decode(&whole[..end], &mut out)?;
            whole = &whole[end..];
        }
        Ok(out.into())
    }

    /// What is left when the text has ended.
    pub(super) fn finish(&mut self) -> Result<Bytes> {
        let mut out = Vec::new();
        decode(&std::mem::take(&mut self.kept), &mut out)?;
        Ok(out.into())
    }
}

fn decode(text: &[u8], out: &mut Vec<u8>) -> Result<()> {
    BASE64.decode_vec(text, out).map_err(|error| {
        Error::bad_request("BODY_INVALID", "the body is not valid base64, as grpc-web-text has it")
            .with_source(error)
            .by_caller()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(decoder: &mut Decoder, pieces: &[&[u8]]) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        for piece in pieces {
            out.extend_from_slice(&decoder.push(piece)?);
        }
        out.extend_from_slice(&decoder.finish()?);
        Ok(out)
    }

    proptest! {
        #[test]
        fn texts_one_after_another_are_read_however_they_are_cut(
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8),
            cuts in prop::collection::vec(1_usize..9, 1..80),
        ) {
            let text: String = parts.iter().map(|part| encode(part)).collect();
            let mut rest = text.as_bytes();
            let mut pieces = Vec::new();
            for cut in cuts {
                let (piece, more) = rest.split_at(cut.min(rest.len()));
                pieces.push(piece);
                rest = more;
            }
            pieces.push(rest);
            prop_assert_eq!(all(&mut Decoder::default(), &pieces).unwrap(), parts.concat());
        }

        #[test]
        fn garbage_is_an_error_and_never_a_panic(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..30), 0..6),
            ascii in prop::collection::vec("[A-Za-z0-9+/=]{0,20}", 0..6),
        ) {
            let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            drop(all(&mut Decoder::default(), &pieces));
            let pieces: Vec<&[u8]> = ascii.iter().map(String::as_bytes).collect();
            drop(all(&mut Decoder::default(), &pieces));
        }
    }

    #[test]
    fn the_last_text_need_not_be_padded() {
        assert_eq!(all(&mut Decoder::default(), &[b"aGk", b""]).unwrap(), b"hi");
        assert_eq!(all(&mut Decoder::default(), &[b"aGk=", b"aA"]).unwrap(), b"hih");
        let error = all(&mut Decoder::default(), &[b"aGk=a"]).unwrap_err();
        assert_eq!((error.code(), error.is_own_fault()), (400, false));
    }
}
