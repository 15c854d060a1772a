"""skaffold.yaml: valid by its own schema, and what it names exists and renders."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import jsonschema
import yaml

ROOT: Final = Path(__file__).resolve().parents[2]
SKAFFOLD: Final[dict[str, Any]] = yaml.safe_load((ROOT / "skaffold.yaml").read_text())
BUILT: Final = {
    "IMAGE_REPO_polyarb": "registry.example.org/polyarb",
    "IMAGE_TAG_polyarb": "dev",
    "IMAGE_DIGEST_polyarb": "sha256:" + "0" * 64,
}


def test_skaffold_file_fits_its_schema(recordings: Path) -> None:
    """skaffold would accept the file."""
    schema = json.loads((recordings / "specs/skaffold-v4beta14.json").read_text())

    faults = [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(SKAFFOLD)]

    assert faults == []


def test_artifact_is_built_from_files_that_exist() -> None:
    """The context and the Dockerfile are where skaffold looks for them."""
    (artifact,) = SKAFFOLD["build"]["artifacts"]
    context = ROOT / artifact["context"]

    assert (context / artifact["docker"]["dockerfile"]).is_file()


def test_release_renders_the_built_image_in_paper_mode() -> None:
    """With skaffold's own values the chart runs the image just built, on the simulated venue."""
    (release,) = SKAFFOLD["deploy"]["helm"]["releases"]
    arguments = [f"{key}={_plain(v)}" for key, v in release["setValues"].items()]
    arguments += [f"{key}={_filled(v)}" for key, v in release["setValueTemplates"].items()]
    tool = shutil.which(os.environ.get("HELM", "helm"))
    assert tool, "no helm: set HELM, or run `make chart`, which fetches one"

    done = subprocess.run(
        [tool, "template", release["name"], str(ROOT / release["chartPath"])]
        + [part for argument in arguments for part in ("--set", argument)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    image = f"registry.example.org/polyarb:dev@{BUILT['IMAGE_DIGEST_polyarb']}"
    images = set(re.findall(r'image: "([^"]*polyarb[^"]*)"', done.stdout))
    modes = set(re.findall(r"POLYARB_MODE: (\w+)", done.stdout))
    assert (images, modes) == ({image}, {"paper"})


def test_every_forwarded_port_is_a_port_of_a_service() -> None:
    """The port forwards are the four services' gRPC ports."""
    forwarded = {f["resourceName"]: f["port"] for f in SKAFFOLD["portForward"]}

    assert forwarded == {
        "polyarb-scanner": 50051,
        "polyarb-risk": 50052,
        "polyarb-executor": 50053,
        "polyarb-ledger": 50054,
    }


def _filled(template: str) -> str:
    return re.sub(r"\{\{\.(\w+)\}\}", lambda found: BUILT[found[1]], template)


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
