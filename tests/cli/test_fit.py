"""`interpret fit`: what reaches the pipeline, what is printed, what is kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from interpret.cli.request import Request
from interpret.cli.source import Source
from interpret.keep import folder as runs


def test_only_what_was_given_reaches_the_pipeline(interpret, pipeline):
    outcome = interpret("fit", "--system", "coulomb")

    assert outcome.code == 0
    assert pipeline.source == Source(system="coulomb")
    progress = pipeline.arguments.pop("progress")
    assert callable(progress.update)
    assert pipeline.arguments == {"name": "coulomb", "out": Path("runs/coulomb"), "resume": None}


def test_every_option_reaches_the_pipeline(interpret, pipeline):
    interpret(
        *("fit", "--data", "swing.csv", "--mass", "1,2", "--coordinates", "a,b"),
        *("--velocities", "va,vb", "--features", "r=sqrt(a**2+b**2)", "--library", "1/r, r"),
        *("--threshold", "0.1", "--optimizer", "sr3", "--noise", "0.01", "--recipe", "mlp"),
        *("--seed", "7", "--device", "auto", "--steps", "50", "--out", "mine"),
    )

    assert pipeline.source == Source(
        data="swing.csv", mass="1,2", coordinates="a,b", velocities="va,vb"
    )
    del pipeline.arguments["progress"]
    assert pipeline.arguments == {
        "features": "r=sqrt(a**2+b**2)",
        "library": "1/r, r",
        "threshold": 0.1,
        "optimizer": "sr3",
        "noise": 0.01,
        "recipe": "mlp",
        "seed": 7,
        "device": "auto",
        "steps": 50,
        "name": "swing",
        "out": Path("mine"),
        "resume": None,
    }


def test_the_options_of_points_of_phase_space_reach_the_pipeline(interpret, pipeline):
    interpret(
        *("fit", "--system", "trapped_charges", "--set", "k=1", "--window", "far"),
        *("--samples", "50", "--model", "exact", "--trap", "unknown", "--terms", "2"),
        *("--descent", "adam", "--inputs", "raw"),
    )

    assert pipeline.source == Source(system="trapped_charges", set="k=1")
    expected = {
        "learn": "exact",
        "dataset": "far",
        "samples": 50,
        "trap": "unknown",
        "terms": 2,
        "descent": "adam",
        "inputs": "raw",
    }
    assert expected.items() <= pipeline.arguments.items()


@pytest.mark.parametrize(
    ("given", "source"),
    [
        ("coulomb", Source(system="coulomb")),
        ("./my/pendulum.py", Source(system="./my/pendulum.py")),
        ("measured/swing.csv", Source(data="measured/swing.csv")),
        ("swing.npz", Source(data="swing.npz")),
    ],
)
def test_a_source_is_told_by_its_name(interpret, pipeline, given, source):
    assert interpret("fit", given).code == 0
    assert pipeline.source == source


def test_a_source_is_given_once(interpret, pipeline):
    outcome = interpret("fit", "coulomb", "--system", "oscillator")

    assert outcome.code == 2
    assert outcome.err == ("error: coulomb and --system oscillator are two sources; give one.\n")


def test_prints_the_law_and_where_it_is_kept(interpret, pipeline):
    outcome = interpret("fit", "--system", "coulomb")

    assert outcome.out == "V(r) = -1/(4π r) + c\nkept in runs/coulomb\n"
    assert outcome.err == ""


def test_json_is_one_object_and_nothing_else(interpret, pipeline):
    pipeline.before = lambda out: print("a library that talks")

    outcome = interpret("fit", "--system", "coulomb", "--json")

    # NaN is no JSON: a strict reader must be able to read what we print.
    read = json.loads(outcome.out, parse_constant=pytest.fail)
    assert read == {"system": "coulomb", "chi2_per_n": None, "run": "runs/coulomb"}
    assert outcome.err == "a library that talks\n"


def test_the_request_is_kept_before_the_training_starts(interpret, pipeline):
    seen = {}
    pipeline.before = lambda out: seen.update(runs.read(out / runs.REQUEST))

    interpret("fit", "--system", "coulomb", "--dataset", "exact", "--seed", "3")

    asked = Request.from_json(seen)
    assert asked == Request(Source(system="coulomb"), {"dataset": "exact", "seed": 3})


def test_runs_are_numbered_and_never_overwritten(interpret, pipeline):
    for _ in range(3):
        interpret("fit", "--system", "coulomb")

    assert sorted(path.name for path in Path("runs").iterdir()) == [
        "coulomb",
        "coulomb-2",
        "coulomb-3",
    ]


def test_out_that_holds_a_run_is_refused(interpret, pipeline):
    interpret("fit", "--system", "coulomb", "--out", "mine")
    before = Path("mine", runs.LAW).stat()

    outcome = interpret("fit", "--system", "coulomb", "--out", "mine")

    assert outcome.code == 2
    assert outcome.err == (
        "error: mine already holds a run; choose another folder, or go on with it by "
        "--resume mine.\n"
    )
    assert Path("mine", runs.LAW).stat() == before


def test_the_folder_is_given_back_when_the_fit_fails(interpret, pipeline):
    from systems.errors import InputError

    def fail(out: Path) -> None:
        raise InputError("threshold 0.5 removed all 3 candidates; try 0.05.")

    pipeline.before = fail
    outcome = interpret("fit", "--system", "coulomb")

    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err == "error: threshold 0.5 removed all 3 candidates; try 0.05.\n"
    assert list(Path("runs").iterdir()) == []


class TestResume:
    """`--resume RUN` asks again what the run was asked, from its checkpoint on."""

    @pytest.fixture
    def stopped(self, interpret, pipeline) -> Path:
        """A run that was interrupted after its first checkpoint."""

        def stop(out: Path) -> None:
            (out / runs.CHECKPOINT).write_bytes(b"weights")
            raise KeyboardInterrupt

        pipeline.before = stop
        outcome = interpret("fit", "--system", "coulomb", "--seed", "5", "--noise", "0.01")
        pipeline.before = lambda out: None
        assert outcome.code == 130
        return Path("runs/coulomb")

    def test_asks_the_same_again(self, interpret, pipeline, stopped):
        first = pipeline.arguments | {"progress": None}

        outcome = interpret("fit", "--resume", "coulomb")

        assert outcome.code == 0
        assert pipeline.source == Source(system="coulomb")
        assert pipeline.arguments | {"progress": None} == first | {"resume": stopped}
        assert outcome.out.endswith("kept in runs/coulomb\n")

    def test_may_change_steps_and_device(self, interpret, pipeline, stopped):
        interpret("fit", "--resume", "runs/coulomb", "--steps", "9", "--device", "auto")

        assert pipeline.arguments["steps"] == 9
        assert pipeline.arguments["device"] == "auto"
        assert pipeline.arguments["seed"] == 5

    def test_may_change_nothing_else(self, interpret, stopped):
        outcome = interpret("fit", "--resume", "coulomb", "--seed", "0", "--noise", "0")

        assert outcome.code == 2
        assert outcome.err == (
            "error: runs/coulomb keeps its settings; leave out --noise, --seed.\n"
        )

    def test_a_failing_resume_keeps_the_checkpoint(self, interpret, pipeline, stopped):
        def fail(out: Path) -> None:
            raise OSError(5, "Input/output error", "law.json")

        pipeline.before = fail
        outcome = interpret("fit", "--resume", "coulomb")

        assert outcome.code == 2
        assert (stopped / runs.CHECKPOINT).read_bytes() == b"weights"

    def test_a_finished_run_is_not_resumed(self, interpret, pipeline):
        interpret("fit", "--system", "coulomb")

        outcome = interpret("fit", "--resume", "coulomb")

        assert outcome.code == 2
        assert outcome.err == (
            "error: runs/coulomb is finished; `interpret show runs/coulomb` prints it.\n"
        )

    def test_a_missing_run_gets_its_nearest_name(self, interpret, stopped):
        outcome = interpret("fit", "--resume", "columb")

        assert outcome.code == 2
        assert outcome.err == "error: there is no run 'columb'. Did you mean 'coulomb'?\n"
