"""No module imports itself by way of others, not even for the sake of a type."""

from graphlib import CycleError, TopologicalSorter

import grimp
import pytest

PACKAGES = ("alerting_core", "alerting_backend", "alerting_lambdas", "alerting_playground")


def test_no_imports_go_round_in_a_circle() -> None:
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=False, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    TopologicalSorter(imports).prepare()  # Raises CycleError, which names the circle.


def test_a_circle_would_be_named() -> None:
    with pytest.raises(CycleError, match="cycle"):
        TopologicalSorter({"a": {"b"}, "b": {"a"}}).prepare()
