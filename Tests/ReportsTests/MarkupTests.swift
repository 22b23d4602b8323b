import Testing

@testable import Reports

/// What a message says stays text in whatever is drawn of it.
struct MarkupTests {
    /// Swift joins U+0600 and U+0D4E with what follows them into one character, and marks with what they follow.
    static let hostile = [
        "<b>", "\u{600}<img src=x>", "\u{d4e}<td>99", "a\u{301}<", "<\u{301}", "\u{600}&lt;", "\"\u{301} onclick=\"",
        "|\u{301} 99", "\u{600}| 99", "![a](b)", "\u{600}[a](b)", "`x`", "\\", "~~x~~", "*\u{301}a*", "&amp;",
    ]

    @Test(arguments: hostile) func itIsTextInHTML(_ text: String) {
        let escaped = HTML.escaped(text)
        #expect(!escaped.unicodeScalars.contains { "<>\"".unicodeScalars.contains($0) })
        var read = escaped.unicodeScalars.split(separator: "&", omittingEmptySubsequences: false).map(String.init)
        // A reader makes one scalar of each entity.
        for position in read.indices.dropFirst() {
            for (entity, scalar) in [("amp;", "&"), ("lt;", "<"), ("gt;", ">"), ("quot;", "\"")]
            where Array(read[position].utf8).starts(with: entity.utf8) {
                let rest = read[position].utf8.dropFirst(entity.utf8.count)
                read[position] = scalar + String(decoding: rest, as: UTF8.self)
                break
            }
        }
        #expect(Array(read.joined().utf8) == Array(text.utf8))
    }

    @Test(arguments: hostile) func itIsTextInMarkdown(_ text: String) {
        let scalars = Array(Markdown.escaped(text).unicodeScalars)
        #expect(!scalars.contains { $0 == "<" || $0 == ">" })
        var position = 0
        while position < scalars.count {
            if scalars[position] == "\\" {
                // Of two, the second is what stands there.
                position += 2
                continue
            }
            #expect(!"|*_[]`!~".unicodeScalars.contains(scalars[position]))
            position += 1
        }
    }
}
