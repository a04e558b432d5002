"""Creating arrays from values, from shapes, from other libraries' memory; all arguments, right and wrong."""

CASES = """
attempts(nd.array, [1, 2], (1, 2), [[1], [2]], range(3), 3, 3.5, True, np.float64(3), [np.int8(3)], [], [[]], [[], \
[]], None)
attempts(nd.array, np.arange(3), np.arange(3.0), np.array([True]), np.array(5), np.zeros((0, 3)), np.zeros((2, 0)))
attempts(nd.array, np.arange(6).reshape(2, 3).T, np.arange(6)[::-2], np.arange(4, dtype=">f4"), np.arange(3, \
dtype="uint16"))
attempts(nd.array, "abc", ["a", "b"], ["1", "2.5"], [1, [2, 3]], {1: 2}, {1}, object(), [None], [1, None], 1j, [1j], \
b"a")
attempts(nd.array, x, i, x.astype("float16"), x[0], scalar, none)
nd.array(x) is x, shares(nd.array(x), x)
a = np.ones(3, "float32"); b = nd.array(a); a[0] = 5; b
attempts(lambda d: nd.array([1, 0, 3], dtype=d), None, "float32", "float64", "float16", "int8", "uint8", "int32", \
"int64", "bool")
attempts(lambda d: nd.array([1, 0, 3], dtype=d), np.float32, np.float64, np.int32, np.dtype("int8"), np.bool_, float, \
int, bool)
attempts(lambda d: nd.array([1, 0, 3], dtype=d), "f", "f4", "<f8", "i", "d", "foo", 5, object())
attempts(lambda d: nd.array(x, dtype=d), None, "float64", "int32", "foo")
nd.array([300, -1], dtype="uint8"), nd.array([2.7, -2.7], dtype="int32"), nd.array([1e300, -1e300]), nd.array([1e6], \
dtype="float16")
nd.array([0.5, 0, np.nan], dtype="bool"), nd.array([2**40], dtype="int32"), nd.array([2**53 + 1], dtype="int64")
nd.array(np.array([300, -1]), dtype="uint8"), nd.array(np.array([np.inf, 2.9]), dtype="int8")
attempts(lambda c: nd.array([1, 2], ctx=c), None, mx.cpu(), mx.cpu(1), mx.cpu_pinned(), mx.Context("cpu_shared", 0), \
mx.gpu(0))
nd.array(x, mx.cpu(1)), nd.array(nd.ones((1,), mx.cpu(1))).context, nd.array([1], mx.cpu(2), "int8")
nd.array()
nd.array([1], foo=2)
attempts(nd.zeros, 3, (2,), [2, 3], (2, 1, 2), np.int64(2), (np.int64(2), 3), "3", "(2, 2)")
attempts(nd.zeros, (), 0, (0, 3), (-1, 3), -1, 2.5, (2.5,), None, "a", (None,))
attempts(nd.ones, 3, (2,), [2, 3], (), 0, (0, 3), None, (1, -1))
attempts(lambda d: nd.zeros((2,), dtype=d), None, "float64", "int8", np.float16, np.dtype("uint8"), int, float, bool, \
"foo", 5)
attempts(lambda d: nd.ones((2,), dtype=d), None, "float64", "int8", np.float16, np.dtype("uint8"), int, float, bool, \
"foo", 5)
attempts(lambda c: nd.zeros((2,), c), None, mx.cpu(), mx.cpu(1), "cpu(1)", mx.cpu_pinned(), mx.gpu(0), "foo", 5, \
"cpu(a)")
attempts(lambda c: nd.ones((2,), ctx=c), None, mx.cpu(1), mx.gpu(0), "foo")
nd.zeros((2,), out=one)
a = nd.ones((2,)); nd.zeros((2,), out=a) is a, a
a = nd.zeros((2,), dtype="int32"); nd.ones((2,), dtype="int32", out=a); a
nd.zeros((2,), foo=1)
nd.zeros()
nd.zeros(shape=(2,), ctx=mx.cpu(1), dtype="int8"), nd.ones(shape=2, ctx=mx.cpu(1), dtype="int8")
nd.zeros((2,), stype="default")
attempts(lambda s: nd.empty(s).shape, 2, (2, 3), [2, 3], (2, 0), np.int64(2), None, "a", (None,), 2.5)
nd.empty((2,), mx.cpu(1), "int8").dtype, nd.empty((2,), mx.cpu(1), "int8").context, nd.empty((2,)).dtype
nd.empty((2,), dtype="foo")
nd.empty((2,), mx.gpu(0))
attempts(lambda v: nd.full((2, 2), v), 3, 3.5, True, np.float32(2), one, nd.array([1, 2]), [1, 2], np.array([[1], \
[2]]), None)
attempts(lambda v: nd.full((2, 2), v), "a", nd.ones((3,)), [1, 2, 3], 1j, object())
attempts(lambda d: nd.full((2,), 3.7, dtype=d), "float64", "int32", "uint8", "bool", None, "foo")
attempts(lambda s: nd.full(s, 3), 2, (2,), [1, 2], (0,), None, "a")
nd.full((2,), 3, mx.cpu(1)), nd.full((2,), 3, ctx=mx.cpu(1), dtype="int8"), nd.full((2,), -1, dtype="uint8")
a = nd.ones((3,)); nd.full((2,), 7, out=a) is a, a
nd.full((2,), 7, out=nd.ones((3,), dtype="int32"))
nd.full((2,))
attempts(nd.arange, 3, 2.5, 0, -1, None, "a", np.int64(3), 1e-9)
nd.arange(1, 4), nd.arange(1, 4, 2), nd.arange(4, 1, -1), nd.arange(0.5, 2), nd.arange(0, 1, 0.25), nd.arange(-2, 2)
nd.arange(1, 4, repeat=2), nd.arange(3, repeat=3), nd.arange(0, 2, 0.5, 2), nd.arange(start=2, stop=4), nd.arange(2, \
None)
nd.arange(4, 1)
nd.arange(1, 4, -1)
nd.arange(1, 4, repeat=0)
nd.arange(3, infer_range=False)
attempts(lambda d: nd.arange(3, dtype=d), None, "float64", "float16", "int32", "int64", "uint8", "int8", np.int32, \
int, float, "foo")
nd.arange(0.5, 4.5, 1.5, dtype="int32"), nd.arange(2.7, dtype="int32"), nd.arange(0, 1, 0.1, dtype="float64")
nd.arange(3, ctx=mx.cpu(1)), nd.arange(1, 4, ctx="cpu(1)", dtype="int8")
nd.arange(3, ctx=mx.gpu(0))
nd.arange()
nd.linspace(0, 1, 5), nd.linspace(0, 1, 4, endpoint=False), nd.linspace(1, -1, 3), nd.linspace(2, 2, 2), \
nd.linspace(0, 1, 1)
attempts(lambda d: nd.linspace(0, 5, 3, dtype=d), None, "float64", "float16", "int32", np.int64, "foo", None)
nd.linspace(0, 1, 3, ctx=mx.cpu(1)), nd.linspace(start=0, stop=1, num=2, endpoint=True)
attempts(lambda n: nd.linspace(0, 1, n), 2, -1, 2.5, "a", None, np.int64(2))
nd.linspace(0, 1)
nd.eye(2), nd.eye(2, 3), nd.eye(3, 2, -1), nd.eye(N=2, M=2, k=1), nd.eye(2, 0, 0), nd.eye(2, k=5)
attempts(lambda d: nd.eye(2, dtype=d), None, "int32", np.float64, "float16", "foo")
nd.eye(2, ctx=mx.cpu(1)), nd.eye(2, 3, 1, mx.cpu(1), "int8")
attempts(nd.eye, -1, 2.5, "a", None)
a = nd.ones((2, 2)); nd.eye(2, out=a) is a, a
nd.eye(2, foo=1)
nd.zeros_like(x), nd.ones_like(x), nd.zeros_like(i), nd.ones_like(i.astype("uint8")), nd.ones_like(nd.ones((2,), \
mx.cpu(1)))
nd.zeros_like(5)
nd.ones_like(np.ones(2))
nd.zeros_like(x, out=x), x
nd.from_numpy(np.ones((2, 3))), nd.from_numpy(np.arange(3)), nd.from_numpy(np.array(5.0)), nd.from_numpy(np.ones(2, \
"float16"))
a = np.ones(3, "float32"); b = nd.from_numpy(a); b[0] = 5; nd.waitall(); a, b, a.flags.writeable
a = np.ones(3, "float32"); b = nd.from_numpy(a, zero_copy=False); b[0] = 5; nd.waitall(); a, b, a.flags.writeable
a = np.ones(3, "float32"); b = nd.from_numpy(a); b = nd.from_numpy(a); b
nd.from_numpy(np.ones((2, 3)).T)
nd.from_numpy(np.ones((2, 3)).T, zero_copy=False)
nd.from_numpy([1, 2])
nd.from_numpy(x)
attempts(nd.from_numpy, np.array(["a"]), np.ones(2, "uint16"), np.ones(2, "complex64"), np.ones(2, ">f4"), np.ones(0))
nd.from_numpy(np.ones(2, "int32"), False), nd.from_numpy(np.ones(2, "bool"), False), nd.from_numpy(np.ones(2, "int64"))
nd.from_dlpack(x.to_dlpack_for_read()), nd.from_dlpack(i.to_dlpack_for_write()), \
nd.from_dlpack(nd.to_dlpack_for_read(v))
a = nd.from_dlpack(nd.to_dlpack_for_write(x)); a += 1; nd.waitall(); x
a = nd.from_dlpack(x[1].to_dlpack_for_write()); a[:] = 7; nd.waitall(); x
attempts(lambda d: nd.from_dlpack(x.astype(d).to_dlpack_for_read()), "float64", "float16", "int32", "int64", "int8", \
"uint8")
type(x.to_dlpack_for_read()).__name__, type(nd.to_dlpack_for_write(x)).__name__
nd.from_dlpack(np.ones(3).__dlpack__())
nd.from_dlpack(5)
nd.from_dlpack(None)
attempts(nd.from_dlpack, np.ones((2, 3)).T.__dlpack__(), np.ones(6)[::2].__dlpack__(), np.ones(6, \
"uint16").__dlpack__())
nd.from_dlpack("a")
a = x.to_dlpack_for_read(); b = nd.from_dlpack(a); nd.from_dlpack(a)
"""
