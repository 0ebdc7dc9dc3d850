use super::*;

struct Nobody;

impl Handler for Nobody {
    fn call(&self, _: usize, call: ServerCall) -> Reply {
        call.unknown()
    }
}

static GET: Operation = operation("/a.v1.S/Get");

static WITHOUT: Facts = Facts::new("a.v1.S", &[&GET], &[]);
static WITH: Facts = Facts::new("a.v1.S", &[&GET], &[])
    .with_openapi(r#"{"openapi":"3.1.1","info":{"title":"a.v1.S"},"paths":{"/v1":{}}}"#);
static BROKEN: Facts = Facts::new("a.v1.S", &[&GET], &[]).with_openapi("{");
static SAME_PATH: Facts = Facts::new("b.v1.S", &[&GET], &[]).with_http(BINDINGS);

fn served(facts: &[&'static Facts]) -> Option<Service> {
    let services: Vec<_> = facts.iter().map(|facts| Service::new(facts, Nobody)).collect();
    service("shop", "1.2.3", &services)
}

#[test]
fn an_app_whose_services_have_a_document_offers_it() {
    let service = served(&[&WITHOUT, &WITH]).unwrap();
    let templates: Vec<_> = service.http().iter().map(|binding| binding.template).collect();
    assert_eq!(templates, ["/openapi.json", "/docs", "/docs/page.css", "/docs/page.js"]);
    for binding in service.http() {
        let path: Vec<_> = binding.template.split('/').skip(1).map(Segment::Literal).collect();
        assert_eq!(binding.segments, path, "the segments are those of the template");
    }
}

#[test]
fn nothing_is_offered_without_a_document_or_in_the_place_of_the_apps_own() {
    assert!(served(&[]).is_none());
    assert!(served(&[&WITHOUT]).is_none());
    assert!(served(&[&BROKEN]).is_none());
    assert!(served(&[&WITH, &SAME_PATH]).is_none());
}
