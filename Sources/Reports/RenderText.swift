/// Draws a report as plain text for a terminal, and as Markdown (CommonMark with tables).
extension ReportDocument {
    public func text() -> String {
        var lines = letterhead + [date, ""] + to + ["", subject]
        if !law.isEmpty { lines.append(law) }
        if let amendment { lines += ["", amendment] }
        lines += ["", opening, ""]
        for (number, item) in items.enumerated() {
            lines.append("\(number + 1). \(item.heading): \(item.total)")
            if let sentence = item.sentence { lines.append("   " + sentence) }
            let width = (item.rows.map { $0.label.count + 2 * $0.depth }.max() ?? 0) + 2
            for row in item.rows {
                let label = String(repeating: "  ", count: row.depth) + row.label
                lines.append("   " + label + String(repeating: " ", count: width - label.count) + row.value)
            }
            if let note = item.note { lines.append("   " + note) }
        }
        for section in sections { lines += ["", section.heading] + section.sentences.map { "   " + $0 } }
        for paragraph in closing { lines += ["", paragraph] }
        lines += ["", certification, "", "____________________________"] + signature
        for (number, annex) in annexes.enumerated() {
            lines += ["", "Annex \(number + 1). \(annex.title)"] + annex.sentences
            for table in annex.tables { lines += ["", table.caption] + Self.aligned(table) }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func aligned(_ table: Table) -> [String] {
        if table.rows.isEmpty { return ["  none"] }
        let all = [table.columns] + table.rows
        let widths = table.columns.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            let cells = row.enumerated().map { position, cell in
                let gap = String(repeating: " ", count: widths[position] - cell.count)
                return position >= table.firstNumber ? gap + cell : cell + gap
            }
            return ("  " + cells.joined(separator: "  ")).trimmingTrailingSpaces
        }
    }

    public func markdown() -> String {
        let escaped = Markdown.escaped
        var lines = letterhead.map { escaped($0) + "  " } + ["", date, ""] + to.map { escaped($0) + "  " }
        lines += ["", "# " + escaped(subject), ""]
        if !law.isEmpty { lines += ["*\(escaped(law))*", ""] }
        if let amendment { lines += ["> " + escaped(amendment), ""] }
        lines += [escaped(opening), ""]
        for (number, item) in items.enumerated() {
            lines.append("\(number + 1). **\(escaped(item.heading)):** \(escaped(item.total))")
            if let sentence = item.sentence { lines += ["", "   " + escaped(sentence)] }
            for (position, row) in item.rows.enumerated() {
                if position == 0 { lines.append("") }
                let indent = String(repeating: "  ", count: row.depth)
                lines.append("   \(indent)- \(escaped(row.label)): \(escaped(row.value))")
            }
            if let note = item.note { lines += ["", "   *\(escaped(note))*"] }
            lines.append("")
        }
        for section in sections {
            lines += ["## " + escaped(section.heading), "", escaped(section.sentences.joined(separator: " ")), ""]
        }
        for paragraph in closing { lines += [escaped(paragraph), ""] }
        lines += [escaped(certification), ""] + signature.map { escaped($0) + "  " }
        for (number, annex) in annexes.enumerated() {
            lines += ["", "## Annex \(number + 1). " + escaped(annex.title), ""] + annex.sentences.map(escaped)
            for table in annex.tables {
                lines += ["", "**\(escaped(table.caption))**", ""]
                lines.append("| " + table.columns.map(escaped).joined(separator: " | ") + " |")
                let rules = table.columns.indices.map { $0 >= table.firstNumber ? "---:" : "---" }
                lines.append("| " + rules.joined(separator: " | ") + " |")
                for row in table.rows { lines.append("| " + row.map(escaped).joined(separator: " | ") + " |") }
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

enum Markdown {
    /// Whatever could begin a link, an image, code, an entity, a tag, a cell or an emphasis is what it is.
    static func escaped(_ text: String) -> String {
        text.replacingScalars { scalar in
            switch scalar {
            case "&": "&amp;"
            case "<": "&lt;"
            case ">": "&gt;"
            case "\\", "|", "*", "_", "[", "]", "`", "!", "~": "\\\(scalar)"
            default: nil
            }
        }
    }
}

extension String {
    fileprivate var trimmingTrailingSpaces: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
