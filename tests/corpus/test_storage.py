"""URLs of every kind, and what a bucket that cannot be used says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from corpus import storage
from corpus.errors import UserError
from pomona.cli import main


def test_a_path_and_a_url_have_a_file_system(tmp_path: Path) -> None:
    assert storage.filesystem(str(tmp_path))[1] == str(tmp_path)
    assert storage.filesystem("memory://a/b")[1] == "/a/b"
    with pytest.raises(UserError, match=r"xyz://a/b cannot be opened: Protocol not known: xyz; write a path, or a URL"):
        storage.filesystem("xyz://a/b")


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "adlfs", None)
    with pytest.raises(UserError, match="az://a/b needs another package: pip install adlfs"):
        storage.filesystem("az://a/b")


@pytest.mark.parametrize(
    ("endpoint", "allowed"), [("http://127.0.0.1:1", "true"), ("https://example.org", None), (None, None)]
)
def test_an_endpoint_that_is_http_is_allowed(
    monkeypatch: pytest.MonkeyPatch, endpoint: str | None, allowed: str | None
) -> None:
    monkeypatch.setattr(os, "environ", {"AWS_ENDPOINT_URL": endpoint} if endpoint else {})
    storage.allow_stated_http()
    assert os.environ.get("AWS_ALLOW_HTTP") == allowed


def test_a_lake_on_a_plain_http_endpoint_needs_no_second_word(
    bucket: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("AWS_ALLOW_HTTP")
    (tmp_path / "a.txt").write_text("One document, for a lake in a bucket.")
    command = [sys.executable, "-m", "pomona", "ingest", str(tmp_path / "a.txt"), "--source", "a", "--lake", bucket]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.startswith(
        "ingest:a: 1 record of kind text: 1 document, 0 rejects"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["ingest", "{}/a.txt", "--source", "a", "--lake", "s3://nosuch/lake"],
        ["ingest", "s3://nosuch/raw", "--source", "a", "--lake", "{}/lake"],
        ["sql", "select 1", "--lake", "s3://nosuch/lake"],
        ["report", "--out", "s3://nosuch/r.html", "--lake", "{}/there"],
        ["export", "--out", "s3://nosuch/x", "--lake", "{}/there"],
    ],
)
def test_a_mistyped_bucket_is_not_made(
    bucket: str, tmp_path: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    import s3fs

    (tmp_path / "a.txt").write_text("One document, for a lake on disk.")
    assert main(["ingest", str(tmp_path / "a.txt"), "--source", "a", "--lake", str(tmp_path / "there")]) == 0
    capsys.readouterr()
    assert main([argument.replace("{}", str(tmp_path)) for argument in arguments]) == 2
    told = capsys.readouterr().err
    assert "bucket 'nosuch' does not exist; make it first, or correct its name" in told
    assert told.count("\n") == 1
    fs = s3fs.S3FileSystem()
    fs.invalidate_cache()
    assert fs.ls("") == ["corpus"]


@pytest.mark.parametrize("wrong", ["endpoint", "credentials"])
def test_a_bucket_that_cannot_be_used_is_one_line(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    (tmp_path / "a.txt").write_text("One document.")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    if wrong == "endpoint":
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    else:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    hint = {"endpoint": "check the network and AWS_ENDPOINT_URL", "credentials": "check the credentials"}[wrong]
    for arguments in (["ingest", str(tmp_path / "a.txt"), "--source", "a"], ["sql", "select 1"]):
        command = [sys.executable, "-m", "pomona", *arguments, "--lake", bucket]
        ended = subprocess.run(command, capture_output=True, text=True)
        assert ended.returncode == 2
        assert ended.stderr.startswith("error: the bucket cannot be used: ")
        assert hint in ended.stderr
        assert ended.stderr.count("\n") == 1


def test_errors_of_rust_libraries_are_known_and_others_are_left_alone() -> None:
    said = "Kernel error: \x1b[31m↳\x1b[0m Error performing GET http://127.0.0.1:1/x in 1ms - HTTP error"
    told = storage.told(OSError(said))
    assert told is not None
    assert "\x1b" not in told
    assert "check the network" in told
    assert storage.told(ValueError("a bug of ours")) is None
    assert storage.told(OSError(28, "No space left on device")) is None


def test_no_message_repeats_a_password() -> None:
    assert storage.public("http://me:word@a.b/c and s3://k:s@d") == "http://a.b/c and s3://d"
    with pytest.raises(UserError) as error:
        storage.filesystem("xyz://me:word@a/b")
    assert "word" not in str(error.value)
    assert storage.told(ValueError("Invalid endpoint: notaurl")) is not None
