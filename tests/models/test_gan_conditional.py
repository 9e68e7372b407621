"""GANs that are told what to draw: what reaches whom, and what a wrong order says."""

import keras
import numpy as np
import pytest
from keras import ops

from genimg_utils.blocks import labels_in_turn
from genimg_utils.models import gan_conditional as parts
from genimg_utils.models.gan_conditional import AuxiliaryGAN, ConditionalGAN
from genimg_utils.models.gan_networks import SpectralDense
from tests.models.contract import PIXELS, compiled

SMALL = dict(shape=(8, 8, 1), latent=4, width=8, seed=3)
LABELS = np.arange(len(PIXELS)) % 3
PAIRS = np.stack([np.arange(len(PIXELS)) % 2, LABELS], axis=1)


def numpy(tensor):
    return ops.convert_to_numpy(tensor)


def test_the_score_is_the_projection():
    """y^T V phi(x) + psi(phi(x)), Miyato and Koyama 2018, eq. 3."""
    model = ConditionalGAN(classes=3, **SMALL, normalisation="none")
    embedding, score = (layer for layer in model.discriminator.layers
                        if isinstance(layer, keras.layers.Dense))
    if embedding.units == 1:
        embedding, score = score, embedding
    network = keras.Model(model.discriminator.inputs[0], score.input)
    features = numpy(network(PIXELS))
    V, v_bias = (numpy(w) for w in embedding.weights)
    psi = features @ numpy(score.kernel) + numpy(score.bias)
    expected = psi[:, 0] + ((V + v_bias)[LABELS] * features).sum(1)
    np.testing.assert_allclose(model.score(PIXELS, LABELS), expected, rtol=1e-4, atol=1e-5)


def test_several_labels_are_projected_together():
    model = ConditionalGAN(classes=(2, 3), **SMALL)
    told = [layer for layer in model.discriminator.layers if isinstance(layer, SpectralDense)
            and layer.units > 1]
    assert [layer.kernel.shape[0] for layer in told] == [5]
    swapped = model.score(PIXELS, PAIRS[::-1].copy())
    assert np.abs(model.score(PIXELS, PAIRS) - swapped).max() > 0


def test_both_players_are_told():
    model = ConditionalGAN(classes=3, **SMALL)
    z = np.ones((3, 4), "float32")
    pictures = model.decode(z, [0, 1, 2])
    assert np.abs(pictures[0] - pictures[1]).max() > 0.01
    np.testing.assert_array_equal(model.decode(z, 1), np.repeat(pictures[1:2], 3, axis=0))
    assert model.score(pictures, 0).shape == (3,)


def test_the_labels_of_a_batch_become_rows_of_zeros_and_ones():
    model = ConditionalGAN(classes=(2, 3), **SMALL)
    _, told = model.inputs({"pixels": PIXELS[:2], "labels": np.array([[1, 0], [0, 2]])})
    np.testing.assert_array_equal(numpy(told), [[0, 1, 1, 0, 0], [1, 0, 0, 0, 1]])


def test_labels_in_turn():
    np.testing.assert_array_equal(labels_in_turn(5, 3), [0, 1, 2, 0, 1])
    pairs = labels_in_turn(12, (2, 3))
    assert len({tuple(pair) for pair in pairs[:6]}) == 6
    np.testing.assert_array_equal(pairs[:6], pairs[6:])
    cats = labels_in_turn(216, (2, 6, 3, 6))
    assert len({tuple(cat) for cat in cats}) == 216
    assert (np.diff(cats[:6, 1]) != 0).all()  # the first ones differ already
    model = ConditionalGAN(classes=(2, 3), **SMALL)
    np.testing.assert_allclose(model.sample(7, seed=1),
                               model.sample(7, seed=1, labels=labels_in_turn(7, (2, 3))))


def test_naming_costs_log_2_and_log_3_where_nothing_is_known():
    targets = parts.one_hot(PAIRS, len(PAIRS), (2, 3))
    loss = parts.naming_loss(targets, np.zeros_like(targets), (2, 3))
    assert float(loss) == pytest.approx(np.log(2) + np.log(3), rel=1e-5)
    assert float(parts.naming_loss(targets, 50 * targets, (2, 3))) == pytest.approx(0, abs=1e-5)


def test_the_class_head_shares_the_features_of_the_score():
    score, logits = AuxiliaryGAN(classes=3, **SMALL).discriminator.outputs
    sources = [{id(t) for t in layer.input} if isinstance(layer.input, list) else {id(layer.input)}
               for layer in (score._keras_history.operation, logits._keras_history.operation)]
    assert sources[0] == sources[1]


