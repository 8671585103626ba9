//! What a tunnel says of itself, as `wg show` does.
use super::WireGuard;
use super::spec::shown;
use crate::time::{Nanos, SECOND};
use crate::wireguard::PeerStatus;
use serde_json::{Map, Value, json};

/// Adds its key, its peers, and what it has dropped, by cause.
pub(super) fn count(tunnel: &WireGuard, now: Nanos, into: &mut Map<String, Value>) {
    let device = &tunnel.device;
    into.insert("public_key".into(), shown(&device.public()).into());
    into.insert("port".into(), tunnel.outer.port.into());
    into.insert(
        "peers".into(),
        device.peers().map(|one| peer(&one, now)).collect(),
    );
    let drops = device.drops();
    let drops = json!({
        "no_datagram": tunnel.no_datagram,
        "malformed": drops.malformed,
        "not_ours": drops.not_ours,
        "overload": drops.overload,
        "handshake": drops.handshake,
        "session": drops.session,
        "source": drops.source,
        "no_peer": drops.no_peer,
        "congestion": drops.congestion,
    });
    into.insert("dropped".into(), drops);
}

fn peer(peer: &PeerStatus, now: Nanos) -> Value {
    let networks = peer.allowed.iter();
    let networks: Vec<String> = networks
        .map(|(address, len)| format!("{address}/{len}"))
        .collect();
    let traffic = peer.traffic;
    json!({
        "public_key": shown(&peer.public),
        "has_preshared_key": peer.has_preshared,
        "endpoint": peer.endpoint.map(|endpoint| endpoint.to_string()),
        "allowed_ips": networks,
        "persistent_keepalive": peer.keepalive.map(|interval| interval / SECOND),
        "latest_handshake": traffic.handshake,
        "handshake_age": traffic.handshake.map(|at| now.saturating_sub(at)),
        "unanswered_since": peer.unanswered,
        "received": traffic.received,
        "sent": traffic.sent,
        "dropped": traffic.dropped,
    })
}
