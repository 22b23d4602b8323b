import sys
import tempfile
import time
import unittest
from pathlib import Path

from harness.programs import Failure, Program, TooLarge, lines, run

BUSY = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass\n"


class ProgramTests(unittest.TestCase):
    def setUp(self) -> None:
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.log = Path(place.name) / "log"

    def python(self, text: str) -> Program:
        return Program([sys.executable, "-c", text], self.log, {})

    def test_processor_time_is_seen_from_outside_and_at_the_end(self) -> None:
        with self.python(BUSY + "import sys; print('busy', flush=True); sys.stdin.read(); time.sleep(30)") as program:
            while "busy" not in self.log.read_text(encoding="utf-8"):
                time.sleep(0.01)
            used = program.processor_seconds()
        self.assertGreaterEqual(used, 0.3)
        self.assertLess(used, 5)

    def test_processor_time_of_children_counts(self) -> None:
        child = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {BUSY + 'time.sleep(30)'!r}])"
        with self.python(child + "; time.sleep(30)") as program:
            deadline = time.monotonic() + 20
            while program.processor_seconds() < 0.3:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)

    def test_an_exit_code_is_a_failure_with_the_last_lines(self) -> None:
        with self.python("import sys; sys.exit('no such queue')") as program:
            self.assertRaisesRegex(Failure, "ended with 1:\nno such queue", program.wait, 20)

    def test_a_wait_is_bounded_and_leaving_ends_the_program(self) -> None:
        with self.python("import time; time.sleep(60)") as program:
            self.assertRaisesRegex(Failure, "still runs", program.wait, 0.1)
        self.assertTrue(program.has_ended())

    def test_a_program_that_grows_too_large_is_told_from_others(self) -> None:
        with self.python("import time; kept = bytearray(200_000_000); time.sleep(60)") as program:
            self.assertRaises(TooLarge, program.wait, 30, most_bytes=100_000_000)

    def test_a_program_that_has_just_ended_holds_nothing(self) -> None:
        with self.python("") as program:
            deadline = time.monotonic() + 20
            # A zombie: it is not waited for yet.
            while program.resident_bytes() > 0:
                self.assertLess(time.monotonic(), deadline)
            program.bound_memory(1)
            program.wait(20)

    def test_helpers_that_fail_or_hang_are_failures(self) -> None:
        self.assertEqual(run(["echo", "well"], 20), "well\n")
        self.assertRaisesRegex(Failure, "ended with 3:\nbad", run, ["sh", "-c", "echo bad >&2; exit 3"], 20)
        self.assertRaisesRegex(Failure, "still runs", run, ["sleep", "60"], 0.1)

    def test_lines_come_one_by_one_and_a_failure_after_them(self) -> None:
        found = lines(["sh", "-c", "echo one; echo gone >&2; exit 1"])
        self.assertEqual(next(found), "one")
        self.assertRaisesRegex(Failure, "gone", next, found)


if __name__ == "__main__":
    unittest.main()
