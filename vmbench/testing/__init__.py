"""The contract of each kind of component, check by check, for built-ins and strangers alike.

In a plugin's tests, one line holds the whole contract::

    from vmbench_seismic import SeismicDomain
    from vmbench.testing import contract_test
    test_contract = contract_test(SeismicDomain)

``expected_failures={check: reason}`` names the checks that are known to fail; one that passes
nevertheless is a failure, so that the list never grows stale.
"""

from vmbench.testing.contract import (
    check_domain,
    check_encoder,
    check_evaluation,
    check_method,
    check_objective,
    checks_of,
    contract_test,
    parametrize_with_checks,
)
from vmbench.testing.report import Check, ContractError, Outcome, Report

__all__ = [
    "Check",
    "ContractError",
    "Outcome",
    "Report",
    "check_domain",
    "check_encoder",
    "check_evaluation",
    "check_method",
    "check_objective",
    "checks_of",
    "contract_test",
    "parametrize_with_checks",
]
