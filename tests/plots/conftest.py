"""Figures here are drawn with matplotlib's own look, whatever an earlier test has set."""

import matplotlib as mpl
import pytest


@pytest.fixture(autouse=True)
def _own_look():
    with mpl.rc_context():
        mpl.rcdefaults()
        yield
