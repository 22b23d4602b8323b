import AMQPClient
import ArgumentParser
import Detainers
import Intake
import Operations

struct IntakeSubmit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit", abstract: "Publish messages, persistent, mandatory and confirmed.",
        discussion: """
            All messages are checked first: where one is invalid nothing is published. A run that was stopped (no \
            broker, an interrupt, a kill) is run again in the same way: what was sent twice counts once. With --resume \
            it goes on where the broker's confirms ended.
            """)

    @OptionGroup var common: CommonOptions

    @Argument(help: "JSON or JSON Lines files; - is standard input.")
    var files: [String]

    @Flag(help: "Publish also what the contract refuses, as a careless sender would.")
    var unchecked = false

    @Option(help: "Keep in this file how far it is, and go on from there; made where it is not there.")
    var resume: String?

    @Option(help: "At most so many messages a second.")
    var rate: Int?

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    func validate() throws {
        if let rate, !(1...1_000_000).contains(rate) { throw ValidationError("--rate: from 1 to 1000000 a second") }
        if isHeld, resume != nil {
            throw ValidationError("--resume needs files: standard input and pipes cannot be read a second time")
        }
    }

    func run() async throws {
        try await Exit.mapping { try await submit() }
    }

    /// Whether something cannot be read twice, once to check it and once to send it, and is kept in memory meanwhile.
    private var isHeld: Bool { files.contains { $0 == "-" || MessageFiles.isPipe($0) } }

    private func submit() async throws {
        let settings = try common.settings()
        let exchange = settings[.intakeExchange]
        for file in files { try MessageFiles.refuseUnlessThere(file) }
        let kept = try resume.map { try SubmissionFile($0, exchange: exchange, files: files) }
        let place = kept?.place ?? SubmissionPlace()
        let submission = Submission(
            files: files, exchange: exchange, address: try settings.address(),
            signing: try settings.intakeSigningKey(), isUnchecked: unchecked, rate: rate, kept: kept)
        let (messages, total) = try checked(from: place)
        if place.isFinished, total == place.confirmed, let resume {
            return try tell(
                Submission.Tally(inAll: total), of: total, note: "all of it was submitted before, as \(resume) says")
        }
        if place.confirmed > 0 { Log.info("going on behind \(place.confirmed) that are confirmed") }
        try tell(try await submission.run(messages, from: place, total: total), of: total)
    }

    /// Everything that is still to be sent, all of it read once, and how many messages there are in all.
    private func checked(from place: SubmissionPlace) throws -> (MessageSequence, total: Int) {
        let isHeld = isHeld
        let messages = MessageSequence(files)
        try messages.skip(to: place)
        var held: [MessageFiles.Message] = []
        var total = place.confirmed
        let progress = Progress("checking")
        defer { progress.end() }
        while let (message, _) = try messages.next() {
            total += 1
            if try MessageSequence.read(message, isUnchecked: unchecked) == nil {
                Log.info("\(message.place) breaks the contract and is published as it is")
            }
            if isHeld { held.append(message) }
            progress.tell(total)
        }
        if isHeld { return (MessageSequence(held: held), total) }
        let again = MessageSequence(files)
        try again.skip(to: place)
        return (again, total)
    }

    private func tell(_ tally: Submission.Tally, of total: Int, note: String? = nil) throws {
        let before = tally.inAll - tally.confirmed
        switch format {
        case .text:
            let earlier = before > 0 ? ", \(before) before" : ""
            Output.print("\(tally.confirmed) confirmed\(earlier), \(tally.refused) not taken, of \(total)")
        case .json:
            Output.print(
                .object([
                    JSONMember(name: "submitted", value: .number(String(total))),
                    JSONMember(name: "confirmed", value: .number(String(tally.confirmed))),
                    JSONMember(name: "confirmedBefore", value: .number(String(before))),
                    JSONMember(name: "returned", value: .number(String(tally.refused))),
                ]))
        }
        if let note { Log.info(note) }
        if tally.inAll == total { return }
        if let loss = tally.loss { Log.error(loss.message) }
        if tally.refused > 0 {
            Log.error("not all were taken: is the topology there? `detainer topology check` tells")
        }
        Log.error(
            "stopped behind \(tally.inAll) of \(total): run the same command again"
                + (resume == nil ? "; what is sent twice counts once, and with --resume FILE it would go on there" : "")
        )
        throw tally.loss == nil && tally.refused == 0 ? Exit.no : Exit.brokerUnavailable
    }
}
