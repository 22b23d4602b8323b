// swift-tools-version: 6.3
import PackageDescription

// A package of its own, with the worker's rooms as they are (the links in `Sources`) and no more of the dependencies than
// these need: nothing else is fetched or built. Rooms and targets are built with the fuzzer's coverage and with
// AddressSanitizer, the dependencies without, which spares the time of instrumenting a cryptographic library.
//
// Both in one argument: of several, the compiler takes the last one alone, and `swift build` makes several of its
// `--sanitize`, in another order each time.
let sanitizers = ["-sanitize=fuzzer,address"]

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    // The targets see what is internal.
    .unsafeFlags(sanitizers + ["-enable-testing"]),
]

func room(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
    name: "Fuzzing",
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    ],
    targets: [
        .systemLibrary(name: "CRabbitMQ", pkgConfig: "librabbitmq"),
        .systemLibrary(name: "CFileSystem"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib"),
        room("AMQPClient", ["CRabbitMQ", "CZlib"]),
        room("Detainers", [crypto]),
        room("Policy", ["Detainers", yams, crypto]),
        room("Intake", ["Detainers", yams, crypto]),
        room("Ledger", ["CFileSystem", "Detainers", crypto]),
        room("DeadLetters", ["AMQPClient", "Detainers", "Ledger", crypto]),
        room("Worker", ["AMQPClient", "Detainers", "Policy", "Ledger", "DeadLetters"]),
        // One program holds all targets, so that it is linked once; the environment says which one runs.
        .executableTarget(
            name: "fuzz",
            dependencies: [
                "AMQPClient", "CRabbitMQ", "CZlib", "DeadLetters", "Detainers", "Intake", "Ledger", "Policy", "Worker",
                crypto,
            ],
            swiftSettings: [
                .swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny"), .unsafeFlags(sanitizers),
            ],
            linkerSettings: [.unsafeFlags(sanitizers)]),
    ]
)
