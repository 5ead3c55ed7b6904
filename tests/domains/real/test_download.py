"""Downloads from a real server on loopback: broken off, resumed, verified, unpacked, refused."""

import hashlib
import io
import os
import re
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from fnmatch import fnmatch

import numpy as np
import pytest
from range_server import serving

from vmbench.cli import invoke
from vmbench.data.examples import prepare
from vmbench.errors import UserError
from vmbench.registry import BUILT_IN, registry
from vmbench_domains import download
from vmbench_domains import unpack as unpacking
from vmbench_domains.download import Download, fetch
from vmbench_domains.medical.medmnist import BloodMnist
from vmbench_domains.unpack import unpack

DATA = np.random.default_rng(0).bytes(700_001)
MD5 = "md5:" + hashlib.md5(DATA).hexdigest()


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(download, "PAUSE", 0.0)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def left(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("checksum", [MD5, "sha256:" + hashlib.sha256(DATA).hexdigest(), ""])
def test_a_file_arrives_in_its_place_and_is_not_fetched_twice(checksum, tmp_path, capsys):
    with serving({"/a%20b.bin": DATA}) as served:
        source = Download(f"{served.url}/a%20b.bin", "sub/place", checksum, len(DATA))
        fetch([source], tmp_path)
        fetch([source], tmp_path)
    assert (tmp_path / "sub/place/a b.bin").read_bytes() == DATA
    assert left(tmp_path) == ["a b.bin"]
    assert served.asked == [("/a%20b.bin", None, None)]
    assert (checksum or "no checksum") in capsys.readouterr().err


@pytest.mark.parametrize("behaviour", [
    {"etag": '"v1"'},
    {"etag": "", "modified": "Tue, 01 Sep 2026 00:00:00 GMT"},
    {"etag": 'W/"weak"', "modified": "Tue, 01 Sep 2026 00:00:00 GMT"},
])  # fmt: skip
def test_a_cut_connection_goes_on_where_it_broke_off(behaviour, tmp_path, capsys):
    with serving({"/x": DATA}, cut=[200_000, 300_000], **behaviour) as served:
        fetch([Download(f"{served.url}/x")], tmp_path)
    assert (tmp_path / "x").read_bytes() == DATA
    assert left(tmp_path) == ["x"]
    strong = behaviour["etag"] if behaviour["etag"].startswith('"') else behaviour["modified"]
    assert served.asked[1:] == [("/x", "bytes=200000-", strong), ("/x", "bytes=500000-", strong)]
    assert "broke after 0.2 MB" in capsys.readouterr().err


def test_a_killed_process_is_gone_on_from_by_the_next(tmp_path):
    """The first process is killed (SIGKILL) while the server stalls in the middle of the file."""
    listener = socket.create_server(("127.0.0.1", 0))
    stalled = threading.Event()

    def stall():
        connection, _ = listener.accept()
        connection.recv(65536)
        head = f'HTTP/1.1 200 OK\r\nETag: "v1"\r\nContent-Length: {len(DATA)}\r\n\r\n'
        connection.sendall(head.encode() + DATA[:400_000])
        stalled.wait(30)
        connection.close()

    listener.settimeout(30)
    thread = threading.Thread(target=stall, daemon=True)
    thread.start()
    port = listener.getsockname()[1]
    program = (
        "import sys; from pathlib import Path; from vmbench_domains.download import *; "
        f"fetch([Download('http://127.0.0.1:{port}/x')], Path(sys.argv[1]))"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)])
    part = tmp_path / "x.part"
    deadline = time.monotonic() + 30
    while not (part.exists() and part.stat().st_size >= 65536 * 3):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    stalled.set()
    thread.join()
    listener.close()
    kept = part.stat().st_size
    assert 0 < kept < len(DATA)
    with serving({"/x": DATA}, etag='"v1"') as served:
        fetch([Download(f"{served.url}/x")], tmp_path)
    assert served.asked == [("/x", f"bytes={kept}-", '"v1"')]
    assert (tmp_path / "x").read_bytes() == DATA
    assert left(tmp_path) == ["x"]


def partial(folder, content=DATA[:1000], tag='"one"'):
    (folder / "x.part").write_bytes(content)
    if tag:
        (folder / "x.part.tag").write_text(tag)


def test_another_version_on_the_server_starts_over(tmp_path):
    partial(tmp_path, b"old" * 100)
    with serving({"/x": DATA}, etag='"two"') as served:
        fetch([Download(f"{served.url}/x")], tmp_path)
    assert served.asked == [("/x", "bytes=300-", '"one"')]
    assert (tmp_path / "x").read_bytes() == DATA


