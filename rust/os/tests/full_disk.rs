//! A capture onto a disk that gets full: the failure is told, and what is there can be read.
#![allow(clippy::unwrap_used)]
use std::path::Path;
use std::process::Command;
use usernet_core::action::parse;
use usernet_core::app::{AppError, ErrorKind};
use usernet_os::{Run, capture};

/// Puts a disk of one MiB there, for this thread alone; whether the system allows it.
fn mount_small_disk(at: &Path) -> bool {
    // SAFETY: the call takes no pointer; only this thread changes its view of the disks.
    let alone = unsafe { libc::unshare(libc::CLONE_NEWNS) } == 0;
    let run = |program: &str, words: &[&str]| {
        let run = Command::new(program).args(words).arg(at).status();
        run.is_ok_and(|status| status.success())
    };
    alone
        && Command::new("mount")
            .args(["--make-rprivate", "/"])
            .status()
            .is_ok_and(|status| status.success())
        && run("mount", &["-t", "tmpfs", "-o", "size=1m", "none"])
}

fn failure_of_a_capture(path: &Path) -> (String, AppError) {
    let run = Run::simulated(1);
    let actions = format!(
        r#"[{{"do":"start","name":"a","app":{{"app":"source","size":1500}}}},
            {{"do":"start","name":"w","app":{{"app":"pcap_writer","path":{path:?},"interfaces":["eth0"]}}}},
            {{"do":"link","link":"a.tx -> w.eth0"}}]"#
    );
    run.apply(&parse(&actions).unwrap()).unwrap();
    loop {
        run.advance(run.now() + 1_000_000).unwrap();
        if let Some(failure) = run.failure() {
            run.stop();
            return failure;
        }
    }
}

#[test]
fn a_full_disk_is_told_and_leaves_a_whole_capture() {
    let at = std::env::temp_dir().join(format!("usernet-small-disk-{}", std::process::id()));
    std::fs::create_dir(&at).unwrap();
    let inner = at.clone();
    let outcome = std::thread::spawn(move || {
        if !mount_small_disk(&inner) {
            eprintln!("skipped: a small disk needs root; run the tests in `unshare -Urnm`");
            return None;
        }
        let path = inner.join("capture.pcapng");
        let (name, error) = failure_of_a_capture(&path);
        Some((name, error, std::fs::read(path).unwrap()))
    });
    let outcome = outcome.join().unwrap();
    std::fs::remove_dir(&at).unwrap();
    let Some((name, error, file)) = outcome else {
        return;
    };
    assert_eq!((name.as_str(), error.kind), ("w", ErrorKind::Capture));
    assert!(error.message.contains("No space left"), "{error}");
    let records = capture::parse(&file).unwrap();
    assert!(file.len() <= 1 << 20 && records.len() > 600);
}
