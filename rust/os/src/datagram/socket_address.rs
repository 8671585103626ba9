//! Socket addresses as the kernel has them (`struct sockaddr_in`, `struct sockaddr_in6`).
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

/// Bytes of the longer of the two.
pub(crate) const LEN: usize = size_of::<libc::sockaddr_in6>();
const V4_LEN: usize = size_of::<libc::sockaddr_in>();
const V4: u16 = libc::AF_INET as u16;
const V6: u16 = libc::AF_INET6 as u16;

/// An address of either family, or room for one.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(4))]
pub(crate) struct RawAddress([u8; LEN]);

impl RawAddress {
    #[inline]
    pub(crate) fn of(address: SocketAddr) -> Self {
        let mut raw = [0; LEN];
        raw[2..4].copy_from_slice(&address.port().to_be_bytes());
        match address {
            SocketAddr::V4(address) => {
                raw[..2].copy_from_slice(&V4.to_ne_bytes());
                raw[4..8].copy_from_slice(&address.ip().octets());
            }
            SocketAddr::V6(address) => {
                raw[..2].copy_from_slice(&V6.to_ne_bytes());
                raw[8..24].copy_from_slice(&address.ip().octets());
                raw[24..].copy_from_slice(&address.scope_id().to_ne_bytes());
            }
        }
        Self(raw)
    }

    /// The address that the kernel has written here, if it is of a family known here.
    #[inline]
    pub(crate) fn get(&self) -> Option<SocketAddr> {
        read(&self.0)
    }

    /// How many bytes of it count.
    #[inline]
    pub(crate) fn len(&self) -> libc::socklen_t {
        let v4 = self.0[..2] == V4.to_ne_bytes();
        (if v4 { V4_LEN } else { LEN }) as libc::socklen_t
    }
}

/// Reads an address of the kernel's.
#[inline]
pub(crate) fn read(raw: &[u8]) -> Option<SocketAddr> {
    let field = |at: usize| raw.get(at..at + 2)?.first_chunk().copied();
    let port = u16::from_be_bytes(field(2)?);
    match u16::from_ne_bytes(field(0)?) {
        V4 => {
            let octets: [u8; 4] = *raw.get(4..)?.first_chunk()?;
            Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::from(octets)), port))
        }
        V6 => {
            let octets: [u8; 16] = *raw.get(8..)?.first_chunk()?;
            let scope = u32::from_ne_bytes(*raw.get(24..)?.first_chunk()?);
            let address = Ipv6Addr::from(octets);
            Some(SocketAddrV6::new(address, port, 0, scope).into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_they_were_written() {
        for text in ["192.0.2.1:53", "[2001:db8::1]:4000", "[fe80::1%7]:1"] {
            let address: SocketAddr = text.parse().unwrap();
            let raw = RawAddress::of(address);
            assert_eq!(raw.get(), Some(address));
            assert_eq!(raw.len(), if address.is_ipv4() { 16 } else { 28 });
        }
        assert_eq!(RawAddress::default().get(), None);
        assert_eq!(read(&[2, 0, 0]), None);
    }
}
