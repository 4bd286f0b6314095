"""Shapes of the AWS APIs as Python types: generated TypedDicts and error classes, and what declares an operation."""