def test_a_part_that_nothing_vouches_for_is_not_gone_on_from(tmp_path):
    partial(tmp_path, tag="")
    with serving({"/x": DATA}, etag="") as served:
        fetch([Download(f"{served.url}/x")], tmp_path)
        assert served.asked == [("/x", None, None)]
        (tmp_path / "x").unlink()
        partial(tmp_path, tag="")  # the checksum vouches for the whole
        fetch([Download(f"{served.url}/x", checksum=MD5)], tmp_path)
    assert served.asked[1:] == [("/x", "bytes=1000-", None)]
    assert (tmp_path / "x").read_bytes() == DATA


def test_a_server_without_ranges_and_a_part_that_was_complete(tmp_path):
    partial(tmp_path)
    with serving({"/x": DATA}, ranges=False) as served:
        fetch([Download(f"{served.url}/x")], tmp_path)
        assert (tmp_path / "x").read_bytes() == DATA
    (tmp_path / "x").unlink()
    partial(tmp_path, DATA)
    with serving({"/x": DATA}) as served:
        fetch([Download(f"{served.url}/x", checksum=MD5)], tmp_path)
        assert len(served.asked) == 1
        assert (tmp_path / "x").read_bytes() == DATA
        (tmp_path / "x").unlink()
        partial(tmp_path, DATA + b"more")  # longer than the file: of no use
        fetch([Download(f"{served.url}/x", checksum=MD5)], tmp_path)
    assert (tmp_path / "x").read_bytes() == DATA


@pytest.mark.parametrize("cut", [(), (100_000,)])
def test_a_length_that_the_server_does_not_say(cut, tmp_path):
    with serving({"/x": DATA}, chunked=True, cut=list(cut)) as served:
        fetch([Download(f"{served.url}/x", checksum=MD5)], tmp_path)
    assert (tmp_path / "x").read_bytes() == DATA
    assert len(served.asked) == 1 + len(cut)


def one_line(sources, folder, *needles):
    with pytest.raises(UserError) as caught:
        fetch(sources, folder)
    message = str(caught.value)
    assert "\n" not in message
    for needle in needles:
        assert needle in message
    return message


def test_a_wrong_checksum_or_size_is_told_and_not_kept(tmp_path):
    with serving({"/x": DATA[:-1] + b"?"}) as served:
        url = f"{served.url}/x"
        one_line([Download(url, checksum=MD5)], tmp_path, url, MD5[4:], "damaged")
        assert left(tmp_path) == []
        one_line([Download(url, size=5)], tmp_path, "700001 bytes, not 5")
        assert left(tmp_path) == []
        (tmp_path / "x").write_bytes(b"the user's own")
        one_line([Download(url, checksum=MD5)], tmp_path, str(tmp_path / "x"))
        assert (tmp_path / "x").read_bytes() == b"the user's own"  # never removed by itself


def test_no_such_file_no_server_and_a_server_that_says_nothing(tmp_path):
    with serving({}) as served:
        one_line([Download(f"{served.url}/x")], tmp_path, served.url, "404", "by hand")
    one_line([Download(f"{served.url}/x")], tmp_path, served.url, "Connection refused")
    one_line([Download("http://no-such-host.invalid/x")], tmp_path, "no-such-host.invalid")
    with serving({"/x": DATA}, cut=[0]) as served:
        one_line([Download(f"{served.url}/x")], tmp_path, "nothing arrived")
    assert not (tmp_path / "x").exists()


def test_a_connection_that_breaks_for_good_keeps_what_arrived(tmp_path):
    with serving({"/x": DATA}, cut=[300_000, 0]) as served:
        one_line([Download(f"{served.url}/x")], tmp_path, "goes on from what has arrived")
        assert (tmp_path / "x.part").read_bytes() == DATA[:300_000]
        fetch([Download(f"{served.url}/x")], tmp_path)
    assert served.asked[-1] == ("/x", "bytes=300000-", '"one"')
    assert (tmp_path / "x").read_bytes() == DATA


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_full_disk(tmp_path):
    (tmp_path / "x.part").symlink_to("/dev/full")
    with serving({"/x": DATA}) as served:
        one_line([Download(f"{served.url}/x")], tmp_path, "is full", "--dir")
    (tmp_path / "x.part").unlink()


def test_a_file_larger_than_the_limit_of_the_process_is_kept_as_far_as_it_came(tmp_path):
    with serving({"/x": DATA}) as served:
        program = (
            "import resource, sys; from pathlib import Path; "
            "from vmbench.errors import UserError; from vmbench_domains.download import *\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (131072, 131072))\n"
            f"try: fetch([Download('{served.url}/x')], Path(sys.argv[1]))\n"
            "except UserError as error: print(error)"
        )
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True
        )
        assert "is full" in done.stdout, done.stderr
        assert (tmp_path / "x.part").read_bytes() == DATA[:131072]
        fetch([Download(f"{served.url}/x")], tmp_path)
    assert served.asked[-1] == ("/x", "bytes=131072-", '"one"')
    assert (tmp_path / "x").read_bytes() == DATA


