"""Contexts: what they are, blocks, and which one new arrays get. One case a line."""

CASES = """
mx.cpu(0) == mx.cpu(0), mx.cpu() == mx.cpu(0), mx.cpu(0) == mx.cpu(1), mx.cpu(0) == mx.gpu(0), mx.cpu() != mx.cpu(1)
mx.cpu() == 0, mx.cpu() == "cpu(0)", mx.cpu() == None, mx.cpu() != mx.Context("cpu", 0), mx.Context("gpu", \
2) == mx.gpu(2)
hash(mx.cpu(0)) == hash(mx.cpu()), {mx.cpu(0): 1}[mx.Context("cpu")], len({mx.cpu(0), mx.cpu(), mx.cpu(1), mx.gpu(0)})
repr(mx.cpu(1)), str(mx.gpu(2)), repr(mx.cpu_pinned()), repr(mx.Context("cpu_shared", 3)), f"{mx.cpu()}", \
repr(mx.cpu(True))
mx.Context("gpu", 1).device_type, mx.Context("gpu", 1).device_typeid, mx.Context("gpu", 1).device_id, \
mx.cpu_pinned(1).device_typeid
mx.Context(mx.cpu(3)), mx.Context(mx.cpu(3), 5), mx.Context("cpu"), mx.cpu(np.int64(1)), mx.cpu(-1)
mx.Context.devtype2str, mx.Context.devstr2type == {v: k for k, v in mx.Context.devtype2str.items()}
mx.Context("foo")
mx.Context(1)
mx.Context(None)
mx.Context()
repr(mx.cpu("a"))
repr(mx.cpu(None))
mx.cpu().foo
mx.context.num_gpus()
mx.context.gpu_memory_info(0)
mx.context.gpu_memory_info()
mx.gpu(0).empty_cache()
mx.cpu(0).device_type, mx.cpu().device_id
mx.current_context(), mx.context.current_context() == mx.cpu(0)
c = []\\nwith mx.cpu(2):\\n    c.append(mx.current_context())\\nc.append(mx.current_context())\\nc
c = []\\nwith mx.cpu(2):\\n    with mx.cpu(3) as d:\\n        c += [mx.current_context(), \
d]\\n    c.append(mx.current_context())\\nc
c = []\\ntry:\\n    with mx.cpu(1):\\n        c.append(1 / 0)\\nexcept ZeroDivisionError:\\n    \
c.append(mx.current_context())\\nc
with mx.gpu(1):\\n    c = mx.current_context()\\nc
c = mx.cpu(2)\\nwith c:\\n    r = [nd.ones(1), nd.zeros(1), nd.array([1]), nd.full((1,), 2), nd.arange(1), nd.eye(1), \
nd.linspace(0, 1, 2)]\\nr
with mx.cpu(2):\\n    r = nd.empty(1).context, nd.random.uniform(shape=(1,)).context, nd.array(x).context, \
(x + 1).context, nd.zeros_like(x).context
import threading\\nr = []\\nwith mx.cpu(2):\\n    t = threading.Thread(target=lambda: \
r.append(mx.current_context()))\\n    t.start()\\n    t.join()\\nr
nd.ones(1, mx.gpu(0))
nd.array([1], mx.gpu(0))
nd.zeros(1, ctx="gpu(0)")
nd.random.uniform(ctx=mx.gpu(0))
x.as_in_context(mx.gpu(0))
x.copyto(mx.gpu(7))
with mx.gpu(0): r = nd.ones(1)
a = nd.ones((2,), mx.cpu(1)); [b.context for b in (a + 1, -a, a + a, a[0], a[:1], a.reshape((2, 1)), a.copy(), \
a.sum(), a.detach())]
a = nd.ones((2,), mx.cpu(1)); [b.context for b in (a.astype("int32"), a.T, a.as_in_context(mx.cpu(0)), \
a.copyto(mx.cpu(2)), a.zeros_like())]
a = nd.ones((2,), mx.cpu(1)); a.attach_grad(); a.grad.context, a.ctx, a.context
a = nd.ones((2,), mx.cpu(1)); a += 1; a *= a; a[:] = nd.array([5, 6]); a
a = nd.ones((2, 3), mx.cpu(1)); x.copyto(a); a
a = nd.ones((2,), mx.cpu(1)); [b.context for b in a.split(2)], [b.context for b in a], nd.concat(a, a, dim=0).context
x.as_in_context(x.context) is x, x.as_in_context(mx.cpu()) is x, x.as_in_context(mx.Context("cpu", 0)) is x
import pickle; c = pickle.loads(pickle.dumps(mx.cpu(1))); c == mx.cpu(1), c
import copy; copy.copy(mx.cpu(1)) == mx.cpu(1), copy.deepcopy(mx.cpu(1)) == mx.cpu(1)
import pickle; y = pickle.loads(pickle.dumps(x)); y, type(y).__name__, shares(y, x)
import pickle; [pickle.loads(pickle.dumps(x.astype(d))) for d in ("float64", "float16", "int32", "int64", "int8", \
"uint8", "bool")]
import pickle; [pickle.loads(pickle.dumps(x, p)) for p in range(5)]
import pickle; pickle.loads(pickle.dumps({"a": [x, (v, i)], "b": none}))
import pickle; pickle.loads(pickle.dumps([x[0], t[1, 1:], x.T, x[:, 1]]))
import pickle; pickle.loads(pickle.dumps(nd.ones((2,), mx.cpu(1)))).context
import pickle; pickle.dumps(x, 2).hex(), pickle.dumps(nd.ones((2, 1), mx.cpu(1), "int8"), 2).hex()
import pickle; x.attach_grad(); pickle.loads(pickle.dumps(x)).grad
import copy; y = copy.copy(x); y[:] = 9; x, y
import copy; y = copy.deepcopy([x, x]); y[0][:] = 9; x, y[0]
import copy; x.attach_grad(); copy.deepcopy(x).grad
x.wait_to_read(), nd.waitall()
"""
