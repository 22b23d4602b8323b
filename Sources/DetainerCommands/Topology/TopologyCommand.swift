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
                topology.exchanges.map { exchange in
                    ["exchange", exchange.name, ([exchange.type] + words(exchange.arguments)).joined(separator: " ")]
                }
                + topology.queues.map { ["queue", $0.name, words($0.arguments).joined(separator: " ")] }
                + topology.bindings.map { ["binding", "\($0.exchange) -> \($0.destination)", $0.routingKey] }
            show(rows, names: ["kind", "name", "detail"], format)
        }
    }

    private func words(_ arguments: [(String, FieldValue)]) -> [String] {
        arguments.map { "\($0.0)=\($0.1.text)" }
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
        commandName: "apply", abstract: "Make what is missing; never changes or deletes what is there.",
        discussion: """
            With --retire, after topology.partitions was changed: requests go no longer to the queues of before. These \
            stay, with what waits in them; exit code 1 while there is any, or somebody takes it.
            """)

    @OptionGroup var common: CommonOptions

    @Flag(help: "Also take away the ways to queues of other partitions.")
    var retire = false

    func run() async throws {
        try await Exit.mapping {
            let settings = try common.settings()
            let topology = Topology(settings)
            var leftovers: [Topology.Leftover] = []
            if retire {
                leftovers = try await topology.applyAndRetire(try settings.address())
            } else {
                try await topology.apply(try settings.address())
            }
            Output.print(
                "\(topology.exchanges.count) exchanges, \(topology.queues.count) queues and "
                    + "\(topology.bindings.count) bindings are there")
            for leftover in leftovers {
                let state = leftover.isDone ? "empty, it can be deleted" : "let workers of those settings finish it"
                Output.print(
                    "\(leftover.queue), of settings with other partitions: \(leftover.waiting) wait, "
                        + "\(leftover.consumers) consumers: \(state)")
            }
            if leftovers.contains(where: { !$0.isDone }) { throw Exit.no }
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
