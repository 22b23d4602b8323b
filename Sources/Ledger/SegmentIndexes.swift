import Detainers
import Glibc

/// The indexes of one ledger's sealed segments: which are there, and the making of what is not, runs included.
///
/// Making them needs no lock: a sealed segment never changes, and each file takes its place whole or not at all.
public struct SegmentIndexes: Sendable {
    private let reader: LedgerReader

    public init(_ reader: LedgerReader) { self.reader = reader }

    /// The index of a sealed segment; `nil` where there is none, or it is not that of the segment as it lies there.
    static func open(_ number: Int, in directory: String, files: FileSystem) -> SegmentIndex? {
        do {
            let bytes = try FileBytes(path: directory + "/" + LedgerFormat.indexName(number), files: files)
            guard let index = try SegmentIndex(bytes, segment: number),
                try files.size(directory + "/" + LedgerFormat.sealedName(number)) == index.segmentBytes
            else { return nil }
            return index
        } catch {
            // It is not there, or not to be read: then its segment is.
            return nil
        }
    }

    /// The same where its body is whole as well, which reads all of it.
    static func whole(_ number: Int, in directory: String, files: FileSystem) -> SegmentIndex? {
        guard let index = open(number, in: directory, files: files) else { return nil }
        // One that cannot be read is made again, or its segment is read.
        return (try? index.isWhole()) == true ? index : nil
    }

    /// The sealed segments that have no index, are in no run, or do not look as they did when they were checked.
    public func missing() throws(LedgerError) -> [Int] { try SegmentUpkeep(reader).missing() }

    /// Makes what is missing, in order, and merges the runs that are to be.
    ///
    /// - Parameter progress: called after each segment that was read with how many were; false: enough.
    /// - Returns: how many were read.
    /// - Throws: `LedgerError` where a segment is damaged or a file cannot be written; `RecordError` where a line is
    ///   intact but no record of ours.
    @discardableResult
    public func make(_ progress: (Int) -> Bool = { _ in true }) throws -> Int {
        var upkeep = SegmentUpkeep(reader)
        return try upkeep.makeAll(progress)
    }
}

extension LedgerReader {
    /// Reads a sealed segment and makes the bytes of its index, and what its run holds.
    func indexed(
        _ bytes: FileBytes, sealed number: Int, _ scan: inout SegmentScan
    ) throws -> (index: [UInt8], identities: [RunEntry]) {
        let path = directory + "/" + LedgerFormat.sealedName(number)
        var builder = SegmentIndexBuilder(segment: number, after: scan)
        var failure: RecordError?
        try scan.sealed(bytes, path: path, number: number) { record throws(LedgerError) in
            do throws(RecordError) { try builder.add(record) } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
        return (builder.bytes(segmentBytes: bytes.count, through: scan), builder.identities)
    }
}
