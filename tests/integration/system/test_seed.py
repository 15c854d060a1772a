"""The same seed gives the same background order flow, in processes of their own."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from integration.system.rig import Child, free_ports, until


@contextmanager
def venues(folder: Path, *seeds: int) -> Iterator[list[str]]:
    ports = free_ports(len(seeds))
    children = []
    for port, seed in zip(ports, seeds, strict=True):
        options = ["-m", "polyarb.venues.simulated", "--port", str(port), "--seed", str(seed)]
        child = Child(f"venue-{port}", [sys.executable, *options], {}, folder / f"{port}.log")
        children.append(child)
        child.start()
    try:
        yield [f"http://127.0.0.1:{port}/sim/status" for port in ports]
    finally:
        for child in children:
            child.kill()


async def test_one_seed_gives_one_background_flow(tmp_path: Path) -> None:
    """Two venues with seed 7 tell the same hash; the one with seed 8 another."""
    hashes: dict[str, str] = {}
    with venues(tmp_path, 7, 7, 8) as urls:
        async with httpx.AsyncClient(trust_env=False) as http:

            async def all_answer() -> bool:
                for url in urls:
                    hashes[url] = (await http.get(url)).json()["flow_hash"]
                return True

            await until(all_answer, "three venues answer")

    first, same, other = (hashes[url] for url in urls)
    assert first == same
    assert first != other
