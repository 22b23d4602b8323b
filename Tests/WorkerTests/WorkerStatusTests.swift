import Testing

@testable import Worker

struct WorkerStatusTests {
    @Test func aRefusalStaysUntilALaterLoadHolds() {
        var status = WorkerStatus()
        status.isConsuming = true
        status.refuse(2, "row H4: answers nothing")
        // Asked for before the refused one, and slower to take over.
        status.forgetRefusal(before: 1)
        #expect(status.refusal == "row H4: answers nothing")
        #expect(status.reasons.count == 1)
        status.forgetRefusal(before: 3)
        #expect(status.refusal == nil && status.reasons.isEmpty)
    }

    @Test func ofTwoRefusalsTheLaterOneIsTold() {
        var status = WorkerStatus()
        status.refuse(5, "later")
        status.refuse(4, "earlier, kept longer")
        #expect(status.refusal == "later")
        #expect(status.refusedLoads == 2)
    }

    @Test func toldToStopItSaysSoAndWhatMayKeepItFromFinishing() {
        var status = WorkerStatus()
        status.isConsuming = true
        (status.isStopping, status.isQuiet) = (true, true)
        #expect(status.reasons == ["it was told to stop: it finishes what is in hand and leaves"])
        status.pause = "an event reached no queue"
        #expect(status.reasons.count == 2 && status.reasons.last == status.pause)
    }
}
