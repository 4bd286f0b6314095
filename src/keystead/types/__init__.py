"""Shapes of the AWS APIs as Python types: generated TypedDicts and errors, and how an operation is declared."""
