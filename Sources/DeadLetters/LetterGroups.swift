public import Detainers
import Foundation

/// Letters by why they died and who sent them: what a person reads first.
public struct LetterGroups: Sendable {
    public struct Key: Sendable, Hashable {
        public var reason: String
        public var detail: String
        public var source: String
        public var age: Age
    }

    /// How long ago a letter died.
    public enum Age: String, Sendable, Comparable, CaseIterable {
        case hour = "last hour"
        case day = "last day"
        case week = "last week"
        case older
        /// It has no time that anybody can read.
        case unknown

        public static func < (one: Age, other: Age) -> Bool {
            allCases.firstIndex(of: one) ?? 0 < allCases.firstIndex(of: other) ?? 0
        }

        init(_ diedAt: String, _ now: Moment) {
            guard let then = Moment(text: diedAt)?.firstSecond, let now = now.secondsSinceEpoch else {
                self = .unknown
                return
            }
            switch now - then {
            case ..<3_600: self = .hour
            case ..<86_400: self = .day
            case ..<604_800: self = .week
            default: self = .older
            }
        }
    }

    public struct Group: Sendable {
        public var key: Key
        public var count = 0
        public var oldest: String
        public var newest: String
        /// One of them, to look at.
        public var example: LetterID
    }

    /// Details are paths and sentences of ours, and sources are few; should a sender make up a new one with each
    /// message, the rest is counted together.
    static let mostGroups = 1_000

    private var groups: [Key: Group] = [:]

    private let now: Moment

    public init(now: Moment) { self.now = now }

    public mutating func add(_ letter: StoredLetter) {
        var key = Key(
            reason: letter.letter.reason.rawValue, detail: Self.kind(letter.letter.detail),
            source: letter.letter.source, age: Age(letter.letter.deadAt, now))
        if groups[key] == nil, groups.count >= Self.mostGroups {
            key = Key(reason: key.reason, detail: "of many kinds", source: "of many", age: key.age)
        }
        let died = letter.letter.deadAt
        var group = groups[key] ?? Group(key: key, oldest: died, newest: died, example: letter.id)
        group.count += 1
        group.oldest = min(group.oldest, died)
        group.newest = max(group.newest, died)
        groups[key] = group
    }

    /// The detail without the place in the text, which is another one in each message.
    private static func kind(_ detail: String) -> String {
        let whole = detail.range(of: ", at byte ", options: .backwards).map { String(detail[..<$0.lowerBound]) }
        return MaskedMessage.sentence(whole ?? detail)
    }

    public var total: Int { groups.values.reduce(0) { $0 + $1.count } }

    /// The largest first.
    public var sorted: [Group] {
        groups.values.sorted {
            if $0.count != $1.count { return $0.count > $1.count }
            return ($0.key.reason, $0.key.detail, $0.key.source, $0.key.age)
                < ($1.key.reason, $1.key.detail, $1.key.source, $1.key.age)
        }
    }
}
