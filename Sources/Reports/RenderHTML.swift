/// Draws a report as one HTML document: no script, no network, nothing but itself.
///
/// It prints on A4 and Letter: the letter alone on its first page, each annex on a page of its own. Accessible by its
/// structure: one language, one first heading, headings in order, tables with captions and scoped headers, charts with
/// a title and a table beside them. Contrast is that of dark grey on white.
extension ReportDocument {
    /// - Parameter paper: `letter` or `A4`, as CSS names them.
    public func html(paper: String = "letter") -> String {
        var page = HTML()
        page.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
        page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
        page.element("title", subject)
        page.raw(
            "<style>\n@page { size: \(paper == "A4" ? "A4" : "letter"); margin: 1.5cm 2cm; }\n\(Self.style)</style>\n")
        page.raw("</head>\n<body>\n<main>\n")
        letter(&page)
        for (number, annex) in annexes.enumerated() { draw(annex, number + 1, &page) }
        page.raw("</main>\n</body>\n</html>\n")
        return page.text
    }

    private func letter(_ page: inout HTML) {
        page.raw("<section class=\"letter\">\n<header>\n")
        for line in letterhead { page.element("p", line) }
        page.raw("</header>\n")
        page.element("p", date, "class=\"date\"")
        page.raw("<address>\n")
        for line in to { page.element("p", line) }
        page.raw("</address>\n")
        page.element("h1", subject)
        if !law.isEmpty { page.element("p", law, "class=\"law\"") }
        if let amendment { page.element("p", amendment, "class=\"amended\"") }
        page.element("p", opening)
        page.raw("<ol class=\"items\">\n")
        for item in items { draw(item, &page) }
        page.raw("</ol>\n")
        for section in sections {
            page.element("h2", section.heading)
            page.element("p", section.sentences.joined(separator: " "))
        }
        for paragraph in closing { page.element("p", paragraph) }
        page.raw("<div class=\"certification\">\n")
        page.element("p", certification)
        page.raw("<p class=\"line\" aria-hidden=\"true\"></p>\n")
        for line in signature { page.element("p", line) }
        page.raw("</div>\n</section>\n")
    }

    private func draw(_ item: Item, _ page: inout HTML) {
        page.raw("<li>\n<p class=\"figure\"><span class=\"heading\">\(HTML.escaped(item.heading))</span> ")
        page.raw("<strong>\(HTML.escaped(item.total))</strong></p>\n")
        if let sentence = item.sentence { page.element("p", sentence) }
        if !item.rows.isEmpty {
            page.raw("<table aria-label=\"\(HTML.escaped(item.heading))\">\n<tbody>\n")
            for row in item.rows {
                page.raw("<tr class=\"depth\(row.depth)\"><th scope=\"row\">\(HTML.escaped(row.label))</th>")
                page.raw("<td>\(HTML.escaped(row.value))</td></tr>\n")
            }
            page.raw("</tbody>\n</table>\n")
        }
        if let note = item.note { page.element("p", note, "class=\"note\"") }
        page.raw("</li>\n")
    }

    private func draw(_ annex: Annex, _ number: Int, _ page: inout HTML) {
        page.raw("<section class=\"annex\">\n")
        page.element("h2", "Annex \(number). \(annex.title)")
        for sentence in annex.sentences { page.element("p", sentence) }
        if let chart = annex.chart { page.raw(chart.svg(identifier: "chart\(number)")) }
        for table in annex.tables {
            page.raw("<table>\n")
            page.element("caption", table.caption)
            page.raw("<thead>\n<tr>")
            for (position, column) in table.columns.enumerated() {
                let kind = position >= table.firstNumber ? " class=\"number\"" : ""
                page.raw("<th scope=\"col\"\(kind)>\(HTML.escaped(column))</th>")
            }
            page.raw("</tr>\n</thead>\n<tbody>\n")
            for row in table.rows {
                page.raw("<tr>")
                for (position, cell) in row.enumerated() {
                    let text = HTML.escaped(cell)
                    page.raw(
                        position == 0
                            ? "<th scope=\"row\">\(text)</th>"
                            : "<td\(position >= table.firstNumber ? " class=\"number\"" : "")>\(text)</td>")
                }
                page.raw("</tr>\n")
            }
            if table.rows.isEmpty { page.raw("<tr><td colspan=\"\(table.columns.count)\">none</td></tr>\n") }
            page.raw("</tbody>\n</table>\n")
        }
        page.raw("</section>\n")
    }

