use super::*;

const LISTENING: &str = r#"{"time":"2026-11-30T04:52:19.123456Z","level":"info","message":"listening",
"target":"bia::app","service":"user-service","instance":"0","version":"1","phase":"listening",
"server":"api","address":"0.0.0.0:8000","faces":"grpc, http","max_connections":10}"#;

#[test]
fn a_line_of_the_log_is_told_in_words() {
    let line = Line::read(&LISTENING.replace('\n', "")).expect("a line");
    let words: Vec<String> = line.pieces().into_iter().map(|(text, _)| text).collect();
    assert_eq!(
        words,
        [
            "04:52:19.123",
            "INFO ",
            "listening",
            "address=0.0.0.0:8000",
            "faces=\"grpc,",
            "http\"",
            "max_connections=10",
            "phase=listening",
            "server=api",
        ]
    );
    let looks: Vec<Look> = line.pieces().iter().map(|(_, look)| *look).take(3).collect();
    assert_eq!(looks, [Look::Faint, Look::Good, Look::Plain]);
}

#[test]
fn where_a_service_listens_is_read_off_its_log() {
    let line = Line::read(&LISTENING.replace('\n', "")).expect("a line");
    let listening = line.listening().expect("it listens");
    assert_eq!((listening.server.as_str(), listening.faces.as_str()), ("api", "grpc, http"));
    assert_eq!(listening.reachable(), "127.0.0.1:8000");
    assert!(!line.is_started());
    for (address, reachable) in
        [("10.1.2.3:80", "10.1.2.3:80"), ("[::]:80", "127.0.0.1:80"), ("[::1]:80", "[::1]:80")]
    {
        let one = Listening { address: address.to_owned(), ..listening.clone() };
        assert_eq!(one.reachable(), reachable);
    }
}

#[test]
fn what_is_no_log_stays_as_it_is() {
    for text in ["plain", "{", "{}", r#"{"level":"info"}"#, r#"["level","message"]"#, ""] {
        assert_eq!(Line::read(text), None, "{text}");
    }
}
