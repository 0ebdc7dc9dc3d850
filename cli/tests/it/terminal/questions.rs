//! `bia new` asks who is there to answer, and nobody else.

use tempfile::TempDir;

use super::{Terminal, tree};

fn open(test: &str) -> Option<(TempDir, Terminal)> {
    let folder = TempDir::new().unwrap();
    let terminal = Terminal::open(test, 100, folder.path())?;
    Some((folder, terminal))
}

#[test]
fn who_says_nothing_is_asked_and_chooses_with_arrows_or_takes_what_is_proposed() {
    let test = "who_says_nothing_is_asked_and_chooses_with_arrows_or_takes_what_is_proposed";
    let Some((folder, mut terminal)) = open(test) else { return };
    terminal.start("bia new");
    terminal.until("Name of the service");
    terminal.type_text("9lives");
    terminal.press(&["Enter"]);
    terminal.until("begins with a digit");
    terminal.type_text("pay-service");
    terminal.press(&["Enter"]);
    terminal.until("Where is it found?");
    terminal.press(&["Down", "Enter"]);
    terminal.until("Where does it keep data?");
    terminal.press(&["Enter"]);
    let shown = terminal.end();
    assert_eq!(shown.code, 0, "{shown:?}");
    assert!(shown.text.contains("--registry consul --database sqlite"), "{shown:?}");
    assert!(folder.path().join("pay-service/Cargo.toml").is_file());
    assert!(terminal.has_cursor());
}

#[test]
fn who_goes_away_from_a_question_leaves_nothing() {
    let test = "who_goes_away_from_a_question_leaves_nothing";
    let Some((folder, mut terminal)) = open(test) else { return };
    let before = terminal.settings();
    for (line, question, key) in [
        ("bia new", "Name of the service", "C-c"),
        ("bia new pay-service", "Where is it found?", "C-c"),
        ("bia new pay-service", "Where is it found?", "Escape"),
        ("bia new pays --workspace", "A first service", "C-c"),
    ] {
        terminal.good("clear");
        terminal.start(line);
        terminal.until(question);
        terminal.press(&[key]);
        let shown = terminal.end();
        assert_eq!(shown.code, 130, "{line} {key}: {shown:?}");
        assert!(shown.text.contains("nothing was written"), "{line} {key}: {shown:?}");
        assert!(terminal.has_cursor(), "{line} {key}");
        assert_eq!(terminal.settings(), before, "{line} {key}");
        assert_eq!(tree(folder.path()), Vec::<std::path::PathBuf>::new(), "{line} {key}");
    }
}

#[test]
fn nobody_is_asked_where_nobody_can_answer() {
    let test = "nobody_is_asked_where_nobody_can_answer";
    let Some((folder, mut terminal)) = open(test) else { return };
    for line in
        ["bia new < /dev/null", "bia new 2>&1 | cat", "TERM=dumb bia new", "bia new --quiet"]
    {
        let shown = terminal.run(line);
        assert!(shown.text.contains("it is not said what to make"), "{line}: {shown:?}");
    }
    for (number, behind) in ["< /dev/null", "2> err", "--yes"].iter().enumerate() {
        terminal.good(&format!("bia new s{number}-service {behind}"));
        assert!(folder.path().join(format!("s{number}-service/Cargo.toml")).is_file());
    }
}
