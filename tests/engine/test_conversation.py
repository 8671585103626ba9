"""Conversations: written and read as the core has them."""

from __future__ import annotations

import socket

from usernet.engine.conversation import Conversation

TCP, UDP = socket.IPPROTO_TCP, socket.IPPROTO_UDP


def test_a_conversation_is_written_as_the_core_has_it() -> None:
    for conversation in (
        Conversation(TCP, ("192.0.2.1", 80), ("192.0.2.2", 81)),
        Conversation(UDP, ("2001:db8::1", 80), ("::1", 0)),
    ):
        assert Conversation.from_core(conversation.to_core()) == conversation
    assert Conversation(UDP, ("::1", 1), ("::2", 2)).to_core()["local"] == "[::1]:1"
