"""The contract, for every model of the book: a new family adds its models here."""

import numpy as np
import pytest

from genimg_utils.models.multimodal import MultimodalVAE
from genimg_utils.models.vae import VAE, Autoencoder
from genimg_utils.models.vae_variants import ConditionalVAE, FactorVAE, HierarchicalVAE
from tests.models import contract
from tests.models.contract import COLOURED, PIXELS

RANDOM = np.random.default_rng(2)
LABELS = RANDOM.integers(0, 3, len(PIXELS)).astype("int32")
TOKENS = RANDOM.integers(1, 6, (len(PIXELS), 4)).astype("int32")

SMALL = dict(shape=(8, 8, 1), latent=4, width=8, seed=3)
MODELS = {
    "autoencoder": (lambda: Autoencoder(**SMALL, noise=0.1), PIXELS),
    "vae": (lambda: VAE(**SMALL), PIXELS),
    "vae-dense": (lambda: VAE(**SMALL, network="dense", warmup=5, free_bits=0.1), PIXELS),
    "vae-gaussian": (lambda: VAE(**SMALL, likelihood="gaussian", beta=2.0), PIXELS),
    "cvae": (lambda: ConditionalVAE(classes=3, **SMALL), {"pixels": PIXELS, "labels": LABELS}),
    "factor-vae": (lambda: FactorVAE(gamma=2.0, **SMALL), PIXELS),
    "hierarchical-vae": (lambda: HierarchicalVAE(shape=(16, 16, 3), latent=4, channels=2, width=8,
                                                 likelihood="gaussian", seed=3), COLOURED),
    "multimodal-vae": (lambda: MultimodalVAE(words=6, length=4, caption_weight=5.0, **SMALL),
                       {"pixels": PIXELS, "tokens": TOKENS}),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("check", contract.CHECKS, ids=lambda check: check.__name__[6:])
def test_contract(name, check):
    check(*MODELS[name])


@pytest.mark.parametrize("name", MODELS)
def test_saving(name, tmp_path):
    contract.check_save_and_load(*MODELS[name], tmp_path)
