import io
import random
import tarfile
from pathlib import Path

import pytest
import zstandard

from corpus.records import Passed, Reject, Text
from corpus.sources import code
from corpus.sources.files import File

OPTIONS = {"max_record_bytes": 10_000}


def everything(path: Path, n_bytes: int = 1 << 30) -> list[Text | Reject | Passed]:
    f = File(str(path), path.stat().st_size, "1")
    return [record for span in code.cut(f, n_bytes) for record in code.read(f, span, OPTIONS)]


def read(path: Path, n_bytes: int = 1 << 30) -> list[Text | Reject]:
    return [record for record in everything(path, n_bytes) if not isinstance(record, Passed)]


def tarball(path: Path, members: dict[str, bytes], links: dict[str, str] | None = None) -> Path:
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as tar:
        for name, raw in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(raw)
            tar.addfile(info, io.BytesIO(raw))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
    return path


@pytest.mark.parametrize("suffix", ["tar", "tar.gz"])
def test_tarballs_are_read_without_being_unpacked(tmp_path: Path, suffix: str) -> None:
    members = {"p/a.py": b"a = 1\n", "p/b.c": b"int b;\n", "/etc/x.py": b"x", "../y.py": b"y", "p/z.zip": b"PK"}
    path = tarball(tmp_path / f"p.{suffix}", members, {"p/out.py": "../../etc/passwd", "p/in.py": "a.py"})
    found = read(path)
    assert [f.uri.partition("!/")[2] for f in found if isinstance(f, Text)] == ["p/a.py", "p/b.c"]
    assert sorted((f.reason, f.uri.partition("!/")[2]) for f in found if isinstance(f, Reject)) == [
        ("link_outside", "p/out.py"),
        ("nested_archive", "p/z.zip"),
        ("unsafe_path", "../y.py"),
        ("unsafe_path", "/etc/x.py"),
    ]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", ["tar", "tar.gz"])
