"""How long from publishing a request until its event arrives, at light load and at half of what can be sustained.

One process publishes and takes the events, so that one clock times both; what is published late counts as late. Between
publisher and event lie two commits of the broker's quorum queues and one sync of the worker. The C reference shows how
much of it is broker and disk; the disk's own sync, of as many bytes, is measured in the same minute.
"""

import json
from dataclasses import dataclass

from harness.bench import Bench, say
from harness.broker import INTAKE_EXCHANGE, REPORT_QUEUE
from harness.contenders import REFERENCE, WORKER, Contender, fresh_job
from harness.programs import lines
from harness.results import Goal, Part

_LIGHT_RATE = 20
_LIGHT_SECONDS, _QUICK_LIGHT_SECONDS = 20, 5
_HALF_SECONDS, _QUICK_HALF_SECONDS = 10, 3
_ROUNDS, _QUICK_ROUNDS = 3, 1
# Connections, code and caches are warm after these.
_WARM_UP = 50
# Under way at once while it is asked what can be sustained: more than a worker's prefetch.
_WINDOW = 2048
_SUSTAINED_MESSAGES = 30_000
_SYNCS = 300
# Above the disk's own sync, in milliseconds.
_GOAL = 3.0


@dataclass(frozen=True)
class _Load:
    p50: float
    p99: float
    rate: float


def run(bench: Bench, part: Part) -> None:
    quick = bench.options.is_quick
    rounds = _QUICK_ROUNDS if quick else _ROUNDS
    part.settings = {"lightRate": _LIGHT_RATE, "rounds": rounds}
    syncs: list[dict[str, float]] = []
    light: dict[str, list[_Load]] = {WORKER.name: [], REFERENCE.name: []}
    sustained: dict[str, list[_Load]] = {WORKER.name: [], REFERENCE.name: []}
    half: dict[str, list[_Load]] = {WORKER.name: [], REFERENCE.name: []}
    for number in range(rounds):
        syncs.append(bench.sync(bench.event_bytes, _SYNCS))
        for contender in (REFERENCE, WORKER):
            found = _measure(bench, contender, quick)
            for loads, load in zip((light, sustained, half), found):
                loads[contender.name].append(load)
            say(f"  round {number + 1}, {contender.title}: p50 {found[0].p50:.2f} ms at {_LIGHT_RATE} a second, "
                f"{found[2].p50:.2f} ms at {found[2].rate:.0f} a second")
    part.add("disk: append and fdatasync, p50", "ms", [sync["p50"] for sync in syncs])
    part.add("disk: append and fdatasync, p99", "ms", [sync["p99"] for sync in syncs])
    for contender in (WORKER, REFERENCE):
        _add(part, f"{_LIGHT_RATE} a second: {contender.title}", light[contender.name])
    above = [load.p50 - sync["p50"] for load, sync in zip(light[WORKER.name], syncs)]
    part.add(f"{_LIGHT_RATE} a second: worker's p50 above the disk's", "ms", above, Goal(at_most=_GOAL))
    for contender in (WORKER, REFERENCE):
        rates = [load.rate for load in sustained[contender.name]]
        part.add(f"sustained while events are taken: {contender.title}", "messages/s", rates)
    for contender in (WORKER, REFERENCE):
        _add(part, f"half of that: {contender.title}", half[contender.name])


def _add(part: Part, name: str, loads: list[_Load]) -> None:
    part.add(f"{name}, p50", "ms", [load.p50 for load in loads])
    part.add(f"{name}, p99", "ms", [load.p99 for load in loads])


def _measure(bench: Bench, contender: Contender, quick: bool) -> tuple[_Load, _Load, _Load]:
    """At light load, as much as can be sustained, and half of that."""
    job = fresh_job(bench, bench.broker.quorum, 0)
    first = 0

    def drive(count: int, pace: str, value: int) -> _Load:
        nonlocal first
        program = [bench.probe, "drive", job.host.url, INTAKE_EXCHANGE, "request", bench.requests_file, REPORT_QUEUE]
        *_, last = lines([*program, str(first), str(count), pace, str(value)])
        first += count
        found = json.loads(last)
        return _Load(found["p50"], found["p99"], found["count"] / found["seconds"])

    with contender.start(job) as program:
        drive(_WARM_UP, "window", 1)
        light = drive(_LIGHT_RATE * (_QUICK_LIGHT_SECONDS if quick else _LIGHT_SECONDS), "rate", _LIGHT_RATE)
        sustained = drive(min(_SUSTAINED_MESSAGES, bench.options.messages), "window", _WINDOW)
        rate = max(1, round(sustained.rate / 2))
        half = drive(rate * (_QUICK_HALF_SECONDS if quick else _HALF_SECONDS), "rate", rate)
        contender.finish(program)
    return light, sustained, half
