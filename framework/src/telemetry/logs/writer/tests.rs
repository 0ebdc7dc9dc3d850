use std::io;

use super::super::tests::Written;
use super::*;

const LONG: Duration = Duration::from_secs(30);

/// Somebody who reads only while the door is open.
#[derive(Clone, Default)]
struct Door {
    written: Written,
    open: Arc<(Mutex<bool>, Condvar)>,
}

impl Door {
    fn set(&self, open: bool) {
        *self.open.0.lock().unwrap() = open;
        self.open.1.notify_all();
    }
}

impl Write for Door {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let open = self.open.1.wait_while(self.open.0.lock().unwrap(), |open| !*open).unwrap();
        drop(open);
        self.written.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn lines_keep_their_order_before_while_and_after_a_service_runs() {
    let written = Written::default();
    let writer = Writer::new(written.clone());
    let say = |range: std::ops::Range<u32>| {
        for line in range {
            writer.write(&format!("{line}\n"), line % 7 == 0);
        }
    };
    say(0..10);
    assert_eq!(written.text().lines().count(), 10);
    let running = writer.begin(|| {});
    let other = writer.begin(|| {});
    say(10..1000);
    drop(other);
    say(1000..2000);
    // The end waits for what was said.
    drop(running);
    say(2000..2010);
    let expected: String = (0..2010).map(|line| format!("{line}\n")).collect();
    assert_eq!(written.text(), expected);
    assert_eq!(writer.lost(), 0);
    let again = writer.begin(|| {});
    say(2010..2020);
    drop(again);
    assert_eq!(written.text().lines().count(), 2020);
}

#[test]
fn what_was_said_can_be_waited_for() {
    let written = Written::default();
    let writer = Writer::new(written.clone());
    let _running = writer.begin(|| {});
    for round in 1..100 {
        writer.write("line\n", false);
        assert!(writer.flush(LONG));
        assert_eq!(written.text().lines().count(), round);
    }
}

#[test]
fn who_does_not_read_costs_lines_and_holds_nobody_up() {
    let door = Door::default();
    let writer = Writer::new(door.clone());
    let running = writer.begin(|| {});
    let line = format!("{}\n", "x".repeat(1023));
    let said = 2 * ROOM / line.len();
    for _ in 0..said {
        writer.write(&line, false);
    }
    assert!(!writer.flush(Duration::from_millis(20)));
    let lost = writer.lost();
    assert!(lost > 0);
    door.set(true);
    assert!(writer.flush(LONG));
    drop(running);
    let text = door.written.text();
    assert!(text.lines().all(|line| line.len() == 1023));
    assert_eq!(text.lines().count() as u64 + lost, said as u64);
}

#[test]
fn an_end_that_nobody_reads_comes_all_the_same() {
    let door = Door::default();
    let writer = Writer::new(door.clone());
    let running = writer.begin(|| {});
    writer.write("a\n", false);
    drop(running);
    // Written by who says it, it would wait for ever.
    writer.write("b\n", false);
    assert_eq!(writer.lost(), 1);
    door.set(true);
}

#[test]
fn what_is_due_is_looked_after_while_nobody_says_anything() {
    let ticks = Arc::new((Mutex::new(0), Condvar::new()));
    let writer = Writer::new(Written::default());
    let counting = Arc::clone(&ticks);
    let _running = writer.begin(move || {
        *counting.0.lock().unwrap() += 1;
        counting.1.notify_all();
    });
    let ticks = ticks.1.wait_timeout_while(ticks.0.lock().unwrap(), LONG, |ticks| *ticks < 2);
    assert!(!ticks.unwrap().1.timed_out());
}
