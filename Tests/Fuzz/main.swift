import FuzzTargets
import Glibc

// fuzz TARGET [LIBFUZZER-OPTIONS] CORPUS: built by `make fuzz` with -sanitize=fuzzer alone.

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

private let target: FuzzTarget = {
    guard let name = CommandLine.arguments.dropFirst().first,
        let target = FuzzTarget(rawValue: name)
    else {
        print("fuzz TARGET ...: \(FuzzTarget.allCases.map(\.rawValue).joined(separator: " "))")
        exit(2)
    }
    return target
}()

private func runOnce(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    // SAFETY: libFuzzer passes `count` readable bytes.
    target.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}

_ = target
var words: [UnsafeMutablePointer<CChar>?] =
    [strdup("fuzz")] + CommandLine.arguments.dropFirst(2).map { strdup($0) } + [nil]
var count = Int32(words.count - 1)
let status = words.withUnsafeMutableBufferPointer { buffer in
    var start = buffer.baseAddress
    return runDriver(&count, &start, { bytes, count in runOnce(bytes, count) })
}
exit(status)
