//! A wire into a host: packets of any bytes in, and what comes back.
use super::net::{Net, Shared};
use serde_json::json;
use usernet_core::packet::Offload;
use usernet_core::wire::checksum::{checksum, pseudo_header};

/// A host `a`, 10.0.0.1 and fd00::1, whose link ends here.
pub(crate) struct Wire {
    pub(crate) net: Net,
    shared: Shared,
}

impl Wire {
    pub(crate) fn new(medium: &str) -> Self {
        let mut net = Net::new();
        let shared = net.shared();
        net.start(
            "a",
            json!({"app": "host", "interfaces": {"eth0": {
                "addresses": ["10.0.0.1/24", "fd00::1/64"], "medium": medium,
            }}}),
        );
        net.start("wire", json!({"app": "wire"}));
        net.apply(json!([
            {"do": "link", "link": "wire.tx -> a.eth0"},
            {"do": "link", "link": "a.eth0 -> wire.rx"},
        ]));
        net.pass(0);
        Self { net, shared }
    }

    /// Sends packets into the host: what comes back.
    pub(crate) fn send(&mut self, packets: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let packets = packets
            .iter()
            .map(|bytes| (bytes.clone(), Offload::default()));
        self.send_offloaded(packets.collect())
    }

    pub(crate) fn send_offloaded(&mut self, packets: Vec<(Vec<u8>, Offload)>) -> Vec<Vec<u8>> {
        self.shared.lock().unwrap().to_send.extend(packets);
        self.net.wake("wire");
        self.net.pass(100_000);
        std::mem::take(&mut self.shared.lock().unwrap().came)
    }

    pub(crate) fn dropped(&self) -> serde_json::Value {
        self.net.dropped("a")
    }
}

/// An IPv4 packet from 10.0.0.2 to 10.0.0.1, of which `change` changes what it likes before the
/// header's checksum is written.
pub(crate) fn ipv4(protocol: u8, payload: &[u8], change: impl Fn(&mut [u8])) -> Vec<u8> {
    let mut bytes = vec![
        0x45, 0, 0, 0, 0, 7, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 2, 10, 0, 0, 1,
    ];
    let len = 20 + payload.len();
    bytes[2..4].copy_from_slice(&(len as u16).to_be_bytes());
    bytes.extend_from_slice(payload);
    change(&mut bytes);
    let header = usize::from(bytes[0] & 0xf) * 4;
    let sum = checksum(&bytes[..header.min(bytes.len())]);
    bytes[10..12].copy_from_slice(&sum.to_be_bytes());
    bytes
}

/// An IPv6 packet from fd00::2 to fd00::1.
pub(crate) fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x60, 0, 0, 0, 0, 0, next, 64];
    bytes[4..6].copy_from_slice(&(payload.len() as u16).to_be_bytes());
    for last in [2, 1] {
        bytes.extend_from_slice(&[0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
    }
    bytes.extend_from_slice(payload);
    bytes
}

/// A UDP datagram from port 9 to this port, with its checksum.
pub(crate) fn udp(port: u16, payload: &[u8], v6: bool) -> Vec<u8> {
    let len = (8 + payload.len()) as u16;
    let mut bytes = vec![0, 9];
    for field in [port, len, 0] {
        bytes.extend_from_slice(&field.to_be_bytes());
    }
    bytes.extend_from_slice(payload);
    seal(&mut bytes, 6, 17, v6);
    bytes
}

/// An ICMP message with its checksum.
pub(crate) fn icmp(message: &[u8], v6: bool) -> Vec<u8> {
    let mut bytes = message.to_vec();
    if v6 {
        seal(&mut bytes, 2, 58, true);
    } else {
        let sum = checksum(&bytes);
        bytes[2..4].copy_from_slice(&sum.to_be_bytes());
    }
    bytes
}

/// Writes a transport's checksum.
pub(crate) fn seal(bytes: &mut [u8], at: usize, protocol: u8, v6: bool) {
    let mut addresses = vec![10, 0, 0, 2, 10, 0, 0, 1];
    if v6 {
        addresses = ipv6(0, &[])[8..40].to_vec();
    }
    let pseudo = pseudo_header(&addresses, protocol, bytes.len() as u32);
    bytes[at..at + 2].copy_from_slice(&pseudo.to_be_bytes());
    let sum = checksum(bytes);
    bytes[at..at + 2].copy_from_slice(&sum.to_be_bytes());
}
