//! What a device has done by a crew: it opens what has come before each message has its turn, and seals what
//! leaves when all of it has its numbers.
use super::Device;
use crate::packet::{Packet, Pool};
use crate::time::Nanos;
use crate::wireguard::crew::{Ahead, Crew, Task, is_worth, share};
use crate::wireguard::message::{Message, TRANSPORT_HEADER};
use crate::wireguard::peer::Peer;
use crate::wireguard::sealing::When;
use crate::wireguard::surroundings::{Indices, Outgoing};

type Peers = [Option<Box<Peer>>];

impl Device {
    /// Gives it somebody who seals and opens side by side.
    pub fn set_crew(&mut self, crew: Box<dyn Crew>) {
        self.crew = Some(crew);
    }

    /// Whether it has somebody who does.
    #[inline]
    #[must_use]
    pub fn has_crew(&self) -> bool {
        self.crew.is_some()
    }

    /// Opens messages before they are heard, where there is a crew and enough to do, and tells what became of
    /// each, in their order: [`Self::hear`] is to have that with the message. Where it tells nothing, nothing
    /// was opened.
    pub fn open_ahead<'a>(
        &'a mut self,
        messages: impl Iterator<Item = &'a mut [u8]>,
        into: &mut Vec<Ahead>,
        now: Nanos,
    ) {
        into.clear();
        let Some(crew) = self.crew.as_deref_mut() else {
            return;
        };
        let mut tasks = Vec::new();
        for message in messages {
            let (ahead, task) = opening(&self.indices, &self.peers, message, now).unzip();
            into.push(ahead.unwrap_or_default());
            tasks.extend(task);
        }
        if !is_worth(&tasks) {
            return into.clear();
        }
        share(crew, &mut tasks);
        let opened = into.iter_mut().filter_map(Ahead::text);
        let texts = tasks.iter().map(Task::opened);
        opened.zip(texts).for_each(|(place, text)| *place = text);
    }

    /// [`Self::send`] for one of several: with a crew it only gets its number, and is sealed before anything
    /// else is done with its peer, and before they are taken.
    ///
    /// # Errors
    /// The packet, which nobody has taken.
    #[inline]
    pub fn send_with_others(
        &mut self,
        packet: Packet,
        pool: &mut Pool,
        now: Nanos,
    ) -> Result<(), Packet> {
        if self.has_crew() {
            self.when = When::Later;
        }
        let sent = self.send(packet, pool, now);
        self.when = When::Now;
        sent
    }

    /// Takes the datagrams that are to leave, in their order.
    pub fn take_outgoing(&mut self, into: &mut Vec<Outgoing>) {
        self.seal_all();
        into.append(&mut self.out);
    }

    /// Seals all that has its number and is not sealed.
    #[inline]
    pub(super) fn seal_all(&mut self) {
        if !self.unsealed.is_empty()
            && let Some(crew) = self.crew.as_deref_mut()
        {
            let mut tasks = Vec::new();
            let mut unsealed = self.unsealed.drain(..).peekable();
            for (place, outgoing) in self.out.iter_mut().enumerate() {
                if let Some((_, peer)) = unsealed.next_if(|(unsealed, _)| *unsealed == place) {
                    sealings(&self.peers, peer, outgoing, &mut tasks);
                }
            }
            share(crew, &mut tasks);
        }
    }
}

/// The task to open a message, and what it is; nothing where it is not for a session.
fn opening<'a>(
    indices: &Indices,
    peers: &'a Peers,
    message: &'a mut [u8],
    now: Nanos,
) -> Option<(Ahead, Task<'a>)> {
    let Some(Message::Transport { receiver, counter }) = Message::read(message) else {
        return None;
    };
    let peer = indices.owner(receiver)?;
    let session = peers
        .get(peer as usize)?
        .as_ref()?
        .sessions
        .local(receiver)?;
    let task = session.opening(counter, message.get_mut(TRANSPORT_HEADER..)?, now)?;
    let ahead = Ahead::Opened {
        peer,
        session: session.ordinal,
        counter,
        text: None,
    };
    Some((ahead, task))
}

/// The tasks to seal what leaves to a peer. What nobody can seal any more is wiped.
fn sealings<'a>(
    peers: &'a Peers,
    peer: u32,
    outgoing: &'a mut Outgoing,
    tasks: &mut Vec<Task<'a>>,
) {
    let peer = peers.get(peer as usize).and_then(Option::as_ref);
    let session = peer.and_then(|peer| peer.sessions.sender());
    let each = outgoing.segment_size.map_or(usize::MAX, usize::from);
    for message in outgoing.packet.bytes_mut().chunks_mut(each.max(1)) {
        match session {
            Some(session) => tasks.extend(session.sealing(message)),
            None => message.fill(0),
        }
    }
}
