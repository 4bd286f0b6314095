"""Benchmarks: keystead, moto's server and a bare server of the same stack, each as a ratio inside one run."""
