"""The cats in words: "a striped ginger cat with green eyes on a blue background".

One small grammar, so that words can be turned into numbers, and a caption back into factors.
"""

import re

import numpy as np

from .cats import FACTORS

NAMES = ("pattern", "fur", "eyes", "background")  # in their order in a caption
_FORM = re.compile("a (?:(?P<pattern>{}) )?(?P<fur>{}) cat with (?P<eyes>{}) eyes on a "
                   "(?P<background>{}) background"
                   .format(*("|".join(FACTORS[name]) for name in NAMES)))
_PHRASES = re.compile("(?:{}) (?=cat)| with [a-z]+ eyes| on a [a-z]+ background"
                      .format("|".join(FACTORS["fur"])))
_WORDS = ("a", "cat", "with", "eyes", "on", "background", "striped")
_COLOURS = (colour for name in NAMES[1:] for colour in FACTORS[name])
VOCABULARY = ("", *dict.fromkeys((*_WORDS, *_COLOURS)))  # a word's place is its token
LENGTH = 11  # words of the longest caption
_TOKENS = {word: token for token, word in enumerate(VOCABULARY)}


def tokens(captions):
    """Captions as int32 (n, LENGTH): places in VOCABULARY, filled up with 0."""
    captions = [captions] if isinstance(captions, str) else captions
    result = np.zeros((len(captions), LENGTH), np.int32)
    for row, sentence in zip(result, captions, strict=True):
        words = str(sentence).split()
        if len(words) > LENGTH:
            raise ValueError(f"caption {sentence!r} has {len(words)} words; at most {LENGTH} fit")
        row[:len(words)] = [_token(word) for word in words]
    return result


def _token(word):
    if word not in _TOKENS:
        raise ValueError(f"unknown word {word!r}; known are: {', '.join(VOCABULARY[1:])}")
    return _TOKENS[word]


def shortened(captions, keep, seed=0):
    """Captions as people type them: the fur, the eyes and the background are each named with the
    probability `keep`, and left out otherwise."""
    random = np.random.default_rng(seed)
    kept = iter((random.random(3 * len(captions)) < keep).tolist())
    return np.array([_PHRASES.sub(lambda match: match[0] if next(kept) else "", str(caption))
                     for caption in captions])


def text(tokens):
    """Tokens (n, LENGTH) back in words, (n,); whatever a model has written, also nonsense."""
    tokens = np.atleast_2d(tokens)
    if tokens.size and not 0 <= tokens.min() <= tokens.max() < len(VOCABULARY):
        raise ValueError(f"tokens has values from {tokens.min()} to {tokens.max()}; expected "
                         f"0 to {len(VOCABULARY) - 1}")
    return np.array([" ".join(VOCABULARY[token] for token in row if token) for row in tokens])


def caption_labels(factors):
    """The factors that captions name, as int32 (n, 4): each one's place in cats.FACTORS.

    For models that are told them as `classes`. Takes captions as well."""
    factors = factors if hasattr(factors, "items") else parse(np.atleast_1d(factors))
    return np.stack([np.array([FACTORS[name].index(value) for value in factors[name]], np.int32)
                     for name in NAMES], axis=1)


def parse(caption):
    """The discrete factors that a caption names; arrays of them for several captions."""
    if not isinstance(caption, str):
        rows = [parse(str(one)) for one in caption]
        return {name: np.array([row[name] for row in rows]) for name in NAMES}
    tokens(caption)  # an unknown word has its own message
    match = _FORM.fullmatch(" ".join(caption.split()))
    if match is None:
        raise ValueError(f"cannot read {caption!r}; expected for example 'a striped ginger cat "
                         "with green eyes on a blue background'")
    return {**match.groupdict(), "pattern": match["pattern"] or "plain"}
