from vmbench_seismic import SeismicDomain

from vmbench.testing import contract_test

test_contract = contract_test(SeismicDomain)
