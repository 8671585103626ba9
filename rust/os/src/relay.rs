//! Bytes between a connection of a host's and one of the machine's: straight from a socket into the ring
//! of the other, and back. Who cannot take more is not read from.
use crate::machine::Machine;
use std::io::{self, ErrorKind};
use usernet_core::stack::{Host, SocketError, SocketId};
use usernet_core::time::Nanos;

/// How much is read at once: little at first, for most connections say little, and more where that
/// was used.
const FIRST_ROOM: usize = 4 << 10;
const MOST_ROOM: usize = 256 << 10;
/// How much is read of one connection before the others, and what it has sent leaves.
const TURN: usize = 512 << 10;

/// How a connection ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    /// It has not.
    Open,
    /// Both sides have finished.
    Closed,
    /// One side has given it up.
    Reset,
    /// Nobody listens there, or nothing leads there.
    Refused,
    /// There is no way there.
    Unreachable,
    /// Nobody answered in time.
    TimedOut,
}

impl End {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Reset => "reset",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed out",
        }
    }
}

/// What became of a connection whose bytes were moved.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Course {
    /// It waits for one side or the other.
    Waits,
    /// Its turn was over before it had to.
    HasMore,
    /// Both sides have finished.
    Done,
    /// The machine's side has failed.
    Broken(End),
}

/// A connection of the machine's, and what is known of it.
pub(crate) struct Relay {
    pub(crate) machine: Machine,
    /// Bytes from the host's side, and to it.
    pub(crate) up: u64,
    pub(crate) down: u64,
    /// Whether the machine's side may have something to read, and room to write.
    may_read: bool,
    may_write: bool,
    /// Whether it has told that its end is near: then what was read in part may not be all.
    ends: bool,
    /// Whether it has failed: it will not be read again if its end was passed on.
    failed: bool,
    /// Whether nobody is there any more who would read what is written to it.
    gone: bool,
    /// Whether the host's side has finished.
    pub(crate) host_ends: bool,
    /// Which side's end was passed on.
    host_done: bool,
    machine_done: bool,
    room: usize,
}

impl Relay {
    pub(crate) fn new(machine: Machine) -> Self {
        Self {
            machine,
            up: 0,
            down: 0,
            may_read: false,
            may_write: false,
            ends: false,
            failed: false,
            gone: false,
            host_ends: false,
            host_done: false,
            machine_done: false,
            room: FIRST_ROOM,
        }
    }

    /// The machine's side has told something (`EPOLLIN` and so on).
    pub(crate) fn note(&mut self, events: u32) {
        let has = |flags: i32| events & flags as u32 != 0;
        let over = has(libc::EPOLLERR | libc::EPOLLHUP);
        self.failed |= has(libc::EPOLLERR);
        self.gone |= has(libc::EPOLLHUP) && !has(libc::EPOLLERR);
        self.ends |= over || has(libc::EPOLLRDHUP);
        self.may_read |= self.ends || has(libc::EPOLLIN);
        self.may_write |= over || has(libc::EPOLLOUT);
    }

    /// Moves what can be moved.
    pub(crate) fn run(&mut self, id: SocketId, host: &mut Host, now: Nanos) -> Course {
        let moved = self.up(id, host, now);
        let moved = moved.and_then(|()| self.down(id, host, now));
        match moved {
            Ok(_) if self.failed && self.machine_done => Course::Broken(self.failure()),
            Err(end) => Course::Broken(end),
            Ok(_) if (self.host_done || self.gone) && self.machine_done => Course::Done,
            Ok(true) => Course::HasMore,
            Ok(false) => Course::Waits,
        }
    }

    /// From the host's side to the machine's side.
    fn up(&mut self, id: SocketId, host: &mut Host, now: Nanos) -> Result<(), End> {
        while self.may_write && !self.host_done && !self.gone {
            let (mut lent, mut written) = (0, Ok(0));
            let taken = host.receive_with(id, now, |one, other| {
                lent = one.len() + other.len();
                written = self.machine.write(one, other);
                *written.as_ref().unwrap_or(&0)
            });
            match taken {
                Ok(Some(count)) => {
                    self.up += count as u64;
                    self.may_write = goes_on(written, lent)?;
                }
                Ok(None) => {
                    self.machine.finish();
                    self.host_done = true;
                }
                // Nothing is there; or it has failed, which an event tells.
                Err(_) => break,
            }
        }
        Ok(())
    }

    /// From the machine's side to the host's; whether there may be more.
    fn down(&mut self, id: SocketId, host: &mut Host, now: Nanos) -> Result<bool, End> {
        let mut left = TURN;
        while self.may_read && !self.machine_done && left > 0 {
            let (mut lent, mut read) = (0, Ok(0));
            let given = host.send_with(id, self.room, now, |one, other| {
                lent = one.len() + other.len();
                read = self.machine.read(one, other);
                *read.as_ref().unwrap_or(&0)
            });
            match given {
                Ok(0) if matches!(read, Ok(0)) => self.pass_end(id, host, now),
                Ok(count) => {
                    self.down += count as u64;
                    left = left.saturating_sub(count);
                    self.adapt(lent, count);
                    self.may_read = goes_on(read, lent)? || self.ends && count > 0;
                }
                Err(SocketError::WouldBlock) => break,
                Err(_) => self.may_read = false,
            }
        }
        Ok(left == 0)
    }

    /// Whether all that the host's side says was passed on, and its end.
    pub(crate) fn has_passed_all(&self) -> bool {
        self.host_done
    }

    /// Whether the host's side has finished, and the machine's side has still to be given what it said.
    pub(crate) fn is_draining(&self) -> bool {
        self.host_ends && !self.host_done
    }

    fn failure(&self) -> End {
        match self.machine.failure() {
            Some(libc::ETIMEDOUT) => End::TimedOut,
            _ => End::Reset,
        }
    }

    fn pass_end(&mut self, id: SocketId, host: &mut Host, now: Nanos) {
        self.machine_done = true;
        // Where the host's side is gone an event says so.
        let _ = host.shutdown(id, now);
    }

    fn adapt(&mut self, lent: usize, count: usize) {
        if count == lent && lent == self.room {
            self.room = (4 * lent).min(MOST_ROOM);
        }
    }
}

/// Whether a socket that did so much of what it was asked can do more at once.
fn goes_on(done: io::Result<usize>, asked: usize) -> Result<bool, End> {
    match done {
        Ok(count) => Ok(count == asked),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
        Err(error) if error.kind() == ErrorKind::Interrupted => Ok(true),
        Err(error) if error.kind() == ErrorKind::TimedOut => Err(End::TimedOut),
        Err(_) => Err(End::Reset),
    }
}
