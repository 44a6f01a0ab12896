"""The software in a package as an SPDX 2.3 document (ISO/IEC 5962), for scripts/package."""

import hashlib
import pathlib
import re
import subprocess

# Where Debian keeps the sources of a version.
SOURCES = "https://snapshot.debian.org/package"


def output_of(*command):
    return subprocess.run(
        list(map(str, command)), check=True, capture_output=True, text=True
    ).stdout


def debian_package(path):
    """Name of the Debian package that installed a file; None for a file of ours."""
    for name in (path, pathlib.Path("/usr") / str(path).lstrip("/")):
        found = subprocess.run(
            ["dpkg", "-S", str(name)], check=False, capture_output=True, text=True
        )
        if found.returncode == 0:
            return found.stdout.split(":")[0]
    return None


def identifier(text):
    return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", text)


def debian_entry(name):
    form = "${Version}\t${source:Package}\t${source:Version}\t${Homepage}"
    version, source, source_version, home = output_of("dpkg-query", "-W", "-f", form, name).split(
        "\t"
    )
    entry = {
        "SPDXID": identifier(f"debian-{name}"),
        "name": name,
        "versionInfo": version,
        "supplier": "Organization: Debian",
        "downloadLocation": f"{SOURCES}/{source}/{source_version.replace('%', '%25')}/",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION",
        "copyrightText": "NOASSERTION",
        "externalRefs": [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": f"pkg:deb/debian/{name}@{version}?distro=debian-12",
            }
        ],
    }
    return entry | ({"homepage": home} if home else {})


def own_entry(version):
    return {
        "SPDXID": "SPDXRef-spool",
        "name": "spool",
        "versionInfo": version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "Apache-2.0",
        "licenseDeclared": "Apache-2.0",
        "copyrightText": "NOASSERTION",
    }


def document(origins, folder, version, created):
    """origins: file in the folder to the file of the machine that it is a copy of."""
    packages = {}
    contained = {}
    for target, source in sorted(origins.items()):
        package = debian_package(source)
        contained[target] = f"debian-{package}" if package else "spool"
        if package:
            packages[package] = debian_entry(package)
    files, relations = [], [("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-spool")]
    for package in packages.values():
        relations.append(("SPDXRef-spool", "CONTAINS", package["SPDXID"]))
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = str(path.relative_to(folder))
        files.append(
            {
                "SPDXID": identifier(f"file-{name}"),
                "fileName": f"./{name}",
                "checksums": [
                    {"algorithm": algorithm.upper(), "checksumValue": digest.hexdigest()}
                    for algorithm, digest in (
                        ("sha1", hashlib.sha1(path.read_bytes())),
                        ("sha256", hashlib.sha256(path.read_bytes())),
                    )
                ],
                "licenseConcluded": "NOASSERTION",
                "copyrightText": "NOASSERTION",
            }
        )
        owner = identifier(contained.get(path, "spool"))
        relations.append((owner, "CONTAINS", identifier(f"file-{name}")))
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"spool-{version}",
        "documentNamespace": f"https://spdx.org/spdxdocs/spool-{version}",
        "creationInfo": {"created": created, "creators": ["Tool: scripts/package"]},
        "packages": [own_entry(version), *(packages[name] for name in sorted(packages))],
        "files": files,
        "relationships": [
            {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}
            for one, kind, other in relations
        ],
    }
