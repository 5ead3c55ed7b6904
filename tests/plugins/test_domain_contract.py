"""Each fault is found by its clause and by no other; what keeps the contract passes it whole."""

import faulty
import pytest
from toy import Toy

from vmbench.errors import UserError
from vmbench.testing import check_domain, checks_of
from vmbench.testing.report import perform


def failing(subject, data_dir=None, *, worker=False):
    """Clause -> reason of the checks that fail; the one that starts a process only on demand."""
    _, checks = checks_of(subject, data_dir)
    outcomes = [perform(c, None) for c in checks if worker or c.clause != "worker"]
    return {o.check.clause: o.reason for o in outcomes if o.status == "failed"}


@pytest.mark.parametrize(("dataset", "clause", "reason"), [
    (faulty.WrongName, "loads", "has name = 'another'"),
    (faulty.NoLicence, "card", "card.licence is empty"),
    (faulty.NoSplitRule, "card", "task kind states no split rule"),
    (faulty.RangeAndNormalize, "spec", "state one of them"),
    (faulty.TaskAndNone, "spec", "or why there is no_task"),
    (faulty.NotInstalled, "sample", "no_such_package"),
    (faulty.Float64, "shape-dtype", "example 0 is float64 (9,); the spec is float32 Vector(9)"),
    (faulty.OneNaN, "finite", "example 59 has 1 NaN"),
    (faulty.OutOfRange, "value-range", "value_range is -1 to 1"),
    (faulty.LabelTooLarge, "labels", "example 7: label 3 of task kind is not in 0..2"),
    (faulty.NoVal, "splits", "the val split of task kind is empty"),
    (faulty.Leak, "disjoint", "1 of 60 examples repeat one on another side"),
    (faulty.ClassMissingInTrain, "classes", "train of task kind has no example of c"),
    (faulty.OneBuffer, "no-mutation", "example 0 changes after it is yielded"),
    (faulty.GlobalSeed, "no-mutation", "changes a global random state"),
    (faulty.OtherEachTime, "deterministic", "two passes differ"),
    (faulty.FilesThatChange, "no-mutation", "changes the files in"),
])  # fmt: skip
def test_one_fault_fails_one_clause(dataset, clause, reason):
    found = failing(faulty.domain_of(dataset))
    assert found.keys() == {clause}
    assert reason in found[clause]


def test_faults_that_leave_more_than_one_clause_unmet():
    found = failing(faulty.domain_of(faulty.WrongShape))
    assert "example 30 is float32 (8,)" in found["shape-dtype"]
    assert found.keys() == {"shape-dtype"}
    found = failing(faulty.domain_of(faulty.OneClass))
    assert "odd needs 2 or more classes" in found["spec"]
    found = failing(faulty.domain_of(faulty.FilesWithoutSample))
    assert "override write_sample(folder)" in found["sample"]
    assert "the examples cannot be read: UserError" in found["finite"]


@pytest.mark.parametrize(("changes", "clause", "reason"), [
    ({"name": "Bad Name"}, "identity", "use lower-case letters"),
    ({"summary": ""}, "identity", "summary is missing or empty"),
    ({"default": "other"}, "identity", "default = 'other' is none of sound"),
    ({"handcrafted": {"vector": "scarff"}}, "handcrafted", "did you mean 'scarf'?"),
    ({"handcrafted": {"vector": "specaugment"}}, "handcrafted", "serves grid alone"),
    ({"handcrafted": {"vector": "supervised"}}, "handcrafted", "is no view family"),
    ({"handcrafted": {"table": "scarf"}}, "handcrafted", "'table' is no kind of spec"),
    ({"presets": {"smal": {}}}, "presets", "did you mean 'small'?"),
    ({"presets": {"small": {"lr": -1}}}, "presets", "setting 'lr' = -1 is not valid"),
    ({"presets": {"small": {"byol": {"lr": 1}}}}, "presets", "unknown setting 'byol.lr'"),
    ({"presets": {"small": {"viewmaker.epsilom": 1}}}, "presets", "mean 'viewmaker.epsilon'?"),
    ({"presets": {"small": {"for": {"learnt": {}}}}}, "presets", "did you mean 'learned'?"),
    ({"presets": {"small": {"for": {"supervisd": {}}}}}, "presets", "did you mean 'supervised'?"),
    ({"presets": {"small": {"for": {"fixed": {"lr": -1}}}}}, "presets", "'lr' = -1 is not valid"),
])  # fmt: skip
def test_a_fault_of_the_domain_itself(changes, clause, reason):
    found = failing(faulty.domain_of(faulty.Sound, **changes))
    assert found.keys() == {clause}
    assert reason in found[clause]


@pytest.mark.parametrize("dataset", [faulty.Sound, faulty.Files, faulty.Bare])
def test_a_sound_dataset_passes_whole(dataset):
    report = check_domain(faulty.domain_of(dataset))
    assert report.passed, str(report)
    assert len(report.outcomes) == 17
    assert str(report).endswith("domain faulty: all 17 checks passed")


def test_a_sample_need_not_show_every_class_but_real_files_must(tmp_path):
    domain = faulty.domain_of(faulty.Files)
    faulty.Files().write_sample(tmp_path)  # of two of the three classes
    assert failing(domain, tmp_path).keys() == {"classes"}


def test_order_that_depends_on_the_hash_seed_shows_in_the_worker():
    found = failing(faulty.domain_of(faulty.HashOrder), worker=True)
    assert found.keys() == {"worker"}
    assert "hash seed" in found["worker"]


def test_a_class_that_cannot_be_pickled_is_no_good_for_workers():
    found = failing(faulty.NotImportable(), worker=True)
    assert found.keys() == {"worker"}
    assert "pickle" in found["worker"].lower()


def test_a_written_sample_is_removed_with_the_checks():
    _, checks = checks_of(faulty.domain_of(faulty.Files))
    sample = next(c for c in checks if c.clause == "sample")
    sample()
    (source,) = sample.body.__defaults__[1:]
    folder = source.folder
    assert folder.exists()
    del checks, sample, source
    assert not folder.exists()


def test_expected_failures_must_fail_and_must_exist():
    domain = faulty.domain_of(faulty.OneNaN)
    report = check_domain(domain, expected_failures={"finite[sound]": "row 59 is empty"})
    assert report.passed
    assert "1 as expected" in report.verdict
    assert "expected failure  finite[sound]: row 59 is empty (example 59" in str(report)
    report = check_domain(domain, expected_failures={"finite": "known", "labels": "wrong"})
    (unexpected,) = report.failures
    assert unexpected.check.name == "labels[sound]"
    assert "take it off expected_failures" in unexpected.reason
    with pytest.raises(UserError, match=r"no check 'finit\[sound\]': did you mean 'finite\[sound"):
        check_domain(domain, expected_failures={"finit[sound]": "typo"})
    with pytest.raises(UserError, match="no reason for 'finite'"):
        check_domain(domain, expected_failures={"finite": ""})


def test_only_components_have_a_contract():
    with pytest.raises(UserError, match="42 is no vmbench domain, method, objective, encoder or"):
        checks_of(42)
    assert checks_of(Toy)[0] == "domain"
