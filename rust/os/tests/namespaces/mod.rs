//! Network namespaces of a test's own: each is a thread that lives in it, and goes with it.
use std::process::Command;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

type Work = Box<dyn FnOnce() + Send>;

/// A network namespace.
pub(crate) struct Namespace {
    works: Option<Sender<Work>>,
    thread: Option<JoinHandle<()>>,
    /// The thread's number, by which `ip` knows the namespace.
    #[allow(dead_code, reason = "not every test moves interfaces")]
    pub(crate) task: i32,
}

impl Namespace {
    /// A new one; nothing, and a line that says why, where the system forbids it.
    pub(crate) fn new() -> Option<Self> {
        let (works, queue) = channel::<Work>();
        let (entered, answer) = channel();
        let thread = std::thread::spawn(move || {
            // SAFETY: the calls take no pointer; only this thread changes its namespace.
            let task = unsafe {
                (libc::unshare(libc::CLONE_NEWNET) == 0)
                    .then(|| libc::syscall(libc::SYS_gettid) as i32)
            };
            entered.send(task).unwrap();
            queue.into_iter().for_each(|work| work());
        });
        let Some(task) = answer.recv().unwrap() else {
            eprintln!("skipped: a namespace needs root; run the tests in `unshare -Urn`");
            return None;
        };
        let namespace = Self {
            works: Some(works),
            thread: Some(thread),
            task,
        };
        namespace.ip("link set lo up");
        Some(namespace)
    }

    /// Does something inside.
    pub(crate) fn within<R: Send + 'static>(&self, work: impl FnOnce() -> R + Send + 'static) -> R {
        let (reply, answer) = channel();
        let work = Box::new(move || reply.send(work()).unwrap());
        self.works.as_ref().unwrap().send(work).unwrap();
        answer.recv().unwrap()
    }

    /// Runs `ip` inside, and fails where it does.
    pub(crate) fn ip(&self, words: &str) {
        assert!(self.try_ip(words), "ip {words}");
    }

    /// Runs `ip` inside; whether it did.
    pub(crate) fn try_ip(&self, words: &str) -> bool {
        let words: Vec<String> = words.split(' ').map(String::from).collect();
        self.within(move || Command::new("ip").args(words).status().unwrap().success())
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        self.works = None;
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
