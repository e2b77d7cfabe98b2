"""Any user's file gets in: dialects, roles, cuts, formats; what was understood is said."""

import codecs
import gzip
import unicodedata

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from systems import InputError, PhaseSamples, read
from systems.expressions import parse, symbol, text
from systems.files import csv_file
from systems.files.readers import understand
from systems.files.text_table import TextColumns

T = np.arange(40) * 0.25
X, V = np.sin(T), np.cos(T)


def written(columns, separator=",", point=".", end="\n", header=True):
    """A table as text, all digits kept."""
    rows = [list(columns)] if header else []
    rows += [
        [repr(float(c)).replace(".", point) for c in row]
        for row in zip(*columns.values(), strict=True)
    ]
    return "".join(separator.join(row) + end for row in rows)


def kept(tmp_path, content, name="data.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


numbers = st.floats(-1e9, 1e9).map(lambda x: x + 0.0)
tables = st.lists(st.tuples(numbers, numbers), min_size=3, max_size=12)


@st.composite
def dialects(draw):
    separator = draw(st.sampled_from([",", ";", "\t", " ", "   "]))
    point = draw(st.sampled_from(".,")) if separator != "," else "."
    above = draw(st.sampled_from(["", "# by hand\n", "A swing, 3 May\n\n", "% one; two\n"]))
    units = draw(st.booleans()) and separator.strip() != ""
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"]))
    return separator, point, above, units, end, encoding, draw(st.booleans())


@settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tables, dialects())
def test_a_table_is_read_back_the_same_in_any_dialect(tmp_path, table, dialect):
    separator, point, above, units, end, encoding, packed = dialect
    rows = [(k / 2, x, v) for k, (x, v) in enumerate(table)]
    lines = [separator.join(["t", "x", "v_x"])]
    lines += [separator.join(["[s]", "[m]", "[m/s]"])] * units
    lines += [separator.join(repr(c).replace(".", point) for c in row) for row in rows]
    content = (above + "\n".join(lines) + "\n").replace("\n", end).encode(encoding)
    path = kept(tmp_path, gzip.compress(content) if packed else content, "t.csv")

    (motion,) = read(path)

    np.testing.assert_array_equal(np.column_stack([motion.t, motion.q, motion.p]), rows)


cells = st.sampled_from(["1", "-2.5", "", "nan", '"3"', " 4e-3", "1E+05", "NA", ".5", "6."])


@settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=8))
def test_the_fast_reader_reads_what_the_exact_one_does(tmp_path, table):
    body = "".join(",".join(row) + "\n" for row in [["0", "1", "2"], *table])
    path = kept(tmp_path, "t,x,v_x\n" + body)

    text = csv_file.PlainText.load(path)
    dialect = csv_file.sniff(text.head)
    exact = TextColumns.of(text, dialect).numbers([0, 1, 2])

    np.testing.assert_array_equal(csv_file.read_csv(path).numbers([0, 1, 2]), exact)


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("t,x,v_x", "velocity"),
        ("time,x,vx", "velocity"),
        ("Time,x,x_dot", "velocity"),
        ("t [s],x [m],dx/dt [m/s]", "velocity"),
        ("t (s),x,xd", "velocity"),
        ("t,x,ẋ", "velocity"),
        ("t,theta,omega", "velocity"),
        ("t,θ1,ω1", "velocity"),
        ("t,x,v_{x}", "velocity"),
        ("t,pole angle,pole angle_vel", "velocity"),
        ("t,x,px", "momentum"),
        ("t,q,p", "momentum"),
        ("t,q1,p1", "momentum"),
        ("t,x1,v1", "velocity"),
        ("t,pos_x,vel_x", "velocity"),
        ("t,Angle,Angular velocity", "velocity"),
        ("t,wobble,rate", "velocity"),
    ],
)
def test_columns_are_told_by_their_names_or_as_derivatives(tmp_path, header, kind):
    body = written({"t": T, "x": X, "v": 3 * V}, header=False)
    found = understand(kept(tmp_path, f"{header}\n{body}"), mass=[2])

    assert [role.role for role in found.roles] == ["time", "coordinate", kind]
    expected = 3 * V if kind == "momentum" else 6 * V
    np.testing.assert_array_equal(found.samples[0].p.ravel(), expected)


