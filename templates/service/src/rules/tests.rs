use super::*;

fn gadgets() -> Gadgets<Memory> {
    Gadgets::new(Memory::default())
}

#[tokio::test]
async fn what_was_made_is_tidied_up_and_found_as_it_was_answered() {
    let gadgets = gadgets();
    let made = gadgets.create(" first ").await.unwrap();
    assert_eq!(made.name, "first");
    assert_eq!(gadgets.get(&made.id).await.unwrap(), made);
}

#[tokio::test]
async fn a_name_is_taken_until_what_has_it_is_deleted() {
    let gadgets = gadgets();
    let made = gadgets.create("first").await.unwrap();
    let error = gadgets.create("first").await.unwrap_err();
    assert!(matches!(error, GadgetError::NameTaken { name } if name == "first"));
    gadgets.delete(&made.id).await.unwrap();
    gadgets.create("first").await.unwrap();
}

#[tokio::test]
async fn a_name_of_nothing_but_space_is_refused() {
    let error = gadgets().create("  ").await.unwrap_err();
    assert!(matches!(error, GadgetError::NameEmpty), "{error:?}");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let gadgets = gadgets();
    for id in ["", "7", "018f2f6e-5d2c-7cc3-9d4e-0123456789ab"] {
        let got = gadgets.get(id).await;
        assert!(matches!(got, Err(GadgetError::NotFound { .. })), "{id:?}");
        let deleted = gadgets.delete(id).await;
        assert!(matches!(deleted, Err(GadgetError::NotFound { .. })), "{id:?}");
    }
}

#[tokio::test]
async fn pages_lead_from_one_to_the_next_until_the_last() {
    let gadgets = gadgets();
    for name in ["first", "second", "third"] {
        gadgets.create(name).await.unwrap();
    }
    let mut names = Vec::new();
    let mut token = String::new();
    loop {
        let page = gadgets.list(2, &token).await.unwrap();
        names.extend(page.gadgets.into_iter().map(|gadget| gadget.name));
        token = page.next_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(names, ["first", "second", "third"]);
    let strange = gadgets.list(0, "strange").await;
    assert!(matches!(strange, Err(GadgetError::PageToken)));
}
