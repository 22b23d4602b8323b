import Foundation

/// How far long work is, on stderr where a person looks at it; never in a pipe.
final class Progress {
    private let isShown: Bool
    private let what: String
    private var isOpen = false
    private let began = Date()
    private var told = Date.distantPast
    /// A terminal shows no more.
    private static let seconds = 0.1

    init(_ what: String) {
        self.what = what
        isShown = Terminal.isPerson(FileHandle.standardError)
    }

    func tell(_ done: Int, of total: Int) {
        if !isShown || total == 0 || !isDue(done == total) { return }
        let seconds = max(0.001, Date().timeIntervalSince(began))
        let width = 30
        let filled = min(width, done * width / total)
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
        let rate = Int(Double(done) / seconds)
        write("\r\(what) \(bar) \(done) of \(total), \(rate)/s ")
        isOpen = true
    }

    func tell(_ done: Int) {
        if !isShown || !isDue(false) { return }
        write("\r\(what) \(done) ")
        isOpen = true
    }

    private func isDue(_ isLast: Bool) -> Bool {
        let now = Date()
        guard isLast || now.timeIntervalSince(told) >= Self.seconds else { return false }
        told = now
        return true
    }

    func end() {
        if isOpen { write("\n") }
        isOpen = false
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}

enum Terminal {
    /// Whether a terminal is at the other end of a file.
    static func isPerson(_ file: FileHandle) -> Bool { isatty(file.fileDescriptor) == 1 }
}

/// Who runs a command, for records that say who did what.
enum Operator {
    static var name: String {
        let environment = ProcessInfo.processInfo.environment
        let user = environment["SUDO_USER"].flatMap { $0.isEmpty ? nil : $0 } ?? ProcessInfo.processInfo.userName
        // The name that the kernel holds: asking a resolver could wait.
        let host = (try? String(contentsOfFile: "/proc/sys/kernel/hostname", encoding: .utf8)) ?? "unknown"
        return "\(user)@\(host.trimmingCharacters(in: .whitespacesAndNewlines))"
    }
}
