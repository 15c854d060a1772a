"""The Helm chart, rendered by the real helm: what an operator may rely on, and what is refused."""

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from polyarb.chassis.config import Settings

ROOT: Final = Path(__file__).resolve().parents[2]
CHART: Final = ROOT / "deploy/helm/polyarb"
CI_VALUES: Final = sorted((CHART / "ci").glob("*-values.yaml"))
SERVICES: Final = {"scanner", "risk", "executor", "ledger"}
LIVE: Final = (
    "mode=live,simulator.enabled=false,postgres.bundled=false,"
    "database.existingSecret=db,wallet.existingSecret=wallet"
)
Manifest = dict[str, Any]


def _helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    tool = shutil.which(os.environ.get("HELM", "helm"))
    assert tool, "no helm: set HELM, or run `make chart`, which fetches one"
    return subprocess.run([tool, *arguments], capture_output=True, text=True, check=False)


def _template(*arguments: str) -> subprocess.CompletedProcess[str]:
    return _helm("template", "arb", str(CHART), "--namespace", "trading", *arguments)


def _render(*arguments: str) -> list[Manifest]:
    done = _template(*arguments)
    assert done.returncode == 0, done.stderr
    return [manifest for manifest in yaml.safe_load_all(done.stdout) if manifest]


def _component(manifest: Manifest) -> str:
    return str(manifest["metadata"]["labels"]["app.kubernetes.io/component"])


def _of_kind(manifests: list[Manifest], *kinds: str) -> dict[str, Manifest]:
    return {_component(m): m for m in manifests if m["kind"] in kinds}


def _pods(manifests: list[Manifest]) -> dict[str, Manifest]:
    workloads = _of_kind(manifests, "Deployment", "StatefulSet")
    return {name: workload["spec"]["template"]["spec"] for name, workload in workloads.items()}


def _containers(pod: Manifest) -> list[Manifest]:
    return [*pod.get("initContainers", []), *pod["containers"]]


@pytest.fixture(params=CI_VALUES, ids=lambda path: path.stem)
def manifests(request: pytest.FixtureRequest) -> list[Manifest]:
    """Return what each set of example values renders."""
    return _render("-f", str(request.param))


