import Glibc

/// The bytes of a file that does not change any more, read piece by piece, or held.
struct FileBytes: Sendable {
    private enum Storage: Sendable {
        case held([UInt8])
        case file(path: String, files: FileSystem)
    }

    private let storage: Storage
    let count: Int

    init(_ bytes: [UInt8]) {
        storage = .held(bytes)
        count = bytes.count
    }

    init(path: String, files: FileSystem) throws(FileSystem.Errno) {
        count = try files.size(path)
        storage = .file(path: path, files: files)
    }

    /// Opens it for some reads; files are closed when the value is gone.
    func opened() throws(LedgerError) -> OpenedBytes { try OpenedBytes(self) }

    /// Any thread may read: no read moves where another one begins (pread(2)).
    final class OpenedBytes: Sendable {
        private let bytes: FileBytes
        /// -1 where the bytes are held.
        private let file: Int32

        fileprivate init(_ bytes: FileBytes) throws(LedgerError) {
            self.bytes = bytes
            guard case .file(let path, let files) = bytes.storage else {
                file = -1
                return
            }
            do throws(FileSystem.Errno) { file = try files.open(path, O_RDONLY) } catch {
                throw .failed("read", path, error)
            }
        }

        deinit {
            if case .file(_, let files) = bytes.storage, file >= 0 { files.close(file) }
        }

        /// - Returns: fewer where the file ends before.
        func read(_ range: Range<Int>) throws(LedgerError) -> [UInt8] {
            switch bytes.storage {
            case .held(let held): return Array(held[range.clamped(to: 0..<held.count)])
            case .file(let path, let files):
                do throws(FileSystem.Errno) { return try files.wholeAt(file, range.lowerBound, range.count) } catch {
                    throw .failed("read", path, error)
                }
            }
        }

        /// The line that a range of bytes begins with, without its newline; `nil` where the range does not hold it.
        func line(_ range: Range<Int>) throws(LedgerError) -> [UInt8]? {
            var bytes = try read(range)
            guard let end = LineReader.newline(in: bytes, from: 0) else { return nil }
            bytes.removeLast(bytes.count - end)
            return bytes
        }
    }
}

/// Numbers of one width, one after the other, little-endian, in a file's bytes.
struct NumberColumn<Number: FixedWidthInteger & Sendable>: Sendable {
    let offset: Int
    let count: Int

    /// - Returns: `nil` where the column does not lie within so many bytes.
    init?(offset: Int, count: Int, within bytes: Int) {
        let (width, overflows) = count.multipliedReportingOverflow(by: MemoryLayout<Number>.size)
        guard offset >= 0, count >= 0, !overflows, bytes - offset >= width else { return nil }
        self.offset = offset
        self.count = count
    }

    var end: Int { offset + count * MemoryLayout<Number>.size }

    /// Reads some of them, or all.
    ///
    /// - Throws: `.corrupted` where the file has become shorter.
    func read(_ range: Range<Int>? = nil, from bytes: FileBytes.OpenedBytes) throws(LedgerError) -> [Number] {
        let (range, width) = (range ?? 0..<count, MemoryLayout<Number>.size)
        let read = try bytes.read(offset + range.lowerBound * width..<offset + range.upperBound * width)
        guard read.count == range.count * width else {
            throw LedgerError(code: .corrupted, message: "an index has become shorter: run `detainer ledger index`")
        }
        return unsafe [Number](unsafeUninitializedCapacity: range.count) { numbers, filled in
            // INVARIANT: so many bytes were read, there is room for so many numbers, and all bits make a number.
            unsafe read.withUnsafeBytes { unsafe UnsafeMutableRawBufferPointer(numbers).copyMemory(from: $0) }
            filled = range.count
            #if _endian(big)
            for position in 0..<filled { unsafe numbers[position] = unsafe Number(littleEndian: numbers[position]) }
            #endif
        }
    }
}

extension [UInt8] {
    /// A number, little-endian.
    mutating func append(_ number: some FixedWidthInteger) {
        // INVARIANT: the number's own bytes, copied before it goes.
        unsafe Swift.withUnsafeBytes(of: number.littleEndian) { unsafe append(contentsOf: $0) }
    }

    /// A little-endian number that lies at an offset.
    func number<Number: FixedWidthInteger>(at offset: Int, as type: Number.Type) -> Number {
        precondition(offset >= 0 && offset + MemoryLayout<Number>.size <= count, "the number lies within the bytes")
        return unsafe withUnsafeBytes {
            unsafe Number(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Number.self))
        }
    }
}
