"""Facts about variational autoencoders, checked on numbers."""

import numpy as np
import pytest
from keras import ops
from scipy import stats

from genimg_utils.models import vae
from genimg_utils.models.multimodal import product_of_experts
from genimg_utils.models.vae_variants import ConditionalVAE, FactorVAE, HierarchicalVAE

RANDOM = np.random.default_rng(0)
PIXELS = np.tanh(RANDOM.standard_normal((20, 8, 8, 1))).astype("float32")
MEAN = RANDOM.standard_normal((5, 3)).astype("float32")
LOG_VAR = RANDOM.standard_normal((5, 3)).astype("float32")
SMALL = dict(shape=(8, 8, 1), latent=3, width=8)


def tensors(*arrays):
    return [ops.convert_to_tensor(np.asarray(array, "float32")) for array in arrays]


def numpy(x):
    return ops.convert_to_numpy(x)


def test_kl_of_the_prior_is_zero():
    zeros = np.zeros((2, 4), "float32")
    assert numpy(vae.kl_divergence(*tensors(zeros, zeros))).tolist() == [0, 0]


def test_kl_against_numerical_integration():
    x = np.linspace(-30, 30, 200_001)
    for mean, log_var in ((0.7, -1.0), (-2.0, 0.8)):
        q, p = stats.norm(mean, np.exp(log_var / 2)), stats.norm(0.5, 1.5)
        expected = np.trapezoid(q.pdf(x) * (q.logpdf(x) - p.logpdf(x)), x)
        found = numpy(vae.gaussian_kl(*tensors(mean, log_var, 0.5, 2 * np.log(1.5))))
        assert found == pytest.approx(expected, rel=1e-4)


def test_sampled_kl_agrees_on_average():
    mean, log_var = tensors(*(np.repeat(a[:1], 200_000, axis=0) for a in (MEAN, LOG_VAR)))
    z = vae.sample_gaussian(mean, log_var, seed=1)
    sampled = numpy(vae.kl_sampled(z, mean, log_var))
    exact = numpy(vae.kl_divergence(*tensors(MEAN[:1], LOG_VAR[:1])))[0]
    assert abs(sampled.mean() - exact) < 5 * sampled.std() / np.sqrt(len(sampled))


def test_log_normal_is_scipys():
    z = RANDOM.standard_normal((5, 3)).astype("float32")
    expected = stats.norm(MEAN, np.exp(LOG_VAR / 2)).logpdf(z).sum(axis=1)
    found = numpy(vae.log_normal(*tensors(z, MEAN, LOG_VAR)))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_sample_has_the_moments_it_was_asked_for():
    mean, log_var = tensors(np.tile([1.0, -2.0], (100_000, 1)),
                            np.tile([0.0, np.log(4.0)], (100_000, 1)))
    z = numpy(vae.sample_gaussian(mean, log_var, seed=0))
    np.testing.assert_allclose(z.mean(axis=0), [1, -2], atol=0.03)
    np.testing.assert_allclose(z.std(axis=0), [1, 2], rtol=0.02)


def test_bernoulli_is_a_distribution_over_black_and_white():
    logits = RANDOM.standard_normal((1, 2, 2, 1)).astype("float32")
    pictures = np.float32([[bits >> k & 1 for k in range(4)] for bits in range(16)]) * 2 - 1
    log_p = numpy(vae.bernoulli_log_likelihood(*tensors(
        pictures.reshape(16, 2, 2, 1), np.repeat(logits, 16, axis=0))))
    assert np.exp(log_p).sum() == pytest.approx(1, rel=1e-5)


def test_gaussian_likelihood_is_scipys():
    mean = np.zeros_like(PIXELS)
    found = numpy(vae.gaussian_log_likelihood(*tensors(PIXELS, mean, -0.5)))
    expected = stats.norm(0, np.exp(-0.5)).logpdf(PIXELS).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_free_bits_ignore_what_lies_below():
    kl, = tensors([[0.0, 1.0, 3.0], [0.2, 1.0, 1.0]])
    assert float(vae.free_bits(kl, 0.5)) == pytest.approx(0.5 + 1.0 + 2.0)
    assert float(vae.free_bits(kl, 0.0)) == pytest.approx(0.1 + 1.0 + 2.0)


