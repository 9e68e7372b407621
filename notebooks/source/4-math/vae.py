# %% [markdown]
# # The bound behind the VAE
#
# **A VAE never computes how probable a picture is, and yet it is trained to make pictures
# probable. How can that be, and how far off is it?**
#
# Usually one cannot say, because the true value is unknown. So we take a model that is simple
# enough to know everything about, derive each formula, and hold it against the exact answer:
# the bound, the KL divergence, the gradient through a random draw, the importance-weighted bound,
# the noise level, $\beta$, posterior collapse, and bits per dimension. Each formula is then
# compared with the function that the book's package uses.
#
# You need integrals, the normal distribution, and the parts of a VAE from
# [Concepts: variational autoencoders](../2-concepts/vae.ipynb).

# %%
import numpy as np
import tensorflow as tf
from keras import Sequential, layers, random
from scipy import integrate, stats

from genimg_utils import metrics, plotting
from genimg_utils.data import load
from genimg_utils.models import vae as package
from genimg_utils.models.multimodal import product_of_experts

# %% tags=["parameters"]
data = "digits"
size = 8
count = 1437
latent = 10
samples = 20_000
seed = 0

# %% [markdown]
# ## A model that keeps no secrets
#
# Take the simplest VAE there is: codes from the standard normal, a decoder that is one matrix
# $W$ and a mean picture $b$, and the same Gaussian noise of standard deviation $\sigma$ on every
# pixel:
#
# $$ p(z) = \mathcal N(z;\, 0, I), \qquad p(x \mid z) = \mathcal N(x;\, Wz + b,\ \sigma^2 I). $$
#
# This is probabilistic principal component analysis
# ([Tipping and Bishop, 1999](https://doi.org/10.1111/1467-9868.00196)). A sum of normals is
# normal, so the **evidence** $p(x) = \int p(x \mid z)\, p(z)\, dz$ and the **posterior**
# $p(z \mid x) = p(x \mid z)\, p(z) / p(x)$ are known exactly:
#
# $$ \begin{aligned}
# p(x) &= \mathcal N(x;\, b,\ WW^\top + \sigma^2 I), \\
# p(z \mid x) &= \mathcal N\big(z;\, M^{-1} W^\top (x - b),\ \sigma^2 M^{-1}\big)
# \quad\text{with}\quad M = W^\top W + \sigma^2 I.
# \end{aligned} $$
#
# Even its maximum-likelihood parameters are known: the columns of $W$ are the leading
# eigenvectors $u_i$ of the data's covariance, scaled by $\sqrt{\lambda_i - \sigma^2}$, and
# $\sigma^2$ is the mean of the eigenvalues $\lambda_i$ that are left over.

# %%
images = load(data, size=size, count=count, seed=seed).pixels
x = images.reshape(len(images), -1).astype("float64")
dimensions = x.shape[1]

b = x.mean(axis=0)
eigenvalues, vectors = np.linalg.eigh(np.cov(x.T, bias=True))
eigenvalues, vectors = eigenvalues[::-1], vectors[:, ::-1]  # largest first
variance = eigenvalues[latent:].mean()
sigma = np.sqrt(variance)
W = vectors[:, :latent] * np.sqrt(eigenvalues[:latent] - variance)

# %%
# alt: Upper row, handwritten digits; lower row, blurred digit-like samples of the linear model
z = np.random.default_rng(seed).normal(size=(12, latent))
plotting.before_after({
    "data": images[:12],
    "samples": np.clip(z @ W.T + b, -1, 1).reshape(-1, *images.shape[1:]),
})

# %% [markdown]
# A poor artist: some samples look like digits, many like two digits at once. But an honest one,
# and we can ask it anything. The two exact answers:

# %%
evidence = stats.multivariate_normal(b, W @ W.T + variance * np.eye(dimensions)).logpdf(x)

M = W.T @ W + variance * np.eye(latent)  # diagonal, since the columns of W are orthogonal
posterior_mean = (x - b) @ W @ np.linalg.inv(M)
posterior_var = variance / np.diag(M)

assert np.allclose(M, np.diag(np.diag(M)))
print(f"log p(x) of a training picture: {evidence.mean():.1f} nats on average")

# %% [markdown]
# ## Why not just average over codes?
#
# The evidence is an average of $p(x \mid z)$ over the prior. So draw many codes and average.

# %%
# alt: Estimates of log p(x) from codes of the prior, averaged over pictures: far below the exact
#   line for a few codes, and still below it for thousands
def log_mean_exp(values, axis=-1):
    highest = values.max(axis=axis, keepdims=True)
    return np.squeeze(highest, axis) + np.log(np.exp(values - highest).mean(axis=axis))


def log_likelihood(picture, z):
    """log p(x|z) of one picture for many codes."""
    error = ((picture - b - z @ W.T) ** 2).sum(axis=-1)
    return -0.5 * (dimensions * np.log(2 * np.pi * variance) + error / variance)


rng = np.random.default_rng(seed)
numbers = np.unique(np.geomspace(1, samples, 40).astype(int))
estimates = []
for picture in x[:32]:
    values = log_likelihood(picture, rng.normal(size=(samples, latent)))
    estimates.append([log_mean_exp(values[:n]) for n in numbers])

