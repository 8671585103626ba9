//! A change of the graph, staged whole before any of it happens: either every action can be done,
//! or none is.
use crate::action::{Action, End, LinkSpec};
use crate::app::{App, AppError, Direction};
use crate::graph::Graph;
use crate::time::Nanos;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Makes apps from their configs.
pub trait Registry {
    /// A new app, which starts at `now`.
    ///
    /// # Errors
    /// The kind is unknown, the config impossible, or the system refused what the app needs.
    fn create(&mut self, name: &str, config: &Value, now: Nanos) -> Result<Box<dyn App>, AppError>;
}

/// A change that can be done.
#[derive(Default)]
pub(crate) struct Change {
    pub(crate) stopped: BTreeSet<String>,
    pub(crate) started: BTreeMap<String, Box<dyn App>>,
    pub(crate) reconfigured: Vec<(String, Value)>,
    /// The links from then on; as they are where none: then no app starts or stops either.
    pub(crate) links: Option<BTreeSet<LinkSpec>>,
    pub(crate) now: Nanos,
}

impl Change {
    pub(crate) fn stage(
        graph: &Graph,
        actions: &[Action],
        registry: &mut dyn Registry,
        now: Nanos,
    ) -> Result<Self, AppError> {
        let reconfigures = |action: &Action| matches!(action, Action::Reconfigure { .. });
        let rewires = !actions.iter().all(reconfigures);
        let mut change = Self {
            links: rewires.then(|| graph.specs.iter().cloned().collect()),
            now,
            ..Self::default()
        };
        for action in actions {
            change.step(graph, action, registry)?;
        }
        change.check_links(graph)?;
        Ok(change)
    }

    fn step(
        &mut self,
        graph: &Graph,
        action: &Action,
        registry: &mut dyn Registry,
    ) -> Result<(), AppError> {
        match action {
            Action::Start { name, app } => self.start(graph, name, app, registry),
            Action::Reconfigure { name, app } => self.reconfigure(graph, name, app),
            Action::Stop { name } => self.stop(graph, name),
            Action::Link { link } => fail_unless(self.links().insert(link.clone()), || {
                format!("{link} stands already")
            }),
            Action::Unlink { link } => fail_unless(self.links().remove(link), || {
                format!("there is no link {link}")
            }),
        }
    }

    fn links(&mut self) -> &mut BTreeSet<LinkSpec> {
        self.links.get_or_insert_default()
    }

    fn start(
        &mut self,
        graph: &Graph,
        name: &str,
        config: &Value,
        registry: &mut dyn Registry,
    ) -> Result<(), AppError> {
        let plain = !name.is_empty() && !name.contains(char::is_whitespace);
        fail_unless(plain, || format!("\"{name}\" is no name for an app"))?;
        fail_unless(!self.stands(graph, name), || {
            format!("there is an app {name} already")
        })?;
        self.started
            .insert(name.into(), registry.create(name, config, self.now)?);
        Ok(())
    }

    fn reconfigure(&mut self, graph: &Graph, name: &str, config: &Value) -> Result<(), AppError> {
        let app = self.app(graph, name).ok_or_else(|| unknown(name))?;
        app.check(config)?;
        self.reconfigured.push((name.into(), config.clone()));
        Ok(())
    }

    fn stop(&mut self, graph: &Graph, name: &str) -> Result<(), AppError> {
        fail_unless(self.stands(graph, name), || unknown(name).message)?;
        if self.started.remove(name).is_none() {
            self.stopped.insert(name.into());
        }
        self.reconfigured.retain(|(other, _)| other != name);
        Ok(())
    }

    fn stands(&self, graph: &Graph, name: &str) -> bool {
        self.app(graph, name).is_some()
    }

    fn app<'a>(&'a self, graph: &'a Graph, name: &str) -> Option<&'a dyn App> {
        let old = || graph.app(name).filter(|_| !self.stopped.contains(name));
        self.started.get(name).map(|app| &**app).or_else(old)
    }

    /// Whether the app has this port when all is done.
    fn will_have_port(&self, app: &dyn App, direction: Direction, end: &End) -> bool {
        let mut configs = self.reconfigured.iter().rev();
        match configs.find(|(name, _)| *name == end.app) {
            Some((_, config)) => app.will_have_port(config, direction, &end.port),
            None => app.has_port(direction, &end.port),
        }
    }

    /// Each end is an app's port, and each port has one link.
    fn check_links(&self, graph: &Graph) -> Result<(), AppError> {
        let Some(links) = &self.links else {
            return self.check_standing_links(graph);
        };
        let mut taken = BTreeSet::new();
        for link in links {
            for (direction, end) in [
                (Direction::Output, &link.from),
                (Direction::Input, &link.to),
            ] {
                self.check_end(graph, link, direction, end)?;
                fail_unless(taken.insert((direction, end)), || {
                    format!("{link}: port {}.{} has a link already", end.app, end.port)
                })?;
            }
        }
        Ok(())
    }

    /// Whether the links of those that take another config still have their ports.
    fn check_standing_links(&self, graph: &Graph) -> Result<(), AppError> {
        let names: BTreeSet<&str> = self.reconfigured.iter().map(|(name, _)| &**name).collect();
        for link in &graph.specs {
            for (direction, end) in [
                (Direction::Output, &link.from),
                (Direction::Input, &link.to),
            ] {
                if names.contains(&*end.app) {
                    self.check_end(graph, link, direction, end)?;
                }
            }
        }
        Ok(())
    }

    fn check_end(
        &self,
        graph: &Graph,
        link: &LinkSpec,
        direction: Direction,
        end: &End,
    ) -> Result<(), AppError> {
        let missing = || AppError::config(format!("{link}: no app {}", end.app));
        let app = self.app(graph, &end.app).ok_or_else(missing)?;
        fail_unless(self.will_have_port(app, direction, end), || {
            let (kind, port) = (app.kind(), &end.port);
            format!("{link}: a {kind} has no {direction:?} port {port}")
        })
    }
}

fn unknown(name: &str) -> AppError {
    AppError::config(format!("there is no app {name}"))
}

fn fail_unless(good: bool, message: impl FnOnce() -> String) -> Result<(), AppError> {
    if good {
        Ok(())
    } else {
        Err(AppError::config(message()))
    }
}
