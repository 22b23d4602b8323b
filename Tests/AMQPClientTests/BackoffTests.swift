import AMQPClient
import Testing

@Suite struct BackoffTests {
    @Test func doublesUpToItsCapAndBeginsAgain() {
        var backoff = Backoff(firstMilliseconds: 100, maximumMilliseconds: 1000)
        #expect((0..<6).map { _ in backoff.next(random: 1) } == [100, 200, 400, 800, 1000, 1000])
        backoff.reset()
        #expect(backoff.next(random: 1) == 100)
    }

    @Test func jittersBetweenHalfAndWhole() {
        var backoff = Backoff(firstMilliseconds: 100, maximumMilliseconds: 1000)
        #expect(backoff.next(random: 0) == 50)
        #expect(backoff.next(random: 0.5) == 150)
    }

    @Test func staysSaneAtTheEdges() {
        var backoff = Backoff(firstMilliseconds: 0, maximumMilliseconds: 0)
        for _ in 0..<200 { #expect(backoff.next(random: 0.3) == 1) }
        var large = Backoff(firstMilliseconds: .max / 4, maximumMilliseconds: .max / 2)
        for _ in 0..<200 { #expect(large.next(random: 7) > 0) }
    }
}
