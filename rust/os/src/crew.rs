//! Threads that seal and open a tunnel's messages beside the engine's own. They have nothing of the tunnel
//! but the messages of one batch, and that only while the engine's thread waits for it and does its share.
//!
//! A worker that has done something looks for more for a moment before it sleeps: to be woken takes longer
//! than most batches.
use crate::clock;
use crate::thread;
use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use usernet_core::time::{MICROSECOND, Nanos};
use usernet_core::wireguard::{Crew, Task};

/// How many tasks one takes at a time: a few microseconds' worth.
const TAKEN: usize = 4;
/// How long a worker looks for more before it sleeps: as long as it takes to be woken.
const LOOKS: Nanos = 50 * MICROSECOND;
/// How often the engine's thread looks whether all have finished, before it sleeps.
const TURNS: u32 = 2000;

/// The tasks of one batch. They are the engine's thread's, which does not go on before it has taken them back.
#[derive(Clone, Copy)]
struct Batch {
    tasks: *mut Task<'static>,
    count: usize,
}

// SAFETY: tasks may be done by any thread (`Task` is `Send`), and no two threads get the same one.
unsafe impl Send for Batch {}

#[derive(Default)]
struct Board {
    /// What is to be done, while anybody may join in.
    batch: Option<Batch>,
    sleeping: usize,
    ended: bool,
}

#[derive(Default)]
struct Shared {
    board: Mutex<Board>,
    /// There is a batch, or the end.
    news: Condvar,
    /// Nobody is at work any more.
    done: Condvar,
    /// How many batches there were.
    posted: AtomicU64,
    /// The first task that nobody has taken.
    next: AtomicUsize,
    /// How many workers are at work.
    busy: AtomicUsize,
}

impl Shared {
    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does tasks until all are taken.
    fn work(&self, batch: Batch) {
        loop {
            let start = self.next.fetch_add(TAKEN, Ordering::Relaxed);
            if start >= batch.count {
                return;
            }
            for place in start..batch.count.min(start + TAKEN) {
                // SAFETY: the place is within the batch, whose tasks live until it is taken back, and nobody
                // else is given this number.
                unsafe { &mut *batch.tasks.add(place) }.run();
            }
        }
    }

    fn post(&self, batch: Batch) {
        self.next.store(0, Ordering::Relaxed);
        let mut board = self.board();
        board.batch = Some(batch);
        self.posted.fetch_add(1, Ordering::Release);
        let sleeping = board.sleeping;
        drop(board);
        if sleeping > 0 {
            self.news.notify_all();
        }
    }

    /// Waits until nobody is at work any more, and nobody joins in.
    fn take_back(&self) {
        self.board().batch = None;
        for _ in 0..TURNS {
            if self.busy.load(Ordering::Acquire) == 0 {
                return;
            }
            std::hint::spin_loop();
        }
        let mut board = self.board();
        while self.busy.load(Ordering::Acquire) > 0 {
            let waited = self.done.wait(board);
            board = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Joins in with what is to be done, if something is.
    fn join_in(&self) {
        let board = self.board();
        if let Some(batch) = board.batch {
            self.busy.fetch_add(1, Ordering::Relaxed);
            drop(board);
            let _leaves = Leaves(self);
            self.work(batch);
        }
    }

    /// Waits for another batch than the one of this number, looking at first; which it is, or nothing at the
    /// end.
    fn wait(&self, seen: u64) -> Option<u64> {
        let until = clock::now() + LOOKS;
        while self.posted.load(Ordering::Acquire) == seen && clock::now() < until {
            std::hint::spin_loop();
        }
        let mut board = self.board();
        while self.posted.load(Ordering::Acquire) == seen && !board.ended {
            board.sleeping += 1;
            let waited = self.news.wait(board);
            board = waited.unwrap_or_else(PoisonError::into_inner);
            board.sleeping -= 1;
        }
        (!board.ended).then(|| self.posted.load(Ordering::Acquire))
    }

    fn run(&self) {
        let mut seen = 0;
        while let Some(posted) = self.wait(seen) {
            seen = posted;
            self.join_in();
        }
    }
}

/// A worker that leaves, whatever it leaves by.
struct Leaves<'a>(&'a Shared);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        if self.0.busy.fetch_sub(1, Ordering::AcqRel) == 1 {
            // Under the lock, so that whoever is about to wait has either seen it or is waiting.
            let _board = self.0.board();
            self.0.done.notify_all();
        }
    }
}

/// A batch is taken back, whatever ends the share of who posted it.
struct TakesBack<'a>(&'a Shared);

impl Drop for TakesBack<'_> {
    fn drop(&mut self) {
        self.0.take_back();
    }
}

/// Workers, until it is dropped.
pub(crate) struct Workers {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts so many threads.
    ///
    /// # Errors
    /// The system has no thread left.
    pub(crate) fn start(count: usize) -> io::Result<Self> {
        let mut workers = Self {
            shared: Arc::default(),
            threads: Vec::with_capacity(count),
        };
        for _ in 0..count {
            let shared = Arc::clone(&workers.shared);
            let thread = Builder::new().name("usernet-crew".into());
            let thread = thread.spawn(move || {
                thread::settle(false);
                shared.run();
            });
            workers.threads.push(thread?);
        }
        Ok(workers)
    }
}

