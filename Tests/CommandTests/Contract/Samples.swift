import Detainers
import Foundation

/// The sample messages of the repository.
enum Samples {
    static let folder = Binary.repository + "/config/samples/"

    static func names(_ folder: String, suffix: String = ".json") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: Self.folder + folder).filter { $0.hasSuffix(suffix) }
            .sorted()
    }

    static func body(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: folder + name)))
    }

    /// Every good message, those of the years included.
    static func good() throws -> [[UInt8]] {
        var bodies = try names("good").map { try body("good/" + $0) } + [try body("request.json")]
        for name in try names("", suffix: ".jsonl") {
            bodies += try body(name).split(separator: UInt8(ascii: "\n")).map { Array($0) }
        }
        return bodies
    }
}

/// Messages that differ from a good one in one place.
///
/// It knows nothing of the contract: what a member may be is not asked, so what it forgot it does not forget here too.
enum Mutations {
    /// What takes the place of any value; most of it breaks most members, and whom it does not break reads it.
    private static let values: [JSONValue] = [
        .null, true, "", "x", "unknown", "yes", "none", "2025-02-28", "2025-02-29", "2024-02-29", "1900-02-29",
        "2000-02-29", "0000-01-01", "0001-01-01", "2025-13-01", "2025-00-10", "2025-04-31", "20250101", "2025-1-1",
        "2025-W01-1", "+025-01-01", "2025-01-01T10:00:00Z", "2025-01-01t10:00:00z", "2025-01-01 10:00:00Z",
        "2025-01-01T24:00:00Z", "2025-01-01T10:60:00Z", "2025-01-01T10:00:60Z", "2025-01-01T10:00:00",
        "2025-01-01T10:00Z", "2025-01-01T10:00:00.Z", "2025-01-01T10:00:00.123456789Z",
        "2025-01-01T10:00:00.1234567890Z", "2025-01-01T10:00:00+24:00", "2025-01-01T10:00:00-05:30",
        "2025-01-01T10:00:00-0500", "2025-02-30T10:00:00Z", "2025-01-01\n", "2025-01-01T10:00:00Z\n",
        "6F1C2A52-8B0E-4D3C-9A57-2F0B7C1D9E44", "6f1c2a52-8b0e-4d3c-9a57-2f0b7c1d9e44\n",
        "6f1c2a528b0e4d3c9a572f0b7c1d9e44", "6f1c2a52-8b0e-4d3c-9a57-2f0b7c1d9e4g", "a-b-1", "a-b-1\n", "A_b", "é", "-",
        .string("sha-256:" + String(repeating: "0", count: 64)),
        .string("sha-256:" + String(repeating: "A", count: 64)),
        .string(String(repeating: "n", count: 64)), .string(String(repeating: "n", count: 65)),
        .string(String(repeating: "n", count: 129)), .string(String(repeating: "n", count: 201)),
        .string(String(repeating: "é", count: 33)), .string(String(repeating: "é", count: 101)),
        "tab\there", "\u{7f}", "\u{85}", "\u{2028}", 0, 1, 2, -1, 1_000, 1_001, 10_001, 10_000_000_000, 10_000_000_001,
        .number("4.0"), .number("4e0"), .number("-0"), .number("1.5"), .number("99999999999999999999"), [], [[]],
        ["final-order"], ["final-order", "final-order"], ["unsigned", 1], [.object([])], .object([]), ["kind": "other"],
        ["hold": "yes"], ["reason": "other"], ["basis": "none"], ["hold": "complied"], "detainer.request/1",
        "detainer.record/1", "detainer.request/2",
        .array(Array(repeating: ["kind": "other"], count: 51)), .array(Array(repeating: ["kind": "other"], count: 50)),
    ]

    /// - Parameter seen: places that were changed before, by the names that lead there and, of records, their kind.
    static func of(_ message: JSONValue, seen: inout Set<String>) -> [JSONValue] {
        var found: [JSONValue] = []
        let kind = message["kind"]?.stringValue ?? ""
        // Among values the kind chooses what else must be there, so each of its words is a place of its own.
        walk(message, path: kind, seen: &seen) { found.append($0) }
        return found
    }

    private static func walk(
        _ value: JSONValue, path: String, seen: inout Set<String>, _ emit: (JSONValue) -> Void
    ) {
        switch value {
        case .object(let members):
            if seen.insert(path + " +").inserted {
                emit(.object(members + [JSONMember(name: "extra", value: "x")]))
                emit(.object(members + [JSONMember(name: "revision", value: 2)]))
                emit(.object(members.reversed()))
            }
            for (position, member) in members.enumerated() {
                func put(_ value: JSONValue?) {
                    var changed = members
                    if let value { changed[position].value = value } else { changed.remove(at: position) }
                    emit(.object(changed))
                }
                let place = path + "/" + member.name
                if seen.insert(place).inserted {
                    put(nil)
                    for other in values { put(other) }
                    if case .string(let text) = member.value {
                        put(.string(text + "\n"))
                        put(.string(text.uppercased()))
                        put(.array([.string(text)]))
                    }
                    var renamed = members
                    renamed[position].name = member.name.uppercased()
                    emit(.object(renamed))
                }
                walk(member.value, path: place, seen: &seen) { put($0) }
            }
        case .array(let values):
            for (position, element) in values.enumerated() {
                if seen.insert("\(path)[]").inserted {
                    emit(.array(values + [element]))
                    emit(.array(values + [.null]))
                }
                walk(element, path: path + "[]", seen: &seen) { changed in
                    var list = values
                    list[position] = changed
                    emit(.array(list))
                }
            }
        default: break
        }
    }

    /// What is wrong with the text and not with the value.
    static func texts(of message: [UInt8]) -> [[UInt8]] {
        let text = String(decoding: message, as: UTF8.self)
        let members = String(text.drop { $0 != "{" }.dropFirst())
        let deep = { (levels: Int) in
            String(repeating: "[", count: levels) + "1" + String(repeating: "]", count: levels)
        }
        let values: [String] = [
            deep(63), deep(64), #""\ud83d""#, #""\ud83d\ude00""#, "NaN", "-Infinity", "01", "'x'", "\"\u{1}\"",
        ]
        var changed: [String] = values.map { "{\"a\":\($0),\(members)" }
        changed += ["{\"schema\":\"detainer.request/1\",\(members)", "\u{feff}\(text)", "\(text) {}", "\(text),"]
        changed += ["[\(text)", "null", "[]", "\"x\"", "1", text + String(repeating: " ", count: 65_536)]
        let bytes: [[UInt8]] = changed.map { Array($0.utf8) }
        return bytes + [
            Array(text.utf8.dropLast(3)), [0xff, 0xfe] + Array(text.utf8), [0x7b, 0x22, 0xe9, 0x22, 0x3a, 0x31, 0x7d],
        ]
    }
}
