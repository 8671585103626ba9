//! Whether all threads of the machine that want a core have one, as the kernel says it.
use std::fs::File;
use std::os::unix::fs::FileExt;

/// What has been asked, over and over: how many threads run or want to (`/proc/loadavg`, proc(5)).
#[derive(Debug)]
pub(crate) struct Crowd {
    /// None where the system does not say.
    file: Option<File>,
    cores: u64,
}

impl Crowd {
    /// Where the system says nothing, or has one core for us, there is never room.
    pub(crate) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
        let file = (cores > 1).then(|| File::open("/proc/loadavg"));
        let file = file.and_then(Result::ok);
        Self { file, cores }
    }

    /// Whether there is a core for each, the one who asks included. It takes about 2 µs.
    pub(crate) fn has_room(&self) -> bool {
        let mut text = [0; 64];
        let read = self.file.as_ref().map(|file| file.read_at(&mut text, 0));
        let said = read.and_then(Result::ok).map(|len| &text[..len]);
        said.and_then(running).is_some_and(|all| all <= self.cores)
    }
}

/// The threads that run or want to: before the slash in `0.20 0.18 0.12 1/80 11206`.
fn running(loadavg: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(loadavg).ok()?;
    let (running, _) = text.split(' ').nth(3)?.split_once('/')?;
    running.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_stands_before_the_slash() {
        assert_eq!(running(b"0.20 0.18 0.12 1/80 11206\n"), Some(1));
        assert_eq!(running(b"10.00 9.00 8.00 12/345 6\n"), Some(12));
        assert_eq!(running(b"0.20 0.18 0.12 1"), None);
        assert_eq!(running(b""), None);
    }

    #[test]
    fn there_is_no_room_where_more_run_than_there_are_cores_or_nobody_says() {
        let said = |cores, file| Crowd { file, cores }.has_room();
        let loadavg = || File::open("/proc/loadavg").ok();
        assert!(said(u64::MAX, loadavg()));
        assert!(!said(0, loadavg()));
        assert!(!said(u64::MAX, None));
    }
}
