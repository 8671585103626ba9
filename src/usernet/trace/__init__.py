"""What was recorded or written down: traces of links, and the named profiles."""
