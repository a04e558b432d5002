"""Record what mxnet.gluon.data of MXNet 1.9.1 does, as tests/golden/data.json.

Run in an environment that has mxnet==1.9.1 and numpy==1.23.5::

    python tools/record_data.py tests/golden/data.json

The file maps subjects to expressions to answers. The tests evaluate the same expressions, with the names of this
module, and compare what ``answer`` says about the result.
"""

# ruff: noqa: F401 - the expressions use the names

from __future__ import annotations

import collections
import json
import sys
from pathlib import Path

import numpy as np

import mxnet as mx
from mxnet import nd
from mxnet.gluon.data import (
    ArrayDataset,
    BatchSampler,
    DataLoader,
    Dataset,
    FilterSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SimpleDataset,
)
from mxnet.gluon.data.dataloader import default_batchify_fn, default_mp_batchify_fn

EXPRESSIONS = {
    "sampler": """
        list(SequentialSampler(5))
        list(SequentialSampler(5, 3))
        len(SequentialSampler(5, 3))
        list(SequentialSampler(0))
        list(SequentialSampler(2.5))
        list(SequentialSampler(-1))
        seeded(7, lambda: [list(RandomSampler(10)), list(RandomSampler(10)), np.random.rand()])
        type(next(iter(RandomSampler(3))))
        len(RandomSampler(4))
        list(FilterSampler(lambda x: x % 2 == 0, [1, 2, 3, 4, 6]))
        len(FilterSampler(lambda x: x % 2 == 0, [1, 2, 3, 4, 6]))
        list(FilterSampler(lambda x: x[1] > 4, ArrayDataset([1, 2, 3], [4, 5, 6])))
        iter(Sampler())
        len(Sampler())
        epochs(BatchSampler(SequentialSampler(10), 4))
        epochs(BatchSampler(SequentialSampler(10), 4, 'keep'))
        epochs(BatchSampler(SequentialSampler(10), 4, 'discard'))
        epochs(BatchSampler(SequentialSampler(10), 4, 'rollover'))
        epochs(BatchSampler(SequentialSampler(3), 4, 'keep'))
        epochs(BatchSampler(SequentialSampler(3), 4, 'discard'))
        epochs(BatchSampler(SequentialSampler(3), 4, 'rollover'))
        epochs(BatchSampler(SequentialSampler(8), 4, 'keep'))
        epochs(BatchSampler(SequentialSampler(8), 4, 'rollover'))
        epochs(BatchSampler(SequentialSampler(0), 4, 'rollover'))
        epochs(BatchSampler([3, 1, 2], 2))
        list(BatchSampler('abc', 2))
        list(BatchSampler(SequentialSampler(10), 4, 'some'))
        list(BatchSampler(SequentialSampler(3), -1))
    """,
    "dataset": """
        Dataset()[0]
        len(Dataset())
        ArrayDataset()
        ArrayDataset([1, 2], [1, 2, 3])
        ArrayDataset(3)
        ArrayDataset(iter([1, 2]))
        ArrayDataset({'a': 1})[0]
        ArrayDataset([1, 2, 3])[0]
        ArrayDataset('abc')[1]
        ArrayDataset((1, 2, 3), np.arange(3.0))[1]
        ArrayDataset(nd.array([1, 2, 3]))[0]
        type(ArrayDataset(nd.array([1, 2, 3]))[0])
        ArrayDataset(nd.array([[1, 2], [3, 4]]))[1]
        ArrayDataset(nd.array([[1, 2], [3, 4]], dtype='int32'), nd.array([5, 6], dtype='uint8'))[-1]
        ArrayDataset(nd.array([[1, 2], [3, 4]]), [5, 6])[0:2]
        ArrayDataset(nd.array([[1, 2], [3, 4]]), [5, 6])[2]
        ArrayDataset(np.ones((3, 2), 'float16'), np.zeros(3, 'int8'))[0]
        ArrayDataset(ArrayDataset([1, 2], [3, 4]), [5, 6])[1]
        list(ArrayDataset([1, 2], [3, 4]))
        len(ArrayDataset(nd.zeros((3, 2))))
        SimpleDataset([1, 2, 3])[2]
        SimpleDataset([1, 2, 3])[3]
        len(SimpleDataset([1, 2, 3]))
        list(TEN.transform(lambda x: x * 2))
        list(TEN.transform(lambda x: x * 2, lazy=False))
        type(TEN.transform(lambda x: x, lazy=False))
        list(TEN.transform(lambda x: x * 2).filter(lambda x: x % 3 == 0))
        TEN.transform(lambda x: x)[10]
        list(PAIRS.transform(lambda x, y: x + y))
        list(PAIRS.transform(lambda x: x))
        list(PAIRS.transform_first(lambda x: -x))
        list(PAIRS.transform_first(lambda x: -x, lazy=False))
        list(PAIRS.filter(lambda pair: pair[1] % 2))
        list(PAIRS.filter(lambda x, y: y % 2))
        list(SimpleDataset([(1,), (2,)]).transform_first(lambda x: -x))
        list(SimpleDataset([[1, 2]]).transform(lambda x: x[0]))
        list(SimpleDataset([Pair(1, 2)]).transform(lambda x, y: x - y))
        list(SimpleDataset([Pair(1, 2)]).transform_first(lambda x: -x))
        [list(TEN.shard(1, i)) for i in range(1)]
        [list(TEN.shard(3, i)) for i in range(3)]
        [list(TEN.shard(4, i)) for i in range(4)]
        [list(TEN.shard(12, i)) for i in range(12)]
        TEN.shard(3, 3)
        TEN.shard(3, -1)
        TEN.shard(0, 0)
        TEN.shard(1.5, 0)
        list(TEN.take(None))
        list(TEN.take(0))
        list(TEN.take(3))
        list(TEN.take(30))
        list(TEN.take(-1))
        TEN.take(3)[3]
        TEN.take(3)[-1]
        list(TEN.sample(SequentialSampler(3, 4)))
        seeded(0, lambda: list(TEN.sample(RandomSampler(5))))
        TEN.sample([1, 2])
        list(PAIRS.take(2).transform_first(lambda x: -x).shard(2, 1))
    """,
    "batchify": """
        batch([1, 2])
        batch((1, 2))
        batch([16777217, 1])
        batch([1.5, 2])
        batch([1, 2.5])
        batch([True, False])
        batch([np.int32(1), np.int32(2)])
        batch([np.float16(1), np.float16(2)])
        batch([np.float32(1), np.float32(2)])
        batch([np.bool_(True), np.bool_(False)])
        batch([np.arange(3.0), np.ones(3)])
        batch([np.arange(3, dtype='float32'), np.ones(3, 'float32')])
        batch([np.arange(3, dtype='float32'), np.ones(3)])
        batch([np.arange(3, dtype='float16')])
        batch([np.arange(3, dtype='uint8'), np.ones(3, 'uint8')])
        batch([np.arange(3, dtype='int8')])
        batch([np.arange(3, dtype='int64')])
        batch([np.array([True, False])])
        batch([np.arange(3, dtype='>f4')])
        batch([np.array(1.0), np.array(2.0)])
        batch([np.zeros((0, 2)), np.zeros((0, 2))])
        batch(np.arange(6.0).reshape(2, 3))
        batch(nd.arange(6).reshape((2, 3)))
        batch([nd.array([1, 2]), nd.array([3, 4])])
        batch([nd.array([1, 2], dtype='float16')])
        batch([nd.array([1, 2], dtype='int32'), nd.array([3, 4], dtype='int32')])
        batch([nd.array([1, 2], ctx=mx.cpu(1)), nd.array([3, 4], ctx=mx.cpu(1))])
        batch([[1, 2], [3, 4]])
        batch([[np.arange(2), np.ones(2)], [np.arange(2), np.ones(2)]])
        batch([(1, 2.0), (3, 4.0)])
        batch([(np.arange(2), 1), (np.ones(2), 2)])
        batch([(nd.array([1, 2]), 1), (nd.array([3, 4]), 2)])
        batch([((1, 2), 3), ((4, 5), 6)])
        batch([([1, 2], 3), ([4, 5], 6)])
        batch([Pair(1, 2.0), Pair(3, 4.0)])
        batch([])
        batch([nd.zeros(2), nd.zeros(2, dtype='int32')])
    """,
    "loader": """
        DataLoader(TEN)
        DataLoader(TEN, 2, shuffle=True, sampler=SequentialSampler(10))
        DataLoader(TEN, 2, batch_sampler=TWOS)
        DataLoader(TEN, shuffle=True, batch_sampler=TWOS)
        DataLoader(TEN, sampler=SequentialSampler(10), batch_sampler=TWOS)
        DataLoader(TEN, last_batch='keep', batch_sampler=TWOS)
        DataLoader(TEN, 2, timeout=0)
        DataLoader(TEN, 2, timeout=-1)
        DataLoader(5, 2)
        DataLoader(iter([1]), 2)
        list(DataLoader(TEN, 4, last_batch='some'))
        [len(DataLoader(TEN, 4)), len(DataLoader(TEN, 4, last_batch='discard'))]
        epochs(DataLoader(TEN, 4))
        epochs(DataLoader(TEN, 4, last_batch='discard'))
        epochs(DataLoader(TEN, 4, last_batch='rollover'))
        seeded(3, lambda: epochs(DataLoader(TEN, 4, shuffle=True)))
        seeded(3, lambda: epochs(DataLoader(PAIRS, 4, shuffle=True, last_batch='rollover')))
        list(DataLoader([], 2))
        list(DataLoader([1, 2, 3], 2))
        list(DataLoader(np.arange(6).reshape(3, 2), 2))
        list(DataLoader(nd.arange(6).reshape((3, 2)), 2))
        list(DataLoader({0: 1, 1: 2.5}, 2))
        list(DataLoader(PAIRS, 4))
        list(DataLoader(PAIRS, 4, sampler=[1, 3, 5]))
        list(DataLoader(PAIRS, batch_sampler=[[1, 3, 5], [0]]))
        list(DataLoader(PAIRS, batch_sampler=[np.array([1, 3]), (0, 2), range(2)]))
        len(DataLoader(PAIRS, batch_sampler=[[1, 3, 5], [0]]))
        list(DataLoader(PAIRS, 4, batchify_fn=list))
        list(DataLoader(PAIRS, 2, num_workers=-1))
        list(DataLoader(ArrayDataset([(1, 2), (3, 4)], [5, 6]), 2))
        list(DataLoader(ArrayDataset([1, 2.5, 3]), 2))
        list(DataLoader(ROWS, 2))
        list(DataLoader(ArrayDataset(nd.array(X), nd.array([1, 2, 3])), 2))
        list(DataLoader(ArrayDataset(nd.array(X, dtype='int32'), X.astype('uint8')), 2))
        list(DataLoader(ArrayDataset(X.astype('float16'), X.astype('bool')), 2))
        list(DataLoader(ArrayDataset(X.astype('>f4')), 2))
        list(DataLoader(ArrayDataset(np.ma.masked_array(X, X > 2)), 2))
        list(DataLoader(ArrayDataset(np.asfortranarray(X)), 2))
        list(DataLoader(ROWS, batch_sampler=[[-1, -3]]))
        list(DataLoader(ROWS, batch_sampler=[[3, 0]]))
        list(DataLoader(ROWS, batch_sampler=[[-4, 0]]))
        list(DataLoader(ArrayDataset(nd.array(X)), batch_sampler=[[-1, -3]]))
        list(DataLoader(ArrayDataset(nd.array(X)), batch_sampler=[[3, 0]]))
        list(DataLoader(ArrayDataset(nd.array(X)), batch_sampler=[[-4, 0]]))
        list(DataLoader(ROWS, batch_sampler=[[1.0, 2.0]]))
        list(DataLoader(ROWS, batch_sampler=[[]]))
        list(DataLoader(ROWS, batch_sampler=[['a']]))
        list(DataLoader(ArrayDataset(X), batch_sampler=[[None]]))
        list(DataLoader(ArrayDataset(X), batch_sampler=[[(0, 1)]]))
        list(DataLoader(ROWS, 2, pin_memory=True))
        list(DataLoader(ROWS, 2, pin_memory=True, pin_device_id=3))
        list(DataLoader(ROWS, 3, pin_memory=True, batchify_fn=lambda samples: (nd.ones(2), np.ones(2), 'a')))
        on(mx.cpu(2), lambda: list(DataLoader(ArrayDataset(nd.array(X, ctx=mx.cpu(1)), [1, 2, 3]), 3)))
        list(DataLoader(TEN.transform(lambda x: {}[x]), 2))
    """,
    "workers": """
        epochs(DataLoader(TEN, 4, num_workers=2, thread_pool=threads))
        epochs(DataLoader(TEN, 4, last_batch='rollover', num_workers=2, thread_pool=threads))
        seeded(3, lambda: epochs(DataLoader(PAIRS, 4, shuffle=True, num_workers=2, thread_pool=threads)))
        list(DataLoader(PAIRS.transform_first(lambda x: x * 2.5), 4, num_workers=2, thread_pool=threads))
        list(DataLoader(ArrayDataset(nd.array(X), [1, 2, 3]), 2, num_workers=1, thread_pool=threads))
        list(DataLoader(ArrayDataset(X, nd.array([1, 2, 3])), 2, num_workers=1, prefetch=0, thread_pool=threads))
        list(DataLoader(ROWS, 2, num_workers=1, prefetch=9, thread_pool=threads))
        list(DataLoader(ROWS, 3, batchify_fn=mixture, num_workers=1, thread_pool=threads))
        list(DataLoader(ROWS, 3, batchify_fn=mixture, num_workers=1, thread_pool=threads, pin_memory=True))
        list(DataLoader(TEN.transform(lambda x: {}[x]), 2, num_workers=1, thread_pool=threads))
        list(DataLoader(ROWS, batch_sampler=[[0], [7]], num_workers=1, thread_pool=threads))
        epochs(DataLoader(TEN, 4, num_workers=2, thread_pool=threads, auto_reload=True))
    """,
}

