//! Network interfaces: which there are, and what the kernel says of one.
use crate::poll::check;
use std::ffi::CString;
use std::io;
use std::os::fd::RawFd;
use usernet_core::app::{AppError, ErrorKind};

/// An interface that is missing or of the wrong type.
pub(crate) fn error(message: impl Into<String>) -> AppError {
    AppError {
        kind: ErrorKind::Interface,
        message: message.into(),
    }
}

/// What the system forbids.
pub(crate) fn forbidden(message: impl Into<String>) -> AppError {
    AppError {
        kind: ErrorKind::Privilege,
        message: message.into(),
    }
}

/// The command that gives this program a capability.
pub(crate) fn grant(capability: &str) -> String {
    let program = std::env::current_exe().unwrap_or_default();
    format!(
        "run it as root, in `unshare -Urn`, or after `sudo setcap {capability}+ep {}`",
        program.display()
    )
}

/// That there is no interface of this name, and which there are.
pub(crate) fn missing(name: &str) -> AppError {
    let names = names().join(", ");
    error(format!("there is no interface {name}; there are {names}"))
}

/// The names of all interfaces here, in order.
fn names() -> Vec<String> {
    // SAFETY: the call takes nothing; the list is given back below.
    let list = unsafe { libc::if_nameindex() };
    let mut names = Vec::new();
    let mut entry = list;
    // SAFETY: the list, where there is one, ends with an entry whose index is 0; each name before
    // that is a string that lives until the list is given back.
    unsafe {
        while !entry.is_null() && (*entry).if_index != 0 {
            let name = std::ffi::CStr::from_ptr((*entry).if_name);
            names.push(name.to_string_lossy().into_owned());
            entry = entry.add(1);
        }
        if !list.is_null() {
            libc::if_freenameindex(list);
        }
    }
    names.sort();
    names
}

/// The number of the interface of this name.
pub(crate) fn index(name: &str) -> Option<i32> {
    let name = CString::new(name).ok()?;
    // SAFETY: `name` is a string that lives through the call.
    let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
    i32::try_from(index).ok().filter(|index| *index > 0)
}

/// Whether a name can be an interface's at all: 1 to 15 bytes, no white space, no slash.
pub(crate) fn is_name(name: &str) -> bool {
    let plain = |byte: u8| !byte.is_ascii_whitespace() && byte != b'/' && byte != 0;
    (1..libc::IFNAMSIZ).contains(&name.len()) && name.bytes().all(plain)
}

/// A request about the interface of this name.
pub(crate) fn request(name: &str) -> libc::ifreq {
    // SAFETY: an ifreq is plain numbers, for which zero is valid.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    let room = libc::IFNAMSIZ - 1;
    for (to, from) in request.ifr_name[..room].iter_mut().zip(name.bytes()) {
        *to = from as libc::c_char;
    }
    request
}

/// Asks or tells the kernel something about an interface through any socket.
pub(crate) fn ioctl(
    socket: RawFd,
    number: libc::Ioctl,
    request: &mut libc::ifreq,
) -> io::Result<()> {
    // SAFETY: these requests read and write one ifreq, which lives through the call.
    check(unsafe { libc::ioctl(socket, number, std::ptr::from_mut(request)) }).map(|_| ())
}

/// Whether an interface of this number exists.
pub(crate) fn exists(socket: RawFd, index: i32) -> bool {
    let mut asked = request("");
    asked.ifr_ifru.ifru_ifindex = index;
    ioctl(socket, libc::SIOCGIFNAME, &mut asked).is_ok()
}

/// Whether the interface of this name is up and has a carrier.
pub(crate) fn is_running(socket: RawFd, name: &str) -> bool {
    let mut asked = request(name);
    let both = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    // SAFETY: the kernel has filled the flags in where the call succeeded.
    ioctl(socket, libc::SIOCGIFFLAGS, &mut asked).is_ok()
        && unsafe { asked.ifr_ifru.ifru_flags } & both == both
}

/// The type of the interface of this name (`ARPHRD_*`).
pub(crate) fn hardware(socket: RawFd, name: &str) -> Option<u16> {
    let mut asked = request(name);
    ioctl(socket, libc::SIOCGIFHWADDR, &mut asked).ok()?;
    // SAFETY: the kernel has filled the address in.
    Some(unsafe { asked.ifr_ifru.ifru_hwaddr.sa_family })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_interface_is_there_and_named_where_another_is_missing() {
        assert!(index("lo").is_some_and(|index| index > 0));
        let told = missing("nosuch0");
        assert_eq!(told.kind, ErrorKind::Interface);
        assert!(told.message.contains("nosuch0") && told.message.contains("lo"));
    }

    #[test]
    fn names_are_short_and_plain() {
        assert!(is_name("eth0") && is_name("a23456789012345"));
        for bad in ["", "a234567890123456", "a b", "a/b", "a\0b"] {
            assert!(!is_name(bad));
        }
    }
}
