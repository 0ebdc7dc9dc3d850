use bytes::Bytes;
use http::HeaderMap;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderValue};

use crate::error::{Error, Result};
use crate::media;

/// How a body is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Coding {
    /// As it is.
    #[default]
    Identity,
    /// gzip, RFC 1952.
    #[cfg(feature = "gzip")]
    Gzip,
    /// Zstandard, RFC 8878.
    #[cfg(feature = "zstd")]
    Zstd,
}

/// What a window of zstd may take in memory: what RFC 8878 §3.1.1.1.2 has every decoder support.
#[cfg(feature = "zstd")]
const WINDOW: u64 = 8 * 1024 * 1024;

impl Coding {
    /// What we write, those first that cost less for what they save.
    const ALL: &'static [Self] = &[
        #[cfg(feature = "zstd")]
        Self::Zstd,
        #[cfg(feature = "gzip")]
        Self::Gzip,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            #[cfg(feature = "gzip")]
            Self::Gzip => "gzip",
            #[cfg(feature = "zstd")]
            Self::Zstd => "zstd",
        }
    }

    /// What `content-encoding` says of a request.
    ///
    /// # Errors
    ///
    /// What is not read here, with what is.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self> {
        let mut values = headers.get_all(CONTENT_ENCODING).iter();
        let Some(value) = values.next() else { return Ok(Self::Identity) };
        let text = value.to_str().unwrap_or_default().trim();
        let is = |name: &str| text.eq_ignore_ascii_case(name);
        let found = Self::ALL.iter().copied().find(|coding| is(coding.name()));
        let found = found.or_else(|| is("identity").then_some(Self::Identity));
        #[cfg(feature = "gzip")]
        let found = found.or_else(|| is("x-gzip").then_some(Self::Gzip));
        match found {
            Some(coding) if values.next().is_none() => Ok(coding),
            _ => Err(unsupported(value)),
        }
    }

    /// What the caller wants of what we write; as it is where it has no wish, or wants that more.
    pub(super) fn wanted(headers: &HeaderMap) -> Self {
        if !headers.contains_key(ACCEPT_ENCODING) {
            return Self::Identity;
        }
        let wish = |coding: Self| {
            let name = coding.name();
            media::wish(headers, &ACCEPT_ENCODING, |range| {
                if range.eq_ignore_ascii_case(name) { Some(2) } else { (range == "*").then_some(0) }
            })
        };
        let plain = wish(Self::Identity).filter(|(_, exact, _)| *exact > 0);
        let mut best = None;
        for coding in Self::ALL.iter().copied() {
            // Between those that it wants equally ours are in the order of their cost.
            let quality = wish(coding).map(|(quality, ..)| quality);
            if quality.is_some_and(|quality| best.is_none_or(|(most, _)| quality > most)) {
                best = quality.map(|quality| (quality, coding));
            }
        }
        match (best, plain) {
            (Some((quality, _)), Some((more, ..))) if more > quality => Self::Identity,
            (Some((_, coding)), _) => coding,
            (None, _) => Self::Identity,
        }
    }

    /// Decompresses at most `limit` bytes: a small body must not become a large one.
    ///
    /// # Errors
    ///
    /// If it is not of the coding, or more than that.
    #[cfg_attr(
        not(any(feature = "gzip", feature = "zstd")),
        expect(unused_variables, reason = "nothing is compressed")
    )]
    pub(super) fn decode(self, data: Bytes, limit: usize) -> Result<Bytes> {
        match self {
            Self::Identity => Ok(data),
            #[cfg(feature = "gzip")]
            Self::Gzip => self.read(flate2::read::MultiGzDecoder::new(&data[..]), limit),
            #[cfg(feature = "zstd")]
            Self::Zstd => {
                let opened =
                    ruzstd::decoding::StreamingDecoder::new_with_max_window_size(&data[..], WINDOW);
                let reader = opened.map_err(|error| self.invalid().with_source(error))?;
                self.read(reader, limit)
            }
        }
    }

    #[cfg(any(feature = "gzip", feature = "zstd"))]
    fn read(self, reader: impl std::io::Read, limit: usize) -> Result<Bytes> {
        let mut out = Vec::new();
        let mut reader = std::io::Read::take(reader, limit as u64 + 1);
        std::io::Read::read_to_end(&mut reader, &mut out)
            .map_err(|error| self.invalid().with_source(error))?;
        if out.len() > limit {
            return Err(too_large(limit));
        }
        Ok(out.into())
    }

    #[cfg(any(feature = "gzip", feature = "zstd"))]
    fn invalid(self) -> Error {
        Error::bad_request("CODEC", format!("the body is not valid {}", self.name()))
    }

    /// Compresses; none if that makes it no smaller.
    #[cfg_attr(
        not(any(feature = "gzip", feature = "zstd")),
        expect(unused_variables, reason = "nothing is compressed")
    )]
    pub(super) fn encode(self, data: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Identity => None,
            #[cfg(feature = "gzip")]
            Self::Gzip => {
                let mut out = Vec::with_capacity(data.len() / 2);
                let level = flate2::Compression::fast();
                let mut encoder = flate2::write::GzEncoder::new(&mut out, level);
                std::io::Write::write_all(&mut encoder, data).ok()?;
                encoder.finish().ok()?;
                (out.len() < data.len()).then_some(out)
            }
            #[cfg(feature = "zstd")]
            Self::Zstd => {
                let level = ruzstd::encoding::CompressionLevel::Fastest;
                let out = ruzstd::encoding::compress_to_vec(data, level);
                (out.len() < data.len()).then_some(out)
            }
        }
    }
}

pub(super) fn too_large(limit: usize) -> Error {
    Error::new(
        413,
        "BODY_TOO_LARGE",
        format!("the body is larger than the {limit} bytes that this side reads"),
    )
}

fn unsupported(value: &HeaderValue) -> Error {
    let known: Vec<_> = Coding::ALL.iter().map(|coding| coding.name()).collect();
    let known = if known.is_empty() { "identity".to_owned() } else { known.join(", ") };
    let message = format!(
        "content-encoding {} is not read here; this side reads {known}",
        String::from_utf8_lossy(value.as_bytes())
    );
    let mut error = Error::new(415, "CONTENT_ENCODING_UNSUPPORTED", message);
    if let Ok(known) = HeaderValue::try_from(known) {
        error.add_trailer(ACCEPT_ENCODING, known);
    }
    error
}
