"""Pools of workers on one queue of one machine, whose cores they share with the broker."""

from harness import statistics
from harness.bench import Bench, say
from harness.contenders import WORKER
from harness.results import Part
from harness.rounds import measure

_POOLS = (1, 2, 4)
_MEGABYTE = 1e6


def run(bench: Bench, part: Part) -> None:
    part.settings = {"messages": bench.options.messages, "rounds": bench.options.rounds}
    found = {workers: [] for workers in _POOLS}
    for number in range(bench.options.rounds):
        for workers in _POOLS:
            one = measure(bench, bench.broker.quorum, WORKER, bench.options.messages, pool=workers)
            found[workers].append(one)
            say(f"  round {number + 1}, workers: {workers}, {one.rate:.0f} a second")
    for workers, rounds in found.items():
        rates = [one.rate for one in rounds]
        name = f"pool of {workers}"
        part.add(f"{name}: throughput", "messages/s", rates)
        part.add(f"{name}: processor time", "µs/message", [one.processor_microseconds for one in rounds])
        part.add(f"{name}: memory of the largest", "MB", max(one.peak_bytes for one in rounds) / _MEGABYTE)
        if workers > 1:
            alone = [one.rate for one in found[1]]
            part.add(f"{name}: throughput of one worker's", "×", statistics.ratios(rates, alone))
