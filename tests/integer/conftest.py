import pytest


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory):
    """Compiled models of this session, shared by its tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARLIB_CACHE", str(tmp_path_factory.mktemp("compiled")))
        yield
