"""The ways to run the contract: as a report, or as pytest tests."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from vmbench.errors import UserError
from vmbench.registry import KINDS, MADE_BY_A_RUN, import_target, kind_of
from vmbench.testing.report import Check, Outcome, Report, expectations, perform

if TYPE_CHECKING:
    from vmbench.data.domain import Domain
    from vmbench.evaluation import Evaluation
    from vmbench.networks.encoder import Encoder
    from vmbench.objectives.base import Objective
    from vmbench.views.method import Method

Watch = Callable[[Outcome], None]
Checks = Callable[[object], Iterable[Check]]
NOTHING_EXPECTED: Mapping[str, str] = {}


def checks_of(subject: object, data_dir: Path | None = None) -> tuple[str, list[Check]]:
    """The kind of ``subject``, a class or an instance, and its checks, undone.

    Args:
        subject: a component.
        data_dir: the publisher's files, for datasets that no package carries; without it their
            synthetic sample is checked.

    Raises:
        UserError: ``subject`` is none, or cannot be created.
    """
    kind = kind_of(subject)
    if kind is None:
        raise UserError(f"{subject!r} is no vmbench {', '.join(KINDS[:-1])} or {KINDS[-1]}")
    made: Any = subject
    if isinstance(subject, type) and kind not in MADE_BY_A_RUN:
        try:
            made = subject()
        except Exception as error:
            raise UserError(
                f"{kind} {subject.__name__} cannot be created without arguments: "
                f"{type(error).__name__}: {error}"
            ) from error
    if kind == "domain":
        from vmbench.testing.domain import domain_checks

        return kind, list(domain_checks(made, data_dir))
    checks = import_target(f"vmbench.testing.{kind}:{kind}_checks")
    return kind, list(cast(Checks, checks)(made))


def check_any(
    subject: object,
    *,
    expected_failures: Mapping[str, str] = NOTHING_EXPECTED,
    data_dir: Path | None = None,
    watch: Watch | None = None,
) -> Report:
    """The contract of whatever kind ``subject`` is; arguments as :func:`check_domain`."""
    kind, checks = checks_of(subject, data_dir)
    expected = expectations(checks, expected_failures)
    outcomes = []
    for check in checks:
        outcomes.append(perform(check, expected.get(check.name)))
        if watch is not None:
            watch(outcomes[-1])
    return Report(kind, str(getattr(subject, "name", subject)), tuple(outcomes))


def check_domain(
    domain: "Domain | type[Domain]",
    *,
    expected_failures: Mapping[str, str] = NOTHING_EXPECTED,
    data_dir: Path | None = None,
    watch: Watch | None = None,
) -> Report:
    """Check a domain and every dataset of it.

    Args:
        domain: the class or an instance.
        expected_failures: check (``finite[my-data]``, or ``finite`` for every dataset) -> reason.
        data_dir: the publisher's files, for datasets that no package carries; without it their
            synthetic sample (:meth:`vmbench.data.dataset.Dataset.write_sample`) is checked.
        watch: called with each outcome as soon as there is one.

    Raises:
        UserError: for an unknown check in ``expected_failures`` or an object that is no domain.
    """
    return check_any(domain, expected_failures=expected_failures, data_dir=data_dir, watch=watch)


def check_method(
    method: "Method | type[Method]",
    *,
    expected_failures: Mapping[str, str] = NOTHING_EXPECTED,
    watch: Watch | None = None,
) -> Report:
    """Check a method on every kind of spec that it serves; arguments as :func:`check_domain`."""
    return check_any(method, expected_failures=expected_failures, watch=watch)


def check_objective(
    objective: "type[Objective]",
    *,
    expected_failures: Mapping[str, str] = NOTHING_EXPECTED,
    watch: Watch | None = None,
) -> Report:
    """Check an objective on every kind of spec that it serves."""
    return check_any(objective, expected_failures=expected_failures, watch=watch)


def check_encoder(
    encoder: "type[Encoder]",
    *,
    expected_failures: Mapping[str, str] = NOTHING_EXPECTED,
    watch: Watch | None = None,
) -> Report:
    """Check an encoder on every kind of spec that it serves."""
    return check_any(encoder, expected_failures=expected_failures, watch=watch)


def check_evaluation(
    evaluation: "Evaluation | type[Evaluation]",
    *,
    expected_failures: Mapping[str, str] = NOTHING_EXPECTED,
    watch: Watch | None = None,
) -> Report:
    """Check an evaluation on every kind of task."""
    return check_any(evaluation, expected_failures=expected_failures, watch=watch)


def parametrize_with_checks(
    subject: object,
    expected_failures: Mapping[str, str] = NOTHING_EXPECTED,
    data_dir: Path | None = None,
) -> Any:
    """A decorator that runs a test of one argument, ``check``, once per check of ``subject``.

    An expected failure that passes fails (pytest's strict xfail). For tests with fixtures::

        @parametrize_with_checks(SeismicDomain, {"disjoint": "the archive repeats three traces"})
        def test_contract(check, some_fixture):
            check()
    """
    import pytest

    _, checks = checks_of(subject, data_dir)
    expected = expectations(checks, expected_failures)

    def marks(check: Check) -> tuple[pytest.MarkDecorator, ...]:
        if check.name not in expected:
            return ()
        return (pytest.mark.xfail(strict=True, reason=expected[check.name]),)

    return pytest.mark.parametrize(
        "check", [pytest.param(check, id=check.name, marks=marks(check)) for check in checks]
    )


def contract_test(
    subject: object,
    expected_failures: Mapping[str, str] = NOTHING_EXPECTED,
    data_dir: Path | None = None,
) -> Callable[[Check], None]:
    """The whole contract of ``subject`` as one parametrised test function.

    Bind it to a name that pytest collects: ``test_contract = contract_test(SeismicDomain)``.
    """

    def test_contract(check: Check) -> None:
        check()

    decorated: Callable[[Check], None] = parametrize_with_checks(
        subject, expected_failures, data_dir
    )(test_contract)
    return decorated
