import AMQPClient
import Detainers
import Foundation
import Testing

@testable import Worker

/// What is measured: each thing once, and only for as long as it took.
struct WorkerMeterTests {
    private static func delivery(_ tag: UInt64) -> Delivery {
        var delivery = IntakeFormTests.delivery(IntakeFormTests.body)
        delivery.deliveryTag = tag
        return delivery
    }

    private static func figures(_ step: WorkerMetrics.Step, _ meter: WorkerMeter) -> WorkerMetrics.StepFigures {
        meter.metrics.steps[step] ?? WorkerMetrics.StepFigures()
    }

    @Test func aRepeatThatIsAcknowledgedAtOnceWaitedForNoConfirm() {
        var meter = WorkerMeter()
        meter.delivered([Self.delivery(1)], at: 10)
        meter.settled([.init(token: 0, result: .confirmed)], at: 11)
        meter.acknowledges(through: 1, at: 11.5)
        meter.confirmsAreDone()
        #expect(Self.figures(.settle, meter).seconds.total == 1)
        // After a quiet night.
        meter.delivered([Self.delivery(2)], at: 30_000)
        meter.acknowledges(through: 2, at: 30_000.25)
        #expect(Self.figures(.settle, meter).seconds.total == 1)
        #expect(Self.figures(.settle, meter).seconds.sum == 0.5)
        #expect(meter.metrics.processing.total == 2 && meter.metrics.processing.sum == 1.75)
    }

    /// What is examined by itself, or condemned unseen, is a message as any other.
    @Test func whatIsDecidedByItselfIsCountedAsTheOthersAre() throws {
        let directory = FileManager.default.temporaryDirectory.path + "/meter-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let judge = try IntakeFormTests.judge()
        let configuration = WorkerConfiguration(
            address: try BrokerAddress(url: "amqp://127.0.0.1:1/"), worker: "w", requestQueue: "q",
            outcomeExchange: "o", deadExchange: "d", prefetch: 10, consumerTag: "t")
        let ledger = try OpenLedger.open(
            directory: directory, worker: "w", load: PolicyLoad(judge, occasion: .start), signingKey: nil,
            now: Moment(secondsSinceEpoch: 0))
        var shell = WorkerShell(
            service: WorkerService(configuration: configuration, judge: judge, notify: { _ in }), ledger: ledger,
            yield: { _ in })
        // Stopped before it began, it opens no connection.
        _ = shell.pipeline.handle(.stopRequested, at: 0)
        shell.quarantined([.examine(Self.delivery(1), message: "m", turn: 1)])
        #expect(Self.figures(.decide, shell.meter).seconds.total == 1)
        #expect(Self.figures(.decide, shell.meter).errors == 0)
        shell.quarantined([.condemn(Self.delivery(2), attempts: 3)])
        #expect(Self.figures(.decide, shell.meter).seconds.total == 2)
        #expect(Self.figures(.decide, shell.meter).errors == 1)
    }
}
