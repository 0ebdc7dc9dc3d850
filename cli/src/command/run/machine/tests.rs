use super::*;

fn stamp(number: u64) -> Option<Stamp> {
    Some(Stamp::numbered(number))
}

/// Two services that run, watched.
fn two_up() -> Machine {
    let (mut machine, first) = Machine::new(2, true);
    assert_eq!(first, Action::Build);
    let actions = machine.on(Event::Built(vec![stamp(1), stamp(1)]));
    assert_eq!(actions, [Action::Start(0), Action::Start(1)]);
    machine
}

#[test]
fn a_change_restarts_the_services_whose_program_is_another() {
    let mut machine = two_up();
    assert_eq!(machine.on(Event::Changed), [Action::Build]);
    assert_eq!(machine.on(Event::Built(vec![stamp(2), stamp(1)])), [Action::Stop(0)]);
    assert!(machine.is_stopping(0) && !machine.is_stopping(1));
    assert_eq!(machine.on(Event::Ended(0)), [Action::Start(0)]);
}

#[test]
fn a_service_that_cannot_be_built_goes_on_as_it_is() {
    let mut machine = two_up();
    machine.on(Event::Changed);
    assert_eq!(machine.on(Event::Built(vec![None, stamp(2)])), [Action::Stop(1)]);
    assert_eq!(machine.on(Event::Ended(1)), [Action::Start(1)]);
    machine.on(Event::Changed);
    assert_eq!(machine.on(Event::Built(vec![stamp(1), stamp(2)])), []);
}

#[test]
fn what_changes_during_a_build_is_built_before_anything_is_restarted() {
    let mut machine = two_up();
    assert_eq!(machine.on(Event::Changed), [Action::Build]);
    assert_eq!(machine.on(Event::Changed), []);
    assert_eq!(machine.on(Event::Changed), []);
    assert_eq!(machine.on(Event::Built(vec![stamp(2), stamp(2)])), [Action::Build]);
    let actions = machine.on(Event::Built(vec![stamp(3), stamp(1)]));
    assert_eq!(actions, [Action::Stop(0)]);
}

#[test]
fn a_restart_takes_the_newest_program_however_long_the_stop_takes() {
    let mut machine = two_up();
    machine.on(Event::Changed);
    machine.on(Event::Built(vec![stamp(2), stamp(1)]));
    machine.on(Event::Changed);
    assert_eq!(machine.on(Event::Built(vec![stamp(3), stamp(1)])), []);
    assert_eq!(machine.on(Event::Ended(0)), [Action::Start(0)]);
    machine.on(Event::Changed);
    assert_eq!(machine.on(Event::Built(vec![stamp(3), stamp(1)])), [], "it runs the third");
}

#[test]
fn nothing_is_started_while_its_program_is_being_replaced() {
    for rebuilt in [stamp(3), None] {
        let mut machine = two_up();
        machine.on(Event::Changed);
        assert_eq!(machine.on(Event::Built(vec![stamp(2), stamp(1)])), [Action::Stop(0)]);
        assert_eq!(machine.on(Event::Changed), [Action::Build]);
        assert_eq!(machine.on(Event::Ended(0)), []);
        let started = machine.on(Event::Built(vec![rebuilt, stamp(1)]));
        assert_eq!(started, [Action::Start(0)], "also if that cannot be built");
    }
}

#[test]
fn one_that_crashed_waits_for_a_change_of_code_or_settings_and_others_go_on() {
    let mut machine = two_up();
    assert_eq!(machine.on(Event::Ended(1)), []);
    assert_eq!(machine.on(Event::Settings(0)), [], "one that runs follows its settings itself");
    assert_eq!(machine.on(Event::Settings(1)), [Action::Start(1)]);
    assert_eq!(machine.on(Event::Ended(1)), []);
    machine.on(Event::Changed);
    let same = machine.on(Event::Built(vec![stamp(1), stamp(1)]));
    assert_eq!(same, [Action::Start(1)], "whatever was changed may be what it lacked");
}

#[test]
fn an_interrupt_stops_all_and_a_second_one_kills_what_is_left() {
    let mut machine = two_up();
    assert_eq!(machine.on(Event::Interrupted), [Action::Stop(0), Action::Stop(1)]);
    assert_eq!(machine.on(Event::Changed), []);
    assert_eq!(machine.on(Event::Ended(1)), []);
    assert_eq!(machine.on(Event::Interrupted), [Action::Kill(0)]);
    assert!(machine.is_killing());
    assert_eq!(machine.on(Event::Ended(0)), [Action::End]);
}

#[test]
fn an_interrupt_during_a_restart_or_a_build_starts_nothing_any_more() {
    let mut machine = two_up();
    machine.on(Event::Changed);
    machine.on(Event::Built(vec![stamp(2), stamp(1)]));
    machine.on(Event::Changed);
    assert_eq!(machine.on(Event::Interrupted), [Action::CancelBuild, Action::Stop(1)]);
    assert_eq!(machine.on(Event::Ended(0)), []);
    assert_eq!(machine.on(Event::Ended(1)), [], "the build is still there");
    assert_eq!(machine.on(Event::Built(vec![None, None])), [Action::End]);
    let (mut machine, _) = Machine::new(1, true);
    assert_eq!(machine.on(Event::Interrupted), [Action::CancelBuild]);
    assert_eq!(machine.on(Event::Built(vec![stamp(1)])), [Action::End]);
}

#[test]
fn without_watching_it_is_over_when_nothing_runs() {
    let (mut machine, _) = Machine::new(2, false);
    assert_eq!(machine.on(Event::Built(vec![stamp(1), None])), [Action::Start(0)]);
    assert_eq!(machine.on(Event::Ended(0)), [Action::End]);
    let (mut machine, _) = Machine::new(1, false);
    assert_eq!(machine.on(Event::Built(vec![None])), [Action::End]);
    let (mut machine, _) = Machine::new(1, true);
    assert_eq!(machine.on(Event::Built(vec![None])), [], "a change may mend it");
}
