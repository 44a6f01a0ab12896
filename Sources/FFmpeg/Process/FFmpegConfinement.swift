import ChildProcess
import FoundationEssentials

/// The confinement of one run of FFmpeg or ffprobe: the files that its command line names, the
/// programs' own files, the fonts, and the relay's port if an input is remote.
struct FFmpegConfinement {
    let configuration: FFmpegConfiguration
    let executable: String
    let arguments: [String]

    /// The dynamic loader's names on Linux (x86-64, arm64).
    private static let loaders = ["ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"]
    private static let libraries = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib"]
    /// Files of the system that libraries read to count processors and memory nodes.
    private static let system = [
        "/etc/ld.so.cache", "/dev/urandom", "/dev/zero", "/sys/devices/system", "/proc/cpuinfo",
        "/proc/meminfo", "/proc/stat", "/proc/sys/vm/overcommit_memory",
    ]
    /// Devices and descriptions that drivers of hardware encoders open.
    private static let hardwareDevices = [
        "/dev/nvidia0", "/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-modeset",
    ]
    private static let hardwareFiles = ["/sys", "/proc/driver", "/usr/share"]

    /// The confinement; nil if it is disabled.
    var value: ChildConfinement? {
        guard configuration.isConfined else { return nil }
        let program = folder(of: executable)
        let ownLibraries = "\(folder(of: program))/lib"
        var result = ChildConfinement(
            readable: Self.libraries + Self.system + [ownLibraries, configuration.fontsDirectory],
            executable: [executable]
                + (["/lib64", "/lib", ownLibraries].flatMap { folder in
                    Self.loaders.map { "\(folder)/\($0)" }
                }),
            devices: ["/dev/null"])
        addFiles(to: &result)
        if usesHardware {
            result.devices += Self.hardwareDevices + [folder(of: configuration.vaapiDevice)]
            result.readable += Self.hardwareFiles
        }
        return result
    }

    /// Permits the files of the command line: inputs to be read, the folders of outputs and of
    /// fontconfig's files to be written.
    private func addFiles(to result: inout ChildConfinement) {
        var isRemote = false
        for (index, argument) in arguments.enumerated() {
            let option = index > 0 ? arguments[index - 1] : ""
            if option == "-i" {
                isRemote = isRemote || SourceInput.isRemote(argument)
                guard let path = Self.path(argument) else { continue }
                result.readable.append(path)
                let script = path.hasSuffix(".ffconcat") ? entries(of: path) : []
                isRemote = isRemote || script.contains { SourceInput.isRemote($0) }
                result.readable += script.compactMap(Self.path)
            } else if option == "-filter_complex_script" {
                result.readable.append(argument)
            } else if let path = Self.path(argument) {
                result.writable.append(folder(of: path))
            }
        }
        if let fonts = configuration.environment["FONTCONFIG_FILE"] {
            result.readable.append(folder(of: fonts))
            result.writable += configuration.fontCacheFolder.map { [$0] } ?? []
        }
        guard isRemote else { return }
        result.network = configuration.relayPort.map { .ports([$0]) } ?? .any
    }

    private static func path(_ resource: String) -> String? {
        resource.hasPrefix("file:") ? String(resource.dropFirst(5)) : nil
    }

    private func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The files and URLs of a concat script of ours.
    private func entries(of script: String) -> [String] {
        guard let text = try? FileSystem.read(script) else { return [] }
        return text.split(separator: "\n").compactMap { line -> String? in
            guard line.hasPrefix("file '"), line.hasSuffix("'") else { return nil }
            return String(line.dropFirst(6).dropLast()).replacing(#"'\''"#, with: "'")
        }
    }

    private var usesHardware: Bool {
        arguments.contains { argument in
            ["_nvenc", "_qsv", "_vaapi"].contains { argument.hasSuffix($0) }
        }
    }
}

extension FFmpegConfiguration {
    /// Limits of one run.
    var childLimits: ChildLimits {
        ChildLimits(
            cpuSeconds: cpuTimeMax.map { max(1, $0.wholeMicroseconds / 1_000_000) },
            addressSpaceBytes: addressSpaceBytesMax, fileBytes: fileBytesMax,
            dataBytes: dataBytesMax, openFileCount: openFileCountMax)
    }

    /// This configuration with the limits of a probe, which runs beside a waiting client.
    var forProbe: FFmpegConfiguration {
        var result = self
        result.cpuTimeMax = probeCPUTimeMax ?? cpuTimeMax
        result.dataBytesMax = probeDataBytesMax ?? dataBytesMax
        return result
    }
}
