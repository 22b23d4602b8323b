/// How a message of the intake queue is written, as its property `content_type` says.
///
/// Types that we do not know are read as JSON: many a client library writes one of its own unasked, the reader takes
/// nothing but our contracts, and a request that is held back for it is a request that nobody counts.
public enum IntakeForm: Sendable, Equatable {
    /// The body is the message.
    case message
    /// The body is a CloudEvents object whose `data` is the message.
    case event
    /// The type says that it is something else; why.
    case unreadable(String)

    public static let messageType = "application/json"
    public static let eventType = "application/cloudevents+json"

    public init(contentType: String?) {
        guard let contentType, contentType != Self.messageType else {
            self = .message
            return
        }
        let parts = contentType.split(separator: ";", omittingEmptySubsequences: false).map(Self.trimmed)
        let type = parts[0].lowercased()
        let charsets = parts.dropFirst().map { $0.lowercased() }.filter { $0.hasPrefix("charset=") }
        // Names that were written in another one would be read as other names.
        if !charsets.allSatisfy({ ["utf-8", "us-ascii"].contains(Self.unquoted($0.dropFirst("charset=".count))) }) {
            self = .unreadable("the charset must be utf-8")
        } else if type == Self.eventType {
            self = .event
        } else if type.hasPrefix("application/cloudevents") {
            self = .unreadable("of CloudEvents only \(Self.eventType) is read: one event in JSON")
        } else {
            self = .message
        }
    }

    /// The JSON Pointer of the message in the body.
    public var root: String { self == .event ? "/data" : "" }

    private static func trimmed(_ text: Substring) -> Substring {
        let head = text.drop { $0 == " " || $0 == "\t" }
        guard let last = head.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return head[...last]
    }

    private static func unquoted(_ text: Substring) -> String {
        text.count >= 2 && text.first == "\"" && text.last == "\"" ? String(text.dropFirst().dropLast()) : String(text)
    }
}
