import AMQPClient
import Detainers
import Foundation
import Testing

/// That what workers publish is what the contract says that they publish.
@Suite(.enabled(if: brokerURL != nil, "DETAINER_TEST_BROKER_URL is not set"))
struct EventContractTests {
    /// Of every good sample.
    @Test func everyEventIsOfItsSchemaAndHoldsNothingElse() async throws {
        let site = try Site()
        try await site.apply()
        let good = try Samples.names("good").map { "config/samples/good/" + $0 }
        #expect(try await site.binary.run(["intake", "submit"] + good).code == 0)
        try await site.drain()
        let events = try await site.take(site.reportQueue).map(\.body)
        let letters = try await site.takeLetters()
        // No policy of Boston is older than its law.
        for letter in letters { #expect(letter.properties.headers.contains { $0.1 == .string("undecidable") }) }
        #expect(events.count + letters.count == good.count && letters.count < 5)
        let file = site.scratch.path + "/events.jsonl"
        try Data(events.joined(separator: [UInt8(ascii: "\n")])).write(to: URL(fileURLWithPath: file))
        let result = try await Binary.run(
            Binary.repository + "/deploy/clients/validate", [file], ProcessInfo.processInfo.environment, input: nil)
        #expect(result.code == 0, "\(result.output)\(result.errors)")
        #expect(result.lines.count == events.count)
        var described: Set<String> = []
        for event in events {
            let json = try JSONValue.parse(event)
            let contract = try #require(Contract.events.first { $0.name == json["type"]?.stringValue })
            check(json, contract.shape, contract.name, &described)
        }
        // Each kind of record and of answer came.
        for kind in CaseKind.allCases { #expect(described.contains("detainer.record.1/data/kind=\(kind.rawValue)")) }
        await site.remove()
    }

    /// A schema is open to members of later versions, so that it cannot tell one that nobody described.
    private func check(_ json: JSONValue, _ shape: ObjectShape, _ path: String, _ described: inout Set<String>) {
        for member in json.objectValue ?? [] {
            let place = path + "/" + member.name
            if let text = member.value.stringValue { described.insert("\(place)=\(text)") }
            // What a policy was told, and a record's own part, are described elsewhere.
            if shape.members.isEmpty { continue }
            guard let known = shape.members.first(where: { $0.name == member.name }) else {
                Issue.record("\(place) is described nowhere")
                continue
            }
            if case .object(let inner) = known.shape { check(member.value, inner, place, &described) }
        }
    }
}
