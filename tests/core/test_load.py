"""A pretrained encoder in its user's hands: units in, features out, from the folder alone."""

import json
import pickle
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from toy import ToyVector

import vmbench
from vmbench.errors import UserError
from vmbench.progress import Progress
from vmbench.runs.plan import prepare_for
from vmbench.runs.recorded import Recorded
from vmbench.runs.representations import Representations, trainer_of


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A pretraining of each spec."""
    out = tmp_path_factory.mktemp("out")
    asked = {"preset": "smoke", "settings": {"epochs": 1, "max_examples": 64, "batch_size": 32}}
    names = ("toy-vector", "toy-sequence", "toy-grid")
    return {name: vmbench.pretrain("toy", out=out, pretrain=name, **asked) for name in names}


def rows():
    """The toy rows as their dataset gives them, and their labels."""
    found = list(ToyVector().examples())
    return np.stack([each.x for each in found]), np.array([each.labels["kind"] for each in found])


@pytest.mark.parametrize("name", ["toy-vector", "toy-sequence", "toy-grid"])
def test_features_are_the_modules_of_normalised_examples(folders, name):
    encoder = vmbench.load(folders[name])
    document = json.loads((folders[name] / "spec.json").read_text())
    x = 3 + 2 * np.random.default_rng(0).standard_normal((7, *encoder.spec.shape))
    shape = (-1, *[1] * (x.ndim - 2))
    mean, sd = (np.array(document["normalisation"][each]).reshape(shape) for each in ("mean", "sd"))
    inputs = torch.tensor((x - mean) / sd, dtype=torch.float32)
    assert isinstance(encoder.module, torch.nn.Module)
    assert not encoder.module.training
    with torch.no_grad():
        wanted = encoder.module.features(inputs, document["encoder"]["bins"]).numpy()
    found = encoder.features(x)
    assert (found.dtype, found.shape) == (np.float32, (7, encoder.dim))
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(encoder.normalise(x), inputs, rtol=1e-5, atol=1e-5)


def test_batches_and_kinds_of_array_change_nothing(folders):
    encoder, (x, _) = vmbench.load(folders["toy-vector"]), rows()
    whole = encoder.features(x)
    np.testing.assert_allclose(encoder.features(x, batch_size=7), whole, rtol=1e-5, atol=1e-6)
    tensor = encoder.features(torch.tensor(x))
    assert isinstance(tensor, torch.Tensor)
    assert not tensor.requires_grad
    np.testing.assert_allclose(tensor, whole, rtol=1e-5, atol=1e-6)
    assert encoder.features(x[:0]).shape == (0, encoder.dim)
    encoder.module.train()
    np.testing.assert_array_equal(encoder.features(x), whole)
    assert encoder.module.training


def test_the_values_are_those_that_the_evaluation_read(folders, tmp_path):
    recorded = Recorded.read(folders["toy-vector"], tmp_path)
    plan = recorded.plan(recorded.request)
    dataset, task = plan.tasks[0]
    examples = prepare_for(plan, dataset)
    trainer = trainer_of(plan, Progress(quiet=True))
    read = Representations(plan, trainer, None, tmp_path, pretrained=recorded.folder)
    judged = read.of(examples, task).features(examples.batch(np.arange(50)))
    own = vmbench.load(folders["toy-vector"]).features(rows()[0][:50])
    np.testing.assert_allclose(own, judged, rtol=1e-4, atol=1e-5)


def test_views_spend_the_budget_in_normalised_units(folders):
    encoder, (x, _) = vmbench.load(folders["toy-vector"]), rows()
    views = encoder.views(x[:32], torch.Generator().manual_seed(0))
    sd = np.array(encoder.document.normalisation.sd)
    spent = np.abs((views - x[:32]) / sd).mean(1)
    np.testing.assert_allclose(spent, encoder.document.views.viewmaker["epsilon"], rtol=0.02)


def test_the_folder_alone_is_needed_and_nothing_is_unpickled(folders, tmp_path):
    copy = shutil.copytree(folders["toy-sequence"], tmp_path / "given")
    code = f"""
