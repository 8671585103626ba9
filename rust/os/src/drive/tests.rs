mod sockets;

use super::*;
use serde_json::Value;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::ThreadId;
use usernet_core::Registry;
use usernet_core::action::{Action, parse};
use usernet_core::app::{App, Context, Descriptor, Direction};

const PATIENCE: Duration = Duration::from_secs(20);
const NEVER: Nanos = Nanos::MAX;
const HOUR: Nanos = 3_600_000_000_000;
const PRECISE: Waking = Waking {
    precise: true,
    busy_poll: false,
};

/// What a probe is told to do, and where it says that it was pulled, by which thread and when.
#[derive(Clone)]
struct Orders {
    deadline: Arc<AtomicU64>,
    descriptor: Option<i32>,
    always_more: bool,
    panics_at: Nanos,
    pulled: Sender<(ThreadId, Nanos)>,
}

impl Orders {
    fn new() -> (Self, Receiver<(ThreadId, Nanos)>) {
        let (pulled, told) = channel();
        let orders = Self {
            deadline: Arc::new(AtomicU64::new(NEVER)),
            descriptor: None,
            always_more: false,
            panics_at: NEVER,
            pulled,
        };
        (orders, told)
    }
}

impl App for Orders {
    fn kind(&self) -> &'static str {
        "probe"
    }

    fn has_port(&self, _: Direction, _: &str) -> bool {
        false
    }

    fn pull(&mut self, context: &mut Context<'_>) -> bool {
        assert!(context.now < self.panics_at, "on purpose");
        let deadline = self.deadline.load(Ordering::Relaxed);
        if deadline <= context.now {
            self.deadline.store(NEVER, Ordering::Relaxed);
        }
        let _ = self.pulled.send((std::thread::current().id(), context.now));
        self.always_more
    }

    fn deadline(&self) -> Option<Nanos> {
        Some(self.deadline.load(Ordering::Relaxed)).filter(|&at| at < NEVER)
    }

    fn descriptors(&self, into: &mut Vec<Descriptor>) {
        into.extend(self.descriptor.map(|fd| Descriptor {
            fd,
            readable: true,
            writable: false,
        }));
    }
}

impl Registry for Orders {
    fn create(&mut self, _: &str, _: &Value, _: Nanos) -> Result<Box<dyn App>, AppError> {
        Ok(Box::new(self.clone()))
    }
}

fn start(name: &str) -> Vec<Action> {
    parse(&format!(
        r#"[{{"do":"start","name":"{name}","app":{{"app":"probe"}}}}]"#
    ))
    .unwrap()
}

/// A drive with one probe, which was pulled once by this thread since it is new.
fn probed(mut orders: Orders, told: &Receiver<(ThreadId, Nanos)>) -> Drive {
    let drive = Drive::start(1, Waking::default()).unwrap();
    let turn = drive.turn();
    turn.with(|engine, _| engine.apply(&start("probe"), &mut orders))
        .unwrap()
        .unwrap();
    let (by, _) = told.recv_timeout(PATIENCE).unwrap();
    assert_eq!(by, std::thread::current().id());
    drive
}

fn wake(drive: &Drive) -> Result<(), AppError> {
    drive.turn().with(|engine, _| engine.wake(0))
}

fn count(drive: &Drive, name: &str) -> u64 {
    let counted = |engine: &mut Engine, _: &mut Apps| engine.statistics()[name].as_u64();
    drive.turn().with(counted).unwrap().unwrap()
}

#[test]
fn works_are_answered_and_packets_run() {
    let drive = Drive::start(1, Waking::default()).unwrap();
    let actions = parse(
        r#"[{"do":"start","name":"a","app":{"app":"source","size":60,"count":1000}},
            {"do":"start","name":"b","app":{"app":"sink"}},
            {"do":"link","link":"a.tx -> b.rx"}]"#,
    )
    .unwrap();
    let generation = drive
        .turn()
        .with(|engine, apps| engine.apply(&actions, apps));
    assert_eq!(generation, Ok(Ok(1)));
    let packets = || {
        let packets = |engine: &mut Engine, _: &mut Apps| {
            engine.statistics()["apps"]["b"]["packets"].as_u64()
        };
        drive.turn().with(packets).unwrap()
    };
    while packets() != Some(1000) {}
}

