"""`interpret luescher zeta|levels|phase` on a physicist's own numbers."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.interpolate import make_interp_spline

from interpret.experiments.levels.levels_in_boxes import LearnedLevels
from interpret.keep import folder as runs
from interpret.laws import kept
from systems.physics.finite_volume import Couplings, phase, phase_shifts
from systems.physics.finite_volume.models import HBARC, PION_MASS
from training.bases.perceptron import Perceptron
from training.learn.levels.inputs import LARGEST, MIDDLE, POINTS, Inputs
from training.learn.levels.level_network import LevelNetwork
from training.learn.levels.structured import KinematicPhase

ENERGIES = np.linspace(277.0, 1000.0, 100)

LEVELS = {
    10: {0: 272.290025, 1: 331.598353, 2: 405.554648, 5: 580.117921, 9: 809.124227},
    14: {0: 274.979587, 1: 310.669873, 2: 350.197167, 5: 457.779553, 9: 612.184908},
}
"""Of model A, from its Hamiltonian, in MeV."""

KAON = 493.677


def shifts(energies: np.ndarray, model: str = "A") -> np.ndarray:
    """δ of the reference system in rad."""
    return phase_shifts(Couplings(model, 600.0, 1.2, 0.8, 0.4, 0.7), energies)[0]


def write(path: str, header: str, *columns) -> str:
    """A CSV file with these columns."""
    rows = [",".join(f"{number:.12g}" for number in row) for row in zip(*columns, strict=True)]
    Path(path).write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def table(folder) -> str:
    return write("a.csv", "E,delta", ENERGIES, np.degrees(shifts(ENERGIES)))


@pytest.fixture
def ask(interpret):
    """The JSON object that a command prints."""

    def call(*arguments: str):
        outcome = interpret("luescher", *arguments, "--json")
        assert (outcome.code, outcome.err) == (0, "")
        return json.loads(outcome.out)

    return call


def levels_of(printed, box: float, predictor: str = "formula") -> dict[int, float]:
    """n to E in one box."""
    return {row["n"]: row[predictor] for row in printed["levels"] if row["box"] == box}


class TestZeta:
    def test_values_of_either_sign(self, ask):
        rows = ask("zeta", "-1", "-0.1", "0.1", "0.5", "20.5")["values"]

        assert [row["q2"] for row in rows] == [-1, -0.1, 0.1, 0.5, 20.5]
        known = [
            -5.557262180838142,
            -0.1380021665838549,
            -4.843207867396134,
            0.3120580474521119,
            8.921765388222036,
        ]
        np.testing.assert_allclose([row["z00"] for row in rows], known, rtol=1e-12)
        for row in rows[2:]:
            tangent = -(np.pi**1.5) * np.sqrt(row["q2"]) / row["z00"]
            assert np.tan(np.radians(row["phi_degrees"])) == pytest.approx(tangent, rel=1e-9)
        assert [row["phi_degrees"] for row in rows[:2]] == [None, None]
        assert rows[4]["phi_degrees"] > 180 * 16  # so many shells lie below 20.5

    def test_negative_numbers_of_every_form_are_no_options(self, interpret):
        outcome = interpret("luescher", "zeta", "-.5", "-1e-3", "-2")

        assert outcome.code == 0
        assert [line.split()[0] for line in outcome.out.splitlines()[1:]] == [
            "-0.5",
            "-0.001",
            "-2",
        ]

    def test_zeros(self, ask, interpret):
        printed = ask("zeta", "--zeros", "10")

        assert printed["values"] == []
        known = [-0.095900719461, 0.472894247260, 1.441591312956, 2.627007611756, 3.536619946962]
        np.testing.assert_allclose(printed["zeros"][:5], known, atol=1e-11)
        assert printed["zeros"][9] == pytest.approx(9.534531427175, abs=1e-11)
        text = interpret("luescher", "zeta", "1", "--zeros", "2").out
        assert text.splitlines() == [
            "q²   Z00(1; q²)   φ (degrees)",
            "1    inf          180.0000000000",
            "zeros of Z00(1; q²) in q²",
            "-0.095900719461",
            "0.472894247260",
        ]


class TestLevels:
    def test_the_formula_has_the_levels_of_the_hamiltonian(self, ask, table):
        printed = ask("levels", "--table", table, "--box", "10,14")

        for box, known in LEVELS.items():
            found = levels_of(printed, box)
            assert list(found) == list(range(10))
            assert found[0] is None
            for n in (1, 2, 5, 9):
                # In 10 fm the formula itself is off by 9e-4 MeV.
                assert found[n] == pytest.approx(known[n], abs=1e-3)

    def test_the_printed_table(self, interpret, table):
        outcome = interpret("luescher", "levels", "--table", table, "--box", "10", "--count", "2")

        assert outcome.out.splitlines() == [
            "levels in MeV of two particles of 138.5 MeV",
            "L (fm)   n   Lüscher's formula",
            "10       0   -",
            "10       1   331.5993",
            "-: no such level from 277 to 1000 MeV, where the table is",
        ]

    @pytest.mark.parametrize(
        ("header", "radians", "options"),
        [
            ("energy,phase", False, ()),
            ("Energy (MeV),Phase shift [deg]", False, ()),
            ("E_MeV,DELTA", True, ("--radians",)),
            ("E,delta_rad", True, ()),
            ("E,δ (rad)", True, ("--radians",)),
            ("e,delta (degrees)", False, ("--degrees",)),
        ],
    )
    def test_headers_and_units(self, ask, folder, header, radians, options):
        delta = shifts(ENERGIES)
        write("t.csv", header, ENERGIES, delta if radians else np.degrees(delta))

        printed = ask("levels", "--table", "t.csv", "--box", "14", *options)

        assert levels_of(printed, 14)[5] == pytest.approx(LEVELS[14][5], abs=1e-4)

    def test_other_columns_comments_and_their_order_do_not_matter(self, ask, folder):
        columns = (np.degrees(shifts(ENERGIES)), np.full(100, 0.3), ENERGIES)
        write("t.csv", "# from a paper\ndelta,error,E", *columns)

        printed = ask("levels", "--table", "t.csv", "--box", "14")

        assert levels_of(printed, 14)[5] == pytest.approx(LEVELS[14][5], abs=1e-4)

    def test_other_masses_are_other_units(self, ask, folder):
        """E/m and mL of the kaons are those of the pions."""
        ratio = KAON / PION_MASS
        write("k.csv", "E,delta", ENERGIES * ratio, np.degrees(shifts(ENERGIES)))
        arguments = ("--box", f"{10 / ratio:.15g}", "--mass", str(KAON))

        printed = ask("levels", "--table", "k.csv", *arguments)

        for n in (1, 2, 5, 9):
            energy = printed["levels"][n]["formula"]
            assert energy == pytest.approx(LEVELS[10][n] * ratio, abs=4e-3)
            back = ask("phase", f"{energy:.12g}", *arguments)["phases"][0]
            pions = ask("phase", f"{energy / ratio:.12g}", "--box", "10")["phases"][0]
            assert back["delta"] == pytest.approx(pions["delta"], abs=1e-7)
            assert back["q2"] == pytest.approx(pions["q2"], abs=1e-9)
            assert back["k_cot_delta"] == pytest.approx(ratio * pions["k_cot_delta"], rel=1e-6)


class TestPhase:
    def test_levels_give_the_phase_shifts_back(self, ask, folder):
        for box, known in LEVELS.items():
            numbers, energies = np.array(list(known)), np.array(list(known.values()))
            write("l.csv", "n,L,E", numbers, np.full(5, box), energies)

            rows = ask("phase", "--table", "l.csv")["phases"]

            assert [row["n"] for row in rows] == [0, 1, 2, 5, 9]
            assert rows[0]["delta"] is None
            assert rows[0]["q2"] < 0
            delta = [row["delta"] for row in rows[1:]]
            wanted = np.degrees(shifts(energies[1:]))
            np.testing.assert_allclose(delta, wanted, atol=3e-3 if box == 10 else 1e-4)
            k = np.sqrt((energies[1:] / 2) ** 2 - PION_MASS**2) / HBARC
            k_cot_delta = k / np.tan(np.radians(wanted))
            found = [row["k_cot_delta"] for row in rows[1:]]
            np.testing.assert_allclose(found, k_cot_delta, atol=1e-4)

    def test_there_and_back_by_files(self, ask, interpret, table):
        asked = ("--table", table, "--box", "9,12.5", "--out", "levels.csv")
        outcome = interpret("luescher", "levels", *asked)
        assert outcome.out.splitlines()[-1] == "written to levels.csv"

        printed = ask("phase", "--table", "levels.csv", "--radians", "--out", "phases.csv")

        rows = printed["phases"]
        assert [(row["box"], row["n"]) for row in rows] == [
            (box, n) for box in (9, 12.5) for n in range(1, 10)
        ]
        energies = np.array([row["E"] for row in rows])
        delta = np.array([row["delta"] for row in rows])
        wanted = shifts(np.sort(energies))[energies.argsort().argsort()]
        np.testing.assert_allclose(delta, wanted, atol=1e-5)
        written = list(csv.DictReader(io.StringIO(Path("phases.csv").read_text())))
        assert list(written[0]) == ["box", "n", "E", "q2", "k_cot_delta", "delta_rad"]
        np.testing.assert_allclose([float(row["delta_rad"]) for row in written], delta)

    def test_numbers_by_order_within_each_box(self, ask, folder):
        write("l.csv", "box,E", [10, 14, 10, 14], [272.29, 274.98, 331.6, 310.67])

        rows = ask("phase", "--table", "l.csv")["phases"]

        assert [row["n"] for row in rows] == [0, 0, 1, 1]

    def test_energies_on_the_command_line(self, interpret):
        outcome = interpret("luescher", "phase", "--box", "10", "272.290025", "331.598353")

        assert outcome.out.splitlines() == [
            "phase shifts δ = nπ - φ(q) of two particles of 138.5 MeV",
            "L (fm)   n   E (MeV)      q²          k cot δ (1/fm)   δ (degrees)",
            "10       0   272.290025   -0.042075   0.451110         -",
            "10       1   331.598353   0.540403    0.091743         78.765788",
            "δ is real above threshold alone; k cot δ goes on below",
        ]

    def test_a_repulsive_ground_state(self, ask):
        row = ask("phase", "--box", "10", "280")["phases"][0]

        assert row["n"] == 0
        q = np.sqrt(row["q2"])
        assert row["delta"] == pytest.approx(-np.degrees(phase(q)), abs=1e-9)
        assert row["delta"] < 0


SEEN = 40
"""The network of the fake run passes on δ at this point of its grid of q."""


LEVELS_RUN = {"experiment": "levels", "source": "luescher", "options": {}}


def fake_run(folder: str) -> None:
    """A run whose network says q² = δ at one q for n = 0, 1, and whose curve is φ + 0.05."""
    layer = torch.zeros(POINTS, 2, dtype=torch.float64)
    layer[SEEN] = 1.0
    bias = torch.full((2,), MIDDLE, dtype=torch.float64)
    perceptron = Perceptron((layer,), (bias,), "softplus")
    network = LevelNetwork(Inputs(ENERGIES), perceptron, np.zeros(2), np.ones(2))
    q = np.linspace(0.2, 3.5, 3000)
    curve = make_interp_spline(q, phase(q) + 0.05, 3)
    stream = io.BytesIO()
    torch.save(LearnedLevels(network, KinematicPhase(curve, 0.0)).state(), stream)
    Path("runs").mkdir(exist_ok=True)
    runs.save(
        Path(folder),
        {
            runs.SETTINGS: LEVELS_RUN,
            runs.WEIGHTS: stream.getvalue(),
            runs.LAW: kept.to_json(()),
        },
    )


def expected_by_fake(box: float, table_ends: float = 1000.0) -> float:
    """2√(m² + (2πħc/L)² q²) with q² = δ at the point of the grid that its network sees."""
    k = 2 * np.pi * LARGEST * SEEN / (POINTS - 1) / box
    energy = min(2 * np.hypot(k * HBARC, PION_MASS), table_ends)
    q2 = shifts(np.array([energy]))[0]
    return 2 * np.sqrt(PION_MASS**2 + (2 * np.pi * HBARC / box) ** 2 * q2)


class TestRun:
    def test_its_network_and_its_curve(self, ask, table):
        fake_run("runs/mine")

        printed = ask("levels", "--table", table, "--box", "10,12", "--count", "3", "--run", "mine")

        for box in (10, 12):
            network = levels_of(printed, box, "network")
            assert network[0] == pytest.approx(expected_by_fake(box), abs=1e-4)
            assert network[2] is None  # it has two levels alone
        # φ + 0.05 with δ is φ with δ + 0.05.
        write("up.csv", "E,delta", ENERGIES, np.degrees(shifts(ENERGIES) + 0.05))
        shifted = levels_of(ask("levels", "--table", "up.csv", "--box", "12"), 12)
        curve = levels_of(printed, 12, "structured")
        assert curve[0] is None
        assert [curve[1], curve[2]] == pytest.approx([shifted[1], shifted[2]], abs=1e-3)
        assert len(printed["notes"]) == 1

    def test_of_other_masses(self, ask, folder):
        fake_run("runs/mine")
        ratio = KAON / PION_MASS
        write("k.csv", "E,delta", ENERGIES * ratio, np.degrees(shifts(ENERGIES)))
        box = f"{12 / ratio:.15g}"

        asked = ("--table", "k.csv", "--box", box, "--mass", str(KAON), "--run", "mine")
        printed = ask("levels", *asked)

        energy = printed["levels"][0]["network"]
        assert energy == pytest.approx(ratio * expected_by_fake(12), abs=1e-3)
        assert len(printed["notes"]) == 1

    def test_what_the_table_does_not_cover_is_said_and_left_out(self, ask, folder):
        fake_run("runs/mine")
        energies = np.linspace(285.0, 400.0, 60)
        write("part.csv", "E,delta", energies, np.degrees(shifts(energies)))

        asked = ("--table", "part.csv", "--box", "10,14,15", "--run", "mine")
        printed = ask("levels", *asked)

        # In 10 fm its level is beyond the table; in 14 fm it sees δ where the table has ended.
        assert expected_by_fake(10, 400.0) > 400
        assert levels_of(printed, 10, "network")[0] is None
        wanted = expected_by_fake(14, 400.0)
        assert wanted == pytest.approx(levels_of(printed, 14, "network")[0], abs=1e-4)
        begins, ends, box = printed["notes"][1:]
        assert begins.startswith("the table begins at 285 MeV")
        assert ends.startswith("the table ends at 400 MeV")
        assert box.endswith("boxes of 9 to 14 fm: in 15 fm it extrapolates")

    def test_levels_below_a_table_that_begins_late_are_left_out(self, ask, folder):
        fake_run("runs/mine")
        energies = np.linspace(450.0, 1000.0, 60)
        write("late.csv", "E,delta", energies, np.degrees(shifts(energies)))

        printed = ask("levels", "--table", "late.csv", "--box", "14", "--run", "mine")

        assert expected_by_fake(14) < 450
        assert levels_of(printed, 14, "network")[0] is None

    def test_a_table_with_nothing_in_common_is_refused(self, interpret, folder):
        fake_run("runs/mine")
        write("high.csv", "E,delta", [1100, 1200, 1300, 1400], [1, 2, 3, 4])

        asked = ("--table", "high.csv", "--box", "9", "--run", "mine")
        outcome = interpret("luescher", "levels", *asked)

        assert outcome.code == 2
        assert "from 277 to 1000 MeV, but the table has those from 1100 to 1400" in outcome.err

    def test_a_csv_with_all_of_it(self, interpret, table):
        fake_run("runs/mine")
        asked = ("--table", table, "--box", "12", "--count", "3", "--run", "mine")
        interpret("luescher", "levels", *asked, "--out", "all.csv")

        lines = Path("all.csv").read_text().splitlines()
        assert lines[0] == "box,n,E,E_structured,E_network"
        assert lines[1].startswith("12,0,,,")
        # The level that the formula does not have is passed over.
        outcome = interpret("luescher", "phase", "--table", "all.csv")
        assert [line.split()[1] for line in outcome.out.splitlines()[2:]] == ["1", "2"]

    @pytest.mark.slow
    def test_a_trained_network_knows_an_unseen_model(self, interpret, ask, folder):
        fitted = ("--system", "luescher", "--samples", "400", "--steps", "3000", "--quiet")
        assert interpret("fit", *fitted).code == 0
        write("b.csv", "E,delta", ENERGIES, np.degrees(shifts(ENERGIES, "B")))

        printed = ask("levels", "--table", "b.csv", "--box", "12", "--run", "luescher")

        network = levels_of(printed, 12, "network")
        known = {0: 275.682920, 1: 336.424532, 2: 390.308446, 5: 524.807180, 9: 689.693440}
        for n, energy in known.items():
            assert network[n] == pytest.approx(energy, abs=1.5)


GOOD = "E,delta\n277,0\n300,10\n320,20\n340,30\n"


@pytest.mark.parametrize(
    ("contents", "part"),
    [
        ("", "t.csv is empty"),
        ("E,delta\n", "has a header but no points"),
        ("277,0\n300,10\n", "a header with the names of the columns must come first"),
        ("x,delta\n277,0\n", "needs a header with the columns E and delta, but has x, delta"),
        ("E;delta\n277;0\n", "has 1 energies, too few for a spline"),
        ("E,energy,delta\n277,277,0\n", "has the columns 'E' and 'energy' for E"),
        ("E (GeV),delta\n0.277,0\n", "has E in 'E (GeV)'; energies are in MeV"),
        ("E,delta\n277,0,1\n", "line 2: 3 fields where the header has 2"),
        (GOOD.replace("300,10", "300,ten"), "t.csv, line 3: delta is 'ten'"),
        (GOOD.replace("300,10", "300,nan"), "t.csv, line 3: delta is 'nan'"),
        (GOOD.replace("300,10", "300,"), "t.csv, line 3: delta is ''"),
        (GOOD.replace("320", "300"), "t.csv, line 4: the energy 300 MeV comes after 300"),
        (GOOD.replace("320", "290"), "t.csv, line 4: the energy 290 MeV comes after 300"),
        (GOOD.replace("277", "270"), "t.csv, line 2: 270 MeV is below the threshold"),
        (GOOD.replace("320,20", "320,-160"), "t.csv, line 4: δ jumps by -170°"),
        (GOOD.replace("340,30\n", ""), "has 3 energies, too few for a spline"),
        (GOOD.replace("delta", "delta_rad"), "leave out --degrees"),
    ],
)
def test_tables_that_cannot_be_used(interpret, folder, contents, part):
    Path("t.csv").write_text(contents)

    outcome = interpret("luescher", "levels", "--table", "t.csv", "--box", "10", "--degrees")

    assert (outcome.code, outcome.out) == (2, "")
    assert part in outcome.err
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize(
    ("contents", "part"),
    [
        ("n,E\n1,300\n", "has no column box (or L)"),
        ("box,n\n10,1\n", "needs a header with the columns box, E and, if you like, n"),
        ("box,E\n10,320\n10,300\n", "line 3: the levels of the box of 10 fm must increase"),
        ("box,E\n-10,320\n", "line 2: the size of a box is a positive number of fm, not -10"),
        ("box,E\n10,\n10,300\n", "line 2: E is ''"),
        ("box,E\n10,-3\n", "line 2: the energy -3 is not positive"),
        ("box,n,E\n10,0.5,300\n", "line 2: levels are numbered 0, 1, 2, …, not 0.5"),
        ("box,n,E\n10,0,\n", "leaves every E empty"),
        ("box,n,E\n10,0,nan\n", "line 2: E is 'nan'"),
        ("box,E\n10,1e9\n", "lies between 0 and 100"),
    ],
)
def test_levels_that_cannot_be_used(interpret, folder, contents, part):
    Path("t.csv").write_text(contents)

    outcome = interpret("luescher", "phase", "--table", "t.csv")

    assert (outcome.code, outcome.out) == (2, "")
    assert part in outcome.err
    assert outcome.err.count("\n") == 1


TABLE = ("levels", "--table", "a.csv")


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("zeta",), "say some q²"),
        (("zeta", "one"), "'one' is not a number"),
        (("zeta", "nan"), "'nan' is not a finite number"),
        (("zeta", "2e4"), "served for q² from -10000 to 10000"),
        (("zeta", "--zeroes", "4"), "there is no option '--zeroes'. Did you mean '--zeros'?"),
        (("zeta", "--zeros", "-4"), "--zeros"),
        (("levels", "--box", "10"), "--table"),
        (TABLE, "--box"),
        (("levels", "--table", "b.csv", "--box", "10"), "there is no file 'b.csv'"),
        ((*TABLE, "--box", "-10"), "a positive number of fm, not -10"),
        ((*TABLE, "--box", "10;12"), "'10;12' is not a number"),
        ((*TABLE, "--box", "1e4"), "lies between 0 and 100"),
        ((*TABLE, "--box", "10", "--mass", "0"), "a mass is a positive number of MeV"),
        ((*TABLE, "--box", "10", "--mass", "139"), "below the threshold of the two particles, 278"),
        ((*TABLE, "--box", "10", "--count", "0"), "--count"),
        ((*TABLE, "--box", "10", "--out", "a.csv"), "is the table itself"),
        ((*TABLE, "--box", "10", "--out", "none/a.csv"), "cannot use none/a.csv"),
        ((*TABLE, "--box", "10", "--run", "mine"), "there is no run 'mine'"),
        ((*TABLE, "--box", "10", "--run", "luesher"), "Did you mean 'luescher'?"),
        ((*TABLE, "--box", "10", "--run", "coulomb"), "runs/coulomb is a run of coulomb"),
        ((*TABLE, "--box", "10", "--run", "damaged"), "damaged/weights.pt is damaged"),
        ((*TABLE, "--box", "10", "--run", "lost"), "runs/lost has lost its weights.pt"),
        ((*TABLE, "--box", "10", "--run", "unfinished"), "has no law yet"),
        (("phase",), "give the energies of one --box, or a --table"),
        (("phase", "--box", "10"), "give the energies of one --box, or a --table"),
        (("phase", "300", "--table", "l.csv"), "one of them"),
        (("phase", "300"), "say the size of the box"),
        (("phase", "--box", "0", "300"), "a positive number of fm, not 0"),
        (("phase", "--box", "10", "340", "300"), "must increase from n = 0 on"),
        (("phase", "--box", "10", "-300"), "a positive number of MeV"),
        (("phase", "--bx", "10", "300"), "there is no option '--bx'. Did you mean '--box'?"),
        (("phase", "--table", "l.csv", "--box", "10"), "leave out --box"),
        (("zetta",), "Did you mean 'zeta'?"),
    ],
)
def test_bad_input_gets_one_line_and_exit_code_2(interpret, table, arguments, part):
    write("l.csv", "box,n,E", [10], [1], [331.6])
    fake_run("runs/luescher")
    law = {"kind": "luescher", "system": "luescher"}
    coulomb = {"experiment": "motion", "source": "coulomb", "options": {}}
    runs.save(Path("runs/coulomb"), {runs.SETTINGS: coulomb, runs.LAW: {"system": "coulomb"}})
    levels = {runs.SETTINGS: LEVELS_RUN, runs.LAW: law}
    runs.save(Path("runs/damaged"), {**levels, runs.WEIGHTS: b"not weights"})
    runs.save(Path("runs/lost"), levels)
    runs.save(Path("runs/unfinished"), {runs.SETTINGS: {}})

    outcome = interpret("luescher", *arguments)

    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("error: ")
    assert part in outcome.err
    assert outcome.err.count("\n") == 1


def test_a_damaged_curve_is_told(interpret, table):
    fake_run("runs/mine")
    torch.save({"knots": torch.zeros(3)}, "runs/mine/weights.pt")

    outcome = interpret("luescher", "levels", "--table", table, "--box", "10", "--run", "mine")

    assert outcome.code == 2
    assert "runs/mine/weights.pt lacks 'coefficients'" in outcome.err


def test_alone_it_shows_its_help(interpret):
    outcome = interpret("luescher")

    assert outcome.code == 0
    for name in ("zeta", "levels", "phase"):
        assert name in outcome.out
