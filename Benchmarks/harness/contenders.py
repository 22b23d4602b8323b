"""Who does the same work: the worker itself, and the rivals of `Benchmarks/rivals`.

Each gets the same queue, prefetch, disk and requests, and keeps the same promise: append, `fdatasync` a batch, publish
persistent and mandatory, wait for confirms, acknowledge last.
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from harness.bench import PREFETCH, Bench
from harness.broker import OUTCOME_EXCHANGE, REPORT_QUEUE, REQUEST_QUEUE, ROUTING_KEY, VirtualHost
from harness.programs import Failure, Program, run

_SUBMIT_SECONDS = 1200
_END_SECONDS = 60
_VERIFY_SECONDS = 600


@dataclass(frozen=True)
class Job:
    """So many requests of one virtual host, recorded in a fresh directory."""

    bench: Bench
    host: VirtualHost
    directory: Path
    count: int

    @property
    def file(self) -> Path:
        return self.directory / "outcomes"


class Contender:
    """One who does the work; what differs from one to the other."""

    name: str
    title: str
    # What of the work it does, for whoever reads the table.
    does: str
    source_queue = REQUEST_QUEUE

    def submit(self, job: Job) -> None:
        job.bench.fill(job.host, 0, job.count)

    def start(self, job: Job) -> Program:
        raise NotImplementedError

    def finish(self, program: Program) -> None:
        program.stop(_END_SECONDS)

    def recorded(self, job: Job) -> int:
        """How many outcomes its files hold."""
        with job.file.open("rb") as file:
            return sum(1 for _ in file)


class Worker(Contender):
    name, title = "detainer", "detainer worker"
    does = "reads strictly, decides, pseudonyms, Merkle tree, pipelined"

    def __init__(self, worker_name: str = "worker-1") -> None:
        self._worker_name = worker_name

    def start(self, job: Job) -> Program:
        environment = job.bench.worker_environment(job.host, job.directory / "ledger", self._worker_name)
        log = job.directory / f"log-{self._worker_name}"
        return Program([job.bench.binary, "worker", "run"], log, environment, job.bench.repository)

    def recorded(self, job: Job) -> int:
        ledger = ["--ledger", str(job.directory / "ledger")]
        verified = json.loads(job.bench.detainer(["ledger", "verify", "--format", "json", *ledger], _VERIFY_SECONDS))
        if verified["conflicts"] or verified["problems"] or verified["repeats"]:
            raise Failure(f"the worker's ledger is not in order: {verified}")
        return verified["outcomes"]


class Rival(Contender):
    """A program of its own with the arguments that the C reference names."""

    def start(self, job: Job) -> Program:
        arguments = [job.host.url, REQUEST_QUEUE, OUTCOME_EXCHANGE, ROUTING_KEY, job.file]
        arguments += [str(PREFETCH), str(job.bench.event_bytes)]
        return Program([job.bench.tools / self.name / "worker", *arguments], job.directory / "log", {})


class Reference(Rival):
    name, title = "c", "C, librabbitmq"
    does = "neither reads nor decides: appends the body; one batch after the other"


class Go(Rival):
    name, title = "go", "Go, amqp091-go"
    does = "encoding/json, decides; two goroutines, pipelined"


class Pika(Rival):
    name, title = "pika", "Python, pika"
    does = "json, decides; one event loop, one batch after the other"


class Celery(Contender):
    name, title = "celery", "Python, Celery"
    does = "json, decides; a task, a sync and a confirm each; four processes a core"
    source_queue = "rival.celery"
    # Its tasks wait for disk and broker most of the time: four a core did more than one, two or eight a core.
    processes = 4 * len(os.sched_getaffinity(0))

    def _environment(self, job: Job) -> dict[str, str]:
        return {
            "RIVAL_URL": job.host.url,
            "RIVAL_QUEUE": self.source_queue,
            "RIVAL_EXCHANGE": OUTCOME_EXCHANGE,
            "RIVAL_ROUTING_KEY": ROUTING_KEY,
            "RIVAL_FILE": str(job.file),
            "RIVAL_PREFETCH": str(PREFETCH),
            "RIVAL_PROCESSES": str(self.processes),
            "RIVAL_EVENT_BYTES": str(job.bench.event_bytes),
        }

    def submit(self, job: Job) -> None:
        program = [job.bench.tools / "celery/submit", job.bench.requests_file, str(job.count)]
        run(program, _SUBMIT_SECONDS, self._environment(job))

    def start(self, job: Job) -> Program:
        return Program([job.bench.tools / "celery/worker"], job.directory / "log", self._environment(job))

WORKER, REFERENCE, GO, PIKA, CELERY = Worker(), Reference(), Go(), Pika(), Celery()
ALL = [WORKER, REFERENCE, GO, PIKA, CELERY]


def fresh_job(bench: Bench, host: VirtualHost, count: int) -> Job:
    """A job with empty queues and an empty directory on the disk where the others' are."""
    directory = bench.place / "job"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    bench.broker.purge(host, REQUEST_QUEUE, REPORT_QUEUE)
    return Job(bench, host, directory, count)
