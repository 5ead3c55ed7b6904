import pytest

from vmbench.data.specs import ALL_KINDS
from vmbench.errors import UserError
from vmbench.registry import Entry, Registry, registry


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


@pytest.mark.parametrize("kind", ["domain", "method", "objective", "encoder", "evaluation"])
def test_every_built_in_entry_loads_and_says_who_it_is(kind):
    for entry in registry(kind):
        loaded = registry(kind).load_class(entry.name)
        assert entry.summary
        assert set(entry.facts.get("specs", ALL_KINDS)) <= set(ALL_KINDS)
        if kind in ("domain", "method"):
            assert loaded.name == entry.name
        if kind == "method":
            assert entry.facts["views"] == loaded.kind
            assert entry.facts["specs"] == loaded.specs
