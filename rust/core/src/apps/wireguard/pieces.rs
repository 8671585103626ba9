//! A config of thousands of peers comes in pieces, each soon read, and traffic goes on between them.
use super::spec::Spec;
use crate::app::AppError;
use serde_json::{Map, Value};

/// How many peers a piece has: about a millisecond's worth.
const EACH: usize = 256;

/// The pieces of a tunnel's new config, to be taken one after the other; none where it is taken as it is. Each
/// but the last adds peers, or says something else of some; the last says which stay.
///
/// # Errors
/// The config is impossible, and nothing of it is to be taken.
pub(crate) fn pieces(config: &Value) -> Result<Vec<Value>, AppError> {
    let peers = config.get("peers").and_then(Value::as_array);
    let (Some(peers), Some(all)) = (peers.filter(|peers| peers.len() > EACH), config.as_object())
    else {
        return Ok(Vec::new());
    };
    let spec = Spec::read(config)?;
    spec.peers(&spec.identity().public())?;
    let rest = all.iter().filter(|(key, _)| *key != "peers");
    let rest: Map<String, Value> = rest
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let piece = |key: &str, value: Vec<Value>| {
        let mut piece = rest.clone();
        piece.insert(key.into(), value.into());
        piece.insert("beside".into(), true.into());
        Value::from(piece)
    };
    let keys = peers.iter().map(|peer| peer["public_key"].clone());
    let some = peers.chunks(EACH).map(|some| piece("peers", some.to_vec()));
    Ok(some.chain([piece("only", keys.collect())]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn config(count: usize) -> Value {
        let peers = (1..=count).map(|number| json!({"public_key": format!("{number:064x}")}));
        let peers: Vec<Value> = peers.collect();
        json!({"app": "wireguard", "private_key": "07".repeat(32), "mtu": 1280, "peers": peers})
    }

    #[test]
    fn few_peers_are_one_piece() {
        assert_eq!(pieces(&config(EACH)), Ok(Vec::new()));
        assert_eq!(pieces(&json!({"app": "host"})), Ok(Vec::new()));
    }

    #[test]
    fn each_piece_is_a_config_and_together_they_have_all() {
        let (config, mut peers) = (config(2 * EACH + 1), Vec::new());
        let mut pieces = pieces(&config).unwrap();
        let last = pieces.pop().unwrap();
        for piece in &pieces {
            assert_eq!(
                (&piece["mtu"], &piece["beside"]),
                (&json!(1280), &json!(true))
            );
            assert!(Spec::read(piece).is_ok());
            peers.extend(piece["peers"].as_array().unwrap().iter().cloned());
        }
        assert_eq!(
            (pieces.len(), Value::from(peers)),
            (3, config["peers"].clone())
        );
        assert_eq!(last["only"].as_array().unwrap().len(), 2 * EACH + 1);
        assert!(last.get("peers").is_none() && Spec::read(&last).is_ok());
    }

    #[test]
    fn what_is_wrong_is_found_before_anything_is_taken() {
        let mut wrong = config(EACH + 1);
        wrong["peers"][EACH] = wrong["peers"][0].clone();
        assert!(
            pieces(&wrong)
                .unwrap_err()
                .message
                .contains("is there twice")
        );
    }
}
