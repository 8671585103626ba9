//! What a TUN and a TAP device have in common: packets that the kernel routes or bridges into a
//! file (`/dev/net/tun`), each behind its offload header. Super-packets go whole, both ways.
use crate::ethernet;
use crate::failures::Failures;
use crate::framing::{self, Framing};
use crate::interface::{self, forbidden, grant};
use crate::poll::check;
use crate::virtio;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::UdpSocket;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;
use usernet_core::app::{App, AppError, BATCH, Context, Descriptor, Direction};
use usernet_core::packet::{LARGEST, Packet, Pool, Segmentation};
use usernet_core::time::{MILLISECOND, Nanos};
use usernet_core::wire::segment;

const PATH: &str = "/dev/net/tun";
/// How often a vanished interface is looked for.
const RETRY: Nanos = 100 * MILLISECOND;
/// About how many bytes a pull brings in: few enough to stay in a core's own cache on their way.
const BATCH_BYTES: usize = 512 << 10;
/// Packets up to here are copied into a buffer of their size: a larger one would be wasted.
const COPIED: usize = 9216;

const TCP: u32 = libc::TUN_F_CSUM | libc::TUN_F_TSO4 | libc::TUN_F_TSO6 | libc::TUN_F_TSO_ECN;
/// What the kernel may leave undone, best first: older kernels know no UDP super-packets.
const OFFLOADS: [u32; 4] = [
    TCP | libc::TUN_F_USO4 | libc::TUN_F_USO6,
    TCP,
    libc::TUN_F_CSUM,
    0,
];

/// A device's config.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The interface's name. One that does not exist is made, set up, and gone when the app stops.
    pub interface: String,
    /// The largest IP packet, in bytes; as it is where absent.
    #[serde(default)]
    pub mtu: Option<u32>,
    /// An open `/dev/net/tun` that is attached to the interface already, wherever that is, with
    /// `IFF_NO_PI` and `IFF_VNET_HDR`. The app duplicates it. The interface stays as it was made,
    /// and is not looked for again once it has vanished.
    #[serde(default)]
    pub descriptor: Option<RawFd>,
    /// The descriptor is a packet socket instead, on one end of a veth pair; this is the Ethernet
    /// address of the other end. Its headers are taken off, and put on.
    #[serde(default)]
    pub peer: Option<String>,
}

/// What the packets of a device start with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Layer {
    Ethernet,
    Ip,
}

impl Layer {
    fn kind(self) -> &'static str {
        match self {
            Self::Ethernet => "tap",
            Self::Ip => "tun",
        }
    }

    fn flag(self) -> libc::c_int {
        match self {
            Self::Ethernet => libc::IFF_TAP,
            Self::Ip => libc::IFF_TUN,
        }
    }
}

/// A TUN or TAP device.
pub struct Device {
    spec: Spec,
    layer: Layer,
    file: Option<File>,
    framing: Option<Framing>,
    retry: Nanos,
    /// A buffer for any packet, kept from one read to the next.
    spare: Option<Packet>,
    received: u64,
    received_bytes: u64,
    sent: u64,
    sent_bytes: u64,
    failed: Failures,
    reopened: u64,
    /// Whether the kernel is too old for UDP super-packets (before Linux 6.2).
    cuts_udp: bool,
}

impl Device {
    pub(crate) fn open(spec: Spec, layer: Layer) -> Result<Self, AppError> {
        let framing = spec.peer.as_deref().map(Framing::new).transpose()?;
        let file = attach(&spec, layer)?;
        let device = Self::over(file, spec, layer);
        Ok(Self { framing, ..device })
    }

    fn over(file: File, spec: Spec, layer: Layer) -> Self {
        Self {
            spec,
            layer,
            file: Some(file),
            framing: None,
            retry: Nanos::MAX,
            spare: None,
            received: 0,
            received_bytes: 0,
            sent: 0,
            sent_bytes: 0,
            failed: Failures::default(),
            reopened: 0,
            cuts_udp: false,
        }
    }

    /// Reads a batch; whether there may be more.
    fn receive(&mut self, context: &mut Context<'_>) -> bool {
        let mut bytes = 0;
        for _ in 0..BATCH {
            match self.read(context.pool) {
                Ok(None) => return false,
                Ok(Some(packet)) => {
                    bytes += packet.len();
                    self.pass(packet, context);
                }
                Err(error) => return self.unreadable(&error, context.now),
            }
            if bytes >= BATCH_BYTES {
                return true;
            }
        }
        true
    }

