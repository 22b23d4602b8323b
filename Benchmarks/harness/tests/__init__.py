"""Tests of what the harness computes; `python3 -m unittest discover -s Benchmarks/harness/tests -t Benchmarks`."""
