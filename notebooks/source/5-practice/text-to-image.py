# %% [markdown]
# # Text to image: pictures from sentences
#
# **Type a sentence, get that picture: what is a sentence to a network, how does it come to obey, and
# what does it do with words that it has never seen together?**
#
# The services that turn text into pictures hide all of this behind a box to type in. Here the box is
# small enough to look into. Our cats come with captions, so a model of 1.9 million weights learns to
# draw what it is told on two processor cores. In this chapter you train a smaller one in a minute and
# watch which words it understands first. Then you measure the finished one: does it obey, what does
# guidance cost, can it draw what was left out of its training, and how do you change one word of a
# picture? The model is the one of [flow matching](../4-math/flow-matching.ipynb), which is told a
# caption beside the time. [Concepts](../2-concepts/diffusion.ipynb) explains both ideas.

# %%
import numpy as np
from keras import optimizers
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from genimg_utils import metrics, plotting, store, zoo
from genimg_utils.data import captions, cats, load
from genimg_utils.models import flow
from genimg_utils.models.flow import FlowMatching

# %% tags=["parameters"]
size = 16  # of the pictures that are trained on here
count = 6000  # of them
steps = 1800  # of training
samples = 150  # for each measurement
seed = 0

# %%
# alt: Four captions, and ten drawn cats for each: fur, stripes, eyes and background as the caption says
painter = zoo.load("text-to-cat")
asked = ["a striped ginger cat with green eyes on a blue background",
         "a black cat with yellow eyes on a pink background",
         "a white cat with blue eyes on a dark background",
         "a striped grey cat with yellow eyes on a green background"]


def rows_of(pictures, columns=10):
    """A row of pictures under each caption."""
    return plotting.grid(np.stack([plotting.tile(row[:columns], columns) for row in pictures.values()]),
                         columns=1, titles=list(pictures), scale=2)


def by_caption(captioned):
    return rows_of({text: painter.sample(10, tokens=captions.tokens(text)[0], seed=seed + row)
                    for row, text in enumerate(captioned)})


by_caption(asked)

# %% [markdown]
# Each row is one caption and ten different noises. What the caption names is the same in all ten;
# what it does not name, such as the tilt of the head or the width of the pupils, is left to the
# noise. From a terminal the same takes one line:
#
# ```
# genimg sample text-to-cat --caption "a black cat with green eyes on a blue background" --count 32 --out cats.png
# ```
#
# ## What a sentence is to a network
#
# A row of whole numbers. Every word of a **vocabulary** has its place in a list, and that place is
# its **token**. Short captions are filled up with 0, the word that says nothing.

# %% tags=["nbval-check-output"]
words = captions.VOCABULARY
print(len(words) - 1, "words:", ", ".join(words[1:]))
for caption in (asked[0], "a cat with green eyes"):
    print(captions.tokens(caption)[0], "←", caption)

# %% [markdown]
# The numbers themselves mean nothing: 9 is not more than 8. So the first layer is a table, an
# **embedding**, with a vector for each token, learned like all other weights. Large systems cut rare
# words into pieces, so that nothing is ever unknown to them. Ours says what it does not know:

# %% tags=["nbval-check-output"]
try:
    captions.tokens("a turquoise dragon on a blue background")
except ValueError as error:
    print(error)

# %% [markdown]
# Then the words must meet. In "green eyes on a blue background", *green* has to find out that it is
# about eyes. Each word gets a vector for its place added, since the next step would not notice the
# order; then in two rounds of **attention** ([Vaswani et al., 2017](https://arxiv.org/abs/1706.03762))
# each word looks at all others and takes over some of what they say.
#
# The result reaches the picture on two roads:
#
# - **One vector for all**: the mean of the words joins the vector that tells the time, and both scale
#   and shift the features of every block, everywhere alike (FiLM:
#   [Perez et al., 2018](https://arxiv.org/abs/1709.07871)).
# - **Cross-attention**: at the lowest level of the U-Net each place of the picture looks at the words and
#   takes what concerns *it*. This is how latent diffusion is told its text
#   ([Rombach et al., 2022](https://arxiv.org/abs/2112.10752)).

