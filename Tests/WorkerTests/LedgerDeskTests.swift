import Detainers
import Foundation
import Ledger
import Testing

@testable import Worker

/// What the desk does one after the other.
struct LedgerDeskTests {
    private static func open(_ directory: String) throws -> OpenLedger {
        try OpenLedger.open(
            directory: directory, worker: "w", load: PolicyLoad(try IntakeFormTests.judge(), occasion: .start),
            signingKey: nil, now: Moment(secondsSinceEpoch: 0))
    }

    /// A stop that cannot wait for a batch closes the ledger behind it.
    @Test func aBatchThatIsUnderWayWhenTheLedgerIsClosedIsAnnouncedByTheNextStart() async throws {
        let directory = FileManager.default.temporaryDirectory.path + "/desk-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let desk = try Self.open(directory).desk
        // The record before it is that of the policies.
        desk.record([.outcome(Scene.outcome(1))], announcedThrough: 1) { _ in }
        let error = await withCheckedContinuation { (closed: CheckedContinuation<LedgerError?, Never>) in
            desk.finish(announcedThrough: 1) { closed.resume(returning: $0) }
        }
        #expect(error == nil)
        let again = try Self.open(directory)
        #expect(!again.wasUnclean)
        var pipeline = again.pipeline
        #expect(pipeline.say(.started) == ["open publisher"])
        #expect(pipeline.say(.publisherOpened) == ["publish event 1"])
        #expect(pipeline.say(.published([.init(token: 1, result: .confirmed)])) == ["open consumer 0"])
    }
}
