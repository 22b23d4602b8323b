import json
import tempfile
import unittest
from pathlib import Path

from harness import requests, statistics, table
from harness.results import FORMAT, Goal, Part, Results, load


class StatisticsTests(unittest.TestCase):
    def test_the_median_of_an_even_number_lies_between_the_middle_two(self) -> None:
        self.assertEqual(statistics.median([4, 1, 3, 2]), 2.5)
        self.assertEqual(statistics.median([9, 1, 5]), 5)

    def test_five_rounds_are_covered_from_the_least_to_the_most(self) -> None:
        found = statistics.estimate([5, 1, 4, 2, 3])
        self.assertEqual((found.median, found.low, found.high), (3, 1, 5))
        self.assertAlmostEqual(found.coverage, 1 - 2 / 32)

    def test_more_rounds_leave_out_as_many_as_the_coverage_allows(self) -> None:
        found = statistics.estimate(range(1, 21))
        # Of 20 rounds, the 6th and the 15th: 95.9 %. One more left out would be 88.5 %.
        self.assertEqual((found.low, found.high), (6, 15))
        self.assertAlmostEqual(found.coverage, 0.9586, places=4)

    def test_one_round_tells_nothing_of_its_spread(self) -> None:
        found = statistics.estimate([7])
        self.assertEqual((found.median, found.low, found.high, found.coverage), (7, 7, 7, 0))

    def test_nothing_measured_is_no_estimate(self) -> None:
        self.assertRaises(ValueError, statistics.estimate, [])

    def test_ratios_are_of_paired_rounds(self) -> None:
        self.assertEqual(statistics.ratios([2, 9], [1, 3]), [2, 3])
        self.assertRaises(ValueError, statistics.ratios, [1], [1, 2])


class ResultsTests(unittest.TestCase):
    machine = {"cores": 2, "processor": "P", "memoryBytes": 2**30, "filesystem": "ext4", "rabbitmq": "3"}

    def results(self) -> dict:
        part = Part({"messages": 5000, "records": [10, 20]})
        part.add("fast", "×", [2, 3, 4], Goal(at_least=3))
        part.add("slow", "ms", [2, 3, 4], Goal(at_most=2.5))
        part.add("huge", "s", [], Goal(at_most=1), "ended when it had 8 MB")
        part.add("plain", "MB", 12_345.6)
        results = Results(Path(self.place.name) / "results.json", self.machine, "abc")
        results.put("throughput", part, is_complete=True)
        return load(results.path)

    def setUp(self) -> None:
        self.place = tempfile.TemporaryDirectory()
        self.addCleanup(self.place.cleanup)

    def test_a_goal_is_met_on_its_side_and_by_its_bound(self) -> None:
        met = [row["met"] for row in self.results()["parts"]["throughput"]["rows"]]
        self.assertEqual(met, [True, False, False, None])

    def test_a_run_replaces_its_parts_and_keeps_the_others(self) -> None:
        self.results()
        path = Path(self.place.name) / "results.json"
        later = Results(path, self.machine, "def")
        later.put("pool", Part(), is_complete=False)
        found = load(path)["parts"]
        self.assertEqual((found["throughput"]["commit"], found["pool"]["commit"]), ("abc", "def"))

    def test_a_part_that_was_not_measured_to_its_end_says_so(self) -> None:
        results = self.results()
        self.assertNotIn("INCOMPLETE", table.text(results) + table.markdown(results))
        results["parts"]["throughput"]["isComplete"] = False
        self.assertIn("others that do the same work, INCOMPLETE", table.text(results))
        self.assertIn("others that do the same work, INCOMPLETE", table.markdown(results))

    def test_results_of_another_version_are_not_read(self) -> None:
        path = Path(self.place.name) / "other.json"
        path.write_text(json.dumps({"format": FORMAT + "0"}), encoding="utf-8")
        self.assertRaises(ValueError, load, path)

    def test_what_falls_short_stands_in_its_row_and_at_the_end(self) -> None:
        text = table.text(self.results())
        rows = {line.split()[0]: line for line in text.splitlines() if line.startswith("  ")}
        self.assertIn("met", rows["fast"])
        self.assertIn("SHORT", rows["slow"])
        self.assertIn("not finished", rows["huge"])
        self.assertNotIn("SHORT", rows["plain"])
        self.assertEqual(
            text.splitlines()[-1],
            "2 of 3 goals are NOT met: slow (3.00 ms, goal ≤ 2.5); huge (not finished, goal ≤ 1).")

    def test_the_end_tells_what_holds(self) -> None:
        results = self.results()
        rows = results["parts"]["throughput"]["rows"]
        results["parts"]["throughput"]["rows"] = [row for row in rows if row["met"] is not False]
        self.assertEqual(table.text(results).splitlines()[-1], "All 1 goals are met.")
        results["parts"]["throughput"]["rows"] = [row for row in rows if row["met"] is None]
        self.assertEqual(table.text(results).splitlines()[-1], "Nothing here has a goal.")

    def test_markdown_has_as_many_cells_in_each_row(self) -> None:
        rows = [line for line in table.markdown(self.results()).splitlines() if line.startswith("|")]
        self.assertEqual({row.count("|") for row in rows}, {7})
        self.assertIn("| fast | 3.00 × | 2.00 – 4.00 | ≥ 3 | met |  |", rows)
        self.assertIn("| plain | 12,346 MB |  |  |  |  |", rows)


class RequestsTests(unittest.TestCase):
    def test_requests_are_alike_each_time_and_of_the_size_that_requests_have(self) -> None:
        with tempfile.TemporaryDirectory() as place:
            one, other = Path(place) / "one", Path(place) / "other"
            size = requests.write(one)
            requests.write(other)
            lines = one.read_text(encoding="utf-8").splitlines()
            self.assertEqual(lines, other.read_text(encoding="utf-8").splitlines())
        self.assertTrue(600 <= size <= 800)
        self.assertEqual(len({json.loads(line)["requestId"] for line in lines}), requests.VARIETY)


if __name__ == "__main__":
    unittest.main()
