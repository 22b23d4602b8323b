import Foundation
import Glibc

/// Runs a program that may leave others running behind it, such as a broker.
///
/// Foundation's `Process` takes a child for ended only when all that inherited its files have ended too; here nothing
/// but the three standard files is handed on, and the child itself is waited for.
enum Spawn {
    struct Problem: Error { let text: String }

    /// Runs it to its end; its output and errors go into files of that folder. Returns the exit code, or 128 and the
    /// signal that ended it.
    static func run(_ path: String, _ arguments: [String], folder: String) async throws -> Int32 {
        let child = try start(path, arguments, folder: folder)
        return await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var status: Int32 = 0
                while unsafe waitpid(child, &status, 0) < 0, errno == EINTR {}
                let signal = status & 0x7f
                continuation.resume(returning: signal == 0 ? status >> 8 & 0xff : 128 + signal)
            }
        }
    }

    /// Closes whatever else was handed on, then becomes the program.
    private static let closing =
        "for file in /proc/$$/fd/*; do number=${file##*/}; "
        + #"case $number in 0 | 1 | 2 | 255) ;; *) eval "exec $number>&-" ;; esac; done; exec "$@""#

    private static func start(_ path: String, _ arguments: [String], folder: String) throws -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        for (number, name) in [(Int32(1), "out"), (2, "err")] {
            unsafe posix_spawn_file_actions_addopen(
                &actions, number, folder + "/" + name, O_CREAT | O_WRONLY | O_TRUNC, 0o600)
        }
        let shell = "/bin/bash"
        var words = unsafe ([shell, "-c", Self.closing, "spawn", path] + arguments).map { unsafe strdup($0) } + [nil]
        var variables =
            unsafe ProcessInfo.processInfo.environment.map { unsafe strdup("\($0.key)=\($0.value)") } + [nil]
        defer {
            for unsafe word in unsafe words + variables { unsafe free(word) }
        }
        var child: pid_t = 0
        let code = unsafe posix_spawn(&child, shell, &actions, nil, &words, &variables)
        if code != 0 { throw Problem(text: "cannot run \(path): errno \(code)") }
        return child
    }
}
