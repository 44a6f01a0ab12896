import Glibc

/// A folder that only this user can list, enter and write.
enum PrivateFolder {
    /// Makes the folder, or takes it if it is there and private.
    /// - Returns: False if it cannot be made, is not this user's, is open to others or is a link.
    static func prepare(_ path: String) -> Bool {
        if mkdir(path, 0o700) == 0 { return true }
        guard errno == EEXIST else { return false }
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
            && status.st_uid == geteuid() && status.st_mode & 0o077 == 0
    }
}
