//! Chance, as the system gives it (getrandom(2)).
use usernet_core::wireguard::Entropy;

/// Bytes that nobody can guess.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

impl Entropy for System {
    /// Waits until the system has gathered enough, which it has once it is up.
    fn fill(&mut self, bytes: &mut [u8]) {
        let mut left = bytes;
        while !left.is_empty() {
            // SAFETY: `left` has room for as many bytes as are asked for.
            let got = unsafe { libc::getrandom(left.as_mut_ptr().cast(), left.len(), 0) };
            // It fails where a signal came, and on kernels that do not have it: none that runs this.
            left = &mut left[usize::try_from(got).unwrap_or(0)..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_draws_are_alike() {
        let (mut one, mut other) = ([0; 600], [0; 600]);
        System.fill(&mut one);
        System.fill(&mut other);
        assert!(one != other && one[300..] != [0; 300]);
    }
}
