"""libpcap's own compiler of filter expressions, by ctypes; libpcap itself never sees a packet."""

from __future__ import annotations

import ctypes
import ctypes.util
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from usernet.errors import ConfigError

if TYPE_CHECKING:
    from usernet.config.apps import Program

__all__ = ["compiled"]

_ETHERNET, _RAW_IP = 1, 12
"""Link types (DLT_EN10MB and DLT_RAW of pcap-linktype(7))."""
_LONGEST_PACKET = 262_144
_NO_NETMASK = 0xFFFFFFFF
_REMEMBERED = 4096
"""Expressions whose programs are kept: of the most flows that there may be, both ways."""


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_ushort),
        ("jt", ctypes.c_ubyte),
        ("jf", ctypes.c_ubyte),
        ("k", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint), ("instructions", ctypes.POINTER(_Instruction)))


@lru_cache(_REMEMBERED)
def compiled(expression: str, *, ethernet: bool) -> Program | str:
    """What libpcap makes of an expression: a program, or what is wrong with it.

    Raises:
        ConfigError: libpcap is not installed.
    """
    pcap = _libpcap()
    handle = pcap.pcap_open_dead(_ETHERNET if ethernet else _RAW_IP, _LONGEST_PACKET)
    program = _Program()
    try:
        if pcap.pcap_compile(handle, ctypes.byref(program), expression.encode(), 1, _NO_NETMASK):
            return str(pcap.pcap_geterr(handle).decode(errors="replace"))
        found = program.instructions[: program.length]
        instructions = tuple((one.code, one.jt, one.jf, one.k) for one in found)
        pcap.pcap_freecode(ctypes.byref(program))
        return instructions
    finally:
        pcap.pcap_close(handle)


@cache
def _libpcap() -> ctypes.CDLL:
    name = ctypes.util.find_library("pcap")
    if name is None:
        install = "install it: apt-get install libpcap0.8"
        raise ConfigError("flows are filtered by libpcap, which is missing", allowed=install)
    pcap = ctypes.CDLL(name)
    pcap.pcap_open_dead.restype = ctypes.c_void_p
    pcap.pcap_geterr.restype = ctypes.c_char_p
    for function in (pcap.pcap_compile, pcap.pcap_geterr, pcap.pcap_close):
        function.argtypes = [ctypes.c_void_p]
    pcap.pcap_compile.argtypes = [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.c_uint32,
    ]
    pcap.pcap_freecode.argtypes = [ctypes.c_void_p]
    pcap.pcap_freecode.restype = pcap.pcap_close.restype = None
    return pcap
