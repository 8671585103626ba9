"""Keys made and derived, against RFC 7748 and, where it is installed, wg(8)."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from usernet import _core
from usernet.config.keys import PresharedKey, PrivateKey, PublicKey
from usernet.engine import keys


def private(text: str) -> PrivateKey:
    return PrivateKey(bytes.fromhex(text))


def test_public_keys_are_the_rfcs() -> None:
    alice = private("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
    bob = private("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
    assert keys.public_key(alice).hex() == (
        "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
    )
    assert keys.public_key(bob).hex() == (
        "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
    )


def test_a_private_key_has_the_fixed_bits_and_is_no_other() -> None:
    made = {keys.generate() for _ in range(64)}
    assert len(made) == 64
    assert {(bytes(key)[0] & 7, bytes(key)[31] >> 6) for key in made} == {(0, 1)}


def test_a_preshared_key_is_no_other() -> None:
    made = {keys.generate_preshared() for _ in range(64)}
    assert len(made) == 64
    assert all(isinstance(key, PresharedKey) for key in made)


@pytest.mark.skipif(shutil.which("wg") is None, reason="wireguard-tools are not installed")
def test_wg_derives_the_same_public_key() -> None:
    key = keys.generate()
    told = subprocess.run(
        ["wg", "pubkey"], input=key.reveal(), capture_output=True, text=True, check=True
    )
    assert PublicKey.parse(told.stdout.strip()) == keys.public_key(key)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_the_core_takes_no_key_of_another_length(length: int) -> None:
    with pytest.raises(ValueError, match="a key has 32 bytes"):
        _core.public_key(bytes(length))
