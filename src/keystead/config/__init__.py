"""Settings: what can be set, where it comes from, and which source wins."""
