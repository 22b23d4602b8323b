/// A sealed segment that is named by what lies beside the segments, and is not there.
///
/// Segments that are missing at the end leave no gap: what is left looks like a ledger that was always so short. What
/// was made of them tells otherwise: it is made only of a segment that was sealed, and synced, before.
struct LostSegment {
    /// The highest that is named.
    let number: Int
    /// What names it.
    let path: String
    private let directory: String
    /// The last sealed one that is there.
    private let last: Int

    private init(number: Int, path: String, directory: String, last: Int) {
        (self.number, self.path, self.directory, self.last) = (number, path, directory, last)
    }

    var message: String {
        "`\(path)` names the sealed segment \(number), and the last one in `\(directory)` is \(last): put back what is "
            + "missing from a copy; if it is lost for good, remove `\(CheckedSegments.fileName)` and the `.index` and "
            + "`.run` files that name more than there is, which are made again"
    }

    /// Looks for one, also while a worker seals segments.
    static func find(_ reader: LedgerReader) throws(LedgerError) -> LostSegment? {
        let (directory, files) = (reader.directory, reader.files)
        let names: [String]
        do throws(FileSystem.Errno) { names = try files.names(directory) } catch {
            throw .failed("list", directory, error)
        }
        let last = LedgerFormat.segments(in: names).last { !$0.isOpen }?.number ?? 0
        var named: [(number: Int, path: String)] = []
        if let number = CheckedSegments(directory, files: files).entries.keys.max() {
            named.append((number, directory + "/" + CheckedSegments.fileName))
        }
        for name in names {
            if let number = LedgerFormat.indexedSegment(of: name) ?? RunFormat.segments(of: name)?.upperBound {
                named.append((number, directory + "/" + name))
            }
        }
        named = named.filter { $0.number > last }.sorted { ($1.number, $0.path) < ($0.number, $1.path) }
        for (number, path) in named where isOf(reader, path, number) {
            // It was sealed before it was named, so that one which was sealed since it was listed is there by now.
            if files.exists(directory + "/" + LedgerFormat.sealedName(number)) { return nil }
            return LostSegment(number: number, path: path, directory: directory, last: last)
        }
        return nil
    }

    /// Whether that is an undamaged file of this ledger: a name alone says nothing, and another ledger's was put there
    /// by mistake.
    private static func isOf(_ reader: LedgerReader, _ path: String, _ number: Int) -> Bool {
        let name = String(path.dropFirst(reader.directory.count + 1))
        if name == CheckedSegments.fileName { return true }
        let logID: String?
        if let segments = RunFormat.segments(of: name) {
            // One that cannot be read says nothing.
            logID = (try? IdentityRun.open(segments, in: reader.directory, files: reader.files))?.logID
        } else {
            // The same.
            logID = (try? SegmentIndex(FileBytes(path: path, files: reader.files), segment: number))?.logID
        }
        guard let logID else { return false }
        // Where no segment is left to tell, or the first one is damaged, it is believed.
        let own = (try? reader.logID()) ?? ""
        return own.isEmpty || own == logID
    }
}
