// Regular expressions for what JSON Schema has no word for. They keep to what ECMA-262, RE2, PCRE, Java and Python read
// alike: no look-around. `$` is no end of text in Python, where a newline may follow it; so a bound on the length, or
// the definition of a control character, stands beside each.
enum SchemaPatterns {
    static let control = "[\\x00-\\x1f\\x7f]"
    static let uuid = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
    static let name = "^[a-z0-9-]+$"
    static let digest = "^sha-256:[0-9a-f]{64}$"

    /// A day of the Gregorian calendar from year 1 on: months have their length, and February its leap day.
    static let day: String = {
        let year = "(?:[0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"
        let fourth = "(?:0[48]|[2468][048]|[13579][26])"
        let leapYear = "(?:[0-9]{2}\(fourth)|\(fourth)00)"
        let long = "(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
        let short = "(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
        let february = "02-(?:0[1-9]|1[0-9]|2[0-8])"
        return "(?:\(year)-(?:\(long)|\(short)|\(february))|\(leapYear)-02-29)"
    }()

    static let date = "^\(day)$"

    /// RFC 3339 without leap seconds, which no clock of ours knows; up to nine digits of a second.
    static let moment: String = {
        let hour = "(?:[01][0-9]|2[0-3])"
        let sixty = "[0-5][0-9]"
        let time = "T\(hour):\(sixty):\(sixty)(?:\\.[0-9]{1,9})?(?:Z|[+-]\(hour):\(sixty))"
        return "^\(day)(?:\(time))?$"
    }()
}

/// What no keyword of JSON Schema can say, by name: the only rules that this program keeps and a schema does not.
public enum UnspokenRule: String, CaseIterable, Sendable {
    case maximumBytes = "maximum-bytes"
    case wholeNumber = "whole-number"
    case text

    public var sentence: String {
        switch self {
        case .maximumBytes:
            "`\(JSONSchema.maximumBytes)` bounds a text in bytes of UTF-8; `maxLength` beside it counts characters, of "
                + "which one may have up to four bytes"
        case .wholeNumber:
            "a whole number is written in digits alone: 4, and neither 4.0 nor 4e0, which JSON Schema takes as well"
        case .text:
            "before it is a value a body is text: at most \(RequestContract.maximumBodyBytes) bytes of UTF-8, no "
                + "member twice, no half of a surrogate pair, nested at most \(JSONLimits().depth) levels deep"
        }
    }
}
