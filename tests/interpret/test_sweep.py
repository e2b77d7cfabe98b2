"""Sweeps: what a plan asks for, what is kept of it when processes die, and the figures."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from interpret import cli
from interpret.sweeps import plan, trial
from interpret.sweeps.outcomes import finished, go_on, kept
from interpret.sweeps.plan import Trial
from interpret.sweeps.sweep import TRIALS, sweep
from interpret.sweeps.table import Table
from interpret.sweeps.workers import Answer, Crew
from systems import Trajectories
from systems.errors import InputError
from tests.interpret import errands


def nobody(*_):
    """Whom nothing is told."""


def planned(folder, text):
    path = folder / "sweep.toml"
    path.write_text(text)
    return plan.read(path)


# Plans


def test_every_combination_is_one_trial_and_seeds_come_last(folder):
    trials = planned(
        folder,
        'systems = ["oscillator", "double_well"]\nseeds = 2\nnoise = [0.0, 0.01]\n'
        '[options]\nlearn = ["potential", "forces"]\n',
    )
    assert len(trials) == 2 * 2 * 2 * 2
    assert [item.options["seed"] for item in trials] == [0] * 8 + [1] * 8
    first = {"learn": "potential", "noise": 0.0, "seed": 0}
    assert trials[0] == Trial("oscillator", first)
    assert len({item.name("1") for item in trials}) == len(trials)
    assert len({item.case for item in trials}) == 8


def test_tables_are_swept_one_after_the_other_and_none_twice(folder):
    one = '[[sweep]]\nsystems = ["oscillator"]\nbootstraps = 3\n'
    other = '[[sweep]]\nsystems = ["double_well"]\n[sweep.options]\ndataset = "T2"\n'
    trials = planned(folder, one + other + one)
    assert [item.draw for item in trials] == [0, 1, 2, None]
    assert trials[0].case == "oscillator, bootstraps"
    assert trials[3] == Trial("double_well", {"dataset": "T2"})


def test_a_file_lies_beside_the_plan_and_its_content_is_what_counts(folder):
    (folder / "fall.csv").write_text("t,x,v\n0,0,0\n1,-5,-10\n2,-20,-20\n3,-45,-30\n")
    (fall,) = planned(folder, 'systems = ["fall.csv"]')
    assert fall.source == str(folder / "fall.csv")
    before = fall.name("1")
    (folder / "fall.csv").write_text("t,x,v\n0,0,0\n1,-5,-10\n2,-20,-20\n3,-45,-31\n")
    assert fall.name("1") != before
    assert fall.name("1") != fall.name("2")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names what to fit"),
        ('systems = ["osc"]', "'osc'"),
        ('systems = ["oscillator"]\nsed = 3', "Did you mean 'seeds'"),
        ('systems = ["oscillator"]\nseeds = true', "seeds is how many"),
        ('systems = ["oscillator"]\n[options]\nseed = 3', "beside its options"),
        ('systems = ["oscillator"]\n[options]\norders = 2', "an option of born"),
        ('systems = ["oscillator"]\n[options]\nlearn = ["potential", "neurl"]', "'neurl'"),
        ('seeds = 2\n[[sweep]]\nsystems = ["oscillator"]', "tables alone"),
        ("systems = [", "is no TOML"),
    ],
)
def test_what_no_fit_could_be_asked_for_is_refused_before_anything_is_fitted(folder, text, said):
    with pytest.raises(InputError, match=said):
        planned(folder, text)


# Trials


def test_a_trial_is_kept_with_its_terms_beside_the_truth():
    found = trial.run(Trial("oscillator", {"seed": 1}))
    assert found["verdict"] == "identified"
    assert found["compared"] == "IDENTICAL"
    (term,) = found["terms"]
    assert (term["term"], term["recognised"]) == ("q**2", "1/2")
    assert json.loads(json.dumps(found)) == found


def test_what_cannot_be_fitted_is_refused_with_the_sentence():
    found = trial.run(Trial("oscillator", {"dataset": "squares"}))
    assert found["verdict"] == "refused"
    assert "no data set 'squares'" in found["why"]


def test_bootstraps_draw_whole_trajectories_with_replacement():
    t = np.linspace(0, 1, 4)
    q = np.arange(20.0)[:, None, None] + np.zeros((20, 4, 1))
    data = Trajectories.from_arrays(["q"], [1.0], t, q, q)
    drawn = [float(item.q[0, 0]) for item in trial.resampled(data, 0)]
    assert drawn == [float(item.q[0, 0]) for item in trial.resampled(data, 0)]
    assert drawn != [float(item.q[0, 0]) for item in trial.resampled(data, 1)]
    # Of 20, about 1 - 1/e = 63 % are drawn at least once.
    assert 8 <= len(set(drawn)) < 18
    with pytest.raises(InputError, match="there are 4; at least 5"):
        trial.resampled(data[:4], 0)


# Processes


def test_a_killed_process_loses_nothing(folder):
    pytest.importorskip("distributed")
    flag = str(folder / "flag")
    tasks = {"one": "", "killed": flag, "two": "", "three": ""}
    told = []
    go_on(Crew(2), errands.mortal, tasks, folder / "kept", lambda name, _: told.append(name))
    assert sorted(told) == sorted(tasks)
    assert Path(flag).exists()
    answers = [kept(folder / "kept", name) for name in tasks]
    threads = os.environ.get("OMP_NUM_THREADS", "1")  # one, where nobody says
    each = {"verdict": "identified", "threads": threads}
    assert [answer.result for answer in answers] == 4 * [each]
    # What is done is not done again: nobody is told anything.
    go_on(Crew(2), errands.mortal, tasks, folder / "kept", lambda name, _: told.append(name))
    assert len(told) == len(tasks)


def test_as_many_processes_work_as_are_asked_for(folder):
    pytest.importorskip("distributed")
    tasks = {str(number): 0.2 for number in range(4)}
    go_on(Crew(1), errands.signed, tasks, folder / "kept", lambda *_: None)
    assert len({kept(folder / "kept", name).result["process"] for name in tasks}) == 1


def test_the_processes_of_a_scheduler_do_the_work(folder):
    distributed = pytest.importorskip("distributed")
    tasks = {str(number): 0.0 for number in range(3)}
    alone = {"n_workers": 1, "threads_per_worker": 1, "dashboard_address": ":0"}
    with (
        distributed.LocalCluster(**alone, silence_logs="CRITICAL") as elsewhere,
        distributed.Client(elsewhere) as client,
    ):
        (process,) = client.run(os.getpid).values()
        crew = Crew(address=elsewhere.scheduler_address)
        go_on(crew, errands.signed, tasks, folder / "kept", lambda *_: None)
        # It is there for others, and stays when we have gone.
        assert list(client.run(os.getpid).values()) == [process]
    assert {kept(folder / "kept", name).result["process"] for name in tasks} == {process}


def test_the_number_of_processes_is_the_schedulers(folder, capfd):
    path = folder / "sweep.toml"
    path.write_text('systems = ["oscillator"]\n')
    assert cli.main(["sweep", str(path), "--address", "tcp://127.0.0.1:1", "--workers", "2"]) == 2
    assert "the scheduler at tcp://127.0.0.1:1 has its own processes" in capfd.readouterr().err


def test_what_failed_or_was_cut_short_is_tried_again(folder):
    (folder / "cut.json").write_text('{"result": {"verd')
    (folder / "failed.json").write_text('{"result": null, "failure": "Died", "seconds": 1.0}')
    (folder / "done.json").write_text('{"result": {}, "failure": "", "seconds": 1.0}')
    assert [finished(folder, name) for name in ("cut", "failed", "done", "none")] == [
        *(False, False, True, False)
    ]


@pytest.mark.slow
def test_a_sweep_that_was_killed_goes_on(folder, root):
    pytest.importorskip("distributed")
    (folder / "many.toml").write_text('systems = ["oscillator"]\nseeds = 6\n')
    command = [sys.executable, "-m", "interpret", "sweep", "many.toml", "--workers", "2"]
    around = os.environ | {"PYTHONPATH": os.pathsep.join([str(root), *sys.path])}
    process = subprocess.Popen(command, env=around, stdout=subprocess.DEVNULL)
    place = folder / "runs" / "many" / TRIALS
    while len(list(place.glob("*.json"))) < 2:
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = {file: file.stat().st_mtime_ns for file in place.glob("*.json")}
    assert 2 <= len(before) < 6

    found = subprocess.run([*command, "--json"], env=around, stdout=subprocess.PIPE, check=True)
    (row,) = json.loads(found.stdout)["cases"]
    assert (row["trials"], row["failed"], row["identified"], row["right"]) == (6, 0, 1.0, 1.0)
    assert all(file.stat().st_mtime_ns == then for file, then in before.items())


# Figures


def law(value, sigma, truth="1/2", compared="EQUAL WITHIN ERROR"):
    beside = {"term": "q**2", "part": "potential", "recovered": value, "stderr": sigma,
              "truth": truth, "relative_error": abs(value - 0.5) / 0.5}  # fmt: skip
    term = {"term": "q**2", "part": "potential", "coefficient": value, "stderr": sigma}
    return Answer({"verdict": "identified", "terms": [term], "beside": [beside],
                   "compared": compared}, seconds=2.0)  # fmt: skip


def test_error_bars_that_hold_have_the_shares_of_a_normal_law():
    rng = np.random.default_rng(0)
    answers = [law(0.5 + 0.01 * z, 0.01) for z in rng.standard_normal(1000)]
    trials = [Trial("oscillator", {"seed": k}) for k in range(1000)]
    table = Table.of(list(zip(trials, answers, strict=True)))
    ((case, (row,)),) = table.terms().items()
    assert case == "oscillator"
    # Within three binomial σ of what is expected.
    assert abs(row["within 1 σ"] - 0.683) < 0.045
    assert abs(row["within 1.96 σ"] - 0.95) < 0.021
    assert abs(row["scatter / σ"] - 1) < 0.07
    assert row["found"] == 1.0


def test_wrong_laws_failures_and_refusals_are_counted_and_told():
    refused = Answer({"verdict": "refused", "why": "too few points."})
    answers = [law(0.5, 0.01), law(0.9, 0.01, compared="DIFFERENT"), Answer(None, "Died"), refused]
    trials = [Trial("oscillator", {"seed": k}) for k in range(4)]
    table = Table.of(list(zip(trials, answers, strict=True)))
    (row,) = table.rows()
    assert row == {
        "case": "oscillator", "trials": 4, "failed": 1, "refused": 1, "identified": 0.5,
        "right": 0.5, "wrong, identified": 1, "worst error": pytest.approx(0.4), "s a fit": 2.0,
    }  # fmt: skip
    assert "oscillator: 1 × too few points." in str(table)
    assert "oscillator: 1 × Died" in str(table)


def test_a_finished_sweep_is_read_from_its_folder(folder, monkeypatch):
    monkeypatch.setattr("interpret.sweeps.workers._client", None)  # nobody is asked to work
    trials = [Trial("oscillator", {"seed": k}) for k in range(3)]
    place = folder / "run" / TRIALS
    place.mkdir(parents=True)
    from interpret.keep.provenance import DISTRIBUTION, version

    for item in trials:
        content = json.dumps(vars(law(0.5, 0.01)))
        (place / f"{item.name(version(DISTRIBUTION))}.json").write_text(content)
    told = []
    table = sweep(trials, folder / "run", Crew(2), lambda *progress: told.append(progress))
    assert told == [(3, 3)]
    assert table.rows()[0]["trials"] == 3
    assert (folder / "run" / "table.txt").read_text() == f"{table}\n"
