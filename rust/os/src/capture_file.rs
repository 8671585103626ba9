//! A capture on its way to the disk: chunks of whole blocks, written by a thread of their own, so
//! that a slow disk delays no packet.
use crate::pcapng;
use crate::poll::Event;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::RawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use usernet_core::app::{AppError, ErrorKind};

/// How many chunks wait for the disk.
const WAITING: usize = 32;
/// Captures are read by other programs of other users, as tcpdump's are; the umask says who not.
const MODE: u32 = 0o644;

/// A capture that could not be written.
pub(crate) fn error(path: &Path, what: impl std::fmt::Display) -> AppError {
    // Without the number that Rust adds to what the system says.
    let what = what.to_string();
    let what = what.split(" (os error").next().unwrap_or_default();
    AppError {
        kind: ErrorKind::Capture,
        message: format!("capture {}: {what}", path.display()),
    }
}

/// A file that chunks are written to.
pub(crate) struct CaptureFile {
    chunks: Option<SyncSender<Vec<u8>>>,
    thread: Option<JoinHandle<()>>,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    path: PathBuf,
    /// What is written after everything else.
    last: Mutex<Vec<u8>>,
    failure: OnceLock<AppError>,
    failed: Event,
}

impl State {
    fn last(&self) -> MutexGuard<'_, Vec<u8>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file of which the last is being written. Dropped, it is waited for.
#[derive(Debug)]
pub(crate) struct Ending {
    thread: Option<JoinHandle<()>>,
    state: Arc<State>,
}

impl Ending {
    /// Waits until all is written; what went wrong.
    pub(crate) fn wait(mut self) -> Option<AppError> {
        self.join();
        self.state.failure.get().cloned()
    }

    fn join(&mut self) {
        // The thread does not panic.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.join();
    }
}

impl CaptureFile {
    /// Creates the file, or takes one that is there; it is emptied when the first chunk comes.
    pub(crate) fn create(path: &Path) -> Result<Self, AppError> {
        let failed = |error: io::Error| self::error(path, explain(&error));
        let file = open(path).map_err(failed)?;
        if !file.metadata().map_err(failed)?.is_file() {
            return Err(error(path, "it is no regular file"));
        }
        let state = Arc::new(State {
            path: path.into(),
            last: Mutex::default(),
            failure: OnceLock::new(),
            failed: Event::new().map_err(failed)?,
        });
        let (chunks, waiting) = sync_channel(WAITING);
        let thread_state = Arc::clone(&state);
        let thread = std::thread::Builder::new().name("usernet-capture".into());
        let thread = thread.spawn(move || write_all(file, &waiting, &thread_state));
        Ok(Self {
            chunks: Some(chunks),
            thread: Some(thread.map_err(failed)?),
            state,
        })
    }

    /// Hands a chunk of whole blocks over, and leaves an empty one; where too many wait, it stays.
    pub(crate) fn write(&self, chunk: &mut Vec<u8>) {
        let Some(chunks) = &self.chunks else {
            return;
        };
        if let Err(refused) = chunks.try_send(std::mem::take(chunk)) {
            let (std::sync::mpsc::TrySendError::Full(refused)
            | std::sync::mpsc::TrySendError::Disconnected(refused)) = refused;
            *chunk = refused;
        }
    }

    /// Hands the last chunk over, whatever waits for the disk. The rest is the thread's, and whoever has the time
    /// waits for it.
    pub(crate) fn finish(&mut self, chunk: Vec<u8>) -> Option<Ending> {
        let chunks = self.chunks.take()?;
        *self.state.last() = chunk;
        drop(chunks); // only now: then the thread takes the last
        Some(Ending {
            thread: self.thread.take(),
            state: Arc::clone(&self.state),
        })
    }

    /// What went wrong, if something did.
    pub(crate) fn failure(&self) -> Option<&AppError> {
        self.state.failure.get()
    }

    /// A descriptor that is ready once something went wrong.
    pub(crate) fn failed(&self) -> RawFd {
        self.state.failed.fd()
    }

    /// Takes note of what went wrong: the descriptor is ready no more.
    pub(crate) fn note(&self) {
        self.state.failed.clear();
    }
}

/// No link is followed, so that nobody else's link chooses the file; nothing is waited for.
fn open(path: &Path) -> io::Result<File> {
    let flags = libc::O_NOFOLLOW | libc::O_CLOEXEC | libc::O_NONBLOCK;
    let mut options = OpenOptions::new();
    let options = options.write(true).create(true).truncate(false);
    options.mode(MODE).custom_flags(flags).open(path)
}

fn explain(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::ELOOP) => "it is a symbolic link, which is not followed".into(),
        Some(libc::ENXIO) => "it is no regular file".into(),
        _ => error.to_string(),
    }
}

fn write_all(mut file: File, chunks: &Receiver<Vec<u8>>, state: &State) {
    let mut written = 0;
    let last = std::iter::once_with(|| std::mem::take(&mut *state.last()));
    for chunk in chunks.iter().chain(last) {
        let emptied = if written == 0 {
            file.set_len(0)
        } else {
            Ok(())
        };
        if let Err(problem) = emptied.and_then(|()| write_chunk(&mut file, &chunk, &mut written)) {
            let told = error(&state.path, explain(&problem));
            let _ = state.failure.set(told);
            state.failed.raise();
            return;
        }
    }
}

/// Writes a chunk, or as many of its blocks as can be written whole.
fn write_chunk(file: &mut File, chunk: &[u8], written: &mut u64) -> io::Result<()> {
    let mut done = 0;
    while done < chunk.len() {
        match file.write(&chunk[done..]) {
            Ok(count) if count > 0 => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            failed => {
                *written += pcapng::whole(&chunk[..done]) as u64;
                file.set_len(*written)?;
                return failed.and(Err(io::ErrorKind::WriteZero.into()));
            }
        }
    }
    *written += done as u64;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbolic_link_is_refused() {
        let link = std::env::temp_dir().join(format!("usernet-link-{}", std::process::id()));
        std::os::unix::fs::symlink("/nowhere", &link).unwrap();
        let told = CaptureFile::create(&link).err().unwrap();
        std::fs::remove_file(&link).unwrap();
        assert!(told.message.contains("symbolic link"));
        assert_eq!(told.kind, ErrorKind::Capture);
    }
}
