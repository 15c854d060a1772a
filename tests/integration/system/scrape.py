"""What the services tell Prometheus."""

import urllib.request

from prometheus_client.parser import text_string_to_metric_families

from integration.system.rig import Rig


def metrics(rig: Rig, name: str) -> dict[str, float]:
    """Return a service's samples; labels, sorted by name, follow the name as {value,value}."""
    url = f"http://127.0.0.1:{rig.metrics_ports[name]}/metrics"
    with urllib.request.urlopen(url, timeout=5) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    return {
        sample.name + ("{" + ",".join(v for _, v in sorted(sample.labels.items())) + "}"
                       if sample.labels else ""): sample.value
        for family in families
        for sample in family.samples
    }  # fmt: skip
