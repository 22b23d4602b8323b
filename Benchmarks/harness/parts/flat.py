"""Whether the memory of one worker stays the same over many requests: it is looked at once a second."""

import json

from harness.bench import Bench, say
from harness.broker import INTAKE_EXCHANGE, REPORT_QUEUE
from harness.contenders import WORKER, fresh_job
from harness.programs import lines
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
    samples: list[tuple[int, float]] = []
    found: dict[str, float] = {}
    with WORKER.start(job) as program:
        drive = [bench.probe, "drive", job.host.url, INTAKE_EXCHANGE, "request", bench.requests_file, REPORT_QUEUE]
        for line in lines([*drive, "0", str(count), "window", str(_WINDOW)]):
            if line.startswith("received "):
                samples.append((int(line.split()[1]), program.resident_bytes() / _MEGABYTE))
                if len(samples) % 60 == 0:
                    say(f"  {samples[-1][0]} requests, {samples[-1][1]:.0f} MB")
            else:
                found = json.loads(line)
        samples.append((count, program.resident_bytes() / _MEGABYTE))
        WORKER.finish(program)
    memory = [megabytes for _, megabytes in samples]
    part.add("requests through one worker", "messages", count)
    part.add("rate", "messages/s", found["count"] / found["seconds"])
    for step in range(1, _STEPS + 1):
        wanted = count * step // _STEPS
        at, megabytes = next(sample for sample in samples if sample[0] >= wanted)
        part.add(f"resident after {at} requests", "MB", megabytes)
    part.add("resident, first second", "MB", memory[0])
    part.add("resident, last", "MB", memory[-1])
    part.add("resident, at most", "MB", max(memory), _GOAL)
