"""The composition root: builds the authority from its settings and starts and stops it. Sees everything below."""