figure = plotting.curves({"average over the prior": (numbers, np.mean(estimates, axis=0))},
                         references={"exact": evidence[:32].mean()}, y="estimate of log p(x)",
                         x="codes drawn from the prior, for each picture", height=240)
figure.axes[0].set_xscale("log")
figure

# %% [markdown]
# The figure shows the mean of 32 pictures. Hundreds of codes give an answer that is far too low:
# hardly any code from the prior fits a given picture, and the few that do make the average. Ten
# latents are few; with more of them it gets worse exponentially. We need codes that suit *this*
# picture: that is what an encoder is for.
#
# ## The bound
#
# Let $q(z)$ be any density over codes (in a VAE: $q(z \mid x)$, from the encoder). Multiply and
# divide by it inside the integral, and use that the logarithm is concave, so that the log of an
# average is at least the average of the logs (**Jensen's inequality**):
#
# $$ \begin{aligned}
# \log p(x) = \log \mathbb E_{q}\!\left[\frac{p(x, z)}{q(z)}\right]
# \;&\ge\; \mathbb E_{q}\!\left[\log \frac{p(x, z)}{q(z)}\right] \\
# &= \underbrace{\mathbb E_q[\log p(x \mid z)]}_{\text{reconstruction}}
# - \underbrace{\mathrm{KL}(q(z) \,\|\, p(z))}_{\text{cost of the code}}
# \;=:\; \mathrm{ELBO}.
# \end{aligned} $$
#
# ELBO stands for *evidence lower bound*; "variational lower bound" is the same thing. Jensen says
# that there is a gap. How large? Write $p(x, z) = p(z \mid x)\, p(x)$ in the middle expression:
#
# $$ \mathrm{ELBO} = \mathbb E_q\!\left[\log p(x) + \log \frac{p(z \mid x)}{q(z)}\right]
# = \log p(x) - \mathrm{KL}\big(q(z) \,\|\, p(z \mid x)\big). $$
#
# So the gap is exactly the divergence of $q$ from the true posterior: not an approximation, an
# identity. Raising the ELBO over $q$ brings $q$ to the posterior; raising it over the decoder
# raises the evidence or closes the gap.
#
# Now take one picture. For our model with $q = \mathcal N(m, \mathrm{diag}(s^2))$ both parts of the ELBO are short.

# %%
def gaussian_kl(mean, var, prior_mean=0.0, prior_var=1.0):
    """KL of N(mean, var) from N(prior_mean, prior_var), summed over independent latents."""
    terms = np.log(prior_var / var) - 1 + (var + (mean - prior_mean) ** 2) / prior_var
    return 0.5 * terms.sum(axis=-1)


def elbo(picture, mean, var):
    """E_q log p(x|z) - KL(q||p), exactly: the noise of z adds var times the columns of W."""
    spread = (var * (W**2).sum(axis=0)).sum(axis=-1) / variance
    return log_likelihood(picture, mean) - 0.5 * spread - gaussian_kl(mean, var)


# %% [markdown]
# Try the identity with a thousand arbitrary $q$, good and bad, for the first picture.

# %% tags=["nbval-check-output"]
picture, exact = x[0], evidence[0]
mean = posterior_mean[0] + rng.normal(size=(1000, latent))
var = posterior_var * np.exp(rng.normal(size=(1000, latent)))
gap = gaussian_kl(mean, var, posterior_mean[0], posterior_var)

assert np.allclose(elbo(picture, mean, var) + gap, exact)
assert (elbo(picture, mean, var) <= exact).all()
assert np.isclose(elbo(picture, posterior_mean[0], posterior_var), exact)
print("ELBO + KL(q || posterior) = log p(x): True; tight where q is the posterior: True")

# %%
# alt: Two curves of the ELBO against a stretch and a shift of q; both touch the line of the exact
#   log p(x) at the true posterior and fall away from it; the shaded gap is the KL divergence
figure, (left, right) = plotting.axes(1, 2, height=280, sharey=True)
factors, shifts = np.geomspace(0.3, 3, 60), np.linspace(-1.5, 1.5, 60)
stretched = [elbo(picture, posterior_mean[0], posterior_var * f**2) for f in factors]
shifted = [elbo(picture, posterior_mean[0] + s * np.sqrt(posterior_var), posterior_var)
           for s in shifts]
for axis, xs, values, label in (
        (left, factors, stretched, "width of q ÷ width of the posterior"),
        (right, shifts, shifted, "shift of q, in posterior widths")):
    axis.plot(xs, values, label="ELBO")
    axis.fill_between(xs, values, exact, alpha=0.15, label="KL(q ‖ posterior)")
    axis.axhline(exact, color=plotting.COLOURS["grey"], linestyle="-.", label="log p(x)")
    axis.set_xlabel(label)
left.set(xscale="log", ylabel="nats")
left.set_xticks([0.3, 0.5, 1, 2, 3], ["0.3", "0.5", "1", "2", "3"])
left.minorticks_off()
right.legend(loc="lower center")
figure

