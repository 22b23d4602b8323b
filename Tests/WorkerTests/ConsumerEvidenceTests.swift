import Testing

@testable import Worker

/// What the broker tells of a consumer, at which time, and what speaks against it.
struct ConsumerEvidenceTests {
    private func evidence(_ sightings: (ConsumerEvidence.Sighting, at: Int64)...) -> ConsumerEvidence {
        var evidence = ConsumerEvidence(tag: "t", startedAt: 1_000)
        for (sighting, at) in sightings { evidence.saw(sighting, at: at) }
        return evidence
    }

    @Test func oneThatWasOnTheListAndIsGoneIsMissedAtOnce() {
        #expect(evidence((.listed(isActive: true), at: 2_000)).reason == nil)
        let gone = evidence((.listed(isActive: true), at: 2_000), (.unlisted(others: 3), at: 3_000))
        #expect(gone.reason?.contains("3 others") == true && gone.sentence == "not listed, beside 3 others")
        let back = evidence(
            (.listed(isActive: true), at: 2_000), (.unlisted(others: 3), at: 3_000), (.listed(isActive: nil), at: 4_000)
        )
        #expect(back.reason == nil)
    }

    @Test func oneThatWasNeverOnTheListMayBeTooNewForIt() {
        let new = evidence((.unlisted(others: 0), at: 1_000 + ConsumerEvidence.listingMilliseconds - 1))
        #expect(new.reason == nil && new.sentence.contains("it is new"))
        #expect(evidence((.unlisted(others: 0), at: 1_000 + ConsumerEvidence.listingMilliseconds)).reason != nil)
    }

    @Test func whereTheListIsNotToBeHadTheCountHolds() {
        let counted = evidence(
            (.unlisted(others: 1), at: 100_000), (.counted(1, otherwise: "it does not answer"), at: 101_000))
        #expect(counted.reason == nil && counted.sentence.hasSuffix("it does not answer"))
        #expect(evidence((.counted(0, otherwise: nil), at: 2_000)).reason?.contains("counts no consumer") == true)
        #expect(evidence((.counted(0, otherwise: nil), at: 2_000), (.nothing, at: 3_000)).reason == nil)
    }

    @Test func standingByIsWell() {
        let waiting = evidence((.listed(isActive: false), at: 2_000))
        #expect(waiting.reason == nil && waiting.sentence.contains("standing by"))
    }

    @Test func onlyAConsumingWorkerMissesItsConsumer() {
        var status = WorkerStatus()
        status.consumer = evidence((.counted(0, otherwise: nil), at: 2_000))
        #expect(status.reasons == ["it does not consume yet"])
        status.isConsuming = true
        #expect(status.reasons.count == 1 && status.reasons[0].contains("counts no consumer"))
    }
}
