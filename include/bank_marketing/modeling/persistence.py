"""Models on disk without pickle: skops, with a fixed list of types, and the same bytes for the same model."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import skops.io
from skops.io.exceptions import UntrustedTypesFoundException

from bank_marketing.errors import ModelIncompatible

MODEL_FILE = "model.skops"

#: Folder of a model's files inside an artifact, and inside what MLflow keeps (it names a folder after its source).
MODEL_FOLDER = "model"

#: Types beyond scikit-learn's own that a model may hold. A file with any other type is refused, not loaded.
TRUSTED = (
    "bank_marketing.modeling.encoding.FeatureEncoder",
    "collections.OrderedDict",
    "lightgbm.basic.Booster",
    "lightgbm.sklearn.LGBMClassifier",
    "sklearn.tree._tree.Tree",  # checked after loading
    "xgboost.core.Booster",
    "xgboost.sklearn.XGBClassifier",
)

#: scikit-learn's child of a node without children.
_LEAF = -1

_FIXED_TIME = (1980, 1, 1, 0, 0, 0)


def dump(value: Any, path: Path) -> None:
    """Write `value`. skops names things by their address in memory or by chance, and stamps the time: all of it is made constant."""
    with zipfile.ZipFile(io.BytesIO(skops.io.dumps(value))) as source:
        members = {name: source.read(name) for name in source.namelist()}
    schema = members.pop("schema.json").decode("utf-8")
    order = {old: str(new) for new, old in enumerate(dict.fromkeys(re.findall(r'"__id__": (\d+)', schema)))}
    schema = re.sub(r'("__id__": )(\d+)', lambda found: found[1] + order[found[2]], schema)
    renamed = {_renamed(name, content, order): (name, content) for name, content in members.items()}
    for new, (old, _) in renamed.items():
        schema = schema.replace(f'"{old}"', f'"{new}"')
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in sorted([("schema.json", schema.encode()), *((new, data) for new, (_, data) in renamed.items())]):
            target.writestr(zipfile.ZipInfo(name, _FIXED_TIME), content, zipfile.ZIP_DEFLATED)


def _renamed(name: str, content: bytes, order: dict[str, str]) -> str:
    # Arrays are named by address; XGBoost's trees by a random name, which their content takes the place of.
    stem, _, suffix = name.partition(".")
    return f"{order.get(stem) or hashlib.sha256(content).hexdigest()[:20]}.{suffix}"


def load(path: Path) -> Any:
    """Read what `dump` wrote. Raises ModelIncompatible for other files, and for types that are not trusted."""
    try:
        value = skops.io.load(path, trusted=list(TRUSTED))
    except UntrustedTypesFoundException as error:
        raise ModelIncompatible(f"{path} holds types that a model of this platform has not: {error}") from error
    except (OSError, KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise ModelIncompatible(f"{path} cannot be read as a model: {error}") from error
    for forest in value.values() if isinstance(value, dict) else ():
        for tree in getattr(forest, "estimators_", ()):
            _check_tree(tree.tree_, forest.n_features_in_, path)
    return value


def _check_tree(tree: Any, features: int, path: Path) -> None:
    """Refuse a scikit-learn tree whose nodes point outside it: it follows them unchecked."""
    nodes = tree.node_count
    if 0 < nodes <= tree.capacity and tree.n_features == features:
        # A child comes after its parent, or both are missing: no walk leaves the tree or goes round in it.
        left, right, inner = tree.children_left, tree.children_right, tree.children_left != _LEAF
        after = np.arange(nodes)[inner]
        children = np.stack([left[inner], right[inner]])
        known = (children > after) & (children < nodes)
        split = (tree.feature[inner] >= 0) & (tree.feature[inner] < features)
        if known.all() and split.all():
            return
    raise ModelIncompatible(f"{path} holds a tree whose nodes point outside it: the file is damaged or was made up")
