/// Bars side by side, drawn as SVG without script, font or network.
struct BarChart {
    struct Bar {
        var label: String
        var value: Int
        /// What stands above it.
        var text: String
    }

    var title: String
    var bars: [Bar]
}

extension BarChart {
    private static let (width, height, margin) = (640, 220, 24)

    /// - Parameter identifier: of its title, once in a document.
    func svg(identifier: String) -> String {
        let top = max(1, bars.map(\.value).max() ?? 1)
        let room = Self.height - 2 * Self.margin
        let step = Self.width / max(1, bars.count)
        var svg = "<svg role=\"img\" aria-labelledby=\"\(identifier)\" viewBox=\"0 0 \(Self.width) \(Self.height)\" "
        svg += "xmlns=\"http://www.w3.org/2000/svg\" font-family=\"sans-serif\" font-size=\"11\">\n"
        svg += "<title id=\"\(identifier)\">\(HTML.escaped(title)): "
        svg += bars.map { "\(HTML.escaped($0.label)) \(HTML.escaped($0.text))" }.joined(separator: ", ") + "</title>\n"
        for (position, bar) in bars.enumerated() {
            let tall = bar.value * room / top
            let left = position * step + step / 6
            let (base, middle) = (Self.height - Self.margin, position * step + step / 2)
            svg += "<rect x=\"\(left)\" y=\"\(base - tall)\" width=\"\(step * 2 / 3)\" height=\"\(tall)\" "
            svg += "fill=\"#1a3a5c\"/>\n"
            // A hidden number leaves a mark, so that it is not taken for a zero.
            let above = Int(bar.text) == nil ? "*" : bar.text
            svg += "<text x=\"\(middle)\" y=\"\(base - tall - 4)\" text-anchor=\"middle\">\(above)</text>\n"
            svg += "<text x=\"\(middle)\" y=\"\(base + 15)\" text-anchor=\"middle\">\(HTML.escaped(bar.label))</text>\n"
        }
        svg += "<line x1=\"0\" y1=\"\(Self.height - Self.margin)\" x2=\"\(Self.width)\" "
        svg += "y2=\"\(Self.height - Self.margin)\" stroke=\"#1a1a1a\"/>\n</svg>\n"
        return svg
    }
}
