/// Metrics as Prometheus reads them (text exposition format 0.0.4).
///
/// Families come in the order in which they were added; each has its help and type once.
public struct MetricsText: Sendable {
    public enum Kind: String, Sendable {
        case gauge, counter
    }

    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    public private(set) var text = ""

    public init() {}

    /// - Parameter samples: label values by label name, in their order, and the value.
    public mutating func add(
        _ name: String, _ kind: Kind, help: String, _ samples: [(labels: [(name: String, value: String)], value: Int)]
    ) {
        text += "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
        for sample in samples {
            let labels = sample.labels.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }
            text += name + (labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}") + " \(sample.value)\n"
        }
    }

    public mutating func add(_ name: String, _ kind: Kind, help: String, _ value: Int) {
        add(name, kind, help: help, [(labels: [], value: value)])
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
        if quotes { escaped = escaped.replacing("\"", with: "\\\"") }
        return escaped
    }
}
