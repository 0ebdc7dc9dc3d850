use proptest::prelude::{any, prop, prop_assert, proptest};

use super::*;
use crate::config::Percent;

fn plan(steps: &[f64]) -> RolloutSettings {
    RolloutSettings {
        id: "checkout-2".to_owned(),
        steps: steps.iter().copied().map(Percent::new).collect(),
        ..RolloutSettings::default()
    }
}

fn note(verdict: Verdict) -> Note {
    Note { beat: 1, ready: true, verdict, why: String::new(), left: false }
}

/// A fleet that does what it is told, at once.
struct Fleet {
    plan: RolloutSettings,
    view: View,
}

impl Fleet {
    fn new(count: usize, steps: &[f64]) -> Self {
        let ids = (0..count).map(|index| format!("i{index:02}"));
        let notes: BTreeMap<_, _> = ids.map(|id| (id, note(Verdict::Waiting))).collect();
        let alive = notes.keys().cloned().collect();
        Self { plan: plan(steps), view: View { assignment: None, notes, alive } }
    }

    fn with(&self, verdict: Verdict) -> Vec<String> {
        let all = self.view.notes.iter().filter(|(_, note)| note.verdict == verdict);
        all.map(|(id, _)| id.clone()).collect()
    }

    /// One round: what is to be done is done, and who is to have the change takes it.
    fn round(&mut self) -> Next {
        let next = self.view.next(&self.plan);
        if let Next::Assign(assignment) = &next {
            self.view.assignment = Some(assignment.clone());
        }
        if !matches!(next, Next::Halted(_)) {
            for id in self.with(Verdict::Waiting) {
                if self.view.is_taker(&self.plan, &id) {
                    self.set(&id, Verdict::Trying);
                }
            }
        }
        next
    }

    fn set(&mut self, id: &str, verdict: Verdict) {
        if let Some(note) = self.view.notes.get_mut(id) {
            note.verdict = verdict;
        }
    }

    /// All that try find it good.
    fn approve(&mut self) {
        for id in self.with(Verdict::Trying) {
            self.set(&id, Verdict::Good);
        }
    }
}

#[test]
fn a_good_change_reaches_all_step_by_step() {
    let mut fleet = Fleet::new(20, &[1.0, 10.0, 100.0]);
    for expected in [1, 2, 20] {
        assert!(matches!(fleet.round(), Next::Assign(_)));
        assert_eq!(
            fleet.round(),
            Next::Stay,
            "not before those that have it have said how it goes"
        );
        assert_eq!(fleet.with(Verdict::Trying).len() + fleet.with(Verdict::Good).len(), expected);
        fleet.approve();
    }
    assert_eq!(fleet.round(), Next::Stay);
    assert_eq!(fleet.with(Verdict::Good).len(), 20);
}

#[test]
fn a_bad_change_never_passes_its_first_step() {
    let mut fleet = Fleet::new(20, &[1.0, 10.0, 100.0]);
    fleet.round();
    let taker = fleet.with(Verdict::Trying).remove(0);
    fleet.set(&taker, Verdict::Bad);
    for _ in 0..10 {
        let Next::Halted(why) = fleet.round() else { panic!() };
        assert!(why.contains(&taker), "{why}");
    }
    assert_eq!(fleet.with(Verdict::Waiting).len(), 19);
}

#[test]
fn who_falls_silent_with_the_change_stops_it_and_who_leaves_in_order_does_not() {
    let mut fleet = Fleet::new(20, &[10.0, 100.0]);
    fleet.round();
    let takers = fleet.with(Verdict::Trying);
    fleet.view.alive.remove(&takers[0]);
    let Next::Halted(why) = fleet.round() else { panic!() };
    assert!(why.contains(&takers[0]) && why.contains("not been heard of"), "{why}");
    fleet.view.notes.get_mut(&takers[0]).unwrap().left = true;
    assert!(matches!(fleet.round(), Next::Assign(_)), "another one takes its place");
    let now = fleet.with(Verdict::Trying);
    let left = &fleet.view.notes[&takers[0]];
    assert!(left.left && now.len() == 3, "{now:?}");
    assert!(!fleet.view.assignment.as_ref().unwrap().takers.contains(&takers[0]));
}

#[test]
fn who_never_began_makes_room() {
    let mut fleet = Fleet::new(5, &[1.0, 100.0]);
    let Next::Assign(first) = fleet.view.next(&fleet.plan) else { panic!() };
    fleet.view.assignment = Some(first.clone());
    // Gone before it read that it was its turn.
    fleet.view.alive.remove(&first.takers[0]);
    let Next::Assign(second) = fleet.view.next(&fleet.plan) else { panic!() };
    assert_eq!((second.step, second.takers.len()), (0, 1));
    assert_ne!(second.takers, first.takers);
}

