"""Calls of mx.test_utils, and what they answer: asked of MXNet by tools/record_test_utils.py, of us by the tests.

A call is an expression with ``t`` (the module), ``mx``, ``np``, ``A`` (``np.array``), ``N`` (``mx.nd.array``), ``nan``
and ``inf``. Before each one, all random generators are seeded.
"""

from __future__ import annotations

import contextlib
import io
import random
from typing import Any

import numpy as np

# Comparisons: what is printed, and the first lines of the message.
COMPARING = """
t.assert_almost_equal(A([1., 2, 3]), A([1., 2, 3]))
t.assert_almost_equal(A([1., 2, 3]), A([1., 2, 4]))
t.assert_almost_equal(A([1., 2, 3]), A([1., 2, 4]), rtol=1e-3, atol=1e-4, names=('x', 'y'))
t.assert_almost_equal(np.arange(12, dtype='f').reshape(3, 4), np.arange(12, dtype='f').reshape(3, 4) * 1.01)
t.assert_almost_equal(np.arange(40.).reshape(10, 4), np.arange(40.).reshape(10, 4) * 1.01)
t.assert_almost_equal(np.arange(40.).reshape(10, 4), np.arange(40.).reshape(10, 4) * 1.01, mismatches=(2, 5))
t.assert_almost_equal(np.arange(40.).reshape(10, 4), np.arange(40.).reshape(10, 4) * 1.01, mismatches=(0, 5))
t.assert_almost_equal(np.arange(40.).reshape(10, 4), np.arange(40.).reshape(10, 4) * 1.01, mismatches=(0, 0))
t.assert_almost_equal(N([1, 2, 3]), N([1, 2, 3]))
t.assert_almost_equal(N([1, 2, 3]), N([1, 2, 4]))
t.assert_almost_equal(N([1, 2, 3]), A([1, 2, 3]))
t.assert_almost_equal(N([1, 2, 3]), A([1, 2, 3.1]))
t.assert_almost_equal(A([3]), N([4]))
t.assert_almost_equal(N([1], dtype='int32'), N([2], dtype='int32'))
t.assert_almost_equal(N([1]), N([1.1], dtype='float16'))
t.assert_almost_equal(N([[1]]).tostype('csr'), N([[1]]).tostype('csr'))
t.assert_almost_equal(N([[1]]).tostype('csr'), N([[2]]).tostype('csr'))
t.assert_almost_equal(mx.nd.sparse.zeros('csr', (2, 2)), np.ones((2, 2)))
t.assert_almost_equal(N([1, 1]), N([1, 1, 1]))
t.assert_almost_equal(N([1, 1]), N([[1, 1], [1, 1]]))
t.assert_almost_equal(1, 1)
t.assert_almost_equal(1, 1.1)
t.assert_almost_equal(A(1.), A(2.))
t.assert_almost_equal(A([1, 1]), A([[1, 1], [1, 1]]))
t.assert_almost_equal(A([1, 1]), A([[1, 1], [1, 1]]), use_broadcast=False)
t.assert_almost_equal(A([1, 1]), A([1, 1, 1]))
t.assert_almost_equal(A([]), A([]))
t.assert_almost_equal(A([]), A([1.]))
t.assert_almost_equal(A([1, nan]), A([1, nan]))
t.assert_almost_equal(A([1, nan]), A([1, nan]), equal_nan=True)
t.assert_almost_equal(A([1, nan]), A([nan, 1]), equal_nan=True)
t.assert_almost_equal(A([1, nan, 3]), A([1, 2, 4]), equal_nan=True)
t.assert_almost_equal(N([nan]), N([nan]))
t.assert_almost_equal(N([nan]), N([nan]), equal_nan=True)
t.assert_almost_equal(A([1, inf, 3]), A([1, 2, 4]))
t.assert_almost_equal(A([1, inf, 3]), A([1, inf, 3]))
t.assert_almost_equal(A([1, inf, 3]), A([1, -inf, 3]))
t.assert_almost_equal(A([inf, 2]), A([4, 1]), rtol=1.)
t.assert_almost_equal(A([1, 2]), A([1, 3]))
t.assert_almost_equal(A([True, False]), A([True, True]))
t.assert_almost_equal(A([1., 2, 3], dtype='float16'), A([1., 2, 3.1], dtype='float16'))
t.assert_almost_equal(A([1., 2, 3], dtype='float16'), A([1., 2, 3.5], dtype='float16'))
t.assert_almost_equal(A([1., 2]), A([1., 2.1]), rtol={np.dtype('float64'): 0.5})
t.assert_almost_equal(A([1., 2]), A([1., 2.1]), rtol={np.dtype('float32'): 0.5})
t.assert_almost_equal(A([1., 2]), A([1., 2.1]), 0.5, 0)
t.assert_almost_equal(A([1], dtype='int16'), A([1], dtype='int16'))
t.assert_almost_equal(A([1], dtype='int16'), A([1], dtype='int16'), 1e-3, 1e-3)
t.assert_almost_equal(A([1 + 1j]), A([1 + 1j]))
t.assert_allclose(A([1.]), A([1.1]))
t.assert_allclose(A([1., nan]), A([1., nan]))
t.assert_allclose(N([1]), N([1.1]))
t.assert_almost_equal_ignore_nan(A([1., nan]), A([1., 2]))
t.assert_almost_equal_ignore_nan(A([1., nan, 3]), A([1., 2, 4]))
t.assert_almost_equal_with_err(A([1., 2, 3]), A([1., 2, 4]))
t.assert_almost_equal_with_err(A([1., 2, 3]), A([1., 2, 4]), etol=0.5)
t.assert_almost_equal_with_err(A([1., 2, 3]), A([1., 2, 4]), etol=0.3)
t.assert_almost_equal_with_err(A([1., 2, 3, 4]), A([5., 6, 3, 4]), etol=0.5)
t.assert_almost_equal_with_err(A([1., 2, 3, 4]), A([5., 6, 3, 4]), etol=0.49)
t.assert_almost_equal_with_err(N([1., 2, 3]), N([5., 6, nan]), etol=0.3)
t.assert_almost_equal_with_err(A([1., 2, 3, 4]), A([5., 6, 3, 4]), etol=0.3, mismatches=(1, 1))
t.assert_almost_equal_with_err(A([1., 2, 3]), A([1., 2]))
t.almost_equal(A([1., 2]), A([1., 2]))
t.almost_equal(A([1., 2]), A([1., 3]))
t.almost_equal(A([1., 2]), A([1., 3]), rtol=1)
t.almost_equal(A([1., nan]), A([1., nan]))
t.almost_equal(A([1., nan]), A([1., nan]), equal_nan=True)
t.almost_equal(A([1., 2]), A([[1., 2]]))
t.almost_equal(A([1., 2]), A([[1., 2]]), use_broadcast=False)
t.almost_equal(A([1., 2]), A([1., 2, 3]))
t.same(A([1., 2]), A([1., 2]))
t.same(A([1., 2]), A([1., 3]))
t.same(A([1., 2]), A([1.]))
t.same(A([nan]), A([nan]))
t.same(N([1., 2]), N([1., 2]))
t.checkShapes(np.ones((2, 3)), np.ones((3, 2)))
t.checkShapes(np.ones((2, 3)), np.ones((2, 3)))
t.locationError(np.ones((2, 3)), np.ones((2, 3)), (0, 1), ('a', 'b'))
t.locationError(np.ones((2,)), np.ones((2,)) * 2, (1,), ('a', 'bcd'), True)
t.compare_ndarray_tuple((N([1]),), (N([1]),))
t.compare_ndarray_tuple((N([1, 1]),), (N([0, 0]),))
t.compare_ndarray_tuple((N([1]), (N([1]), None)), (N([1]), (N([3]), None)))
t.compare_ndarray_tuple(None, (N([1]),))
t.assert_exception(lambda: 1 / 0, ZeroDivisionError)
t.assert_exception(lambda: 1, ZeroDivisionError)
t.assert_exception(lambda: {}[1], ZeroDivisionError)
t.assert_exception(lambda x: 1 / x, ZeroDivisionError, x=0)
t.same_symbol_structure(mx.sym.var('a') * mx.sym.var('b'), mx.sym.var('c') * mx.sym.var('d'))
t.same_symbol_structure(mx.sym.var('a') * mx.sym.var('b'), mx.sym.var('a') + mx.sym.var('b'))
t.same_symbol_structure(mx.sym.sin(mx.sym.var('a')), mx.sym.cos(mx.sym.var('a')))
"""