def test_more_than_the_disk_has_left_is_told_before_it_is_full(tmp_path):
    listener = socket.create_server(("127.0.0.1", 0))

    def answer():
        connection, _ = listener.accept()
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000000000000\r\n\r\n")
        connection.close()

    listener.settimeout(30)
    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    port = listener.getsockname()[1]
    one_line([Download(f"http://127.0.0.1:{port}/x")], tmp_path, "left and 9,000,000,000.0 MB")
    thread.join()
    listener.close()


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    one_line([Download("http://127.0.0.1:9/x", "file/sub")], tmp_path, "file", "cannot be written")


def zipped(names):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in names.items():
            archive.writestr(name, text)
    return content.getvalue()


def tarred(names, links=(), mode="w:gz"):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=mode) as archive:
        for name, text in names.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
        for name, target in links:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            archive.addfile(info)
    return content.getvalue()


NAMES = {"top-1.0/a.txt": "a", "top-1.0/sub/b.txt": "bb", "top-1.0/sub/c.dat": "c"}


@pytest.mark.parametrize("pack", [zipped, tarred, lambda n: tarred(n, mode="w")])
def test_archives_are_unpacked_once(pack, tmp_path):
    with serving({"/x.pack": pack(NAMES)}) as served:
        url = f"{served.url}/x.pack"
        fetch([Download(url, "set", unpack=True, strip=1, only=("*.txt",))], tmp_path)
        fetch([Download(url, "set", unpack=True, strip=1, only=("*.txt",))], tmp_path)
        assert len(served.asked) == 1
        assert left(tmp_path) == [".x.pack.fetched", "a.txt", "b.txt"]
        assert (tmp_path / "set/sub/b.txt").read_text() == "bb"
        (tmp_path / "set/a.txt").unlink()
        fetch([Download(url, "set", unpack=True, strip=1)], tmp_path, again=True)
        assert left(tmp_path) == [".x.pack.fetched", "a.txt", "b.txt", "c.dat"]


@pytest.mark.parametrize("name", ["../out.txt", "/tmp/out.txt", "a/../../out.txt", "..\\out.txt"])
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_no_name_leads_out_of_the_folder(pack, name, tmp_path):
    archive, folder = tmp_path / "x", tmp_path / "deep/inside"
    folder.mkdir(parents=True)
    archive.write_bytes(pack({name: "evil"}))
    before = set(tmp_path.rglob("*"))
    with pytest.raises(UserError, match="leads out of"):
        unpack(archive, folder)
    assert set(tmp_path.rglob("*")) == before


def test_no_link_is_made_nor_written_through(tmp_path):
    archive, folder = tmp_path / "x.tar.gz", tmp_path / "inside"
    folder.mkdir()
    archive.write_bytes(tarred({"a.txt": "a"}, links=[("etc", "/etc"), ("a", "../x.tar.gz")]))
    assert unpack(archive, folder) == ["etc", "a"]
    assert left(folder) == ["a.txt"]
    (tmp_path / "elsewhere").mkdir()
    (folder / "sub").symlink_to(tmp_path / "elsewhere")  # one that was there before
    archive.write_bytes(tarred({"sub/b.txt": "b"}))
    with pytest.raises(UserError, match="leads out of"):
        unpack(archive, folder)
    assert left(tmp_path / "elsewhere") == []


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_bomb_stops_before_it_fills_the_disk(kind, tmp_path, monkeypatch):
    """Thirty files of zeros, none large by itself, in an archive of few bytes."""
    monkeypatch.setattr(unpacking, "LEAST", 100_000)
    monkeypatch.setattr(unpacking, "EXPANSION", 10)
    archive, folder = tmp_path / "x", tmp_path / "inside"
    folder.mkdir()
    names = {f"{number}.txt": "0" * 50_000 for number in range(30)}
    if kind == "zip":
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
            for name, text in names.items():
                file.writestr(name, text)
    else:
        archive.write_bytes(tarred(names))
    assert archive.stat().st_size < 30_000
    with pytest.raises(UserError, match="unpacks to more than 10 times its size"):
        unpack(archive, folder)
    written = sum(path.stat().st_size for path in folder.iterdir())
    assert written <= max(100_000, 10 * archive.stat().st_size)


@pytest.mark.parametrize("content", [zipped(NAMES)[:-30], tarred(NAMES)[:-40], b"", b"text"])
def test_a_broken_archive_is_told(content, tmp_path):
    with serving({"/x": content}) as served:
        one_line([Download(f"{served.url}/x", unpack=True)], tmp_path, "is broken")
    assert not (tmp_path / ".x.fetched").exists()


