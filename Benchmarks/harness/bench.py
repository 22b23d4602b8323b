"""What every part of the benchmarks works with: programs, broker, disk, settings of this run."""

import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import requests
from harness.broker import INTAKE_EXCHANGE, REPORT_QUEUE, Broker, VirtualHost
from harness.programs import Failure, lines, run

# What worker.prefetch is where nobody sets it; every rival gets the same.
PREFETCH = 512
_HELPER_SECONDS = 300
_FILL_SECONDS = 1200


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Options:
    """What the command line says about how long to measure."""

    rounds: int
    messages: int
    flat_messages: int
    sizes: tuple[int, ...]
    letters: int
    is_quick: bool


@dataclass(frozen=True)
class Change:
    """A look at a queue: when, in seconds of the monotonic clock, and how many messages waited."""

    at: float
    messages: int


class Bench:
    def __init__(
        self, repository: Path, place: Path, tools: Path, binary: Path, broker: Broker, options: Options
    ) -> None:
        self.repository, self.place, self.tools = repository, place, tools
        self.binary, self.broker, self.options = binary, broker, options
        self.probe = tools / "probe"
        self.requests_file = place / "requests.jsonl"
        self.request_bytes = requests.write(self.requests_file)
        self._event_bytes: int | None = None

    def fill(self, host: VirtualHost, first: int, count: int) -> None:
        """Puts requests into the queue, each confirmed."""
        run(
            [self.probe, "fill", host.url, INTAKE_EXCHANGE, "request", self.requests_file, str(first), str(count)],
            _FILL_SECONDS,
        )

    def watch(self, host: VirtualHost, queue: str, until: int, seconds: int) -> Iterator[Change]:
        """Looks at a queue until so many messages wait there; fails when that takes longer."""
        for line in lines([self.probe, "watch", host.url, queue, str(until), str(seconds)]):
            at, messages = line.split()
            yield Change(int(at) / 1e9, int(messages))

    def expect(self, host: VirtualHost, queue: str, count: int) -> None:
        for _ in self.watch(host, queue, count, seconds=20):
            pass

    def sync(self, size: int, count: int) -> dict[str, float]:
        """What appending so many bytes and `fdatasync` take on the ledgers' disk: p50, p99, max in milliseconds."""
        file = self.place / "sync"
        try:
            return json.loads(run([self.probe, "sync", file, str(size), str(count)], _HELPER_SECONDS))
        finally:
            file.unlink(missing_ok=True)

    def worker_environment(self, host: VirtualHost, ledger: Path, name: str = "worker-1") -> dict[str, str]:
        return {
            "DETAINER_BROKER_URL": host.url,
            "DETAINER_LEDGER_DIRECTORY": str(ledger),
            "DETAINER_WORKER_NAME": name,
            "DETAINER_POLICY_ALLOW_UNAPPROVED": "yes",
            # A worker refuses classic queues; what they would cost is measured all the same.
            "DETAINER_WORKER_UNSAFE_START": "yes" if host.kind == "classic" else "no",
        }

    def detainer(self, arguments: list[str], seconds: float, environment: dict[str, str] | None = None) -> str:
        return run([self.binary, *arguments], seconds, environment)

    @property
    def event_bytes(self) -> int:
        """How large the worker's own events of these requests are; the rivals' are made as large."""
        if self._event_bytes is None:
            host, ledger = self.broker.quorum, self.place / "sample"
            self.fill(host, 0, 1)
            environment = self.worker_environment(host, ledger)
            self.detainer(["worker", "run", "--exit-when-idle", "1"], _HELPER_SECONDS, environment)
            self._event_bytes = int(run([self.probe, "peek", host.url, REPORT_QUEUE], _HELPER_SECONDS))
            self.broker.purge(host, REPORT_QUEUE)
        return self._event_bytes


def machine(broker: Broker, place: Path) -> dict[str, Any]:
    processor = "unknown"
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            processor = line.partition(":")[2].strip()
            break
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": processor,
        "memoryBytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "kernel": platform.release(),
        "rabbitmq": broker.version(),
        "filesystem": _filesystem(place),
    }


def _filesystem(place: Path) -> str:
    """The type of the file system that holds a directory: of all mount points above it, the longest."""
    best, kind = "", "unknown"
    for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines():
        _, point, found, *_ = line.split()
        if place.is_relative_to(point) and len(point) >= len(best):
            best, kind = point, found
    return kind


def wait_until(condition: Callable[[], bool], seconds: float, what: str, interval: float = 0.002) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Failure(f"{what}: not within {seconds:.0f} s")
        time.sleep(interval)
