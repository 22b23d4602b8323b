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

    @Test func nothingIsLostAndNothingDoubled() {
        let count = Self.number("DETAINER_SIMULATION_SEEDS", else: 2_000)
        let first = Self.number("DETAINER_SIMULATION_FIRST", else: 1)
        let start = ContinuousClock.now
        var faults: [String: Int] = [:]
        var messages = 0
        for seed in first..<(first + count) {
            var simulation = Simulation(seed: seed)
            let problems = simulation.run()
            faults.merge(simulation.faults) { $0 + $1 }
            messages += simulation.submitted.count
            if let problem = problems.first {
                Issue.record("seed \(seed): \(problem); replay it: deploy/local/simulate --first \(seed) --seeds 1")
                return
            }
        }
        let seconds = Double((ContinuousClock.now - start).components.seconds) + 0.001
        print("simulation: \(count) seeds, \(Int(Double(count) / seconds)) a second, \(messages) messages")
        for (name, times) in faults.sorted(by: { $0.key < $1.key }) { print("simulation: \(name) \(times)") }
        #expect(faults.count >= 6 || count < 10)
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
