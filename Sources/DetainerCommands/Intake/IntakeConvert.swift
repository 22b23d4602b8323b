import ArgumentParser
import Detainers

struct IntakeConvert: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert", abstract: "Turn a list in another form into requests, one a line.")

    enum Source: String, ExpressibleByArgument, CaseIterable {
        case iceFOIA = "ice-foia"
    }

    @Option(help: "The form of the list: ice-foia, ICE's own released detainers as CSV.")
    var from: Source

    @Argument(help: "The list; - is standard input.")
    var file: String

    func run() async throws {
        try await Exit.mapping {
            for request in try ICEReleasedList.convert(csv: try MessageFiles.content(file)) {
                Output.print(RequestContract.json(request))
            }
        }
    }
}
