import Foundation
import Testing

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

    /// No command of a test takes longer; one that does hangs.
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
        let folder = try Scratch()
        defer { folder.remove() }
        let code = try await Spawn.run(repository + "/" + name, arguments, folder: folder.path)
        func text(_ name: String) throws -> String {
            try String(contentsOfFile: folder.path + "/" + name, encoding: .utf8)
        }
        return Result(code: code, output: try text("out"), errors: try text("err"))
    }

    func start(_ arguments: [String], errors: String) throws -> Process {
        let process = try make(arguments, errors: errors)
        try process.run()
        return process
    }

    /// A process that is not started yet; what it says goes into a file.
    func make(_ arguments: [String], errors: String) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.path)
        process.arguments = arguments
        process.environment = environment
        process.currentDirectoryURL = URL(fileURLWithPath: Self.repository)
        _ = FileManager.default.createFile(atPath: errors, contents: nil)
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errors))
        process.standardOutput = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        return process
    }

    func run(_ arguments: String..., input: String? = nil) async throws -> Result {
        try await run(arguments, input: input)
    }

    func run(_ arguments: [String], input: String? = nil) async throws -> Result {
        let folder = try Scratch()
        defer { folder.remove() }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.path)
        process.arguments = arguments
        process.environment = environment
        process.currentDirectoryURL = URL(fileURLWithPath: Self.repository)
        func handle(_ name: String, _ content: String = "") throws -> FileHandle {
            let path = folder.path + "/" + name
            _ = FileManager.default.createFile(atPath: path, contents: Data(content.utf8))
            return try FileHandle(forUpdating: URL(fileURLWithPath: path))
        }
        process.standardInput = try handle("in", input ?? "")
        process.standardOutput = try handle("out")
        process.standardError = try handle("err")
        let code: Int32 = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { continuation.resume(throwing: error) }
            DispatchQueue.global().asyncAfter(deadline: .now() + Self.patienceSeconds) {
                if process.isRunning { process.terminate() }
            }
        }
        func text(_ name: String) throws -> String {
            try String(contentsOfFile: folder.path + "/" + name, encoding: .utf8)
        }
        return Result(code: code, output: try text("out"), errors: try text("err"))
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

extension Process {
    /// Ends at once, as a power cut would.
    func killAndWait() async {
        kill(processIdentifier, SIGKILL)
        await waitForExit()
    }

    func terminateAndWait() async -> Int32 {
        terminate()
        await waitForExit()
        return terminationStatus
    }

    /// Waits off the cooperative threads.
    func waitForExit() async {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                self.waitUntilExit()
                continuation.resume()
            }
        }
    }
}

/// Waits for something to become true; fails the test when it does not within the bound.
func eventually(
    within seconds: Double = 60, _ what: String, _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < deadline {
        if try await condition() { return }
        // Files of another process are watched: there is no event to wait for.
        try await Task.sleep(for: .milliseconds(20))
    }
    Issue.record("never came: \(what)")
}
