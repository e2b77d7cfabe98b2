"""Two processes that train as one come to what one comes to."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import systems
from training import processes
from training.features import Features
from training.learn.motion import train
from training.rows import trajectories as rows
from training.settings import Settings


def trained():
    """Slopes of potentials at some points, trained so that every sum over processes counts."""
    system = systems.get("double_well")
    data = system.draw("T2")[:4]
    few = {"width": 6, "seed": 1}
    by_projection = train(system, data, Settings(**few, iterations=8))
    longer = train(system, data, Settings(recipe="mlp", seed=0, iterations=3))
    descended = train(system, data, Settings(recipe="paper", iterations=20))
    q = data[0].q[::100]
    return {
        "projection": by_projection.gradient(q).ravel().tolist(),
        "history": list(by_projection.history),
        "mlp": longer.gradient(q).ravel().tolist(),
        "descent": descended.gradient(q).ravel().tolist(),
    }


def together(root, script, count=2):
    """What each of so many processes has printed, as JSON."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    around = os.environ | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    around |= {"WORLD_SIZE": str(count), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(root)}
    started = [
        subprocess.Popen(
            [sys.executable, script],
            env=around | {"RANK": str(k), "LOCAL_RANK": str(k)},
            cwd=root,
            stdout=subprocess.PIPE,
            text=True,
        )
        for k in range(count)
    ]
    answers = [process.communicate()[0] for process in started]
    assert [process.returncode for process in started] == [0] * count
    return list(map(json.loads, answers))


@pytest.mark.slow
def test_two_processes_train_to_what_one_does(root, tmp_path):
    script = tmp_path / "two.py"
    script.write_text(
        "import json\n"
        "from training.processes import count, joined\n"
        "from tests.training.test_processes import trained\n"
        "with joined():\n"
        "    assert count() == 2\n"
        "    found = trained()\n"
        "print(json.dumps(found))\n"
    )
    first, second = together(root, script)
    assert first == second  # to the last bit: they take the same steps
    alone = trained()
    assert len(alone["history"]) == 8
    for name in ("projection", "mlp"):
        scale = max(map(abs, alone[name]))
        np.testing.assert_allclose(first[name], alone[name], rtol=0, atol=1e-9 * scale)
    # In single precision sums of other parts are off by some 1e-7.
    np.testing.assert_allclose(first["descent"], alone["descent"], rtol=1e-4)


@pytest.mark.parametrize("parts", [1, 2, 3, 7])
def test_shares_are_all_the_rows_as_they_were(parts):
    system = systems.get("double_well")
    data = system.draw("T2")[:5]
    chosen = [np.arange(len(item)) for item in data]
    features = Features.identity(data.coordinates)
    for family in (rows.energy(data, features, chosen), rows.forward(data, features, chosen)):
        shares = [family.share(number, parts).truth for number in range(parts)]
        torch.testing.assert_close(torch.cat(shares), family.truth)


def test_q_of_two_processes_is_that_of_all_rows(monkeypatch):
    generator = torch.Generator().manual_seed(0)
    blocks = [torch.randn(n, 4, generator=generator, dtype=torch.float64) for n in (9, 3)]
    uppers = [torch.linalg.qr(block).R for block in blocks]
    filled = torch.cat([torch.cat([u, u.new_zeros(4 - len(u), 4)]) for u in uppers])
    monkeypatch.setattr(processes, "count", lambda: 2)
    monkeypatch.setattr(processes, "pooled", lambda block: filled)
    parts = []
    for number, block in enumerate(blocks):
        monkeypatch.setattr(processes, "number", lambda number=number: number)
        parts.append(processes.span(block))
    q = torch.cat(parts)
    torch.testing.assert_close(q.T @ q, torch.eye(4, dtype=torch.float64))
    a = torch.cat(blocks)
    torch.testing.assert_close(q @ (q.T @ a), a)


@pytest.mark.slow
def test_torchrun_prints_one_law(root, tmp_path):
    command = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "-m", "interpret"]
    fit = ["fit", "oscillator", "--quiet", "--json", "--out", str(tmp_path / "run")]
    around = os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    found = subprocess.run(
        [sys.executable, *command, *fit],
        env=around,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        check=True,
    )
    law = json.loads(found.stdout)
    assert law["verdict"] == "identified"
    assert Path(law["run"]) == tmp_path / "run"
    assert sorted(item.name for item in tmp_path.iterdir()) == ["run"]
