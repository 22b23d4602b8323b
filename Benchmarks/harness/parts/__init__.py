"""The parts of the benchmarks, in the order in which they run; each measures one thing and returns rows."""
