"""Measures what the worker costs beside others that do the same work; `Benchmarks/run` starts it."""
