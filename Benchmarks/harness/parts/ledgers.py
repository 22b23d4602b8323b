"""What the size of a ledger costs: starting a worker on it, knowing repeats, verifying, listing, reporting.

A ledger begins with requests that went through a worker, so that these are its oldest records; made-up ones follow, up
to the size. Files were read just before: what a cold disk adds is not in it.
"""

import http.client
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path

from harness.bench import Bench, say, wait_until
from harness.broker import DEAD_LETTER_QUEUE, REPORT_QUEUE, REQUEST_QUEUE
from harness.programs import Failure, Program, TooLarge, run as run_helper
from harness.results import Goal, Part

_ROUNDS = 3
# A command that takes longer than this is run once.
_LONG_SECONDS = 30.0
_COMMAND_SECONDS = 1800
_READY_SECONDS = 900
_STOP_SECONDS = 120
_MOST_REPEATS = 20_000
_MEGABYTE = 1e6
_MICROSECONDS = 1e6
_LARGE = 1_000_000
# Whoever needs more is ended, before the machine has none left for anybody.
_MOST_BYTES = 8_000_000_000
_NAMES = {10_000: "10 thousand", 1_000_000: "a million", 10_000_000: "10 million"}

_START_GOAL = Goal(at_most=1.0)
_MEMORY_GOAL = Goal(at_most=64.0)
# Of MB a second; below a million records the time is that of starting a process.
_VERIFY_GOAL = Goal(at_least=300.0)
# "About a second".
_REPORT_GOAL = Goal(at_most=1.5)


def run(bench: Bench, part: Part) -> None:
    part.settings = {"records": list(bench.options.sizes), "rounds": _ROUNDS}
    for size in bench.options.sizes:
        say(f"  making a ledger of {size} records")
        _Ledger(bench, part, size).measure()


