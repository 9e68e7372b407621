"""The contract, for every model of the book: a new family adds its models here."""

import numpy as np
import pytest

from genimg_utils.models.diffusion import Diffusion
from genimg_utils.models.flow import FlowMatching
from genimg_utils.models.gan import GAN
from genimg_utils.models.gan_augmented import AugmentedGAN
from genimg_utils.models.gan_conditional import AuxiliaryGAN, ConditionalGAN
from genimg_utils.models.gan_encoders import VAEGAN, BiGAN
from genimg_utils.models.inversion import GeneratorEncoder
from genimg_utils.models.latent import GridVAE, LatentFlow
from genimg_utils.models.multimodal import MultimodalVAE
from genimg_utils.models.translation import CycleGAN, Pix2Pix
from genimg_utils.models.vae import VAE, Autoencoder
from genimg_utils.models.vae_variants import ConditionalVAE, FactorVAE, HierarchicalVAE
from tests.models import contract
from tests.models.contract import COLOURED, PIXELS

RANDOM = np.random.default_rng(2)
LATENTS = RANDOM.standard_normal((48, 4, 4, 2)).astype("float32")
LABELS = RANDOM.integers(0, 3, len(PIXELS)).astype("int32")
TOKENS = RANDOM.integers(1, 6, (len(PIXELS), 4)).astype("int32")
PAIRS = np.stack([LABELS % 2, LABELS], axis=1)

SMALL = dict(shape=(8, 8, 1), latent=4, width=8, seed=3)
STEPWISE = dict(shape=(8, 8, 1), width=8, steps=2, seed=3)
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
    "gan": (lambda: GAN(**SMALL, average=0.9), PIXELS),
    "gan-dense": (lambda: GAN(**SMALL, network="dense", loss="least-squares"), PIXELS),
    "dcgan": (lambda: GAN(**SMALL, normalisation="batch"), PIXELS),
    "gan-residual": (lambda: GAN(**SMALL, network="residual", loss="hinge"), PIXELS),
    "gan-dense-blocks": (lambda: GAN(**SMALL, network="dense-blocks", loss="smoothed"), PIXELS),
    "wgan-gp": (lambda: GAN(**SMALL, loss="wasserstein", normalisation="none", penalty=10.0,
                            critic_steps=2), PIXELS),
    "augmented-gan": (lambda: AugmentedGAN(**SMALL, strength=0.5, target=0.6, pace=0.01), PIXELS),
    "conditional-gan": (lambda: ConditionalGAN(classes=3, **SMALL, average=0.9, gain=4.0,
                                               discriminator_levels=2),
                        {"pixels": PIXELS, "labels": LABELS}),
    "conditional-gan-pairs": (lambda: ConditionalGAN(classes=(2, 3), **SMALL, loss="hinge"),
                              {"pixels": PIXELS, "labels": PAIRS}),
    "auxiliary-gan": (lambda: AuxiliaryGAN(classes=3, **SMALL),
                      {"pixels": PIXELS, "labels": LABELS}),
    "auxiliary-gan-pairs": (lambda: AuxiliaryGAN(classes=(2, 3), from_fakes=False, **SMALL,
                                                 loss="wasserstein", normalisation="none",
                                                 penalty=10.0),
                            {"pixels": PIXELS, "labels": PAIRS}),
    "vae-gan": (lambda: VAEGAN(**SMALL, average=0.9), PIXELS),
    "vae-gan-dense": (lambda: VAEGAN(**SMALL, network="dense", level=0), PIXELS),
    "bigan": (lambda: BiGAN(**SMALL), PIXELS),
    "generator-encoder": (lambda: GeneratorEncoder(GAN(**SMALL, network="dense").generator,
                                                   width=8, seed=3), PIXELS),
    "pix2pix": (lambda: Pix2Pix((16, 16, 3), source=(16, 16, 1), width=4, blocks=1,
                                average=0.9, seed=3),
                {"source": COLOURED[..., :1], "target": COLOURED}),
    "pix2pix-l1": (lambda: Pix2Pix((8, 8, 1), width=4, adversarial=0.0, seed=3),
                   {"source": PIXELS, "target": -PIXELS}),
    "cyclegan": (lambda: CycleGAN((8, 8, 1), width=4, blocks=1, average=0.9, seed=3),
                 {"source": PIXELS, "target": -PIXELS[::-1]}),
    "diffusion": (lambda: Diffusion(**STEPWISE, average=0.9), PIXELS),
    "diffusion-labels": (lambda: Diffusion(**STEPWISE, network="dit", depth=1, classes=(2, 3),
                                           guidance=2.0, schedule="linear", prediction="eps"),
                         {"pixels": PIXELS, "labels": PAIRS}),
    "flow-matching": (lambda: FlowMatching(**STEPWISE, network="dit", depth=1, words=6, length=4,
                                           guidance=2.0, times="uniform"),
                      {"pixels": PIXELS, "tokens": TOKENS}),
    "grid-vae": (lambda: GridVAE((16, 16, 3), channels=2, width=8, seed=3), COLOURED),
    "latent-flow": (lambda: LatentFlow((16, 16, 3), channels=2, autoencoder_width=8, width=8,
                                       depth=1, steps=2, seed=3), LATENTS),
}


# Those that differ from another one by settings only are left to TensorFlow.
SETTINGS = {"vae-dense", "vae-gaussian", "gan-dense", "gan-residual", "gan-dense-blocks",
            "conditional-gan-pairs", "auxiliary-gan-pairs", "vae-gan-dense", "pix2pix-l1",
            "grid-vae"}

# JAX and torch build, train and sample every other model. Seeds, saving and evaluating are the
# work of the mechanism: there, these show them.
MECHANISM = {"vae", "factor-vae", "gan", "cyclegan", "diffusion-labels"}


def cases(*checks):
    """Every model with every check; where one backend is enough, with its mark."""
    enough = {contract.check_builds, contract.check_loss_falls, contract.check_samples}
    for name in MODELS:
        for check in checks:
            everywhere = name not in SETTINGS and (name in MECHANISM or check in enough)
            yield pytest.param(name, check, id=f"{name}-{check.__name__[6:]}",
                               marks=[] if everywhere else [pytest.mark.tensorflow_only])


@pytest.mark.parametrize(("name", "check"), cases(*contract.CHECKS))
def test_contract(name, check):
    check(*MODELS[name])


@pytest.mark.parametrize(("name", "check"), cases(contract.check_save_and_load))
def test_saving(name, check, tmp_path):
    check(*MODELS[name], tmp_path)
