"""What Python's own tools tell of a face: ``help``, signatures, pickles, tracebacks."""

from __future__ import annotations

import inspect
import pickle
import pydoc
import traceback

import pytest

import mxnet as mx
from mxnet import nd, sym
from mxnet.ops import registry
from mxnet.ops.namespace import NAMESPACES, home, members

# face -> its module and name in MXNet
FACES = {
    nd.contrib.box_nms: ("mxnet.ndarray.contrib", "box_nms"),
    nd.linalg.gemm: ("mxnet.ndarray.linalg", "gemm"),
    nd.image.resize: ("mxnet.ndarray.image", "resize"),
    nd.sparse.retain: ("mxnet.ndarray.sparse", "retain"),
    sym.contrib.box_nms: ("mxnet.symbol.contrib", "box_nms"),
    sym.sparse.retain: ("mxnet.symbol.sparse", "retain"),
}


@pytest.mark.parametrize("face", FACES, ids=lambda face: ".".join(FACES[face]))
def test_face_knows_its_place(face):
    assert (face.__module__, face.__name__) == FACES[face]
    assert pickle.loads(pickle.dumps(face)) is face


@pytest.mark.parametrize("package", [nd, sym], ids=["nd", "sym"])
@pytest.mark.parametrize("namespace", NAMESPACES)
def test_every_face_has_the_docstring_and_is_found_at_home(package, namespace):
    for name, operator in members(namespace).items():
        face = getattr(getattr(package, namespace), name)
        assert face.__doc__ == registry.get(operator).doc
        assert face.__doc__.strip(), operator
        where, public = home(operator)
        assert getattr(getattr(package, where), public) is face
        assert (face.__module__, face.__name__) == (f"{package.__name__}.{where}", public)


def test_help_begins_with_the_signature_and_the_summary():
    text = pydoc.plain(pydoc.render_doc(nd.contrib.box_nms))
    assert "function box_nms in module mxnet.ndarray.contrib\n\nbox_nms(data=None, overlap_thresh=0.5," in text
    assert registry.get("_contrib_box_nms").doc.split("\n")[0] in text


@pytest.mark.parametrize(
    ("face", "signature"),
    [
        (
            nd.linalg.trsm,
            "(A=None, B=None, transpose=False, rightside=False, lower=True, alpha=1.0, out=None, name=None, **kwargs)",
        ),
        (nd.concat, "(*data, dim=1, out=None, name=None, **kwargs)"),
        (sym.sparse.retain, "(data=None, indices=None, name=None, attr=None, out=None, **kwargs)"),
    ],
    ids=["nd.linalg.trsm", "nd.concat", "sym.sparse.retain"],
)
def test_signature(face, signature):
    assert str(inspect.signature(face)) == signature


@pytest.mark.parametrize(
    ("call", "operator"),
    [
        (lambda: nd.contrib.box_nms(nd.ones((2, 3))), "_contrib_box_nms"),
        (lambda: nd.linalg.potrf(nd.ones((2, 3))), "_linalg_potrf"),
        (lambda: nd.image.resize(nd.ones((2,)), size=3), "_image_resize"),
    ],
    ids=["contrib.box_nms", "linalg.potrf", "image.resize"],
)
def test_traceback_leads_to_the_call_and_the_operator(call, operator):
    with pytest.raises(mx.MXNetError, match=operator) as error:
        call()
    frames = traceback.extract_tb(error.tb)
    assert frames[1].filename == __file__
    assert frames[2].filename == f"<operator {operator}>"
    inside = [f.filename for f in frames if "torch" in f.filename.replace("\\", "/").split("/")]
    assert not inside, "torch's frames say nothing to users"
    assert error.value.__suppress_context__
