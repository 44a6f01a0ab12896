import Glibc

/// An open file, closed with its last reference.
package final class FileDescriptor: Sendable {
    /// The descriptor.
    package let number: Int32

    /// Takes ownership of an open descriptor.
    package init(adopting number: Int32) { self.number = number }

    /// Opens a file for reading.
    /// - Returns: nil when the file cannot be opened; errno has the reason.
    package init?(readingFile path: String) {
        number = open(path, O_RDONLY | O_CLOEXEC)
        if number < 0 { return nil }
    }

    deinit { if number >= 0 { close(number) } }
}