def test_a_derivative_is_said_to_be_one_and_a_force_is_none(tmp_path):
    rng = np.random.default_rng(0)
    noisy = {"t": T, "wobble": X + 0.01 * rng.standard_normal(40), "push": T**2 - X, "rate": 7 * V}
    found = understand(kept(tmp_path, written(noisy)))

    assert found.samples.coordinates == ("wobble",)
    assert any("rate is taken as the velocity of wobble" in note for note in found.notes)
    assert "Not used: push." in found.notes


def test_without_a_header_the_columns_are_counted(tmp_path):
    found = understand(kept(tmp_path, written({"t": T, "x": X, "v": V}, header=False)))

    assert found.samples.coordinates == ("q",)
    np.testing.assert_array_equal(found.samples[0].p.ravel(), V)
    assert any("no header" in note for note in found.notes)


def test_what_is_no_number_nor_label_is_not_used(tmp_path):
    rows = [f"{t},{x},nan,fine" for t, x in zip(T, X, strict=True)]
    found = understand(kept(tmp_path, "t,x,broken,remark\n" + "\n".join(rows)))

    assert found.samples.coordinates == ("x",)
    assert "Not used: broken (it is empty), remark (it holds words)." in found.notes


def test_files_that_were_joined_and_their_headers(tmp_path):
    once = written({"t": T, "x": X, "v_x": V})
    assert len(read(kept(tmp_path, once + once))) == 2


def test_positions_alone_get_momenta(tmp_path):
    found = understand(kept(tmp_path, written({"time": T, "x": X, "y": V})), mass=[2, 1])

    assert found.samples.derived
    np.testing.assert_allclose(found.samples[0].p[5:-5], np.c_[2 * V, -X][5:-5], atol=0.1)
    assert any("computed from the positions" in note for note in found.notes)


def test_what_pandas_and_tracker_write(tmp_path):
    frame = written({"t": T, "x": X, "v_x": V}).splitlines()
    indexed = [f",{frame[0]}", *(f"{k},{row}" for k, row in enumerate(frame[1:]))]
    found = understand(kept(tmp_path, "\n".join(indexed)))
    np.testing.assert_array_equal(found.samples[0].q.ravel(), X)

    rows = [f"{t:.3E}\t{x:.9E}\t{v:.9E}" for t, x, v in zip(T, X, V, strict=True)]
    rows[0] = rows[0].rsplit("\t", 1)[0] + "\t"
    tracker = "mass A\t\t\nt\tx\tv_{x}\n" + "\n".join(rows)
    (motion,) = read(kept(tmp_path, tracker, "tracker.txt"))
    np.testing.assert_allclose(motion.p.ravel(), V[1:], atol=1e-8)

    tracks = "\tA\t\tB\t\nt\tx\ty\tx\ty\n" + written(
        {"t": T, "a": X, "b": V, "c": V, "d": X}, "\t", header=False
    )
    data = read(kept(tmp_path, tracks, "tracks.txt"))
    assert data.coordinates == ("x_A", "y_A", "x_B", "y_B")


def test_missing_cells_cut_and_repeated_rows_go(tmp_path):
    lines = written({"t": T, "x": X, "v_x": V}).splitlines()
    lines[10] = lines[10].rsplit(",", 1)[0] + ","
    lines[20] = "5.0,nan,NA"
    lines[30] = lines[31]
    found = understand(kept(tmp_path, "\n".join(lines)))

    assert [len(item) for item in found.samples] == [9, 9, 19]
    said = " ".join(found.notes)
    assert "2 rows with missing numbers are left out, the first in data.csv, line 11" in said
    assert "1 repeated row" in said


@pytest.mark.parametrize("turn", [2 * np.pi, 360.0])
def test_wrapped_angles_are_unwrapped(tmp_path, turn):
    angle = T * turn / 7
    wrapped = (angle + turn / 2) % turn - turn / 2
    found = understand(kept(tmp_path, written({"t": T, "theta": wrapped})))

    np.testing.assert_allclose(found.samples[0].q.ravel(), angle, atol=1e-9)
    assert any("jumps by" in note for note in found.notes)


