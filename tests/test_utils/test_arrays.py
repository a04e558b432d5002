"""Random matrices and sparse arrays have the properties that they promise; comparisons where MXNet's mislead."""

from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx
from mxnet import test_utils
from mxnet.test_utils import tolerances


def test_matrices_with_real_eigenvalues():
    for shape in ((6, 6), (2, 3, 4, 4), (0, 3, 3), (1, 1)):
        made = test_utils.new_matrix_with_real_eigvals_nd(shape)
        symmetric = test_utils.new_sym_matrix_with_real_eigvals_nd(shape)
        assert made.shape == symmetric.shape == shape
        assert made.dtype == symmetric.dtype == np.float64
        values = np.linalg.eigvals(made)
        np.testing.assert_allclose(values.imag, 0, atol=1e-9)
        assert np.all(np.abs(values) <= 10 + 1e-9)
        np.testing.assert_array_equal(symmetric, np.swapaxes(symmetric, -1, -2))
    q = test_utils.new_orthonormal_matrix_2d(5)
    np.testing.assert_allclose(q @ q.T, np.eye(5), atol=1e-12)
    assert np.linalg.cond(test_utils.new_matrix_with_real_eigvals_2d(1)) == 1
    with pytest.raises(ValueError, match=r"got \(2, 3\)"):
        test_utils.new_matrix_with_real_eigvals_nd((2, 3))


def test_powerlaw_rows_grow_up_to_all_columns():
    made = test_utils.rand_ndarray((10, 20), "csr", 0.3, distribution="powerlaw")
    counts = np.diff(made.indptr.asnumpy())
    assert counts.tolist() == [2, 4, 8, 16, 20, 6, 1, 1, 1, 1]
    values = made.data.asnumpy()
    assert values.min() > 1
    assert values.max() <= 3
    assert len(np.unique(values)) == len(values)  # MXNet fills a whole row with one number


def test_sparse_arrays_on_other_contexts_and_dtypes():
    for stype in ("row_sparse", "csr"):
        made = test_utils.rand_ndarray((4, 3), stype, 0.9, dtype="float64", ctx=mx.cpu(1))
        assert (made.stype, made.ctx, made.dtype) == (stype, mx.cpu(1), np.float64)
    with pytest.raises(ValueError, match="0 to 3"):
        test_utils.create_sparse_array((4, 3), "row_sparse", rsp_indices=[7])


def test_shuffled_columns():
    scipy = pytest.importorskip("scipy.sparse")
    matrix = scipy.csr_matrix(np.ones((3, 40)))
    test_utils.shuffle_csr_column_indices(matrix)
    for row in range(3):
        part = matrix.indices[40 * row : 40 * row + 40]
        assert sorted(part) == list(range(40)) != part.tolist()
    with pytest.raises(TypeError, match="CSRNDArray"):
        test_utils.shuffle_csr_column_indices(mx.nd.ones((2, 2)).tostype("csr"))


def test_same_array():
    x = mx.nd.array([1, 2, 3, 4])
    assert test_utils.same_array(x, x)
    assert test_utils.same_array(x, x[:])
    assert not test_utils.same_array(x, x.copy())
    assert not test_utils.same_array(x, x[:2])
    assert x.asnumpy().tolist() == [1, 2, 3, 4]


def test_errors_of_unsigned_numbers_and_equal_nans(capsys):
    with pytest.raises(AssertionError, match="mismatch 50.0"):
        test_utils.assert_almost_equal(np.array([np.nan, 3]), np.array([np.nan, 4]), equal_nan=True)
    with pytest.raises(AssertionError, match=r"Error 100000000000000000000.0+ exceeds"):
        test_utils.assert_almost_equal(np.array([0], "uint8"), np.array([1], "uint8"))
    test_utils.assert_almost_equal_with_err(np.array([1, np.nan]), np.array([1, np.nan]), etol=0.1, equal_nan=True)
    capsys.readouterr()


def test_broadcast_and_lists_are_reported(capsys):
    with pytest.raises(AssertionError, match=r"\(0, 0\), a=1.0+, b=1.1"):
        test_utils.assert_almost_equal(np.array([1, 1]), np.array([[1.1, 1], [1, 1]]))
    with pytest.raises(AssertionError, match=r"\(2,\), a=3"):
        test_utils.assert_almost_equal([1, 2, 3.0], [1, 2, 4.0])
    assert "Maximum errors for vector of size 3" in capsys.readouterr().out
    assert test_utils.almost_equal(mx.nd.array([1, 2]), [1, 2])


def test_states_of_different_lengths():
    one = mx.nd.ones(1)
    with pytest.raises(AssertionError, match="1 arrays with 2"):
        test_utils.compare_ndarray_tuple((one,), (one, one))


def test_precision_of_an_array(monkeypatch):
    assert test_utils.effective_dtype(mx.nd.ones(1, dtype="bfloat16")) == np.float16
    test_utils.assert_almost_equal(mx.nd.array([1.005]).astype("bfloat16"), np.array([1.005], "f"))

    class OnGPU(mx.nd.NDArray):
        ctx = mx.gpu(0)

    array = OnGPU.__new__(OnGPU)
    monkeypatch.setattr(OnGPU, "dtype", np.float32)
    for capability, override, dtype in ((90, None, "float16"), (75, None, "float32"), (90, "0", "float32")):
        monkeypatch.setattr(tolerances, "compute_capability", lambda _, c=capability: c)
        with test_utils.environment("NVIDIA_TF32_OVERRIDE", override):
            assert test_utils.effective_dtype(array) == np.dtype(dtype)


def test_unknown_dtypes():
    with pytest.raises(KeyError, match="int16 has no default tolerance"):
        test_utils.assert_almost_equal(np.ones(1, "int16"), np.ones(1, "int16"))
