"""Recipes: a name for model + data + hyperparameters + epochs + seed. All of them stand here.

`genimg train NAME` runs one (see zoo.py).
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a training makes."""

    name: str
    says: str                       # what it is, in a line
    model: str                      # file and class in genimg_utils/models
    data: str
    settings: dict = field(default_factory=dict)  # arguments of the class
    size: int | None = None         # None: the data set's own
    count: int | None = None        # training pictures; None: all, or the data set's default
    inputs: tuple = ("pixels",)     # what the model is trained on
    autoencoder: str = ""           # the recipe of what makes latents of the pixels
    without: dict = field(default_factory=dict)  # pictures with all these factors are left out
    only: str = ""                  # the one class that is kept; all if empty
    mirrored: bool = False          # each picture also the other way round
    phrases: float = 1.0            # how often each phrase of a caption is kept
    epochs: int = 10
    batch_size: int = 128
    learning_rate: float = 1e-3     # after a short rise, falls to 0 along a half cosine
    rates: dict = field(default_factory=dict)  # other learning rates, by phase
    adam: dict = field(default_factory=dict)   # other arguments of the optimizer
    weight_decay: float = 0.0
    clip: float | None = None       # longest gradient, all variables together
    precision: str = "float32"
    features: str = ""              # the feature network that scores its samples
    seed: int = 0


MNIST_VAE = dict(shape=(28, 28, 1), latent=32, width=16)
CATS_VAE = dict(shape=(32, 32, 3), latent=32, width=32, likelihood="gaussian")
PLAYERS = dict(batch_size=32, rates={"generator": 2e-3, "discriminator": 8e-3},
               adam={"beta_1": 0.5, "beta_2": 0.99})
MNIST_GAN = dict(shape=(28, 28, 1), latent=64, width=16, average=0.999)
STEPWISE = dict(batch_size=32, learning_rate=1.5e-3, adam={"beta_2": 0.99}, clip=1.0,
                precision="bfloat16")
CATS_GAN = dict(shape=(32, 32, 3), latent=64, width=20, discriminator_width=24, average=0.999)

