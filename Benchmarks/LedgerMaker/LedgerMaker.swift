import Detainers
import Foundation
import Ledger

// Fills ledgers with made-up outcomes, to measure what reading many of them costs.
//
//     LedgerMaker DIRECTORY RECORDS WORKERS
//
// What stands in them already stays, and comes first; RECORDS is the number that is added.
// Requests of the years 2016 to 2025, spread evenly over days, stations, channels and forms; of a hundred of them three
// came twice on two papers and two have a custody outcome on record. Nothing in them is of anybody.

/// The same numbers each time (splitmix64).
struct Chance: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}

struct Maker {
    private static let stations = [
        "A-1", "A-7", "A-15", "B-2", "B-3", "C-6", "C-11", "D-4", "D-14", "E-5", "E-13", "E-18",
    ]
    private static let digest = "sha-256:" + String(repeating: "ab", count: 32)
    private static let firstDay = Int64(16_801)
    private static let dayCount = Int64(3_652)
    private var chance: Chance
    private let total: Int
    private var paper = (key: "", day: CivilDate(daysSinceEpoch: 0))

    init(worker: Int, total: Int) {
        chance = Chance(state: UInt64(worker) &* 0x1234_5678_9abc_def1)
        self.total = total
    }

    private mutating func pick<Value>(_ values: [Value]) -> Value {
        values[Int.random(in: 0..<values.count, using: &chance)]
    }

    private mutating func key() -> String {
        Data((0..<4).flatMap { _ in withUnsafeBytes(of: chance.next()) { Array($0) } }).base64EncodedString()
    }

    private mutating func uuid() -> String {
        let (high, low) = (chance.next(), chance.next())
        func hexadecimal(_ value: UInt64, _ digits: Int) -> String {
            let text = String(value, radix: 16)
            return String(repeating: "0", count: max(0, digits - text.count)) + text.suffix(digits)
        }
        return hexadecimal(high >> 32, 8) + "-" + hexadecimal(high >> 16 & 0xffff, 4) + "-4"
            + hexadecimal(high & 0xfff, 3) + "-8" + hexadecimal(low >> 48 & 0xfff, 3) + "-"
            + hexadecimal(low & 0xffff_ffff_ffff, 12)
    }

    /// The entries of the request with that number: mostly one.
    mutating func entries(_ number: Int) -> [LedgerEntry] {
        let day = CivilDate(daysSinceEpoch: Self.firstDay + Int64(number) * Self.dayCount / Int64(total))
        let recorded = Moment(secondsSinceEpoch: day.daysSinceEpoch * 86_400 + 50_000)
        let isSecondPaper = number > 0 && number % 100 < 3
        if !isSecondPaper { paper = (key(), day) }
        let pseudonyms = Pseudonyms(
            keyID: "0a1b2c3d", fileNumber: paper.key, nameAndBirthDate: isSecondPaper ? nil : key(), booking: key())
        let request = Request(
            requestID: uuid(), receivedBy: .init(agency: "boston-police", station: pick(Self.stations)),
            receipt: .init(channel: pick([.fax, .email, .mail]), receivedAt: recorded),
            form: .init(
                kind: pick([.i247A, .i247D, .i247G]), formDate: paper.day,
                probableCause: pick([[.finalOrder], [.biometricMatch], [.finalOrder, .biometricMatch]])))
        func given(_ rule: String) -> GivenAnswer { GivenAnswer(answer: .decline, rule: rule) }
        let outcome = Outcome(
            request: request,
            decision: Decision(
                hold: given("H1"), transfer: given("T1"), notify: given("N1"), reportLine: "item 1", reportRule: "R1",
                facts: [Fact(name: "warrant", value: "none"), Fact(name: "form", value: "detainer")],
                policyName: "boston-2019", policyDigest: Self.digest),
            date: RequestDate(date: day, basis: .received), pseudonyms: pseudonyms, contentKey: key(),
            recordedAt: recorded, traceparent: nil, jurisdiction: "boston")
        guard number % 50 == 7 else { return [.outcome(outcome)] }
        let record = CaseRecord(
            message: CaseMessage(
                recordID: uuid(), agency: "boston-police", recordedBy: "booking-desk",
                about: .init(requestID: request.requestID),
                detail: .custodyOutcome(.bailed, bailPostedAt: nil, receivingAgency: nil)),
            date: day, pseudonyms: Pseudonyms(keyID: "0a1b2c3d"), contentKey: key(), recordedAt: recorded,
            traceparent: nil, jurisdiction: "boston", isOurs: true)
        return [.outcome(outcome), .record(record)]
    }
}

@main enum LedgerMaker {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let records = Int(arguments[2]), let workers = Int(arguments[3]) else {
            FileHandle.standardError.write(Data("LedgerMaker DIRECTORY RECORDS WORKERS\n".utf8))
            exit(64)
        }
        DispatchQueue.concurrentPerform(iterations: workers) { worker in
            do { try fill(arguments[1], worker: worker, records: records / workers) } catch {
                FileHandle.standardError.write(Data("\(error)\n".utf8))
                exit(74)
            }
        }
    }

    private static func fill(_ directory: String, worker: Int, records: Int) throws {
        let now = Moment(secondsSinceEpoch: 1_767_200_000)
        let opening = try LedgerWriter.open(directory: directory, worker: "worker-\(worker + 1)", now: now)
        let before = opening.report.recordCount
        var writer = opening.takeWriter()
        var maker = Maker(worker: worker + 1, total: records)
        var (number, batch): (Int, [JSONValue]) = (0, [])
        var written = 0
        while written < records {
            while batch.count < 4_096, written + batch.count < records {
                batch += maker.entries(number).map { $0.json() }
                number += 1
            }
            _ = try writer.append(batch, announcedThrough: before + UInt64(written), now: now)
            written += batch.count
            batch.removeAll(keepingCapacity: true)
        }
        _ = try writer.append([], announcedThrough: before + UInt64(written), now: now)
        writer.close()
    }
}
