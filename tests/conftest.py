import pytest
import toy


@pytest.fixture(autouse=True, scope="session")
def _toy_domain():
    toy.register()


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    """Prepared examples go to a folder of the test session, never to the user's cache."""
    shared = tmp_path_factory.getbasetemp() / "vmbench-cache"
    monkeypatch.setenv("VMBENCH_CACHE", str(shared))
