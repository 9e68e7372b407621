"""The built book, once for all tests here: rebuilt only where it is out of date."""

import pytest

from tools import book


@pytest.fixture(scope="session")
def html():
    return book.ensure_built()