impl Crew for Workers {
    fn share(&mut self, tasks: &mut [Task<'_>]) {
        let batch = Batch {
            tasks: tasks.as_mut_ptr().cast(),
            count: tasks.len(),
        };
        self.shared.post(batch);
        let _taken_back = TakesBack(&self.shared);
        self.shared.work(batch);
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.shared.board().ended = true;
        self.shared.news.notify_all();
        // A panic of a worker has been told already; its tasks were done by others.
        self.threads
            .drain(..)
            .for_each(|thread| drop(thread.join()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, SocketAddr};
    use usernet_core::packet::Pool;
    use usernet_core::rng::Stream;
    use usernet_core::wireguard::{Ahead, Arrival, Device, Identity, PeerSpec, PrivateKey};

    const THERE: ([u8; 4], u16) = ([192, 0, 2, 1], 1);

    /// A device whose packets inside are all from and to the other.
    fn device(own: u8, pool: &mut Pool, workers: usize) -> Device {
        let chance = Box::new(Stream::new(own.into(), "crew"));
        let identity = Identity::new(PrivateKey::new([own; 32]));
        let mut device = Device::new(identity, 1420, 0, chance);
        let spec = PeerSpec {
            endpoint: Some(SocketAddr::from(THERE)),
            allowed: vec![(IpAddr::from([0; 4]), 0)],
            ..PeerSpec::default()
        };
        let peer = PrivateKey::new([3 - own; 32]).public();
        assert!(device.set_peer(peer, &spec, pool, 0));
        if workers > 0 {
            device.set_crew(Box::new(Workers::start(workers).unwrap()));
        }
        device
    }

    fn send(device: &mut Device, pool: &mut Pool, len: u16) {
        let mut packet = pool.packet(len.into()).unwrap();
        let bytes = packet.bytes_mut();
        bytes.fill(len as u8);
        bytes[0] = 0x45;
        bytes[2..4].copy_from_slice(&len.to_be_bytes());
        assert!(device.send_with_others(packet, pool, 0).is_ok());
    }

    /// What was sent, and what came out.
    type Said = (Vec<Vec<u8>>, Vec<Vec<u8>>);

    /// What a device has to send, which the other hears at once: that, and what came out.
    fn carry(from: &mut Device, to: &mut Device, pool: &mut Pool) -> Said {
        let mut out = Vec::new();
        from.take_outgoing(&mut out);
        let sealed: Vec<_> = out.iter().map(|one| one.packet.bytes().to_vec()).collect();
        let (mut ahead, arrival) = (Vec::new(), Arrival::from(SocketAddr::from(THERE)));
        to.open_ahead(
            out.iter_mut().map(|one| one.packet.bytes_mut()),
            &mut ahead,
            0,
        );
        let mut ahead = ahead.into_iter();
        let mut came = Vec::new();
        for mut one in out {
            let ahead = ahead.next().unwrap_or(Ahead::Sealed);
            let inner = to.hear(one.packet.bytes_mut(), arrival, ahead, pool, 0);
            came.extend(inner.map(|(inner, _)| one.packet.bytes()[inner].to_vec()));
            pool.free(one.packet);
        }
        (sealed, came)
    }

    /// All that two devices sent and heard, in batches of each of these sizes.
    fn transcript(workers: usize, sizes: &[u16]) -> Vec<Said> {
        let mut pool = Pool::default();
        let mut one = device(1, &mut pool, workers);
        let mut other = device(2, &mut pool, workers);
        send(&mut one, &mut pool, 40);
        let mut said = Vec::new();
        for _ in 0..2 {
            said.push(carry(&mut one, &mut other, &mut pool));
            said.push(carry(&mut other, &mut one, &mut pool));
        }
        for &count in sizes {
            (0..count).for_each(|more| send(&mut one, &mut pool, 1000 + more));
            said.push(carry(&mut one, &mut other, &mut pool));
        }
        assert_eq!(pool.lent(), 0);
        said
    }

    #[test]
    fn workers_say_and_hear_what_one_thread_does() {
        let sizes: Vec<u16> = (1..200).map(|number| number * 37 % 120).collect();
        let alone = transcript(0, &sizes);
        let came: usize = alone.iter().map(|(_, came)| came.len()).sum();
        assert_eq!(
            came,
            1 + sizes.iter().map(|size| usize::from(*size)).sum::<usize>()
        );
        for workers in [1, 3] {
            assert!(transcript(workers, &sizes) == alone, "{workers} workers");
        }
    }

    #[test]
    fn workers_end_with_the_device_whether_they_sleep_or_not() {
        drop(Workers::start(2).unwrap());
        assert_eq!(transcript(2, &[100]).len(), 5);
    }
}
