"""libpcap's compiler, by ctypes."""

from __future__ import annotations

import ctypes.util

import pytest

from usernet.engine.filters import compile_filter
from usernet.engine.libpcap import compiled
from usernet.errors import ConfigError


def test_a_program_or_what_is_wrong() -> None:
    assert compiled("", ethernet=True) == ((0x06, 0, 0, 262_144),)
    assert compiled("udp port foo", ethernet=True) == "unknown port 'foo'"
    assert "syntax error" in str(compiled("port", ethernet=False))


def test_a_system_without_libpcap_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from usernet.engine import libpcap  # noqa: PLC0415 - its cache is emptied around this test

    def missing(name: str) -> None:
        assert name == "pcap"

    libpcap._libpcap.cache_clear()
    libpcap.compiled.cache_clear()
    monkeypatch.setattr(ctypes.util, "find_library", missing)
    with pytest.raises(ConfigError, match="apt-get install libpcap"):
        compile_filter("udp")
    libpcap._libpcap.cache_clear()
    libpcap.compiled.cache_clear()