TEN = SimpleDataset(list(range(10)))
PAIRS = ArrayDataset(np.arange(6), list(range(10, 16)))
X = np.arange(6.0).reshape(3, 2)
ROWS = ArrayDataset(X, np.arange(3, dtype="int32"))
TWOS = BatchSampler(SequentialSampler(10), 2)
Pair = collections.namedtuple("Pair", "first second")


def batch(samples):
    return [default_batchify_fn(samples), default_mp_batchify_fn(samples)]


def mixture(samples):
    """A batch of several kinds of things."""
    return (nd.ones((2, 3)), np.ones(2), 3, ["a", nd.zeros(1)])


def epochs(iterable):
    """Length and content of three epochs."""
    return [[len(iterable), list(iterable)] for _ in range(3)]


def seeded(seed, function):
    np.random.seed(seed)
    return function()


def on(ctx, function):
    with ctx:
        return function()


def evaluate(expression, threads=False):
    """The ``answer`` of an expression. One that raises is described by the class."""
    try:
        value = eval(expression, {**globals(), "threads": threads})
    except Exception as error:
        return {"raises": "MXNetError" if isinstance(error, mx.base.MXNetError) else type(error).__name__}
    return answer(value)


def answer(value):
    """What there is to know about a value, as JSON."""
    if isinstance(value, (list, tuple)):
        return {type(value).__name__: [answer(v) for v in value]}
    if isinstance(value, (nd.NDArray, np.ndarray)):
        about = {"shape": list(value.shape), "dtype": np.dtype(value.dtype).name}
        if isinstance(value, nd.NDArray):
            about["context"] = str(value.context)
        values = value.asnumpy() if isinstance(value, nd.NDArray) else value
        return {type(value).__name__: about, "values": values.tolist()}
    if isinstance(value, np.generic):
        return {value.dtype.name: value.item()}
    return value.__name__ if isinstance(value, type) else value


def without_context(about):
    """An answer that leaves contexts open: the batches of MXNet's workers are on cpu_shared(0), ours on cpu(0)."""
    if isinstance(about, list):
        return [without_context(a) for a in about]
    if isinstance(about, dict):
        return {k: without_context(a) for k, a in about.items() if k != "context"}
    return about


def main():
    answers = {}
    for subject, lines in EXPRESSIONS.items():
        expressions = [line.strip() for line in lines.strip().splitlines()]
        answers[subject] = {e: evaluate(e) for e in expressions}
        if subject == "workers":
            answers[subject] = {e: without_context(a) for e, a in answers[subject].items()}
            for e in expressions:
                assert without_context(evaluate(e, threads=True)) == answers[subject][e], f"threads differ: {e}"
    lines = [
        f" {json.dumps(subject)}: {{\n"
        + ",\n".join(f"  {json.dumps(e)}: {json.dumps(a)}" for e, a in expressions.items())
        + "\n }"
        for subject, expressions in answers.items()
    ]
    Path(sys.argv[1]).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
