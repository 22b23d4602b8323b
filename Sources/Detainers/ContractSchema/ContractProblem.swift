/// One thing that is wrong with a message, and what mends it.
///
/// Like every error it holds paths and words of the contract, never a value or a name that a sender wrote.
public struct ContractProblem: Sendable, Equatable {
    public var reason: DeadLetterReason
    /// JSON Pointer (RFC 6901); empty for the message as a whole.
    public var path: String
    /// What the contract expects there, as a dead letter says it.
    public var expected: String
    /// What its sender does about it.
    public var remedy: String
    /// Where it stands in the body, in bytes from its beginning: the value itself, or what it is missing in.
    public var offset: Int?

    public var error: ContractError { ContractError(reason: reason, path: path, explanation: expected) }
}

/// The way to a value: names and positions as they stand in the message, which may be a person's. Never shown.
struct JSONSteps: Equatable {
    enum Step: Equatable {
        case name(String)
        case position(Int)
    }

    var steps: [Step] = []

    func appending(_ step: Step) -> JSONSteps { JSONSteps(steps: steps + [step]) }

    /// Where the value, or the name of a member, begins in a text that was read without error; where there is none, the
    /// innermost value around it.
    ///
    /// - Parameter isName: look for the name of the last step instead of its value.
    func offset(in bytes: [UInt8], isName: Bool = false) -> Int {
        var scan = JSONScan(bytes: bytes)
        scan.skipSpace()
        for (number, step) in steps.enumerated() {
            let outer = scan.position
            let isLast = number == steps.count - 1
            let isThere =
                switch step {
                case .name(let name): scan.enterMember(name, atName: isName && isLast)
                case .position(let position): scan.enterElement(position)
                }
            if !isThere { return outer }
        }
        return scan.position
    }
}

/// Walks over a JSON text that is known to be one.
private struct JSONScan {
    let bytes: [UInt8]
    var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    private var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func skipSpace() {
        while let byte, [0x20, 0x0a, 0x0d, 0x09].contains(byte) { position += 1 }
    }

    private mutating func skipSpace(and separator: Character) {
        skipSpace()
        if byte == separator.asciiValue { position += 1 }
        skipSpace()
    }

    mutating func enterMember(_ name: String, atName: Bool) -> Bool {
        guard byte == UInt8(ascii: "{") else { return false }
        position += 1
        skipSpace()
        while byte == UInt8(ascii: "\"") {
            let start = position
            skipString()
            // A name that cannot be read again is not the one.
            let found = try? JSONValue.parse(Array(bytes[start..<position]))
            if found == .string(name) {
                if atName { position = start } else { skipSpace(and: ":") }
                return true
            }
            skipSpace(and: ":")
            skipValue()
            skipSpace(and: ",")
        }
        return false
    }

    mutating func enterElement(_ wanted: Int) -> Bool {
        guard byte == UInt8(ascii: "[") else { return false }
        position += 1
        skipSpace()
        for _ in 0..<wanted {
            skipValue()
            skipSpace(and: ",")
        }
        return byte != nil && byte != UInt8(ascii: "]")
    }

    private mutating func skipString() {
        position += 1
        while let byte, byte != UInt8(ascii: "\"") { position += byte == UInt8(ascii: "\\") ? 2 : 1 }
        position += 1
    }

    /// Goes behind a value: behind a string, a balanced object or list, or a run of what a word or number is made of.
    private mutating func skipValue() {
        var depth = 0
        repeat {
            switch byte {
            case UInt8(ascii: "\"")?: skipString()
            case UInt8(ascii: "{")?, UInt8(ascii: "[")?:
                depth += 1
                position += 1
            case UInt8(ascii: "}")?, UInt8(ascii: "]")?:
                depth -= 1
                position += 1
            case nil: return
            default:
                position += 1
                if depth == 0 { while let byte, !",]} \n\r\t".utf8.contains(byte) { position += 1 } }
            }
        } while depth > 0
    }
}
