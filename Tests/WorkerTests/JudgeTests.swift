import AMQPClient
import Detainers
import Foundation
import Policy
import Testing

@testable import Worker

struct JudgeTests {
    private static func policy(_ path: String) throws -> PolicyDocument {
        let root = #filePath.prefix(upTo: try #require(#filePath.range(of: "/Tests/")).lowerBound)
        let file = root + "/config/policies/" + path
        return try PolicyDocument.parse(text: String(contentsOfFile: String(file), encoding: .utf8), file: String(file))
    }

    private static func key(_ id: UInt8) throws -> PseudonymKey {
        let bytes = Data(repeating: id, count: 32).base64EncodedString()
        return try PseudonymKey(file: Array("detainer-key/1 \(id) \(bytes)".utf8))
    }

    /// A message that was recorded before anybody here served its agency, and comes again when somebody does, is a
    /// repeat: what it says is the same.
    @Test func whatAMessageSaysDoesNotDependOnWhoServesItsAgency() throws {
        let keys = ["boston": try Self.key(1), "cambridge": try Self.key(2)]
        let boston = try Self.policy("boston-2019.yaml")
        let cambridge = try Self.policy("packs/cambridge.yaml")
        let agency = try #require(cambridge.receivers.first)
        let body = IntakeFormTests.body.replacing("boston-police", with: agency)
        let record = #"{"schema":"detainer.record/1","recordId":"00000000-0000-4000-9000-000000000001","#
            + #""kind":"reentry-arrest","agency":"\#(agency)","recordedBy":"shift-supervisor","#
            + #""happenedAt":"2025-03-05","about":{"subject":{"fileNumber":"A1"}},"detail":{}}"#
        func entry(_ policies: [PolicyDocument], _ body: String) throws -> LedgerEntry {
            let judge = Judge(
                policies: try PolicySet(policies, allowDrafts: true, home: "boston"), keys: keys, worker: "w")
            let now = Moment(secondsSinceEpoch: 1_767_225_600)
            let arrival = judge.arrival(of: IntakeFormTests.delivery(body), at: now)
            guard case .entry(let entry) = arrival.verdict else { throw Problem(verdict: "\(arrival.verdict)") }
            return try #require(try LedgerEntry(json: JSONText(entry.prepared.record).root))
        }
        guard case .outcome(let before) = try entry([boston], body),
            case .outcome(let after) = try entry([boston, cambridge], body),
            case .record(let told) = try entry([boston], record),
            case .record(let toldAgain) = try entry([boston, cambridge], record)
        else { throw Problem(verdict: "another kind") }
        #expect(before.decision == nil && after.decision != nil)
        #expect(before.contentKey == after.contentKey && told.contentKey == toldAgain.contentKey)
        // Persons are keyed by whoever serves them.
        #expect(told.pseudonyms.keyID == "1" && toldAgain.pseudonyms.keyID == "2")
    }

    private struct Problem: Error { var verdict: String }
}