# Tolerances, loops, and arrays, also random ones: the values.
VALUES = """
{str(k): v for k, v in t.default_rtols().items()}
{str(k): v for k, v in t.default_atols().items()}
{str(k): v for k, v in t.default_numeric_eps().items()}
t.get_rtol()
t.get_rtol(0.5)
t.get_rtol(None, np.dtype('float32'))
t.get_atol(dtype=np.dtype('float16'))
t.get_etol()
t.get_etol(0.1)
str(t.effective_dtype(N([1], dtype='float64')))
str(t.effective_dtype(N([1], dtype='int32')))
t.get_tolerance(A([1], dtype='f'), None, t.default_rtols())
t.get_tolerance(A([1], dtype='f'), {np.dtype('float32'): 7}, t.default_rtols())
t.get_tolerance(A([1], dtype='f'), {np.dtype('float64'): 7}, t.default_rtols())
t.get_tols(A([1], dtype='f'), A([1], dtype='float16'), None, None)
t.get_tols(A([1], dtype='f'), A([1.]), None, None)
t.get_tols(A([1]), A([1], dtype='int32'), None, None)
t.get_tols(1, 2, 0.1, None)
t.random_arrays((2, 3))
t.random_arrays((2, 3), (2,))
t.random_arrays(())
t.random_arrays()
t.random_arrays(5)
t.random_uniform_arrays((2,), (3,))
t.random_uniform_arrays((2,), low=5, high=6, dtype='float64')
t.random_uniform_arrays(2)
t.random_uniform_arrays((2,), loww=5)
t.random_sample([1, 2, 3, 4, 5], 3)
t.random_sample([1, 2, 3], 4)
t.rand_shape_2d()
t.rand_shape_2d(allow_zero_size=True)
t.rand_shape_2d(0, 1)
t.rand_shape_3d()
t.rand_shape_3d(3)
t.rand_shape_nd(5)
t.rand_shape_nd(0)
t.rand_coord_2d(0, 100, 50, 100)
t.rand_coord_2d(0, 0, 0, 5)
t.create_2d_tensor(3, 2)
t.create_2d_tensor(3, 2, np.float32)
t.create_vector(4)
t.create_vector(4, np.float32)
t.get_identity_mat(3)
t.get_identity_mat_batch(3)
t.assign_each(np.ones((2, 3)), lambda x: x + 1)
t.assign_each(np.ones((2, 3)), None)
t.assign_each(np.ones((2, 3), 'int32'), lambda x: x + .5)
t.assign_each2(np.ones((2, 3)), np.ones((2, 3)), lambda x, y: x + y)
t.assign_each2(np.ones((2, 3)), np.ones((3, 2)), lambda x, y: x + y)
t.np_reduce(np.arange(6.).reshape(2, 3), 1, True, np.sum)
t.np_reduce(np.arange(6.).reshape(2, 3), 1, False, np.sum)
t.np_reduce(np.arange(6.).reshape(2, 3), None, True, np.sum)
t.np_reduce(np.arange(6.).reshape(2, 3), None, False, np.sum)
t.np_reduce(np.arange(24.).reshape(2, 3, 4), (0, -1), False, np.max)
t.np_reduce(np.arange(24.).reshape(2, 3, 4), [0, 2], True, np.max)
t.np_reduce(np.arange(24.).reshape(2, 3, 4), 5, True, np.max)
t.collapse_sum_like(np.arange(24.).reshape(2, 3, 4), (3, 1))
t.collapse_sum_like(np.arange(24.).reshape(2, 3, 4), (2, 3, 4))
t.collapse_sum_like(np.arange(24.).reshape(2, 3, 4), (1,))
t.collapse_sum_like(np.arange(24.).reshape(2, 3, 4), ())
t.collapse_sum_like(np.ones((2, 0, 4)), (0, 1))
t.collapse_sum_like(np.ones((2, 3, 4)), (2,))
t.collapse_sum_like(np.ones((3,)), (2, 3))
t.collapse_sum_like(mx.nd.ones((2, 3, 4)), (3, 1))
t.rand_ndarray((2, 3))
t.rand_ndarray((2, 3), dtype='float64')
t.rand_ndarray((2, 3), dtype='int32')
t.rand_ndarray((2, 3), density=0.5, modifier_func=lambda x: x + 1)
t.rand_ndarray((2, 3), ctx=mx.cpu(1))
t.rand_ndarray((2, 3), 'foo')
t.rand_ndarray((4, 3), 'csr')
t.rand_ndarray((4, 3), 'csr', 0.5)
t.rand_ndarray((4, 3), 'csr', 1)
t.rand_ndarray((4, 3), 'csr', 0)
t.rand_ndarray((4, 3), 'csr', 1.5)
t.rand_ndarray((4, 3), 'csr', 0.5, dtype='float64')
t.rand_ndarray((4, 3), 'csr', 0.5, dtype='int32')
t.rand_ndarray((4, 3), 'csr', 0.9, shuffle_csr_indices=True)
t.rand_ndarray((4,), 'csr')
t.rand_ndarray((4, 5), 'csr', 0.5, distribution='powerlaw')
t.rand_ndarray((9, 16), 'csr', 0.2, distribution='powerlaw')
t.rand_ndarray((4, 3), 'csr', 0.5, distribution='powerlaw')
t.rand_ndarray((3, 8), 'csr', 0.9, distribution='powerlaw')
t.rand_ndarray((4, 5), 'csr', 0.5, distribution='foo')
t.rand_ndarray((4, 3), 'row_sparse')
t.rand_ndarray((4, 3), 'row_sparse', 0.6)
t.rand_ndarray((4, 3, 2), 'row_sparse', 0.6)
t.rand_ndarray((4, 3), 'row_sparse', 0.6, distribution='powerlaw')
t.rand_sparse_ndarray((4, 3), 'csr', 0.5)[1]
t.rand_sparse_ndarray((4, 3), 'csr', 0.5, data_init=3)[1]
t.rand_sparse_ndarray((4, 3), 'row_sparse', 0.9)[1]
t.rand_sparse_ndarray((4, 3), 'row_sparse', 0.9, data_init=3)[1]
t.rand_sparse_ndarray((4, 3), 'row_sparse', 0.9, modifier_func=lambda x: x * 2)
t.rand_sparse_ndarray((4, 3), 'row_sparse', rsp_indices=A([0, 2]))
t.rand_sparse_ndarray((4, 3), 'row_sparse', rsp_indices=A([0, 1, 2, 3, 0]))
t.create_sparse_array((4, 3), 'row_sparse', density=0.6)
t.create_sparse_array((4, 3), 'row_sparse', data_init=2, density=0.6)
t.create_sparse_array((4, 3), 'row_sparse', rsp_indices=[1, 3])
t.create_sparse_array((4, 3), 'row_sparse', rsp_indices=[3, 1], modifier_func=lambda x: x * 3)
t.create_sparse_array((4, 3), 'row_sparse', rsp_indices=[1, 1, 3])
t.create_sparse_array((4, 3), 'row_sparse', rsp_indices=[])
t.create_sparse_array((4,), 'row_sparse', rsp_indices=[1])
t.create_sparse_array((4, 3), 'csr')
t.create_sparse_array((4, 3), 'csr', data_init=2, density=0.5)
t.create_sparse_array((4, 3), 'default')
t.create_sparse_array_zd((6, 3), 'row_sparse', 0.9)
t.create_sparse_array_zd((6, 3), 'row_sparse', 0.9, rsp_indices=[1, 3])
t.create_sparse_array_zd((6, 3), 'csr', 1)
t.gen_buckets_probs_with_ppf(lambda p: p * 2, 4)
t.gen_buckets_probs_with_ppf(lambda p: p * 2, 0)
t.mean_check(lambda n: np.full(n, 0.18), 0, 2, 1000)
t.mean_check(lambda n: np.full(n, 0.19), 0, 2, 1000)
t.var_check(lambda n: np.arange(n) % 2 * 2 * 1.13 ** .5, 1, 1000)
t.var_check(lambda n: np.arange(n) % 2 * 2 * 1.14 ** .5, 1, 1000)
t.var_check(lambda n: np.arange(n) % 2 * 2 * 0.86 ** .5, 1, 1000)
t.chi_square_check(lambda n: np.random.uniform(0, 2, n), [(0, 1), (1, 2)], [.5, .5], 1000)
t.chi_square_check(lambda n: A([0, 1., 1., 5]), [(0, 1), (1, 2), (5, 6)], [.25, .5, .25], 4)
t.chi_square_check(lambda n: A([0, 1, 1, 5]), [5, 1, 0], [.25, .5, .25], 4)
t.chi_square_check(lambda n: np.random.uniform(0, 2, n), [(0, 1), (1, 2), (5, 6)], [.4, .4, .2], 1000)
t.chi_square_check(lambda n: A([0, 1, 1, 5]), (0, 1, 5), [.25, .5, .25], 4)
t.chi_square_check(lambda n: A([0, 1, 1, 5]), [0, 1, 5], [.5, .5], 4)
t.verify_generator(lambda n: np.random.uniform(0, 2, n), [(0, 1), (1, 2)], [.5, .5], 1000)
t.verify_generator(lambda n: np.random.uniform(0, 2, n), [(0, 1), (1, 2)], [.3, .7], 1000)
t.environment({'A': 1}).__enter__()
t.environment('A').__enter__()
t.retry(0)
t.is_op_runnable()
t.has_tvm_ops()
t.default_dtype().__name__
"""