# %% tags=["hide-input"]
# alt: Diagram. A caption goes through table, places and attention to words in context. Their mean joins the
#   time and scales and shifts all blocks of a U-Net; the words themselves are looked at from its lowest
#   level. The U-Net takes a noisy picture and gives a velocity
figure, axis = plotting.axes(height=250)
axis.set(xlim=(0, 14), ylim=(0, 5))
axis.axis("off")


def part(x, y, text, colour, width, height=0.8):
    axis.add_patch(FancyBboxPatch((x - width / 2, y - height / 2), width, height, alpha=0.25,
                                  boxstyle="round,pad=0.08", facecolor=colour, edgecolor="none"))
    axis.text(x, y, text, ha="center", va="center")


def arrow(start, end):
    axis.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=12,
                                   color="#777777", shrinkA=0, shrinkB=0))


part(1.5, 4.2, "caption", "grey", 2.2)
part(4.8, 4.2, "table + places", "tab:green", 2.6)
part(8.4, 4.2, "attention, twice", "tab:green", 2.8)
part(12.1, 4.2, "words in context", "grey", 2.8)
part(1.5, 2.6, "time", "grey", 2.2)
part(8.4, 2.6, "one vector: time + mean of the words", "tab:orange", 5.4)
part(1.5, 0.7, "noisy picture", "grey", 2.2)
part(8.4, 0.7, "U-Net", "tab:blue", 8.4, 0.9)
for start, end in (((2.7, 4.2), (3.4, 4.2)), ((6.2, 4.2), (6.9, 4.2)), ((9.9, 4.2), (10.6, 4.2)),
                   ((10.8, 3.7), (10.2, 3.1)), ((2.7, 2.6), (5.6, 2.6)), ((2.7, 0.7), (4.1, 0.7)),
                   ((8.4, 2.1), (8.4, 1.25)), ((12.3, 3.7), (12.3, 1.25))):
    arrow(start, end)
axis.text(8.2, 1.7, "scale and shift", ha="right", va="center")
axis.text(12.1, 1.7, "look", ha="right", va="center")
figure

# %% [markdown]
# ## A minute of training
#
# Nothing else changes. The loss is that of flow matching, on triples of picture, noise and time,
# with the caption as one input more. In one of ten cases the caption is replaced by zeros
# (`drop=0.1`), so that the network also learns to draw with no caption; that will be needed for
# guidance.

# %%
data = load("cats", size=size, count=count, seed=seed)
model = FlowMatching(data.pixels.shape[1:], width=32, average=0.995, words=len(captions.VOCABULARY),
                     length=captions.LENGTH, drop=0.1, seed=seed)
