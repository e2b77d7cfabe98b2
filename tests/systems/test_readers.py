"""CSV and NPZ files: the numbers come through unchanged, and every fault has its line."""

import numpy as np
import pytest

from systems import InputError, read

GOOD = """\
trajectory,t,x,y,p_x,p_y
a,0,1,2,3,4
a,0.5,1.5,2.5,3.5,4.5
a,1,2,3,4,5
b,0,0.1,0.2,0.3,0.4
b,0.25,-1e-3,0,0,0
b,0.5,1,1,1,1
b,7,0,0,0,0
"""


def write(folder, content, name="data.csv"):
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def edited(line: int, row: str) -> str:
    """GOOD with one line replaced; the header is line 1."""
    lines = GOOD.splitlines()
    lines[line - 1] = row
    return "\n".join(lines) + "\n"


def test_columns_become_trajectories(tmp_path):
    data = read(write(tmp_path, GOOD), mass=[1, 2])
    assert data.coordinates == ("x", "y")
    assert [len(item) for item in data] == [3, 4]
    assert data.mass.tolist() == [1, 2]
    np.testing.assert_array_equal(data[0].q, [[1, 2], [1.5, 2.5], [2, 3]])
    np.testing.assert_array_equal(data[1].p[0], [0.3, 0.4])
    np.testing.assert_array_equal(data[1].t, [0, 0.25, 0.5, 7])


def test_velocities_are_multiplied_by_the_masses(tmp_path):
    data = read(write(tmp_path, GOOD.replace("p_", "v_")), mass=[1, 2])
    np.testing.assert_array_equal(data[0].p[0], [3, 8])


def test_columns_of_any_name_can_be_mapped(tmp_path):
    path = write(tmp_path, "t,angle,rate,note\n0,1,2,9\n1,2,3,9\n2,3,4,9\n")
    data = read(path, coordinates=["angle"], velocities=["rate"], mass=[0.5])
    assert data.coordinates == ("angle",)
    np.testing.assert_array_equal(data[0].p.ravel(), [1, 1.5, 2])
    same = read(path, coordinates=("angle",), momenta=("rate",))
    np.testing.assert_array_equal(same[0].p.ravel(), [2, 3, 4])


def test_coordinates_alone_choose_among_pairs(tmp_path):
    data = read(write(tmp_path, GOOD), coordinates=["y"])
    assert data.coordinates == ("y",)
    np.testing.assert_array_equal(data[0].p.ravel(), [4, 4.5, 5])


def test_spaces_comments_blank_lines_quotes_and_a_byte_order_mark_do_no_harm(tmp_path):
    content = '\ufeff# by hand\n t , q , p_q \n\n0, 1, 2\n# pause\n"1",2,3\n2,3,4\n\n'
    data = read(write(tmp_path, content))
    np.testing.assert_array_equal(data[0].q.ravel(), [1, 2, 3])


def test_labels_may_alternate(tmp_path):
    rows = "\n".join(f"{k % 2},{k},{k},0" for k in range(8))
    data = read(write(tmp_path, "trajectory,t,q,p_q\n" + rows))
    assert [item.t.tolist() for item in data] == [[0, 2, 4, 6], [1, 3, 5, 7]]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (edited(4, "a,1,2,three,4,5"), "line 4: y is 'three', which is not a number"),
        (edited(4, "a,1,2,3,4"), "line 4: 5 fields where the header has 6"),
        (edited(4, "a,1,2,3,4,5,6"), "line 4: 7 fields"),
        (edited(6, "b,0.25,0,0,-inf,0"), "line 6: p_x is -inf"),
        (edited(6, "b,inf,0,0,0,0"), "line 6: t is inf"),
        (edited(4, "a,0.5,2,3,4,5"), "line 4: the time 0.5 is repeated"),
        (edited(4, "a,0.25,2,3,4,5"), "line 4: the time 0.25 comes after 0.5"),
        (edited(4, "c,1,2,3,4,5"), "line 2: this trajectory has 2 points; at least 3"),
        (edited(1, "trajectory,t,x,y,p_x,p_z"), "no momenta p_... or velocities v_... for y;"),
        (edited(1, "trajectory,t,x,x,p_x,p_y"), "line 1: the column 'x' occurs twice"),
        (edited(1, "trajectory,tau,x,y,p_x,p_y"), "no column 't' or 'time'"),
        ("\n# a comment\nt,q,p_q\n0,0,0\n\n1,1,oops\n2,2,2\n", "line 6: p_q is 'oops'"),
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("t,q,p_q\n", "no points"),
        ("trajectory,t\n0,0\n0,1\n0,2\n", "has no coordinates"),
        ("t,q,p_q,v_q\n0,0,0,0\n1,1,1,1\n2,2,2,2\n", "has both p_q and v_q"),
    ],
)
def test_faults_are_named_with_their_line(tmp_path, content, sentence):
    with pytest.raises(InputError) as caught:
        read(write(tmp_path, content))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"coordinates": ["z"], "momenta": ["p_x"]}, "no column 'z'"),
        ({"coordinates": ["x"], "momenta": ["pxx"]}, "Did you mean 'p_x'"),
        ({"coordinates": ["x", "y"], "momenta": ["p_x"]}, "2 coordinates (x, y) but 1"),
        ({"momenta": ["p_x"]}, "name the coordinates"),
        ({"coordinates": ["x"], "momenta": ["p_x"], "velocities": ["p_x"]}, "not both"),
        ({"mass": [1]}, "1 mass for 2 coordinates (x, y)"),
        ({"mass": [1, 2, 3]}, "3 masses for 2 coordinates"),
        ({"mass": [1, -2]}, "must be positive"),
    ],
)
def test_wrong_options_are_explained(tmp_path, options, sentence):
    with pytest.raises(InputError) as caught:
        read(write(tmp_path, GOOD), **options)
    assert sentence in str(caught.value)