#[test]
fn what_a_caller_makes_due_it_runs_itself() {
    let (orders, told) = Orders::new();
    let drive = probed(orders, &told);
    for _ in 0..100 {
        wake(&drive).unwrap();
        let (by, _) = told.try_recv().unwrap();
        assert_eq!(by, std::thread::current().id());
        assert!(told.try_recv().is_err());
    }
}

#[test]
fn what_is_too_much_for_a_caller_the_thread_goes_on_with() {
    let (mut orders, told) = Orders::new();
    orders.always_more = true;
    let _drive = probed(orders, &told);
    let me = std::thread::current().id();
    while told.recv_timeout(PATIENCE).unwrap().0 == me {}
}

#[test]
fn an_earlier_deadline_wakes_the_thread() {
    let (orders, told) = Orders::new();
    let deadline = Arc::clone(&orders.deadline);
    let drive = probed(orders, &told);
    for after in [HOUR, HOUR / 2] {
        deadline.store(drive.now() + after, Ordering::Relaxed);
        wake(&drive).unwrap();
        told.recv_timeout(PATIENCE).unwrap();
    }
    let me = std::thread::current().id();
    // A machine that is too busy lets the deadline come while this thread is at it: then again.
    let until = Instant::now() + PATIENCE;
    while pulled_at_its_deadline(&drive, &deadline, &told) == me {
        assert!(Instant::now() < until);
    }
}

/// Who pulls the probe at a deadline that is near.
fn pulled_at_its_deadline(
    drive: &Drive,
    deadline: &AtomicU64,
    told: &Receiver<(ThreadId, Nanos)>,
) -> ThreadId {
    let at = drive.now() + 1_000_000;
    deadline.store(at, Ordering::Relaxed);
    wake(drive).unwrap();
    loop {
        let (by, when) = told.recv_timeout(PATIENCE).unwrap();
        if when >= at {
            return by;
        }
    }
}

#[test]
fn a_descriptor_is_watched_from_the_change_on_that_brings_it() {
    let (mut orders, told) = Orders::new();
    let event = Event::new().unwrap();
    orders.descriptor = Some(event.fd());
    let drive = probed(orders, &told);
    event.raise();
    let (by, _) = told.recv_timeout(PATIENCE).unwrap();
    assert_ne!(by, std::thread::current().id());
    drive.stop();
}

#[test]
fn no_wake_up_is_lost_between_callers() {
    let drive = Drive::start(1, Waking::default()).unwrap();
    std::thread::scope(|scope| {
        for name in ["a", "b", "c", "d"] {
            let drive = &drive;
            scope.spawn(move || deadlines_are_met(drive, name));
        }
    });
}

/// Each round there is nobody but the thread, or another caller by chance, to meet the deadline.
fn deadlines_are_met(drive: &Drive, name: &str) {
    let (mut orders, told) = Orders::new();
    let deadline = Arc::clone(&orders.deadline);
    for round in 0..200 {
        let at = drive.now() + round % 7 * 30_000;
        deadline.store(at, Ordering::Relaxed);
        let change = |engine: &mut Engine, _: &mut Apps| engine.apply(&start(name), &mut orders);
        drive.turn().with(change).unwrap().unwrap();
        while told.recv_timeout(PATIENCE).unwrap().1 < at {}
        let stop = parse(&format!(r#"[{{"do":"stop","name":"{name}"}}]"#)).unwrap();
        let change = |engine: &mut Engine, apps: &mut Apps| engine.apply(&stop, apps);
        drive.turn().with(change).unwrap().unwrap();
        while told.try_recv().is_ok() {}
    }
}

#[test]
fn a_busy_engine_and_its_callers_do_not_starve_each_other() {
    let (mut orders, told) = Orders::new();
    orders.always_more = true;
    let drive = probed(orders, &told);
    let first = count(&drive, "breaths");
    let both_go_on = || (0..1_000_000).any(|_| count(&drive, "breaths") >= first + 2000);
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..2).map(|_| scope.spawn(both_go_on)).collect();
        let went_on = callers.into_iter().map(|caller| caller.join().unwrap());
        assert_eq!(went_on.collect::<Vec<_>>(), [true, true]);
    });
    drive.stop();
    drop(told);
}

