import Glibc

/// An open file that is closed when nobody refers to it any more.
package final class FileDescriptor: Sendable {
    package let number: Int32

    /// Takes over a descriptor.
    package init(adopting number: Int32) { self.number = number }

    /// - Returns: nil when the file cannot be opened; errno tells why.
    package init?(readingFile path: String) {
        number = open(path, O_RDONLY | O_CLOEXEC)
        if number < 0 { return nil }
    }

    deinit { if number >= 0 { close(number) } }
}
