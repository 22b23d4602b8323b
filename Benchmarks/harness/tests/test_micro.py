import unittest

from harness.parts import micro
from harness.programs import Failure
from harness.results import Part


def entry(name: str, samples: list[float], unit: str = "μs") -> dict:
    clock = {"scoreUnit": unit, "rawData": [samples]}
    return {"benchmark": f"package.benchmark.Micro.{name}", "secondaryMetrics": {"Time (wall clock)": clock}}


NAMES = ["read,_Detainers", "read,_JSONDecoder", "decide,_boston-2019.yaml", "check,_boston-2019.yaml",
         "decide,_packs/new-york-city-nypd.yaml", "check,_packs/new-york-city-nypd.yaml"]


class MicroTests(unittest.TestCase):
    def test_a_sample_of_a_thousand_becomes_microseconds_of_one(self) -> None:
        samples = {"read,_Detainers": 2_000.0, "read,_JSONDecoder": 20_000.0}
        entries = [entry(name, [samples.get(name, 500.0)] * 10) for name in NAMES]
        part = Part()
        micro.add(part, entries)
        rows = {row.name: row for row in part.rows}
        self.assertEqual(list(rows["read a request: Detainers"].values), [2.0] * 5)
        self.assertEqual(list(rows["read a request: JSONDecoder of Detainers"].values), [10.0] * 5)
        self.assertEqual(rows["parse and prove a policy: Boston 2019"].unit, "ms")

    def test_a_step_that_was_not_measured_is_a_failure(self) -> None:
        with self.assertRaisesRegex(Failure, "read, JSONDecoder"):
            micro.add(Part(), [entry(name, [1.0]) for name in NAMES if name != "read,_JSONDecoder"])

    def test_samples_in_another_unit_are_a_failure(self) -> None:
        with self.assertRaisesRegex(Failure, "ns"):
            micro.add(Part(), [entry(name, [1.0], "ns") for name in NAMES])


if __name__ == "__main__":
    unittest.main()