# Symbols: X is an argument, F = x * y + x, B a BatchNorm of X, C() one way for check_consistency.
SYMBOLS = """
t.simple_forward(F, x=A([[1., 2]]), y=A([[3., 4]]))
t.simple_forward(mx.sym.Group([F, X]), x=A([[1., 2]]), y=A([[3., 4]]))
t.simple_forward(F, x=A([[1., 2]]))
t.check_symbolic_forward(F, [A([[1., 2]]), A([[3., 4]])], [A([[4., 10]])])
t.check_symbolic_forward(F, {'x': A([[1., 2]]), 'y': A([[3., 4]])}, {'f_output': A([[4., 10]])})
t.check_symbolic_forward(F, {'x': A([[1., 2]]), 'y': A([[3., 4]])}, [A([[4., 11]])])
t.check_symbolic_forward(F, [A([[1., 2]]), A([[3., 4]])], [A([[4., 10]])], dtype=np.float64)
t.check_symbolic_forward(F, [N([[1., 2]], dtype='float64'), A([[3., 4]])], [A([[4., 10]])], dtype='asnumpy')
t.check_symbolic_forward(F, [A([[1., 2]], dtype='f'), A([[3., 4]])], [A([[4., 10]])], dtype='asnumpy')
t.check_symbolic_forward(F, [A([[1., 2]]), A([[3., 4]])], [A([[4., 10]])], dtype=np.int32)
t.check_symbolic_forward(F, {'x': A([[1., 2]])}, [A([[4., 11]])])
t.check_symbolic_forward(F, [A([[1., 2]])], [A([[4., 11]])])
t.check_symbolic_forward(F, A([[1., 2]]), [A([[4., 11]])])
t.check_symbolic_forward(F, [A([[1., 2]]), A([[3., 4]])], {'foo': A([[4., 10]])})
t.check_symbolic_forward(B, [XX, A([1., 1]), A([0., 0])], [XX], aux_states=[A([0., 0]), A([1., 1])], rtol=1e-2)
t.check_symbolic_forward(B, [XX, A([1., 1]), A([0., 0])], [XX], aux_states={'b_moving_mean': A([0., 0])}, rtol=1e-2)
t.check_symbolic_forward(B, [XX, A([1., 1]), A([0., 0])], [XX], rtol=1e-2)
t.check_symbolic_backward(F, [A([[1., 2]]), A([[3., 4]])], [A([[1., 1]])], [A([[4., 5]]), A([[1., 2]])])
t.check_symbolic_backward(F, [A([[1., 2]]), A([[3., 4]])], [A([[1., 1]])], {'x': A([[4., 5]])})
t.check_symbolic_backward(F, [A([[1., 2]]), A([[3., 4]])], {'f_output': A([[1., 1]])}, {'x': A([[4., 5]])})
t.check_symbolic_backward(F, [A([[1., 2]]), A([[3., 4]])], [A([[1., 1]])], {'x': A([[4., 6]])})
t.check_symbolic_backward(F, [XY, XY], [A([[1., 1]])], {'x': XY + 1}, grad_req=['write', 'null'])
t.check_symbolic_backward(F, [A([[1., 2]]), A([[3., 4]])], [A([[1., 1]])], {'x': A([[4., 5]])}, grad_req={'x': 'write'})
t.check_symbolic_backward(F, [A([[1., 2]]), A([[3., 4]])], [A([[1., 1]])], {'x': A([[4., 5]])}, grad_req='foo')
t.check_symbolic_backward(F, [A([[1., 2]]), A([[3., 4]])], [A([[1., 1]])], {'z': A([[4., 5]])})
t.check_symbolic_backward(F, [A([[1., 2]]), A([[3., 4]])], None, {'x': A([[4., 5]])})
t.check_symbolic_backward(F, [XY, XY], [A([[1., 1]])], {'x': XY + 1}, aux_states={'m': A([1.])})
t.check_numeric_gradient(F, [A([[1., 2]]), A([[3., 4]])])
t.check_numeric_gradient(F, [A([[1., 2]]), A([[3., 4]])], dtype=np.float64)
t.check_numeric_gradient(F, [A([[1., 2]]), A([[3., 4]])], grad_nodes=['x'])
t.check_numeric_gradient(F, [A([[1., 2]]), A([[3., 4]])], grad_nodes={'x': 'add'})
t.check_numeric_gradient(F, [A([[1., 2]]), A([[3., 4]])], grad_nodes={'x': 'null', 'y': 'write'})
t.check_numeric_gradient(F, [A([[1., 2]]), A([[3., 4]])], grad_nodes='x')
t.check_numeric_gradient(F, [A([[1., 2]]), A([[3., 4]])], grad_nodes=['q'])
t.check_numeric_gradient(F, [A([[1., 2]]), A([[3., 4]])], grad_stype_dict={'x': 'row_sparse'})
t.check_numeric_gradient(F, [A([[1., 2]]), A([[3., 4]])], grad_stype_dict=[])
t.check_numeric_gradient(F, [A([[1., 2]]), A([[3., 4]])], dtype=np.int32)
t.check_numeric_gradient(F, {'x': A([[1., 2]])})
t.check_numeric_gradient(mx.sym.Group([F, X]), [A([[1., 2]]), A([[3., 4]])])
t.check_speed(F, typ='foo', x=(2, 2), y=(2, 2))
t.check_speed(F, [np.ones((2, 2)), np.ones((2, 2))])
t.check_speed(F, {'x': np.ones((2, 2)), 'y': np.ones((2, 2))}, N=0)
list(t.check_consistency(F, [C(), C(np.float64)]))
list(t.check_consistency(F, [C(), C(np.float64)], grad_req='null'))
[v is None for v in t.check_consistency(F, [C(), C(np.float64)], grad_req={'x': 'write', 'y': 'null'}).values()]
str(t.check_consistency(F, [C(), C(np.float64), C(np.float16)])['f_output'].dtype.__name__)
t.check_consistency(F, [C(), C(np.float64)], arg_params={'x': np.ones((2, 3)), 'y': np.full((2, 3), 2)})
t.check_consistency(F, [C()])
t.check_consistency([F, F, F], [C(), C()])
t.check_consistency([F, mx.sym.sin(X, name='f')], [C(), C()])
t.check_consistency(F, [C(), C(np.float64)], ground_truth={'x': np.ones((2, 3))})
"""


