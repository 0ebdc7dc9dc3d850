use super::raw::ask;
use super::serve;

#[tokio::test]
async fn a_body_is_answered_as_it_is() {
    let app = serve().await;
    let reply = ask(&app, "GET /v1/files/a/b.txt", &[("accept", "image/png")], b"").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(reply.body, "a/b.txt ");
    let reply = ask(&app, "GET /v1/peeks/x", &[], b"").await;
    assert_eq!(reply.body, "of x");
    let none = ask(&app, "GET /v1/files/none", &[], b"").await;
    assert_eq!((none.status, none.json()["reason"].as_str()), (404, Some("FILE_NOT_FOUND")));
}

#[tokio::test]
async fn a_body_is_taken_as_it_is() {
    let app = serve().await;
    let headers = [("content-type", "image/png")];
    let reply = ask(&app, "PUT /v1/files/a.png?note=hi", &headers, b"\x89PNG\xff").await;
    let expected = serde_json::json!(
        {"name": "a.png", "contentType": "image/png", "size": "5", "note": "hi"}
    );
    assert_eq!(reply.json(), expected);
    // JSON is a body as any other here.
    let headers = [("content-type", "application/json")];
    let reply = ask(&app, "PUT /v1/files/a.json", &headers, b"{").await;
    assert_eq!(reply.json()["size"], "1");
    let large = vec![0; 5 << 20];
    assert_eq!(ask(&app, "PUT /v1/files/large", &[], &large).await.status, 413);
}

#[tokio::test]
async fn bodies_come_and_go_in_pieces() {
    let app = serve().await;
    // More than one message may be: it is never in memory as a whole.
    let large = vec![7; 6 << 20];
    let headers = [("content-type", "video/mp4")];
    let reply = ask(&app, "POST /v1/uploads/film", &headers, &large).await;
    let size = (6 << 20).to_string();
    assert_eq!(reply.json()["size"], size.as_str(), "{reply:?}");
    assert_eq!(reply.json()["name"], "film");
    assert_eq!(reply.json()["contentType"], "video/mp4");

    let reply = ask(&app, "GET /v1/downloads/film", &[], b"").await;
    assert_eq!(reply.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!((reply.body.as_str(), reply.is_whole), ("part 1\npart 2\n", true));
    // What fails before anything was sent is told; later there is no other way than to break off.
    let broken = ask(&app, "GET /v1/downloads/broken", &[], b"").await;
    assert_eq!((broken.status, broken.json()["reason"].as_str()), (503, Some("DISK")));
    let broken = ask(&app, "GET /v1/downloads/breaking", &[], b"").await;
    assert_eq!((broken.status, broken.is_whole), (200, false), "{broken:?}");
    let none = ask(&app, "GET /v1/downloads/none", &[], b"").await;
    assert_eq!((none.status, none.json()["reason"].as_str()), (404, Some("FILE_NOT_FOUND")));
}

/// A part of a form.
fn part(name: &str, file: Option<(&str, &str)>, content: &str) -> String {
    let file = file.map_or_else(String::new, |(name, kind)| {
        format!("; filename=\"{name}\"\r\ncontent-type: {kind}")
    });
    format!("--xx\r\ncontent-disposition: form-data; name=\"{name}\"{file}\r\n\r\n{content}\r\n")
}

#[tokio::test]
async fn a_form_with_files_fills_the_fields_of_their_names() {
    let app = serve().await;
    let headers = [("content-type", "multipart/form-data; boundary=xx")];
    let form = [
        part("title", None, "holidays"),
        part("copies", None, "3"),
        part("picture", Some(("a.png", "image/png")), "12345"),
        part("pages", Some(("1.txt", "text/plain")), "one"),
        part("pages", Some(("2.txt", "text/plain")), "three"),
        part("original", Some(("a.pdf", "application/pdf")), "1234567"),
        part("nobody", None, "knows this"),
        "--xx--\r\n".to_owned(),
    ]
    .concat();
    let reply = ask(&app, "POST /v1/forms", &headers, form.as_bytes()).await;
    let expected = serde_json::json!({
        "name": "holidays", "contentType": "application/pdf", "size": "20",
        "note": "2 pages, 3 copies",
    });
    assert_eq!(reply.json(), expected);
    let table = [
        (part("copies", None, "many") + "--xx--\r\n", 400),
        (part("title", None, "cut off"), 400),
        (part("picture", None, &"a".repeat(5 << 20)) + "--xx--\r\n", 413),
        ("nonsense".to_owned(), 400),
    ];
    for (form, status) in table {
        let reply = ask(&app, "POST /v1/forms", &headers, form.as_bytes()).await;
        assert_eq!(reply.status, status, "{reply:?}");
    }
    let without = [("content-type", "multipart/form-data")];
    assert_eq!(ask(&app, "POST /v1/forms", &without, b"").await.status, 400);
}
