//! A tunnel's config. It holds secrets: no error says what they are.
use crate::app::AppError;
use crate::stack::ip::address::Prefix;
use crate::time::{Nanos, SECOND};
use crate::wireguard::{Identity, PeerSpec, PresharedKey, PrivateKey, PublicKey};
use serde::de::{Error, IgnoredAny, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use zeroize::Zeroizing;

const KEY: usize = crate::wireguard::keys::LEN;

/// A tunnel's config.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Spec {
    #[serde(default, rename = "app")]
    _kind: IgnoredAny,
    #[serde(deserialize_with = "secret")]
    private_key: Zeroizing<[u8; KEY]>,
    #[serde(default = "mtu")]
    pub(super) mtu: u16,
    /// The port that it sends from; whichever, where zero.
    #[serde(default)]
    pub(super) port: u16,
    /// Where it sends from; wherever, where absent.
    #[serde(default)]
    pub(super) address: Option<IpAddr>,
    /// Whether somebody looks up who strangers are.
    #[serde(default)]
    pub(super) lookup: bool,
    /// How many threads seal and open beside the engine's.
    #[serde(default)]
    pub(super) workers: u8,
    #[serde(default)]
    peers: Vec<Peer>,
    /// Whether its peers are there beside those that were.
    #[serde(default)]
    pub(super) beside: bool,
    /// Where it is said: who stays, of all that are there.
    #[serde(default)]
    only: Option<Vec<Name>>,
}

/// The key of a peer.
#[derive(Deserialize)]
struct Name(#[serde(deserialize_with = "key")] [u8; KEY]);

/// What is said of a peer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Peer {
    #[serde(deserialize_with = "key")]
    public_key: [u8; KEY],
    #[serde(default, deserialize_with = "secret_or_none")]
    preshared_key: Option<Zeroizing<[u8; KEY]>>,
    #[serde(default)]
    endpoint: Option<SocketAddr>,
    #[serde(default)]
    allowed_ips: Vec<String>,
    /// In seconds.
    #[serde(default)]
    persistent_keepalive: Option<u16>,
}

fn mtu() -> u16 {
    1420
}

/// 64 hexadecimal digits, which are read where they stand.
struct Key;

impl Visitor<'_> for Key {
    type Value = Zeroizing<[u8; KEY]>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(NO_KEY)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        hex(text).ok_or_else(|| E::custom(NO_KEY))
    }
}

const NO_KEY: &str = "no key: 64 hexadecimal digits";

/// What is there instead of a key may be one for all that: no error says what it is.
fn secret<'de, D: Deserializer<'de>>(given: D) -> Result<Zeroizing<[u8; KEY]>, D::Error> {
    given
        .deserialize_str(Key)
        .map_err(|_| D::Error::custom(NO_KEY))
}

fn key<'de, D: Deserializer<'de>>(given: D) -> Result<[u8; KEY], D::Error> {
    secret(given).map(|key| *key)
}

/// A secret that may be absent.
struct Secret(Zeroizing<[u8; KEY]>);

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(given: D) -> Result<Self, D::Error> {
        secret(given).map(Self)
    }
}

fn secret_or_none<'de, D: Deserializer<'de>>(
    given: D,
) -> Result<Option<Zeroizing<[u8; KEY]>>, D::Error> {
    let found = Option::<Secret>::deserialize(given)?;
    Ok(found.map(|secret| secret.0))
}

fn hex(text: &str) -> Option<Zeroizing<[u8; KEY]>> {
    let mut bytes = Zeroizing::new([0; KEY]);
    let digits = text.as_bytes();
    if digits.len() != 2 * KEY {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |at: usize| char::from(pair[at]).to_digit(16);
        *byte = (digit(0)? << 4 | digit(1)?) as u8;
    }
    Some(bytes)
}

/// Peers, by their keys.
pub(super) type Peers = BTreeMap<PublicKey, PeerSpec>;

impl Spec {
    /// Reads a config where it stands: no copy of a key is left behind.
    pub(super) fn read(config: &Value) -> Result<Self, AppError> {
        Self::deserialize(config)
            .map_err(|error| AppError::config(format!("app wireguard: {error}")))
    }

    pub(super) fn identity(&self) -> Identity {
        Identity::new(PrivateKey::new(*self.private_key))
    }

    /// Who stays, of all that are there; everybody, where nothing is said.
    pub(super) fn only(&self) -> Option<BTreeSet<PublicKey>> {
        let only = self.only.as_ref()?;
        Some(only.iter().map(|name| PublicKey(name.0)).collect())
    }

    /// The peers, whose keys and networks are no other's.
    pub(super) fn peers(&self, own: &PublicKey) -> Result<Peers, AppError> {
        let mut peers = Peers::new();
        for peer in &self.peers {
            let (public, spec) = peer.read(own)?;
            if peers.insert(public, spec).is_some() {
                return Err(wrong(&public, "is there twice"));
            }
        }
        Ok(peers)
    }
}