    /// One packet, in a buffer of its size; none where the pool has none.
    fn read(&mut self, pool: &mut Pool) -> io::Result<Option<Packet>> {
        let Some(mut file) = self.file.as_ref() else {
            return Ok(None);
        };
        let Some(mut packet) = self.spare.take().or_else(|| pool.packet(LARGEST)) else {
            return Ok(None);
        };
        let mut header = [0; virtio::LEN];
        let read = match self.framing {
            None => read_packet(&mut file, &mut header, &mut packet),
            Some(_) => read_frame(&mut file, &mut header, &mut packet),
        };
        if !matches!(read, Ok(len) if len > COPIED) {
            let small = read.map(|len| pool.packet_from(&packet.bytes()[..len]));
            self.spare = Some(packet);
            return small.map(|small| small.map(|packet| described(packet, &header)));
        }
        packet.resize(read?);
        Ok(Some(described(packet, &header)))
    }

    fn pass(&mut self, mut packet: Packet, context: &mut Context<'_>) {
        if self.layer == Layer::Ethernet {
            ethernet::set_network_offset(&mut packet);
        }
        packet.set_arrived(context.now);
        self.received += 1;
        self.received_bytes += packet.len() as u64;
        if context.outputs() > 0 {
            context.transmit(0, packet);
        } else {
            context.pool.free(packet);
        }
    }

    /// What a failed read means for the next one; whether that is at once.
    fn unreadable(&mut self, error: &io::Error, now: Nanos) -> bool {
        match error.raw_os_error().unwrap_or(0) {
            libc::EAGAIN => false,
            libc::EINTR => true,
            errno => {
                self.failed.add(errno, 1);
                self.file = None;
                self.retry = match self.spec.descriptor {
                    None => now + RETRY,
                    Some(_) => Nanos::MAX,
                };
                false
            }
        }
    }

    fn send(&mut self, packet: &Packet, pool: &mut Pool) {
        let is_udp = packet.offload().segmentation == Segmentation::Udp;
        if is_udp && self.cuts_udp {
            return self.send_apart(packet, pool);
        }
        match self.write(packet).map_err(|error| error.raw_os_error()) {
            // The kernel takes a packet whole or not at all.
            Ok(()) => {
                self.sent += 1;
                self.sent_bytes += packet.len() as u64;
            }
            Err(Some(libc::EINVAL)) if is_udp => {
                self.cuts_udp = true;
                self.send_apart(packet, pool);
            }
            Err(errno) => self.failed.add(errno.unwrap_or(0), 1),
        }
    }

    fn write(&self, packet: &Packet) -> io::Result<()> {
        let gone = || io::Error::from_raw_os_error(libc::ENODEV);
        let mut file = self.file.as_ref().ok_or_else(gone)?;
        let header = virtio::write(&packet.offload());
        let Some(framing) = self.framing else {
            let pieces = [IoSlice::new(&header), IoSlice::new(packet.bytes())];
            return file.write_vectored(&pieces).map(drop);
        };
        let (header, frame) = (framing::to_frame(header), framing.header(packet.bytes()));
        let pieces = [&header[..], &frame, packet.bytes()].map(IoSlice::new);
        file.write_vectored(&pieces).map(drop)
    }

    /// Sends the packets that a super-packet stands for.
    fn send_apart(&mut self, packet: &Packet, pool: &mut Pool) {
        let mut apart = Vec::new();
        let Some(whole) = pool.copy(packet) else {
            return;
        };
        if let Err(whole) = segment::segments(whole, pool, &mut |one| apart.push(one)) {
            self.failed.add(libc::EINVAL, 1);
            pool.free(whole);
        }
        for one in apart {
            // None of them is a super-packet.
            self.send(&one, pool);
            pool.free(one);
        }
    }

    /// Attaches to an interface of that name again, if somebody has made one.
    fn reopen(&mut self, now: Nanos) {
        self.retry = now + RETRY;
        if interface::index(&self.spec.interface).is_none() {
            return;
        }
        if let Ok(file) = attach(&self.spec, self.layer) {
            self.file = Some(file);
            self.retry = Nanos::MAX;
            self.reopened += 1;
        }
    }
}

