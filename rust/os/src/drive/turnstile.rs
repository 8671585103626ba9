//! The turnstile: a lock that whoever let go of it cannot take again before those who wait. The
//! standard mutex has no such rule: a thread that lets go for a moment has it again before another
//! one has woken up.
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

/// A lock with a gate before it: who waits for the lock stands in the gate, so that nobody else
/// comes to the lock meanwhile.
pub(crate) struct Turnstile<T> {
    gate: Mutex<()>,
    inside: Mutex<T>,
    waiting: AtomicU32,
}

impl<T> Turnstile<T> {
    pub(crate) fn new(inside: T) -> Self {
        Self {
            gate: Mutex::default(),
            inside: Mutex::new(inside),
            waiting: AtomicU32::new(0),
        }
    }

    /// Goes in when it is one's turn.
    pub(crate) fn enter(&self) -> MutexGuard<'_, T> {
        self.try_enter().unwrap_or_else(|| self.wait())
    }

    /// Goes in if nobody is inside, and nobody waits.
    #[inline]
    pub(crate) fn try_enter(&self) -> Option<MutexGuard<'_, T>> {
        let _gate = open(self.gate.try_lock())?;
        open(self.inside.try_lock())
    }

    /// Lets those in who wait, if there are any, and goes in again.
    #[inline]
    pub(crate) fn pass<'a>(&'a self, inside: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        if self.waiting.load(Ordering::Relaxed) == 0 {
            return inside;
        }
        drop(inside);
        self.enter()
    }

    #[cold]
    fn wait(&self) -> MutexGuard<'_, T> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        let inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        drop(gate);
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        inside
    }
}

type Tried<'a, T> = Result<MutexGuard<'a, T>, TryLockError<MutexGuard<'a, T>>>;

/// What a panic left behind is looked at by whoever comes next.
fn open<T>(tried: Tried<'_, T>) -> Option<MutexGuard<'_, T>> {
    match tried {
        Ok(inside) => Some(inside),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn one_at_a_time() {
        let turnstile = Turnstile::new(0_u32);
        let inside = turnstile.enter();
        assert!(turnstile.try_enter().is_none());
        drop(inside);
        assert_eq!(*turnstile.enter(), 0);
    }

    #[test]
    fn whoever_waits_comes_in_although_another_goes_in_again_at_once() {
        // The busy one never sleeps; on one core only the turnstile lets the others run.
        let turnstile = Turnstile::new(0_u32);
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut inside = turnstile.enter();
                while !done.load(Ordering::Relaxed) {
                    inside = turnstile.pass(inside);
                }
            });
            for _ in 0..1000 {
                *turnstile.enter() += 1;
            }
            done.store(true, Ordering::Relaxed);
        });
        assert_eq!(*turnstile.enter(), 1000);
    }

    #[test]
    fn a_lock_left_by_a_panic_can_be_entered() {
        let turnstile = Turnstile::new(7_u32);
        let panicked = std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                let _inside = turnstile.enter();
                panic!("on purpose");
            });
            thread.join().is_err()
        });
        assert!(panicked);
        assert_eq!(*turnstile.enter(), 7);
    }
}