def test_coarse_steps_are_no_wrapped_angle(tmp_path):
    coarse = 3 * np.sin(1.7 * np.arange(40))
    found = understand(kept(tmp_path, written({"t": T, "x": coarse})))

    np.testing.assert_array_equal(found.samples[0].q.ravel(), coarse)


def test_labels_dates_clocks_and_a_time_that_begins_anew(tmp_path):
    rows = [f"{'left' if k < 20 else 'right'},{k % 20},{x},1" for k, x in enumerate(X)]
    assert len(read(kept(tmp_path, "swing,t,x,v_x\n" + "\n".join(rows)))) == 2
    unlabelled = [row.split(",", 1)[1] for row in rows]
    found = understand(kept(tmp_path, "t,x,v_x\n" + "\n".join(unlabelled)))
    assert len(found.samples) == 2
    assert any("begins anew" in note for note in found.notes)
    for form in ("2026-11-27 23:59:{:06.3f}", "27.11.2026 23:59:{:06.3f}", "23:59:{:06.3f}"):
        dated = [f"{form.format(k * 0.5)};{x};1" for k, x in enumerate(X)]
        (motion,) = read(kept(tmp_path, "when;x;v_x\n" + "\n".join(dated)))
        np.testing.assert_allclose(motion.t, np.arange(40) * 0.5, atol=1e-12)


def test_points_of_phase_space_need_no_time(tmp_path):
    for header in ("x,xd,xdd", "x,v_x,a_x"):
        found = understand(
            kept(tmp_path, header + "\n" + written({"a": X, "b": V, "c": -X}, header=False))
        )
        assert isinstance(found.samples, PhaseSamples)
        np.testing.assert_array_equal(found.samples.qdd.ravel(), -X)


def test_any_name_is_usable_or_gets_one_that_is(tmp_path):
    content = written(
        {"t": T, "ϕ": X, "v_ϕ": V, "pos (left)": V, "v_pos (left)": X, "beta": X, "v_beta": V}
    )
    found = understand(kept(tmp_path, content))

    assert found.samples.coordinates == ("ϕ", "pos", "beta_")
    assert "beta is called beta_." in " ".join(found.notes)


NAMES = (
    "ϕ",
    "φ",
    "θ₁",
    "e\u0301",
    "q\u0307",
    "位置",
    "beta",
    "x²",
    "λ",
    "2nd",
    "lambda",
)


@pytest.mark.parametrize("name", NAMES)
def test_formulas_of_a_name_are_read_back(name):
    """What a column is called is a variable of formulas; its text, in any form, is the same."""
    found = understand({"t": T, name: X, f"v_{name}": V})
    (called,) = found.samples.coordinates
    expression = parse(f"{called}**2 + sin({called})/2", [called])
    for form in ("NFC", "NFD"):
        assert parse(unicodedata.normalize(form, text(expression)), [called]) == expression
    assert expression.free_symbols == {symbol(called)}
    if name not in (called, unicodedata.normalize("NFD", called)):
        assert any(f"is called {called}" in note for note in found.notes)


@pytest.mark.parametrize("name", ["θ₁", "e\u0301", "q\u0307", "x₁₂"])
def test_names_may_be_typed_as_the_file_has_them(name):
    found = understand({"t": T, name: X, f"v_{name}": V}, coordinates=[name])
    (called,) = found.samples.coordinates
    assert parse(f"{name}**2", [called]) == symbol(called) ** 2


@pytest.mark.parametrize(
    ("name", "instead"), [("x y", "x_y"), ("2x", "q2x"), ("lambda", "lambda_"), ("x²", "x2")]
)
def test_a_name_that_is_none_is_refused_with_one_that_is(name, instead):
    with pytest.raises(InputError, match=f"e.g. '{instead}'"):
        symbol(name)
    assert symbol(instead).name == instead


