import AMQPClient
import Testing

@testable import Worker

/// Which of a consumer's events still count.
struct HeardConsumerTests {
    private static let delivered = AMQPEvent.deliveries([IntakeFormTests.delivery(IntakeFormTests.body)])
    private static let closed = AMQPEvent.closed(AMQPError(code: .localClose, message: "closed by this side"))

    @Test func onlyTheOneThatWasOpenedLastIsHeard() {
        var heard = HeardConsumer()
        heard.open(0)
        #expect(heard.hears(Self.delivered, of: 0))
        heard.open(1)
        #expect(heard.hears(Self.delivered, of: 1))
        #expect(!heard.hears(Self.delivered, of: 0) && !heard.hears(Self.closed, of: 0))
    }

    @Test func ofOneThatWasGivenUpItIsHeardOnlyThatItIsClosed() {
        var heard = HeardConsumer()
        heard.open(0)
        heard.giveUp()
        let opened = AMQPEvent.opened(ServerProperties(product: "RabbitMQ", version: "4.0.0"))
        for event in [opened, .consuming, Self.delivered, .cancelled(byBroker: true), .cancelled(byBroker: false)] {
            #expect(!heard.hears(event, of: 0))
        }
        #expect(heard.hears(Self.closed, of: 0))
        heard.open(1)
        #expect(heard.hears(Self.delivered, of: 1))
    }
}
