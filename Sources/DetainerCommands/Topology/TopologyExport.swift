import ArgumentParser
import Detainers
import Operations

/// What `topology export` writes.
enum ExportForm: String, ExpressibleByArgument, CaseIterable {
    case definitions, kubernetes, users
}

struct TopologyExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "The topology, its users and its policy for those who apply them otherwise.",
        discussion: """
            `definitions` is what `rabbitmqctl import_definitions` reads, without passwords: set them with \
            `rabbitmqctl change_password`. `kubernetes` are objects of RabbitMQ's Messaging Topology Operator. `users` \
            is the table of roles and rights. Asks no broker.
            """)

    @OptionGroup var common: CommonOptions

    @Option(name: .customLong("as"), help: "definitions, kubernetes or users.")
    var form: ExportForm = .definitions

    @Option(help: "The virtual host that all of it belongs to.")
    var vhost = "/"

    @Option(help: "The name of the RabbitmqCluster, for kubernetes.")
    var cluster = "rabbitmq"

    @Option(help: "Where the objects lie, for kubernetes.")
    var namespace = "detainer"

    func run() async throws {
        try await Exit.mapping {
            let topology = Topology(try common.settings())
            switch form {
            case .definitions: Output.print(topology.definitions(vhost: vhost))
            case .kubernetes:
                Output.write(topology.kubernetes(cluster: cluster, namespace: namespace, vhost: vhost))
            case .users: TopologyUsers.tell(topology, .text)
            }
        }
    }
}

struct TopologyUsers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "users", abstract: "The broker's users that a deployment needs, each with no right more.")

    @OptionGroup var common: CommonOptions

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    func run() async throws {
        try await Exit.mapping { Self.tell(Topology(try common.settings()), format) }
    }

    static func tell(_ topology: Topology, _ format: OutputFormat) {
        show(
            topology.users.map {
                [$0.role, $0.name, $0.configure, $0.write, $0.read, $0.tags.joined(separator: ","), $0.work]
            },
            names: ["role", "user", "configure", "write", "read", "tags", "work"], format)
    }
}
