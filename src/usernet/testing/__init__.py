"""Tests on a simulated network: what `usernet.pytest_plugin` is made of."""
