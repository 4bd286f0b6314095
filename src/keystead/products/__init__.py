"""The products: one folder each, found by `discover`. They do not know each other."""
