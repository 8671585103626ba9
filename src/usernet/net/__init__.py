"""Networks: the graph that a user builds, and what runs and watches it."""