fn read_packet(
    file: &mut &File,
    header: &mut virtio::Header,
    packet: &mut Packet,
) -> io::Result<usize> {
    let mut pieces = [IoSliceMut::new(header), IoSliceMut::new(packet.bytes_mut())];
    let read = file.read_vectored(&mut pieces)?;
    Ok(read.saturating_sub(virtio::LEN))
}

/// The same from a packet socket, without the frame around it.
fn read_frame(
    file: &mut &File,
    header: &mut virtio::Header,
    packet: &mut Packet,
) -> io::Result<usize> {
    let mut frame = [0; framing::LEN];
    let (read, all) = {
        let pieces = [&mut header[..], &mut frame, packet.bytes_mut()];
        let mut pieces = pieces.map(IoSliceMut::new);
        (file.read_vectored(&mut pieces)?, virtio::LEN + framing::LEN)
    };
    *header = framing::to_packet(*header);
    Ok(read.saturating_sub(all))
}

fn described(mut packet: Packet, header: &virtio::Header) -> Packet {
    virtio::describe(&mut packet, header);
    packet
}

impl App for Device {
    fn kind(&self) -> &'static str {
        self.layer.kind()
    }

    fn has_port(&self, direction: Direction, port: &str) -> bool {
        port == match direction {
            Direction::Input => "rx",
            Direction::Output => "tx",
        }
    }

    fn pull(&mut self, context: &mut Context<'_>) -> bool {
        if self.file.is_none() && self.retry <= context.now {
            self.reopen(context.now);
        }
        self.receive(context)
    }

    fn push(&mut self, context: &mut Context<'_>) {
        if context.inputs() == 0 {
            return;
        }
        let mut packets = context.take(0);
        packets
            .iter()
            .for_each(|packet| self.send(packet, context.pool));
        context.pool.free_all(&mut packets);
        context.restore(0, packets);
    }

    fn deadline(&self) -> Option<Nanos> {
        let waits = self.file.is_none() && self.retry < Nanos::MAX;
        waits.then_some(self.retry)
    }

    fn descriptors(&self, into: &mut Vec<Descriptor>) {
        into.extend(self.file.as_ref().map(|file| Descriptor {
            fd: file.as_raw_fd(),
            readable: true,
            writable: false,
        }));
    }

    fn count(&self, _now: Nanos, into: &mut Map<String, Value>) {
        into.insert("received".into(), self.received.into());
        into.insert("received_bytes".into(), self.received_bytes.into());
        into.insert("sent".into(), self.sent.into());
        into.insert("sent_bytes".into(), self.sent_bytes.into());
        into.insert("send_failed".into(), self.failed.counts().into());
        into.insert("down".into(), self.file.is_none().into());
        into.insert("reopened".into(), self.reopened.into());
    }

    fn stop(&mut self, pool: &mut Pool) {
        if let Some(spare) = self.spare.take() {
            pool.free(spare);
        }
    }
}

/// Attaches to the interface of that name, or makes it, unless it is open already.
fn attach(spec: &Spec, layer: Layer) -> Result<File, AppError> {
    if !interface::is_name(&spec.interface) {
        let name = &spec.interface;
        let message = format!("\"{name}\" is no name for an interface: 1 to 15 bytes are");
        return Err(AppError::config(message));
    }
    match spec.descriptor {
        None => attach_by_name(spec, layer),
        Some(descriptor) => adopt(descriptor, spec.peer.is_some())
            .map_err(|error| interface::error(format!("{}: {error}", spec.interface))),
    }
}

/// A duplicate of a descriptor that is attached to an interface.
fn adopt(descriptor: RawFd, is_socket: bool) -> io::Result<File> {
    // SAFETY: the call takes numbers alone, and says so where the descriptor is not open.
    let own = check(unsafe { libc::fcntl(descriptor, libc::F_DUPFD_CLOEXEC, 0) })?;
    // SAFETY: the call has just made this descriptor, for nobody else.
    let file = File::from(unsafe { OwnedFd::from_raw_fd(own) });
    // SAFETY: the call takes the number itself, no pointer.
    check(unsafe { libc::fcntl(own, libc::F_SETFL, libc::O_NONBLOCK) })?;
    if is_socket {
        framing::set_up(own)?;
        return Ok(file);
    }
    let mut attached = interface::request("");
    interface::ioctl(own, libc::TUNGETIFF, &mut attached)?;
    set_offload(own)?;
    Ok(file)
}

