"""Programs that are measured: started, bounded, looked at from outside, and gone at the end."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_POLL_SECONDS = 0.005
_KILL_SECONDS = 10
_NANOSECONDS = 1e9


class Failure(Exception):
    """Something could not be measured; the text is for whoever runs the benchmarks."""


class TooLarge(Failure):
    """A program needed more memory than it may, and was ended before it took that of the whole machine."""


@dataclass(frozen=True)
class Usage:
    """What a program and the children that it waited for used, from start to end."""

    processor_seconds: float
    peak_bytes: int


def _parents() -> dict[int, int]:
    parents = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                fields = Path(entry.path, "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
            except OSError:  # It ended meanwhile.
                continue
            parents[int(entry.name)] = int(fields.split()[1])
    return parents


def _family(leader: int) -> list[int]:
    parents, family = _parents(), [leader]
    for member in family:
        family += [pid for pid, parent in parents.items() if parent == member]
    return family


def processor_seconds(pid: int) -> float:
    """Of all threads of a process, those that ended too: the clock that clock_getcpuclockid(3) names."""
    return time.clock_gettime_ns((~pid << 3) | 2) / _NANOSECONDS


def _processor_seconds_so_far(pid: int) -> float:
    try:
        return processor_seconds(pid)
    except OSError:  # It ended meanwhile.
        return 0.0


def _status_bytes(pid: int, name: str) -> int:
    """What a process holds; one that has just ended holds nothing."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    # A zombie has no such line.
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(name + ":")), 0)


class Program:
    """A program in a session of its own; leaving its `with` ends it and all it started."""

    def __init__(
        self, arguments: Sequence[str | Path], log: Path, environment: Mapping[str, str], directory: Path | None = None
    ) -> None:
        self.name = Path(arguments[0]).name
        self.log = log
        self._usage: Usage | None = None
        self._code: int | None = None
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [str(argument) for argument in arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment},
                cwd=directory,
                start_new_session=True,
            )
        self.pid = self._process.pid

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def processor_seconds(self) -> float:
        """So far, with all descendants that live."""
        return sum(map(_processor_seconds_so_far, _family(self.pid)))

    def resident_bytes(self) -> int:
        return _status_bytes(self.pid, "VmRSS")

    def own_bytes(self) -> int:
        """Of what is resident, what no file holds: without the program's text and its libraries, which the processes of
        a machine share."""
        return _status_bytes(self.pid, "RssAnon")

    def peak_bytes(self) -> int:
        return sum(_status_bytes(pid, "VmHWM") for pid in _family(self.pid))

    def has_ended(self) -> bool:
        if self._usage is None:
            pid, status, used = os.wait4(self.pid, os.WNOHANG)
            if pid == 0:
                return False
            self._code = self._process.returncode = os.waitstatus_to_exitcode(status)
            self._usage = Usage(used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)
        return True

    def bound_memory(self, most_bytes: int) -> None:
        """Fails where it holds more than that just now."""
        if not self.has_ended() and self.resident_bytes() > most_bytes:
            raise TooLarge(f"{self.name} was ended when it had {most_bytes / 1e9:.0f} GB")

    def wait(self, seconds: float, codes: Sequence[int] = (0,), most_bytes: int | None = None) -> Usage:
        """Until it ends by itself; fails when it does not in time, or with another exit code, or grows too large."""
        deadline = time.monotonic() + seconds
        while not self.has_ended():
            if most_bytes is not None:
                self.bound_memory(most_bytes)
            if time.monotonic() > deadline:
                raise Failure(f"{self.name} still runs after {seconds:.0f} s:\n{self.last_lines()}")
            time.sleep(_POLL_SECONDS)
        assert self._usage
        if self._code not in codes:
            raise Failure(f"{self.name} ended with {self._code}:\n{self.last_lines()}")
        return self._usage

    def stop(self, seconds: float, codes: Sequence[int] = (0,)) -> Usage:
        if not self.has_ended():
            os.kill(self.pid, signal.SIGTERM)
        return self.wait(seconds, codes)

    def kill(self) -> None:
        if not self.has_ended():
            # It leads a process group of its own.
            os.killpg(self.pid, signal.SIGKILL)
            self.wait(_KILL_SECONDS, codes=(-signal.SIGKILL, 0))

    def last_lines(self) -> str:
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])


def run(arguments: Sequence[str | Path], seconds: float, environment: Mapping[str, str] | None = None) -> str:
    """Runs a helper to its end, and returns what it printed; what goes wrong is a failure."""
    text = [str(argument) for argument in arguments]
    try:
        done = subprocess.run(
            text,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**os.environ, **(environment or {})},
            timeout=seconds,
            text=True,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Failure(f"{' '.join(text[:3])} still runs after {seconds:.0f} s") from error
    if done.returncode != 0:
        raise Failure(f"{' '.join(text[:3])} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def lines(arguments: Sequence[str | Path]) -> Iterator[str]:
    """Runs a helper that bounds itself, and gives its lines as they come."""
    process = subprocess.Popen(
        [str(argument) for argument in arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout and process.stderr
    try:
        for line in process.stdout:
            yield line.rstrip("\n")
        errors = process.stderr.read()
        if process.wait(_KILL_SECONDS) != 0:
            raise Failure(errors.strip() or f"{arguments[0]} ended with {process.returncode}")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(_KILL_SECONDS)
        process.stdout.close()
        process.stderr.close()
