import AMQPClient
import ArgumentParser
import Detainers
import Operations

struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "The settings that commands and workers go by.",
        subcommands: [ConfigShow.self])
}

struct ConfigShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Each setting, its value, and where that came from.",
        discussion:
            "Passwords in URLs are masked. A key that is not known, or a value that it may not have, is an error.")

    @OptionGroup var common: CommonOptions

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    func run() async throws {
        try await Exit.mapping {
            let settings = try common.settings()
            switch format {
            case .text:
                Output.table(
                    ["SETTING", "VALUE", "FROM"],
                    Settings.Key.allCases.map {
                        [$0.rawValue, shown($0, settings), settings.source(of: $0).description]
                    })
            case .json:
                for key in Settings.Key.allCases {
                    Output.print([
                        "setting": .string(key.rawValue), "value": .string(shown(key, settings)),
                        "from": .string(settings.source(of: key).description), "variable": .string(key.variable),
                        "kind": .string(key.kind.description), "default": .string(masked(key.fallback, key)),
                        "secret": .bool(key.isSecret),
                    ])
                }
            }
        }
    }

    private func shown(_ key: Settings.Key, _ settings: Settings) -> String { masked(settings[key], key) }

    private func masked(_ value: String, _ key: Settings.Key) -> String {
        key.isSecret ? SecretURL(value).masked : value
    }
}