def test_elbo_is_its_terms_and_below_the_importance_weighted_bound():
    from genimg_utils.metrics import importance_weighted_bound
    model = vae.VAE(**SMALL)
    terms = model.elbo(PIXELS, seed=1)
    np.testing.assert_allclose(terms["elbo"], terms["log_likelihood"] - terms["kl"])
    weights = model.log_weights(PIXELS, samples=200)
    assert weights.shape == (20, 200)
    assert importance_weighted_bound(weights).mean() > weights.mean()


def test_the_weight_of_the_kl_rises_during_warmup():
    model = vae.VAE(**SMALL, network="dense", beta=2.0, warmup=4)
    model.compile("adam")
    assert float(model.kl_weight(training=True)) == pytest.approx(0.5)
    model.fit(PIXELS, batch_size=4, epochs=1, verbose=0)  # five steps
    assert float(model.kl_weight(training=True)) == pytest.approx(2.0)
    assert model.kl_weight(training=False) == 2.0


def test_product_of_experts():
    one = product_of_experts(tensors([3.0]), tensors([0.0]))
    assert float(one[0][0]) == pytest.approx(1.5)  # halfway to the prior, equally sure
    assert float(one[1][0]) == pytest.approx(np.log(0.5))
    two = product_of_experts(tensors([3.0], [5.0]), tensors([0.0], [30.0]))
    assert float(two[0][0]) == pytest.approx(1.5)  # an unsure expert changes nothing


def test_the_label_matters():
    model = ConditionalVAE(classes=3, **SMALL)
    z = np.zeros((3, 3), "float32")
    pictures = model.decode(z, np.arange(3))
    assert np.abs(pictures[0] - pictures[1]).max() > 0
    assert model.elbo(PIXELS, np.arange(20) % 3)["elbo"].shape == (20,)


def test_factor_vae_trains_its_networks_apart():
    model = FactorVAE(**SMALL)
    vae_variables, critic = (phase.variables for phase in model.phases())
    ids = {id(v) for v in vae_variables} & {id(v) for v in critic}
    assert not ids and len(critic) == 8
    assert len(vae_variables) + len(critic) == len(model.trainable_variables)


def test_hierarchy_counts_both_levels():
    model = HierarchicalVAE(shape=(8, 8, 1), latent=3, channels=2, width=8)
    _, kl, sampled = model.terms(*tensors(PIXELS), seed=0)
    assert kl.shape == (20, 3 + 2 * 2 * 2) and sampled.shape == (20,)
    assert model.reconstruct(PIXELS, keep="top").shape == PIXELS.shape


@pytest.mark.parametrize("arguments, words", [
    (dict(network="wide"), "network='wide'"),
    (dict(likelihood="poisson"), "likelihood='poisson'"),
    (dict(latent=0), "latent=0"),
    (dict(beta=-1), "beta=-1"),
    (dict(shape=(30, 30, 1)), "size=30"),
])
def test_bad_settings_are_named(arguments, words):
    with pytest.raises(ValueError, match=words):
        vae.VAE(**arguments)


def test_bad_input_is_named():
    model = vae.VAE(**SMALL)
    with pytest.raises(ValueError, match=r"pixels has shape \(2, 9, 9, 1\)"):
        model.encode(np.zeros((2, 9, 9, 1)))
    with pytest.raises(ValueError, match=r"\[-1, 1\]"):
        model.encode(PIXELS * 255)
    with pytest.raises(ValueError, match="z has shape"):
        model.decode(np.zeros((2, 5)))
    with pytest.raises(ValueError, match="count=0"):
        model.sample(0)
    with pytest.raises(ValueError, match="labels="):
        ConditionalVAE(classes=3, **SMALL).sample(2, labels=7)
