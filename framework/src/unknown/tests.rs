use bytes::{Buf, Bytes};
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;

use super::UnknownFields;

/// One field of each wire type: a varint, 64 bits, bytes, a group with a group in it, 32 bits.
const ALL: &[u8] = &[
    0x08, 0x96, 0x01, // 1: 150
    0x11, 1, 2, 3, 4, 5, 6, 7, 8, // 2
    0x1a, 3, b'a', b'b', b'c', // 3
    0x23, 0x2b, 0x08, 1, 0x2c, 0x24, // 4: {5: {1: 1}}
    0x35, 1, 2, 3, 4, // 6
];

fn message(bytes: &[u8]) -> Result<UnknownFields, prost::DecodeError> {
    UnknownFields::decode(bytes)
}

#[test]
fn fields_of_every_wire_type_come_back_as_they_were() {
    let unknown = message(ALL).unwrap();
    assert_eq!(unknown.as_bytes(), ALL);
    assert_eq!(unknown.encode_to_vec(), ALL);
    assert_eq!(unknown.encoded_len(), ALL.len());
    assert_eq!(UnknownFields::decode(Bytes::from_static(ALL)).unwrap(), unknown);
}

#[test]
fn what_arrives_in_pieces_is_what_arrives_at_once() {
    for at in 0..ALL.len() {
        let pieces = (&ALL[..at]).chain(&ALL[at..]);
        assert_eq!(UnknownFields::decode(pieces).unwrap().as_bytes(), ALL, "{at}");
    }
}

#[test]
fn what_is_unknown_is_not_shown() {
    assert_eq!(format!("{:?}", message(ALL).unwrap()), "UnknownFields(28 bytes)");
}

#[test]
fn half_a_field_is_not_kept() {
    for end in 1..ALL.len() {
        let mut unknown = message(&[0x08, 7]).unwrap();
        if unknown.merge(&ALL[..end]).is_err() {
            let rest = unknown.encode_to_vec();
            assert_eq!(message(&rest).unwrap().as_bytes(), rest, "{end}");
        }
    }
}

#[test]
fn a_tag_is_at_most_five_bytes_at_every_level() {
    let long = [0x88, 0x80, 0x80, 0x80, 0x80, 0x00, 1];
    let five = [0x88, 0x80, 0x80, 0x80, 0x00, 1];
    // As prost reads it, and as we do: the key is written as short as it can be.
    assert!(<()>::decode(&long[..]).is_ok());
    assert!(message(&long).unwrap_err().to_string().contains("a tag of more than 5 bytes"));
    assert_eq!(message(&five).unwrap().as_bytes(), [0x08, 1]);
    let grouped = [&[0x0b][..], &long, &[0x0c]].concat();
    assert!(message(&grouped).is_err());
    // Behind a length nobody knows whether it is a message.
    let behind_length = [&[0x0a, 7][..], &long].concat();
    assert_eq!(message(&behind_length).unwrap().as_bytes(), behind_length);
}

#[test]
fn groups_within_groups_have_the_limit_that_prost_has() {
    let nested = |depth| [vec![0x0b_u8; depth], vec![0x0c; depth]].concat();
    for depth in 95..=105 {
        let prost = <()>::decode(&nested(depth)[..]);
        assert_eq!(message(&nested(depth)).is_ok(), prost.is_ok(), "{depth}");
    }
    assert!(message(&nested(1_000_000)).is_err());
}

#[test]
fn what_is_kept_is_no_more_than_what_was_sent() {
    let big = [&[0x0a, 0x80, 0x80, 0x40][..], &vec![7; 1 << 20]].concat();
    let measured = allocation_counter::measure(|| {
        assert_eq!(message(&big).unwrap().len(), big.len());
    });
    assert!(measured.bytes_max <= 2 * big.len() as u64, "{}", measured.bytes_max);
    // A length that lies asks for no memory.
    let lie = [0x0a, 0xff, 0xff, 0xff, 0xff, 0x07];
    let measured = allocation_counter::measure(|| assert!(message(&lie).is_err()));
    assert!(measured.bytes_max < 1024, "{}", measured.bytes_max);
}

#[test]
fn a_message_without_any_allocates_nothing() {
    let measured = allocation_counter::measure(|| {
        assert!(message(&[]).unwrap().is_empty());
    });
    assert_eq!(measured.count_total, 0);
}

proptest! {
    #[test]
    fn any_bytes_are_taken_and_refused_as_prost_does(bytes in vec(any::<u8>(), 0..60)) {
        let (ours, prost) = (message(&bytes), <()>::decode(&bytes[..]));
        match ours {
            Ok(unknown) => {
                prop_assert!(prost.is_ok());
                prop_assert!(unknown.len() <= bytes.len());
                let again = message(unknown.as_bytes()).unwrap();
                prop_assert_eq!(again, unknown);
            }
            Err(error) => {
                let too_long = error.to_string().contains("a tag of more than 5 bytes");
                prop_assert!(too_long || prost.is_err(), "{}", error);
            }
        }
    }
}
