import Detainers

/// How a list writes dates and times: `M/d/yyyy h:mm a`.
///
/// Letters stand for parts, all else for itself: `yyyy` year, `M` or `MM` month, `MMM` its English name in three
/// letters, `d` or `dd` day, `H` or `HH` hour of 24, `h` or `hh` hour of 12 with `a` for AM or PM, `mm` minute, `ss`
/// second. One letter takes one or two digits, two letters exactly two.
struct DatePattern: Sendable {
    private enum Part: Sendable, Equatable {
        case year, month, monthName, day, hour, hourOfTwelve, minute, second, half
        case literal(UInt8)
    }

    private static let parts: [(text: String, part: Part, digits: ClosedRange<Int>)] = [
        ("yyyy", .year, 4...4), ("MMM", .monthName, 0...0), ("MM", .month, 2...2), ("M", .month, 1...2),
        ("dd", .day, 2...2), ("d", .day, 1...2), ("HH", .hour, 2...2), ("H", .hour, 1...2),
        ("hh", .hourOfTwelve, 2...2), ("h", .hourOfTwelve, 1...2), ("mm", .minute, 2...2), ("ss", .second, 2...2),
        ("a", .half, 0...0),
    ]
    private static let months = [
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
    ]

    let text: String
    private var sequence: [(part: Part, digits: ClosedRange<Int>)] = []

    /// Whether it has a time of day.
    var hasTime: Bool { sequence.contains { $0.part == .hour || $0.part == .hourOfTwelve } }

    /// - Returns: `nil` where a letter stands for nothing, or a day or an hour is told in part.
    init?(_ text: String) {
        self.text = text
        var rest = text[...]
        while let first = rest.utf8.first {
            if let known = Self.parts.first(where: { rest.hasPrefix($0.text) }) {
                if sequence.contains(where: { $0.part == known.part }) { return nil }
                sequence.append((known.part, known.digits))
                rest = rest.dropFirst(known.text.count)
            } else {
                let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first | 0x20)
                // A `T` between day and time is a mark and no part.
                if isLetter && first != UInt8(ascii: "T") || first >= 0x80 { return nil }
                sequence.append((.literal(first), 0...0))
                rest = rest.dropFirst()
            }
        }
        let found = sequence.map(\.part)
        let hasHour = found.contains(.hour) != found.contains(.hourOfTwelve)
        guard found.contains(.year), found.contains(.day), found.contains(.month) != found.contains(.monthName),
            hasHour || !(found.contains(.hour) || found.contains(.minute) || found.contains(.second)),
            !hasHour || found.contains(.minute), found.contains(.half) == found.contains(.hourOfTwelve)
        else { return nil }
    }

    /// - Returns: the day and the second of it, which is `nil` in a pattern without a time; `nil` where the text is not
    ///   of that form, or there is no such day.
    func read(_ text: String) -> (day: CivilDate, second: Int?)? {
        var bytes = text.utf8[...]
        var values: [(part: Part, value: Int)] = []
        for (part, digits) in sequence {
            switch part {
            case .literal(let byte):
                guard bytes.first == byte else { return nil }
                bytes = bytes.dropFirst()
            case .monthName:
                let name = String(decoding: bytes.prefix(3), as: UTF8.self).uppercased()
                guard let position = Self.months.firstIndex(of: name) else { return nil }
                values.append((.month, position + 1))
                bytes = bytes.dropFirst(3)
            case .half:
                switch String(decoding: bytes.prefix(2), as: UTF8.self).uppercased() {
                case "AM": values.append((.half, 0))
                case "PM": values.append((.half, 12))
                default: return nil
                }
                bytes = bytes.dropFirst(2)
            default:
                let run = bytes.prefix(digits.upperBound).prefix { (0x30...0x39).contains($0) }
                guard digits.contains(run.count), let value = Int(String(decoding: run, as: UTF8.self)) else {
                    return nil
                }
                values.append((part, value))
                bytes = bytes.dropFirst(run.count)
            }
        }
        guard bytes.isEmpty else { return nil }
        func value(_ part: Part) -> Int? { values.first { $0.part == part }?.value }
        guard let year = value(.year), let month = value(.month), let number = value(.day),
            let day = CivilDate(year: year, month: month, day: number)
        else { return nil }
        guard hasTime else { return (day, nil) }
        var hour = value(.hour) ?? 0
        if let twelve = value(.hourOfTwelve), let half = value(.half) {
            guard (1...12).contains(twelve) else { return nil }
            hour = twelve % 12 + half
        }
        guard hour < 24, let minute = value(.minute), minute < 60, (value(.second) ?? 0) < 60 else { return nil }
        return (day, hour * 3600 + minute * 60 + (value(.second) ?? 0))
    }
}
