"""The command line, as its users type it."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from genimg_utils import cli


def run(capsys, *words):
    try:
        code = cli.main(list(words))
    except SystemExit as exit:
        code = exit.code
    return code, *capsys.readouterr()


def test_sample_to_npz_and_png(capsys, tmp_path):
    code, out, _ = run(capsys, "sample", "vae-mnist", "--count", "5", "--seed", "2", "--out",
                       str(tmp_path / "a.npz"))
    images = np.load(tmp_path / "a.npz")["images"]
    assert code == 0 and images.shape == (5, 28, 28, 1) and images.dtype == np.uint8
    assert "5 pictures" in out
    assert run(capsys, "sample", "vae-mnist", "--count", "5", "--seed", "2", "--out",
               str(tmp_path / "b.npz"))[0] == 0
    np.testing.assert_array_equal(images, np.load(tmp_path / "b.npz")["images"])
    run(capsys, "sample", "vae-cats", "--count", "4", "--out", str(tmp_path / "c.png"))
    assert Image.open(tmp_path / "c.png").mode == "RGB"


@pytest.mark.parametrize("words, says", [
    (["train", "nothing"], "recipe='nothing'"),
    (["sample", "nothing", "--out", "a.png"], "name='nothing'"),
    (["sample", "vae-mnist", "--count", "2", "--out", "a.jpg"], "must end in .npz or .png"),
    (["zoo", "card", "nothing"], "name='nothing'"),
    (["data", "preview", "nothing"], "nothing"),
    (["data", "preview", "cats", "--size", "1"], "size"),
])
def test_errors_are_one_line(capsys, tmp_path, monkeypatch, words, says):
    monkeypatch.chdir(tmp_path)
    code, out, error = run(capsys, *words)
    assert code == 2 and says in error and error.count("\n") == 1 and not out
    assert error.startswith("genimg") and ": error: " in error
    assert not list(tmp_path.iterdir())


def test_usage_errors(capsys):
    for words in ([], ["sample"], ["sample", "vae-mnist", "--count", "0", "--out", "a.png"]):
        code, _, error = run(capsys, *words)
        assert code == 2 and error.count("\n") == 1


@pytest.mark.parametrize("words", [["--help"], ["train", "--help"], ["sample", "--help"],
                                   ["evaluate", "--help"], ["zoo", "list", "--help"],
                                   ["data", "preview", "--help"], ["doctor", "--help"]])
def test_help_is_complete(capsys, words):
    code, out, _ = run(capsys, *words)
    assert code == 0 and "usage: genimg" in out


def test_zoo_list_and_card(capsys):
    code, out, _ = run(capsys, "zoo", "list", "--json")
    rows = json.loads(out)
    assert code == 0 and {"vae-mnist", "vae-cats"} <= {r["name"] for r in rows if r["trained"]}
    code, out, _ = run(capsys, "zoo", "card", "vae-mnist")
    assert code == 0 and "ELBO" in out and "digits-features" in out and "SHA-256" in out
    assert "vae-mnist" in run(capsys, "zoo", "list")[1]


def test_evaluate(capsys):
    code, out, _ = run(capsys, "evaluate", "vae-cats", "--count", "300", "--json")
    scores = json.loads(out)
    assert code == 0 and scores["samples"]["features"] == "cats-features"
    assert scores["samples"]["count"] == 300 and np.isfinite(scores["elbo"]["nats"])


def test_data(capsys, tmp_path):
    code, out, _ = run(capsys, "data", "list")
    assert code == 0 and "cats" in out and "mnist" in out
    code, out, _ = run(capsys, "data", "preview", "cats", "--count", "9", "--out",
                       str(tmp_path / "p.png"))
    assert code == 0 and "a " in out and Image.open(tmp_path / "p.png").size[0] > 3 * 32


def test_doctor(capsys):
    code, out, _ = run(capsys, "doctor", "--json")
    report = json.loads(out)
    assert code == (1 if report["missing"] else 0)
    assert report["facts"]["keras backend"] and "GFLOP/s" in report["facts"]["float32 product"]


def test_train_from_the_shell(tmp_path):
    """A real process: a progress bar, a result, no start-up noise; then resumed, then refused."""
    command = [sys.executable, "-m", "genimg_utils.cli", "train", "digits-test", "--out",
               str(tmp_path / "run")]
    code = ("import sys; from genimg_utils import cli, zoo; sys.path; "
            "zoo.RECIPES['digits-test'] = zoo.Recipe('digits-test', 'a test', 'vae.VAE', 'digits',"
            " dict(shape=(8, 8, 1), latent=3, network='dense', width=16), epochs=1, count=256); "
            "sys.exit(cli.main(sys.argv[1:]))")
    command = [sys.executable, "-c", code, *command[3:]]
    first = subprocess.run(command, capture_output=True, text=True)
    assert first.returncode == 0, first.stderr
    assert "2/2" in first.stdout and not first.stderr.strip()
    assert {"weights.npz", "card.json", "losses.csv", "samples"} <= {
        path.name for path in (tmp_path / "run").iterdir()}
    again = subprocess.run(command, capture_output=True, text=True)
    assert again.returncode == 2 and "--resume" in again.stderr
