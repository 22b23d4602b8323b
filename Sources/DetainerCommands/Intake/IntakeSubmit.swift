import AMQPClient
import ArgumentParser
import Detainers
import Operations

struct IntakeSubmit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit", abstract: "Publish messages, persistent, mandatory and confirmed.")

    @OptionGroup var common: CommonOptions

    @Argument(help: "JSON or JSON Lines files; - is standard input.")
    var files: [String]

    @Flag(help: "Publish also what the contract refuses, as a careless sender would.")
    var unchecked = false

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    /// The broker confirms in milliseconds; it is busy or gone when that long nothing comes.
    private static let patienceSeconds = 30
    /// Publications under way at once.
    private static let window = 1_000

    func run() async throws {
        try await Exit.mapping { try await submit() }
    }

    private func submit() async throws {
        let settings = try common.settings()
        let messages = try MessageFiles.read(files)
        let signing = try settings.intakeSigningKey()
        var publications: [Publication] = []
        for (number, message) in messages.enumerated() {
            var read: IntakeMessage?
            do { read = try IntakeContract.read(message.body) } catch  where unchecked {
                Log.info("\(message.place) breaks the contract and is published as it is")
            } catch {
                Log.error("\(message.place): \(error.description); nothing was published")
                throw Exit.badInput
            }
            publications.append(
                Publisher.intake(
                    message.body, read, exchange: settings[.intakeExchange], token: UInt64(number),
                    signing: signing))
        }
        let tally = try await Publisher.publish(
            publications, to: try settings.address(), window: Self.window, patienceSeconds: Self.patienceSeconds)
        switch format {
        case .text:
            Output.print("\(tally.confirmed) confirmed, \(tally.refused) not taken, of \(publications.count)")
        case .json:
            Output.print(
                .object([
                    JSONMember(name: "submitted", value: .number(String(publications.count))),
                    JSONMember(name: "confirmed", value: .number(String(tally.confirmed))),
                    JSONMember(name: "returned", value: .number(String(tally.refused))),
                ]))
        }
        if tally.confirmed < publications.count {
            Log.error("not all were taken: is the topology there? `detainer topology check` tells")
            throw Exit.brokerUnavailable
        }
    }
}