    private static let style = """
        :root { color: #1a1a1a; background: #ffffff; }
        body { font: 11pt/1.4 "Liberation Serif", "DejaVu Serif", Georgia, serif; margin: 0; }
        main { max-width: 17cm; margin: 0 auto; padding: 1cm; }
        h1 { font-size: 14pt; margin: 0.8em 0 0.2em; }
        h2 { font-size: 11.5pt; margin: 1em 0 0.2em; }
        p { margin: 0.25em 0; }
        header { border-bottom: 2px solid #1a3a5c; padding-bottom: 0.4em; }
        header p:first-child { font-size: 15pt; font-weight: bold; color: #1a3a5c; }
        .date { text-align: right; }
        address { font-style: normal; margin: 0.6em 0; }
        .law { font-style: italic; }
        .amended { border-left: 4px solid #8a3b00; padding-left: 0.6em; }
        .items { padding-left: 1.4em; margin: 0.5em 0; }
        .items > li { margin: 0.5em 0; }
        .figure { display: flex; justify-content: space-between; gap: 1em; margin: 0; }
        .figure .heading { font-weight: bold; }
        .note { font-size: 9.5pt; color: #444444; }
        table { border-collapse: collapse; width: 100%; margin: 0.3em 0 0.8em; }
        caption { text-align: left; font-weight: bold; padding: 0.6em 0 0.2em; }
        th, td { text-align: left; vertical-align: top; padding: 0.1em 0.4em; border-bottom: 1px solid #cccccc; }
        th { font-weight: normal; }
        thead th { font-weight: bold; border-bottom: 2px solid #1a3a5c; }
        .number, .items td { text-align: right; font-variant-numeric: tabular-nums; }
        td { overflow-wrap: anywhere; }
        tr.depth1 th { padding-left: 1.8em; color: #333333; }
        .certification { margin-top: 1em; break-inside: avoid; }
        .certification .line { border-bottom: 1px solid #1a1a1a; width: 60%; height: 2em; }
        .annex { border-top: 1px solid #cccccc; margin-top: 1.5em; }
        svg { width: 100%; height: auto; }
        @media print {
          main { max-width: none; padding: 0; }
          .annex { break-before: page; border-top: none; margin-top: 0; }
          .letter { font-size: 9.5pt; line-height: 1.2; }
          .letter h1 { font-size: 12.5pt; margin-top: 0.3em; }
          .letter h2 { font-size: 10pt; margin-top: 0.5em; }
          .letter p { margin: 0.15em 0; }
          .letter .note { font-size: 8.5pt; }
          .letter th, .letter td { padding-top: 0; padding-bottom: 0; }
          .items > li { margin: 0.2em 0; }
          .certification .line { height: 1.5em; }
          h2, caption { break-after: avoid; }
          tr, svg { break-inside: avoid; }
        }

        """
}

/// HTML as it is put together; text is escaped, markup is not.
struct HTML {
    private(set) var text = ""

    mutating func raw(_ markup: String) { text += markup }

    mutating func element(_ name: String, _ content: String, _ attributes: String = "") {
        text += "<\(name)\(attributes.isEmpty ? "" : " " + attributes)>\(Self.escaped(content))</\(name)>\n"
    }

    static func escaped(_ text: String) -> String {
        text.replacingScalars { scalar in
            switch scalar {
            case "&": "&amp;"
            case "<": "&lt;"
            case ">": "&gt;"
            case "\"": "&quot;"
            default: nil
            }
        }
    }
}