def test_every_cut_finds_every_member_once(tmp_path: Path, suffix: str) -> None:
    path = tarball(tmp_path / f"p.{suffix}", {f"{i}.py": f"x = {i}\n".encode() * 50 for i in range(40)})
    f = File(str(path), path.stat().st_size, "1")
    assert (len(code.cut(f, f.n_bytes // 8)) > 1) == (suffix == "tar")  # a compressed one is unpacked once
    assert read(path, f.n_bytes // 8) == read(path)
    assert len({r.position for r in read(path)}) == 40


def test_a_truncated_tarball_gives_what_stands_before_the_break(tmp_path: Path) -> None:
    noise = random.Random(0)
    members = {f"{i}.py": bytes(noise.choices(b"abcdefgh \n", k=2000)) for i in range(40)}
    path = tarball(tmp_path / "p.tar.gz", members)
    path.write_bytes(path.read_bytes()[:-3000])
    found = read(path)
    assert sum(isinstance(f, Text) for f in found) > 5
    assert isinstance(found[-1], Reject)
    assert found[-1].reason == "truncated"


def test_a_file_that_is_no_tarball_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.tar.gz").write_bytes(b"no archive")
    [found] = read(tmp_path / "p.tar.gz")
    assert isinstance(found, Reject)
    assert found.reason == "corrupt"


def test_every_member_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "p.tar"
    with tarfile.open(path, "w") as tar:
        (tmp_path / "d").mkdir()
        (tmp_path / "d" / "a.py").write_text("a = 1\n")
        (tmp_path / "d" / "picture.png").write_text("?")
        (tmp_path / "d" / "b.py").symlink_to("a.py")
        tar.add(tmp_path / "d", "d")
    with tarfile.open(path) as tar:
        names = tar.getnames()
    records = everything(path)
    assert len(records) == len(names) == 4
    assert sorted(r.kind for r in records if isinstance(r, Passed)) == ["tar:folder", "tar:link"]


@pytest.mark.parametrize("suffix", ["tar.xz", "tar.bz2", "tar.zst", "tgz"])
def test_compressions(tmp_path: Path, suffix: str) -> None:
    plain = tarball(tmp_path / "p.tar", {"a.py": b"a = 1\n", "b.c": b"int b;\n"})
    path = tmp_path / f"p.{suffix}"
    with tarfile.open(plain) as source:
        members = {m.name: source.extractfile(m).read() for m in source}  # type: ignore[union-attr]
    if suffix == "tar.zst":
        path.write_bytes(zstandard.ZstdCompressor().compress(plain.read_bytes()))
    else:
        with tarfile.open(path, f"w:{'gz' if suffix == 'tgz' else suffix[4:]}") as tar:  # type: ignore[call-overload]
            for name, raw in members.items():
                info = tarfile.TarInfo(name)
                info.size = len(raw)
                tar.addfile(info, io.BytesIO(raw))
    assert [r.uri.rpartition("/")[2] for r in read(path)] == ["a.py", "b.c"]


def test_names_that_are_not_utf8_have_addresses(tmp_path: Path) -> None:
    path = tmp_path / "p.tar"
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        for name in ("caf\udce9.py", "tab\t.py"):
            info = tarfile.TarInfo(name)
            info.size = 4
            tar.addfile(info, io.BytesIO(b"a=1\n"))
    uris = [r.uri.partition("!/")[2] for r in read(path)]
    assert uris == ["caf%E9.py", "tab%09.py"]


def test_a_long_name_within_bounds_is_read_and_one_beyond_ends_the_archive(tmp_path: Path) -> None:
    long = "d/" * 400 + "a.py"
    path = tarball(tmp_path / "p.tar", {long: b"a = 1\n", "b.py": b"b = 1\n"})
    assert [r.uri.partition("!/")[2] for r in read(path)] == [long, "b.py"]
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 1 << 30
    path.write_bytes(header.tobuf(tarfile.GNU_FORMAT) + b"x" * 5000)
    [refused] = read(path)
    assert isinstance(refused, Reject)
    assert "a header of 1073741824 bytes" in refused.detail


def test_a_bomb_ends_at_a_thousand_times_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("corpus.sources.tarball._FREE_BYTES", 1 << 20)
    monkeypatch.setattr("corpus.sources.tarball.MAX_RATIO", 100)
    path = tmp_path / "p.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name, size in (("a.py", 10), ("large.bin", 40 << 20), ("b.py", 10)):
            info = tarfile.TarInfo(name)
            info.size = size
            tar.addfile(info, io.BytesIO(b"x" * size))
    records = read(path)
    assert [r.uri.rpartition("/")[2] for r in records if isinstance(r, Text)] == ["a.py"]
    assert isinstance(records[-1], Reject)
    assert "100 times its size" in records[-1].detail


def test_a_broken_header_and_an_appended_archive_are_told_and_read(tmp_path: Path) -> None:
    path = tarball(tmp_path / "p.tar", {f"{i}.py": b"x = 1\n" for i in range(10)})
    other = tarball(tmp_path / "q.tar", {f"other{i}.py": b"x = 1\n" for i in range(10)})
    raw = path.read_bytes()
    for n_bytes in (1 << 30, 2000):
        path.write_bytes(raw + other.read_bytes())
        assert len(read(path, n_bytes)) == 20
        assert len({r.position for r in read(path, n_bytes)}) == 20
        hurt = bytearray(raw)
        hurt[5 * 1024 + 10] ^= 1
        path.write_bytes(bytes(hurt))
        *texts, refused = read(path, n_bytes)
        assert (len(texts), refused.reason) == (5, "corrupt")  # type: ignore[union-attr]
        path.write_bytes(raw[: 6 * 1024 + 100])
        *texts, refused = read(path, n_bytes)
        assert (len(texts), refused.reason) == (6, "truncated")  # type: ignore[union-attr]
