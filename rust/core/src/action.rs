//! Actions: the steps of the difference between two graphs, as Python computed them.
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use zeroize::Zeroize;

/// How many actions one change may have.
pub const MOST: usize = 1 << 17;

/// One end of a link.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct End {
    /// The app's name.
    pub app: String,
    /// The port's name.
    pub port: String,
}

/// A link as text: `a.tx -> b.rx`.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct LinkSpec {
    /// Where packets come from.
    pub from: End,
    /// Where they go.
    pub to: End,
}

impl TryFrom<String> for LinkSpec {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parts = text
            .split_once(" -> ")
            .and_then(|(from, to)| Some((end(from)?, end(to)?)));
        let (from, to) =
            parts.ok_or_else(|| format!("\"{text}\" is no link, as a.tx -> b.rx is"))?;
        Ok(Self { from, to })
    }
}

/// `app.port`: the port stands behind the last dot, and neither is empty or holds white space.
fn end(text: &str) -> Option<End> {
    let (app, port) = text.rsplit_once('.')?;
    let plain = !app.is_empty() && !port.is_empty() && !text.contains(char::is_whitespace);
    plain.then(|| End {
        app: app.into(),
        port: port.into(),
    })
}

impl From<LinkSpec> for String {
    fn from(spec: LinkSpec) -> Self {
        spec.to_string()
    }
}

impl fmt::Display for LinkSpec {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to } = self;
        write!(out, "{}.{} -> {}.{}", from.app, from.port, to.app, to.port)
    }
}

/// One step of a change.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "do", rename_all = "lowercase", deny_unknown_fields)]
pub enum Action {
    /// Start an app.
    Start {
        /// Its name.
        name: String,
        /// Its config; the key `app` says what kind it is.
        app: Value,
    },
    /// Give an app a new config; it keeps its state and its packets.
    Reconfigure {
        /// Its name.
        name: String,
        /// Its new config.
        app: Value,
    },
    /// Stop an app.
    Stop {
        /// Its name.
        name: String,
    },
    /// Join two ports.
    Link {
        /// Which.
        link: LinkSpec,
    },
    /// Part two ports.
    Unlink {
        /// Which.
        link: LinkSpec,
    },
}

/// Reads actions from their JSON.
///
/// # Errors
/// What is wrong with the text.
pub fn parse(json: &str) -> Result<Vec<Action>, String> {
    let actions: Vec<Action> = serde_json::from_str(json).map_err(|error| error.to_string())?;
    if actions.len() > MOST {
        return Err(format!(
            "{} actions at once; {MOST} are allowed",
            actions.len()
        ));
    }
    Ok(actions)
}

/// What secrets are called in configs.
const SECRETS: [&str; 2] = ["private_key", "preshared_key"];

/// Wipes the secrets in actions that have been done.
pub fn wipe(actions: &mut [Action]) {
    for action in actions {
        if let Action::Start { app, .. } | Action::Reconfigure { app, .. } = action {
            wipe_config(app);
        }
    }
}

/// Wipes the secrets in a config that nobody reads any more.
pub fn wipe_config(config: &mut Value) {
    match config {
        Value::Array(all) => all.iter_mut().for_each(wipe_config),
        Value::Object(map) => {
            for (name, value) in map {
                match value {
                    Value::String(text) if SECRETS.contains(&&**name) => text.zeroize(),
                    other => wipe_config(other),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_wiped_and_nothing_else_is() {
        let app = json!({
            "app": "wireguard", "private_key": "77",
            "peers": [{"public_key": "88", "preshared_key": "99"}, {"preshared_key": null}],
        });
        let name = || String::from("w");
        let mut actions = [
            Action::Start {
                name: name(),
                app: app.clone(),
            },
            Action::Reconfigure { name: name(), app },
            Action::Stop { name: name() },
        ];
        wipe(&mut actions);
        let wiped = json!({
            "app": "wireguard", "private_key": "",
            "peers": [{"public_key": "88", "preshared_key": ""}, {"preshared_key": null}],
        });
        let told = [
            Action::Start {
                name: name(),
                app: wiped.clone(),
            },
            Action::Reconfigure {
                name: name(),
                app: wiped,
            },
            Action::Stop { name: name() },
        ];
        assert_eq!(actions, told);
    }
}
