use bytes::{BufMut, BytesMut};
use prost::Message;

use crate::error::{Error, Result};

use super::{Encoding, PREFIX};

/// Writes a message with its prefix behind what is in `out`; tells its length, uncompressed.
pub(crate) fn encode<T: Message>(
    message: &T,
    encoding: Encoding,
    limit: usize,
    out: &mut BytesMut,
) -> Result<usize> {
    let length = message.encoded_len();
    if length > limit {
        return Err(too_large(length, limit));
    }
    #[cfg(feature = "gzip")]
    if encoding != Encoding::Identity {
        let mut compressed = Vec::with_capacity(PREFIX + length / 2);
        compressed.extend_from_slice(&[0; PREFIX]);
        encoding.compress(&message.encode_to_vec(), &mut compressed)?;
        // A message that does not shrink goes as it is: the flag says so for each one.
        if compressed.len() < PREFIX + length {
            let body = prefix_length(compressed.len() - PREFIX)?;
            compressed[0] = 1;
            compressed[1..PREFIX].copy_from_slice(&body.to_be_bytes());
            out.extend_from_slice(&compressed);
            return Ok(length);
        }
    }
    #[cfg(not(feature = "gzip"))]
    let _: Encoding = encoding;
    out.reserve(PREFIX + length);
    out.put_u8(0);
    out.put_u32(prefix_length(length)?);
    message.encode_raw(out);
    Ok(length)
}

/// The same for a message that `write` writes, behind what is in the buffer that it is given.
pub(crate) fn encode_by(
    write: impl FnOnce(&mut BytesMut) -> Result<()>,
    encoding: Encoding,
    limit: usize,
    out: &mut BytesMut,
) -> Result<usize> {
    let start = out.len();
    out.put_bytes(0, PREFIX);
    let written = write(out).and_then(|()| prefixed(start, encoding, limit, out));
    if written.is_err() {
        out.truncate(start);
    }
    written
}

/// Fills in the prefix at `start` of the message behind it, and compresses that if it is worth it.
fn prefixed(start: usize, encoding: Encoding, limit: usize, out: &mut BytesMut) -> Result<usize> {
    let length = out.len() - start - PREFIX;
    if length > limit {
        return Err(too_large(length, limit));
    }
    #[cfg(feature = "gzip")]
    if encoding != Encoding::Identity {
        let mut compressed = Vec::with_capacity(length / 2);
        encoding.compress(&out[start + PREFIX..], &mut compressed)?;
        if compressed.len() < length {
            out.truncate(start);
            out.put_u8(1);
            out.put_u32(prefix_length(compressed.len())?);
            out.extend_from_slice(&compressed);
            return Ok(length);
        }
    }
    #[cfg(not(feature = "gzip"))]
    let _: Encoding = encoding;
    out[start + 1..start + PREFIX].copy_from_slice(&prefix_length(length)?.to_be_bytes());
    Ok(length)
}

fn prefix_length(length: usize) -> Result<u32> {
    u32::try_from(length).map_or_else(|_| Err(too_large(length, u32::MAX as usize)), Ok)
}

fn too_large(length: usize, limit: usize) -> Error {
    Error::too_many_requests(
        "MESSAGE_TOO_LARGE",
        format!("message of {length} bytes is larger than the {limit} that may be sent"),
    )
}
