import Detainers
import Testing

/// Fields of tables that others read.
struct CSVFieldTests {
    /// A quote is one byte to every reader, also where a mark combines with it into another character.
    @Test(arguments: ["plain", "a,b", "\"", "\"\u{301}", "a\"\u{316},b", "\r\n", "\r", "é\"\"\u{20dd}"])
    func whatIsWrittenIsReadAsTheSame(_ text: String) throws {
        let rows = try CSV.rows("first," + CSV.field(text) + ",last\r\n")
        #expect(rows.map(\.fields) == [["first", text, "last"]])
    }
}
