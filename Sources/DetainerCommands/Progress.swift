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
    /// By the process's own user, which nobody can set; whom root works for only sudo says.
    static var name: String {
        let uid = number("/proc/self/status", "Uid:") ?? "unknown"
        var user = entry(uid) ?? "uid \(uid)"
        if uid == "0", let other = ProcessInfo.processInfo.environment["SUDO_USER"], isName(other) {
            user += " (sudo by \(other))"
        }
        return "\(user)@\(host)"
    }

    /// The name that the kernel holds: asking a resolver could wait. Not out of /proc, most of which a service may not
    /// see.
    static var host: String { ProcessInfo.processInfo.hostName }

    private static func number(_ file: String, _ name: String) -> String? {
        let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
        return line?.split { $0 == "\t" || $0 == " " }.dropFirst().first.map(String.init)
    }

    private static func entry(_ uid: String) -> String? {
        let text = (try? String(contentsOfFile: "/etc/passwd", encoding: .utf8)) ?? ""
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            if fields.count > 2, fields[2] == uid { return String(fields[0]) }
        }
        return nil
    }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 64
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) }
    }
}
