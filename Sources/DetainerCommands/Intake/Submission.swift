import AMQPClient
import Detainers
import Foundation
import Intake

/// Publishes messages in their order, as they are confirmed, and keeps how far it is.
struct Submission {
    /// Publications under way at once.
    private static let window = 1_000
    /// The broker confirms in milliseconds; it is busy or gone when that long nothing comes.
    private static let patienceSeconds = 30
    /// How often it is kept how far it is: what was confirmed since is sent again after a kill, which has no effect.
    private static let saving = Duration.seconds(1)

    var files: [String]
    var exchange: String
    var address: BrokerAddress
    var signing: PublisherSigningKey?
    var isUnchecked: Bool
    var rate: Int?
    /// `nil`: it is not kept how far it is.
    var kept: SubmissionFile?

    struct Tally {
        /// Confirmed in this run.
        var confirmed = 0
        var refused = 0
        /// Confirmed by this and earlier runs.
        var inAll = 0
        var isInterrupted = false
        var loss: AMQPError?
    }

    private enum Step: Sendable {
        case amqp(AMQPEvent)
        case patience(answered: Int)
        case pace
        case stop
    }

    /// Where a run is.
    private struct Run {
        var prefix: ConfirmedPrefix
        var sent: SubmissionPlace
        var pace: Pace?
        var tally = Tally()
        var published = 0
        var isExhausted = false
        /// A timer for the pace runs.
        var isPacing = false
        var saved: ContinuousClock.Instant = .now
        let began: ContinuousClock.Instant = .now

        var underWay: Int { published - tally.confirmed - tally.refused }
        var isStopping: Bool { tally.isInterrupted || tally.refused > 0 }
    }

    /// - Parameter total: for people who look on.
    /// - Throws: what reading throws. The loss of the broker is told in the tally.
    func run(_ messages: MessageSequence, from place: SubmissionPlace, total: Int) async throws -> Tally {
        let (steps, continuation) = AsyncStream.makeStream(of: Step.self)
        let signals = Signals([SIGINT: { continuation.yield(.stop) }, SIGTERM: { continuation.yield(.stop) }])
        defer { signals.cancel() }
        let connection = AMQPConnection.open(address, name: "intake submit") { continuation.yield(.amqp($0)) }
        let progress = Progress("submitting")
        defer { progress.end() }
        func ring(_ step: Step, after wait: Duration) {
            // Unstructured: it only rings a bell, and a bell nobody hears is harmless.
            Task {
                try await Task.sleep(for: wait)
                continuation.yield(step)
            }
        }
        var run = Run(prefix: ConfirmedPrefix(place), sent: place, pace: rate.map(Pace.init(rate:)))
        run.tally.inAll = place.confirmed
        var isOpen = false
        var isClosing = false
        ring(.patience(answered: 0), after: .seconds(Self.patienceSeconds))
        for await step in steps {
            switch step {
            case .amqp(.opened): isOpen = true
            case .amqp(.published(let results)): settle(results, &run)
            case .amqp(.closed(let error)):
                if !isClosing { run.tally.loss = error }
                try finish(&run)
                return run.tally
            case .amqp: continue
            case .patience(let answered):
                let now = run.tally.confirmed + run.tally.refused
                if answered == now, !isOpen || run.underWay > 0 {
                    run.tally.loss = AMQPError(
                        code: .timeout, message: "the broker confirmed nothing for \(Self.patienceSeconds) s")
                    connection.abort()
                    try finish(&run)
                    return run.tally
                }
                ring(.patience(answered: now), after: .seconds(Self.patienceSeconds))
            case .pace: run.isPacing = false
            case .stop:
                run.tally.isInterrupted = true
                // What is under way is answered before the end; without a connection nothing is.
                if !isOpen {
                    isClosing = true
                    connection.abort()
                }
            }
            guard isOpen, !isClosing else { continue }
            do { try send(messages, &run, connection) } catch {
                connection.abort()
                try finish(&run)
                throw error
            }
            if let wait = run.pace?.wait, !run.isPacing, !run.isExhausted, !run.isStopping, run.underWay < Self.window {
                run.isPacing = true
                ring(.pace, after: wait)
            }
            progress.tell(run.tally.inAll, of: total)
            if run.underWay == 0, run.isExhausted || run.isStopping {
                isClosing = true
                connection.close()
            }
        }
        return run.tally
    }