# %% [markdown]
# The curves touch the line in one place, where $q$ is the posterior, and never cross it. Twice too
# wide costs more than twice too narrow: the bound forgives clouds that are too small. Near the top
# both curves are flat: a slightly wrong encoder is cheap.
#
# A VAE's gap has three sources: the posterior may not be a normal with independent latents; one
# network must serve all pictures (*amortisation*); and training may not have finished.
#
# ## The Kullback–Leibler divergence, three ways
#
# $\mathrm{KL}(q \,\|\, p) = \mathbb E_q[\log q(z) - \log p(z)]$ says how many nats are wasted by
# expecting $p$ where $q$ is true. It is at least zero, zero only for $q = p$, and not symmetric.
# For one latent with $q = \mathcal N(\mu, s^2)$ and $p = \mathcal N(0, 1)$:
#
# $$ \mathbb E_q[\log q] = -\tfrac12\big(\log 2\pi + \log s^2 + 1\big), \qquad
# \mathbb E_q[\log p] = -\tfrac12\big(\log 2\pi + \mu^2 + s^2\big), $$
#
# where the $1$ is $\mathbb E_q[(z-\mu)^2]/s^2$ and $\mu^2 + s^2$ is $\mathbb E_q[z^2]$. Subtract:
#
# $$ \mathrm{KL} = \tfrac12\big(\mu^2 + s^2 - 1 - \log s^2\big). $$
#
# Independent latents add up. Compare with the integral done numerically, and with the package.

# %% tags=["nbval-check-output"]
mu, s = 1.2, 0.4
q, p = stats.norm(mu, s), stats.norm(0, 1)
closed = 0.5 * (mu**2 + s**2 - 1 - np.log(s**2))
numerical, _ = integrate.quad(lambda z: q.pdf(z) * (q.logpdf(z) - p.logpdf(z)), -8, 8)
other_way = gaussian_kl(np.array([0.0]), np.array([1.0]), mu, s**2)

log_var = np.float32([[2 * np.log(s)]])
in_package = package.kl_divergence(np.float32([[mu]]), log_var).numpy()[0]
assert np.isclose(closed, numerical) and np.isclose(closed, in_package)
assert np.isclose(package.kl_divergence(tf.zeros((1, 5)), tf.zeros((1, 5))).numpy()[0], 0)
print(f"closed form {closed:.4f}, integral {numerical:.4f}; "
      f"the other way round {other_way:.4f}")

# %% [markdown]
# The third way works for any densities that can be sampled and evaluated, formulas or not: draw
# $z$ from $q$ and take $\log q(z) - \log p(z)$. Its error falls as one over the square root of
# the number of draws.

# %%
# alt: On logarithmic axes, the error of the sampled KL falls along a line of slope minus one half
z = rng.normal(mu, s, size=(100, 4096))
terms = q.logpdf(z) - p.logpdf(z)
numbers = 2 ** np.arange(13)
errors = [np.sqrt(np.mean((terms[:, :n].mean(axis=1) - closed) ** 2)) for n in numbers]

of_package = package.kl_sampled(np.float32(z[..., None]), np.float32([mu]), log_var[0]).numpy()
assert np.allclose(of_package, terms, atol=1e-4)
figure = plotting.curves(
    {"error of the mean of n draws": (numbers, errors),
     "standard deviation of one draw / √n": (numbers, terms.std() / np.sqrt(numbers))},
    x="n", y="nats", log=True, height=240)
figure.axes[0].set_xscale("log")
figure

# %%
print(f"{np.mean(terms < 0):.1%} of the single draws are negative, though the KL is not")

# %% [markdown]
# Where the closed form exists it is better: no noise, and never negative. Hierarchical models
# and richer posteriors have only the sampled form.
#
# ## The gradient through a random draw
#
# The encoder decides the distribution of $z$, and the loss is an average over it:
# $L(\mu, s) = \mathbb E_{z \sim \mathcal N(\mu, s^2)}[f(z)]$ with $f(z) = \log p(x \mid z)$. How
# does one differentiate with respect to $\mu$, if $\mu$ sits in the distribution and not in $f$?
# A sampled $z$ is just a number; it has no derivative.
#
# **Score function** (REINFORCE, [Williams, 1992](https://doi.org/10.1007/BF00992696)):
# differentiate the density, and use $\nabla q = q\, \nabla \log q$:
#
# $$ \nabla_\mu L = \int f(z)\, \nabla_\mu q(z)\, dz
# = \mathbb E_q\big[f(z)\, \nabla_\mu \log q(z)\big]
# = \mathbb E_q\!\left[f(z)\, \frac{z - \mu}{s^2}\right]. $$
#
# **Reparameterisation**: say how $z$ is drawn, $z = \mu + s\,\varepsilon$ with
# $\varepsilon \sim \mathcal N(0, I)$. Now the distribution is fixed, and $\mu$ is inside $f$:
#
# $$ \nabla_\mu L = \mathbb E_\varepsilon\big[\nabla_\mu f(\mu + s\,\varepsilon)\big]
# = \mathbb E_\varepsilon\big[\nabla f(z)\big]. $$
#
# Both are right on average. The first uses only the *value* of $f$, the second its *slope*. Test
# them at the start of training, where the encoder knows nothing and $q$ is the prior. The exact
# gradient of our model is $W^\top (x - b - W\mu) / \sigma^2$.

