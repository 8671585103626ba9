"""Proxies: SOCKS 5, HTTP and forwarded ports, into whatever network somebody can dial in.

What is said on the wire is in machines without I/O (`socks5`, `http_message`); the glue reads a
client's words, has them judged, dials, and then lets the client's socket go to whoever carries its
bytes without Python (`usernet.proxy.dialling`).
"""
