"""The language of the product: impairments, flows, links, scenarios and their units.

Frozen values, standard library only, no I/O but in `usernet.config.load`. What a user writes
here is text with units; what the values hold is nanoseconds, bytes, bits per second and
probabilities from 0 to 1.
"""