import pickle, sys
for name in ("toy", "vmbench_domains", "vmbench_baselines", "vmbench_leaderboard"):
    sys.modules[name] = None  # an import fails
import torch, numpy as np, vmbench
def refuse(*_, **__): raise SystemExit("unpickled")
torch.load = pickle.load = pickle.loads = pickle.Unpickler = refuse
print(vmbench.load({str(copy)!r}).features(np.ones((3, 2, 30))).shape)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    dim = vmbench.load(copy).dim
    assert done.stdout == f"(3, {dim})\n", done.stderr


@pytest.mark.parametrize(("x", "message"), [
    (np.zeros(9), "one example: give a batch"),
    (np.zeros((2, 8)), r"takes \(N, 9\)"),
    (np.full((2, 9), np.nan), "NaN or infinite"),
    (np.array([["a"] * 9]), "no numbers"),
])  # fmt: skip
def test_wrong_examples_are_told(folders, x, message):
    with pytest.raises(UserError, match=message):
        vmbench.load(folders["toy-vector"]).features(x)


def edited(folder, **changes):
    """``folder`` with another spec.json."""
    path = folder / "spec.json"
    document = json.loads(path.read_text())
    for key, value in changes.items():
        where, _, field = key.partition("__")
        if field:
            document[where][field] = value
        else:
            document[where] = value
    path.write_text(json.dumps(document))


@pytest.mark.parametrize(("changes", "message"), [
    ({"format": 9}, "has format 9"),
    ({"spec": {"kind": "cube", "shape": [1]}}, "there is no 'cube'"),
    ({"seed": "x"}, "damaged .*seed"),
    ({"encoder__sha256": "0"}, "damaged or of another pretraining"),
    ({"encoder__target": "nosuch.module:Net"}, "install the package that brings it"),
    ({"encoder__target": "os:system"}, "is no vmbench.networks.encoder.Encoder"),
    ({"encoder__settings": {"width": 8, "embedding_dim": None}}, "does not fit what spec.json"),
])  # fmt: skip
def test_a_folder_that_cannot_be_loaded_says_why(folders, changes, message, tmp_path):
    copy = shutil.copytree(folders["toy-vector"], tmp_path / "copy")
    edited(copy, **changes)
    with pytest.raises(UserError, match=message):
        vmbench.load(copy)


def test_a_folder_that_is_none_or_not_finished_says_so(folders, tmp_path):
    with pytest.raises(UserError, match="there is no pretraining"):
        vmbench.load(tmp_path / "nosuch")
    with pytest.raises(UserError, match="is no pretraining"):
        vmbench.load(tmp_path)
    copy = shutil.copytree(folders["toy-vector"], tmp_path / "copy")
    (copy / "training.json").unlink()
    with pytest.raises(UserError, match="the training is not finished"):
        vmbench.load(copy)


def test_scikit_learn_takes_it_as_one_of_its_own(folders):
    x, labels = rows()
    folder = folders["toy-vector"]
    model = make_pipeline(vmbench.Featurizer(folder), LogisticRegression(max_iter=200))
    by_hand = vmbench.load(folder).features(x)
    wanted = cross_val_score(LogisticRegression(max_iter=200), by_hand, labels, cv=3)
    np.testing.assert_allclose(cross_val_score(model, x, labels, cv=3), wanted, atol=0.02)
    fitted = clone(model).set_params(featurizer__bins=1).fit(x, labels)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict(x), fitted.predict(x))
    names = list(fitted[0].get_feature_names_out())
    assert names == [f"f{i}" for i in range(by_hand.shape[1])]


def test_a_featurizer_takes_examples_flat_or_not(folders):
    x = np.random.default_rng(1).standard_normal((4, 2, 30))
    featurizer = vmbench.Featurizer(folders["toy-sequence"]).fit(x)
    np.testing.assert_array_equal(featurizer.transform(x.reshape(4, 60)), featurizer.transform(x))
    with pytest.raises(UserError, match=r"takes \(N, 2, 30\)"):
        featurizer.transform(x[:, :1])
