import numpy as np
import pytest

from genimg_utils.data import captions, cats

GINGER = "a striped ginger cat with green eyes on a blue background"


def all_captions():
    grid = np.meshgrid(*(cats.FACTORS[name] for name in captions.NAMES), indexing="ij")
    factors = dict(zip(captions.NAMES, (values.ravel() for values in grid), strict=True))
    return factors, cats.caption(factors)


def test_every_caption_survives_tokens_and_parsing():
    factors, sentences = all_captions()
    assert len(set(sentences)) == 2 * 6 * 3 * 6
    tokens = captions.tokens(sentences)
    assert tokens.dtype == np.int32 and tokens.shape == (len(sentences), captions.LENGTH)
    np.testing.assert_array_equal(captions.text(tokens), sentences)
    for name, values in captions.parse(sentences).items():
        np.testing.assert_array_equal(values, factors[name])


def test_the_vocabulary_is_what_captions_use_and_no_more():
    _, sentences = all_captions()
    assert captions.VOCABULARY[0] == "" and len(set(captions.VOCABULARY)) == 20
    assert set(" ".join(sentences).split()) == set(captions.VOCABULARY[1:])
    assert max(len(sentence.split()) for sentence in sentences) == captions.LENGTH


def test_short_captions_are_padded_with_zero():
    tokens = captions.tokens(["a cat", GINGER])
    assert (tokens[0, 2:] == 0).all() and (tokens[1] > 0).all()
    assert captions.text(tokens[0]).tolist() == ["a cat"]


def test_one_caption_is_parsed_to_names():
    assert captions.parse(GINGER) == {"pattern": "striped", "fur": "ginger", "eyes": "green",
                                      "background": "blue"}
    assert captions.parse("a  white cat with yellow eyes on a dark background")["pattern"] == (
        "plain")


def test_factors_and_captions_as_numbers():
    factors, sentences = all_captions()
    labels = captions.caption_labels(factors)
    assert labels.dtype == np.int32 and labels.shape == (216, 4)
    np.testing.assert_array_equal(captions.caption_labels(sentences), labels)
    assert captions.caption_labels(GINGER).tolist() == [[1, 3, 0, 0]]
    assert len({tuple(row) for row in labels}) == 216


@pytest.mark.parametrize("call", [captions.parse, captions.tokens, captions.caption_labels])
def test_an_unknown_word_is_named_with_the_known_ones(call):
    with pytest.raises(ValueError, match="unknown word 'dog'; known are: a, cat, with"):
        call("a white dog with yellow eyes on a dark background")


def test_known_words_in_the_wrong_order_are_no_caption():
    with pytest.raises(ValueError, match="cannot read 'cat a with'; expected for example"):
        captions.parse("cat a with")
    with pytest.raises(ValueError, match="has 12 words; at most 11 fit"):
        captions.tokens(["a " * 12])
    with pytest.raises(ValueError, match="expected 0 to 19"):
        captions.text([[1, 20]])


def test_captions_are_shortened_by_whole_phrases():
    whole = "a striped ginger cat with green eyes on a blue background"
    short = captions.shortened([whole] * 2000, 0.6, seed=1)
    np.testing.assert_array_equal(short[:10], captions.shortened([whole] * 10, 0.6, seed=1))
    assert set(short) == {f"a striped {fur}cat{eyes}{background}" for fur in ("ginger ", "")
                          for eyes in (" with green eyes", "")
                          for background in (" on a blue background", "")}
    for word in ("ginger", "green", "blue"):
        assert np.mean([word in caption for caption in short]) == pytest.approx(0.6, abs=0.04)
    assert captions.shortened([whole], 1.0).tolist() == [whole]
    assert captions.shortened([whole], 0.0).tolist() == ["a striped cat"]
