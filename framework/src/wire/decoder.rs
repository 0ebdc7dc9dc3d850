use bytes::{Buf, Bytes, BytesMut};
use prost::Message;

use crate::error::{Error, Result};

use super::{Encoding, PREFIX};

/// Finds messages in the chunks of a body, without copying those that lie in one chunk.
#[derive(Debug)]
pub(crate) struct Decoder {
    encoding: Encoding,
    limit: usize,
    /// A chunk of which a part is left, taken before `partial` is used.
    chunk: Bytes,
    /// The beginning of a message whose end is in a chunk to come. It grows with what arrives, not
    /// with what a prefix promises.
    partial: BytesMut,
    /// The bytes of the messages so far, uncompressed.
    decoded: usize,
}

impl Decoder {
    /// Reads messages of at most `limit` bytes, before and after decompressing.
    pub(crate) fn new(encoding: Encoding, limit: usize) -> Self {
        Self { encoding, limit, chunk: Bytes::new(), partial: BytesMut::new(), decoded: 0 }
    }

    pub(crate) fn push(&mut self, chunk: Bytes) {
        if !self.partial.is_empty() {
            self.partial.extend_from_slice(&chunk);
        } else if self.chunk.is_empty() {
            self.chunk = chunk;
        } else {
            self.partial.reserve(self.chunk.len() + chunk.len());
            self.partial.extend_from_slice(&self.chunk);
            self.partial.extend_from_slice(&chunk);
            self.chunk = Bytes::new();
        }
    }

    /// The bytes of the messages that were decoded since this was asked last, uncompressed.
    pub(crate) fn take_decoded(&mut self) -> usize {
        std::mem::take(&mut self.decoded)
    }

    /// Whether nothing is left that a body could end in the middle of.
    pub(crate) fn is_empty(&self) -> bool {
        self.chunk.is_empty() && self.partial.is_empty()
    }

    /// The next whole message, if it is there, as protobuf.
    pub(crate) fn next<T: Message + Default>(&mut self) -> Result<Option<T>> {
        self.next_by(|data| {
            T::decode(data).map_err(|error| {
                Error::internal("MESSAGE_INVALID", "message is not valid protobuf")
                    .with_source(error)
            })
        })
    }

    /// The next whole message, if it is there, as `read` has it.
    pub(crate) fn next_by<T>(
        &mut self,
        read: impl FnOnce(Bytes) -> Result<T>,
    ) -> Result<Option<T>> {
        let Some((flag, length)) = self.prefix() else { return Ok(None) };
        let compressed = match flag {
            0 => false,
            1 => true,
            flag => {
                return Err(Error::internal(
                    "MESSAGE_INVALID",
                    format!("message has the flag {flag}; 0 and 1 are known. Is this gRPC?"),
                ));
            }
        };
        if length > self.limit {
            return Err(too_large(length, self.limit));
        }
        let Some(data) = self.take(PREFIX + length) else { return Ok(None) };
        let data = if compressed {
            let data = self.encoding.decompress(&data, self.limit)?;
            if data.len() > self.limit {
                return Err(too_large(data.len(), self.limit));
            }
            data.into()
        } else {
            data
        };
        self.decoded += data.len();
        read(data).map(Some)
    }

    fn prefix(&self) -> Option<(u8, usize)> {
        let buffer = if self.partial.is_empty() { &self.chunk[..] } else { &self.partial[..] };
        let prefix = buffer.first_chunk::<PREFIX>()?;
        let length = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]);
        Some((prefix[0], length as usize))
    }

    /// The message behind a prefix, both of `length` bytes together.
    fn take(&mut self, length: usize) -> Option<Bytes> {
        let mut data = if self.partial.is_empty() {
            (self.chunk.len() >= length).then(|| self.chunk.split_to(length))?
        } else {
            (self.partial.len() >= length).then(|| self.partial.split_to(length).freeze())?
        };
        data.advance(PREFIX);
        Some(data)
    }
}

fn too_large(length: usize, limit: usize) -> Error {
    Error::too_many_requests(
        "MESSAGE_TOO_LARGE",
        format!("message of {length} bytes is larger than the {limit} that this side reads"),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::encode;

    fn framed(messages: &[String], encoding: Encoding) -> Bytes {
        let mut out = BytesMut::new();
        for message in messages {
            encode(message, encoding, usize::MAX, &mut out).unwrap();
        }
        out.freeze()
    }

    fn all(decoder: &mut Decoder) -> Result<Vec<String>> {
        std::iter::from_fn(|| decoder.next().transpose()).collect()
    }

    proptest! {
        #[test]
        fn messages_come_out_as_they_went_in_however_the_wire_cuts_them(
            messages in prop::collection::vec(".{0,200}", 0..6),
            cuts in prop::collection::vec(1_usize..40, 1..60),
            gzip: bool,
        ) {
            let encoding = if gzip && cfg!(feature = "gzip") {
                #[cfg(feature = "gzip")] { Encoding::Gzip }
                #[cfg(not(feature = "gzip"))] { Encoding::Identity }
            } else { Encoding::Identity };
            let mut wire = framed(&messages, encoding);
            let mut decoder = Decoder::new(encoding, 4096);
            let mut got = Vec::new();
            for cut in cuts {
                decoder.push(wire.split_to(cut.min(wire.len())));
                got.extend(all(&mut decoder).unwrap());
            }
            decoder.push(wire);
            got.extend(all(&mut decoder).unwrap());
            prop_assert_eq!(got, messages);
            prop_assert!(decoder.is_empty());
        }

        #[test]
        fn garbage_is_an_error_or_more_to_come_and_never_a_panic(
            garbage in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let mut decoder = Decoder::new(Encoding::default(), 64);
            decoder.push(garbage.into());
            drop(all(&mut decoder));
        }
    }

    #[test]
    fn a_promise_of_a_large_message_is_refused_before_any_of_it_arrives() {
        let mut decoder = Decoder::new(Encoding::Identity, 4);
        decoder.push(Bytes::from_static(&[0, 0, 0, 0, 5]));
        let error = decoder.next::<String>().unwrap_err();
        assert_eq!((error.code(), error.reason()), (429, "MESSAGE_TOO_LARGE"));
        assert!(error.message().contains("5 bytes"), "{error}");
    }

    #[cfg(feature = "gzip")]
    #[test]
    fn a_small_message_that_unpacks_to_a_large_one_is_refused() {
        let wire = framed(&["a".repeat(1 << 20)], Encoding::Gzip);
        assert!(wire.len() < 8192);
        let mut decoder = Decoder::new(Encoding::Gzip, 8192);
        decoder.push(wire);
        assert_eq!(decoder.next::<String>().unwrap_err().reason(), "MESSAGE_TOO_LARGE");
    }

    #[test]
    fn a_compressed_message_without_an_encoding_is_refused() {
        let mut decoder = Decoder::new(Encoding::Identity, 64);
        decoder.push(Bytes::from_static(&[1, 0, 0, 0, 1, 7]));
        assert_eq!(decoder.next::<String>().unwrap_err().code(), 500);
    }
}
