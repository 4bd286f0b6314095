"""The webhook: what happens to access requests, posted to one address, signed, until it is taken."""