#[test]
fn without_one_that_could_tell_nothing_begins() {
    for steps in [&[1.0, 100.0][..], &[100.0]] {
        let mut fleet = Fleet::new(3, steps);
        fleet.view.notes.values_mut().for_each(|note| note.ready = false);
        assert_eq!(fleet.round(), Next::Stay);
        fleet.view.notes.get_mut("i01").unwrap().ready = true;
        fleet.round();
        assert!(fleet.view.is_taker(&fleet.plan, "i01"));
    }
}

#[test]
fn it_stays_at_the_last_step_also_if_that_is_not_for_all() {
    let mut fleet = Fleet::new(20, &[5.0, 50.0]);
    for _ in 0..6 {
        fleet.round();
        fleet.approve();
    }
    assert_eq!((fleet.with(Verdict::Good).len(), fleet.round()), (10, Next::Stay));
}

#[test]
fn a_fleet_of_one_takes_each_step_by_itself() {
    let mut fleet = Fleet::new(1, &[1.0, 10.0, 100.0]);
    fleet.round();
    assert_eq!(fleet.with(Verdict::Trying).len(), 1);
    assert_eq!(fleet.round(), Next::Stay);
    fleet.approve();
    fleet.round();
    fleet.round();
    assert_eq!(fleet.view.assignment.as_ref().unwrap().step, 2);
}

#[test]
fn instances_are_spread_evenly_and_otherwise_for_each_change() {
    let ids: Vec<_> = (0..10_000).map(|index| format!("user-service-{index}")).collect();
    for (change, share) in [("a", 0.01), ("a", 0.1), ("b", 0.1), ("b", 0.5)] {
        let within = ids.iter().filter(|id| is_within(change, id, share)).count();
        let expected = part(ids.len(), share);
        assert!(within.abs_diff(expected) < expected / 4, "{within} of {expected} at {share}");
    }
    let both = ids.iter().filter(|id| is_within("a", id, 0.1) && is_within("b", id, 0.1)).count();
    assert!((50..200).contains(&both), "{both}");
    assert!(ids.iter().all(|id| is_within("a", id, 1.0)), "all are all");
}

proptest! {
    /// Whatever instances say and however they come and go.
    #[test]
    fn never_more_have_it_than_may(
        verdicts in prop::collection::vec((0..4_u8, any::<bool>(), any::<bool>(), any::<bool>()), 0..40),
        step in 0..4_usize,
        takers in prop::collection::vec(0..40_usize, 0..10),
        begun in any::<bool>(),
    ) {
        let plan = plan(&[1.0, 10.0, 50.0]);
        let mut view = View::default();
        for (index, (verdict, ready, left, alive)) in verdicts.into_iter().enumerate() {
            let id = format!("i{index:02}");
            let verdict = [Verdict::Waiting, Verdict::Trying, Verdict::Good, Verdict::Bad][usize::from(verdict)];
            let note = Note { beat: 1, ready, verdict, why: String::new(), left };
            if alive {
                view.alive.insert(id.clone());
            }
            view.notes.insert(id, note);
        }
        let takers = takers.into_iter().map(|index| format!("i{index:02}")).collect();
        view.assignment = begun.then_some(Assignment { step, takers });
        let bad = view.notes.values().any(|note| note.verdict == Verdict::Bad);
        match view.next(&plan) {
            Next::Halted(_) => {}
            _ if bad => prop_assert!(false, "a change that was taken back goes on"),
            Next::Stay => {}
            Next::Assign(next) => {
                let last = view.assignment.clone().unwrap_or_default();
                prop_assert!(next.step <= last.step + 1 && next.step < plan.steps.len());
                let there = view.notes.iter().filter(|(id, it)| !it.left && view.alive.contains(*id));
                let may = part(there.count(), plan.steps[next.step].fraction()).max(1);
                let new = next.takers.iter().filter(|id| !last.takers.contains(id)).count();
                prop_assert!(new == 0 || next.takers.len() <= may, "{next:?} of {may}");
                if next.step > last.step && begun {
                    let good = |id: &String| view.notes.get(id).is_some_and(|it| it.verdict == Verdict::Good);
                    prop_assert!(last.takers.iter().any(good), "a step without one that found it good");
                }
            }
        }
    }
}
