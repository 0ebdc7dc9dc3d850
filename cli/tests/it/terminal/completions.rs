//! What a shell completes, in the shell itself.

use super::Terminal;
use crate::tools::tool;

/// In each shell: a command is completed, then what belongs to it.
fn completes(terminal: &Terminal) {
    terminal.type_text("bia ca");
    terminal.press(&["Tab"]);
    terminal.until("bia call");
    terminal.type_text("--ben");
    terminal.press(&["Tab"]);
    terminal.until("bia call --bench");
    terminal.press(&["C-u"]);
    terminal.type_text("bia config ke");
    terminal.press(&["Tab"]);
    terminal.until("bia config keygen");
    terminal.press(&["C-u"]);
    terminal.type_text("bia deploy --col");
    terminal.press(&["Tab"]);
    terminal.type_text("al");
    terminal.press(&["Tab"]);
    terminal.until_screen("a value is not completed", |screen| {
        screen.contains("--color always") || screen.contains("--color=always")
    });
    terminal.press(&["C-u"]);
}

#[test]
fn bash_completes_commands_and_what_belongs_to_them() {
    let test = "bash_completes_commands_and_what_belongs_to_them";
    let Some(mut terminal) = Terminal::open(test, 100, "/") else { return };
    terminal.good("source <(bia completions bash)");
    completes(&terminal);
    terminal.type_text("bia call ");
    terminal.press(&["Tab"]);
    terminal.until("bia call -");
    terminal.press(&["Tab", "Tab"]);
    terminal.until("--deadline");
}

#[test]
fn zsh_completes_commands_and_what_belongs_to_them() {
    let test = "zsh_completes_commands_and_what_belongs_to_them";
    let Some(zsh) = tool("zsh", test) else { return };
    let Some(mut terminal) = Terminal::open(test, 100, "/") else { return };
    terminal.start(&format!("PS1='zsh> ' {} -f", zsh.display()));
    terminal.until("zsh>");
    terminal.type_text(
        "autoload -U compinit; compinit -D; source <(bia completions zsh); print rea''dy",
    );
    terminal.press(&["Enter"]);
    terminal.until("ready\n");
    completes(&terminal);
}

#[test]
fn fish_completes_commands_and_what_belongs_to_them() {
    let test = "fish_completes_commands_and_what_belongs_to_them";
    let Some(fish) = tool("fish", test) else { return };
    let Some(mut terminal) = Terminal::open(test, 100, "/") else { return };
    terminal.start(&format!("HOME=$(mktemp -d) {} --no-config", fish.display()));
    terminal.until(">");
    terminal.type_text("bia completions fish | source; echo rea''dy");
    terminal.press(&["Enter"]);
    terminal.until("ready\n");
    completes(&terminal);
}
