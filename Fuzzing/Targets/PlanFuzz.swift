import Crypto
import Detainers
import Foundation

@testable import DeadLetters

/// The file of a replay plan: it is the one that was made, or it is refused.
enum PlanFuzz {
    private static let path = NSTemporaryDirectory() + "/plan-\(getpid()).jsonl"

    /// A plan of three letters.
    private static let base: [UInt8] = {
        do {
            try? FileManager.default.removeItem(atPath: path)
            let writer = try ReplayPlan.Writer(
                path, plan: "00000000000000ab", madeAt: Moment(secondsSinceEpoch: 1_700_000_000), madeBy: "fuzz",
                filter: "all", policies: ["p"])
            for (number, fate) in ReplayPlan.Fate.allCases.enumerated() {
                guard let id = LetterID(String(repeating: "0", count: 23) + String(number)) else { broken("an id") }
                try writer.add(
                    ReplayPlan.Entry(
                        id: id, record: UInt64(number), deadAt: "2025-01-02T03:04:05Z", body: "digest", fate: fate,
                        detail: "a detail"))
            }
            try writer.finish()
            return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch { broken("a plan is written: \(error)") }
    }()

    static func run(_ bytes: [UInt8]) {
        let valid = base
        var instructions = Instructions(bytes)
        switch instructions.byte() % 3 {
        case 0: read(Array(instructions.rest))
        case 1:
            let damaged = instructions.damage(valid)
            if read(damaged) { check(damaged == valid, "a plan that was changed is refused") }
        default:
            // With a last line that fits what is before it, so that all else is reached.
            let lines = Array(instructions.rest)
            let end = "{\"kind\":\"end\",\"letters\":0,\"fates\":{},\"check\":\"\(digest(lines))\"}\n"
            read(lines + Array(end.utf8))
        }
    }

    private static func digest(_ bytes: [UInt8]) -> String {
        SHA256.hash(data: bytes).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    @discardableResult
    private static func read(_ bytes: [UInt8]) -> Bool {
        do { try Data(bytes).write(to: URL(fileURLWithPath: path)) } catch { broken("a plan lies on the disk") }
        let (first, second) = (result { try ReplayPlan.check(path) }, result { try ReplayPlan.check(path) })
        switch (first, second) {
        case (.success(let head), .success(let again)):
            check(head.plan == again.plan && head.letters == again.letters, "reading is deterministic")
            var letters = 0
            guard case .success = result({ try ReplayPlan.entries(path) { _ in letters += 1 } }) else {
                broken("the letters of a plan that was checked are read")
            }
            check(letters == head.letters, "it has as many letters as it says")
            let lines = LedgerFuzz.lines(bytes)
            check(lines.count == letters + 2, "it has nothing but a head, letters and an end")
            check(
                String(decoding: lines.last ?? [], as: UTF8.self).contains(digest(Array(lines.dropLast().joined()))),
                "its check is the digest of all before it")
            return true
        case (.failure(let error), .failure(let again)):
            check(String(describing: error) == String(describing: again), "errors are deterministic")
            return false
        default: broken("reading is deterministic")
        }
    }

    private static func result<Value>(_ body: () throws -> Value) -> Result<Value, any Error> { Result { try body() } }
}
