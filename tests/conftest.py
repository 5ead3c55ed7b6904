import pytest
import toy

from vmbench.training.trainer import Trainer


@pytest.fixture(autouse=True, scope="session")
def _toy_domain():
    toy.register()


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    """Prepared examples go to a folder of the test session, never to the user's cache."""
    shared = tmp_path_factory.getbasetemp() / "vmbench-cache"
    monkeypatch.setenv("VMBENCH_CACHE", str(shared))


@pytest.fixture
def trainings(monkeypatch):
    """Folders that were trained in, in order."""
    found = []
    original = Trainer.train

    def train(self, folder, *arguments, **options):
        found.append(folder)
        return original(self, folder, *arguments, **options)

    monkeypatch.setattr(Trainer, "train", train)
    return found