    private func send(_ messages: MessageSequence, _ run: inout Run, _ connection: AMQPConnection) throws {
        if run.isStopping || run.isExhausted { return }
        var room = Self.window - run.underWay
        if var pace = run.pace {
            room = pace.take(room, at: ContinuousClock.now - run.began)
            run.pace = pace
        }
        var batch: [Publication] = []
        while batch.count < room {
            guard let (message, file) = try messages.next() else {
                run.isExhausted = true
                break
            }
            let token = UInt64(run.published + batch.count)
            run.sent = run.sent.after(message.body, file: file)
            run.prefix.sent(token, run.sent)
            batch.append(
                Publisher.intake(
                    message.body, try MessageSequence.read(message, isUnchecked: isUnchecked), exchange: exchange,
                    token: token, signing: signing))
        }
        run.published += batch.count
        if !batch.isEmpty { connection.publish(batch) }
    }

    private func settle(_ results: [PublishResult], _ run: inout Run) {
        for result in results {
            if result.result == .confirmed {
                run.tally.confirmed += 1
                run.tally.inAll += 1
                run.prefix.confirmed(result.token)
            } else {
                run.tally.refused += 1
            }
        }
        guard let kept, ContinuousClock.now - run.saved >= Self.saving else { return }
        do { try kept.save(run.prefix.place) } catch { Log.warning("\(error)") }
        run.saved = .now
    }

    private func finish(_ run: inout Run) throws {
        guard let kept else { return }
        var place = run.prefix.place
        place.isFinished = run.isExhausted && run.tally.loss == nil && run.tally.refused == 0
        try kept.save(place)
    }
}

/// The messages of several files in their order, one at a time.
final class MessageSequence {
    private let paths: [String]
    private var position = 0
    private var reader: MessageReader?
    /// What was read from standard input, which cannot be read again.
    private var held: [MessageFiles.Message]?

    init(_ paths: [String]) { self.paths = paths }

    init(held: [MessageFiles.Message]) {
        paths = []
        self.held = held.reversed()
    }

    /// - Returns: the message, and the position of its file among the paths.
    func next() throws -> (message: MessageFiles.Message, file: Int)? {
        if held != nil { return held?.popLast().map { ($0, 0) } }
        while position < paths.count {
            let current = try reader ?? MessageReader(paths[position])
            reader = current
            if let message = try current.next() { return (message, position) }
            reader = nil
            position += 1
        }
        return nil
    }

    /// Goes behind what an earlier run has handed over.
    ///
    /// - Throws: where other messages stand there.
    func skip(to place: SubmissionPlace) throws {
        var reached = SubmissionPlace()
        while (reached.file, reached.messages) != (place.file, place.messages) {
            guard let (message, file) = try next(), file <= place.file else { throw Self.changed }
            reached = reached.after(message.body, file: file)
        }
        if reached.mark != place.mark { throw Self.changed }
    }

    private static let changed = MessageFiles.Problem(
        description: "the files are not those that were submitted so far: name another file with --resume to begin anew"
    )

    /// - Returns: `nil` where the contract refuses it and nobody minds.
    static func read(_ message: MessageFiles.Message, isUnchecked: Bool) throws -> IntakeMessage? {
        do { return try IntakeContract.read(message.body) } catch  where isUnchecked {
            return nil
        } catch {
            Log.error("\(message.place): \(error.description); `detainer intake validate` tells all that is wrong")
            throw Exit.badInput
        }
    }
}
