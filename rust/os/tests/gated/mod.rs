//! Programs in a network namespace whose only way out is a gateway to the sockets of another one, which
//! stands for the machine.
use crate::namespaces::Namespace;
use serde_json::{Value, json};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use usernet_core::action::parse;
use usernet_os::{Run, Waking};

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A program's network, and the machine's.
pub(crate) struct Gated {
    pub(crate) program: Namespace,
    pub(crate) machine: Namespace,
    pub(crate) run: Arc<Run>,
}

impl Gated {
    /// With these settings of the gateway beside its addresses, on a machine prepared like this.
    pub(crate) fn with(settings: &Value, prepare: impl FnOnce(&Namespace)) -> Option<Self> {
        let (program, machine) = (Namespace::new()?, Namespace::new()?);
        prepare(&machine);
        let mut gateway = json!({
            "app": "gateway", "addresses": ["192.0.0.1/29", "fd75:7365:726e:6574::1/64"],
        });
        let own = gateway.as_object_mut().unwrap();
        own.extend(settings.as_object().unwrap().clone());
        let actions = json!([
            {"do": "start", "name": "t", "app": {"app": "tun", "interface": "u0"}},
            {"do": "start", "name": "g", "app": gateway},
            {"do": "link", "link": "t.tx -> g.rx"},
            {"do": "link", "link": "g.tx -> t.rx"},
        ]);
        let run = machine.within(move || {
            let run = Run::real(1, Waking::default()).unwrap();
            run.apply(&parse(&actions.to_string()).unwrap()).unwrap();
            Arc::new(run)
        });
        machine.ip(&format!("link set u0 netns {}", program.task));
        program.ip("addr add 192.0.0.2/29 dev u0");
        program.ip("addr add fd75:7365:726e:6574::2/64 dev u0 nodad");
        program.ip("link set u0 up");
        program.ip("route add default dev u0");
        program.ip("-6 route add default dev u0");
        // The system may take a moment until it believes that the interface is up, and hears what is for it.
        let until = Instant::now() + PATIENCE;
        while !hears_itself(&program) {
            assert!(Instant::now() < until);
        }
        Some(Self {
            program,
            machine,
            run,
        })
    }

    /// What the gateway has counted. Asked on the machine: whoever asks may have to do its work.
    pub(crate) fn counters(&self) -> Value {
        let run = Arc::clone(&self.run);
        let statistics = self.machine.within(move || run.statistics().unwrap());
        statistics["apps"]["g"].clone()
    }

    /// What the gateway has written down of connections.
    pub(crate) fn connections(&self) -> Value {
        let run = Arc::clone(&self.run);
        self.machine
            .within(move || run.series("g").unwrap().unwrap())["connections"]
            .clone()
    }

    /// Waits until a count of these (`datagrams`, `connections`) is as it should be.
    pub(crate) fn expect(&self, what: &str, name: &str, wanted: u64) {
        let until = Instant::now() + PATIENCE;
        while self.counters()[what][name] != wanted {
            assert!(Instant::now() < until, "{name}: {:#}", self.counters());
            std::thread::yield_now();
        }
    }
}

/// Whether packets to the program's address of IPv6 are for it.
fn hears_itself(program: &Namespace) -> bool {
    let route = program.within(|| {
        let words = ["-6", "route", "get", "fd75:7365:726e:6574::2"];
        Command::new("ip").args(words).output().unwrap()
    });
    String::from_utf8_lossy(&route.stdout).contains("local")
}
