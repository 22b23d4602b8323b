import Foundation

/// What the broker's tools show for this worker's consumers: whose they are, and no other's.
///
/// `<worker>@<host>.<process>.<16 hexadecimal digits>`: for a person who looks at a queue's consumers the worker, its
/// machine and its process; and chance, for two hosts may have the same name and processes of containers the same
/// number.
enum ConsumerTag {
    /// AMQP's short strings have 255 bytes, and the worker adds a number of its own; its name has at most 64.
    private static let hostBytes = 64

    static func make(
        worker: String, host: String = Operator.host,
        process: Int32 = ProcessInfo.processInfo.processIdentifier
    ) -> String {
        // A host's name is ASCII; what is not could be cut in the middle of a character.
        let host = String(host.filter { $0.isASCII && $0 != " " && !$0.isNewline }.prefix(hostBytes))
        let chance = String(UInt64.random(in: .min ... .max), radix: 16)
        return "\(worker)@\(host).\(process)." + String(repeating: "0", count: 16 - chance.count) + chance
    }
}
