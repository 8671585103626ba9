"""Real: the rows that are measured with real packets, in a network namespace of their own."""