RECIPES = {recipe.name: recipe for recipe in (
    Recipe("vae-mnist", "digits, and a bound on the likelihood of each",
           "vae.VAE", "mnist", MNIST_VAE,
           epochs=36, batch_size=100, learning_rate=3e-3, weight_decay=0.05, clip=1.0,
           features="digits-features"),
    Recipe("cvae-mnist", "digits on demand: a VAE that is told the label",
           "vae_variants.ConditionalVAE", "mnist", {**MNIST_VAE, "classes": 10},
           inputs=("pixels", "labels"), epochs=24, batch_size=100, learning_rate=2e-3,
           weight_decay=0.05, features="digits-features"),
    Recipe("vae-cats", "cats; the KL term weighs 12, so that samples are as sharp as they look",
           "vae.VAE", "cats", {**CATS_VAE, "beta": 12.0},
           count=40_000, epochs=56, features="cats-features"),
    Recipe("beta-vae-cats", "cats with a weight of 40 on the KL term: latents that mean something",
           "vae.VAE", "cats", {**CATS_VAE, "latent": 16, "beta": 40.0},
           count=40_000, epochs=48, features="cats-features"),
    Recipe("hvae-cats", "cats from two levels of latents",
           "vae_variants.HierarchicalVAE", "cats",
           {**CATS_VAE, "latent": 8, "channels": 4, "beta": 2.0},
           count=40_000, epochs=36, clip=1.0, features="cats-features"),
    Recipe("multimodal-vae-cats", "cats and their captions in one latent space",
           "multimodal.MultimodalVAE", "cats", {**CATS_VAE, "beta": 12.0},
           count=40_000, inputs=("pixels", "tokens"), epochs=36, features="cats-features"),
    Recipe("dcgan-mnist", "digits from two networks that play against each other",
           "gan.GAN", "mnist", MNIST_GAN, epochs=38, **PLAYERS, features="digits-features"),
    Recipe("wgan-gp-mnist", "digits from a critic with a gradient penalty",
           "gan.GAN", "mnist",
           {**MNIST_GAN, "discriminator_width": 24, "discriminator_levels": 3,
            "loss": "wasserstein", "normalisation": "none", "penalty": 1.0, "critic_steps": 2},
           epochs=24, batch_size=64, rates={"generator": 1e-3, "discriminator": 1.5e-3},
           adam={"beta_1": 0.0, "beta_2": 0.9}, features="digits-features"),
    Recipe("gan-cats", "cats that ask for a second look",
           "gan.GAN", "cats", {**CATS_GAN, "discriminator_levels": 3, "gain": 0.25},
           count=40_000, epochs=36, **PLAYERS, features="cats-features"),
    Recipe("gan-cifar-cats", "cats of CIFAR-10 (JPEG), an honest hard case: an hour of one core",
           "gan_augmented.AugmentedGAN", "cifar10",
           {**CATS_GAN, "width": 24, "discriminator_levels": 3, "normalisation": "none",
            "penalty": 1.0, "critic_steps": 2, "strength": 0.5,
            "policy": ("colour", "translation")},
           only="cat", mirrored=True, epochs=66, batch_size=64,
           rates={"generator": 1e-3, "discriminator": 2e-3},
           adam={"beta_1": 0.0, "beta_2": 0.9}),
    Recipe("cgan-mnist", "digits on demand: a GAN whose players are both told the label",
           "gan_conditional.ConditionalGAN", "mnist",
           {**MNIST_GAN, "classes": 10}, inputs=("pixels", "labels"), epochs=3, **PLAYERS,
           features="digits-features"),
    Recipe("cgan-cats", "cats on demand: pattern, fur, eyes and background as asked",
           "gan_conditional.ConditionalGAN", "cats",
           {**CATS_GAN, "classes": (2, 6, 3, 6)},
           count=40_000, inputs=("pixels", "factors"), epochs=9, **PLAYERS,
           features="cats-features"),
    Recipe("cyclegan-cats", "cats by day and by night, learned without pairs",
           "translation.CycleGAN", "cats",
           dict(shape=(32, 32, 3), width=16, blocks=1, identity=1.0, average=0.995),
           count=8000, inputs=("day", "night"), epochs=6, batch_size=8, learning_rate=2e-3,
           adam={"beta_1": 0.5}),
    Recipe("ddpm-mnist", "digits on demand, out of noise in small steps back",
           "diffusion.Diffusion", "mnist",
           dict(shape=(28, 28, 1), prediction="x0", classes=10, average=0.999, guidance=1.25,
                steps=10),
           inputs=("pixels", "labels"), epochs=4, **STEPWISE, features="digits-features"),
    Recipe("flow-matching-mnist", "digits on demand, along nearly straight lines from noise",
           "flow.FlowMatching", "mnist",
           dict(shape=(28, 28, 1), classes=10, average=0.999, guidance=1.25),
           inputs=("pixels", "labels"), epochs=5, **STEPWISE, features="digits-features"),
    Recipe("flow-matching-cats", "the best cats of the book",
           "flow.FlowMatching", "cats", dict(shape=(32, 32, 3), average=0.999),
           count=40_000, epochs=8, **STEPWISE, features="cats-features"),
    Recipe("text-to-cat", "type a sentence, get that cat",
           "flow.FlowMatching", "cats", dict(shape=(32, 32, 3), average=0.999, guidance=2.0),
           count=60_000, inputs=("pixels", "tokens"),
           without={"fur": "ginger", "background": "purple"}, phrases=0.8, epochs=6, **STEPWISE,
           features="cats-features"),
    Recipe("grid-vae-cats", "cats of 64×64 as four numbers at each of 16×16 places, and back",
           "latent.GridVAE", "cats", dict(shape=(64, 64, 3)), size=64,
           count=16_000, epochs=6, batch_size=16, learning_rate=2e-3, clip=1.0),
    Recipe("latent-diffusion-cats", "cats of 64×64 as asked, drawn in another model's latents",
           "latent.LatentFlow", "cats",
           dict(shape=(64, 64, 3), average=0.999, guidance=2.0), size=64, count=20_000,
           inputs=("pixels", "tokens"), autoencoder="grid-vae-cats",
           without={"fur": "ginger", "background": "purple"}, phrases=0.8, epochs=20,
           **STEPWISE, features="cats-features"),
    Recipe("digits-features", "a digit classifier whose features the metrics compare",
           "classifier.Classifier", "mnist", inputs=("pixels", "targets"),
           epochs=12, learning_rate=2e-3),
    Recipe("cats-features", "reads the factors of a cat off its picture; features for the metrics",
           "classifier.Classifier", "cats", count=40_000, inputs=("pixels", "targets"),
           epochs=12, learning_rate=2e-3),
)}
