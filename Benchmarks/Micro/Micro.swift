import Benchmark
import Detainers
import Foundation
import Policy

/// Reading one request, deciding it, and proving the policies that ship. None needs a broker or a disk.
///
/// The names are read by `Benchmarks/run micro`.
let benchmarks: @Sendable () -> Void = {
    let policies = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("config/policies").path

    func text(_ name: String) -> String {
        do { return try String(contentsOfFile: policies + "/" + name, encoding: .utf8) } catch {
            fatalError("the shipped policies lie beside this package: \(error)")
        }
    }

    let request = Request(
        requestID: "00000000-0000-4000-8000-000000000001", receivedBy: .init(agency: "boston-police"),
        receipt: .init(channel: .fax, receivedAt: Moment(text: "2025-03-04T10:00:00-05:00")),
        form: .init(kind: .i247A, probableCause: [.finalOrder, .biometricMatch]),
        attachments: [
            .init(kind: .i200, issuer: .immigrationOfficer, standing: .produced, namesSubject: .yes),
            .init(kind: .criminalWarrant, issuer: .judge, standing: .claimed),
        ])

    for name in ["boston-2019.yaml", "packs/new-york-city-nypd.yaml"] {
        Benchmark(
            "decide, \(name)",
            configuration: .init(metrics: [.wallClock, .throughput], scalingFactor: .kilo, maxDuration: .seconds(3))
        ) { benchmark in
            let policy = try PolicyDocument.parse(text: text(name), file: name)
            benchmark.startMeasurement()
            for _ in benchmark.scaledIterations { blackHole(try policy.decide(request)) }
        }
    }

    for name in ["boston-2019.yaml", "packs/new-york-city-nypd.yaml"] {
        Benchmark(
            "check, \(name)", configuration: .init(metrics: [.wallClock, .throughput], maxDuration: .seconds(3))
        ) { benchmark in
            let text = text(name)
            benchmark.startMeasurement()
            for _ in benchmark.scaledIterations { blackHole(try PolicyDocument.parse(text: text, file: name)) }
        }
    }

    Benchmark(
        "read, Detainers",
        configuration: .init(metrics: [.wallClock, .throughput], scalingFactor: .kilo, maxDuration: .seconds(3))
    ) { benchmark in
        let body = [UInt8](requestBody)
        benchmark.startMeasurement()
        for _ in benchmark.scaledIterations { blackHole(try RequestContract.read(body)) }
    }

    Benchmark(
        "read, JSONDecoder",
        configuration: .init(metrics: [.wallClock, .throughput], scalingFactor: .kilo, maxDuration: .seconds(3))
    ) { benchmark in
        let decoder = JSONDecoder()
        benchmark.startMeasurement()
        for _ in benchmark.scaledIterations {
            blackHole(try decoder.decode(DecodableRequest.self, from: requestBody))
        }
    }
}
