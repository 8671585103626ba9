"""Permission: what forbids a network of one's own, and what would allow it."""

from __future__ import annotations

import errno
from pathlib import Path

from usernet.errors import PrivilegeError

__all__ = ["may_without_user_namespace", "refusal"]

_SYS_ADMIN, _NET_ADMIN = 1 << 21, 1 << 12
"""CAP_SYS_ADMIN and CAP_NET_ADMIN of linux/capability.h."""
_FILTERED = "2"
"""A filter judges system calls (Seccomp in proc_pid_status(5))."""
_ROOT = Path("/")
_SETTINGS = (
    ("kernel.unprivileged_userns_clone", "0", "1"),
    ("user.max_user_namespaces", "0", "15000"),
    ("user.max_net_namespaces", "0", "15000"),
    ("user.max_mnt_namespaces", "0", "15000"),
    ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
)
"""A setting, what forbids, and what would allow."""


def may_without_user_namespace(root: Path = _ROOT) -> bool:
    """Whether this process may make networks as it is: real root, mostly."""
    both = _SYS_ADMIN | _NET_ADMIN
    return _capabilities(root) & both == both


def refusal(error: OSError, root: Path = _ROOT) -> PrivilegeError:
    """What forbade it, in one line; what would allow it is in there.

    Args:
        error: What the kernel said.
        root: Where proc and etc are.
    """
    for setting, forbids, allows in _SETTINGS:
        if _setting(setting, root) == forbids:
            problem = f"{setting} = {forbids} forbids user namespaces, and a network needs one"
            return PrivilegeError(problem, grant=f"sudo sysctl -w {setting}={allows}")
    return PrivilegeError(*_unnamed(error, root))


def _unnamed(error: OSError, root: Path) -> tuple[str]:
    """What forbade it, where no setting says so."""
    if error.errno == errno.ENOSPC:
        limit = (
            "there are as many user namespaces inside each other, or in all, as the kernel allows"
        )
        return (f"{limit} (user.max_user_namespaces; 32 inside each other)",)
    if error.errno in {errno.ENOSYS, errno.EINVAL}:
        return ("this kernel has no user namespaces (CONFIG_USER_NS); root needs none",)
    if _status(root).get("Seccomp") == _FILTERED:
        return (
            "a seccomp filter forbids user namespaces, as containers have it; allow it with: "
            "docker run --security-opt seccomp=unconfined, or --cap-add SYS_ADMIN as root",
        )
    if error.filename == "uid_map":
        return (
            "root without CAP_SETFCAP may not be itself in a user namespace (since Linux 5.12); "
            "run it as another user, or with: docker run --cap-add SETFCAP",
        )
    where = f"{error.filename}: " if error.filename else ""
    return (
        f"the system forbids a network of its own ({where}{error.strerror}); "
        "a chroot, or a security module, may be the reason; root needs no user namespace",
    )


def _capabilities(root: Path) -> int:
    return int(_status(root).get("CapEff", "0"), 16)


def _setting(name: str, root: Path) -> str | None:
    try:
        return root.joinpath("proc/sys", *name.split(".", 1)).read_text().strip()
    except OSError:
        return None


def _status(root: Path) -> dict[str, str]:
    lines = root.joinpath("proc/self/status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}
