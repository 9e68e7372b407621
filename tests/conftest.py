"""How pytest-xdist shares the tests out."""

import pytest


def pytest_collection_modifyitems(items):
    """A file's tests stay on one worker; each chapter goes where there is room."""
    for item in items:
        if item.get_closest_marker("xdist_group"):
            continue
        chapter = getattr(item, "callspec", None) and item.callspec.params.get("chapter")
        item.add_marker(pytest.mark.xdist_group(chapter or item.path.as_posix()))
