use super::super::reading::{Point, Value};
use super::*;
use crate::operation::Kind;

static GET: Operation = Operation::new("/user.v1.UserService/GetUser", Kind::Unary);
static LIST: Operation = Operation::new("/user.v1.UserService/ListUsers", Kind::Unary);

fn table() -> Arc<CallTable> {
    let durations = Buckets::of_nanoseconds([1_000_000, 1_000_000_000]);
    Arc::new(CallTable::new(durations, Buckets::of_bytes([100, 1000])))
}

fn ended(code: Code, reason: &str) -> Ended<'_> {
    let duration = Duration::from_millis(5);
    Ended { code, reason, duration, received: 10, sent: 200, ids: None }
}

fn read(table: &CallTable) -> Reading {
    let mut reading = Reading::default();
    table.read(&mut reading);
    reading
}

fn of_method<'a>(points: &'a [Point], method: &str) -> Vec<&'a Point> {
    points.iter().filter(|point| point.label(c::METHOD) == method).collect()
}

#[test]
fn a_call_is_counted_by_operation_code_and_reason() {
    let table = table();
    let calls = table.server([&GET, &LIST]);
    for (code, reason) in
        [(Code::Ok, ""), (Code::Ok, ""), (Code::NotFound, "USER_NOT_FOUND"), (Code::NotFound, "X")]
    {
        calls.at(Some(0)).begin();
        calls.at(Some(0)).end(ended(code, reason));
    }
    let reading = read(&table);
    let got: Vec<_> = of_method(reading.of(&c::SERVER_DURATION), "user.v1.UserService/GetUser")
        .iter()
        .map(|point| (point.label(c::CODE), point.label(c::REASON), point.count()))
        .collect();
    assert_eq!(got, [("OK", "", 2), ("NOT_FOUND", "USER_NOT_FOUND", 1), ("NOT_FOUND", "X", 1)]);
    let sizes = of_method(reading.of(&c::SERVER_SENT), "user.v1.UserService/GetUser");
    assert_eq!(sizes[0].count(), 4);
    let Value::Spread(spread) = &sizes[0].value else { panic!("{sizes:?}") };
    assert_eq!((&spread.counts[..], spread.sum), (&[0, 4, 0][..], 800.0));
}

/// What a call writes to is there before it; what a new code and reason need is made once.
#[test]
fn counting_a_call_allocates_nothing() {
    let table = table();
    let (server, client) = (table.server([&GET]), table.client("user-service"));
    let sampled = Some(([1; 16], [2; 8]));
    let count_all = || {
        for (code, reason) in [(Code::Ok, ""), (Code::NotFound, "USER_NOT_FOUND")] {
            for ids in [None, sampled] {
                for call in [server.at(Some(0)), server.at(None), &client.of(&GET)] {
                    call.begin();
                    call.end(Ended { ids, ..ended(code, reason) });
                }
            }
        }
    };
    count_all();
    let allocated = allocation_counter::measure(|| (0..1000).for_each(|_| count_all()));
    assert_eq!(allocated.count_total, 0, "{allocated:?}");
}

#[test]
fn what_is_in_flight_is_seen_until_it_ends() {
    let table = table();
    let calls = table.server([&GET]);
    let active = |table: &CallTable| read(table).of(&c::SERVER_ACTIVE)[1].value == Value::Whole(1);
    calls.at(Some(0)).begin();
    assert!(active(&table), "{:?}", read(&table));
    calls.at(Some(0)).end(ended(Code::Ok, ""));
    assert!(!active(&table));
}

#[test]
fn operations_that_are_not_served_share_one_series() {
    let table = table();
    let calls = table.server([&GET]);
    for route in [None, Some(1), Some(usize::MAX)] {
        calls.at(route).begin();
        calls.at(route).end(ended(Code::Unimplemented, "METHOD_UNKNOWN"));
    }
    let reading = read(&table);
    let other = of_method(reading.of(&c::SERVER_DURATION), OTHER);
    assert_eq!((other.len(), other[0].count()), (1, 3));
}

#[test]
fn ten_thousand_reasons_make_no_more_series_than_are_allowed() {
    let table = table();
    let calls = table.server([&GET]);
    for number in 0..10_000 {
        let code = Code::ALL[1 + number % 16];
        calls.at(Some(0)).begin();
        calls.at(Some(0)).end(ended(code, &format!("REASON_{number}\n\"{{}}\\")));
    }
    let reading = read(&table);
    let points = of_method(reading.of(&c::SERVER_DURATION), "user.v1.UserService/GetUser");
    assert_eq!(points.len(), OUTCOMES + 16);
    assert_eq!(points.iter().map(|point| point.count()).sum::<u64>(), 10_000);
    assert_eq!(points.iter().filter(|point| point.label(c::REASON) == OTHER).count(), 16);
}

#[test]
fn ten_thousand_paths_and_callees_make_no_more_series_than_are_allowed() {
    let table = table();
    for callee in 0..100 {
        let calls = table.client(&format!("service-{callee}"));
        for path in 0..100 {
            let call = calls.named(&format!("/made.up/Name{path}"));
            call.begin();
            call.end(ended(Code::Ok, ""));
        }
    }
    let reading = read(&table);
    let points = reading.of(&c::CLIENT_DURATION);
    // One `_OTHER` of the last callee that was known, one of all after it.
    assert_eq!(points.len(), OPERATIONS + 1);
    assert_eq!(points.iter().map(Point::count).sum::<u64>(), 10_000);
}

#[test]
fn channels_to_one_service_count_together() {
    let table = table();
    for _ in 0..2 {
        let calls = table.client("user-service");
        for call in [calls.of(&GET), calls.of(&GET), calls.named(GET.name())] {
            call.begin();
            call.end(ended(Code::Ok, ""));
        }
    }
    let reading = read(&table);
    let points = reading.of(&c::CLIENT_DURATION);
    assert_eq!((points.len(), points[0].count()), (1, 6));
    assert_eq!(points[0].label(c::CALLEE), "user-service");
}

#[test]
fn a_label_is_cut_between_letters() {
    let long = "ü".repeat(100);
    assert_eq!(short(&long), "ü".repeat(64));
    let odd = format!("x{long}");
    assert_eq!(short(&odd).len(), 127);
}

#[test]
fn threads_that_meet_a_reason_at_once_count_it_together() {
    let table = table();
    let calls = table.server([&GET]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for number in 0..1000 {
                    calls.at(Some(0)).begin();
                    calls.at(Some(0)).end(ended(Code::Internal, &format!("R{}", number % 20)));
                }
            });
        }
    });
    let reading = read(&table);
    let points = of_method(reading.of(&c::SERVER_DURATION), "user.v1.UserService/GetUser");
    assert_eq!(points.len(), 20);
    assert!(points.iter().all(|point| point.count() == 200), "{points:?}");
}
