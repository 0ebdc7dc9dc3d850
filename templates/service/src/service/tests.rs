//! The API as its callers see it: through a channel, over the whole pipeline, with data in a map.

use bia::testing::in_process;

use super::*;
use crate::api::{
    CreateGadgetRequest, DeleteGadgetRequest, Gadget, GetGadgetRequest, ListGadgetsRequest,
    SampleServiceClient,
};
use crate::rules::{DataError, GadgetError, Memory};

fn client() -> SampleServiceClient {
    let service = api::sample_service(SampleApi::new(Gadgets::new(Memory::default())));
    SampleServiceClient::new(in_process(service).unwrap())
}

async fn create(client: &SampleServiceClient, name: &str) -> bia::Result<Gadget> {
    let gadget = Gadget { name: name.to_owned(), ..Gadget::default() };
    client.create_gadget(CreateGadgetRequest { gadget: Some(gadget) }).await
}

#[tokio::test]
async fn what_was_made_is_fetched_listed_and_deleted() {
    let client = client();
    let made = create(&client, "first").await.unwrap();
    assert!(!made.id.is_empty() && made.created_at.is_some());
    let id = made.id.clone();
    assert_eq!(client.get_gadget(GetGadgetRequest { id: id.clone() }).await.unwrap(), made);
    let list = client.list_gadgets(ListGadgetsRequest::default()).await.unwrap();
    assert_eq!((list.gadgets, list.next_page_token), (vec![made], String::new()));

    client.delete_gadget(DeleteGadgetRequest { id: id.clone() }).await.unwrap();
    let error = client.get_gadget(GetGadgetRequest { id: id.clone() }).await.unwrap_err();
    assert!(error.is(404, "GADGET_NOT_FOUND"), "{error}");
    assert_eq!(error.metadata()["id"], id);
}

#[tokio::test]
async fn each_error_has_its_code_and_reason() {
    let client = client();
    create(&client, "first").await.unwrap();
    let taken = create(&client, "first").await.unwrap_err();
    assert_eq!((taken.code(), taken.reason()), (409, "GADGET_NAME_TAKEN"));
    assert_eq!(taken.grpc_code(), bia::Code::AlreadyExists);

    for name in ["", " "] {
        let empty = create(&client, name).await.unwrap_err();
        assert!(empty.is(400, "VALIDATOR"), "{empty}");
        assert!(empty.metadata().contains_key("gadget.name"), "{empty:?}");
    }

    let request = ListGadgetsRequest { page_token: "mine".to_owned(), ..Default::default() };
    let token = client.list_gadgets(request).await.unwrap_err();
    assert!(token.is(400, "PAGE_TOKEN_INVALID"), "{token}");
}

#[test]
fn what_went_wrong_inside_does_not_leave_the_process() {
    let told = |error: DataError| format!("{}", bia::Error::from(GadgetError::Data(error)));
    assert!(!told(DataError::Broken("secret host db-7".into())).contains("db-7"));
    // @if database
    assert!(!told(DataError::Unavailable("secret host db-7".into())).contains("db-7"));
    // @end
}
