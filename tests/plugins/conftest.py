import importlib
import sys

import pytest
import toy

from vmbench import registry


@pytest.fixture
def install(tmp_path, monkeypatch):
    """A function that lays a distribution down as pip would: its modules and its entry points."""
    site = tmp_path / "site-packages"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    modules = []

    def lay_down(distribution, entry_points, **sources):
        name, version = distribution.split()
        info = site / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: made for a test\n"
        )
        lines = [f"[{group}]\n{line}\n" for group, line in entry_points]
        (info / "entry_points.txt").write_text("\n".join(lines))
        for module, source in sources.items():
            (site / f"{module}.py").write_text(source)
            modules.append(module)
        fresh()

    yield lay_down
    monkeypatch.undo()
    for module in modules:
        sys.modules.pop(module, None)
    fresh()


def fresh():
    """Forget what was registered, as a new process would; the toy domain comes back."""
    importlib.invalidate_caches()
    registry._registries.cache_clear()
    toy.register()
