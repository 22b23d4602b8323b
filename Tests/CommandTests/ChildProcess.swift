import CSpawn
import Foundation
import Glibc
import Synchronization

/// A program that a test started. It is handed its three standard files and nothing else, and is waited for by itself.
///
/// Foundation's `Process` takes a child for ended only when all that inherited its files have ended too, and children
/// that are started at the same time inherit one another's.
final class ChildProcess: Sendable {
    struct Problem: Error, CustomStringConvertible { let description: String }

    private struct State {
        /// The exit code, or 128 and the signal that ended it.
        var code: Int32?
        var waiting: [CheckedContinuation<Int32, Never>] = []
    }

    let identifier: pid_t
    private let state = Mutex(State())

    /// - Parameters:
    ///   - input: a file to read from.
    ///   - output, errors: files to write to.
    init(
        _ path: String, _ arguments: [String], environment: [String: String], input: String = "/dev/null",
        output: String = "/dev/null", errors: String, ended: @escaping @Sendable (Int32) -> Void = { _ in }
    ) throws {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        for (number, file) in [(Int32(1), output), (2, errors)] {
            unsafe posix_spawn_file_actions_addopen(&actions, number, file, O_CREAT | O_WRONLY | O_APPEND, 0o600)
        }
        unsafe posix_spawn_file_actions_addclosefrom_np(&actions, 3)
        unsafe posix_spawn_file_actions_addchdir_np(&actions, Binary.repository)
        var words = unsafe ([path] + arguments).map { unsafe strdup($0) } + [nil]
        var variables = unsafe environment.map { unsafe strdup("\($0.key)=\($0.value)") } + [nil]
        defer { unsafe (words + variables).forEach { unsafe free($0) } }
        var child: pid_t = 0
        let code = unsafe posix_spawn(&child, path, &actions, nil, &words, &variables)
        if code != 0 { throw Problem(description: "cannot run \(path): errno \(code)") }
        identifier = child
        Thread.detachNewThread { [self] in ended(reap()) }
    }

    private func reap() -> Int32 {
        // Waits without reaping, so that the number is not another's before everyone knows.
        var information = unsafe siginfo_t()
        while unsafe waitid(P_PID, id_t(identifier), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        return state.withLock { state in
            var status: Int32 = 0
            while unsafe waitpid(identifier, &status, 0) < 0, errno == EINTR {}
            let signal = status & 0x7f
            let code = signal == 0 ? status >> 8 & 0xff : 128 + signal
            state.code = code
            for waiting in state.waiting { waiting.resume(returning: code) }
            state.waiting = []
            return code
        }
    }

    var isRunning: Bool { state.withLock { $0.code == nil } }

    func send(_ signal: Int32) {
        state.withLock { if $0.code == nil { _ = kill(identifier, signal) } }
    }

    /// The exit code, or 128 and the signal that ended it.
    func wait() async -> Int32 {
        await withCheckedContinuation { continuation in
            state.withLock { state in
                if let code = state.code {
                    continuation.resume(returning: code)
                } else {
                    state.waiting.append(continuation)
                }
            }
        }
    }

    /// Ends at once, as a power cut would.
    func killAndWait() async {
        send(SIGKILL)
        _ = await wait()
    }

    func terminateAndWait() async -> Int32 {
        send(SIGTERM)
        return await wait()
    }
}
