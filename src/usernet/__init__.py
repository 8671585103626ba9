"""The network as a library."""
