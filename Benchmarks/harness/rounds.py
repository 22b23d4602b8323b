"""One round of one contender, or of a pool of workers: a filled queue, drained, timed from outside and checked."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from harness.bench import Bench
from harness.broker import REPORT_QUEUE, VirtualHost
from harness.contenders import WORKER, Contender, Job, Worker, fresh_job
from harness.programs import Failure, Program

# The slowest contender does some hundreds a second.
_LEAST_RATE = 100
_EXTRA_SECONDS = 60
_MICROSECONDS = 1e6


@dataclass(frozen=True)
class Round:
    """Of the time from the first event that was seen to the last, so that no start-up is in it."""

    rate: float
    processor_microseconds: float
    broker_microseconds: float
    peak_bytes: int


@dataclass(frozen=True)
class _Look:
    at: float
    events: int
    processor_seconds: float
    broker_seconds: float


def _fail_where_ended(programs: Sequence[Program]) -> None:
    for program in programs:
        if program.has_ended():
            # Says why, where it did not end in order.
            program.wait(0)


def _drain(job: Job, contenders: Sequence[Contender]) -> Round:
    """Starts contenders on a filled queue, follows their events in the report's queue, and waits for their end."""
    programs: list[Program] = []
    looks: list[_Look] = []
    seconds = job.count // _LEAST_RATE + _EXTRA_SECONDS
    with ExitStack() as stack:
        for change in job.bench.watch(job.host, REPORT_QUEUE, job.count, seconds):
            if not programs:
                programs = [stack.enter_context(contender.start(job)) for contender in contenders]
            elif change.messages < job.count:
                _fail_where_ended(programs)
            # The first and the last matter.
            if change.messages > 0 and (not looks or change.messages == job.count):
                used = sum(program.processor_seconds() for program in programs)
                looks.append(_Look(change.at, change.messages, used, job.bench.broker.processor_seconds()))
        peak = max(program.peak_bytes() for program in programs)
        for contender, program in zip(contenders, programs):
            contender.finish(program)
    first, last = looks[0], looks[-1]
    done = last.events - first.events
    if done <= 0:
        raise Failure(f"{job.count} messages are too few to time: all events came between two looks")
    used = last.processor_seconds - first.processor_seconds
    used_by_broker = last.broker_seconds - first.broker_seconds
    return Round(
        done / (last.at - first.at), used * _MICROSECONDS / done, used_by_broker * _MICROSECONDS / done, peak)


def _check(job: Job, contender: Contender) -> None:
    """Everything is recorded once and announced once, and nothing is left; otherwise the figure is worth nothing."""
    recorded = contender.recorded(job)
    if recorded != job.count:
        raise Failure(f"{contender.title} recorded {recorded} of {job.count}")
    job.bench.expect(job.host, REPORT_QUEUE, job.count)
    job.bench.expect(job.host, contender.source_queue, 0)


def measure(bench: Bench, host: VirtualHost, contender: Contender, count: int, pool: int = 1) -> Round:
    """A round; with a pool, by so many workers on one queue, each with a ledger of its own in one directory."""
    job = fresh_job(bench, host, count)
    contender.submit(job)
    bench.expect(host, contender.source_queue, count)
    members = [contender] if pool == 1 else [Worker(f"worker-{number}") for number in range(1, pool + 1)]
    found = _drain(job, members)
    _check(job, WORKER if pool > 1 else contender)
    return found
