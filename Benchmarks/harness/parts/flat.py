"""Whether the memory of one worker stays the same over many requests: it is looked at once a second."""

import json
from dataclasses import dataclass

from harness.bench import Bench, say
from harness.broker import INTAKE_EXCHANGE, REPORT_QUEUE
from harness.contenders import WORKER, fresh_job
from harness.programs import Program, lines
from harness.results import Goal, Part

# Requests under way at once: more than the worker's prefetch, so that it never waits for the publisher.
_WINDOW = 4096
# Lines of the table.
_STEPS = 10
_MEGABYTE = 1e6
_GOAL = Goal(at_most=64.0)


def run(bench: Bench, part: Part) -> None:
    count = bench.options.flat_messages
    part.settings = {"messages": count}
    job = fresh_job(bench, bench.broker.quorum, 0)
    samples: list[_Sample] = []
    found: dict[str, float] = {}
    with WORKER.start(job) as program:
        drive = [bench.probe, "drive", job.host.url, INTAKE_EXCHANGE, "request", bench.requests_file, REPORT_QUEUE]
        for line in lines([*drive, "0", str(count), "window", str(_WINDOW)]):
            if line.startswith("received "):
                samples.append(_sample(program, int(line.split()[1])))
                if len(samples) % 60 == 0:
                    say(f"  {samples[-1].requests} requests, {samples[-1].resident:.0f} MB")
            else:
                found = json.loads(line)
        samples.append(_sample(program, count))
        WORKER.finish(program)
    part.add("requests through one worker", "messages", count)
    part.add("rate", "messages/s", found["count"] / found["seconds"])
    for step in range(1, _STEPS + 1):
        wanted = count * step // _STEPS
        sample = next(sample for sample in samples if sample.requests >= wanted)
        note = f"of which its own: {sample.own:.1f} MB"
        part.add(f"resident after {sample.requests:,} requests", "MB", sample.resident, note=note)
    part.add("resident, first second", "MB", samples[0].resident, note=f"of which its own: {samples[0].own:.1f} MB")
    part.add("resident, at most", "MB", max(sample.resident for sample in samples), _GOAL)
    part.add("its own, at most", "MB", max(sample.own for sample in samples), note="without the program and libraries")
    tenth = count // _STEPS
    first = [sample.own for sample in samples if sample.requests <= tenth] or [samples[0].own]
    last = [sample.own for sample in samples if sample.requests >= count - tenth]
    part.add("its own, at most in the first tenth", "MB", max(first))
    part.add("its own, at most in the last tenth", "MB", max(last))


@dataclass(frozen=True)
class _Sample:
    requests: int
    resident: float
    own: float


def _sample(program: Program, requests: int) -> _Sample:
    return _Sample(requests, program.resident_bytes() / _MEGABYTE, program.own_bytes() / _MEGABYTE)