#[test]
fn a_panic_is_told_to_whoever_asks_and_to_whoever_waits() {
    let drive = Drive::start(1, Waking::default()).unwrap();
    let asked = drive.turn().with(|_, _| -> () { panic!("on purpose") });
    assert!(asked.unwrap_err().message.contains("on purpose"));
    is_told_of_a_panic(&drive);
}

#[test]
fn a_panic_in_a_breath_of_a_caller_is_told() {
    let (mut orders, told) = Orders::new();
    orders.panics_at = 1_000_000;
    let drive = probed(orders, &told);
    while drive.now() < 1_000_000 {}
    let asked = wake(&drive).unwrap_err();
    assert!(asked.message.contains("on purpose"));
    is_told_of_a_panic(&drive);
}

#[test]
fn a_panic_in_a_breath_of_the_thread_is_told() {
    let (mut orders, told) = Orders::new();
    orders.panics_at = 50_000_000;
    orders.deadline.store(50_000_000, Ordering::Relaxed);
    let drive = probed(orders, &told);
    assert!(drive.wait(PATIENCE).is_some());
    is_told_of_a_panic(&drive);
}

fn is_told_of_a_panic(drive: &Drive) {
    let later = drive.turn().with(|engine, _| engine.now()).unwrap_err();
    assert!(later.message.contains("on purpose"));
    let taken = drive.turn().take_events(|_, _, _| ()).unwrap_err();
    assert!(taken.message.contains("on purpose"));
    let (name, error) = drive.wait(Duration::ZERO).unwrap();
    assert!(name == "engine" && error.message.contains("on purpose"));
    let mut polled = [libc::pollfd {
        fd: drive.fd(),
        events: libc::POLLIN,
        revents: 0,
    }];
    assert_eq!(crate::poll::wait(&mut polled, Some(0)), 1);
    drive.stop();
    assert!(drive.failure().is_some());
}

#[test]
fn what_was_asked_before_a_stop_is_answered() {
    let drive = Drive::start(1, PRECISE).unwrap();
    let first = drive.turn().with(|engine, _| engine.now());
    drive.stop();
    drive.stop();
    assert!(first.is_ok());
    let after = drive.turn().with(|engine, _| engine.now()).unwrap_err();
    assert_eq!(after.message, "the engine is stopped");
    drive.abandon(HostKey(0), SocketId::from_number(0));
}

#[test]
fn an_idle_engine_does_not_breathe() {
    let (orders, told) = Orders::new();
    let drive = probed(orders, &told);
    let first = count(&drive, "breaths");
    assert!(drive.wait(Duration::from_millis(20)).is_none());
    assert_eq!(count(&drive, "breaths"), first);
}

#[test]
fn a_deadline_is_met() {
    for waking in [Waking::default(), PRECISE] {
        let drive = Drive::start(1, waking).unwrap();
        let at = drive.now() + 2_000_000;
        let actions = parse(r#"[{"do":"start","name":"b","app":{"app":"sink"}}]"#).unwrap();
        let turn = drive.turn();
        turn.with(|engine, _| engine.schedule(at, actions)).unwrap();
        while count(&drive, "generation") == 0 {}
        assert!(drive.now() >= at);
    }
}

#[test]
fn a_change_that_proves_impossible_is_told() {
    let drive = Drive::start(1, Waking::default()).unwrap();
    let stop = parse(r#"[{"do":"stop","name":"nobody"}]"#).unwrap();
    let turn = drive.turn();
    turn.with(|engine, _| engine.schedule(0, stop)).unwrap();
    let (name, error) = drive.wait(PATIENCE).unwrap();
    assert!(name == "timeline" && error.message.contains("nobody"));
}
