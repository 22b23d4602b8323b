import Foundation
import Testing

/// What `intake validate` says and where it says that it is.
struct ValidateTests {
    private func validate(_ files: [(name: String, text: String)], _ options: String...) async throws -> Binary.Result {
        let site = try Site()
        defer { site.scratch.remove() }
        let paths = try files.map { try site.scratch.write($0.name, $0.text) }
        var result = try await site.binary.run(["intake", "validate"] + options + paths)
        result.output = result.output.replacing(site.scratch.path + "/", with: "")
        return result
    }

    @Test func everyErrorIsToldWithItsPlaceAndNoValue() async throws {
        let text = """
            {
              "schema": "detainer.request/1", "requestId": "MARKED",
              "receivedBy": { "agency": "boston-police", "statoin": "MARKED" },
              "receipt": { "channel": "éMARKED", "receivedAt": "MARKED", "pages": null },
              "form": { "kind": "I-247A", "probableCause": ["final-order", "MARKED"] },
              "attachments": [{ "kind": "other" }, { "kind": "other", "standing": "verified" }],
              "MARKED": "MARKED"
            }
            """
        let result = try await validate([("one.json", text)])
        #expect(result.code == 1)
        let places = result.lines.filter { $0.hasPrefix("one.json:") }.map { $0.split(separator: " ")[0] }
        #expect(
            places == [
                "one.json:2:48:", "one.json:3:46:", "one.json:4:27:", "one.json:4:52:", "one.json:4:71:",
                "one.json:5:64:", "one.json:6:40:", "one.json:7:3:",
            ], "\(result.output)")
        #expect(result.output.contains("did you mean `station`?"))
        #expect(result.output.contains("leave the member out where it is not known: null says nothing"))
        #expect(!result.output.contains("MARKED") && result.errors.isEmpty)
        let told = try #require(try await validate([("one.json", text)], "--format", "json").objects().first)
        let errors = try #require(told["errors"] as? [[String: Any]])
        #expect(errors.count == places.count)
        #expect(told["path"] as? String == "/requestId" && errors[0]["path"] as? String == "/requestId")
        #expect(told["explanation"] as? String == errors[0]["expected"] as? String)
        #expect(errors.map { $0["line"] as? Int } == [2, 3, 4, 4, 4, 5, 6, 7])
    }

    /// Such a message must not cost the square of its length.
    @Test func aMessageMadeOfUnknownMembersIsToldInPart() async throws {
        let members = (0..<5_000).map { "\"m\($0)\":1" }.joined(separator: ",")
        let text = "{\(members),\(requestJSON(1).dropFirst())"
        #expect(text.utf8.count < 65_536)
        let errors = try await validate([("one.json", text)], "--format", "json").objects().first?["errors"]
        #expect((errors as? [Any])?.count == 100)
    }

    /// A hint holds words of the contract alone.
    @Test func aMisspeltWordIsTold() async throws {
        let channel = requestJSON(1).replacing("\"fax\"", with: "\"e-mail\"")
        #expect(try await validate([("one.json", channel)]).output.contains("did you mean `email`?"))
        let member = requestJSON(1).replacing("receivedAt", with: "Received_At")
        #expect(try await validate([("one.json", member)]).output.contains("did you mean `receivedAt`?"))
    }

    @Test func linesAreCountedAsTheyStandInTheFile() async throws {
        let good = requestJSON(1)
        let bad = good.replacing("I-247A", with: "?")
        // Neither its name nor an end of its last line says that it is JSON Lines.
        let result = try await validate(
            [("a.txt", "\n\(good)\r\n  \n\(bad)\n\(bad)"), ("b.json", bad), ("c.jsonl", ""), ("d.ndjson", good)])
        #expect(result.code == 1)
        #expect(result.lines.last == "2 valid, 3 invalid")
        let column = bad.prefix(while: { $0 != "?" }).count
        #expect(
            result.lines.filter { $0.hasPrefix("a") || $0.hasPrefix("b") }.map { $0.split(separator: " ")[0] } == [
                "a.txt:4:\(column):", "a.txt:5:\(column):", "b.json:1:\(column):",
            ], "\(result.output)")
    }

    /// In chunks of a megabyte, whose ends fall into the midst of lines.
    @Test func aLargeFileIsReadWhole() async throws {
        let count = 3_000
        let blanks = String(repeating: " ", count: 1_000)
        let lines = (1...count).map { blanks + requestJSON($0) + "\n" }.joined()
        #expect(lines.utf8.count > 3 << 20)
        let result = try await validate([("a.jsonl", lines + "{}\n")], "--format", "json")
        let objects = try result.objects()
        #expect(objects.count == count + 1)
        #expect(objects.prefix(count).allSatisfy { $0["valid"] as? Bool == true })
        #expect(Set(objects.compactMap { $0["requestId"] as? String }).count == count)
        #expect(objects.last?["line"] as? Int == count + 1)
        #expect(result.errors.isEmpty, "progress is for people")
    }

    @Test func whatCannotBeReadIsToldBeforeAnything() async throws {
        let site = try Site()
        defer { site.scratch.remove() }
        let file = try site.scratch.write("a.json", requestJSON(1))
        let missing = try await site.binary.run("intake", "validate", file, site.scratch.path + "/none.json")
        #expect(missing.code == 74 && missing.output.isEmpty && missing.errors.contains("no such file"))
        #expect(try await site.binary.run("intake", "validate", site.scratch.path).code == 74)
    }
}
