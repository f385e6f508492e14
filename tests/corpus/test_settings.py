"""What every section of a recipe can do: refuse what it does not know, keep earlier names, place its paths."""

from typing import Annotated

import pytest
from pydantic import Field, ValidationError

from corpus.dedup.semantic.settings import Semantic
from corpus.settings import Flag, Path, PathIfExists, Settings, inner_model, is_list, joined, located, marker


class Inner(Settings):
    size: Annotated[int, Field(description="Size"), Flag("--size")] = 1


class Outer(Settings):
    one: Inner | None = None
    many: tuple[Inner, ...] = ()
    place: Annotated[str, Path()] = "."
    model: Annotated[str, PathIfExists()] = "hashed"


def test_unknown_fields_and_changes_are_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        Outer.model_validate({"unknown": 1})
    with pytest.raises(ValidationError, match="frozen"):
        Outer().place = "x"  # type: ignore[misc]


def test_models_inside_fields_are_found() -> None:
    fields = Outer.model_fields
    assert inner_model(fields["one"].annotation) is Inner
    assert inner_model(fields["many"].annotation) is Inner
    assert inner_model(fields["place"].annotation) is None
    assert [is_list(fields[name].annotation) for name in ("one", "many", "place")] == [False, True, False]
    assert marker(Inner.model_fields["size"], Flag) == Flag("--size")
    assert located(fields["place"]) == Path()
    assert located(fields["one"]) is None


@pytest.mark.parametrize(
    ("path", "want"),
    [("a", "/r/a"), ("../a", "/a"), ("/a", "/a"), ("s3://b/a", "s3://b/a"), ("~/a", "~/a"), (" ", " ")],
)
def test_relative_paths_are_joined(path: str, want: str) -> None:
    assert joined(path, "/r") == want


def test_a_name_is_a_path_only_if_there_is_a_file(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "model").mkdir()
    placed = PathIfExists().placed
    assert placed("model", str(tmp_path), {}) == str(tmp_path / "model")
    assert placed("hashed", str(tmp_path), {}) == "hashed"


def test_an_earlier_name_of_a_field_still_works() -> None:
    assert Semantic.model_validate({"documents_a_cluster": 8}).documents_per_cluster == 8
    with pytest.raises(ValidationError, match="documents_a_cluster is the earlier name of documents_per_cluster"):
        Semantic.model_validate({"documents_a_cluster": 8, "documents_per_cluster": 9})
