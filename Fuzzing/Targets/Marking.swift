@testable import Detainers

/// Puts a word that is none of ours in the place of values and names, so that an error which repeats one is seen.
enum Marking {
    static let word = "MARKED"

    /// The body with one of its texts, and with one of its names, marked; which, the body itself says. None where it is
    /// no JSON.
    static func bodies(of body: [UInt8]) -> [[UInt8]] {
        guard let json = try? JSONValue.parse(body) else { return [] }
        let chosen = body.reduce(0) { ($0 &* 31 &+ Int($1)) & 0xffff }
        return [true, false].compactMap { isName in
            let count = count(json, isName)
            if count == 0 { return nil }
            var left = chosen % count
            return marked(json, isName, &left).serialized()
        }
    }

    private static func count(_ json: JSONValue, _ isName: Bool) -> Int {
        switch json {
        case .string: isName ? 0 : 1
        case .array(let values): values.reduce(0) { $0 + count($1, isName) }
        case .object(let members): members.reduce(0) { $0 + (isName ? 1 : 0) + count($1.value, isName) }
        default: 0
        }
    }

    private static func marked(_ json: JSONValue, _ isName: Bool, _ left: inout Int) -> JSONValue {
        switch json {
        case .string where !isName:
            left -= 1
            return left == -1 ? .string(word) : json
        case .array(let values): return .array(values.map { marked($0, isName, &left) })
        case .object(let members):
            return .object(
                members.map { member in
                    var member = member
                    if isName {
                        left -= 1
                        if left == -1 { member.name = word }
                    }
                    member.value = marked(member.value, isName, &left)
                    return member
                })
        default: return json
        }
    }
}