def expressions(text: str) -> list[str]:
    return text.strip().splitlines()


def names(mx: Any) -> dict[str, Any]:
    """What a call is evaluated with."""
    x, y = mx.sym.var("x"), mx.sym.var("y")

    def context(dtype: Any = np.float32) -> dict[str, Any]:
        return {"ctx": mx.cpu(), "x": (2, 3), "y": (2, 3), "type_dict": {"x": dtype, "y": dtype}}

    made = {"XY": np.array([[3.0, 4]]), "XX": np.arange(8.0).reshape(4, 2), "C": context}
    made.update(X=x, F=mx.sym.broadcast_add(x * y, x, name="f"), B=mx.sym.BatchNorm(x, name="b"))
    return {
        "t": mx.test_utils,
        "mx": mx,
        "np": np,
        "A": np.array,
        "N": mx.nd.array,
        "nan": np.nan,
        "inf": np.inf,
        **made,
    }


def encoded(value: Any) -> Any:
    """A value as JSON holds it."""
    if hasattr(value, "asnumpy"):
        value = value.asnumpy()
    if isinstance(value, np.ndarray):
        return {"dtype": str(value.dtype), "shape": list(value.shape), "values": np.ravel(value).tolist()}
    if isinstance(value, dict):
        return {str(k): encoded(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [encoded(v) for v in value]
    if isinstance(value, np.generic):
        return value.item()
    return value


def answer(mx: Any, expression: str) -> dict[str, Any]:
    """What a call returns, or the classes of what it raises with the first lines of the message, and what it prints."""
    random.seed(0)
    np.random.seed(0)
    mx.random.seed(0)
    printed = io.StringIO()
    found: dict[str, Any] = {}
    try:
        with contextlib.redirect_stdout(printed):
            found["value"] = encoded(eval(expression, names(mx)))
    except Exception as error:
        found["error"] = [kind.__name__ for kind in type(error).__mro__[:-3]]
        if "Items are not equal" in str(error):
            found["message"] = str(error).split("\n ACTUAL")[0]
    if text := printed.getvalue():
        found["printed"] = text
    return found
