"""No test here reads or fills the user's own cache, or data that happen to lie around."""

import pytest


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("GENIMG_CACHE", str(folder))
    monkeypatch.delenv("GENIMG_DATA", raising=False)
    return folder
