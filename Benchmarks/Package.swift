// swift-tools-version: 6.3
import PackageDescription

// A package of its own, so that building and testing the worker need none of what measuring it needs.
let package = Package(
    name: "Benchmarks",
    dependencies: [
        .package(name: "detainer-worker", path: "../"),
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.0", traits: []),
    ],
    targets: [
        .executableTarget(
            name: "LedgerMaker",
            dependencies: [
                .product(name: "Detainers", package: "detainer-worker"),
                .product(name: "Ledger", package: "detainer-worker"),
            ],
            path: "LedgerMaker"),
        .executableTarget(
            name: "Micro",
            dependencies: [
                .product(name: "Benchmark", package: "benchmark"),
                .product(name: "Policy", package: "detainer-worker"),
                .product(name: "Detainers", package: "detainer-worker"),
            ],
            path: "Micro",
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
    ]
)
