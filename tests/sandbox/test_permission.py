"""What forbids a network of one's own: found in a copy of what the kernel shows."""

import errno
from pathlib import Path

import pytest

from usernet.sandbox.permission import may_without_user_namespace, refusal

EPERM = PermissionError(errno.EPERM, "Operation not permitted", "unshare")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine that forbids nothing."""
    status(tmp_path, "0")
    setting(tmp_path, "user.max_user_namespaces", "15000")
    return tmp_path


def status(root: Path, seccomp: str, capabilities: str = "0000000000000000") -> None:
    folder = root / "proc/self"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "status").write_text(f"Name:\tx\nCapEff:\t{capabilities}\nSeccomp:\t{seccomp}\n")


def setting(root: Path, name: str, value: str) -> None:
    file = root.joinpath("proc/sys", *name.split("."))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{value}\n")


@pytest.mark.parametrize(
    ("name", "value", "command"),
    [
        ("kernel.unprivileged_userns_clone", "0", "sysctl -w kernel.unprivileged_userns_clone=1"),
        ("user.max_user_namespaces", "0", "sysctl -w user.max_user_namespaces=15000"),
        ("user.max_net_namespaces", "0", "sysctl -w user.max_net_namespaces=15000"),
        (
            "kernel.apparmor_restrict_unprivileged_userns",
            "1",
            "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        ),
    ],
)
def test_a_setting_is_named_with_what_would_allow_it(
    root: Path, name: str, value: str, command: str
) -> None:
    setting(root, name, value)
    said = str(refusal(EPERM, root))
    assert said.startswith(f"{name} = {value} forbids")
    assert said.endswith(command)
    assert "\n" not in said


def test_settings_that_allow_are_not_named(root: Path) -> None:
    setting(root, "kernel.unprivileged_userns_clone", "1")
    setting(root, "kernel.apparmor_restrict_unprivileged_userns", "0")
    said = str(refusal(EPERM, root))
    assert "sysctl" not in said
    assert "unshare: Operation not permitted" in said


def test_a_filter_of_system_calls_is_named(root: Path) -> None:
    status(root, "2")
    said = str(refusal(EPERM, root))
    assert "seccomp" in said
    assert "--security-opt" in said


@pytest.mark.parametrize(
    ("number", "word"), [(errno.ENOSPC, "as many"), (errno.ENOSYS, "CONFIG_USER_NS")]
)
def test_the_kernels_own_limits_are_told_apart(root: Path, number: int, word: str) -> None:
    assert word in str(refusal(OSError(number, "text", "unshare"), root))


@pytest.mark.parametrize(
    ("capabilities", "may"),
    [
        ("000001ffffffffff", True),
        ("0000000000201000", True),
        ("0000000000200000", False),
        ("0000000000001000", False),
        ("0000000000000000", False),
    ],
)
def test_both_capabilities_are_needed_to_do_without(
    root: Path, capabilities: str, may: bool
) -> None:
    status(root, "0", capabilities)
    assert may_without_user_namespace(root) is may