def frozen(model, *names):
    """Compiled so that all phases but those named stand still."""
    model.compile({phase.name: keras.optimizers.Adam(1e-2 if phase.name in names else 0.0)
                   for phase in model.phases()})
    return model


def blobs():
    """Bright on the left, in the middle, or on the right."""
    pixels = np.full((48, 8, 8, 1), -0.8, "float32")
    for picture, label in zip(pixels, LABELS, strict=True):
        picture[:, 3 * label:3 * label + 2] = 0.8
    noise = np.random.default_rng(4).normal(0, 0.05, pixels.shape).astype("float32")
    return {"pixels": pixels + noise, "labels": LABELS}


def test_ac_gan_names_real_pictures_and_pushes_fakes_to_the_class_asked_for():
    data, model = blobs(), AuxiliaryGAN(classes=3, from_fakes=False, **SMALL)
    frozen(model, "discriminator").fit(data, batch_size=16, epochs=15, verbose=0)
    np.testing.assert_array_equal(model.classify(data["pixels"]), LABELS)
    asked = np.arange(60) % 3
    before = np.mean(model.classify(model.sample(60)) == asked)
    frozen(model, "generator").fit(data, batch_size=16, epochs=15, verbose=0)
    after = np.mean(model.classify(model.sample(60)) == asked)
    assert before < 0.6 and after > 0.95


@pytest.mark.parametrize("from_fakes", [True, False])
def test_whether_ac_gans_discriminator_learns_from_the_labels_of_fakes(from_fakes):
    """It does in the paper (L_C has both terms, eq. 3); from_fakes=False leaves fakes out."""
    model = AuxiliaryGAN(classes=3, **SMALL, from_fakes=from_fakes)
    real = {"pixels": PIXELS, "labels": LABELS}
    model.evaluation_noise.state.assign(keras.random.SeedGenerator(4).state)
    fakes = model.draw(len(PIXELS), *model.inputs(real)[1:])
    model.evaluation_noise.state.assign(keras.random.SeedGenerator(4).state)
    total, _, _, named = (float(x) for x in model.discriminator_loss(real, False))
    (real_scores, _), (fake_scores, fake_logits) = (
        model.discriminator(x) for x in (PIXELS, fakes))
    rest = total - float(model.loss_functions.discriminator(real_scores, fake_scores)) - named
    of_fakes = float(parts.naming_loss(model.inputs(real)[1], fake_logits, 3))
    assert rest == pytest.approx(of_fakes if from_fakes else 0, abs=1e-4) and of_fakes > 0.1


def test_ac_gans_score_knows_no_label():
    model = compiled(lambda: AuxiliaryGAN(classes=(2, 3), **SMALL))
    assert model.score(PIXELS).shape == (len(PIXELS),)
    assert model.classify(PIXELS).shape == (len(PIXELS), 2)


@pytest.mark.parametrize(("classes", "labels", "message"), [
    (3, 3, r"labels=\[3\] must be whole numbers from 0 to 2"),
    (3, [0, 1, -1], "must be whole numbers from 0 to 2"),
    (3, [0.5, 1, 2], "must be whole numbers"),
    (3, [0, 1], r"labels has shape \(2,\); this needs one label, or 3"),
    ((2, 3), [1, 3], r"from 0 to \[1, 2\]"),
    ((2, 3), 1, r"labels has shape \(\); this needs one label, or 3, of 2 numbers each"),
])
def test_labels_out_of_range(classes, labels, message):
    model = ConditionalGAN(classes=classes, **SMALL)
    with pytest.raises(ValueError, match=message):
        model.sample(3, labels=labels)
    with pytest.raises(ValueError, match=message):
        model.decode(np.zeros((3, 4), "float32"), labels)
    with pytest.raises(ValueError, match=message):
        model.score(PIXELS[:3], labels)


@pytest.mark.parametrize(("settings", "message"), [
    (dict(classes=1), "classes=1 must be a whole number of 2 or more, or a tuple"),
    (dict(classes=2.5), "classes=2.5 must be a whole number"),
    (dict(classes=()), r"classes=\(\) must be a whole number"),
    (dict(classes=(2, 0)), r"classes=\(2, 0\) must be a whole number"),
    (dict(class_weight=-1), "class_weight=-1 must be 0 or more"),
    (dict(loss="vanilla"), "loss='vanilla' must be one of"),
])
def test_errors_say_what_would_be_right(settings, message):
    with pytest.raises(ValueError, match=message):
        AuxiliaryGAN(**{**SMALL, **settings})


def test_latents_of_another_width():
    with pytest.raises(ValueError, match=r"z has shape \(2, 5\); this model needs \(count, 4\)"):
        ConditionalGAN(classes=3, **SMALL).decode(np.zeros((2, 5)), 0)
