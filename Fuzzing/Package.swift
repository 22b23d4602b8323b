// swift-tools-version: 6.3
import PackageDescription

// A package of its own: it is built with the fuzzer's instrumentation, which `deploy/local/fuzz` asks for, and the worker
// is not. One program holds all targets, so that it is linked once; the environment says which one runs.
let package = Package(
    name: "Fuzzing",
    dependencies: [.package(name: "detainer-worker", path: "../")],
    targets: [
        .executableTarget(
            name: "fuzz",
            dependencies: ["AMQPClient", "DeadLetters", "Detainers", "Ledger", "Policy"].map {
                .product(name: $0, package: "detainer-worker")
            },
            swiftSettings: [
                .swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny"),
                // The fuzzer brings the entry point.
                .unsafeFlags(["-parse-as-library"]),
            ])
    ]
)
