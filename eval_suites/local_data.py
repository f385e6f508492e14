"""Data sets from files of this machine in place of the hub's, for tasks whose suite names files.

A suite says which files hold which split, as patterns below one folder: `data: {test: "gsm8k_test*", train: ...}`. A
file that holds many subsets of a group (the subjects of MMLU) has a column `subject`; a subset that it does not have is
left out and named. If a task takes its examples from a split that no file holds, they are the first rows of the test
split, which are not asked then. A task that makes its data set with a function of its own is given the files.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from corpus.errors import UserError

_SUBSET = "subject"
_EXAMPLES = 5  # rows of the test split that become examples
_ALL_ROWS = {"infer_schema_length": None}  # a field may be empty in the first hundred rows
_SUFFIXES: dict[str, tuple[str, dict[str, Any]]] = {
    ".parquet": ("read_parquet", {}), ".jsonl": ("read_ndjson", _ALL_ROWS), ".csv": ("read_csv", _ALL_ROWS),
}  # fmt: skip


class LocalData:
    """Files of some tasks. `as_files`: the task makes its data set with a function of its own, which takes files."""

    def __init__(
        self, folder: Path, patterns: Mapping[str, str], *, as_files: bool = False, shots: int | None = None
    ) -> None:
        self._shots = shots  # examples that are wanted
        self.left_out: list[str] = []  # tasks of a group whose subset no file has
        self.held_back: dict[str, int] = {}  # rows of the test split that became examples, by task
        self._files = {split: _files(folder, pattern) for split, pattern in patterns.items()} if as_files else {}
        self._frames = {} if as_files else _frames(folder, patterns)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Within it, tasks of lm-eval get these data when they are built."""
        from lm_eval.api.task import ConfigurableTask

        download = ConfigurableTask.download
        ConfigurableTask.download = lambda task, *_, **__: self._give(task)
        try:
            yield
        finally:
            ConfigurableTask.download = download

    def _give(self, task: Any) -> None:
        from datasets import Dataset

        config = task.config
        if self._files:
            kwargs = (config.metadata or {}) | (config.dataset_kwargs or {})
            task.dataset = config.custom_dataset(files=self._files, **kwargs)
            return
        frames = {split: self._of_subset(frame, config.dataset_name) for split, frame in self._frames.items()}
        asked = config.test_split or config.validation_split or config.training_split
        if asked not in frames or not frames[asked].height:
            self.left_out.append(config.task)
            frames[asked] = next(iter(self._frames.values())).head(1)  # a task cannot be built without a row
        examples = config.fewshot_split or getattr(config.fewshot_config, "split", None)
        if examples and examples not in frames:
            n = max(_EXAMPLES, self._shots or 0)
            frames[examples] = frames[asked].head(n)
            if frames[asked].height > n and self._shots != 0:
                self.held_back[config.task] = n
                frames[asked] = frames[asked].slice(n)
        for split in (config.training_split, config.validation_split, config.test_split):
            if split and split not in frames:
                frames[split] = frames[asked].head(1)
        task.dataset = {split: Dataset.from_list(frame.to_dicts()) for split, frame in frames.items()}

    def _of_subset(self, frame: Any, subset: str | None) -> Any:
        if subset is None or _SUBSET not in frame.columns:
            return frame
        return frame.filter(frame[_SUBSET] == subset)


def _frames(folder: Path, patterns: Mapping[str, str]) -> dict[str, Any]:
    """Returns the rows by split. A split of examples may have no files; the one that is asked has to."""
    frames: dict[str, Any] = {}
    for split, pattern in patterns.items():
        if any(folder.glob(pattern)) or split not in ("train", "validation") or len(patterns) == 1:
            frames[split] = _read(folder, pattern)
    return frames


def _files(folder: Path, pattern: str) -> list[Path]:
    """Returns the files of a pattern, whatever they hold."""
    files = sorted(path for path in folder.glob(pattern) if path.is_file())
    if not files:
        raise UserError(f"no file in {folder} is called {pattern}")
    return files


def _read(folder: Path, pattern: str) -> Any:
    """Returns the rows of all files of a pattern."""
    import polars as pl

    files = [path for path in sorted(folder.glob(pattern)) if path.suffix in _SUFFIXES]
    if not files:
        raise UserError(f"no file in {folder} is called {pattern} (.parquet, .jsonl or .csv)")
    try:
        return pl.concat([_frame(path) for path in files], how="diagonal_relaxed")
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UserError(f"cannot read {files[0]}: {' '.join(str(error).split())[:200]}") from error


def _frame(path: Path) -> Any:
    import polars as pl

    read, options = _SUFFIXES[path.suffix]
    return getattr(pl, read)(path, **options)
