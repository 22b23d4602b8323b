import Glibc

/// A reader of bytes that anybody may have written, and what must hold for all of them.
///
/// A property that does not hold ends the process, which is how the fuzzer hears of it.
struct FuzzTarget: Sendable {
    var name: String
    var run: @Sendable ([UInt8]) -> Void
}

let targets = [
    FuzzTarget(name: "json", run: JSONFuzz.run),
    FuzzTarget(name: "message", run: MessageFuzz.run),
    FuzzTarget(name: "headers", run: HeadersFuzz.run),
    FuzzTarget(name: "policy", run: PolicyFuzz.run),
    FuzzTarget(name: "ledger", run: LedgerFuzz.run),
    FuzzTarget(name: "index", run: IndexFuzz.run),
    FuzzTarget(name: "plan", run: PlanFuzz.run),
    FuzzTarget(name: "gzip", run: GzipFuzz.run),
    FuzzTarget(name: "event", run: EventFuzz.run),
    FuzzTarget(name: "reply", run: ReplyFuzz.run),
    FuzzTarget(name: "runs", run: RunsFuzz.run),
    FuzzTarget(name: "checked", run: CheckedFuzz.run),
    FuzzTarget(name: "checkpoint", run: CheckpointFuzz.run),
    FuzzTarget(name: "sheet", run: SheetFuzz.run),
    // Find what is planted in them, or the fuzzer finds nothing.
    FuzzTarget(name: "planted-property", run: PlantedFuzz.property),
    FuzzTarget(name: "planted-read", run: PlantedFuzz.read),
]

/// Chosen by the environment: the fuzzer has the command line for itself.
private let chosen: FuzzTarget = {
    let name = getenv("DETAINER_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = targets.first(where: { $0.name == name }) else {
        say("DETAINER_FUZZ_TARGET must be one of " + targets.map(\.name).joined(separator: ", "))
        exit(64)
    }
    return target
}()

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    chosen.run(Array(UnsafeBufferPointer(start: data, count: count)))
    return 0
}

/// libFuzzer's, as FuzzerInterface.h declares it: it does what the command line says and calls back with each input.
@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// `swift build` links a program to an entry point of its own, and so it has one beside libFuzzer's.
@main enum Fuzz {
    static func main() {
        var (count, arguments) = (CommandLine.argc, CommandLine.unsafeArgv)
        exit(runFuzzer(&count, &arguments, fuzzOne))
    }
}

/// Ends the process where a property does not hold.
func check(_ holds: Bool, _ property: @autoclosure () -> String, line: UInt = #line) {
    if !holds { broken(property(), line: line) }
}

func broken(_ property: String, line: UInt = #line) -> Never {
    say("PROPERTY BROKEN (\(line)): \(property)")
    abort()
}

private func say(_ sentence: String) {
    let bytes = Array((sentence + "\n").utf8)
    _ = write(2, bytes, bytes.count)
}

/// Three bytes in a row, which chance alone would need sixteen million tries for.
enum PlantedFuzz {
    static func property(_ bytes: [UInt8]) {
        if bytes.starts(with: "bug".utf8) { broken("the planted one") }
    }

    /// Reads a byte behind what is allocated.
    static func read(_ bytes: [UInt8]) {
        guard bytes.starts(with: "bug".utf8) else { return }
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count)
        defer { memory.deallocate() }
        memory.initialize(from: bytes, count: bytes.count)
        if memory[bytes.count] == 0 { say("a byte was read that is not there") }
    }
}

/// Takes numbers off the front of an input, so that bytes can also say what to do; zeros when nothing is left.
struct Instructions {
    private(set) var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isEmpty: Bool { rest.isEmpty }

    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }
    mutating func word() -> Int { Int(byte()) << 8 | Int(byte()) }

    /// As many bytes as there are, up to so many.
    mutating func take(_ count: Int) -> [UInt8] {
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    /// A text with its length before it.
    mutating func text() -> String { String(decoding: take(Int(byte())), as: UTF8.self) }

    /// Changes bytes, takes some out or puts some in, as the rest of the input says.
    mutating func damage(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        while !isEmpty, !bytes.isEmpty {
            let (kind, place) = (byte(), word() % bytes.count)
            switch kind % 4 {
            case 0: bytes[place] = byte()
            case 1: bytes[place] ^= 1 << (byte() & 7)
            case 2: bytes.removeSubrange(place..<min(bytes.count, place + 1 + Int(byte())))
            default:
                let count = min(Int(byte()), rest.count)
                bytes.insert(contentsOf: rest.prefix(count), at: place)
                rest = rest.dropFirst(count)
            }
        }
        return bytes
    }
}
