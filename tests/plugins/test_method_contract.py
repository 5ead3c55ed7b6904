"""Each fault of a view family or yardstick is found by its clause."""

import faulty
import pytest

from vmbench.testing import check_method, checks_of
from vmbench.testing.report import perform


def failing(method, *, represent=False):
    _, checks = checks_of(method)
    outcomes = [perform(c, None) for c in checks if represent or c.clause != "represent"]
    return {o.check.clause: o.reason for o in outcomes if o.status == "failed"}


# A fault may break more than one promise; each names its clauses.
@pytest.mark.parametrize(("views", "clauses", "reason"), [
    (faulty.WrongDtype, {"shape-dtype", "batch-of-one", "several"}, "becomes torch.float64"),
    (faulty.DividesByStd, {"finite"}, "views of a constant zero"),
    (faulty.NoClamp, {"value-range"}, "clamp them"),
    (faulty.InPlace, {"no-mutation"}, "in place"),
    (faulty.Constant, {"stochastic"}, "two calls with one generator"),
    (faulty.OwnGenerator, {"seeded", "global-randomness"}, "generator alone"),
    (faulty.GlobalTorch, {"seeded", "global-randomness", "picklable"}, "generator alone"),
    (faulty.GlobalPython, {"global-randomness"}, "a global random state is changed"),
    (faulty.OneDrawPerBatch, {"per-example"}, "16 copies of one example in a batch get 1 "),
    (faulty.NotForOne, {"batch-of-one"}, "(1, 27) on cpu becomes torch.float32 of (27,)"),
    (faulty.OneView, {"several"}, "names 1 views of an example"),
    (faulty.ThirdViewLarger, {"several"}, "view 3 of a batch of (16, 27) has shape (16, 54)"),
    (faulty.HoldsALambda, {"picklable"}, "pickle"),
    (faulty.TrainableButFixed, {"learned"}, "use buffers"),
    (faulty.LearnedWithoutGradient, {"learned"}, "role is 'adversary'"),
])  # fmt: skip
def test_a_fault_fails_its_clauses(views, clauses, reason):
    found = failing(faulty.method_of(views))
    assert found.keys() == clauses
    assert any(reason in text for text in found.values()), found


def test_learned_views_need_a_gradient():
    found = failing(faulty.method_of(faulty.LearnedWithoutGradient, kind="learned"))
    assert found.keys() == {"learned"}


@pytest.mark.parametrize(("changes", "reason"), [
    ({"name": "Bad"}, "use lower-case letters"),
    ({"kind": "random"}, "kind = 'random'; use one of learned, handcrafted, fixed, none"),
    ({"specs": ("vector", "graph")}, "state some of grid, sequence, vector"),
    ({"yardstick": True}, "is no yardstick"),
])  # fmt: skip
def test_a_fault_of_identity(changes, reason):
    found = failing(faulty.method_of(faulty.SoundViews, **changes))
    assert found.keys() == {"identity"}
    assert reason in found["identity"]


@pytest.mark.parametrize(("method", "reason"), [
    (faulty.NaNFeatures, "NaN"),
    (faulty.BatchFeatures, "depend on the rest of its batch"),
    (faulty.FlatFeatures, "not (B, D)"),
    (faulty.UnseededFeatures, "changes a global random state"),
])  # fmt: skip
def test_a_fault_of_a_yardstick(method, reason):
    found = failing(method, represent=True)
    assert found.keys() == {"represent"}
    assert reason in found["represent"]


def test_sound_ones_pass_whole_on_every_spec_they_serve():
    for method, count in ((faulty.SoundMethod, 1 + 3 * 13), (faulty.SoundYardstick, 1 + 1)):
        report = check_method(method)
        assert report.passed, str(report)
        assert len(report.outcomes) == count
