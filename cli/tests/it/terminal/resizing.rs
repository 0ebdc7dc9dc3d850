//! A terminal that becomes narrower or wider while something goes on.

use super::Terminal;
use crate::call::server::Server;
use crate::run::fake::{Fake, program};

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_fits_the_terminal_as_it_becomes() {
    let server = Server::start().await;
    let test = "a_watch_fits_the_terminal_as_it_becomes";
    let Some(mut terminal) = Terminal::open(test, 140, server.folder.path()) else { return };
    terminal.start("bia services watch --registry-path .");
    terminal.until("INSTANCE");
    terminal.resize(60);
    let narrow = terminal.until("not shown: INSTANCE");
    assert!(narrow.contains("user-service"), "{narrow}");
    terminal.resize(140);
    terminal.until_screen("it does not take the room", |screen| {
        screen.contains("INSTANCE") && !screen.contains("not shown")
    });
    terminal.press(&["C-c"]);
    assert_eq!(terminal.end().code, 0);
}

#[test]
fn lines_of_services_fit_the_terminal_as_it_becomes() {
    let words = |number: u8| {
        let words: Vec<String> = (0..16).map(|word| format!("word{word}-{number}")).collect();
        words.join(" ")
    };
    let fake = Fake::new(&[("one", &program(&words(1)))]);
    let test = "lines_of_services_fit_the_terminal_as_it_becomes";
    let Some(mut terminal) = Terminal::open(test, 200, fake.0.path()) else { return };
    terminal.start("bia run one");
    terminal.until(&format!("one   | {}", words(1)));
    terminal.resize(60);
    fake.write("one/src/main.rs", &program(&words(2)));
    let screen = terminal.until("word15-2");
    let told: Vec<&str> = screen.lines().filter(|line| line.contains("-2")).collect();
    assert!(told.len() > 2, "{screen}");
    assert!(told.iter().all(|line| line.starts_with("one   | word")), "{screen}");
    terminal.press(&["C-c"]);
    assert_eq!(terminal.end().code, 0);
}