batches = count // 32
epochs = max(1, steps // batches)
rate = optimizers.schedules.CosineDecay(0.0, epochs * batches, warmup_target=2e-3,
                                        warmup_steps=min(100, batches // 2))
model.compile({"denoising": optimizers.AdamW(rate, beta_2=0.99)})
fed = {"pixels": data.pixels, "tokens": captions.tokens(data.captions)}
print(f"{sum(map(np.size, model.network.get_weights())):,} weights; for example: {data.captions[0]}")

# %% [markdown]
# Whether it obeys is judged by `cats-features`, the network that reads a cat's properties off a picture.
# It was trained on pictures of 32×32; on real ones of 16×16, each pixel doubled, it makes no
# mistake. Captions for the test are those of test cats, and each is drawn once.

# %%
test = load("cats", size=size, count=samples, seed=seed, split="test")


def judged(pixels, asked):
    larger = pixels.repeat(32 // pixels.shape[1], axis=1).repeat(32 // pixels.shape[1], axis=2)
    return metrics.attribute_accuracy(larger, asked)


told = captions.tokens(test.captions)
shown = captions.tokens(asked).repeat(2, axis=0)
progress, frames, done = {}, {}, 0
for until in sorted({max(1, round(epochs * share)) for share in (0.06, 0.15, 0.3, 0.6, 1.0)}):
    model.fit(fed, initial_epoch=done, epochs=until, batch_size=32, verbose=0)
    done = until
    progress[until * batches] = judged(
        model.sample(samples, tokens=told, steps=5, guidance=2.0), test.captions)
    frames[f"step {until * batches}"] = model.sample(8, tokens=shown, guidance=2.0, seed=seed)
print("real pictures:", {name: f"{share:.0%}" for name, share in
                         judged(test.pixels, test.captions).items()})

# %%
# alt: Lines of accuracy over training steps for background, fur, eyes and pattern: background and fur are
#   right soon, eyes and stripes come later
figure, axis = plotting.axes(height=260)
for name in ("background", "fur", "eyes", "pattern"):
    axis.plot(list(progress), [right[name] for right in progress.values()], "o-", label=name)
    guess = 1 / len(cats.FACTORS[name])
    axis.axhline(guess, color=axis.lines[-1].get_color(), linewidth=1, linestyle=":")
axis.set(xlabel="training step", ylabel="share as asked", ylim=(0, 1.03))
axis.legend()
figure

# %%
# alt: The same eight noises, two for each of four captions, at five times of the training: coloured fog of the
#   right colours first, then heads, then eyes and stripes
plotting.before_after(frames)

# %% [markdown]
# The dotted lines are what guessing would give. Large things are obeyed first: the background is half of
# all pixels, and a wrong one costs much. Eyes are a few pixels each; their colour hardly shows in the
# loss, and it comes late. This is true of large systems as well, and of what they still get wrong:
# small things, such as hands and letters.
#
# ## Guidance
#
# The finished model is twice the size in each direction and was trained for longer. It was told
# captions with phrases missing, too: each of fur, eyes and background is named in four of five.

# %%
card = store.card("text-to-cat")
print(f"{card['steps']:,} steps, {sum(map(np.size, painter.network.get_weights())):,} weights, "
      f"{card['kilobytes']:,} kB")

# %% [markdown]
# Since it can draw with and without a caption, we can ask it twice at each step and exaggerate the
# difference. With $v_c$ the velocity it answers when told caption $c$ and $v_\varnothing$ when
# told nothing, **classifier-free guidance**
# ([Ho and Salimans, 2022](https://arxiv.org/abs/2207.12598)) moves along
#
# $$ v = v_\varnothing + g \, (v_c - v_\varnothing). $$
#
# With $g = 0$ the caption is ignored, with $g = 1$ it is obeyed as far as the network has learned
# to, and above 1 the picture is pushed away from what would be there without the caption. The price is a
# second call of the network at each step, and something else:

# %%
# alt: Rows of the same eight noises at guidance 0, 1, 2, 4 and 8. At 0 any cats, from 1 on the cat that was
#   asked for, at 8 hard colours and broken outlines
caption = "a striped grey cat with blue eyes on a yellow background"
rows, table = {}, {}
for guidance in (0, 1, 2, 4, 8):
    drawn = painter.sample(samples, tokens=told, steps=5, guidance=guidance, seed=seed)
    score = metrics.score(drawn, features="cats-features", reference="cats", seed=seed)
    table[f"g = {guidance}"] = judged(drawn, test.captions), score.fid
    rows[f"g = {guidance}"] = painter.sample(8, tokens=captions.tokens(caption)[0], guidance=guidance,
                                             seed=seed)
plotting.before_after(rows, title=caption)

# %%
for name, (right, fid) in table.items():
    mean = np.mean([right[part] for part in captions.NAMES])
    print(f"{name}: properties right {mean:6.1%}, all four {right['all']:6.1%}, FID {fid:6.2f}")
print(f"{samples} captions; on cats-features (not Inception-FID)")

# %% [markdown]
# Without the caption's part, at 0, cats come as they like. At 1 nearly every caption is obeyed in everything, at 2, this
# model's default, every one here. From there on obedience has nothing to gain, and the pictures pay: colours grow
# harder, outlines break, FID climbs, and in the end even obedience falls. Services that draw for you use strong guidance
# all the same, because their captions are harder to obey, and because what people like is not what data are.
#
# ## What it has never seen
#
# One combination was left out of the training on purpose: not one of its pictures shows a ginger cat on
# a purple background. It has seen ginger cats, and cats on purple.

# %%
# alt: Two rows of ten ginger cats on purple backgrounds, plain and striped, with eyes of three colours
unseen = [f"a {pattern}ginger cat with {eyes} eyes on a purple background"
          for pattern in ("", "striped ") for eyes in cats.FACTORS["eyes"]]
drawn = painter.sample(20, tokens=captions.tokens(np.resize(unseen, 20)), seed=seed + 1)
for name in ("asked", "left out"):
    score = card["scores"][name]
    print(f"{name:8}:", *(f"{part} {score[part]:.1%}" for part in captions.NAMES),
          f"all {score['all']:.1%}")
plotting.grid(drawn, columns=10)

# %% [markdown]
# It draws them, and off 500 pictures of each kind the judge reads what was left out as reliably as what was there. Nobody told the model that fur
# and background are two things; it found that out because all the other captions are explained best that way. Do not take that
# for granted. The properties of our cats were drawn independently, and only one pair in 36 was left out. Where data show
# two things only together, no model can know that they come apart.
#
# ## One word changed
#
# The same noise and nearly the same caption give nearly the same picture. So an edit is easy for
# pictures that the model has drawn itself: keep the noise, and change a word.

# %%
# alt: A row of eight white cats, and the same cats four times more, each time with one word of the caption
#   changed: striped, green eyes, black fur, pink background
edits = {"as it was": "a white cat with blue eyes on a dark background",
         "striped": "a striped white cat with blue eyes on a dark background",
         "green eyes": "a white cat with green eyes on a dark background",
         "black": "a black cat with blue eyes on a dark background",
         "pink": "a white cat with blue eyes on a pink background"}
noise = painter.draw_noise(8, seed=seed + 5)
edited = {name: painter.decode(noise, tokens=captions.tokens(text)[0]) for name, text in edits.items()}
plotting.before_after(edited)

# %%
for name, pixels in edited.items():
    change = np.abs(pixels - edited["as it was"])
    print(f"{name:10} as asked {judged(pixels, np.full(8, edits[name]))['all']:4.0%}, "
          f"pixels that changed visibly {np.mean(change.max(axis=-1) > 0.2):4.0%}")

# %% [markdown]
# Head, gaze and ears stay much as they are, and what the word names changes: a few stripes, the eyes, or
# all of the fur or background. No mask, no second network. Nothing *forces* the rest to stay, though: look closely, and an
# ear or a muzzle has moved here and there. For a picture that the model has not drawn you need its noise first, which
# [flow matching can find](flow-matching.ipynb#the-noise-behind-a-picture).
#
# ## Words left out
#
# Nobody types four properties. What the caption does not say is the model's to choose, and it should
# choose as the data do.

# %%
# alt: Three rows of ten cats: any cats; black cats with eyes and backgrounds of all colours; cats of all
#   colours on a blue background
short = ["a cat", "a black cat", "a cat on a blue background"]
brief = {text: painter.sample(2 * samples // 5, tokens=captions.tokens(text)[0], steps=5, seed=seed + 2)
         for text in short}
judge = metrics.features.load("cats-features")
for text, pixels in brief.items():
    seen = judge.factors(pixels)
    print(f"{text:28}", *(f"{name}: " + " ".join(
        f"{value} {np.mean(seen[name] == value):.0%}" for value in cats.FACTORS[name])
        for name in ("fur", "eyes")), sep="  ")
rows_of(brief)

# %% [markdown]
# "A cat" may have any fur, and "a black cat" eyes of all three colours. Compare the shares with the data's, a sixth for
# each fur and a third for each colour of eyes. Among sixty pictures chance moves a share by about six in a hundred; some are
# off by more than twice that. Where nothing is asked for, a model's own habits show, and guidance exaggerates them, too.
#
# ## Nonsense
#
# Known words in ways that were never seen:

# %%
# alt: Four captions that ask for what there never was, and ten cats for each
odd = ["a blue cat with ginger eyes on a striped background", "a pink cat", "eyes eyes eyes",
       "a ginger black cat with green eyes on a blue background"]
by_caption(odd)

# %% [markdown]
# A word acts by what it has been with. *Pink* was always about backgrounds, so "a pink cat" mostly gets one, and its fur stays
# open. The model cannot paint a blue cat: it has learned which pictures go with which captions, and not what
# *blue* is. Two furs at once give one of them, or brown, which lies between. And three times *eyes* is a cat, since all that it
# knows are cats. Nothing here looks broken, and that is the danger: **a model that does not understand still draws a
# fine picture.**
#
# ## How the large ones differ
#
# | | Here | In the large systems |
# |---|---|---|
# | words | 19, their vectors learned with the model | pieces of words, read by a network trained beforehand: on pictures with captions ([CLIP](https://arxiv.org/abs/2103.00020)) or on text alone (T5 in [Imagen](https://arxiv.org/abs/2205.11487)) |
# | pictures | 60,000, each caption true | hundreds of millions to billions from the web ([LAION-5B](https://arxiv.org/abs/2210.08402)) whose captions say little; many are described anew by a model |
# | what is drawn | 32×32 pixels | a small code of the picture ([latent diffusion](https://arxiv.org/abs/2112.10752)), or a small picture that other models enlarge |
# | network | a U-Net of 1.9 million weights | billions: 3.5 in [GLIDE](https://arxiv.org/abs/2112.10741), up to 8 in [Stable Diffusion 3](https://arxiv.org/abs/2403.03206), which is a transformer and trained by flow matching |
# | obedience | a network reads four properties | people compare; networks count objects, colours and places ([GenEval](https://arxiv.org/abs/2310.11513)) |
#
# The loss, guidance and sampling are the same.
#
# ## Takeaways
#
# 1. A caption is a row of numbers. A table makes vectors of them, attention lets words find out what they belong to, and
#    the picture is told in two ways: one vector everywhere, and words looked up at each place.
# 2. Large things are obeyed first, small ones last.
# 3. Guidance asks twice and exaggerates the difference. A little sharpens obedience; much of it costs variety and, in
#    the end, the picture.
# 4. The model combines properties that it has never seen together. It does not *understand* a caption that its data
#    could not have had.
#
# ## Exercises
#
# **1.** *Negative prompts.* In guidance, put another caption in the place of "nothing": one to stay away from.
# Draw "a cat" away from "a cat with green eyes". Which eyes do you get?
#
# <details><summary>Answer</summary>
#
# Hardly ever green ones: at each step the velocity moves away from what the unwanted caption would draw. What both
# captions agree on, the cat, cancels in the difference and stays.
#
# </details>

# %% tags=["hide-input"]
# alt: Two rows of ten cats from the same noises, guided away from nothing and away from green eyes
def steered(wanted, unwanted, noise, guidance=2.0):
    rows = [np.broadcast_to(captions.tokens(text)[0], (len(noise), captions.LENGTH))
            for text in (wanted, unwanted)]

    def velocity(x, t):
        towards, away = (painter.predict_at(t, x, row) for row in rows)
        return away + guidance * (towards - away)

    return np.clip(flow.heun(velocity, noise, np.linspace(0, 1, 6).tolist()), -1, 1)


many = painter.draw_noise(samples // 2, seed=seed + 4)
prompts = {"away from nothing": "", "away from green": "a cat with green eyes"}
results = {name: steered("a cat", text, many) for name, text in prompts.items()}
for name, pixels in results.items():
    eyes = judge.factors(pixels)["eyes"]
    print(f"{name:18}", *(f"{value} {np.mean(eyes == value):.0%}" for value in cats.FACTORS["eyes"]))
plotting.before_after({name: pixels[:10] for name, pixels in results.items()})

# %% [markdown]
# **2.** Sort the words of each test caption alphabetically. *Striped* and *ginger* can be about nothing but stripes and fur;
# *green* can be about eyes or background. Which properties will still be drawn as asked?
#
# <details><summary>Answer</summary>
#
# All of them suffer, even those whose words have one meaning only. To each word's vector that of its place is added, and
# *striped* in the ninth place is something that this network has never met. Without places those two would
# survive, but no network could then tell green eyes from a green background. Large models meet nearly every word in nearly
# every place.
#
# </details>

# %% tags=["hide-input"]
mixed = [" ".join(sorted(text.split())) for text in test.captions]
right = judged(painter.sample(samples, tokens=captions.tokens(mixed), steps=5, seed=seed), test.captions)
print(mixed[0])
print("as asked:", ", ".join(f"{name} {right[name]:.0%}" for name in captions.NAMES))

# %% [markdown]
# **3.** "A cat without stripes": neither *without* nor *no* is in the vocabulary. Suppose that they were, but not in one
# training caption of a thousand. What would the model draw, and how do you get a plain cat?
#
# <details><summary>Answer</summary>
#
# Probably stripes: the word *stripes* pulls towards them wherever it occurs, and *without* has had little to learn from.
# Large models show the same weakness with negation. Say what you want instead ("a plain cat", if the data say so),
# or use a negative prompt.
#
# </details>
#
# **Next:** [Few steps: from twenty calls to one](few-step.ipynb)
