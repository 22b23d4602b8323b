// swift-tools-version: 6.3
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

func room(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let nio = [
    Target.Dependency.product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
]
let configuration = Target.Dependency.product(name: "Configuration", package: "swift-configuration")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = [
    Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
    .product(name: "UnixSignals", package: "swift-service-lifecycle"),
]
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "detainer-worker",
    products: [
        .executable(name: "detainer", targets: ["detainer"]),
        // What is measured or fuzzed by itself.
        .library(name: "AMQPClient", targets: ["AMQPClient"]),
        .library(name: "DeadLetters", targets: ["DeadLetters"]),
        .library(name: "Detainers", targets: ["Detainers"]),
        .library(name: "Policy", targets: ["Policy"]),
        .library(name: "Ledger", targets: ["Ledger"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        // Without its traits: settings files are read by Yams, which tells lines and unknown keys.
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CRabbitMQ", pkgConfig: "librabbitmq", providers: [.apt(["librabbitmq-dev", "libssl-dev"])]),
        .target(name: "CAllocator", linkerSettings: [.linkedLibrary("jemalloc")]),
        .systemLibrary(name: "CFileSystem"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        room("AMQPClient", ["CRabbitMQ", "CZlib"]),
        room("Detainers", [crypto]),
        room("Policy", ["Detainers", yams, crypto]),
        room("Intake", ["Detainers", yams, crypto]),
        room("Ledger", ["CFileSystem", "Detainers", crypto]),
        room("DeadLetters", ["AMQPClient", "Detainers", "Ledger", crypto]),
        room("Worker", ["AMQPClient", "Detainers", "Policy", "Ledger", "DeadLetters"]),
        room("Reports", ["Detainers", "Ledger", yams]),
        room("Aggregation", ["AMQPClient", "Detainers", "Ledger", crypto]),
        room("Operations", ["AMQPClient", "Detainers", "Ledger", configuration, logging, yams] + nio),
        room(
            "DetainerCommands",
            [
                "AMQPClient", "Detainers", "Intake", "Policy", "Ledger", "Worker", "DeadLetters", "Reports",
                "Aggregation", "Operations", argumentParser, logging,
            ] + lifecycle),
        .executableTarget(
            name: "detainer", dependencies: ["CAllocator", "DetainerCommands", argumentParser],
            swiftSettings: settings),
        // What the test command counts the instructions of.
        .executableTarget(
            name: "HotPaths", dependencies: ["AMQPClient", "Detainers", "Ledger", "Policy", "Worker"],
            path: "Benchmarks/HotPaths", exclude: ["instructions", "baselines"],
            swiftSettings: settings),
        tests("AMQPClientTests", ["AMQPClient", "CRabbitMQ"]),
        tests("DetainersTests", ["Detainers"]),
        tests("IntakeTests", ["Intake", "Detainers"]),
        tests("PolicyTests", ["Policy", "Detainers"]),
        tests("LedgerTests", ["Ledger", "Detainers"]),
        tests("WorkerTests", ["AMQPClient", "Worker", "Detainers", "Policy", "Ledger"]),
        tests("DeadLettersTests", ["DeadLetters", "Detainers", "Ledger", "AMQPClient"]),
        tests("SimulationTests", ["Worker", "Detainers", "Ledger"]),
        tests("OperationsTests", ["Operations", "AMQPClient", "Detainers", "Ledger", logging]),
        tests("AggregationTests", ["Aggregation", "Detainers", "Ledger"]),
        tests("ReportsTests", ["Reports", "Detainers", "Ledger"]),
        // What tests speak AMQP by hand with.
        .target(name: "BrokerTestSupport", path: "Tests/BrokerTestSupport", swiftSettings: settings),
        tests("BrokerTests", ["AMQPClient", "BrokerTestSupport"]),
        // What tests start programs with.
        .systemLibrary(name: "CSpawn", path: "Tests/CSpawn"),
        tests("CommandTests", ["AMQPClient", "BrokerTestSupport", "CSpawn", "Detainers", "Ledger"]),
    ]
)

// A build in which a sanitizer watches the rooms and their tests, such as `deploy/local/sanitize` makes: `thread`, or
// `address`, which brings the targets of the fuzzer, and its coverage in the rooms that these attack.
//
// For `address`, what works on bytes and numbers is optimised, which makes it four times as fast. For `thread` nothing is:
// a copy of an array ends by a count in Swift's library, which the sanitizer does not see, and the optimiser takes what
// is done before and after it into our code. The dependencies go without: instrumenting a cryptographic library finds
// nothing of ours. So does the allocator, in whose place a sanitizer has its own.
if let sanitizer = Context.environment["DETAINER_SANITIZE"] {
    let attacked = ["AMQPClient", "Detainers", "Policy", "Intake", "Ledger", "DeadLetters", "Worker"]
    if sanitizer == "address" {
        // One program holds all targets, so that it is linked once; the environment says which one runs.
        package.targets.append(
            .executableTarget(
                name: "fuzz",
                dependencies: attacked.map { .byName(name: $0) } + ["CRabbitMQ", "CZlib", crypto],
                path: "Fuzzing/Targets",
                swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]))
    }
    let plain = "-sanitize=\(sanitizer)"
    // In one argument: of several, the compiler takes the last one alone.
    let covered = sanitizer == "address" ? "-sanitize=fuzzer,address" : plain
    let optimised = sanitizer == "address" ? ["-O", "-whole-module-optimization", "-num-threads", "2"] : []
    for target in package.targets where target.type != .system {
        let flags =
            switch target.name {
            case let name where name == "fuzz" || attacked.contains(name): [covered] + optimised
            case "Reports": [plain] + optimised
            default: [plain]
            }
        target.swiftSettings = (target.swiftSettings ?? []) + [.unsafeFlags(flags)]
        target.linkerSettings = [.unsafeFlags([target.name == "fuzz" ? covered : plain])]
    }
}

// A build of a part, such as `deploy/local/sanitize thread` makes: of the targets named here, and their products.
if let part = Context.environment["DETAINER_BUILD_ONLY"] {
    let names = Set(part.split(separator: " ").map(String.init))
    package.targets.removeAll { !names.contains($0.name) }
    package.products.removeAll { !names.contains($0.name) }
}
