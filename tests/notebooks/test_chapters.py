"""The book's own notebooks: each agrees with its source, and each runs."""

import pytest

from tools import links, notebooks, profiles, sources, toc


def test_notebooks_agree_with_sources_profiles_and_contents():
    assert notebooks.check() == []


def test_links_follow_from_the_address():
    assert links.check() == []


@pytest.mark.parametrize("chapter", toc.chapters())
def test_runs_in_the_quick_profile(chapter, run_quick):
    code, report = run_quick(chapter)
    assert code == 0, report


@pytest.mark.parametrize("chapter", toc.chapters())
def test_quick_profile_is_quicker(chapter):
    own = sources.parameters(chapter, sources.build(chapter))
    quick = own | profiles.values("quick", chapter, own)
    for name in ("count", "epochs", "steps"):
        assert quick.get(name, 0) <= own.get(name, 0), name
