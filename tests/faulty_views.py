"""A view family that fails, until an environment variable says that it is mended."""

import os

from vmbench.errors import RunError
from vmbench.views.base import Identity
from vmbench.views.method import ViewMethod


class Broken(ViewMethod):
    """Views of a method whose author has still to find the fault."""

    name = "broken-views"
    kind = "fixed"

    def views(self, context):
        if "VMBENCH_TEST_MENDED" not in os.environ:
            raise RunError("these views are broken")
        return Identity()
