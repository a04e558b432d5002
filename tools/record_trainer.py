"""Record what the real MXNet 1.9.1 says in tests/gluon/training_scenes.py and tests/kvstore/store_scenes.py.

Run it in an environment that has mxnet==1.9.1 and numpy==1.23.5 (Python 3.11 or earlier), from anywhere::

    python tools/record_trainer.py
"""

from __future__ import annotations

import sys
from pathlib import Path

import mxnet as mx

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.gluon import training_scenes
from tests.gluon.samples import save
from tests.kvstore import store_scenes


def main() -> None:
    for name, module in (("training_scenes", training_scenes), ("store_scenes", store_scenes)):
        print(save(name, {key: training_scenes.play(mx, scene) for key, scene in module.SCENES.items()}))
    print(save("store_states", {name: store_scenes.states(mx, name) for name in store_scenes.OPTIMIZERS}))


if __name__ == "__main__":
    main()
