//! Connections whose bytes somebody carries who is no program: the app around the host. What becomes
//! possible with them is told to that one, apart from the events that programs take.
use super::Host;
use super::sockets::Sockets;
use crate::stack::error::SocketError;
use crate::stack::event::{Readiness, SocketId};

impl Host {
    /// Sets a connection aside: from now on it is the app's around the host, which closes it in the end.
    /// Whether it stands; else it is on its way, and `CONNECTED` or `FAILED` follows.
    ///
    /// # Errors
    /// It is no connection, or is gone; `AlreadyConnected` where it was set aside before.
    pub fn set_aside(&mut self, id: SocketId) -> Result<bool, SocketError> {
        let place = self.place(id)?;
        let stream = self.sockets.stream(place);
        let connection = &stream.ok_or(SocketError::NotConnected)?.connection;
        if let Some(failure) = connection.failure() {
            return Err(failure);
        }
        let stands = !connection.is_connecting();
        self.sockets.set_aside(place)?;
        Ok(stands)
    }

    /// Whether something became possible with those that are set aside.
    #[must_use]
    #[inline]
    pub fn has_news_aside(&self) -> bool {
        self.sockets.has_news_aside()
    }

    /// Takes what became possible with them since the last call.
    pub fn take_news_aside(&mut self, into: &mut Vec<(SocketId, Readiness)>) {
        self.sockets.take_news_aside(into);
    }

    /// Tells the program that it is over with a socket that was set aside: by an event (`OVER`), although
    /// the socket may be gone. To be called once for each.
    pub fn tell_over(&mut self, id: SocketId) {
        self.sockets.tell_over(id);
    }
}

impl Sockets {
    fn set_aside(&mut self, place: u32) -> Result<(), SocketError> {
        let socket = self.table.get_mut(place).ok_or(SocketError::NotASocket)?;
        if std::mem::replace(&mut socket.aside, true) {
            return Err(SocketError::AlreadyConnected);
        }
        // What no program was told yet is the app's to find out.
        (socket.told, socket.news) = (false, Readiness::default());
        Ok(())
    }
}
