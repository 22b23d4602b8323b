import AMQPClient
import ArgumentParser
import Detainers
import Operations

struct TopologyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topology", abstract: "Exchanges, queues and bindings.",
        subcommands: [
            TopologyShow.self, TopologyCheck.self, TopologyApply.self, TopologyExport.self, TopologyUsers.self,
        ])
}

struct TopologyShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "What workers need on the broker; asks no broker.")

    @OptionGroup var common: CommonOptions

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    func run() async throws {
        try await Exit.mapping {
            let topology = Topology(try common.settings())
            let rows =
                topology.exchanges.map { ["exchange", $0.name, $0.type] }
                + topology.queues.map { queue in
                    ["queue", queue.name, queue.arguments.map { "\($0.0)=\($0.1.text)" }.joined(separator: " ")]
                }
                + topology.bindings.map { ["binding", "\($0.exchange) -> \($0.queue)", $0.routingKey] }
            show(rows, names: ["kind", "name", "detail"], format)
        }
    }
}

struct TopologyCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Look whether the exchanges and queues are there; changes nothing.")

    @OptionGroup var common: CommonOptions

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    func run() async throws {
        try await Exit.mapping {
            let settings = try common.settings()
            let findings = try await Topology(settings).check(try settings.address())
            show(
                findings.map { [$0.kind, $0.name, $0.isThere ? "there" : "missing", $0.note] },
                names: ["kind", "name", "state", "detail"], format)
            if findings.contains(where: { !$0.isThere }) {
                Log.error("run `detainer topology apply` to make what is missing")
                throw Exit.no
            }
        }
    }
}

struct TopologyApply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Make what is missing; never changes or deletes what is there.")

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await Exit.mapping {
            let settings = try common.settings()
            let topology = Topology(settings)
            try await topology.apply(try settings.address())
            Output.print(
                "\(topology.exchanges.count) exchanges, \(topology.queues.count) queues and "
                    + "\(topology.bindings.count) bindings are there")
        }
    }
}

func show(_ rows: [[String]], names: [String], _ format: OutputFormat) {
    switch format {
    case .text: Output.table(names.map { $0.uppercased() }, rows)
    case .json:
        for row in rows {
            Output.print(.object(zip(names, row).map { JSONMember(name: $0, value: .string($1)) }))
        }
    }
}

extension FieldValue {
    fileprivate var text: String {
        switch self {
        case .string(let text): text
        case .int(let number): String(number)
        case .bool(let flag): String(flag)
        case .double(let number): String(number)
        case .bytes, .timestamp, .table, .array, .null: "-"
        }
    }
}
