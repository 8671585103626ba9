"""Tunnels: a host behind a WireGuard device, names in it, and the agent that commands share.

Nothing is imported here: a command that asks the agent starts at once.
"""
