"""What an operator waits for on a bad night: collecting, listing, planning and replaying dead letters of a kilobyte."""

import json
import re
import shutil
import time
from pathlib import Path

from harness.bench import Bench, say
from harness.broker import DEAD_LETTER_QUEUE, INTAKE_EXCHANGE, REPORT_QUEUE, REQUEST_QUEUE
from harness.programs import Failure, run as run_helper
from harness.results import Goal, Part

_SECONDS = 1800
_GOAL = Goal(at_least=10_000)
_RATE = re.compile(r" sent in .* s, (\d+) a second")


def run(bench: Bench, part: Part) -> None:
    host, letters = bench.broker.quorum, bench.options.letters
    ledger, before, plan = bench.place / "ledger", bench.place / "before", bench.place / "plan.jsonl"
    # All of them are dead letters: that is no wrong deployment here.
    environment = {**bench.worker_environment(host, ledger), "DETAINER_KILL_SWITCH_PERCENT": "101"}
    part.settings = {"letters": letters, "rounds": bench.options.rounds}
    shutil.rmtree(ledger, ignore_errors=True)
    bench.broker.purge(host, REQUEST_QUEUE, REPORT_QUEUE, DEAD_LETTER_QUEUE)
    foreign = bench.place / "foreign.jsonl"
    foreign.write_text(_foreign(bench.repository), encoding="utf-8")
    run_helper([bench.probe, "fill", host.url, INTAKE_EXCHANGE, "request", foreign, "0", str(letters)], _SECONDS)
    bench.detainer(["worker", "run", "--exit-when-idle", "5"], _SECONDS, environment)
    bench.expect(host, DEAD_LETTER_QUEUE, letters)

    def timed(*arguments: str) -> tuple[float, str]:
        begin = time.monotonic()
        printed = bench.detainer(["dead-letters", *arguments], _SECONDS, environment)
        return time.monotonic() - begin, printed

    part.add(f"collect {letters} dead letters", "s", timed("collect")[0])
    part.add(f"list {letters} dead letters", "s", timed("list")[0])
    part.add(f"plan the replay of {letters}", "s", timed("plan", "--out", str(plan))[0])
    shutil.copytree(ledger, before)
    rates: list[float] = []
    for number in range(bench.options.rounds):
        shutil.rmtree(ledger)
        shutil.copytree(before, ledger)
        bench.broker.purge(host, REQUEST_QUEUE)
        printed = timed("apply", str(plan))[1]
        found = _RATE.search(printed)
        if not found:
            raise Failure(f"dead-letters apply told no rate: {printed[-200:]}")
        bench.expect(host, REQUEST_QUEUE, letters)
        rates.append(float(found[1]))
        say(f"  round {number + 1}: {rates[-1]:.0f} a second")
    part.add("replay, the same plan from the same store", "messages/s", rates, _GOAL)
    bench.broker.purge(host, REQUEST_QUEUE)
    for directory in (ledger, before):
        shutil.rmtree(directory)


def _foreign(repository: Path) -> str:
    """The sample request in a version that no worker reads."""
    sample = json.loads((repository / "config/samples/request.json").read_text(encoding="utf-8"))
    return json.dumps({**sample, "schema": "detainer.request/9"}, separators=(",", ":")) + "\n"
