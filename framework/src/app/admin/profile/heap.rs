//! What holds the memory in use: jemalloc notes the stack of one allocation in so many bytes, and forgets it
//! when that is freed.
//!
//! It tells by writing a file, in a format of its own: a folder that only we can read takes it, for as
//! long as it takes to read it.

use std::ffi::c_void;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use tikv_jemalloc_ctl::{profiling, raw};

use super::format::{Encoder, Frame};

const KINDS: [(&str, &str); 2] = [("inuse_objects", "count"), ("inuse_space", "bytes")];

/// What is in the names of the functions by which an allocation is asked for: those within tell nothing.
const ALLOCATOR: [&str; 4] = ["_rjem_", "__rust_alloc", "__rust_realloc", "tikv_jemallocator"];

/// Whether the program keeps account.
pub(super) fn is_on() -> bool {
    profiling::prof::read().unwrap_or(false)
}

/// Takes the profile, gzip'd. It blocks: the whole account is written to a file and names are looked up.
pub(super) fn take() -> io::Result<Vec<u8>> {
    let text = dump()?;
    let dump =
        parse(&text).ok_or_else(|| io::Error::other("jemalloc wrote a profile that is none"))?;
    let mut encoder = Encoder::new(KINDS, dump.period, Duration::ZERO);
    for Stack { addresses, count, bytes } in dump.stacks {
        let frames: Vec<_> = addresses.into_iter().map(resolve).collect();
        let inside = frames.iter().rposition(|place| is_of_allocator(place));
        encoder.add(
            &frames[inside.map_or(0, |inside| inside + 1)..],
            unbiased(count, bytes, dump.period),
            "",
        );
    }
    encoder.finish()
}

/// Has jemalloc write its account.
fn dump() -> io::Result<String> {
    /// The name of the file, which jemalloc takes with a zero at its end, and only if it stays for ever.
    static NAME: OnceLock<String> = OnceLock::new();
    let name = NAME.get_or_init(|| {
        let folder = format!("bia-heap-{}", uuid::Uuid::now_v7());
        format!("{}\0", std::env::temp_dir().join(folder).join("dump").display())
    });
    let file = Path::new(name.trim_end_matches('\0'));
    let folder = file.parent().unwrap_or(file);
    // It must be new: in a folder that somebody else has made, the file could be a link to any other.
    DirBuilder::new().mode(0o700).create(folder)?;
    let text = raw::write_str(b"prof.dump\0", name.as_bytes())
        .map_err(io::Error::other)
        .and_then(|()| fs::read_to_string(file));
    fs::remove_dir_all(folder)?;
    text
}

/// Jemalloc's account.
#[derive(Debug, PartialEq)]
struct Dump {
    /// One allocation is noted for so many bytes, on average.
    period: i64,
    stacks: Vec<Stack>,
}

/// One stack with what of its allocations was noted and is not freed.
#[derive(Debug, PartialEq)]
struct Stack {
    /// From the innermost outwards.
    addresses: Vec<usize>,
    count: i64,
    bytes: i64,
}

/// Reads jemalloc's format: `heap_v2/PERIOD`, then for each stack a line `@ 0xADDRESS…` and one with the sum of
/// all threads, `t*: COUNT: BYTES [0: 0]`, among others.
fn parse(text: &str) -> Option<Dump> {
    let mut lines = text.lines();
    let period = lines.next()?.strip_prefix("heap_v2/")?.trim().parse().ok()?;
    let mut stacks = Vec::new();
    let mut addresses = None;
    for line in lines {
        let line = line.trim();
        if line.starts_with("MAPPED_LIBRARIES") {
            break;
        }
        if let Some(stack) = line.strip_prefix('@') {
            let address =
                |word: &str| usize::from_str_radix(word.trim_start_matches("0x"), 16).ok();
            addresses = Some(stack.split_whitespace().map(address).collect::<Option<_>>()?);
        } else if let Some(sum) = line.strip_prefix("t*:") {
            let mut numbers = sum.split([':', ' ']).filter(|word| !word.is_empty());
            let mut number = || numbers.next()?.parse().ok();
            let (count, bytes) = (number()?, number()?);
            // The first sum is that of all stacks.
            if let Some(addresses) = addresses.take().filter(|_| count > 0) {
                stacks.push(Stack { addresses, count, bytes });
            }
        }
    }
    Some(Dump { period, stacks })
}

/// How much there must be for so much to be noted: small allocations are noted rarely, large ones always.
///
/// The chance that one of `size` bytes is noted is 1 - e^(-size / period).
#[expect(clippy::cast_possible_truncation, reason = "estimates, far from the limits of 64 bits")]
#[expect(clippy::cast_precision_loss, reason = "estimates")]
fn unbiased(count: i64, bytes: i64, period: i64) -> [i64; 2] {
    if count <= 0 || period <= 0 {
        return [count, bytes];
    }
    let size = bytes as f64 / count as f64;
    let chance = -(-size / period as f64).exp_m1();
    [count, bytes].map(|number| (number as f64 / chance).round() as i64)
}

/// The functions at an address, the innermost first; its number if they are not known.
fn resolve(address: usize) -> Vec<Frame> {
    let mut frames = Vec::new();
    // It is where the call returns to, which may be another line already.
    backtrace::resolve(address.wrapping_sub(1) as *mut c_void, |symbol| {
        frames.push(Frame {
            name: symbol.name().map_or_else(|| format!("{address:#x}"), |name| format!("{name:#}")),
            file: symbol.filename().map_or_else(String::new, |file| file.display().to_string()),
            line: symbol.lineno().map_or(0, i64::from),
        });
    });
    if frames.is_empty() {
        frames.push(Frame { name: format!("{address:#x}"), ..Frame::default() });
    }
    frames
}

/// Whether a place is in a function of the allocator, which others may be inlined into.
fn is_of_allocator(place: &[Frame]) -> bool {
    place.last().is_some_and(|frame| ALLOCATOR.iter().any(|part| frame.name.contains(part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_jemalloc_writes_is_read() {
        let text = "heap_v2/524288\n  t*: 3: 2097152 [0: 0]\n  t0: 3: 2097152 [0: 0]\n\
                    @ 0x7f01 0x2a\n  t*: 2: 1048576 [0: 0]\n  t0: 2: 1048576 [0: 0]\n\
                    @ 0x1\n  t*: 0: 0 [4: 128]\n\nMAPPED_LIBRARIES:\n@ nonsense\n";
        let stack = Stack { addresses: vec![0x7f01, 0x2a], count: 2, bytes: 1_048_576 };
        assert_eq!(parse(text), Some(Dump { period: 524_288, stacks: vec![stack] }));
        for broken in
            ["", "heap_v1/1", "heap_v2/x", "heap_v2/8\n@ 0xzz", "heap_v2/8\n@ 1\nt*: x: 1"]
        {
            assert_eq!(parse(broken), None, "{broken}");
        }
    }

    #[test]
    fn what_is_noted_rarely_counts_for_more() {
        // 1 KiB is noted once in about 512.
        let [count, bytes] = unbiased(10, 10 * 1024, 524_288);
        assert!((5100..5150).contains(&count) && bytes == count * 1024 + (bytes - count * 1024));
        assert!((5100 * 1024..5150 * 1024).contains(&bytes), "{bytes}");
        // 64 MiB always.
        assert_eq!(unbiased(1, 64 << 20, 524_288), [1, 64 << 20]);
    }
}
