"""Files seen as others, and folders seen as empty, on a machine with systemd-resolved."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.root

MACHINE = """
set -e
mount -t tmpfs tmpfs /mnt
mkdir /mnt/etc
ln -s ../run/systemd/resolve/stub-resolv.conf /mnt/etc/resolv.conf
echo machine > /mnt/etc/hosts
mount --bind /mnt/etc /etc
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/resolve /run/nscd
echo machine > /run/systemd/resolve/stub-resolv.conf
touch /run/systemd/resolve/io.systemd.Resolve /run/nscd/socket /run/other
"$1" -c "$2"
cat /etc/resolv.conf /etc/hosts
ls /run/systemd/resolve
mountpoint -q /run/systemd/resolve || echo unmounted
"""

INSIDE = """
import os
from pathlib import Path
from usernet.sandbox import mounts
from usernet.sandbox.system_calls import NEW_MOUNTS, unshare
unshare(NEW_MOUNTS)
mounts.keep_to_oneself()
hidden = ["/run/systemd/resolve", "/run/nscd", "/run/un-such"]
files = {"/etc/resolv.conf": "inside\\n", "/etc/hosts": "inside\\n", "/etc/un-such": "x"}
mounts.hide(hidden)
mounts.replace(files, hidden)
for file in ("/etc/resolv.conf", "/etc/hosts"):
    print(Path(file).read_text(), end="")
print(os.listdir("/run/systemd/resolve"), os.listdir("/run/nscd"), Path("/run/other").exists())
print(Path("/etc/un-such").exists(), os.path.ismount("/tmp"), os.path.ismount("/mnt"), flush=True)
"""


def test_inside_they_differ_and_outside_nothing_does() -> None:
    words = ["unshare", "--mount", "sh", "-c", MACHINE, "sh", sys.executable, INSIDE]
    ran = subprocess.run(words, capture_output=True, text=True, check=False, timeout=30)
    assert ran.stderr == ""
    assert ran.stdout.splitlines() == [
        "inside",
        "inside",
        "['stub-resolv.conf'] [] True",
        "False False True",
        "machine",
        "machine",
        "io.systemd.Resolve",
        "stub-resolv.conf",
        "unmounted",
    ]
