import AMQPClient
import Detainers
import Foundation
import Ledger
import Policy
import Worker

// What a worker does with one request, step by step, over and over: for counting instructions and for profiles.
//
//     HotPaths REPOSITORY STEP COUNT
//
// Neither a broker nor a clock is asked; each request has an id of its own, and the same ones come in each run.

@main
struct HotPaths {
    /// As many as a worker takes from the socket at once where it is busy.
    static let batch = 256

    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let step = Step(rawValue: arguments[2]), let count = Int(arguments[3]) else {
            print("usage: HotPaths REPOSITORY \(Step.allCases.map(\.rawValue).joined(separator: "|")) COUNT")
            exit(64)
        }
        try Bench(repository: arguments[1]).run(step, count)
    }
}

enum Step: String, CaseIterable {
    /// Reading a message.
    case read
    /// Reading, deciding, pseudonyms, and the bytes of the record.
    case judge
    /// The bytes of the event.
    case event
    /// A line of the ledger, its check and its leaf in the tree, written by batches.
    case record
    /// What is gathered of a record for what lies beside its segment: index, identities.
    case index
    /// Reading a record of the ledger back.
    case recall
    /// The pipeline's own bookkeeping.
    case pipeline
}

struct Bench {
    private static let now = Moment(secondsSinceEpoch: 1_767_225_600)
    private let judge: Judge
    private let body: String
    private let idOffset: Int

    init(repository: String) throws {
        let boston = repository + "/config/policies/boston-2019.yaml"
        let policy = try PolicyDocument.parse(text: String(contentsOfFile: boston, encoding: .utf8), file: boston)
        let key = try PseudonymKey(file: Array("detainer-key/1 0 \(Data(count: 32).base64EncodedString())".utf8))
        judge = Judge(
            policies: try PolicySet([policy], allowDrafts: true, home: "boston"), keys: ["boston": key],
            worker: "worker")
        body = try String(contentsOfFile: repository + "/config/samples/request.json", encoding: .utf8)
            .split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.joined()
        guard let id = body.range(of: "6f1c2a52") else { fatalError("the sample has its id") }
        idOffset = body.utf8.distance(from: body.startIndex, to: id.lowerBound)
    }

    func run(_ step: Step, _ count: Int) throws {
        switch step {
        case .read: for number in 0..<count { keep(try IntakeContract.read(delivery(number).message.body)) }
        case .judge: for number in 0..<count { keep(judge.arrival(of: delivery(number), at: Self.now)) }
        case .event:
            let entry = try entry(0)
            for number in 0..<count {
                keep(entry.prepared.event(at: LedgerPosition(logID: "log", index: UInt64(number), root: "root")))
            }
        case .record: try record(count)
        case .index: try index(count)
        case .recall:
            let line = try entry(0).prepared.record
            for _ in 0..<count { keep(try LedgerEntry(json: JSONText(line).root)) }
        case .pipeline: try pipeline(count)
        }
    }

    private func delivery(_ number: Int) -> Delivery {
        let id = String(number + 0x1000_0000, radix: 16)
        var bytes = Array(body.utf8)
        // Where the sample's id begins, which is the same in each.
        bytes.replaceSubrange(idOffset..<idOffset + 8, with: id.utf8)
        var properties = MessageProperties()
        properties.contentType = "application/json"
        return Delivery(
            deliveryTag: UInt64(number + 1), redelivered: false, exchange: "detainer.intake", routingKey: "request",
            message: Message(body: bytes, properties: properties))
    }

    private func entry(_ number: Int) throws -> PendingEntry {
        guard case .entry(let entry) = judge.arrival(of: delivery(number), at: Self.now).verdict else {
            fatalError("the sample is a good request")
        }
        return entry
    }

    private func record(_ count: Int) throws {
        let directory = NSTemporaryDirectory() + "hot-paths-\(ProcessInfo.processInfo.processIdentifier)"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var opening = try LedgerWriter.open(directory: directory, worker: "worker", now: Self.now)
        let entry = try entry(0)
        for start in stride(from: 0, to: count, by: HotPaths.batch) {
            let records = Array(repeating: entry.prepared.record, count: min(HotPaths.batch, count - start))
            keep(try opening.writer.append(objects: records, announcedThrough: 0, now: Self.now))
        }
    }

    private func index(_ count: Int) throws {
        // Of a ledger that has nothing yet.
        var contents = SegmentUpkeep(try LedgerReader(directory: NSTemporaryDirectory())).openContents
        // Made before; the same ones again and again, for nothing of them is looked up.
        let entries = try (0..<HotPaths.batch).map { try entry($0) }
        for number in 0..<count {
            contents.add(entries[number % entries.count].indexed, record: UInt64(number), offset: number)
        }
        keep(contents)
    }

    private func pipeline(_ count: Int) throws {
        var pipeline = Pipeline(index: DuplicateIndex(), recordCount: 0, backlog: [])
        _ = pipeline.handle(.started, at: 0)
        _ = pipeline.handle(.publisherOpened, at: 0)
        _ = pipeline.handle(.consumerOpened(generation: 0), at: 0)
        var recorded: UInt64 = 0
        for start in stride(from: 0, to: count, by: HotPaths.batch) {
            let arrivals = (start..<min(count, start + HotPaths.batch)).map {
                judge.arrival(of: delivery($0), at: Self.now)
            }
            keep(pipeline.handle(.arrived(arrivals, generation: 0), at: 0))
            var tokens: [UInt64] = []
            for action in pipeline.handle(.recorded(firstIndex: recorded), at: 0) {
                guard case .publish(let publishings) = action else { continue }
                for case .event(let token, _) in publishings { tokens.append(token) }
            }
            recorded += UInt64(arrivals.count)
            keep(pipeline.handle(.published(tokens.map { .init(token: $0, result: .confirmed) }), at: 0))
        }
    }
}

/// Keeps the optimiser from leaving out what nobody looks at.
@inline(never)
func keep<Value>(_ value: Value) { withExtendedLifetime(value) {} }
