"""Keys: read as wg(8) reads them, equal by their bytes, and never shown where they are secret."""

from __future__ import annotations

import base64
import pickle
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usernet.config.keys import PresharedKey, PrivateKey, PublicKey
from usernet.errors import ConfigError

Kind = type[PrivateKey] | type[PresharedKey] | type[PublicKey]
KINDS: tuple[Kind, ...] = (PrivateKey, PresharedKey, PublicKey)
SECRET: tuple[type[PrivateKey] | type[PresharedKey], ...] = (PrivateKey, PresharedKey)
# RFC 7748, 6.1: Alice's keys.
PRIVATE = bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
TEXT = base64.b64encode(PRIVATE).decode()


@given(st.binary(min_size=32, max_size=32))
def test_text_and_bytes_are_the_same_key(key: bytes) -> None:
    text = base64.b64encode(key).decode()
    assert PrivateKey.parse(text).reveal() == text
    assert PresharedKey.parse(text).reveal() == text
    assert str(PublicKey.parse(text)) == text
    for kind in KINDS:
        assert bytes(kind.parse(text)) == key
        assert kind.parse(text).hex() == key.hex()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "text",
    [
        "",
        TEXT[:-1],
        TEXT + "=",
        TEXT + "\n",
        " " + TEXT,
        TEXT[:42] + "r=",  # bits behind the last byte
        TEXT[:20] + "-" + TEXT[21:],  # the alphabet of addresses on the web
        TEXT[:20] + "é" + TEXT[21:],
        PRIVATE.hex(),
    ],
)
def test_what_is_no_key_is_refused_and_not_shown(kind: Kind, text: str) -> None:
    with pytest.raises(ConfigError, match="no key") as told:
        kind.parse(text, "interface.private_key")
    shown = "".join(traceback.format_exception(told.value))
    assert str(told.value).startswith("interface.private_key: no key: 32 bytes as base64")
    assert not text or text not in str(told.value)
    assert TEXT[:18] not in shown
    assert told.value.value is None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_key_has_32_bytes(kind: Kind, length: int) -> None:
    with pytest.raises(ConfigError, match="no key: 32 bytes"):
        kind(bytes(length))


@pytest.mark.parametrize("kind", SECRET)
def test_a_secret_is_hidden_however_it_is_shown(
    kind: type[PrivateKey] | type[PresharedKey],
) -> None:
    key = kind(PRIVATE)
    hidden = f"{kind.__name__}(hidden)"
    assert [str(key), repr(key), f"{key}", f"{key!r}", "%s" % key] == [hidden] * 5  # noqa: UP031
    assert hidden in repr({"key": [key]})


def test_a_public_key_is_shown() -> None:
    key = PublicKey(PRIVATE)
    assert str(key) == TEXT
    assert repr(key) == f"PublicKey('{TEXT}')"


@pytest.mark.parametrize("kind", KINDS)
def test_keys_of_the_same_bytes_and_kind_are_equal(kind: Kind) -> None:
    one, same, other = kind(PRIVATE), kind(bytes(bytearray(PRIVATE))), kind(bytes(32))
    assert (one == same, hash(one) == hash(same), one != other) == (True, True, True)
    assert {one: 1}[same] == 1
    assert one != PRIVATE
    assert all(one != another(PRIVATE) for another in KINDS if another is not kind)
    assert pickle.loads(pickle.dumps(one)) == one
