import Foundation

@testable import Detainers

/// The JSON reader against Foundation's, in both directions up to our documented bounds, and against its own writer.
enum JSONFuzz {
    static func run(_ bytes: [UInt8]) {
        let first = read(bytes)
        let second = read(bytes)
        switch (first, second) {
        case (.success(let value), .success(let again)):
            check(same(value, again), "reading is deterministic")
            accepted(value, bytes)
        case (.failure(let error), .failure(let again)):
            check(error == again, "errors are deterministic")
            refused(error, bytes)
        default: broken("reading is deterministic")
        }
    }

    private static func read(_ bytes: [UInt8]) -> Result<JSONValue, JSONError> {
        Result { () throws(JSONError) in try JSONValue.parse(bytes) }
    }

    private static func accepted(_ value: JSONValue, _ bytes: [UInt8]) {
        let written = value.serialized()
        guard case .success(let again) = read(written) else { broken("what was read is written as JSON") }
        check(same(value, again), "what was read is written as the same value")
        check(again.serialized() == written, "writing is a fixed point")
        check(depth(value) <= JSONLimits().depth, "depth is bounded")
        do {
            let other = try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
            check(agrees(value, other), "the other reader reads the same value")
        } catch {
            // It refuses numbers that no double holds; the grammar does not.
            check(hasExtremeNumber(value), "the other reader takes it too: \(error)")
        }
    }

    private static func refused(_ error: JSONError, _ bytes: [UInt8]) {
        check((0...bytes.count).contains(error.offset), "the offset lies within the text")
        check(error.path.isEmpty || error.path.hasPrefix("/"), "the path is a pointer")
        // It takes UTF-16 and UTF-32, with a byte order mark or guessed from zero bytes, which is not JSON between systems.
        if bytes.contains(0) || bytes.starts(with: [0xef, 0xbb, 0xbf]) || bytes.starts(with: [0xff, 0xfe])
            || bytes.starts(with: [0xfe, 0xff])
        {
            return
        }
        // What it is more lenient in.
        let known = [
            "has a member twice", "is nested deeper", "half a surrogate pair", "has a number longer than",
            "is longer than",
        ]
        if known.contains(where: error.explanation.contains) || isAtTrailingComma(error, bytes) { return }
        guard (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil else { return }
        broken("what the other reader takes is taken: \(error)")
    }

    /// It takes `[1,]` and `{"a":1,}`.
    private static func isAtTrailingComma(_ error: JSONError, _ bytes: [UInt8]) -> Bool {
        guard error.offset < bytes.count, [0x5d, 0x7d].contains(bytes[error.offset]) else { return false }
        return bytes[..<error.offset].last { ![0x20, 0x09, 0x0a, 0x0d].contains($0) } == UInt8(ascii: ",")
    }

    /// By bytes, as JSON compares.
    static func same(_ one: JSONValue, _ other: JSONValue) -> Bool {
        switch (one, other) {
        case (.string(let one), .string(let other)), (.number(let one), .number(let other)):
            one.utf8.elementsEqual(other.utf8)
        case (.array(let one), .array(let other)): one.elementsEqual(other, by: same)
        case (.object(let one), .object(let other)):
            one.elementsEqual(other) { $0.name.utf8.elementsEqual($1.name.utf8) && same($0.value, $1.value) }
        default: one == other
        }
    }

    private static func depth(_ value: JSONValue) -> Int {
        switch value {
        case .array(let values): 1 + (values.map(depth).max() ?? 0)
        case .object(let members): 1 + (members.map { depth($0.value) }.max() ?? 0)
        default: 0
        }
    }

    private static func hasExtremeNumber(_ value: JSONValue) -> Bool {
        switch value {
        case .number(let text): Double(text).map { !$0.isFinite || $0 == 0 || abs($0) < 1e-300 } ?? true
        case .array(let values): values.contains(where: hasExtremeNumber)
        case .object(let members): members.contains { hasExtremeNumber($0.value) }
        default: false
        }
    }

    private static func agrees(_ value: JSONValue, _ other: Any) -> Bool {
        switch value {
        case .null: return other is NSNull
        case .bool(let flag): return (other as? Bool) == flag
        case .string(let text):
            return (other as? String).map { unmarked($0).unicodeScalars.elementsEqual(unmarked(text).unicodeScalars) }
                ?? false
        case .number(let text):
            guard let number = other as? NSNumber, let double = Double(text) else { return false }
            // Whole numbers beyond 2^53 come as integers there.
            return number.doubleValue == double || abs(number.doubleValue - double) <= abs(double) * 1e-12
        case .array(let values):
            guard let others = other as? [Any], others.count == values.count else { return false }
            return zip(values, others).allSatisfy { agrees($0, $1) }
        case .object(let members):
            // Names that are one text in two Unicode forms are one key there.
            guard let others = other as? [String: Any], others.count <= members.count else { return false }
            if others.count < members.count { return true }
            let byName = Dictionary(others.map { (unmarked($0.key), $0.value) }) { first, _ in first }
            if byName.count < members.count { return true }
            return members.allSatisfy { member in
                byName[unmarked(member.name)].map { agrees(member.value, $0) } ?? false
            }
        }
    }

    /// The other reader drops a byte order mark within a string or a name, where it is a character like others.
    private static func unmarked(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value != 0xfeff }))
    }
}
