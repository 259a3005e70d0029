"""The process beside that reads the next step: `python -m catalog.actions.ingesting.child`.

Loads neither Django nor models. Asked by pickles on its input, answers by pickles on its output;
ends when its input does, so it never outlives who started it, and when nobody asks for a while.
"""

from __future__ import annotations

import gc
import pickle
import select
import sys

from catalog.domain.marc.prepare import prepare_step

IDLE_S = 60.0
COLLECTED_EVERY = 8  # steps; records hold no cycles, see library_net.collector


def main() -> None:
    asked, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # nothing printed may stand among the answers
    gc.disable()
    steps = 0
    while select.select([asked], [], [], IDLE_S)[0]:
        try:
            request = pickle.load(asked)  # noqa: S301 - from the process that started us
        except EOFError:
            return
        pickle.dump(prepare_step(**request), answers, protocol=pickle.HIGHEST_PROTOCOL)
        answers.flush()
        steps += 1
        if steps % COLLECTED_EVERY == 1:
            gc.collect()
            gc.freeze()  # what stays (modules, tables) is not gone through again the next time


if __name__ == "__main__":
    main()