fn attach_by_name(spec: &Spec, layer: Layer) -> Result<File, AppError> {
    let Spec { interface, mtu, .. } = spec;
    let is_new = interface::index(interface).is_none();
    let failed = |error: io::Error| refused(interface, layer, &error);
    let flags = libc::O_NONBLOCK | libc::O_CLOEXEC;
    let mut options = OpenOptions::new();
    let options = options.read(true).write(true).custom_flags(flags);
    let file = options.open(PATH).map_err(failed)?;
    set_interface(file.as_raw_fd(), interface, layer).map_err(failed)?;
    set_offload(file.as_raw_fd()).map_err(failed)?;
    set_up(interface, *mtu, is_new).map_err(failed)?;
    Ok(file)
}

fn refused(interface: &str, layer: Layer, error: &io::Error) -> AppError {
    let kind = layer.kind();
    match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => {
            let how = grant("cap_net_admin");
            forbidden(format!(
                "a {kind} device {interface} needs CAP_NET_ADMIN: {how}"
            ))
        }
        Some(libc::EBUSY) => interface::error(format!("{interface} is in use by another program")),
        Some(libc::EINVAL) => interface::error(format!("{interface} is no {kind} device")),
        _ => interface::error(format!("{kind} device {interface}: {error}")),
    }
}

fn set_interface(file: RawFd, interface: &str, layer: Layer) -> io::Result<()> {
    let mut wish = interface::request(interface);
    let flags = layer.flag() | libc::IFF_NO_PI | libc::IFF_VNET_HDR;
    wish.ifr_ifru.ifru_flags = flags as libc::c_short;
    interface::ioctl(file, libc::TUNSETIFF, &mut wish)
}

fn set_offload(file: RawFd) -> io::Result<()> {
    let mut result = Ok(());
    for offload in OFFLOADS {
        // SAFETY: the call takes the number itself, no pointer.
        result = check(unsafe { libc::ioctl(file, libc::TUNSETOFFLOAD, offload) }).map(|_| ());
        if result.is_ok() {
            break;
        }
    }
    result
}

/// Sets the MTU, and a new interface up; one that was there stays as it was found.
fn set_up(interface: &str, mtu: Option<u32>, is_new: bool) -> io::Result<()> {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).or_else(|_| UdpSocket::bind(("::", 0)))?;
    if let Some(mtu) = mtu {
        let mut wish = interface::request(interface);
        wish.ifr_ifru.ifru_mtu = mtu as libc::c_int;
        interface::ioctl(socket.as_raw_fd(), libc::SIOCSIFMTU, &mut wish)?;
    }
    if is_new {
        let mut wish = interface::request(interface);
        wish.ifr_ifru.ifru_flags = libc::IFF_UP as libc::c_short;
        interface::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &mut wish)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;
    use std::os::unix::net::UnixDatagram;
    use usernet_core::stack::compose::{Marks, datagram};

    /// A device whose packets can be read from a socket.
    fn device() -> (Device, UnixDatagram) {
        let (ours, theirs) = UnixDatagram::pair().unwrap();
        let spec = Spec {
            interface: "t0".into(),
            mtu: None,
            descriptor: None,
            peer: None,
        };
        theirs.set_nonblocking(true).unwrap();
        let file = File::from(OwnedFd::from(ours));
        (Device::over(file, spec, Layer::Ip), theirs)
    }

    #[test]
    fn udp_super_packets_go_in_pieces_where_the_kernel_is_too_old_for_them() {
        let (mut device, kernel) = device();
        let mut pool = Pool::default();
        let at = |port| SocketAddr::from(([192, 0, 0, 2], port));
        let marks = Marks {
            hop_limit: 64,
            traffic_class: 0,
            id: None,
        };
        let fill = |bytes: &mut [u8]| bytes.fill(7);
        let packet = datagram(&mut pool, (at(1), at(2)), marks, (250, Some(100)), fill).unwrap();
        let lengths = || -> Vec<usize> {
            let mut buffer = [0; 2000];
            std::iter::from_fn(|| kernel.recv(&mut buffer).ok()).collect()
        };
        device.send(&packet, &mut pool);
        assert_eq!(lengths(), [virtio::LEN + 278]);
        device.cuts_udp = true;
        device.send(&packet, &mut pool);
        assert_eq!(lengths(), [128, 128, 78].map(|len| virtio::LEN + len));
        assert_eq!((device.sent, device.sent_bytes), (4, 278 + 334));
        pool.free(packet);
        assert_eq!(pool.lent(), 0);
    }
}