# %%
mu, s = np.zeros(latent), np.ones(latent)
noise = rng.normal(size=(samples, latent))
z = mu + s * noise
exact_gradient = W.T @ (picture - b - W @ mu) / variance

f = log_likelihood(picture, z)[:, None]
score = (z - mu) / s**2
estimators = {
    "score function": f * score,
    "score function, minus a baseline": (f - f.mean()) * score,
    "reparameterisation": (picture - b - z @ W.T) @ W / variance,
}
for name, gradients in estimators.items():
    relative = np.linalg.norm(gradients.std(axis=0)) / np.linalg.norm(exact_gradient)
    error = (gradients.mean(axis=0) - exact_gradient) / (gradients.std(axis=0) / samples**0.5)
    assert np.abs(error).max() < 6  # unbiased: within six standard errors
    print(f"{name:33s} noise of one sample = {relative:6.1f} × the gradient")

# %% [markdown]
# (The baseline, a *control variate*, subtracts a constant from $f$; that changes nothing on
# average since $\mathbb E_q[\nabla \log q] = 0$, and it removes much of the noise. It was
# estimated from the same samples, which biases the result by one part in their number.)
#
# How many samples must be averaged until the noise is smaller than the gradient?

# %%
# alt: Relative error of three gradient estimators against the number of samples; the score
#   function needs many more samples than reparameterisation; the baseline helps but does not
#   close the distance
numbers = 2 ** np.arange(0, int(np.log2(samples)) - 4)


