"""Sparse arrays: making them, taking them apart, which operators keep them sparse, gradients. ``c`` is a csr matrix,
``r`` the same as row_sparse, ``d`` a dense one.
"""

CASES = """
c, r, c.stype, r.stype, c.shape, r.ndim, c.dtype, r.context, len(c), repr(c), str(r)
c.data, c.indices, c.indptr, r.data, r.indices
c.asnumpy(), r.asnumpy(), c.tostype("default"), r.tostype("default"), c.tostype("csr"), r.tostype("row_sparse")
c.tostype("csr") is c, c.copy() is c, c.astype("float64"), r.astype("int32"), c.astype("float64").data
c.astype("float32", copy=False) is c, r.astype("float16").dtype
attempts(lambda s: c.tostype(s), "row_sparse", "foo", "default")
attempts(lambda s: r.tostype(s), "csr", "foo", "default")
attempts(lambda s: d.tostype(s), "csr", "row_sparse", "default", "foo")
t.tostype("csr")
t.tostype("row_sparse"), v.tostype("row_sparse"), v.tostype("row_sparse").data, v.tostype("row_sparse").shape
nd.array([[0, np.nan], [0, 0]]).tostype("csr").data, nd.array([[0, np.nan], [0, 0]]).tostype("row_sparse").data
i.tostype("csr"), i.tostype("csr").data, i.astype("float16").tostype("row_sparse")
c.size
c.reshape((9,))
c.reshape(9)
c.asscalar()
r.asscalar()
bool(c)
c.indptr, r.indptr
c.retain(nd.array([0]))
c.copyto(mx.cpu(1)), r.as_in_context(mx.cpu(1)), c.as_in_context(mx.cpu(0)) is c
c.copyto(nd.ones((3, 3))), d.copyto(c), c, r.copyto(r.copy()), d.copyto(r), r, r.data
c.copyto(5)
c.copyto(nd.ones((2, 3)))
c.check_format(), r.check_format(), c.wait_to_read(), c.detach(), c.writable
import pickle; pickle.loads(pickle.dumps(c)), pickle.loads(pickle.dumps(r)), pickle.loads(pickle.dumps(c)).indptr
c[0], c[-1], c[1:3], c[-2:], c[:], c[1:3].data, c[1:3].indices, c[1:3].indptr
attempts(lambda k: c[k], (0, 1), (slice(None), 1), slice(0, 3, 2), slice(1, None))
attempts(lambda k: r[k], 0, slice(0, 1), (0, 1), slice(None))
c[:] = d; c, c.data
c[:] = r.tostype("default"); r[:] = d; c, r
c[:] = c.asnumpy() * 2; r[:] = r.asnumpy() * 2; c, r
c[:] = 2
r[:] = 2; r, r.indices
c[0] = 2
r[0] = 2
c[0:1] = nd.ones((1, 3))
c.T, r.T, c.flatten(), c.expand_dims(0), c.diag(), c.max(), r.argmax(axis=1), c.broadcast_to((3, 3))
c.slice((0,), (2,)), r.slice((0,), (2,)), c.slice_axis(axis=0, begin=0, end=2), nd.slice(c, begin=(0, 1), end=(2, 3))
nd.slice(c, begin=(None, 1), end=(None, None)).indices, nd.slice(c, begin=(1,), end=(3,)).indptr
c.zeros_like(), r.zeros_like(), c.ones_like(), nd.zeros_like(r).indices
[getattr(nd, f)(a) for f in "abs arcsin arcsinh arctan ceil degrees expm1 fix floor negative".split() for a in (c / \
4, r)]
[getattr(nd, f)(a) for f in "radians relu rint round sign sin sinh square tan tanh trunc".split() for a in (c, r)]
[getattr(nd, f)(a * a) for f in "sqrt cbrt log1p make_loss stop_gradient".split() for a in (c, r)]
[getattr(nd, f)(a) for f in "arccos arccosh cos cosh exp log log2 rsqrt sigmoid sum mean norm".split() for a in (c, r)]
[getattr(nd, f)(a) for f in "softsign erf reciprocal identity Flatten transpose max".split() for a in (c, r)]
[getattr(nd, f)(a, axis=k) for f in ("sum", "mean", "norm") for k in (0, 1, (0, 1)) for a in (c, r)]
nd.sum(c, axis=1, keepdims=True), nd.sum(c, axis=1, exclude=True), nd.mean(c, axis=0, keepdims=True)
attempts(lambda f: [f(a) for a in (c, r)], lambda a: a + 2, lambda a: a - 2, lambda a: a * 2, lambda a: a / 2)
attempts(lambda f: [f(a) for a in (c, r)], lambda a: 2 + a, lambda a: 2 - a, lambda a: 2 * a, lambda a: a ** 2)
attempts(lambda f: [f(a) for a in (c, r)], lambda a: -a, abs, lambda a: a % 2, lambda a: a + 0, lambda a: a * 0)
attempts(lambda f: [f(a) for a in (c, r)], lambda a: a > 0, lambda a: a > 1, lambda a: a > -1, lambda a: a >= 1)
attempts(lambda f: [f(a) for a in (c, r)], lambda a: a < 0, lambda a: a < 1, lambda a: a <= 0, lambda a: a <= -1)
attempts(lambda f: [f(a) for a in (c, r)], lambda a: a == 0, lambda a: a == 1, lambda a: a != 0, lambda a: a != 1)
[nd.clip(a, low, high) for low, high in ((-1, 1), (0, 1), (-5, 0)) for a in (c, r)]
c + c, c * c, r + r, r - r, r * r, r / r, c == c, r > r
c + d, c * d, r * d, r + d, d + c, d * c, d * r, d - r, c + r, r * c
c * nd.array([[1, 2, 3]]), c / nd.array([[1, 2, 4]]), c * nd.array([[1], [2], [3]]), r * nd.array([[1, 2, 3]])
c.__iadd__(c), r.__isub__(r), c.__imul__(2), r.__itruediv__(4), c, r
c.__iadd__(d), r.__iadd__(1), c.__isub__(1), c, r
c + "a"
[f(a, b) for f in (nd.elemwise_add, nd.elemwise_mul) for a in (c, r, d) for b in (c, r, d)]
[f(a, d) for f in (nd.elemwise_sub, nd.elemwise_div, nd.maximum, nd.power) for a in (c, r)]
[nd.broadcast_add(a, b) for a in (c, r, d) for b in (c, r, d)]
[nd.broadcast_mul(a, b) for a in (c, r, d) for b in (c, r, d) if (a, b) != (c, c)]
nd._internal._maximum(c, c), nd._internal._minimum(r, r), nd._internal._hypot(c, c), nd._internal._hypot(r, r)
nd._internal._scatter_plus_scalar(r, scalar=2), nd._internal._scatter_minus_scalar(c, scalar=2)
nd._internal._scatter_elemwise_div(r, d), nd._internal._identity_with_attr_like_rhs(r, r)
nd._internal._square_sum(r, axis=1), nd._internal._square_sum(r, axis=0), nd._internal._square_sum(r, axis=1, \
keepdims=True)
nd.add_n(r, r, r), nd.add_n(r, d), nd.add_n(c, c), nd.concat(c, c, dim=0), nd.concat(c, c, dim=1), nd.concat(r, r, \
dim=0)
nd.concat(c, c, dim=0).indptr, nd.concat(c, c, c, dim=0).indices
nd.take(c, nd.array([2, 0])), nd.take(c, nd.array([2, 7]), mode="clip"), nd.take(c, nd.array([2, 0])).indptr
nd.where(c, d, d * 0), nd.where(c > 0, d, -d), nd.stack(c, c), nd.Cast(c, dtype="float64")
[nd.dot(a, b) for a in (c, r, d) for b in (c, r, d)]
[nd.dot(a, b, transpose_a=True) for a in (c, r, d) for b in (c, r, d)]
[nd.dot(a, b, transpose_b=True) for a in (c, r, d) for b in (c, r, d)]
[nd.dot(a, b, transpose_a=True, transpose_b=True) for a in (c, r, d) for b in (c, r, d)]
[nd.dot(a, d, forward_stype=s) for a in (c, r, d) for s in ("default", "csr", "row_sparse")]
[nd.dot(c, d, transpose_a=True, forward_stype=s) for s in ("default", "csr", "row_sparse")]
nd.dot(c, d, transpose_a=True).indices, nd.dot(c[0:1], d[0:1], transpose_a=True).indices, nd.sparse.dot(c, d)
nd.dot(c, nd.ones((2, 3)))
nd.dot(c.astype("float64"), d.astype("float64")), nd.dot(c.astype("float64"), d.astype("float64"), transpose_a=True)
nd.dot(c, d.astype("float64"))
nd.sparse.retain(r, nd.array([0, 1])), nd.sparse.retain(r, nd.array([0, 1])).indices
nd.sparse.retain(r, nd.array([0, 2], dtype="int64")), nd.sparse.retain(r, nd.array([], dtype="float32")).shape
nd.sparse.retain(c, nd.array([0]))
nd.sparse.retain(d, nd.array([0]))
nd.contrib.getnnz(c), nd.contrib.getnnz(c, axis=1)
nd.contrib.getnnz(c, axis=0)
nd.contrib.getnnz(r)
nd.Embedding(nd.array([0, 2]), r, input_dim=3, output_dim=3), nd.Embedding(nd.array([1, 1]), r, input_dim=3, \
output_dim=3)
nd.contrib.SparseEmbedding(nd.array([0, 2]), r, input_dim=3, output_dim=3)
nd.contrib.SparseEmbedding(nd.array([0, 2]), d, input_dim=3, output_dim=3)
nd.LinearRegressionOutput(d, c), nd.LogisticRegressionOutput(d, c), nd.sparse.abs(d)
nd.cast_storage(d, "csr"), nd.cast_storage(d, "row_sparse"), nd.cast_storage(c, "default"), nd.cast_storage(c, "csr")
nd.cast_storage(c, "row_sparse")
nd.cast_storage(r, "csr")
attempts(lambda s: nd.sparse.zeros(s, (2, 3)), "csr", "row_sparse", "default", "foo")
nd.sparse.zeros("csr", (2, 3), dtype="float64").data, nd.sparse.zeros("csr", (2, 3)).indptr, nd.sparse.empty("csr", \
(2, 2))
nd.sparse.zeros("row_sparse", (2, 3, 4)).data.shape, nd.sparse.zeros("row_sparse", (2, 3), mx.cpu(1)).context
nd.zeros((2, 2), stype="csr"), nd.zeros((2, 2), stype="row_sparse", dtype="int32"), nd.zeros((2, 2), stype="default")
nd.zeros((2, 2, 2), stype="csr")
nd.sparse.csr_matrix(([1, 2, 3], [1, 0, 2], [0, 1, 1, 3]), shape=(3, 3)), nd.sparse.csr_matrix(([1, 2, 3], [1, 0, 2], \
[0, 1, 1, 3]))
nd.sparse.csr_matrix(([1, 2, 3], [1, 0, 2], [0, 1, 1, 3]), dtype="int32"), nd.sparse.csr_matrix((3, 2)).indptr
nd.sparse.csr_matrix(([1, 2], ([0, 1], [1, 0])), shape=(2, 2)), nd.sparse.csr_matrix(([1, 2], ([1, 0], [1, 0])))
nd.sparse.csr_matrix(([1.5, 2, 5], ([0, 0, 1], [1, 1, 0])), shape=(2, 3)), nd.sparse.csr_matrix((np.array([1.5, 2], \
"float32"), ([0, 1], [1, 0])))
nd.sparse.csr_matrix([[0, 1], [2, 0]]), nd.sparse.csr_matrix(np.array([[0, 1], [2, 0]])), nd.sparse.csr_matrix(d)
nd.sparse.csr_matrix(c), nd.sparse.csr_matrix(c, dtype="float64"), nd.sparse.csr_matrix(c, ctx=mx.cpu(1))
nd.sparse.csr_matrix([[0, 1], [2, 0]], shape=(3, 3))
nd.sparse.csr_matrix((3, 3), shape=(2, 2))
nd.sparse.csr_matrix(r)
nd.sparse.csr_matrix(3)
import scipy.sparse as s; m = s.csr_matrix(([1., 2], [1, 0], [0, 1, 2])); nd.sparse.csr_matrix(m), nd.sparse.array(m)
import scipy.sparse as s; m = s.csr_matrix(np.eye(2, dtype="float32")); nd.array(m), nd.sparse.array(m, dtype="float64")
a = c.asscipy(); a.toarray(), a.indptr.tolist(), a.indices.tolist(), a.data
r.asscipy()
nd.sparse.row_sparse_array(([[1, 2], [3, 4]], [1, 3]), shape=(5, 2)), nd.sparse.row_sparse_array(([[1, 2], [3, 4]], \
[1, 3]))
nd.sparse.row_sparse_array((4, 2)).data.shape, nd.sparse.row_sparse_array((4, 2, 2)), nd.sparse.row_sparse_array(([1, \
2], \
[1, 3]))
nd.sparse.row_sparse_array([[0, 0], [1, 2]]), nd.sparse.row_sparse_array(np.array([[0, 0], [1, 2]])).dtype
nd.sparse.row_sparse_array(r), nd.sparse.row_sparse_array(r, dtype="float64"), nd.sparse.row_sparse_array(d)
nd.sparse.row_sparse_array(([[1, 2], [3, 4]], [1, 3]), dtype="float16"), nd.sparse.row_sparse_array(nd.array([[0, 1]]))
nd.sparse.row_sparse_array(c)
nd.sparse.array(c), nd.sparse.array(r), nd.sparse.array(c, dtype="float64"), nd.array(c), nd.array(r, dtype="int32")
nd.sparse.array(d)
nd.sparse.array([[1]])
nd.sparse.array(np.ones((2, 2)))
nd.sparse.add(c, d), nd.sparse.subtract(r, r), nd.sparse.multiply(c, 2), nd.sparse.divide(c, 2), nd.sparse.add(c, 1)
nd.sparse.multiply(2, c), nd.sparse.add(r, r), nd.sparse.multiply(c, d), nd.sparse.divide(r, d)
nd.sparse.add(1, 2), nd.sparse.multiply(2.5, 2), nd.sparse.subtract(1, 2)
isinstance(c, nd.sparse.BaseSparseNDArray), isinstance(c, nd.NDArray), nd.sparse.CSRNDArray.__module__
c.attach_grad(), c.grad, r.attach_grad(), r.grad, r.grad.indices, d.attach_grad(stype="row_sparse"), d.grad
gradient(lambda w: nd.dot(c, w), d), gradient(lambda w: nd.dot(c, w), d, "row_sparse"), gradient(lambda w: nd.dot(c, \
w), r)
gradient(lambda w: nd.dot(c, w, transpose_a=True), d, "row_sparse"), gradient(lambda w: nd.dot(c, w, \
transpose_a=True), d)
gradient(lambda w: nd.dot(c, w * 2), d, "row_sparse"), gradient(lambda w: nd.dot(c, w) + nd.dot(c, w), d, "row_sparse")
gradient(lambda w: nd.Embedding(v[:2], w, input_dim=3, output_dim=3, sparse_grad=True), d, "row_sparse")
gradient(lambda w: nd.Embedding(v[:2], w, input_dim=3, output_dim=3, sparse_grad=True), r)
gradient(lambda w: nd.contrib.SparseEmbedding(v[:2], w, input_dim=3, output_dim=3), d, "row_sparse")
[gradient(f, a) for f in (nd.square, lambda w: w * w, lambda w: w * 2, nd.sum, nd.tanh) for a in (c, r) if a is r]
gradient(lambda w: nd.dot(w, d), c), gradient(lambda w: w * 2, c), gradient(lambda w: w.tostype("default"), r)
gradient(lambda w: nd.sparse.retain(w, nd.array([0, 1])), r), gradient(lambda w: nd.cast_storage(w, "row_sparse"), d)
gradient(lambda w: nd._internal._square_sum(w, axis=1), r), gradient(lambda w: nd._internal._square_sum(w, axis=0), r)
g = nd.sparse.row_sparse_array(([[1, 2, 3]], [1]), shape=(3, 3)); nd.sgd_update(d, g, lr=0.1, wd=0.5, out=d); d
g = nd.sparse.row_sparse_array(([[1, 2, 3]], [1]), shape=(3, 3)); nd.sgd_update(d, g, lr=0.1, wd=0.5, \
lazy_update=False, \
out=d); d
g = nd.sparse.row_sparse_array(([[1, 2, 3]], [1]), shape=(3, 3)); m = nd.ones((3, 3)); nd.sgd_mom_update(d, g, m, \
lr=0.1, \
momentum=0.9, wd=0.1, out=d); d, m
g = nd.sparse.row_sparse_array(([[1, 2, 3]], [1]), shape=(3, 3)); m = nd.ones((3, 3)); n = nd.ones((3, 3)); \
nd.adam_update(d, g, m, n, lr=0.1, wd=0.1, out=d); d, m, n
g = nd.sparse.row_sparse_array(([[1, 2, 3]], [1]), shape=(3, 3)); m = nd.ones((3, 3)); n = nd.ones((3, 3)); \
nd.adam_update(d, g, m, n, lr=0.1, lazy_update=False, out=d); d, m, n
g = nd.sparse.row_sparse_array(([[1, 2, 3]], [1]), shape=(3, 3)); m = nd.ones((3, 3)); nd.sparse.adagrad_update(d, g, \
m, \
lr=0.1, out=d); d, m
g = nd.sparse.row_sparse_array(([[1, 2, 3]], [1]), shape=(3, 3)); w = d.tostype("row_sparse"); m = \
nd.zeros((3, 3)).tostype("row_sparse"); n = m.copy(); nd.sparse.ftrl_update(w, g, m, n, lr=0.1, out=w); w, m, n
g = nd.sparse.row_sparse_array(([[1, 2, 3]], [1]), shape=(3, 3)); m = nd.ones((3, 1)); \
nd.contrib.group_adagrad_update(d, \
g, m, lr=0.1, out=d); d, m
o = mx.optimizer.SGD(learning_rate=0.1, momentum=0.9, wd=0.1); trained(o)
o = mx.optimizer.SGD(learning_rate=0.1, wd=0.1, clip_gradient=0.5, rescale_grad=0.5); trained(o)
o = mx.optimizer.SGD(learning_rate=0.1, momentum=0.9, lazy_update=False); trained(o)
o = mx.optimizer.Adam(learning_rate=0.1, wd=0.1); trained(o)
o = mx.optimizer.Adam(learning_rate=0.1, lazy_update=False); trained(o)
"""
