import Testing

@testable import Worker

struct SigningScheduleTests {
    private static let hour = SigningSchedule.intervalMilliseconds

    @Test func anHourAfterTheFirstUnsignedBatchAndNotAgainWithoutANewOne() {
        var schedule = SigningSchedule(hasUnsignedRecords: false, at: 0)
        #expect(!schedule.isDue(at: 10 * Self.hour))
        schedule.committed(segment: 1, at: 1_000)
        schedule.committed(segment: 1, at: Self.hour)
        #expect(!schedule.isDue(at: Self.hour + 999))
        #expect(schedule.isDue(at: Self.hour + 1_000))
        schedule.asked()
        #expect(!schedule.isDue(at: 9 * Self.hour))
    }

    @Test func atOnceWhenASegmentWasSealed() {
        var schedule = SigningSchedule(hasUnsignedRecords: false, at: 0)
        schedule.committed(segment: 1, at: 0)
        #expect(!schedule.isDue(at: 1))
        schedule.committed(segment: 2, at: 1)
        #expect(schedule.isDue(at: 1))
    }

    @Test func whatAnEarlierRunLeftUnsignedIsSignedWithinTheHour() {
        let schedule = SigningSchedule(hasUnsignedRecords: true, at: 5)
        #expect(!schedule.isDue(at: Self.hour))
        #expect(schedule.isDue(at: Self.hour + 5))
    }

    @Test func withoutRoomItIsTriedAgainAnHourLater() {
        var schedule = SigningSchedule(hasUnsignedRecords: true, at: 0)
        schedule.asked()
        schedule.failed(at: 100)
        #expect(!schedule.isDue(at: Self.hour))
        #expect(schedule.isDue(at: Self.hour + 100))
    }
}