def relative_error(gradients, n):
    """Root mean square error of means of n samples, relative to the exact gradient."""
    groups = gradients[: len(gradients) // n * n].reshape(-1, n, latent).mean(axis=1)
    error = np.linalg.norm(groups - exact_gradient, axis=1)
    return np.sqrt(np.mean(error**2)) / np.linalg.norm(exact_gradient)


figure = plotting.curves(
    {name: (numbers, [relative_error(gradients, n) for n in numbers])
     for name, gradients in estimators.items()},
    references={"as large as the gradient": 1.0}, x="samples averaged", y="relative error",
    log=True, height=280)
figure.axes[0].set_xscale("log")
figure

# %% [markdown]
# All lines have the slope of $1/\sqrt n$; what differs is their height. A VAE takes **one** draw
# per picture and step. With reparameterisation that suffices; without it, one would have to
# average many. This is all that the trick is for: it lets the gradient reach the encoder with
# little noise. It adds no diversity, since $z$ has the same distribution either way.
#
# The package's `sample_gaussian` is reparameterised. Automatic differentiation through it gives
# the formula above, and cutting the path gives nothing:

# %% tags=["nbval-check-output"]
mean, log_var = tf.zeros((1, latent)), tf.zeros((1, latent))
with tf.GradientTape(persistent=True) as tape:
    tape.watch(mean)
    z = package.sample_gaussian(mean, log_var, random.SeedGenerator(seed))
    errors = [tf.reduce_sum((picture - b - tf.cast(code, tf.float64) @ W.T) ** 2)
              for code in (z, tf.stop_gradient(z))]
    f, cut = (-error / (2 * variance) for error in errors)

by_hand = (picture - b - z.numpy()[0] @ W.T) @ W / variance
assert np.allclose(tape.gradient(f, mean)[0], by_hand, rtol=1e-3)
print("through sample_gaussian: as derived; with the path cut:", tape.gradient(cut, mean))

# %% [markdown]
# ## Many samples for a tighter bound
#
# Jensen lost something by taking the log of *one* weight $w = p(x, z)/q(z)$. Average $K$ of them
# first ([Burda et al., 2016](https://arxiv.org/abs/1509.00519)):
#
# $$ \mathcal L_K = \mathbb E\left[\log \frac1K \sum_{k=1}^K \frac{p(x, z_k)}{q(z_k)}\right],
# \qquad \mathrm{ELBO} = \mathcal L_1 \le \mathcal L_2 \le \dots \le \log p(x). $$
#
# An average of more weights varies less, so the log of it loses less. Use a $q$ that is wrong on
# purpose: shifted by one posterior width and a third too wide.

# %%
def log_weights(pictures, mean, var, number):
    """log p(x, z) - log q(z) for `number` codes of each picture: (pictures, number)."""
    noise = rng.normal(size=(len(mean), number, latent))
    z = mean[:, None] + np.sqrt(var) * noise
    log_prior = -0.5 * (latent * np.log(2 * np.pi) + (z**2).sum(axis=-1))
    log_q = -0.5 * (np.log(2 * np.pi * var) + noise**2).sum(axis=-1)
    return log_likelihood(pictures[:, None], z) + log_prior - log_q


wrong_mean = posterior_mean[:32] + np.sqrt(posterior_var)
wrong_var = posterior_var * 1.33**2
weights = log_weights(x[:32], wrong_mean, wrong_var, 1024)

# %%
# alt: The importance-weighted bound rises with the number of samples from the ELBO towards the
#   exact log p(x) and never exceeds it
numbers = 2 ** np.arange(11)
bounds = [log_mean_exp(weights.reshape(32, -1, k)).mean() for k in numbers]

assert np.allclose(metrics.importance_weighted_bound(weights), log_mean_exp(weights))
assert all(low < high + 0.05 for low, high in zip(bounds[:-1], bounds[1:], strict=True))
assert bounds[-1] < evidence[:32].mean() + 0.3
figure = plotting.curves({"bound with K samples": (numbers, bounds)},
                         references={"exact log p(x)": evidence[:32].mean()},
                         x="K", y="nats", height=240)
figure.axes[0].set_xscale("log", base=2)
figure

# %% [markdown]
# On the left stands the ELBO, on the right nearly the exact evidence, with the same poor encoder.
# This is how the log-likelihood of a trained VAE is estimated. It remains a lower bound: more
# samples can only make a model look better, so a report must name its $K$.
#
# Should one *train* on it with a large $K$? The decoder gains. The encoder loses: as $K$ grows,
# the bound cares less and less about $q$, and the encoder's gradient drowns in noise
# ([Rainforth et al., 2018](https://arxiv.org/abs/1802.04537)). Measure the signal-to-noise ratio,
# mean over standard deviation, of the gradients for the encoder (with respect to $\mu$) and for
# the decoder (with respect to $b$, along the first eigenvectors), with a $q$ that is nearly right.

# %%
# alt: Signal-to-noise ratio of the gradients against K; the decoder's rises, the encoder's falls
mean, var = posterior_mean[0] + 0.3 * np.sqrt(posterior_var), posterior_var * 1.1**2


def signal_to_noise(k, repeats=2000):
    """Of the gradient of log mean w, for the encoder and for the decoder."""
    noise = rng.normal(size=(repeats, k, latent))
    z = mean + np.sqrt(var) * noise
    error = picture - b - z @ W.T
    log_w = -0.5 * ((error**2).sum(axis=-1) / variance + (z**2 - noise**2).sum(axis=-1))
    share = np.exp(log_w - log_mean_exp(log_w)[:, None]) / k  # each draw's part in the bound
    for slope in (error @ W / variance - z, error @ vectors[:, :latent] / variance):
        gradient = (share[..., None] * slope).sum(axis=1)
        yield np.sqrt(np.mean((gradient.mean(axis=0) / gradient.std(axis=0)) ** 2))


numbers = 2 ** np.arange(7)
encoder, decoder = np.transpose([list(signal_to_noise(k)) for k in numbers])
figure = plotting.curves({"encoder": (numbers, encoder), "decoder": (numbers, decoder)},
                         x="K", y="signal to noise", log=True, height=240)
figure.axes[0].set_xscale("log", base=2)
figure

# %% [markdown]
# The lines part: what is good for the bound is bad for the encoder's learning. Remedies exist
# ([Tucker et al., 2019](https://arxiv.org/abs/1810.04152)); a plain VAE trains with $K = 1$ and is
# *evaluated* with many.
#
# ## The package's VAE on the exact model
#
# If encoder and decoder are single linear layers, the package's VAE *is* this model. Give it the
# exact posterior as encoder. Then $p(x, z)/q(z \mid x) = p(x)$ for **every** $z$: the weights
# must not vary at all, and each must be the evidence.

# %% tags=["nbval-check-output"]
class LinearVAE(package.VAE):
    """The package's VAE with one linear layer each way."""

    def build_networks(self, condition):
        self.encoder = Sequential([layers.Input(self.shape), layers.Flatten(),
                                   layers.Dense(2 * self.latent)])
        self.decoder = Sequential([layers.Input((self.latent,)), layers.Dense(dimensions),
                                   layers.Reshape(self.shape)])


model = LinearVAE(images.shape[1:], latent=latent, likelihood="gaussian")
to_mean = W @ np.linalg.inv(M)
model.encoder.set_weights([np.hstack([to_mean, 0 * to_mean]),
                           np.concatenate([-b @ to_mean, np.log(posterior_var)])])
model.decoder.set_weights([W.T, b])
model.log_sigma.assign(np.log(sigma))

weights = model.log_weights(images[:64], samples=5, seed=seed)
assert np.allclose(weights, evidence[:64, None], rtol=1e-3, atol=0.02)
assert np.ptp(weights, axis=1).max() < 0.05
print("log weights of shape", weights.shape, "all equal log p(x): True")

# %% [markdown]
# ## Which likelihood? The noise level decides
#
# Many tutorials write "mean squared error plus KL". The Gaussian log-likelihood of a picture with
# $D$ numbers, decoded to $\hat x$, is
#
# $$ \log p(x \mid z) = -\frac{D}{2} \log (2\pi\sigma^2)
# - \frac{1}{2\sigma^2} \sum_{d=1}^D (x_d - \hat x_d)^2 . $$
#
# A **sum** over pixels, over $2\sigma^2$. Whoever writes the plain sum has chosen
# $\sigma^2 = \tfrac12$. Whoever writes the *mean* has divided by $D$ and thereby chosen
# $\sigma^2 = D/2$; or, multiplying the loss by $D$, has chosen $\sigma^2 = \tfrac12$ and
# $\beta = D$.

# %%
print("the mean of squared errors, as a noise level of pixels that span 2 in all:")
for name, numbers in (("8×8 grey", 64), ("28×28 grey", 784), ("64×64 colour", 12288)):
    print(f"  {name:13s} σ = {np.sqrt(numbers / 2):5.1f}, or β = {numbers}")

# %% [markdown]
# Noise many times the range of the pixels: no wonder that such models collapse. What is the best
# $\sigma$? Set the derivative to zero, and it is the root of the mean squared error. The package
# learns it along with the networks
# (`log_sigma`; [Rybkin et al., 2021](https://arxiv.org/abs/2006.13202)).

# %%
# alt: Negative log-likelihood against the assumed sigma: a steep wall for too small values, a
#   minimum at the root mean square error, a slow rise beyond
reconstructed = (posterior_mean @ W.T + b).reshape(images.shape).astype("float32")
root_mean_square = np.sqrt(np.mean((images - reconstructed) ** 2))
sigmas = np.geomspace(0.3, 8, 80) * root_mean_square
losses = [-np.mean(package.gaussian_log_likelihood(
    images[:64], reconstructed[:64], np.float32(np.log(s)))) for s in sigmas]
figure = plotting.curves({"negative log-likelihood": (sigmas, losses)},
                         x="assumed σ (dashed: root mean square error)", y="nats", height=240)
figure.axes[0].axvline(root_mean_square, color=plotting.COLOURS["grey"], linestyle="--")
figure.axes[0].set_xscale("log")
figure

# %% tags=["nbval-check-output"]
by_hand = -0.5 * (dimensions * np.log(2 * np.pi * variance)
                  + ((x - reconstructed.reshape(x.shape)) ** 2).sum(axis=1) / variance)
of_package = package.gaussian_log_likelihood(images, reconstructed, np.float32(np.log(sigma)))
assert np.allclose(of_package, by_hand, rtol=1e-4, atol=1e-2)

z = np.float32(rng.normal(size=(5, latent)))
assert np.allclose(package.log_normal(z, z + 1, 0 * z), stats.norm(1, 1).logpdf(0) * latent)
print("formula and package agree: True")

# %% [markdown]
# Too small a $\sigma$ is punished at once, too large a one only slowly: a mis-set noise level does
# not announce itself.
#
# ### Black and white pixels
#
# If a pixel is either white ($x_d = 1$) or not ($x_d = 0$), the decoder's number $\ell_d$, a
# **logit**, becomes a probability $p_d = 1/(1 + e^{-\ell_d})$, and
#
# $$ \log p(x \mid z) = \sum_d x_d \log p_d + (1 - x_d) \log(1 - p_d)
# = \sum_d x_d \ell_d - \log(1 + e^{\ell_d}) . $$
#
# That is minus the binary cross-entropy, *summed*. The right-hand form never takes the log of a
# rounded zero.

# %% tags=["nbval-check-output"]
logits = rng.normal(scale=3, size=images.shape).astype("float32")
white, probability = images > 0, 1 / (1 + np.exp(-logits.astype("float64")))
by_hand = np.where(white, np.log(probability), np.log(1 - probability)).sum(axis=(1, 2, 3))
of_package = package.bernoulli_log_likelihood(images, logits)
assert np.allclose(of_package, by_hand, rtol=1e-4, atol=1e-2)
print("formula and package agree: True")

# %% [markdown]
# Note what the package did with grey: it made each pixel black or white at mid-grey. Feeding grey
# values into the formula "works" and is common, but then $p(x \mid z)$ is no probability: over
# $x_d \in [0, 1]$ it does not integrate to one, and by how much depends on the answer
# ([Loaiza-Ganem and Cunningham, 2019](https://arxiv.org/abs/1907.06845)). And the way of
# binarising (a threshold, or drawn at random, once or each time) is part of the data set: numbers
# from different ways cannot be compared.

# %% tags=["nbval-check-output"]
for p in (0.5, 0.9, 0.999):
    total, _ = integrate.quad(lambda grey, p=p: p**grey * (1 - p) ** (1 - grey), 0, 1)
    print(f"p = {p}: grey values have a total probability of {total:.3f}")

# %% [markdown]
# ## β, as a rate and a distortion
#
# Call the KL the **rate** $R$ (nats the code carries) and minus the reconstruction term the
# **distortion** $D$. Then $-\mathrm{ELBO} = D + R$, and a β-VAE minimises $D + \beta R$
# ([Alemi et al., 2018](https://arxiv.org/abs/1711.00464)). For a fixed decoder the best $q$ is
# proportional to $p(z)\, p(x \mid z)^{1/\beta}$: the posterior, had the noise been
# $\beta \sigma^2$. In our model, exactly:

# %%
# alt: Distortion against rate, a falling convex curve; the straight line of slope minus one that
#   touches it does so at beta 1, where distortion plus rate equals minus log p(x)
def rate_and_distortion(beta):
    precision = np.diag(W.T @ W) / (beta * variance) + 1
    mean = (x - b) @ W / (beta * variance) / precision
    var = np.broadcast_to(1 / precision, mean.shape)
    rate = gaussian_kl(mean, var).mean()
    return rate, -elbo(x, mean, var).mean() - rate


betas = np.geomspace(0.05, 100, 60)
rates, distortions = np.array([rate_and_distortion(beta) for beta in betas]).T
figure, axis = plotting.axes(height=300)
axis.plot(rates, distortions, label="best q for each β")
for beta in (0.1, 1, 4, 20):
    rate, distortion = rate_and_distortion(beta)
    axis.plot(rate, distortion, "o", color=plotting.COLOURS["red"])
    axis.annotate(f"β = {beta}", (rate, distortion), xytext=(6, 6), textcoords="offset points")
axis.plot(rates, -evidence.mean() - rates, "--", color=plotting.COLOURS["grey"],
          label="D + R = −log p(x)")
axis.set(xlabel="rate R (nats)", ylabel="distortion D (nats)")
axis.legend()
figure

# %% tags=["nbval-check-output"]
slopes = np.gradient(distortions, rates)
assert np.allclose(slopes[1:-1], -betas[1:-1], rtol=0.05)  # the curve's slope is -β
assert np.isclose(sum(rate_and_distortion(1.0)), -evidence.mean())
assert (distortions + rates >= -evidence.mean() - 1e-9).all()
print("slope of the curve = -β: True; D + R is least at β = 1 and equals -log p(x): True")

# %% [markdown]
# Each $\beta$ is one point of the same curve: fewer nats in the code, more error in the picture.
# No $\beta$ is "better"; the bound on the likelihood is tightest at $\beta = 1$, looser above, and below it there is none. A higher one buys simpler codes
# with worse pictures.
#
# ## Why latents die
#
# In a trained VAE some latents often carry nothing: their $q$ equals the prior. That is
# **posterior collapse**, and it is often blamed on the KL term. The linear model shows a more
# basic cause ([Lucas et al., 2019](https://arxiv.org/abs/1911.02469)). Fix $\sigma$ and choose the
# best $W$: its columns are $u_i \sqrt{\lambda_i - \sigma^2}$ where $\lambda_i > \sigma^2$, and
# **zero** elsewhere. Insert this into the KL and average over data; nearly everything cancels:
#
# $$ \overline{\mathrm{KL}}_i = \tfrac12 \log \frac{\lambda_i}{\sigma^2}
# \quad\text{if } \lambda_i > \sigma^2, \qquad 0 \text{ otherwise.} $$
#
# A latent lives only while it explains more variance than the assumed noise has. At the
# maximum-likelihood $\sigma$ of our model, the package's function agrees:

# %% tags=["nbval-check-output"]
per_latent = package.gaussian_kl(np.float32(posterior_mean), np.float32(np.log(posterior_var)))
per_latent = per_latent.numpy().mean(axis=0)
assert np.allclose(per_latent, 0.5 * np.log(eigenvalues[:latent] / variance), rtol=1e-4)
print("mean KL of each latent = half the log of eigenvalue over noise: True")

# %%
# alt: KL of each of ten latents against the assumed sigma; one after the other they fall to zero
figure, axis = plotting.axes(height=280)
sigmas = np.geomspace(0.5 * sigma, 1.3 * np.sqrt(eigenvalues[0]), 200)
for i in range(latent):
    kl = 0.5 * np.log(np.maximum(eigenvalues[i] / sigmas**2, 1))
    axis.plot(sigmas, kl, color=plotting.CLASSES[i % 10], label=f"$z_{{{i + 1}}}$")
axis.axvline(sigma, color=plotting.COLOURS["grey"], linestyle="--")
axis.set(xscale="log", xlabel="assumed σ (dashed: the best one)", ylabel="KL (nats)")
axis.legend(ncols=2)
figure

# %% [markdown]
# One after another the latents switch off as $\sigma$ grows, the least useful first. Now the
# "mean of squared errors" from above makes sense: its $\sigma$ lies far to the right of this
# plot, where nothing lives. So look at the noise level first. Deep decoders add causes of their
# own; [the variants](../5-practice/vae-variants.ipynb) show a collapse and its cures.
#
# One cure is **free bits** ([Kingma et al., 2016](https://arxiv.org/abs/1606.04934)): no charge
# for the first $\lambda$ nats of each latent, $\sum_i \max(\overline{\mathrm{KL}}_i, \lambda)$, so
# that nothing is won by giving them up.

# %% tags=["nbval-check-output"]
kl = np.float32([[0.1, 0.9, 2.0], [0.3, 0.5, 1.0]])  # (pictures, latents)
by_hand = np.maximum(kl.mean(axis=0), 0.5).sum()
assert np.isclose(package.free_bits(kl, 0.5), by_hand)
print(f"KL per latent {kl.mean(axis=0)}, charged in all {by_hand:.1f} "
      f"instead of {kl.sum() / 2:.1f}")

# %% [markdown]
# ## Nats, bits, and what a density is worth
#
# A nat is $1/\log 2 \approx 1.44$ bits. Dividing by the number of pixels and channels gives **bits
# per dimension**, comparable between sizes. But a *density* on continuous pixels is not a
# probability of grey levels: squeeze the scale by ten and every density grows tenfold. Two steps
# make it one ([Theis et al., 2016](https://arxiv.org/abs/1511.01844)): spread each grey level
# evenly over its bin by adding uniform noise, and multiply the density by the bin's width. The
# result bounds the bits that a code for the grey levels themselves would need.

# %%
bin_width = 2 / 16  # the digits have grey levels 0, 1, … 16, from -1 to 1
test = load("digits", split="test", size=8, seed=seed).pixels.reshape(-1, 64).astype("float64")


def spread_over_bins(pixels):
    return pixels + rng.uniform(-bin_width / 2, bin_width / 2, pixels.shape)


train = spread_over_bins(load("digits", size=8, seed=seed).pixels.reshape(-1, 64))
values, axes = np.linalg.eigh(np.cov(train.T))
noise = values[:-latent].mean()
covariance = (axes[:, -latent:] * (values[-latent:] - noise)) @ axes[:, -latent:].T
model = stats.multivariate_normal(train.mean(axis=0), covariance + noise * np.eye(64))

nats = -model.logpdf(spread_over_bins(test)).mean()
by_hand = nats / (64 * np.log(2)) - np.log2(bin_width)
assert np.isclose(by_hand, metrics.bits_per_dimension(nats, 64, bin_width=bin_width))
assert np.isclose(metrics.bits_per_dimension(64 * np.log(256), 64), 8)  # 256 equal levels
print(f"linear model: {by_hand:.2f} bits per pixel; equal odds for all 17 levels: "
      f"{np.log2(17):.2f}")

# %% [markdown]
# Better than no model, and not by much: this data is far from normal (most pixels are exactly
# black), and a linear decoder cannot say so.
#
# ## Takeaways
#
# 1. ELBO = log-evidence minus the divergence of $q$ from the true posterior. It is an identity,
#    and with exact numbers it holds to the last digit.
# 2. Reparameterisation and score function estimate the same gradient; the first with so little
#    noise that one draw is enough.
# 3. The noise level $\sigma$, a sum taken for a mean, and $\beta$ are one dial: they set how many
#    nats a code may carry, and which latents live.
#
# ## Exercises
#
# **1.** With $q$ equal to the posterior, how much do $\mathcal L_1$ and $\mathcal L_{64}$ differ?
#
# <details><summary>Answer</summary>
#
# Not at all. Every weight equals $p(x)$, and the average of equal numbers has nothing for Jensen
# to lose.
#
# </details>

# %% tags=["hide-input"]
weights = log_weights(x[:16], posterior_mean[:16], posterior_var, 64)
assert np.allclose(log_mean_exp(weights), weights.mean(axis=1))
print("largest difference below 1e-8:", np.ptp(weights, axis=1).max() < 1e-8)

# %% [markdown]
# **2.** Show that the variance of the reparameterised gradient does not depend on $x$ in this
# model, while that of the score function does. Check it with two pictures.
#
# <details><summary>Answer</summary>
#
# $\nabla f = W^\top (x - b - W\mu - W s \varepsilon)/\sigma^2$: the picture only shifts it, and
# the noise enters through $W^\top W s \varepsilon / \sigma^2$ alone. The score-function estimate
# multiplies the noise by $f$, which depends on $x$.
#
# </details>

# %% tags=["hide-input"]
z = np.random.default_rng(seed).normal(size=(2000, latent))
for name, estimate in (
        ("reparameterisation", lambda p: (p - b - z @ W.T) @ W / variance),
        ("score function", lambda p: log_likelihood(p, z)[:, None] * z)):
    first, second = (estimate(p).std(axis=0).mean() for p in x[:2])
    print(f"{name:18s} equal for two pictures: {np.isclose(first, second)}")

# %% [markdown]
# **3.** A model with *one* latent sees each pixel as an expert that votes for $z$: pixel $d$ says
# $z \approx (x_d - b_d)/w_d$, with variance $\sigma^2/w_d^2$. Multiply all experts and the prior,
# and compare with the exact posterior. (The multimodal VAE joins pictures and captions so.)
#
# <details><summary>Answer</summary>
#
# Precisions add, and means are weighted by precisions: exactly the posterior,
# $(1 + \sum_d w_d^2/\sigma^2)^{-1}$ for the variance. The package's `product_of_experts` does it.
#
# </details>

# %% tags=["hide-input", "nbval-check-output"]
w = W[:, 0]
useful = np.abs(w) > 1e-3  # a pixel that does not depend on z has no vote
votes = np.float32((picture - b)[useful] / w[useful])
log_vars = np.float32(np.log(variance / w[useful] ** 2))
mean, log_var = product_of_experts(list(votes), list(log_vars))
precision = 1 + (w**2).sum() / variance
assert np.isclose(mean, (picture - b) @ w / variance / precision, rtol=1e-2, atol=1e-3)
assert np.isclose(np.exp(log_var), 1 / precision, rtol=1e-2)
print("product of experts = posterior: True")
