import Foundation
public import Logging
import Synchronization

/// Writes log lines to standard error, as text or as JSON Lines.
///
/// Nothing personal ever goes into one. A line is written by one write(2), so that those of several threads do not mix
/// (it is far below PIPE_BUF). A service's lines carry the time, with hundredths of a second and the offset from UTC;
/// those of a command that a person runs do not.
///
///     2026-03-01T10:15:30.12-05:00 info: consuming from detainer.requests worker=worker-1
///     {"timestamp":"2026-03-01T10:15:30.12-05:00","level":"info","message":"consuming …","worker":"worker-1"}
public struct LogLines: LogHandler {
    public enum Format: String, Sendable { case text, json }

    private struct State {
        var format = Format.text
        var level = Logger.Level.info
        var isService = false
        var metadata: [(name: String, value: String)] = []
    }

    private static let state = Mutex(State())

    /// How lines are written from now on, by every thread.
    ///
    /// - Parameter metadata: what every line carries, such as the worker's name.
    public static func configure(
        format: Format, level: Logger.Level, isService: Bool, metadata: [(name: String, value: String)] = []
    ) {
        state.withLock { $0 = State(format: format, level: level, isService: isService, metadata: metadata) }
    }

    public var metadata = Logger.Metadata()
    /// All that the settings ask for is decided when a line is written.
    public var logLevel = Logger.Level.trace

    public init() {}

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        let more = metadata.merging(event.metadata ?? [:]) { $1 }
            .map { (name: $0.key, value: $0.value.description) }.sorted { $0.name < $1.name }
        let line: String? = Self.state.withLock { state in
            guard event.level >= state.level else { return nil }
            let time = state.isService ? LogTime.text(Date()) : nil
            return Self.line(
                event.level, event.message.description, time: time, state.metadata + more, format: state.format)
        }
        if let line { FileHandle.standardError.write(Data(line.utf8)) }
    }

    static func line(
        _ level: Logger.Level, _ message: String, time: String?, _ metadata: [(name: String, value: String)],
        format: Format
    ) -> String {
        switch format {
        case .text:
            // A line is a line, whatever a message holds.
            let flat = message.split(omittingEmptySubsequences: false) { $0.isNewline }.joined(separator: " | ")
            let pairs = metadata.map { " \($0.name)=\($0.value)" }.joined()
            return (time.map { $0 + " " } ?? "") + "\(level): \(flat)\(time == nil ? "" : pairs)\n"
        case .json:
            var members = [(name: "level", value: level.rawValue), (name: "message", value: message)]
            if let time { members.insert((name: "timestamp", value: time), at: 0) }
            return "{" + (members + metadata).map { "\(quoted($0.name)):\(quoted($0.value))" }.joined(separator: ",")
                + "}\n"
        }
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

/// A moment as logs write it: RFC 3339 with hundredths of a second and the machine's own offset, as CJIS asks of audit
/// records.
enum LogTime {
    static func text(_ date: Date, zone: TimeZone = .current) -> String {
        let offset = zone.secondsFromGMT(for: date)
        let hundredths = Int((date.timeIntervalSince1970 * 100).rounded(.down)) + offset * 100
        let (seconds, hundredth) = (hundredths / 100, hundredths % 100)
        let (days, second) = (seconds / 86_400, seconds % 86_400)
        func two(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }
        let day = day(days)
        let sign = offset < 0 ? "-" : "+"
        return "\(day)T\(two(second / 3_600)):\(two(second / 60 % 60)):\(two(second % 60)).\(two(hundredth))"
            + "\(sign)\(two(abs(offset) / 3_600)):\(two(abs(offset) / 60 % 60))"
    }

    private static func day(_ days: Int) -> String {
        var parts = DateComponents()
        parts.day = 1 + days
        (parts.year, parts.month) = (1970, 1)
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let date = calendar.date(from: parts).map { calendar.dateComponents([.year, .month, .day], from: $0) }
        func padded(_ number: Int?, _ width: Int) -> String {
            let text = String(number ?? 0)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        return "\(padded(date?.year, 4))-\(padded(date?.month, 2))-\(padded(date?.day, 2))"
    }
}
