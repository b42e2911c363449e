"""What every command line of the project says of wrong arguments: one sentence, and status 2."""

import subprocess
import sys

import pytest

import hdl.__main__
import model.__main__
import sim.__main__
from model.command_line import run

APPS = {"model": model.__main__.app, "hdl": hdl.__main__.app, "sim": sim.__main__.app}


@pytest.fixture
def call(monkeypatch, capsys):
    """Call a command line; return its exit status and error output."""

    def call(name, *arguments):
        monkeypatch.setattr("sys.argv", [name, *arguments])
        with pytest.raises(SystemExit) as exit:
            run(APPS[name], f"python -m {name}")
        return exit.value.code, capsys.readouterr().err

    return call


@pytest.mark.parametrize("name", APPS)
def test_unknown_options_and_commands(call, name):
    assert call(name, "--bogus") == (2, "error: no such option: --bogus\n")
    assert call(name, "bogus") == (2, "error: no such command 'bogus'\n")


def test_options_of_commands(call):
    assert call("model", "receive", "--bogus") == (2, "error: no such option: --bogus\n")
    assert call("hdl", "generate", "--bogus") == (2, "error: no such option: --bogus\n")
    status, error = call("hdl", "generate", "--lanes", "many")
    assert (status, error.count("\n")) == (2, 1)
    assert "--lanes" in error


@pytest.mark.parametrize("name", APPS)
def test_help_is_no_error(call, name):
    assert call(name, "--help") == (0, "")


@pytest.mark.parametrize("command", ["generate", "registers"])
def test_files_that_cannot_be_written(call, tmp_path, command):
    (tmp_path / "file").touch()
    below = tmp_path / "file" / "out"
    folder = f"error: output must be a file, not the folder {tmp_path}\n"
    assert call("hdl", command, "-o", str(tmp_path)) == (2, folder)
    status, error = call("hdl", command, "-o", str(below))
    assert (status, error.count("\n")) == (2, 1)
    assert error.startswith(f"error: output {below} cannot be written: ")


def test_help_loads_nothing_heavy():
    """Help is there at once: NumPy and Numba would take a second."""
    code = """
import sys
from model.__main__ import app
commands = [command.name or command.callback.__name__ for command in app.registered_commands]
for arguments in ([], *([command] for command in commands)):
    app([*arguments, "--help"], standalone_mode=False)
    assert not {"numpy", "numba"} & set(sys.modules), arguments
print(len(commands), "commands")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1:] == ["10 commands"], done.stderr