def test_an_encrypted_archive_is_told(tmp_path):
    content = bytearray(zipped(NAMES))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + flags] |= 1
    with serving({"/x": bytes(content)}) as served:
        one_line([Download(f"{served.url}/x", unpack=True)], tmp_path, "is encrypted", "password")


def test_checksums_inside_an_archive(tmp_path, capsys):
    sums = "".join(
        f"{hashlib.sha256(text.encode()).hexdigest()} {name.partition('/')[2]}\n"
        for name, text in NAMES.items()
    )
    good = {**NAMES, "top-1.0/SHA256SUMS.txt": sums}
    bad = {**good, "top-1.0/sub/b.txt": "changed"}
    with serving({"/good": zipped(good), "/bad": zipped(bad), "/none": zipped(NAMES)}) as served:
        options = {"unpack": True, "strip": 1, "sums": "SHA256SUMS.txt"}
        fetch([Download(f"{served.url}/good", "good", **options)], tmp_path)
        one_line([Download(f"{served.url}/bad", "bad", **options)], tmp_path, "b.txt", "sha256")
        capsys.readouterr()
        fetch([Download(f"{served.url}/none", "none", **options)], tmp_path)
    assert "no SHA256SUMS.txt in the archive" in capsys.readouterr().err
    assert {path.name for path in (tmp_path / "none").rglob("*.txt")} == {"a.txt", "b.txt"}
    assert not (tmp_path / "bad/.bad.fetched").exists()


def test_the_command_fetches_and_the_dataset_is_found(tmp_path, monkeypatch, capsys):
    arrays = {}
    for split, count in (("train", 6), ("val", 2), ("test", 4)):
        draw = np.random.default_rng(count)
        arrays[f"{split}_images"] = draw.integers(0, 256, (count, 28, 28, 3), dtype=np.uint8)
        arrays[f"{split}_labels"] = np.arange(count, dtype=np.uint8)[:, None] % 2
    np.savez(tmp_path / "bloodmnist.npz", **arrays)
    content = (tmp_path / "bloodmnist.npz").read_bytes()
    checksum = "md5:" + hashlib.md5(content).hexdigest()
    with serving({"/bloodmnist.npz": content}) as served:
        source = Download(f"{served.url}/bloodmnist.npz", "medmnist", checksum)
        monkeypatch.setattr(BloodMnist, "downloads", (source,))
        folder = tmp_path / "data dir"
        assert invoke(["data", "fetch", "bloodmnist", "--dir", str(folder)]) == 0
        captured = capsys.readouterr()
        assert f"--pretrain bloodmnist --data-dir '{folder}'" in captured.out
        assert checksum in captured.err
        assert invoke(["info", "bloodmnist"]) == 0
        assert f"{served.url}/bloodmnist.npz ({checksum})" in capsys.readouterr().out
        assert invoke(["data", "fetch", "bloodmnist"]) == 0  # into the cache
        assert "bloodmnist --data-dir" in capsys.readouterr().out
    dataset = BloodMnist().bind(folder)
    assert len(prepare(dataset)) == 12


@pytest.mark.parametrize(("name", "needle"), [
    ("bloodmnits", "did you mean 'bloodmnist'?"),
    ("digits", "it is embedded"),
    ("table", "no files to fetch"),
    ("voxceleb1", "must be got by hand from"),
])  # fmt: skip
def test_what_cannot_be_fetched_is_told(name, needle, tmp_path, capsys):
    assert invoke(["data", "fetch", name, "--dir", str(tmp_path / "x")]) == 2
    captured = capsys.readouterr()
    assert needle in captured.err
    assert len(captured.err.splitlines()) == 1
    assert not (tmp_path / "x").exists()


def fetchable():
    for entry in (entry for entry in registry("domain") if entry.owner == BUILT_IN):
        domain = entry.load()()
        for name in domain.datasets:
            if getattr(domain.dataset(name), "downloads", ()):
                yield pytest.param(domain.dataset(name), id=name)


@pytest.mark.parametrize("dataset", list(fetchable()))
def test_declared_downloads_end_where_the_dataset_looks(dataset):
    lengths = {"md5": 32, "sha256": 64}
    for source in dataset.downloads:
        algorithm, _, digest = source.checksum.partition(":")
        assert not source.checksum or re.fullmatch(f"[0-9a-f]{{{lengths[algorithm]}}}", digest)
        assert source.url.startswith(("https://", "http://"))
        if source.unpack:
            assert source.name.endswith((".zip", ".tar.gz", ".tgz", ".tar"))
        else:
            assert source.place in dataset.places
            assert any(fnmatch(source.name, pattern) for pattern in dataset.files)
