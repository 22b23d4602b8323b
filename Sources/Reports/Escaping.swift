extension String {
    /// The text with some scalars written otherwise, for whoever reads it by scalars, as all formats of reports are.
    ///
    /// To Swift a `<` or a quote is no character of its own where a scalar before or behind joins with it.
    ///
    /// - Parameter replacement: `nil`: it stays.
    func replacingScalars(_ replacement: (Unicode.Scalar) -> String?) -> String {
        var written = UnicodeScalarView()
        for scalar in unicodeScalars {
            if let other = replacement(scalar) { written += other.unicodeScalars } else { written.append(scalar) }
        }
        return String(written)
    }
}
