"""keystead: a self-hosted, AWS-wire-compatible authority for machine credentials."""

__version__ = "0.1.0"
