use super::*;

fn read<C: Codec>(text: &str) -> Option<C::Value> {
    C::read(text).ok()
}

#[test]
fn scalars_are_read_as_kratos_reads_them() {
    for text in ["1", "t", "T", "TRUE", "true", "True"] {
        assert_eq!(read::<Bool>(text), Some(true), "{text}");
    }
    for text in ["0", "f", "F", "FALSE", "false", "False"] {
        assert_eq!(read::<Bool>(text), Some(false), "{text}");
    }
    for text in ["yes", "tRUE", "2", " 1"] {
        assert_eq!(read::<Bool>(text), None, "{text}");
    }
    assert_eq!(read::<Int32>("-2147483648"), Some(i32::MIN));
    assert_eq!(read::<Int32>("2147483648"), None);
    assert_eq!(read::<Int32>("0x10"), None);
    assert_eq!(read::<Uint64>("18446744073709551615"), Some(u64::MAX));
    assert_eq!(read::<Uint32>("-1"), None);
    assert_eq!(read::<Double>("1e400"), None);
    assert_eq!(read::<Float>("1e39"), None);
    assert_eq!(read::<Double>("-1.5e3"), Some(-1500.0));
    assert_eq!(read::<Double>("inf"), Some(f64::INFINITY));
    assert_eq!(read::<Bytes>("+/8="), Some(vec![0xfb, 0xff]));
    assert_eq!(read::<Bytes>("-_8"), Some(vec![0xfb, 0xff]));
    assert_eq!(read::<Bytes>("a"), None);
}

#[test]
fn times_are_read_in_the_forms_of_json_and_of_go() {
    let duration = |seconds, nanos| Some(prost_types::Duration { seconds, nanos });
    let table = [
        ("1.5s", duration(1, 500_000_000)),
        ("1m30s", duration(90, 0)),
        ("-1.5s", duration(-1, -500_000_000)),
        ("1h2m3.000000004s", duration(3723, 4)),
        ("250ms", duration(0, 250_000_000)),
        (".5s", duration(0, 500_000_000)),
        ("1µs", duration(0, 1000)),
        ("0", duration(0, 0)),
        ("90", None),
        ("s", None),
        ("-", None),
        (".s", None),
        ("1x", None),
        ("999999999999999999999s", None),
        ("315576000001s", None),
    ];
    for (text, expected) in table {
        assert_eq!(read::<Duration>(text), expected, "{text}");
    }
    let at = |text| read::<Timestamp>(text).map(|it| (it.seconds, it.nanos));
    assert_eq!(at("1970-01-01T00:00:01Z"), Some((1, 0)));
    assert_eq!(at("1970-01-01T01:00:00.5+01:00"), Some((0, 500_000_000)));
    assert_eq!(at("1970-01-01"), None);
    assert_eq!(at("now"), None);
}

#[test]
fn masks_are_read_by_the_names_of_json_and_of_the_proto() {
    let mask = read::<FieldMask>("userName,display_name,a.bC").unwrap();
    assert_eq!(mask.paths, ["user_name", "display_name", "a.b_c"]);
}

#[test]
fn one_value_goes_into_what_is_not_repeated_and_an_empty_one_changes_nothing() {
    let values =
        |texts: &[&'static str]| texts.iter().map(|it| Cow::Borrowed(*it)).collect::<Vec<_>>();
    let mut field = 7;
    assert_eq!(plain::<Int32>(&mut field, "", &values(&["1", "2"])), Err(BindError::Many));
    assert_eq!(plain::<Int32>(&mut field, ".x", &values(&["1"])), Err(BindError::Unknown));
    plain::<Int32>(&mut field, "", &values(&[""])).unwrap();
    assert_eq!(field, 7);
    let mut field = None;
    optional::<Int32>(&mut field, "", &values(&[""])).unwrap();
    assert_eq!(field, None);
    let mut field = vec![1];
    repeated::<Int32>(&mut field, "", &values(&["2", "3"])).unwrap();
    assert_eq!(field, [1, 2, 3]);
    let mut field = HashMap::new();
    map::<Text, Int32>(&mut field, "[a.b]", &values(&["1"])).unwrap();
    map::<Text, Int32>(&mut field, ".c.d", &values(&["2"])).unwrap();
    assert_eq!(field, [("a.b".to_owned(), 1), ("c.d".to_owned(), 2)].into());
    assert!(map::<Text, Int32>(&mut field, "", &values(&["1"])).is_err());
    assert!(map::<Text, Int32>(&mut field, "[a", &values(&["1"])).is_err());
}
