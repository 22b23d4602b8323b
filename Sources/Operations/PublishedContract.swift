import Detainers

/// The contract as it is published in `config/schemas`: made from the code, and held equal to it by a test.
public enum PublishedContract {
    /// Every file by its name, with what it holds.
    public static func files(_ topology: Topology) -> [(name: String, text: String)] {
        Contract.all.map { ($0.fileName, JSONSchema.schema(of: $0).indented()) } + [
            (AsyncAPIDocument.fileName, AsyncAPIDocument(topology).json.indented()),
            ("README.md", ContractReference.text(asyncAPI: AsyncAPIDocument.fileName)),
        ]
    }
}
