import Foundation
import Testing

struct ConvertTests {
    private static let config = Binary.repository + "/config/"

    private func convert(_ name: String, at site: Site) async throws -> Binary.Result {
        try await site.binary.run(
            "intake", "convert", "--from", "csv", "--mapping", Self.config + "mappings/\(name).yaml",
            Self.config + "samples/sheets/\(name).csv")
    }

    @Test(arguments: ["station-log", "i-247", "i-247d", "i-247n", "i-247x"])
    func whatIsConvertedIsValidAndTheSameEachTime(_ name: String) async throws {
        let site = try Site()
        defer { site.scratch.remove() }
        let result = try await convert(name, at: site)
        #expect(result.code == 0, "\(result.errors)")
        #expect(try await convert(name, at: site).output == result.output)
        let valid = try await site.binary.run("intake", "validate", "-", input: result.output)
        #expect(valid.output == "\(result.lines.count) valid, 0 invalid\n")
    }

    @Test func aWrongListAndAWrongMappingHaveTheirOwnCodes() async throws {
        let site = try Site()
        defer { site.scratch.remove() }
        let mapping = Self.config + "mappings/i-247n.yaml"
        let sample = try String(contentsOfFile: Self.config + "samples/sheets/i-247n.csv", encoding: .utf8)
        let list = try site.scratch.write("list.csv", sample.replacing("2016-06-02 08:30", with: "MARKED"))
        let wrong = try await site.binary.run("intake", "convert", "--from", "csv", "--mapping", mapping, list)
        #expect(wrong.code == 65 && wrong.output.isEmpty)
        #expect(wrong.errors.contains("line 2, column `Received`: is no date of the form yyyy-MM-dd HH:mm"))
        #expect(!wrong.errors.contains("MARKED"))
        let text = try String(contentsOfFile: mapping, encoding: .utf8)
        let bad = try site.scratch.write("bad.yaml", text.replacing("I-247N\n", with: "I-247Z\n"))
        let refused = try await site.binary.run("intake", "convert", "--from", "csv", "--mapping", bad, list)
        #expect(refused.code == 78 && refused.errors.contains("bad.yaml: line "), "\(refused.errors)")
        #expect(try await site.binary.run("intake", "convert", "--from", "csv", list).code == 64)
        let keyed = try site.scratch.write("keyed.yaml", text.replacing("[Reference]", with: "[File No]"))
        let keyless = try await site.binary.run("intake", "convert", "--from", "csv", "--mapping", keyed, list)
        #expect(keyless.code == 64 && keyless.errors.contains("--key-file"), "\(keyless.errors)")
    }
}
