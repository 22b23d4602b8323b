import Testing

@testable import Detainers

/// What RFC 8259 calls a JSON text and what it does not, case by case, and our own bounds within it.
struct JSONGrammarTests {
    static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    static func nested(_ levels: Int, _ open: String, _ close: String, around inner: String = "") -> String {
        String(repeating: open, count: levels) + inner + String(repeating: close, count: levels)
    }

    /// A string of code points, those among them that no literal may hold.
    static func scalars(_ values: UInt32...) -> JSONValue {
        .string(String(String.UnicodeScalarView(values.compactMap(Unicode.Scalar.init))))
    }

    /// Texts, and the values that they are.
    static let accepted: [(String, JSONValue)] = [
        // A text is any value, not only an object or an array (section 2).
        ("null", .null), ("true", true), ("false", false), ("7", 7), (#""a""#, "a"), ("[]", []), ("{}", [:]),
        // Four characters are white space, around every token.
        (" \t\r\n[ \t\r\n1 \t\r\n, \t\r\n2 \t\r\n] \t\r\n", [1, 2]),
        (" { \"a\"\t:\r\n1 , \"b\" : 2 } ", ["a": 1, "b": 2]), ("[\n]", []), ("{\t}", [:]),
        // Numbers stay as they are written, whatever their size (section 6).
        ("0", .number("0")), ("-0", .number("-0")), ("-0.0", .number("-0.0")), ("10", .number("10")),
        ("-1", .number("-1")), ("0.5", .number("0.5")), ("0e1", .number("0e1")), ("0e+01", .number("0e+01")),
        ("0E0", .number("0E0")), ("1E400", .number("1E400")), ("1e-7", .number("1e-7")),
        ("123.456e+78", .number("123.456e+78")), ("-9223372036854775808", .number("-9223372036854775808")),
        ("18446744073709551616", .number("18446744073709551616")), ("0.10", .number("0.10")),
        ("100000000000000000000000.5", .number("100000000000000000000000.5")),
        // Every escape that there is, and no other (section 7).
        (#""\"\\\/\b\f\n\r\t""#, .string("\"\\/\u{8}\u{c}\n\r\t")), (#""\u0041\u00E9\u20ac""#, "Aé€"),
        (#""\uABCD\uabcd\uEfFf""#, "\u{abcd}\u{abcd}\u{efff}"), (#""\u0000""#, .string("\u{0}")),
        (#""\u001f\u007f""#, .string("\u{1f}\u{7f}")), (#""\uD7FF\uE000""#, .string("\u{d7ff}\u{e000}")),
        (#""\uD800\uDC00\uDBFF\uDFFF""#, scalars(0x10000, 0x10ffff)), (#""a\ud83d\ude00z""#, "a😀z"),
        (#""\\u0041""#, .string("\\u0041")), (#""\uFFFE\uFFFF\uFDD0""#, scalars(0xfffe, 0xffff, 0xfdd0)),
        (#""\ufeff""#, .string("\u{feff}")), (#""\u0022""#, .string("\"")), (#""\u002c\u005c""#, .string(",\\")),
        // All else stands for itself: DEL, line separators, a byte order mark within, the last code point.
        ("\"\u{7f}\u{80}\u{2028}\u{2029}\"", .string("\u{7f}\u{80}\u{2028}\u{2029}")),
        ("\"\u{feff}\"", .string("\u{feff}")), ("\"\u{10fffd}\"", .string("\u{10fffd}")),
        ("\"e\u{301}\"", .string("e\u{301}")), (#""/""#, "/"), (#""""#, ""),
        (#""[1,{\"a\":null}]""#, #"[1,{"a":null}]"#),
        // Names are strings like others: empty, escaped, and different where their bytes are.
        (#"{"":0}"#, ["": 0]), (#"{"\u0061":1}"#, ["a": 1]), (#"{"a":1,"A":2}"#, ["a": 1, "A": 2]),
        ("{\"\u{e9}\":1,\"e\u{301}\":2}", ["\u{e9}": 1, "e\u{301}": 2]),
        (#"{"a":{"a":{"a":1}}}"#, ["a": ["a": ["a": 1]]]), (#"[{"a":1},{"a":1}]"#, [["a": 1], ["a": 1]]),
        (#"{"k\nk":1}"#, ["k\nk": 1]), (#"{"a\u0000":1,"a":2}"#, ["a\u{0}": 1, "a": 2]),
        ("[[[]],{},[{}]]", [[[]], [:], [[:]]]),
        ("[null,true,false,0,\"\",[],{}]", [.null, true, false, 0, "", [], [:]]),
    ]

    @Test(arguments: accepted.indices)
    func whatIsJSONIsRead(_ number: Int) throws {
        let (text, expected) = Self.accepted[number]
        let value = try JSONValue.parse(Self.bytes(text))
        #expect(Self.same(value, expected), "\(text)")
        // What was read is written as JSON that says the same.
        #expect(Self.same(try JSONValue.parse(value.serialized()), value))
    }

    /// By bytes: Swift's `==` takes texts for equal that differ in Unicode form, JSON does not.
    static func same(_ one: JSONValue, _ other: JSONValue) -> Bool {
        switch (one, other) {
        case (.string(let one), .string(let other)), (.number(let one), .number(let other)):
            one.utf8.elementsEqual(other.utf8)
        case (.array(let one), .array(let other)): one.elementsEqual(other, by: same)
        case (.object(let one), .object(let other)):
            one.elementsEqual(other) { $0.name.utf8.elementsEqual($1.name.utf8) && same($0.value, $1.value) }
        default: one == other
        }
    }

    /// Texts that are no JSON, and what is said of them.
    static let refused: [(String, String)] = [
        ("", "ends too early"), (" ", "ends too early"), ("[", "ends too early"), ("[1,", "ends too early"),
        (#"{"a":"#, "ends too early"), ("{", "lacks a member name"), (#"{"a":1,"#, "lacks a member name"),
        // Only one value, nothing behind it, and no comment.
        ("1 2", "something stands behind"), ("{}{}", "something stands behind"), ("[]]", "something stands behind"),
        ("null,", "something stands behind"), ("[1]//", "something stands behind"),
        ("{}\u{0}", "something stands behind"),
        ("1\u{c}", "something stands behind"), ("[1/**/]", "lacks a comma"), ("/**/1", "is no JSON value"),
        ("#\n1", "is no JSON value"), ("truefalse", "something stands behind"), ("nullx", "something stands behind"),
        // Other white space is none.
        ("\u{c}1", "is no JSON value"), ("\u{b}1", "is no JSON value"), ("\u{a0}1", "is no JSON value"),
        ("[\u{2003}1]", "is no JSON value"), ("\u{feff}{}", "is no JSON value"), ("\u{feff}", "is no JSON value"),
        ("\u{0}1", "is no JSON value"),
        // Words stand exactly so.
        ("True", "is no JSON value"), ("NULL", "is no JSON value"), ("nul", "is no JSON value"),
        ("tru", "is no JSON value"), ("fals", "is no JSON value"), ("n", "is no JSON value"),
        ("undefined", "is no JSON value"), ("a", "is no JSON value"), ("nan", "is no JSON value"),
        ("NaN", "is no JSON value"), ("-NaN", "is no JSON value"), ("Infinity", "is no JSON value"),
        ("-Infinity", "is no JSON value"), ("inf", "is no JSON value"),
        // Numbers.
        ("-", "is no JSON value"), ("+1", "is no JSON value"), (".5", "is no JSON value"), ("--1", "is no JSON value"),
        ("- 1", "is no JSON value"), ("-.5", "is no JSON value"), ("-a", "is no JSON value"),
        ("$1", "is no JSON value"),
        ("01", "something stands behind"), ("-01", "something stands behind"), ("00", "something stands behind"),
        ("1_000", "something stands behind"), ("1,000", "something stands behind"), ("0x1F", "something stands behind"),
        ("1 000", "something stands behind"), ("1e1.5", "something stands behind"),
        ("1.2.3", "something stands behind"),
        ("[01]", "lacks a comma"), ("[1 2]", "lacks a comma"), ("[1a]", "lacks a comma"), ("[1n]", "lacks a comma"),
        ("1.", "without digits"), ("-1.", "without digits"), ("1.e5", "without digits"), ("1.a", "without digits"),
        ("1e", "without an exponent"), ("1e+", "without an exponent"), ("1E-", "without an exponent"),
        ("1ee5", "without an exponent"), ("1e+-5", "without an exponent"), ("1e ", "without an exponent"),
        ("\u{ff11}", "is no JSON value"), ("\u{661}", "is no JSON value"), ("1\u{661}", "something stands behind"),
        // Arrays.
        ("[1,]", "is no JSON value"), ("[,1]", "is no JSON value"), ("[,]", "is no JSON value"),
        ("[1,,2]", "is no JSON value"), ("[1", "lacks a comma"), ("[1;2]", "lacks a comma"), ("[1}", "lacks a comma"),
        ("[\"a\" \"b\"]", "lacks a comma"), ("[[1]", "lacks a comma"), ("]", "is no JSON value"),
        ("[1:2]", "lacks a comma"), ("[\"a\":1]", "lacks a comma"), ("(1)", "is no JSON value"),
        // Objects.
        (#"{"a":1,}"#, "lacks a member name"), (#"{,"a":1}"#, "lacks a member name"), ("{,}", "lacks a member name"),
        (#"{"a":1,,"b":2}"#, "lacks a member name"), ("{a:1}", "lacks a member name"),
        ("{'a':1}", "lacks a member name"),
        ("{1:1}", "lacks a member name"), ("{null:1}", "lacks a member name"), ("{[]:1}", "lacks a member name"),
        ("{]", "lacks a member name"), (#"{"a"}"#, "lacks a colon"), (#"{"a" 1}"#, "lacks a colon"),
        (#"{"a"=1}"#, "lacks a colon"), (#"{"a""#, "lacks a colon"), (#"{"a",1}"#, "lacks a colon"),
        (#"{"a"::1}"#, "is no JSON value"), (#"{"a":}"#, "is no JSON value"), (#"{"a":1 "b":2}"#, "lacks a comma"),
        (#"{"a":1"#, "lacks a comma"), (#"{"a":1]"#, "lacks a comma"), (#"{"a":1;"b":2}"#, "lacks a comma"),
        ("}", "is no JSON value"), (#"{"a":1:2}"#, "lacks a comma"),
        // No name twice, however it is written.
        (#"{"a":1,"a":1}"#, "has a member twice"), (#"{"a":1,"\u0061":2}"#, "has a member twice"),
        (#"{"":1,"":2}"#, "has a member twice"), (#"{"a":{},"b":0,"a":{}}"#, "has a member twice"),
        (#"[{"\ud83d\ude00":1,"😀":2}]"#, "has a member twice"), (#"{"\/":1,"/":2}"#, "has a member twice"),
        // Strings.
        ("\"", "string without an end"), ("\"a", "string without an end"), ("\"\\", "string without an end"),
        ("\"a\\\"", "string without an end"), ("\"\\u", "string without an end"),
        ("\"\\u12\"", "string without an end"),
        ("\"\\u004", "string without an end"), ("'a'", "is no JSON value"), ("\u{201c}a\u{201d}", "is no JSON value"),
        ("\"\u{0}\"", "control character"), ("\"\u{1}\"", "control character"), ("\"\u{1f}\"", "control character"),
        ("\"a\nb\"", "control character"), ("\"a\tb\"", "control character"), ("\"a\rb\"", "control character"),
        ("\"\\\n\"", "unknown escape"), ("\"\\\u{0}\"", "unknown escape"), ("\"\\n\u{1}\"", "control character"),
        (#""\a""#, "unknown escape"), (#""\v""#, "unknown escape"), (#""\0""#, "unknown escape"),
        (#""\x41""#, "unknown escape"), (#""\'""#, "unknown escape"), (#""\ ""#, "unknown escape"),
        (#""\é""#, "unknown escape"), (#""\U0041""#, "unknown escape"), (#""\101""#, "unknown escape"),
        (#""\u004g""#, "unknown escape"), (#""\u 041""#, "unknown escape"), (#""\u+041""#, "unknown escape"),
        (#""\u-041""#, "unknown escape"), (#""\u{41}""#, "unknown escape"), (#""\u00\u0041""#, "unknown escape"),
        (#""\uéé""#, "unknown escape"), ("\"\\u\u{ff10}\u{ff10}\"", "unknown escape"),
        // Half a pair is no character.
        (#""\ud800""#, "half a surrogate"), (#""\udbff""#, "half a surrogate"), (#""\udc00""#, "half a surrogate"),
        (#""\udfff""#, "half a surrogate"), (#""\ud800a""#, "half a surrogate"), (#""\ud800\n""#, "half a surrogate"),
        (#""\ud800\u0041""#, "half a surrogate"), (#""\ud800\ud800""#, "half a surrogate"),
        (#""\ud800\ue000""#, "half a surrogate"), (#""\udc00\ud800""#, "half a surrogate"),
        (#""\ud83d\ude""#, "string without an end"), (#""\ud83d\\ude00""#, "half a surrogate"),
        (#"{"\ud800":1}"#, "half a surrogate"),
    ]

    @Test(arguments: refused.indices)
    func whatIsNoJSONIsRefusedWithItsReason(_ number: Int) throws {
        let (text, reason) = Self.refused[number]
        let error = try #require(throws: JSONError.self, "\(text)") { try JSONValue.parse(Self.bytes(text)) }
        #expect(error.explanation.contains(reason), "\(text): \(error)")
        #expect((0...text.utf8.count).contains(error.offset), "\(text): \(error)")
        #expect(!error.isEncoding)
    }

    /// Byte sequences that no UTF-8 has (RFC 3629), each within a string and bare.
    static let notUTF8: [[UInt8]] = [
        // A continuation alone, a lead alone, one cut short, one continued by something else.
        [0x80], [0xbf], [0xc3], [0xe2, 0x82], [0xf0, 0x9f, 0x98], [0xc3, 0x28], [0xe2, 0x28, 0xa1],
        [0xf0, 0x9f, 0x28, 0x80], [0xc3, 0xa9, 0xa9],
        // Overlong: `/`, NUL and more, in two, three and four bytes.
        [0xc0, 0xaf], [0xc1, 0xbf], [0xc0, 0x80], [0xe0, 0x80, 0xaf], [0xe0, 0x9f, 0xbf], [0xf0, 0x80, 0x80, 0xaf],
        [0xf0, 0x8f, 0xbf, 0xbf],
        // Surrogates, alone and as a pair (CESU-8).
        [0xed, 0xa0, 0x80], [0xed, 0xbf, 0xbf], [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80],
        // Beyond U+10FFFF, and bytes that never occur.
        [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80],
        [0xfc, 0x84, 0x80, 0x80, 0x80, 0x80], [0xfe], [0xff],
        // Latin-1 and the byte order marks of UTF-16 and UTF-32.
        [0xe9], [0xff, 0xfe], [0xfe, 0xff], [0xff, 0xfe, 0x00, 0x00],
    ]

    @Test(arguments: notUTF8)
    func whatIsNotUTF8IsRefusedAsThat(_ sequence: [UInt8]) throws {
        let quote = UInt8(ascii: "\"")
        let name = Self.bytes("{\"") + sequence + Self.bytes("\":1}")
        for bytes in [
            sequence, [quote] + sequence + [quote], [quote, 0x61] + sequence, name, Self.bytes("1") + sequence,
        ] {
            let error = try #require(throws: JSONError.self) { try JSONValue.parse(bytes) }
            #expect(error.isEncoding, "\(bytes): \(error)")
            #expect(error.path.isEmpty)
        }
    }

    @Test func otherEncodingsOfUnicodeAreRefused() {
        for text in ["{\"a\":1}", "1"] {
            let wide = text.utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
            let narrow = text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }
            for bytes in [wide, narrow, [0xff, 0xfe] + wide, [0xfe, 0xff] + narrow] {
                #expect(throws: JSONError.self) { try JSONValue.parse(bytes) }
            }
        }
    }

    @Test(arguments: [("[", "]"), (#"{"a":"#, "}"), (#"[{"a":"#, "}]")])
    func depthIsBoundedWhateverNests(_ open: String, _ close: String) throws {
        let levels = JSONLimits().depth / (open.utf8.count == 6 ? 2 : 1)
        _ = try JSONValue.parse(Self.bytes(Self.nested(levels, open, close, around: "1")))
        // Whether it ever ends does not matter: nothing is read beyond the bound.
        for text in [Self.nested(levels + 1, open, close, around: "1"), Self.nested(100_000, open, "", around: "")] {
            let error = try #require(throws: JSONError.self) { try JSONValue.parse(Self.bytes(text)) }
            #expect(error.explanation == "is nested deeper than 64 levels")
        }
    }

    /// The innermost array or object counts, be there something in it or not.
    @Test func theLastLevelCountsWhenItIsEmpty() throws {
        _ = try JSONValue.parse(Self.bytes(Self.nested(64, "[", "]")))
        #expect(throws: JSONError.self) { try JSONValue.parse(Self.bytes(Self.nested(65, "[", "]"))) }
        #expect(throws: JSONError.self) { try JSONValue.parse(Self.bytes(Self.nested(64, "[", "]", around: "{}"))) }
    }

    @Test func theLengthOfANumberIsBounded() throws {
        for number in [
            String(repeating: "7", count: 64), "0." + String(repeating: "3", count: 62), "-1e" + Self.zeros(61),
        ] {
            #expect(try JSONValue.parse(Self.bytes(number)) == .number(number))
            let error = try #require(throws: JSONError.self) { try JSONValue.parse(Self.bytes("[" + number + "0]")) }
            #expect(error.explanation == "has a number longer than 64 bytes" && error.path == "/0")
        }
    }

    private static func zeros(_ count: Int) -> String { String(repeating: "0", count: count) }

    @Test func theLengthOfATextIsBounded() throws {
        var limits = JSONLimits()
        #expect(limits.bytes == 16 << 20)
        limits.bytes = 4
        #expect(try JSONValue.parse(Self.bytes("[ ] "), limits: limits) == [])
        let error = try #require(throws: JSONError.self) { try JSONValue.parse(Self.bytes("[ ]  "), limits: limits) }
        #expect(error.explanation == "is longer than 4 bytes" && !error.isEncoding)
    }

    @Test func aDepthOfItsOwnIsKept() throws {
        var limits = JSONLimits()
        limits.depth = 2
        _ = try JSONValue.parse(Self.bytes("[[1]]"), limits: limits)
        #expect(throws: JSONError.self) { try JSONValue.parse(Self.bytes("[[[1]]]"), limits: limits) }
    }

    /// Texts whose error lies at a path, and where.
    @Test(arguments: [
        (#"{"a":[0,{"b":tru}]}"#, "/a/1/b"), (#"{"a":1,"a":2}"#, ""), (#"[[],[{"a":1,"a":2}]]"#, "/1/0"),
        (#"{"a":{"person 7":x}}"#, "/a/?"), (#"{"":x}"#, "/?"), (#"[1,2,3,"\q"]"#, "/3"), (#"{"a":{"b":"#, "/a/b"),
        (#"{"abcdefghijklmnopqrstuvwx":x}"#, "/abcdefghijklmnopqrstuvwx"),
        (#"{"abcdefghijklmnopqrstuvwxy":x}"#, "/?"), (#"[1 2]"#, ""), (#"{"a":[1 2]}"#, "/a"), (#"{"a":[]"#, ""),
    ])
    func anErrorNamesThePathAndNoValue(_ text: String, _ path: String) throws {
        let error = try #require(throws: JSONError.self) { try JSONValue.parse(Self.bytes(text)) }
        #expect(error.path == path, "\(text): \(error)")
    }

    @Test(arguments: [3, 23, 24, 25, 26, 200])
    func aNameTwiceIsFoundAmongFewAndMany(_ count: Int) throws {
        let members = (0..<count).map { #""m\#($0)":\#($0)"# }
        let value = try JSONValue.parse(Self.bytes("{" + members.joined(separator: ",") + "}"))
        #expect(value.objectValue?.map(\.name) == (0..<count).map { "m\($0)" })
        for twice in [0, count / 2, count - 1] {
            let text = "{" + (members + [#""\u006d\#(twice)":0"#]).joined(separator: ",") + "}"
            let error = try #require(throws: JSONError.self) { try JSONValue.parse(Self.bytes(text)) }
            #expect(error.explanation == "has a member twice")
        }
    }

    /// Every text of the table of what is JSON, cut short anywhere, is none, or one of the few that are whole earlier.
    @Test func whatIsCutShortNeverCrashes() {
        for (text, _) in Self.accepted {
            let bytes = Self.bytes(text)
            for end in 0..<bytes.count {
                guard let value = try? JSONValue.parse(Array(bytes[..<end])) else { continue }
                // A number is one at each of its digits; else only white space is missing.
                if case .number = value { continue }
                #expect(bytes[end...].allSatisfy { [0x20, 0x09, 0x0a, 0x0d].contains($0) }, "\(text) up to \(end)")
            }
        }
    }
}
