import ArgumentParser
import Detainers
import Intake
import Operations

struct IntakeConvert: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert", abstract: "Turn a list in another form into requests, one a line.",
        discussion: """
            Where one row is wrong, every wrong row is told by line and column, and nothing is printed. The same row \
            gives the same request id each time. docs/intake.md tells how a mapping is written; config/mappings has \
            some, those of the older forms among them.
            """)

    enum Source: String, ExpressibleByArgument, CaseIterable {
        case iceFOIA = "ice-foia"
        case csv
    }

    @Option(help: "The form of the list: ice-foia, ICE's own released detainers as CSV; or csv, as --mapping says.")
    var from: Source

    @Option(help: "The mapping of columns to members, a YAML file; with --from csv.")
    var mapping: String?

    @Option(help: "The jurisdiction's pseudonym key, for a list that only a person's data tells apart.")
    var keyFile: String?

    @Argument(help: "The list; - is standard input.")
    var file: String

    /// A list that is wrong throughout would hide its first errors.
    private static let maximumProblems = 100

    func validate() throws {
        if (from == .csv) != (mapping != nil) { throw ValidationError("--mapping goes with --from csv, and must") }
    }

    func run() async throws {
        try await Exit.mapping {
            let content = try MessageFiles.content(file)
            guard let mapping else { return tell(try ICEReleasedList.convert(csv: content)) }
            let (requests, problems) = try conversion(mapping).convert(csv: content)
            for problem in problems.prefix(Self.maximumProblems) { Log.error("\(MessageFiles.name(file)): \(problem)") }
            if problems.count > Self.maximumProblems {
                Log.error("and \(problems.count - Self.maximumProblems) more")
            }
            if !problems.isEmpty { throw Exit.badInput }
            tell(requests)
        }
    }

    private func conversion(_ path: String) throws -> SheetConversion {
        let mapping: Mapping
        do throws(Mapping.Problem) {
            mapping = try Mapping(yaml: String(decoding: try content(path), as: UTF8.self))
        } catch {
            Log.error("\(path): \(error)")
            throw Exit.badConfiguration
        }
        if mapping.needsKey, keyFile == nil {
            throw ValidationError(
                "\(path): `identity` has a column that may be about a person, so ids must be keyed: name the "
                    + "jurisdiction's key with --key-file, or choose a number that the list itself gives")
        }
        return SheetConversion(mapping, key: try keyFile.map { try KeyFile.read($0) })
    }

    private func content(_ path: String) throws(Mapping.Problem) -> [UInt8] {
        do { return try MessageFiles.content(path) } catch { throw Mapping.Problem(explanation: "\(error)") }
    }

    private func tell(_ requests: [Request]) {
        for request in requests { Output.print(RequestContract.json(request)) }
    }
}
