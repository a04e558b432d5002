"""Where Regluon differs on purpose (docs/differences.md): what both are asked, and Regluon's answer, or error."""

CASES = {
    # Arrays of shape () and without elements take part in everything.
    "scalar + 1, scalar.copyto(mx.cpu(1))": "nd.array(4), nd.array(3, mx.cpu(1))",
    "scalar[...], scalar[None], scalar[()]": "nd.array(3), nd.array([3]), nd.array(3)",
    "scalar[:] = 5; scalar": "nd.array(5)",
    "none + 1, none.copy(), none.cosh()": "none, none, none",
    "import pickle; pickle.loads(pickle.dumps(scalar))": "scalar",
    # Keys.
    "x[1:0], x[[]], x[nd.array([])]": "x[5:], x[5:], x[5:]",
    "x[:, 1:1].shape, t[0, 2:1].shape": "(2, 0), (0, 4)",
    "x[1:0] = 5; x": "x",
    "x[nd.array(1)], x[np.array(1)]": "x[1], x[1]",
    "x[[0, 1], None].shape, x[[0, 1], :, None].shape": "(2, 1, 3), (2, 3, 1)",
    "x[True] = 5; x": "x[1] = 5; x",
    "v[1:] = v[:-1]; v": "nd.array([1, 1, 2])",
    "v[1:] += v[:-1]; v": "nd.array([1, 3, 5])",
    "v[::-1] = v; v": "nd.array([3, 2, 1])",
    # Conversions.
    "float(one), int(one)": "5.0, 5",
    "np.asarray(x), np.array(i, dtype='float32')": "x.asnumpy(), i.asnumpy().astype('float32')",
    "nd.array([[7]]).asscalar()": "np.float32(7)",
    "nd.array([v, v])": "nd.array([[1, 2, 3], [1, 2, 3]])",
    "nd.array(np.array([1 + 2j]))": "TypeError",
    "x.astype('complex64')": "TypeError",
    "nd.array([1.5, 2]).astype('bfloat16').asnumpy()": "np.array([1.5, 2], 'float32')",
    # Operators.
    "None - x": "TypeError",
    "[1, 2, 3] / x": "TypeError",
    "nd.add(None, x)": "TypeError",
    "np.bool_(True) == v": "nd.array([1, 0, 0])",
    "a = nd.array([1, 0], dtype='bool'); a == a, a + a": "a = nd.array([1, 0], dtype='bool'); a.ones_like(), a",
    "i + float('nan')": "mx.MXNetError",
    # Contexts.
    "nd.ones(1, mx.cpu(0)) + nd.ones(1, mx.cpu(1))": "mx.MXNetError",
    "nd.array([1], ctx='cpu(1)')": "nd.ones(1, mx.cpu(1))",
    "nd.array([1], ctx=5)": "mx.MXNetError",
    "import copy; copy.copy(nd.ones(1, mx.cpu(1)))": "nd.ones(1, mx.cpu(1))",
    # Functions.
    "nd.concatenate((x, x)), nd.concatenate([t, t], axis=-1)": "nd.concat(x, x, dim=0), nd.concat(t, t, dim=2)",
    "nd.onehot_encode(nd.array([1], dtype='int32'), i[:1])": "nd.array([[0, 1, 0]], dtype='int32')",
}
