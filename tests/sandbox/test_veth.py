"""A veth pair in place of a TUN device: the interface, and its end."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.root

PAIR = """
import os, subprocess, sys
from usernet.sandbox.veth import make_veth

def show():
    print(subprocess.check_output(["ip", "-json", "link"], text=True).strip(), flush=True)

end = make_veth("un0", 1400, "02:00:00:00:00:07")
show()
try:
    make_veth("un0", 1400, "02:00:00:00:00:07")
except OSError as error:
    print(error, flush=True)
os.close(end)
while os.path.exists("/proc/sys/net/ipv4/conf/un0"):
    os.sched_yield()
show()
"""


def test_the_other_end_is_elsewhere_and_the_interface_goes_with_it() -> None:
    words = ["unshare", "--net", sys.executable, "-c", PAIR]
    ran = subprocess.run(words, capture_output=True, text=True, check=False, timeout=30)
    assert ran.stderr == ""
    first, problem, last = ran.stdout.splitlines()
    lo, own = json.loads(first)
    assert lo["ifname"] == "lo"
    assert (own["ifname"], own["mtu"], own["address"]) == ("un0", 1400, "02:00:00:00:00:07")
    assert problem == "[Errno 17] File exists: 'veth'"
    assert [one["ifname"] for one in json.loads(last)] == ["lo"]
