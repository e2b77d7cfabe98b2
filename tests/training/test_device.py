"""Which device: what there is, or one sentence."""

from __future__ import annotations

import pytest
import torch

from systems.errors import InputError
from training.device import choose


@pytest.fixture(params=[False, True])
def cuda(request, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: request.param)
    return request.param


def test_cpu_is_always_there(cuda):
    assert choose("cpu") == torch.device("cpu")


def test_auto_takes_what_there_is(cuda):
    assert choose("auto").type == ("cuda" if cuda else "cpu")
    assert choose("auto", gains=False).type == "cpu"


def test_cuda_is_given_or_refused_but_never_replaced(cuda):
    if cuda:
        assert choose("cuda").type == "cuda"
        return
    with pytest.raises(InputError, match=r"no CUDA device.*--device cpu or --device auto"):
        choose("cuda")


@pytest.mark.parametrize(("name", "meant"), [("gpu", "cpu"), ("cud", "cuda"), ("CPU", "")])
def test_another_name_is_refused(name, meant):
    with pytest.raises(InputError, match=f"no device '{name}'.*{meant}"):
        choose(name)
