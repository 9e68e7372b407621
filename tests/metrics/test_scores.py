"""Inception score, precision and recall, and the score that carries its own label."""

import json

import numpy as np
import pytest
from prdc import compute_prdc

from genimg_utils import metrics
from genimg_utils.metrics import scores

rng = np.random.default_rng(0)


def test_inception_score_of_certain_and_varied_classes_is_their_number():
    mean, deviation = metrics.inception_score(np.tile(np.eye(10), (100, 1)), splits=10)
    assert mean == pytest.approx(10) and deviation == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("row", [np.full(10, 0.1), np.eye(10)[3]])
def test_inception_score_is_one_without_variety_or_certainty(row):
    assert metrics.inception_score(np.tile(row, (100, 1)))[0] == pytest.approx(1)


def test_inception_score_equals_the_mutual_information():
    p = rng.dirichlet(np.ones(4), size=50)
    expected = np.exp(np.mean([(q * np.log(q / p.mean(0))).sum() for q in p]))
    assert metrics.inception_score(p, splits=1)[0] == pytest.approx(expected)


@pytest.mark.parametrize(("n", "m", "k", "shift"), [
    (300, 200, 5, 0.0), (200, 300, 3, 0.5), (2500, 1200, 5, 0.2), (50, 50, 1, 2.0)])
def test_precision_recall_agree_with_the_published_code(n, m, k, shift):
    real, fake = rng.normal(size=(n, 8)), shift + 0.8 * rng.normal(size=(m, 8))
    expected = compute_prdc(real, fake, nearest_k=k)
    assert metrics.precision_recall(real, fake, k) == pytest.approx(expected, abs=1e-12)


def test_a_set_has_itself_entirely():
    x = rng.normal(size=(100, 4))
    found = metrics.precision_recall(x, x)
    assert found["precision"] == found["recall"] == found["coverage"] == 1
    assert found["density"] == pytest.approx(1.2, abs=0.01)  # its ball, and k that reach it


def test_collapse_lowers_recall_and_strangers_lower_precision():
    real = rng.normal(size=(500, 4))
    collapsed = metrics.precision_recall(real, 0.01 * rng.normal(size=(500, 4)))
    assert collapsed["precision"] > 0.95 and collapsed["recall"] < 0.05
    assert collapsed["coverage"] < 0.3
    strangers = metrics.precision_recall(real, rng.normal(size=(500, 4)) + 50)
    assert set(strangers.values()) == {0.0}


def test_chunks_do_not_change_the_result(monkeypatch):
    real, fake = rng.normal(size=(2, 150, 4))
    whole = metrics.precision_recall(real, fake)
    monkeypatch.setattr(scores, "CHUNK", 7)
    assert metrics.precision_recall(real, fake) == whole


@pytest.mark.parametrize(("call", "message"), [
    (lambda p: metrics.inception_score(p * 2), "probabilities has rows that are no distributions"),
    (lambda p: metrics.inception_score(np.log(p)), "softmax"),
    (lambda p: metrics.inception_score(p, splits=99), "splits is 99; expected 1 to 50"),
    (lambda p: metrics.precision_recall(p, p[:4]), "k is 5; expected 1 to 3"),
    (lambda p: metrics.precision_recall(p, p[:, :2]), "fake has 2 dimensions; expected 4"),
])
def test_errors_name_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.random.default_rng(0).dirichlet(np.ones(4), size=50))


def test_a_score_names_its_network_and_its_counts():
    score = metrics.Score(
        fid=1.234, kid=metrics.Estimate(0.01, 0.0, 0.02), inception_score=(9.0, 0.1),
        precision=0.9, recall=0.8, density=1.0, coverage=0.7, features="digits-features",
        reference="mnist", count=1234, reference_count=10_000)
    text = str(score)
    assert "FID 1.23 " in text and "KID 0.01 [0, 0.02]" in text
    assert "on digits-features (not Inception-FID), 1,234 samples against 10,000 of mnist" in text
    plain = json.loads(json.dumps(score.as_dict()))
    assert plain["kid"] == [0.01, 0.0, 0.02] and plain["features"] == "digits-features"
