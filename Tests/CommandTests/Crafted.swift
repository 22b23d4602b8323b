import Detainers
import Ledger
import Testing

/// Ledgers without a worker or a broker, of made-up outcomes.
enum Crafted {
    static let now = Moment(secondsSinceEpoch: 1_750_000_000)

    static func outcome(_ number: Int) throws -> Outcome {
        let request = Request(
            requestID: "00000000-0000-4000-8000-00000000000\(number)", receivedBy: .init(agency: "boston-police"),
            receipt: .init(channel: .fax), form: .init(kind: .i247A, probableCause: [.finalOrder]))
        return Outcome(
            request: request, decision: nil,
            date: RequestDate(date: try #require(CivilDate("2025-01-02")), basis: .recorded),
            pseudonyms: Pseudonyms(keyID: "test"), contentKey: "content \(number)", recordedAt: now, traceparent: nil,
            jurisdiction: "boston")
    }

    /// As an aggregator keeps what an event told.
    static func taken(_ number: Int) throws -> JSONValue {
        let source: JSONValue = ["logId": "log", "index": .number(String(number)), "root": "root"]
        let members = try outcome(number).json().objectValue ?? []
        return .object(members + [JSONMember(name: "source", value: source)])
    }

    static func write(_ folder: String, _ name: String, _ records: [JSONValue]) throws {
        var writer = try LedgerWriter.open(directory: folder, worker: name, now: now).takeWriter()
        _ = try writer.append(records, announcedThrough: 0, now: now)
        writer.close()
    }
}
