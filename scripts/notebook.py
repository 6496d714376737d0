"""`make notebook`: runs a notebook that is kept as a Python file, and writes it with its outputs and the pictures of docs/model.md."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from scripts.environment import PROJECT

SOURCE = PROJECT / "notebooks" / "experiments.py"
PICTURES = PROJECT / "docs" / "images" / "model"

#: Seconds for one cell; the slowest takes about ten on a free core.
CELL_TIMEOUT = 900


def execute(source: Path, target: Path) -> Path:
    """Run the cells of `source` (Jupytext, percent format) and write the notebook with what they printed and drew.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell fails.
    """
    import jupytext
    import nbformat
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

    notebook = jupytext.read(source)
    resources = {"metadata": {"path": str(source.parent)}}
    with tempfile.TemporaryDirectory(prefix="kernel") as sockets:
        # Over files: no port is opened.
        kernel = AsyncKernelManager(kernel_name="python3", transport="ipc", ip=f"{sockets}/kernel")
        client = NotebookClient(notebook, km=kernel, timeout=CELL_TIMEOUT, startup_timeout=CELL_TIMEOUT, resources=resources)
        client.execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # times: they differ from run to run
    nbformat.write(notebook, target)
    return target


def main() -> None:
    """Run the notebook of the experiments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", type=Path, default=SOURCE.with_suffix(".ipynb"))
    arguments = parser.parse_args()
    PICTURES.mkdir(parents=True, exist_ok=True)
    os.environ["BANK_FIGURES"] = str(PICTURES)
    print(execute(SOURCE, arguments.target))


if __name__ == "__main__":
    main()