class _Ledger:
    def __init__(self, bench: Bench, part: Part, size: int) -> None:
        self._bench, self._part, self._size = bench, part, size
        self._name = _NAMES.get(size, f"{size:,}")
        self._repeats = min(size // 2, _MOST_REPEATS)
        self._directory = bench.place / "ledger"
        self._environment = bench.worker_environment(bench.broker.quorum, self._directory)

    def measure(self) -> None:
        shutil.rmtree(self._directory, ignore_errors=True)
        try:
            self._make()
            try:
                self._measure_start()
                self._measure_repeats()
            except TooLarge as failure:
                say(f"  {self._name} records: {failure}")
                self._add("memory until ready, at most", "MB", [], _MEMORY_GOAL, str(failure))
            self._measure_commands()
        finally:
            shutil.rmtree(self._directory, ignore_errors=True)

    def _add(self, name: str, unit: str, values: list[float] | float, goal: Goal | None = None, note: str = "") -> None:
        self._part.add(f"{self._name} records: {name}", unit, values, goal, note)

    def _make(self) -> None:
        host = self._bench.broker.quorum
        self._bench.broker.purge(host, REQUEST_QUEUE, REPORT_QUEUE, DEAD_LETTER_QUEUE)
        self._bench.fill(host, 0, self._repeats)
        self._bench.detainer(["worker", "run", "--exit-when-idle", "1"], _COMMAND_SECONDS, self._environment)
        self._bench.broker.purge(host, REPORT_QUEUE)
        maker = [self._bench.tools / "LedgerMaker", self._directory, str(self._size - self._repeats), "1"]
        run_helper(maker, _COMMAND_SECONDS)
        self._bench.detainer(["ledger", "index"], _COMMAND_SECONDS, self._environment)

    def _worker(self) -> tuple[Program, Callable[[], bool]]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        program = Program(
            [self._bench.binary, "worker", "run"],
            self._bench.place / "log",
            {**self._environment, "DETAINER_HEALTH_PORT": str(port)},
            self._bench.repository,
        )

        def is_ready() -> bool:
            if program.has_ended():
                raise Failure(f"the worker ended:\n{program.last_lines()}")
            program.bound_memory(_MOST_BYTES)
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            try:
                connection.request("GET", "/ready")
                return connection.getresponse().status == http.HTTPStatus.OK
            except OSError:
                return False
            finally:
                connection.close()

        return program, is_ready

    def _measure_start(self) -> None:
        seconds: list[float] = []
        memory: list[float] = []
        own: list[float] = []
        while len(seconds) < _ROUNDS and sum(seconds) < _LONG_SECONDS:
            begin = time.monotonic()
            program, is_ready = self._worker()
            with program:
                wait_until(is_ready, _READY_SECONDS, "a worker became ready")
                seconds.append(time.monotonic() - begin)
                memory.append(program.peak_bytes() / _MEGABYTE)
                own.append(program.own_bytes() / _MEGABYTE)
                program.stop(_STOP_SECONDS)
        self._add("start until ready", "s", seconds, _START_GOAL if self._size >= _LARGE else None)
        self._add("memory until ready, at most", "MB", memory, _MEMORY_GOAL)
        self._add("its own when ready", "MB", own, note="without the program and libraries")

    def _measure_repeats(self) -> None:
        """The oldest requests come again: each is known, recorded nowhere and acknowledged."""
        host = self._bench.broker.quorum
        self._bench.fill(host, 0, self._repeats)
        program, is_ready = self._worker()
        with program:
            looks: list[tuple[float, int, float]] = []
            for change in self._bench.watch(host, REQUEST_QUEUE, 0, _READY_SECONDS):
                if program.has_ended():
                    raise Failure(f"the worker ended:\n{program.last_lines()}")
                if change.messages < self._repeats and (not looks or change.messages == 0):
                    looks.append((change.at, change.messages, program.processor_seconds()))
            wait_until(is_ready, _READY_SECONDS, "the worker was ready")
            memory = program.peak_bytes() / _MEGABYTE
            program.stop(_STOP_SECONDS)
        for queue in (REQUEST_QUEUE, REPORT_QUEUE, DEAD_LETTER_QUEUE):
            self._bench.expect(host, queue, 0)
        (begin, waited, used_before), (end, left, used_after) = looks[0], looks[-1]
        done = waited - left
        if done <= 0:
            raise Failure(f"{self._repeats} repeats are too few to time")
        self._add("repeats of the oldest", "messages/s", done / (end - begin), note="none recorded, none announced")
        self._add("repeats of the oldest", "µs/message", (used_after - used_before) * _MICROSECONDS / done)
        self._add("memory while repeats come, at most", "MB", memory, _MEMORY_GOAL)

    def _timed(self, arguments: list[str]) -> list[tuple[float, float]]:
        """Seconds and megabytes of each round; none where the command grew too large."""
        found: list[tuple[float, float]] = []
        output = self._bench.place / "output"
        try:
            while len(found) < _ROUNDS and sum(seconds for seconds, _ in found) < _LONG_SECONDS:
                begin = time.monotonic()
                with Program(
                    [self._bench.binary, *arguments], output, self._environment, self._bench.repository
                ) as program:
                    used = program.wait(_COMMAND_SECONDS, most_bytes=_MOST_BYTES)
                found.append((time.monotonic() - begin, used.peak_bytes / _MEGABYTE))
        except TooLarge as failure:
            say(f"  {self._name} records: {failure}")
            return []
        finally:
            output.unlink(missing_ok=True)
        return found

    def _measure_commands(self) -> None:
        megabytes = sum(file.stat().st_size for file in _segments(self._directory)) / _MEGABYTE
        self._add("size of the segments", "MB", megabytes)
        one_year = ["--year", "2020"]
        ten_years = ["--from", "2016-01-01", "--to", "2025-12-31"]
        for name, arguments, goal in (
            ("ledger verify", ["ledger", "verify"], None),
            ("ledger list", ["ledger", "list"], None),
            ("report annual, one year of ten", ["report", "annual", *one_year], _REPORT_GOAL),
            ("report annual, all ten years", ["report", "annual", *ten_years], None),
        ):
            found = self._timed([*arguments, "--format", "json"])
            note = "" if found else f"ended when it had {_MOST_BYTES / _MEGABYTE:,.0f} MB"
            if name == "ledger verify":
                rates = [megabytes / seconds for seconds, _ in found]
                self._add(name, "MB/s", rates, _VERIFY_GOAL if self._size >= _LARGE else None, note)
            self._add(name, "s", [seconds for seconds, _ in found], goal, note)
            self._add(f"{name}, memory", "MB", [memory for _, memory in found], note=note)


def _segments(directory: Path) -> list[Path]:
    return list(directory.glob("*/segment-*.jsonl"))
