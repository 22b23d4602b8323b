import Foundation
import Testing

/// Which sanitizer the binary is built with, `address` or `thread`; `deploy/local/sanitize` says so.
let sanitizer = ProcessInfo.processInfo.environment["DETAINER_TEST_SANITIZER"]

/// The real binary, run as a person would run it.
struct Binary {
    struct Result {
        var code: Int32
        var output: String
        var errors: String

        var lines: [Substring] { output.split(separator: "\n") }

        /// Each line of the output as a JSON object.
        func objects() throws -> [[String: Any]] {
            try lines.map {
                try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
            }
        }
    }

    /// No command of a test takes longer, on a slow machine with sanitizers; one that does hangs.
    static let patienceSeconds = 120.0

    /// The binary lies beside the test bundle that the package manager built; `DETAINER_TEST_BINARY` names another,
    /// such as an optimised one for a long run.
    static let path =
        ProcessInfo.processInfo.environment["DETAINER_TEST_BINARY"]
        ?? URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        .appendingPathComponent("detainer").path

    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    var environment: [String: String]

    /// Runs a script of the repository with the environment of the tests themselves; it may leave servers running.
    static func script(_ name: String, _ arguments: [String]) async throws -> Result {
        try await run(repository + "/" + name, arguments, ProcessInfo.processInfo.environment, input: nil)
    }

    /// What it says goes into a file.
    func start(
        _ arguments: [String], errors: String, ended: @escaping @Sendable (Int32) -> Void = { _ in }
    ) throws -> ChildProcess {
        try ChildProcess(Self.path, arguments, environment: environment, errors: errors, ended: ended)
    }

    func run(_ arguments: String..., input: String? = nil) async throws -> Result {
        try await run(arguments, input: input)
    }

    func run(_ arguments: [String], input: String? = nil) async throws -> Result {
        try await Self.run(Self.path, arguments, environment, input: input)
    }

    /// Runs any program.
    static func run(
        _ path: String, _ arguments: [String], _ environment: [String: String], input: String?
    ) async throws -> Result {
        let folder = try Scratch()
        defer { folder.remove() }
        let (output, errors) = (folder.path + "/out", folder.path + "/err")
        let child = try ChildProcess(
            path, arguments, environment: environment, input: try folder.write("in", input ?? ""), output: output,
            errors: errors)
        let started = ContinuousClock.now
        DispatchQueue.global().asyncAfter(deadline: .now() + patienceSeconds) { child.send(SIGTERM) }
        let code = await child.wait()
        // What a command said until it was ended looks like an answer that is too short.
        if ContinuousClock.now - started >= .seconds(patienceSeconds) {
            Issue.record("ended after \(patienceSeconds) s without an end of its own: \(arguments.prefix(2))")
        }
        return Result(
            code: code, output: try String(contentsOfFile: output, encoding: .utf8),
            errors: try String(contentsOfFile: errors, encoding: .utf8))
    }
}

/// A folder of one test.
struct Scratch {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/detainer-test-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    func remove() {
        // What stays behind is a temporary folder.
        try? FileManager.default.removeItem(atPath: path)
    }

    func write(_ name: String, _ content: String) throws -> String {
        let file = path + "/" + name
        try content.write(toFile: file, atomically: true, encoding: .utf8)
        return file
    }
}

/// Waits for something to become true; fails the test when it does not within the bound.
func eventually(
    within seconds: Double = Binary.patienceSeconds, _ what: String, _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < deadline {
        if try await condition() { return }
        // Files of another process are watched: there is no event to wait for.
        try await Task.sleep(for: .milliseconds(20))
    }
    Issue.record("never came: \(what)")
}
