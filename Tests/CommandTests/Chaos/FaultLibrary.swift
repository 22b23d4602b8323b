import Foundation
import Glibc
import Testing

/// The library that makes a worker's system calls fail, built once for all tests.
enum FaultLibrary {
    /// What `LD_PRELOAD` says to load it, besides what is loaded before the tests themselves.
    static let preload: String? = build().map { library in
        [library, ProcessInfo.processInfo.environment["LD_PRELOAD"]].compactMap(\.self).joined(separator: ":")
    }

    private static func build() -> String? {
        let library = FileManager.default.temporaryDirectory.path + "/faults-\(UUID().uuidString).so"
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        // A Swift toolchain brings its own clang.
        for compiler in ["cc", "gcc", "clang"].flatMap({ name in folders.map { $0 + "/" + name } })
        where FileManager.default.isExecutableFile(atPath: compiler) {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: compiler)
            process.arguments = [
                "-shared", "-fPIC", "-O2", "-fno-builtin", "-fno-tree-loop-distribute-patterns", "-o", library,
                Binary.repository + "/deploy/local/faults.c", "-ldl",
            ]
            do { try process.run() } catch { continue }
            process.waitUntilExit()
            if process.terminationStatus == 0 { return library }
        }
        return nil
    }
}

/// A worker that is started again whenever it ends, as a service manager would do.
final class SupervisedWorker: @unchecked Sendable {
    private let binary: Binary
    private let log: String
    private let restarts: Bool
    private let lock = NSLock()
    private var process: ChildProcess?
    private var isStopping = false
    private var starts = 0
    private var codes: [Int32] = []

    /// - Parameter restarts: whether it is started again.
    init(_ site: Site, environment: [String: String] = [:], restarts: Bool = true) {
        self.restarts = restarts
        var binary = site.binary
        binary.environment.merge(environment) { $1 }
        self.binary = binary
        log = site.scratch.path + "/worker-\(binary.environment["DETAINER_WORKER_NAME"] ?? "")"
    }

    /// How each run that is over ended; more than 128 where a signal ended it.
    var exits: [Int32] { lock.withLock { codes } }

    var identifier: Int32? {
        lock.withLock { process.flatMap { $0.isRunning ? $0.identifier : nil } }
    }

    func start() throws {
        try lock.withLock {
            if isStopping { return }
            starts += 1
            process = try binary.start(["worker", "run"], errors: log + "-\(starts).log") { [weak self] code in
                self?.ended(code)
            }
        }
    }

    private func ended(_ code: Int32) {
        lock.withLock { codes.append(code) }
        if !restarts { return }
        // A program that does not start any more is found out by what then never comes.
        try? start()
    }

    func kill(_ signal: Int32) { lock.withLock { process }?.send(signal) }

    /// Stops in order and returns how the last run ended.
    func stop() async -> Int32 {
        let last = lock.withLock {
            isStopping = true
            return process
        }
        guard let last else { return 0 }
        last.send(SIGCONT)
        return await last.terminateAndWait()
    }

    /// What it said in its latest run.
    var lastLog: String {
        let number = lock.withLock { starts }
        return (try? String(contentsOfFile: log + "-\(number).log", encoding: .utf8)) ?? ""
    }

    /// What it said in all its runs.
    var allLogs: String {
        let number = lock.withLock { starts }
        return (1...max(1, number)).map { (try? String(contentsOfFile: log + "-\($0).log", encoding: .utf8)) ?? "" }
            .joined(separator: "\n")
    }
}