def test_files_that_are_missing_or_of_another_kind(tmp_path):
    with pytest.raises(InputError, match="there is no file"):
        read(tmp_path / "nothing.csv")
    with pytest.raises(InputError, match="there is no file"):
        read(tmp_path)
    with pytest.raises(InputError, match="is no file of text"):
        read(write(tmp_path, GOOD, "data.xlsx"))
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"\x7fELF\x02\x01\x00\x00\x00\x81")
    with pytest.raises(InputError, match="not a text file"):
        read(binary)


def test_a_hundred_thousand_rows_are_read_exactly(tmp_path):
    rng = np.random.default_rng(0)
    table = np.column_stack([np.arange(100_000) * 0.1, rng.standard_normal((100_000, 4))])
    path = tmp_path / "large.csv"
    np.savetxt(path, table, delimiter=",", header="t,x,y,p_x,p_y", comments="", fmt="%.17g")
    data = read(path)
    np.testing.assert_array_equal(data[0].q, table[:, 1:3])


def test_npz_flat_and_stacked_hold_the_same_data(tmp_path):
    rng = np.random.default_rng(0)
    t = np.arange(4) / 10
    q, v = rng.standard_normal((2, 3, 4, 2))
    np.savez(tmp_path / "stacked.npz", t=t, q=q, v=v, coordinates=["x", "y"])
    labels = np.repeat([7, 8, 9], 4)
    flat = {"t": np.tile(t, 3), "q": q.reshape(-1, 2), "v": v.reshape(-1, 2)}
    np.savez(tmp_path / "flat.npz", **flat, trajectory=labels)
    stacked = read(tmp_path / "stacked.npz", mass=[1, 2])
    again = read(tmp_path / "flat.npz", mass=[1, 2], coordinates=["x", "y"])
    assert stacked.digest() == again.digest()
    np.testing.assert_array_equal(stacked[1].p, v[1] * [1, 2])
    assert read(tmp_path / "flat.npz").coordinates == ("q1", "q2")


def test_npz_of_one_coordinate_may_be_flat_in_every_way(tmp_path):
    np.savez(tmp_path / "one.npz", t=[0, 1, 2], q=[1, 2, 3], p=[4, 5, 6])
    data = read(tmp_path / "one.npz")
    assert data.coordinates == ("q",)
    np.testing.assert_array_equal(data[0].p, [[4], [5], [6]])


def test_npz_of_times_and_positions_alone_is_enough(tmp_path):
    t = np.arange(40) / 10
    np.savez(tmp_path / "alone.npz", t=t, q=np.stack([np.sin(t), np.cos(t)], axis=1))
    data = read(tmp_path / "alone.npz", coordinates=["x", "y"])
    assert data.coordinates == ("x", "y")
    assert data.derived
    np.testing.assert_array_equal(data[0].q[:, 0], np.sin(t))


def test_accelerations_are_named_as_velocities_are(tmp_path):
    rows = "".join(f"{k},{k + 1},{k + 2},{k + 3},9\n" for k in range(4))
    path = write(tmp_path, "place,other,rate,change,note\n" + rows)
    data = read(path, coordinates=["place"], velocities=["rate"], accelerations=["change"])
    assert data.coordinates == ("place",)
    np.testing.assert_array_equal(data.qdd.ravel(), [3, 4, 5, 6])


def test_npz_faults(tmp_path):
    t, q = np.arange(3.0), np.zeros((3, 1))
    faults = {
        "both": {"t": t, "q": q, "p": q, "v": q},
        "shapes": {"t": t, "q": q, "p": np.zeros((3, 2))},
        "short": {"t": t[:2], "q": q, "p": q},
        "names": {"t": t, "q": q, "p": q, "coordinates": ["x", "y"]},
        "nan": {"t": t, "q": q * np.nan, "p": q},
        "unsorted": {"t": t[::-1], "q": q, "p": q},
        "pickled": {"t": t, "q": np.array([{}, {}, {}], dtype=object), "p": q},
        "words": {"t": t, "q": np.array([["a"], ["b"], ["c"]]), "p": q},
        "scalar": {"t": t, "q": 1.0, "p": 1.0},
    }
    for name, arrays in faults.items():
        np.savez(tmp_path / f"{name}.npz", **arrays)
        with pytest.raises(InputError):
            read(tmp_path / f"{name}.npz")
    write(tmp_path, "no zip file", "text.npz")
    with pytest.raises(InputError, match="cannot be read as an NPZ"):
        read(tmp_path / "text.npz")
    with pytest.raises(InputError, match="columns of a table"):
        read(tmp_path / "nan.npz", coordinates=["x"], momenta=["p"])
