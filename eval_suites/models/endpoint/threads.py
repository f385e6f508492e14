"""Several calls at once, in threads that do not keep the program from ending: what waits for a server may wait long."""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

In = TypeVar("In")
Out = TypeVar("Out")


def at_once(work: Callable[[In], Out], items: Sequence[In], n: int) -> Iterator[tuple[int, Out]]:
    """Yields (number of an item, what `work` made of it) as soon as each is there, with n calls at a time.

    An error of `work` is raised here, and no other item is begun; so it is when the caller stops.
    """
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[int, Out | None, BaseException | None]] = queue.SimpleQueue()
    is_over = threading.Event()
    for i in range(len(items)):
        waiting.put(i)

    def run() -> None:
        while not is_over.is_set():
            try:
                i = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                done.put((i, work(items[i]), None))
            except BaseException as error:  # noqa: BLE001 - it is raised where somebody sees it
                done.put((i, None, error))
                return

    for _ in range(min(n, len(items))):
        threading.Thread(target=run, daemon=True, name="endpoint").start()
    try:
        for _ in items:
            i, made, error = done.get()
            if error is not None:
                raise error
            yield i, made  # type: ignore[misc]
    finally:
        is_over.set()
