import Testing

@testable import Detainers

/// The examples of RFC 7396, Appendix A, all of them.
struct JSONMergePatchTests {
    /// Original, patch, result.
    static let examples: [(String, String, String)] = [
        (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
        (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#),
        (#"{"a":"b"}"#, #"{"a":null}"#, "{}"),
        (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#),
        (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
        (#"{"a":"c"}"#, #"{"a":["b"]}"#, #"{"a":["b"]}"#),
        (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#),
        (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#),
        (#"["a","b"]"#, #"["c","d"]"#, #"["c","d"]"#),
        (#"{"a":"b"}"#, #"["c"]"#, #"["c"]"#),
        (#"{"a":"foo"}"#, "null", "null"),
        (#"{"a":"foo"}"#, #""bar""#, #""bar""#),
        (#"{"e":null}"#, #"{"a":1}"#, #"{"e":null,"a":1}"#),
        ("[1,2]", #"{"a":"b","c":null}"#, #"{"a":"b"}"#),
        ("{}", #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
    ]

    @Test(arguments: examples.indices)
    func aPatchDoesWhatTheStandardSays(_ number: Int) throws {
        let (original, patch, result) = Self.examples[number]
        let merged = try JSONValue.parse(Array(original.utf8)).merging(try JSONValue.parse(Array(patch.utf8)))
        let expected = try JSONValue.parse(Array(result.utf8))
        #expect(merged == expected)
    }

    @Test func anEmptyPatchChangesNothingAndMembersKeepTheirOrder() throws {
        let original = try JSONValue.parse(Array(#"{"b":{"d":1.50,"c":[null]},"a":2}"#.utf8))
        #expect(original.merging(.object([])) == original)
        let merged = original.merging(["b": ["c": true]])
        #expect(String(decoding: merged.serialized(), as: UTF8.self) == #"{"b":{"d":1.50,"c":true},"a":2}"#)
    }
}
