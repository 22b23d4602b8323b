import Foundation

/// A day of the Gregorian calendar, without a place or a time.
public struct CivilDate: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let year: Int
    public let month: Int
    public let day: Int

    /// `nil` where there is no such day.
    public init?(year: Int, month: Int, day: Int) {
        guard (1...9999).contains(year), (1...12).contains(month), day >= 1 else { return nil }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let length = month == 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
        guard day <= length else { return nil }
        self.year = year
        self.month = month
        self.day = day
    }

    /// Reads `YYYY-MM-DD` (RFC 3339, full-date), and nothing else.
    public init?(_ text: String) {
        let bytes = text.utf8.span
        guard bytes.count == 10 else { return nil }
        self.init(bytes)
    }

    /// Reads the full-date that a text begins with.
    fileprivate init?(_ bytes: Span<UInt8>) {
        guard bytes.count >= 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            let year = digits(bytes, 0, 4), let month = digits(bytes, 5, 2), let day = digits(bytes, 8, 2)
        else { return nil }
        self.init(year: year, month: month, day: day)
    }

    public var description: String {
        var text = ByteWriter(reserving: 10)
        write(into: &text)
        return String(decoding: text.finish(), as: UTF8.self)
    }

    /// As ``description``.
    func write(into text: inout ByteWriter) {
        text.append(year, digits: 4)
        text.append(UInt8(ascii: "-"))
        text.append(month, digits: 2)
        text.append(UInt8(ascii: "-"))
        text.append(day, digits: 2)
    }

    public static func < (one: CivilDate, other: CivilDate) -> Bool {
        (one.year, one.month, one.day) < (other.year, other.month, other.day)
    }

    /// Days since 1970-01-01. (Howard Hinnant's `days_from_civil`: March-based years make February's end the year's.)
    public var daysSinceEpoch: Int64 {
        let year = Int64(month <= 2 ? self.year - 1 : self.year)
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * Int64(month + (month > 2 ? -3 : 9)) + 2) / 5 + Int64(day) - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// The day that lies so many days after 1970-01-01; within the years 1 to 9999.
    public init(daysSinceEpoch: Int64) {
        let shifted = daysSinceEpoch + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = Int(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
        month = Int(shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9)
        year = Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0)
    }
}

/// The name of a time zone of the IANA database that this machine knows.
public struct TimeZoneName: Sendable, Hashable {
    public let name: String
    private let zone: TimeZone

    public init?(_ name: String) {
        // Abbreviations and offsets are refused: they have no rules for summer time.
        guard name == "UTC" || name.contains("/"), let zone = TimeZone(identifier: name) else { return nil }
        self.name = name
        self.zone = zone
    }

    func offset(at secondsSinceEpoch: Int64) -> Int64 {
        Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: TimeInterval(secondsSinceEpoch))))
    }
}

/// A day, perhaps with a time of day: `2025-12-31` or `2025-12-31T23:50:00-05:00`.
public struct Moment: Sendable, Equatable {
    /// As it was written.
    public let text: String
    /// As it is written, wherever that is.
    public let day: CivilDate
    /// `nil` where only the day is known.
    public let secondsSinceEpoch: Int64?

    /// Reads a full-date or a date-time with an offset (RFC 3339), and nothing else.
    public init?(text: String) {
        if let day = CivilDate(text) {
            self.text = text
            self.day = day
            secondsSinceEpoch = nil
            return
        }
        let bytes = text.utf8.span
        guard bytes.count >= 20, bytes[10] == UInt8(ascii: "T"), bytes[13] == UInt8(ascii: ":"),
            bytes[16] == UInt8(ascii: ":"), let day = CivilDate(bytes), let hour = digits(bytes, 11, 2),
            let minute = digits(bytes, 14, 2), let second = digits(bytes, 17, 2), hour < 24, minute < 60, second < 60
        else { return nil }
        var position = 19
        if bytes[position] == UInt8(ascii: ".") {
            position += 1
            let first = position
            while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
            guard (1...9).contains(position - first) else { return nil }
        }
        guard let offset = Self.offset(bytes, position) else { return nil }
        self.text = text
        self.day = day
        secondsSinceEpoch = day.daysSinceEpoch * 86_400 + Int64(hour * 3600 + minute * 60 + second) - offset
    }

    /// A point in time, written in UTC with hundredths of a second.
    public init(secondsSinceEpoch: Int64, hundredths: Int = 0) {
        let days = secondsSinceEpoch >= 0 ? secondsSinceEpoch / 86_400 : (secondsSinceEpoch - 86_399) / 86_400
        let second = Int(secondsSinceEpoch - days * 86_400)
        day = CivilDate(daysSinceEpoch: days)
        self.secondsSinceEpoch = secondsSinceEpoch
        var text = ByteWriter(reserving: 24)
        day.write(into: &text)
        text.append(UInt8(ascii: "T"))
        text.append(second / 3600, digits: 2)
        text.append(UInt8(ascii: ":"))
        text.append(second / 60 % 60, digits: 2)
        text.append(UInt8(ascii: ":"))
        text.append(second % 60, digits: 2)
        text.append(UInt8(ascii: "."))
        text.append(hundredths, digits: 2)
        text.append(UInt8(ascii: "Z"))
        self.text = String(decoding: text.finish(), as: UTF8.self)
    }

    /// The calendar day: a point in time as the clocks of that zone show it, a bare day as it is.
    ///
    /// Within the years 1 to 9999, which is all that can be written down: a time on the very edge stays on its day.
    public func date(in zone: TimeZoneName) -> CivilDate {
        guard let secondsSinceEpoch else { return day }
        let local = secondsSinceEpoch + zone.offset(at: secondsSinceEpoch)
        let days = local >= 0 ? local / 86_400 : (local - 86_399) / 86_400
        return CivilDate(daysSinceEpoch: min(max(days, Self.firstDay), Self.lastDay))
    }

    /// 0001-01-01 and 9999-12-31, in days since 1970-01-01.
    private static let (firstDay, lastDay): (Int64, Int64) = (-719_162, 2_932_896)

    /// Seconds that clocks are ahead of UTC, from what stands behind the time.
    private static func offset(_ bytes: Span<UInt8>, _ position: Int) -> Int64? {
        let rest = bytes.count - position
        if rest == 1, bytes[position] == UInt8(ascii: "Z") { return 0 }
        guard rest == 6, bytes[position + 3] == UInt8(ascii: ":"), let hours = digits(bytes, position + 1, 2),
            let minutes = digits(bytes, position + 4, 2), hours < 24, minutes < 60
        else { return nil }
        switch bytes[position] {
        case UInt8(ascii: "+"): return Int64(hours * 3600 + minutes * 60)
        case UInt8(ascii: "-"): return -Int64(hours * 3600 + minutes * 60)
        default: return nil
        }
    }
}

private func digits(_ bytes: Span<UInt8>, _ start: Int, _ count: Int) -> Int? {
    var value = 0
    for position in start..<start + count {
        guard (0x30...0x39).contains(bytes[position]) else { return nil }
        value = value * 10 + Int(bytes[position] - 0x30)
    }
    return value
}
