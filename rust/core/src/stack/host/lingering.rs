//! Connections that linger in TIME-WAIT: so many at most, and then the oldest goes, or a host that
//! opens thousands a second would hold those of a whole minute.
use super::sockets::Sockets;

/// As Linux's `tcp_max_tw_buckets` of a machine with little memory: here each is a whole connection.
const MOST: usize = 8192;

impl Sockets {
    /// A connection that no program has any more lingers from now on.
    pub(super) fn linger(&mut self, place: u32) {
        let id = self.table.id(place);
        if let Some(stream) = self.stream(place) {
            stream.lingers = true;
            self.lingering.push_back(id);
        }
        if self.lingering.len() > MOST {
            self.forget_oldest();
        }
    }

    /// The oldest goes, if it is there still: its time may be over, or a younger one has its place.
    fn forget_oldest(&mut self) {
        let oldest = self.lingering.pop_front();
        if let Some(place) = oldest.and_then(|id| self.table.place(id)) {
            self.remove(place);
        }
    }
}
