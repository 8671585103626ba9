"""Benches: usernet beside its peers, in one run, so that the ratio holds on any machine."""
