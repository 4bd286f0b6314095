"""Proofs that take longer than a test: kills under load, revokes under load.

`make prove` runs them whole; `tests/proofs` runs short, seeded ones. Each is a module with a command line, prints
what it did, and ends with status 1 at the first promise that was broken.
"""