def test_frames_and_dictionaries_hold_the_same_data():
    import pandas
    import polars
    import pyarrow

    columns = {"t": T, "x": X, "v_x": V}
    expected = read(columns).digest()
    frames = [
        *(library.DataFrame(columns) for library in (pandas, polars)),
        polars.DataFrame(columns).lazy(),
        pyarrow.table(columns),
        pandas.DataFrame(columns).set_index("t"),
        {"t": T, "q": X[:, None], "v": V[:, None], "coordinates": ["x"]},
    ]
    assert [read(frame).digest() for frame in frames] == [expected] * len(frames)
    with pytest.raises(InputError, match="no file, data frame"):
        read(3)


def test_hdf5_and_parquet_hold_the_same_data(tmp_path):
    import h5py
    import polars

    columns = {"t": T, "x": X, "v_x": V}
    expected = read(columns).digest()
    polars.DataFrame(columns).write_parquet(tmp_path / "data.parquet")
    with h5py.File(tmp_path / "columns.h5", "w") as file:
        for name, column in columns.items():
            file[name] = column
    with h5py.File(tmp_path / "groups.h5", "w") as file:
        for name in ("first", "second"):
            for column, values in columns.items():
                file[f"{name}/{column}"] = values
    with h5py.File(tmp_path / "records.h5", "w") as file:
        file["table"] = np.rec.fromarrays(list(columns.values()), names=list(columns))
    for name in ("data.parquet", "columns.h5", "records.h5"):
        assert read(tmp_path / name).digest() == expected, name
    assert len(read(tmp_path / "groups.h5")) == 2


def test_a_coordinate_may_be_named_by_a_lone_word(tmp_path):
    np.savez(tmp_path / "data.npz", t=T, q=X[:, None], v=V[:, None], coordinates=np.array("height"))
    assert read(tmp_path / "data.npz").coordinates == ("height",)


@pytest.mark.parametrize("name", ["(" * 300 + ".csv", "a/" * 3000 + "b.csv", "a\0b.csv"])
def test_a_name_that_no_file_can_have_is_that_of_none(name):
    with pytest.raises(InputError, match="there is no file"):
        read(name)


def test_labels_that_are_no_words_are_refused(tmp_path):
    columns = {"trajectory": [{"a": 1}] * len(T), "t": T, "x": X, "v_x": V}
    pq.write_table(pa.table(columns), tmp_path / "data.parquet")
    with pytest.raises(InputError, match="trajectory holds lists or bytes, and no words"):
        read(tmp_path / "data.parquet")


@pytest.mark.parametrize("name", ["data.npz", "data.h5", "data.parquet", "data.csv.gz"])
def test_damage_is_one_sentence(tmp_path, name):
    import h5py
    import polars

    path = tmp_path / name
    columns = {"t": T, "x": X, "v_x": V}
    if name.endswith("npz"):
        np.savez_compressed(path, **columns)
    elif name.endswith("h5"):
        with h5py.File(path, "w") as file:
            for key, values in columns.items():
                file[key] = values
    elif name.endswith("parquet"):
        polars.DataFrame(columns).write_parquet(path)
    else:
        path.write_bytes(gzip.compress(written(columns).encode()))
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    said = []
    for _ in range(60):
        damaged = bytearray(whole)
        for place in rng.integers(0, len(whole), 3):
            damaged[place] ^= int(rng.integers(1, 256))
        path.write_bytes(bytes(damaged[: len(whole) if rng.random() < 0.7 else len(whole) // 2]))
        try:
            read(path)
        except InputError as error:
            said.append(str(error))
    assert len(said) > 10
    assert not any("\n" in sentence for sentence in said)


def test_an_array_that_claims_more_than_its_file_holds_is_refused(tmp_path):
    import io
    import zipfile

    claim = io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": (10**12,)}
    np.lib.format.write_array_header_1_0(claim, header)
    with zipfile.ZipFile(tmp_path / "claims.npz", "w") as file:
        file.writestr("t.npy", claim.getvalue())
    with pytest.raises(InputError, match="claims 8000000000000 bytes and holds 0"):
        read(tmp_path / "claims.npz")


def test_the_byte_order_mark_is_no_part_of_a_name(tmp_path):
    content = codecs.BOM_UTF8 + written({"t": T, "x": X}).encode()
    assert understand(kept(tmp_path, content)).roles[0].column == "t"