impl Peer {
    fn read(&self, own: &PublicKey) -> Result<(PublicKey, PeerSpec), AppError> {
        let public = PublicKey(self.public_key);
        if public == *own {
            return Err(wrong(&public, "has the tunnel's own key"));
        }
        if public.0 == [0; KEY] {
            return Err(wrong(&public, "has no key"));
        }
        let network = |text: &String| {
            let prefix = Prefix::parse(text).map(Prefix::network);
            let prefix = prefix.ok_or_else(|| wrong(&public, &format!("{text} is no network")))?;
            Ok((prefix.address, prefix.len))
        };
        let spec = PeerSpec {
            preshared: self
                .preshared_key
                .as_deref()
                .copied()
                .map_or_else(PresharedKey::default, PresharedKey::new),
            endpoint: self.endpoint,
            allowed: self
                .allowed_ips
                .iter()
                .map(network)
                .collect::<Result<_, _>>()?,
            keepalive: self.keepalive(),
        };
        Ok((public, spec))
    }

    fn keepalive(&self) -> Option<Nanos> {
        let seconds = self.persistent_keepalive.filter(|&seconds| seconds > 0);
        seconds.map(|seconds| Nanos::from(seconds) * SECOND)
    }
}

/// One peer, said by itself.
pub(super) fn read_peer(
    config: &Value,
    own: &PublicKey,
) -> Result<(PublicKey, PeerSpec), AppError> {
    let peer = Peer::deserialize(config);
    let peer = peer.map_err(|error| AppError::config(format!("a peer: {error}")))?;
    peer.read(own)
}

pub(super) fn wrong(public: &PublicKey, problem: &str) -> AppError {
    AppError::config(format!("the peer {} {problem}", shown(public)))
}

/// A key as 64 hexadecimal digits.
pub(super) fn shown(public: &PublicKey) -> String {
    public.0.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const OWN: PublicKey = PublicKey([9; KEY]);

    fn peers(peers: &Value) -> Result<Peers, String> {
        let config = json!({"app": "wireguard", "private_key": "07".repeat(KEY), "peers": peers});
        let spec = Spec::read(&config).map_err(|error| error.message)?;
        spec.peers(&OWN).map_err(|error| error.message)
    }

    #[test]
    fn all_of_a_peer_is_read() {
        let given = json!([{
            "public_key": "0A".repeat(KEY), "preshared_key": "0b".repeat(KEY),
            "endpoint": "[2001:db8::1]:7", "allowed_ips": ["10.1.2.3/8", "::/0"],
            "persistent_keepalive": 25,
        }]);
        let told = PeerSpec {
            preshared: PresharedKey::new([11; KEY]),
            endpoint: "[2001:db8::1]:7".parse().ok(),
            allowed: vec![([10, 0, 0, 0].into(), 8), ([0_u16; 8].into(), 0)],
            keepalive: Some(25 * SECOND),
        };
        assert_eq!(peers(&given), Ok([(PublicKey([10; KEY]), told)].into()));
        let given = json!([{"public_key": "0a".repeat(KEY), "persistent_keepalive": 0}]);
        let told = PeerSpec::default();
        assert_eq!(peers(&given), Ok([(PublicKey([10; KEY]), told)].into()));
    }

    #[test]
    fn what_is_no_peer_is_told_without_any_secret() {
        let one = |key: &str, value: Value| {
            let mut peer = json!({"public_key": "0a".repeat(KEY)});
            peer[key] = value;
            peers(&json!([peer])).unwrap_err()
        };
        for secret in ["0g".repeat(KEY), "5e".repeat(KEY + 1), "5ec2e7".into()] {
            let told = one("preshared_key", json!(secret));
            assert!(
                told.contains("64 hexadecimal digits") && !told.contains(&secret),
                "{told}"
            );
            let config = json!({"app": "wireguard", "private_key": secret});
            let told = Spec::read(&config).err().unwrap().message;
            assert!(
                told.contains("64 hexadecimal digits") && !told.contains(&secret),
                "{told}"
            );
        }
        assert!(one("allowed_ips", json!(["10.0.0.0/33"])).contains("10.0.0.0/33 is no network"));
        assert!(one("public_key", json!("09".repeat(KEY))).contains("own key"));
        assert!(one("public_key", json!("00".repeat(KEY))).contains("has no key"));
        assert!(one("nonsense", json!(1)).contains("nonsense"));
        let twice = json!({"public_key": "0a".repeat(KEY)});
        assert!(
            peers(&json!([twice, twice]))
                .unwrap_err()
                .contains("is there twice")
        );
    }
}
