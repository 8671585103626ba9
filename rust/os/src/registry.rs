//! The registry: makes the apps that end at the operating system, and asks the core for the others.
use crate::capture_file::Ending;
use crate::clock::{Clock, wall};
use crate::crew::Workers;
use crate::drive::Failure;
use crate::entropy::System;
use crate::gateway::Gateway;
use crate::pcap_reader::PcapReader;
use crate::pcap_writer::PcapWriter;
use crate::raw_socket::RawSocket;
use crate::splicing::SplicingHost;
use crate::udp_socket::UdpSocket;
use crate::{tap, tun};
use serde_json::Value;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use usernet_core::Registry;
use usernet_core::app::{App, AppError};
use usernet_core::apps::{self, wireguard::WireGuard};
use usernet_core::stack::Host;
use usernet_core::time::Nanos;

/// Every kind that meets what is outside, and so needs real time.
const DEVICES: [&str; 5] = ["gateway", "raw_socket", "tap", "tun", "udp_socket"];

type Made = Result<Box<dyn App>, AppError>;

/// How time passes for the apps.
#[derive(Clone, Copy, Debug)]
pub enum Time {
    /// By this clock.
    Real(Clock),
    /// As somebody says, so that nothing outside can take part.
    Virtual,
}

/// What apps that have stopped leave behind: what is still being written, and the first failure in that, when
/// nobody can ask the app any more.
#[derive(Clone, Debug, Default)]
pub struct Late(Arc<Mutex<Left>>);

#[derive(Debug, Default)]
struct Left {
    endings: Vec<(String, Ending)>,
    failure: Option<Failure>,
}

impl Late {
    /// Leaves a file behind that is still being written.
    pub(crate) fn leave(&self, name: &str, ending: Ending) {
        self.left().endings.push((name.into(), ending));
    }

    /// Waits for what is being written. Not for whoever holds the engine: a disk may be slow.
    pub(crate) fn settle(&self) {
        let endings = std::mem::take(&mut self.left().endings);
        for (name, ending) in endings {
            if let Some(error) = ending.wait() {
                self.left().failure.get_or_insert((name, error));
            }
        }
    }

    /// Another app of that name has started: what the one before it left is past.
    fn forget(&self, name: &str) {
        let failure = &mut self.left().failure;
        failure.take_if(|(other, _)| other == name);
    }

    fn told(&self) -> Option<Failure> {
        self.left().failure.clone()
    }

    fn left(&self) -> MutexGuard<'_, Left> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes every kind of app there is.
#[derive(Clone, Debug)]
pub struct Apps {
    seed: u64,
    time: Time,
    late: Late,
}

impl Apps {
    /// A registry whose apps draw from this seed.
    #[must_use]
    pub fn new(seed: u64, time: Time) -> Self {
        let late = Late::default();
        Self { seed, time, late }
    }

    /// What went wrong while an app stopped, with its name.
    #[must_use]
    pub fn late_failure(&self) -> Option<Failure> {
        self.late.told()
    }

    /// What apps that have stopped leave behind.
    pub(crate) fn late(&self) -> Late {
        self.late.clone()
    }

    fn write_capture(&self, name: &str, config: &Value) -> Made {
        let spec = apps::read(config)?;
        let writer = PcapWriter::create(name, spec, self.time, self.late.clone())?;
        self.late.forget(name);
        Ok(boxed(writer))
    }

    fn outer(&self, name: &str, kind: &str, config: &Value, now: Nanos) -> Option<Made> {
        match kind {
            "pcap_reader" => Some(read_capture(config)),
            "pcap_writer" => Some(self.write_capture(name, config)),
            "wireguard" if matches!(self.time, Time::Real(_)) => Some(tunnel(config, now)),
            "host" if matches!(self.time, Time::Real(_)) => {
                let host = Host::new(name, self.seed, config, now);
                Some(host.map(|host| boxed(SplicingHost::new(host))))
            }
            _ => self.device(name, kind, config, now),
        }
    }

    fn device(&self, name: &str, kind: &str, config: &Value, now: Nanos) -> Option<Made> {
        if !DEVICES.contains(&kind) {
            return None;
        }
        Some(match self.time {
            Time::Real(_) if kind == "gateway" => self.gateway(name, config, now),
            Time::Real(clock) => open(kind, config, clock),
            Time::Virtual => Err(AppError::config(format!(
                "a {kind} needs real time: in virtual time nothing outside can take part"
            ))),
        })
    }

    fn gateway(&self, name: &str, config: &Value, now: Nanos) -> Made {
        Gateway::open(name, self.seed, &apps::read(config)?, now).map(boxed)
    }
}

/// A tunnel that knows the time of day, and has the chance that the system has.
fn tunnel(config: &Value, now: Nanos) -> Made {
    let epoch = wall().saturating_sub(now);
    let mut tunnel = WireGuard::new(config, epoch, Box::new(System))?;
    if tunnel.workers() > 0 {
        let workers = Workers::start(tunnel.workers());
        let workers = workers.map_err(|error| {
            AppError::engine(format!("the workers of the tunnel cannot start: {error}"))
        })?;
        tunnel.set_crew(Box::new(workers));
    }
    Ok(boxed(tunnel))
}

fn open(kind: &str, config: &Value, clock: Clock) -> Made {
    match kind {
        "raw_socket" => RawSocket::open(apps::read(config)?, clock).map(boxed),
        "tap" => tap::open(apps::read(config)?).map(boxed),
        "tun" => tun::open(apps::read(config)?).map(boxed),
        "udp_socket" => UdpSocket::open(&apps::read(config)?).map(boxed),
        _ => Err(AppError::config(format!("there is no device {kind}"))),
    }
}

fn read_capture(config: &Value) -> Made {
    PcapReader::open(&apps::read(config)?).map(boxed)
}

fn boxed(app: impl App + 'static) -> Box<dyn App> {
    Box::new(app)
}

impl Registry for Apps {
    fn create(&mut self, name: &str, config: &Value, now: Nanos) -> Made {
        let kind = config.get("app").and_then(Value::as_str).unwrap_or("");
        self.outer(name, kind, config, now)
            .or_else(|| apps::create(name, self.seed, config, now))
            .unwrap_or_else(|| Err(unknown(name, kind)))
    }
}

fn unknown(name: &str, kind: &str) -> AppError {
    AppError::config(format!("app {name}: there is no kind \"{kind}\" of app"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use usernet_core::app::ErrorKind;

    fn refusal(time: Time, config: &Value) -> AppError {
        Apps::new(1, time).create("a", config, 0).err().unwrap()
    }

    #[test]
    fn an_unknown_kind_is_named() {
        let told = refusal(Time::Virtual, &json!({"app": "nosuch"}));
        assert!(told.message.contains("nosuch"));
    }

    #[test]
    fn virtual_time_refuses_what_ends_at_the_system() {
        for kind in DEVICES {
            let told = refusal(Time::Virtual, &json!({"app": kind, "interface": "lo"}));
            assert_eq!(told.kind, ErrorKind::Config);
            assert!(told.message.contains(kind) && told.message.contains("real time"));
        }
    }

    #[test]
    fn a_missing_interface_is_told_with_those_that_exist() {
        let time = Time::Real(Clock::start());
        let told = refusal(time, &json!({"app": "raw_socket", "interface": "nosuch0"}));
        assert_eq!(told.kind, ErrorKind::Interface);
        assert!(told.message.contains("nosuch0") && told.message.contains("lo"));
    }
}
