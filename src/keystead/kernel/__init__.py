"""The floor everything stands on: time, randomness, names, secrets and errors. Standard library only."""
