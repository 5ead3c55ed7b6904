import sys
from importlib import import_module
from pkgutil import iter_modules
from textwrap import dedent

import pytest

from vmbench.data.specs import ALL_KINDS
from vmbench.errors import UserError
from vmbench.registry import (
    BASES,
    BUILT_IN,
    KINDS,
    Entry,
    Registry,
    facts,
    import_target,
    registry,
)
from vmbench.scan import entries


def test_a_taken_name_names_both_owners():
    names: Registry[object] = Registry("domain")
    names.add(Entry("domain", "ecg", "a:A", owner="pkg-one 1.0"))
    names.add(Entry("domain", "ecg", "a:A", owner="pkg-one 1.0"))  # the same entry again is fine
    with pytest.raises(UserError, match=r"a:A of pkg-one 1\.0 and b:B of pkg-two 2\.1"):
        names.add(Entry("domain", "ecg", "b:B", owner="pkg-two 2.1"))


def test_unknown_names_get_the_nearest():
    with pytest.raises(UserError, match="unknown method 'viewmakr': did you mean 'viewmaker'"):
        registry("method").get("viewmakr")


@pytest.mark.parametrize(
    ("target", "cause"),
    [("no_such_module:X", "ModuleNotFoundError"), ("vmbench.data.specs:Nope", "AttributeError")],
)
def test_a_plugin_that_fails_to_import_is_reported_with_owner_and_cause(target, cause):
    names: Registry[object] = Registry("method")
    names.add(Entry("method", "bad", target, owner="bad-dist 0.1"))
    assert [e.name for e in names] == ["bad"]  # listing does not import
    with pytest.raises(UserError, match=rf"'bad' of bad-dist 0\.1 cannot be imported.*{cause}"):
        names.get("bad")


@pytest.mark.parametrize("kind", KINDS)
def test_every_built_in_entry_says_what_the_class_says(kind):
    for entry in registry(kind):
        loaded = registry(kind).load_class(entry.name)
        assert entry.summary == (loaded.__dict__.get("summary") or loaded.__doc__.splitlines()[0])
        stated = {name: fact for name, fact in entry.facts.items() if name != "embedded"}
        assert stated == facts(kind, lambda name, _, loaded=loaded: getattr(loaded, name))
        assert set(entry.facts.get("specs", ALL_KINDS)) <= set(ALL_KINDS)


def built_in(kind):
    """Whatever class of ours derives from the base of ``kind`` and has a name of its own."""
    waiting, found = [import_target(BASES[kind])], set()
    while waiting:
        for each in waiting.pop().__subclasses__():
            waiting.append(each)
            if each.__module__.partition(".")[0].startswith("vmbench") and "name" in vars(each):
                found.add(f"{each.__module__}:{each.__qualname__}")
    return found


def test_every_built_in_class_with_a_name_is_registered():
    for package in ("vmbench.objectives", "vmbench.networks", "vmbench.views", "vmbench.evaluation",
                    "vmbench_baselines"):  # fmt: skip
        for module in iter_modules(import_module(package).__path__, f"{package}."):
            import_module(module.name)
    for kind in ("method", "objective", "encoder", "evaluation"):
        ours = {entry.target for entry in registry(kind) if entry.owner == BUILT_IN}
        assert {target for target in built_in(kind) if "<locals>" not in target} == ours


ROOM = {
    "losses.py": """
        import no_such_library
        from vmbench.objectives.base import ContrastiveObjective, Objective
        from vmbench.objectives.simclr import SimCLR

        class Shared(ContrastiveObjective):
            \"""No name: a base.

            def forward(self): not a method, but a line of text
            \"""

            paper = "Me 2026"
            specs = (
                "vector",
            )

        class Colder(
            Shared,
            SimCLR,
        ):
            \"""Colder.

            And more.
            \"""

            name = "colder"
            summary = "as cold " "as ice"
            def loss(self, z1, z2):
                name = "no attribute"
        """,
    "deep/data.py": """
        from vmbench.data.dataset import Dataset
        class Rocks(Dataset):
            name = "rocks"
        class Old:
            name = "old"
        # class Gone(Objective):
        #     name = "gone"
        """,
    "deep/reader.py": """
        from vmbench.networks.encoder import Encoder
        class Reader(Encoder):
            \"""Reads.\"""
            name: str = "reader"
        """,
}


def test_a_new_class_is_registered_by_its_file_alone(tmp_path, monkeypatch):
    room = tmp_path / "room_of_a_test"
    (room / "deep").mkdir(parents=True)
    (room / "__init__.py").write_text("")
    for name, text in ROOM.items():
        (room / name).write_text(dedent(text))
    monkeypatch.syspath_prepend(tmp_path)
    assert entries("room_of_a_test", "vmbench") == [
        Entry("encoder", "reader", "room_of_a_test.deep.reader:Reader", "Reads.",
              {"specs": ALL_KINDS, "paper": ""}),
        Entry("objective", "colder", "room_of_a_test.losses:Colder", "as cold as ice",
              {"kind": "contrastive", "specs": ("vector",), "paper": "Me 2026"}),
    ]  # fmt: skip
    assert "room_of_a_test.losses" not in sys.modules
