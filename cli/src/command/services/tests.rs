use std::time::{Duration, SystemTime};

use bia::registry::{Endpoint, Instance, Listed};

use super::look::{Health, Place, Seat, Seen};
use super::show;

/// Started 2026-01-31 12:00:00 UTC.
const ID: &str = "019c13ec-9e00-7aaa-8bbb-0123456789ab";

fn seen() -> (Seen, SystemTime) {
    let instance = |id: &str, service: &str, port| {
        Instance::new(id, service, "1.2.3")
            .with_endpoint(Endpoint::new("grpc", "127.0.0.1", port))
            .with_metadata("zone", "eu-central-1a")
            .with_metadata("weight", "10")
    };
    let mut users = Seat::new(Listed::new(instance(ID, "user-service", 8000)));
    users.health = Health::Serving;
    let orders = Listed::new(instance("orders-1", "order-service", 8100));
    let orders = Seat::new(orders.with_fault("Service 'order-service' check is critical"));
    let now = users.started.expect("its id tells") + Duration::from_secs(3 * 3600 + 5);
    let place = Place { registry: "local folder /run/bia".to_owned(), error: None };
    (Seen { registries: vec![place], instances: vec![orders, users] }, now)
}

fn plain(width: usize) -> String {
    let (seen, now) = seen();
    anstream::adapter::strip_str(&show::table_at(&seen, Some(width), now)).to_string()
}

#[test]
fn a_table_fits_whatever_width_there_is() {
    let note = "order-service at 127.0.0.1:8100: Service 'order-service' check is critical";
    assert_eq!(
        plain(60),
        "SERVICE        ADDRESS         HEALTH   VERSION  UP\n\
         order-service  127.0.0.1:8100  failing  1.2.3    –\n\
         user-service   127.0.0.1:8000  serving  1.2.3    3h\n\
         not shown: METADATA, INSTANCE, ZONE (115 columns have room\n\
         for all, and so has --json)\n\
         order-service at 127.0.0.1:8100: Service 'order-service'\n\
         check is critical"
    );
    assert_eq!(
        plain(100),
        format!(
            "SERVICE        ADDRESS         HEALTH   VERSION  UP  ZONE\n\
             order-service  127.0.0.1:8100  failing  1.2.3    –   eu-central-1a\n\
             user-service   127.0.0.1:8000  serving  1.2.3    3h  eu-central-1a\n\
             not shown: METADATA, INSTANCE (115 columns have room for all, and so has --json)\n{note}"
        )
    );
    let wide = plain(200);
    for word in ["INSTANCE", ID, "METADATA", "weight=10"] {
        assert!(wide.contains(word), "{wide}");
    }
}

#[test]
fn an_instance_tells_by_its_id_when_it_was_started() {
    let (seen, _) = seen();
    let started = |seat: &Seat| seat.started_at.clone();
    assert_eq!(started(&seen.instances[1]).as_deref(), Some("2026-01-31T12:00:00Z"));
    assert_eq!(started(&seen.instances[0]), None);
}

#[test]
fn what_scripts_read_has_the_names_that_are_documented() {
    let (seen, _) = seen();
    let document = seen.document();
    assert_eq!(document["registry"], "local folder /run/bia");
    let user = &document["instances"][1];
    let fields: Vec<&str> =
        user.as_object().expect("an object").keys().map(String::as_str).collect();
    let mut expected = [
        "service",
        "instance",
        "version",
        "endpoints",
        "zone",
        "metadata",
        "health",
        "note",
        "startedAt",
    ];
    expected.sort_unstable();
    let mut fields = fields;
    fields.sort_unstable();
    assert_eq!(fields, expected);
    assert_eq!(user["endpoints"], serde_json::json!(["grpc://127.0.0.1:8000"]));
    assert_eq!((&user["health"], &user["zone"]), (&"serving".into(), &"eu-central-1a".into()));
}

#[test]
fn of_several_registries_each_instance_says_which_one_it_is_in() {
    let (mut seen, now) = seen();
    let [orders, users] = seen.instances.as_mut_slice() else { panic!("two of them") };
    let consul = "consul at http://c:8500".to_owned();
    let error = Some("it is away".to_owned());
    seen.registries.push(Place { registry: consul.clone(), error });
    for (seat, registry, label) in [
        (users, "local folder /run/bia".to_owned(), "local"),
        (orders, consul.clone(), "consul c:8500"),
    ] {
        (seat.registry, seat.label) = (Some(registry), Some(label.to_owned()));
    }
    let table = anstream::adapter::strip_str(&show::table_at(&seen, Some(70), now)).to_string();
    assert!(table.starts_with(
        "SERVICE        REGISTRY       ADDRESS         HEALTH   VERSION  UP\n\
         order-service  consul c:8500  127.0.0.1:8100  failing  1.2.3    –\n\
         user-service   local          127.0.0.1:8000  serving  1.2.3    3h\n"
    ));
    let document = seen.document();
    assert_eq!(document["registry"], serde_json::Value::Null);
    assert_eq!(document["registries"][1]["registry"], consul);
    assert_eq!(document["registries"][1]["error"], "it is away");
    assert_eq!(document["instances"][0]["registry"], consul);
}