@pytest.mark.parametrize("version", ["1.29", "1.37"])
@pytest.mark.parametrize("values", CI_VALUES, ids=lambda path: path.stem)
def test_manifests_fit_the_kubernetes_schemas(values: Path, version: str, tmp_path: Path) -> None:
    """Oldest supported and newest Kubernetes accept every object, without an unknown field."""
    rendered = tmp_path / "all.yaml"
    rendered.write_text(_template("-f", str(values)).stdout)
    tool = Path(sys.executable).with_name("kubernetes-validate")

    done = subprocess.run(
        [str(tool), "-k", version, "--strict", str(rendered)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_object_has_labels_and_namespace(manifests: list[Manifest]) -> None:
    """Objects are found by the standard labels and stay in the release's namespace."""
    wanted = {"name", "instance", "component", "version", "part-of", "managed-by"}

    for manifest in manifests:
        metadata = manifest["metadata"]
        assert metadata["namespace"] == "trading"
        assert {f"app.kubernetes.io/{key}" for key in wanted} <= set(metadata["labels"])


def test_every_pod_keeps_the_restricted_profile(manifests: list[Manifest]) -> None:
    """No pod asks for what Kubernetes' restricted profile forbids."""
    for pod in _pods(manifests).values():
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in _containers(pod):
            security = container["securityContext"]
            assert security["allowPrivilegeEscalation"] is False
            assert security["readOnlyRootFilesystem"] is True
            assert security["capabilities"] == {"drop": ["ALL"]}


def test_memory_is_limited_and_cpu_is_not(manifests: list[Manifest]) -> None:
    """Throttling costs latency, so only memory has a limit."""
    for pod in _pods(manifests).values():
        for container in _containers(pod):
            assert set(container["resources"]["limits"]) == {"memory"}
            assert set(container["resources"]["requests"]) == {"cpu", "memory"}


def test_services_run_the_right_command_on_the_right_ports() -> None:
    """Each service is its own module of the one image, at the documented ports."""
    expected = {
        "scanner": ("services.scanner", 50051, 9101),
        "risk": ("services.risk", 50052, 9102),
        "executor": ("services.executor", 50053, 9103),
        "ledger": ("services.ledger", 50054, 9104),
    }

    pods = _pods(_render())
    actual = {}
    for name in SERVICES:
        (container,) = pods[name]["containers"]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        actual[name] = (container["args"][1], ports["grpc"], ports["metrics"])

    assert actual == expected


def test_probes_ask_the_health_service() -> None:
    """Liveness asks whether the process turns, readiness whether the service can work."""
    for name in SERVICES:
        (container,) = _pods(_render())[name]["containers"]
        assert "service" not in container["livenessProbe"]["grpc"]
        assert container["readinessProbe"]["grpc"]["service"].startswith(
            f"polyarb.v1.{name.capitalize()}"
        )


def test_scanner_is_a_stateful_set_and_the_writers_recreate() -> None:
    """Shards have stable names; there is never a second executor or ledger during a rollout."""
    workloads = _of_kind(_render(), "Deployment", "StatefulSet")

    assert workloads["scanner"]["kind"] == "StatefulSet"
    assert workloads["executor"]["spec"]["strategy"] == {"type": "Recreate"}
    assert workloads["ledger"]["spec"]["strategy"] == {"type": "Recreate"}


def test_migrations_run_before_the_ledger() -> None:
    """An init container of the ledger, and of nothing else, migrates the database."""
    pods = _pods(_render())

    commands = {
        name: [container["args"] for container in pod["initContainers"]]
        for name, pod in pods.items()
        if "initContainers" in pod
    }

    assert commands == {"ledger": [["-m", "services.ledger.migrate"]]}


def test_key_is_in_the_executor_alone_and_database_in_the_ledger_alone() -> None:
    """Each Secret is a file in one service, readable by its owner only."""
    mounted = {}
    for name, pod in _pods(_render("--set", LIVE)).items():
        for volume in pod["volumes"]:
            if "secret" in volume:
                mounted[name] = (volume["secret"]["secretName"], volume["secret"]["defaultMode"])

    assert mounted == {"executor": ("wallet", 0o400), "ledger": ("db", 0o400)}


def test_chart_creates_no_secret(manifests: list[Manifest]) -> None:
    """Secrets are the operator's: referred to, never written."""
    assert "Secret" not in {manifest["kind"] for manifest in manifests}


def _connections(manifests: list[Manifest], direction: str) -> set[tuple[str, str]]:
    """Return (caller, callee) pairs that the policies open in `direction`, inside the release."""
    side = {"ingress": "from", "egress": "to"}[direction]
    found = set()
    for component, policy in _of_kind(manifests, "NetworkPolicy").items():
        for rule in policy["spec"][direction] or []:
            for peer in rule.get(side, []):
                labels = peer.get("podSelector", {}).get("matchLabels", {})
                if other := labels.get("app.kubernetes.io/component"):
                    pair = (component, other) if direction == "egress" else (other, component)
                    found.add(pair)
    return found


def test_policies_open_the_call_graph_and_nothing_else() -> None:
    """Both ends of every call are open, and there is no other pair."""
    calls = {
        ("scanner", "simulator"),
        ("risk", "scanner"),
        ("risk", "executor"),
        ("risk", "ledger"),
        ("executor", "simulator"),
        ("executor", "ledger"),
        ("ledger", "postgres"),
    }
    calls |= {("cli", service) for service in SERVICES}

    rendered = _render()

    assert _connections(rendered, "egress") == calls
    assert _connections(rendered, "ingress") == calls


def test_every_pod_has_a_policy(manifests: list[Manifest]) -> None:
    """Nothing runs outside the default deny."""
    policies = _of_kind(manifests, "NetworkPolicy")

    assert set(_pods(manifests)) <= set(policies)
    assert all(p["spec"]["policyTypes"] == ["Ingress", "Egress"] for p in policies.values())


def test_only_scanner_and_executor_reach_the_internet_in_live_mode() -> None:
    """Risk and the ledger talk to nobody outside, save the ledger to its database."""
    outward = {}
    for component, policy in _of_kind(_render("--set", LIVE), "NetworkPolicy").items():
        for rule in policy["spec"]["egress"] or []:
            if not any("podSelector" in p or "namespaceSelector" in p for p in rule.get("to", [])):
                outward[component] = [port["port"] for port in rule["ports"]]

    assert outward == {"scanner": [443], "executor": [443], "ledger": [5432]}


def test_disruption_budget_only_where_there_is_a_second_pod() -> None:
    """A budget on a single pod would block draining its node."""
    budgets = _of_kind(_render("--set", "services.scanner.replicaCount=2"), "PodDisruptionBudget")

    assert set(budgets) == {"scanner"}


def test_changed_settings_roll_only_the_pods_that_read_them() -> None:
    """The pod template carries the digest of its own service's settings."""

    def digests(*arguments: str) -> dict[str, str]:
        workloads = _of_kind(_render(*arguments), "Deployment", "StatefulSet")
        templates = {name: workloads[name]["spec"]["template"]["metadata"] for name in SERVICES}
        return {name: t["annotations"]["checksum/config"] for name, t in templates.items()}

    before = digests()
    after = digests("--set-string", "services.risk.config.TRADING_MAX_DAILY_LOSS=50")

    assert {name for name in SERVICES if before[name] != after[name]} == {"risk"}


def test_risk_knows_every_shard_by_name() -> None:
    """A second scanner is a second address: behind one name risk would watch one shard of two."""
    rendered = _render("--set", "services.scanner.replicaCount=2")

    data = _of_kind(rendered, "ConfigMap")["risk"]["data"]

    assert data["POLYARB_SCANNER_ADDRESS"] == (
        "arb-polyarb-scanner-0.arb-polyarb-scanner:50051,"
        "arb-polyarb-scanner-1.arb-polyarb-scanner:50051"
    )


@pytest.mark.parametrize("service", sorted(SERVICES))
@pytest.mark.parametrize("arguments", [(), ("--set", LIVE)], ids=["paper", "live"])
def test_rendered_environment_is_what_the_service_reads(
    service: str, arguments: tuple[str, ...]
) -> None:
    """Every variable that the chart sets is a setting of that service, so none is set in vain."""
    module = importlib.import_module(f"services.{service}.config")
    (kind,) = (
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Settings)
        and value.__module__ == module.__name__
    )
    known = {str(field.alias) for field in kind.model_fields.values()}

    data = _of_kind(_render(*arguments), "ConfigMap")[service]["data"]

    assert {name.removesuffix("_FILE") for name in data} - known == set()


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        (LIVE.replace("wallet.existingSecret=wallet", "nameOverride=x"), "/wallet/existingSecret"),
        (LIVE.replace("database.existingSecret=db,", ""), "/database/existingSecret"),
        (LIVE.replace("simulator.enabled=false", "simulator.enabled=true"), "/simulator/enabled"),
        (LIVE.replace("postgres.bundled=false", "postgres.bundled=true"), "/postgres/bundled"),
        ("mode=Live", "/mode"),
        ("postgres.bundled=false", "/database/existingSecret"),
        ("replicas=2", "replicas"),
        ("services.scaner.replicaCount=2", "scaner"),
        ("services.scanner.replicas=2", "replicas"),
        ("services.executor.replicaCount=2", "/services/executor/replicaCount"),
        ("services.ledger.replicaCount=2", "/services/ledger/replicaCount"),
        ("config.POLYMARKET_PRIVATE_KEY=0x1", "POLYMARKET_PRIVATE_KEY"),
        ("config.DATABASE_URL=postgresql://x", "DATABASE_URL"),
        ("config.POLYARB_MODE=live", "POLYARB_MODE"),
        ("extraEnv[0].name=POLYMARKET_PRIVATE_KEY,extraEnv[0].value=0x1", "/extraEnv/0/name"),
        ("wallet.privateKey=0x1", "privateKey"),
    ],
)
def test_schema_refuses(settings: str, complaint: str) -> None:
    """A typo, a second writer, a key in plain sight or half a live configuration is refused."""
    done = _template("--set", settings)

    assert done.returncode != 0
    assert "values don't meet the specifications of the schema" in done.stderr
    assert complaint in done.stderr.replace(".", "/")


def test_notes_name_the_mode_in_capitals() -> None:
    """Whoever installs sees at once whether real money moves."""
    arguments = ("install", "arb", str(CHART), "--dry-run=client")

    paper = _helm(*arguments).stdout
    live = _helm(*arguments, "--set", LIVE).stdout

    assert "PAPER mode on the SIMULATED venue" in paper
    assert "LIVE mode on POLYMARKET" in live
    assert "REAL MONEY MOVES" in live
