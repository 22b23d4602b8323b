import ArgumentParser
import Detainers
import Foundation
import Operations

struct IntakeSchema: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Write the contract: JSON Schemas, an AsyncAPI document, a table of members.",
        discussion: """
            Without a name it lists the files. Exchanges and queues have the names of the settings. Asks no broker.
            """)

    @OptionGroup var common: CommonOptions

    @Argument(help: "The file to print, such as \(Contract.request.fileName).")
    var name: String?

    @Option(help: "Write all files into this directory instead.")
    var directory: String?

    func run() async throws {
        try await Exit.mapping {
            let files = PublishedContract.files(Topology(try common.settings()))
            if let directory {
                for file in files { try write(file.text, to: directory + "/" + file.name) }
                Log.info("\(files.count) files written into \(directory)")
            } else if let name {
                guard let file = files.first(where: { $0.name == name }) else {
                    throw ValidationError("no such file; there are " + files.map(\.name).joined(separator: ", "))
                }
                Output.write(file.text)
            } else {
                for file in files { Output.print(file.name) }
            }
        }
    }

    private func write(_ text: String, to path: String) throws {
        do { try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic) } catch {
            throw MessageFiles.Problem(
                description: "\(path): cannot be written: is there such a directory, and may you write there?")
        }
    }
}
