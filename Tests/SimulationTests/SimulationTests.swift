import Foundation
import Testing

/// The promises of the pipeline under every fault, from seeds.
///
/// `DETAINER_SIMULATION_SEEDS` says how many; `DETAINER_SIMULATION_FIRST` where to begin, so that one seed can be run
/// again alone.
@Suite(.serialized)
struct SimulationTests {
    private static func number(_ name: String, else fallback: UInt64) -> UInt64 {
        ProcessInfo.processInfo.environment[name].flatMap(UInt64.init) ?? fallback
    }

    /// What the runs of one thread came to.
    private struct Tally {
        var runs: UInt64 = 0
        var messages = 0
        var faults: [String: Int] = [:]
        var failure: (seed: UInt64, problem: String)?
    }

    private static func run(_ seeds: StrideTo<UInt64>) -> Tally {
        var tally = Tally()
        for seed in seeds {
            var simulation = Simulation(seed: seed)
            let problems = simulation.run()
            tally.runs += 1
            tally.faults.merge(simulation.faults) { $0 + $1 }
            tally.messages += simulation.submitted.count
            if let problem = problems.first {
                tally.failure = (seed, problem)
                break
            }
        }
        return tally
    }

    @Test func nothingIsLostAndNothingDoubled() async {
        let count = Self.number("DETAINER_SIMULATION_SEEDS", else: 2_000)
        let first = Self.number("DETAINER_SIMULATION_FIRST", else: 1)
        let start = ContinuousClock.now
        let threads = UInt64(max(1, ProcessInfo.processInfo.activeProcessorCount))
        var total = Tally()
        await withTaskGroup(of: Tally.self) { group in
            for thread in 0..<threads {
                group.addTask { Self.run(stride(from: first + thread, to: first + count, by: Int(threads))) }
            }
            for await tally in group {
                total.runs += tally.runs
                total.messages += tally.messages
                total.faults.merge(tally.faults) { $0 + $1 }
                guard let (seed, problem) = tally.failure else { continue }
                Issue.record("seed \(seed): \(problem); replay it: deploy/local/simulate --first \(seed) --seeds 1")
            }
        }
        let elapsed = (ContinuousClock.now - start).components
        let seconds = Double(elapsed.seconds) + Double(elapsed.attoseconds) / 1e18
        print(
            "simulation: \(total.runs) seeds, \(Int(Double(total.runs) / seconds)) a second, \(total.messages) messages"
        )
        for (name, times) in total.faults.sorted(by: { $0.key < $1.key }) { print("simulation: \(name) \(times)") }
        #expect(total.faults.count >= 6 || count < 10)
    }

    /// The simulation has teeth: each way of being wrong is caught within a few seeds.
    @Test(arguments: Simulation.Mutation.allCases)
    func everyMutationIsCaught(_ mutation: Simulation.Mutation) {
        for seed in UInt64(1)...300 {
            var simulation = Simulation(seed: seed, mutation: mutation)
            if let problem = simulation.run().first {
                print("simulation: \(mutation.rawValue) caught by seed \(seed): \(problem)")
                return
            }
        }
        Issue.record("\(mutation.rawValue) was not noticed in 300 seeds")
    }
}
